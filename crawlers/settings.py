"""Settings of the Scrapy project. Where Scrapy's defaults trust the network or the site, ours do
not; a test asserts each of them.

What depends on the source (pace, user agent, browser) is set by `spiders.base` for each run.
"""

BOT_NAME = "koubei"
USER_AGENT = "Koubei/0.1"
SPIDER_MODULES = ["crawlers.spiders"]

KOUBEI_SERVICES = "crawlers.worker.configured_services"
"""What opens the stores for `scrapy crawl`; a worker and tests pass open services instead."""

# One page at a time, slowly. The spider hands over one request and waits for its page.
CONCURRENT_REQUESTS = 1
CONCURRENT_REQUESTS_PER_DOMAIN = 1
CONCURRENT_ITEMS = 10
DOWNLOAD_DELAY = 5
DOWNLOAD_DELAY_JITTER = 0
AUTOTHROTTLE_ENABLED = True
AUTOTHROTTLE_START_DELAY = 5
AUTOTHROTTLE_MAX_DELAY = 120
AUTOTHROTTLE_TARGET_CONCURRENCY = 1.0

# Bounds on what a site can make us do.
DOWNLOAD_TIMEOUT = 30
DOWNLOAD_MAXSIZE = 8 * 1024 * 1024
DOWNLOAD_WARNSIZE = 0
REDIRECT_MAX_TIMES = 5
METAREFRESH_ENABLED = False
HTTPERROR_ALLOW_ALL = True  # a page reader tells walls from errors
RETRY_TIMES = 2
# 429 is a wall, not a hiccup. Retry-After is honoured by `middlewares.PaceMiddleware`.
RETRY_HTTP_CODES = [500, 502, 503, 504, 522, 524, 408]
RETRY_GIVE_UP_LOG_LEVEL = "INFO"
DNS_TIMEOUT = 15

# Who we talk to.
DOWNLOAD_VERIFY_CERTIFICATES = True
TWISTED_DNS_RESOLVER = "crawlers.guard.GuardedResolver"
DNSCACHE_ENABLED = False
DOWNLOAD_HANDLERS = {"data": None, "file": None, "ftp": None, "s3": None}
HTTPPROXY_ENABLED = False  # a proxy from the environment would resolve names behind the guard
COOKIES_ENABLED = False
REFERRER_POLICY = "no-referrer"
HTTPCACHE_ENABLED = False

# Our own robots.txt middleware takes the place of Scrapy's, which allows everything on an error.
ROBOTSTXT_OBEY = False
DOWNLOADER_MIDDLEWARES = {
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
    "crawlers.middlewares.GuardMiddleware": 50,
    "crawlers.middlewares.RobotsMiddleware": 100,
    # what is sent of the operator's login; Scrapy's own cookies stay off
    "crawlers.middlewares.SessionMiddleware": 980,
    "crawlers.middlewares.PaceMiddleware": 990,
}
EXTENSIONS = {
    "scrapy.extensions.telnet.TelnetConsole": None,
    "scrapy.extensions.remote_control.RemoteControl": None,
    "crawlers.extension.CrawlExtension": 0,
}

# Nothing listens, nothing is resumed from Scrapy's own files.
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False
JOBDIR = None

TWISTED_REACTOR = "twisted.internet.asyncioreactor.AsyncioSelectorReactor"
FEED_EXPORT_ENCODING = "utf-8"
LOG_LEVEL = "INFO"
