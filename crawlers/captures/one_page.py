"""Ask for exactly one page, as a crawl of its source would: guard, robots.txt, pace, login.

Plain HTTP only: a page that must compute its own calls is saved from a browser and given as a file.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import scrapy
from scrapy import Request, signals
from scrapy.crawler import Crawler, CrawlerProcess
from scrapy.http import Response
from scrapy.settings import Settings as ScrapySettings
from twisted.python.failure import Failure

from crawlers.conduct import Conduct
from crawlers.endings import outcome_of
from crawlers.gate import signed_for
from crawlers.guard import guard_names, was_refused
from crawlers.law import LAW, PRIORITY
from crawlers.services import Services
from crawlers.sessions import RunSession
from domain.brand import Source
from domain.errors import CrawlError
from presentation.wording import reason


@dataclass
class Fetched:
    """What came: a body with its final address and status, or the code of why it did not."""

    body: bytes = b""
    url: str = ""
    status: int = 0
    fetched_at: datetime | None = None
    failed: str = ""


class NameGuard:
    """Puts the policy of the source into the resolver, as `crawlers.extension` does for crawls."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        crawler.signals.connect(self._opened, signals.spider_opened)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "NameGuard":
        """Scrapy's way to build it."""
        return cls(crawler)

    def _opened(self) -> None:
        guard_names(cast("OnePage", self._crawler.spider).conduct.policy)


class OnePage(scrapy.Spider):
    """Asks for one address and keeps the answer."""

    name = "one_page"
    conduct: Conduct
    session: RunSession
    answer: Fetched
    address: str

    @classmethod
    def from_crawler(
        cls,
        crawler: Crawler,
        *args: Any,
        conduct: Conduct,
        session: RunSession,
        address: str,
        answer: Fetched,
    ) -> "OnePage":
        """Build the spider and set how it behaves."""
        spider = super().from_crawler(crawler, *args)
        spider.conduct, spider.session = conduct, session
        spider.address, spider.answer = address, answer
        pace = conduct.pace.total_seconds()
        mine: dict[str, object] = {
            "USER_AGENT": conduct.user_agent,
            "DOWNLOAD_DELAY": pace,
            "AUTOTHROTTLE_START_DELAY": pace,
            # no frontier and no ledger here; what guards the names of hosts stays
            "EXTENSIONS": {f"{NameGuard.__module__}.{NameGuard.__name__}": 0},
        }
        crawler.settings.setdict({**LAW, **mine}, priority=PRIORITY)
        return spider

    async def start(self) -> AsyncIterator[Request]:
        """Ask once."""
        yield Request(self.address, callback=self.keep, errback=self.note, dont_filter=True)

    def keep(self, response: Response) -> None:
        """Keep what came."""
        self.answer.body, self.answer.url = response.body, response.url
        self.answer.status, self.answer.fetched_at = response.status, self.conduct.clock.now()

    def note(self, failure: Failure) -> None:
        """Note why nothing came."""
        refused = was_refused(self.address)
        self.answer.failed = outcome_of(failure.value, refused=refused).reason


def fetch_one(services: Services, source: Source, address: str) -> Fetched:
    """Return the page at an address of a source; CrawlError says why there is none. A process can
    do that once (Scrapy's reactor does not start again).
    """
    settings = ScrapySettings()
    settings.setmodule("crawlers.settings", priority="project")
    quiet = {"LOG_ENABLED": False, "LOG_INSTALL_ROOT_HANDLER": False}
    settings.setdict(quiet, priority="cmdline")
    answer = Fetched()
    process = CrawlerProcess(settings)
    conduct = Conduct.towards(
        source, services.settings, services.clock, signed_for(source, services)
    )
    # lent, and not given back: what a single page says of a login ends nothing
    session = RunSession.begin(services, source)
    process.crawl(OnePage, conduct=conduct, session=session, address=address, answer=answer)
    process.start()
    if answer.fetched_at is None:
        told = reason(answer.failed or "no_connection", source.platform)
        raise CrawlError(told.text, place=address.partition("?")[0], mend=told.mend)
    return answer
