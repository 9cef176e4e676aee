"""What runs beside a spider: the guarded resolver and the signs of life."""

import asyncio
import logging
from typing import Protocol, cast

from scrapy import signals
from scrapy.crawler import Crawler

from crawlers.conduct import Conduct
from crawlers.frontier import Frontier
from crawlers.guard import guard_names
from domain.errors import StoreError

BEAT_EVERY = 10.0
"""Seconds between two signs of life; a run counts as dead after six of them were missed."""
log = logging.getLogger(__name__)


class Crawling(Protocol):
    """A spider of ours, as far as the extension knows it."""

    conduct: Conduct
    frontier: Frontier


class CrawlExtension:
    """Puts the run's policy into the resolver, and beats while the spider is open."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._beating: asyncio.Task[None] | None = None
        crawler.signals.connect(self._opened, signals.spider_opened)
        crawler.signals.connect(self._closed, signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "CrawlExtension":
        """Scrapy's way to build it."""
        return cls(crawler)

    def _opened(self) -> None:
        spider = cast("Crawling", self._crawler.spider)
        guard_names(spider.conduct.policy)
        self._beating = asyncio.get_running_loop().create_task(self._beat(spider.frontier))

    def _closed(self) -> None:
        if self._beating is not None:
            self._beating.cancel()

    async def _beat(self, frontier: Frontier) -> None:
        while True:
            await asyncio.sleep(BEAT_EVERY)
            try:
                frontier.beat()
            except StoreError as error:
                log.warning("no sign of life written: %s", type(error).__name__)
