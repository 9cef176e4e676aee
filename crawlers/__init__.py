"""The Scrapy project: spiders ask, page modules read."""
