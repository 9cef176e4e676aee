"""The mention store on an Elasticsearch cluster."""
