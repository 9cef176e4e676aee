"""The HTTP side of the service: health, readiness, metrics, the status pages."""
