"""Reads the robots.txt of a source, because a person wants to see it: one request, through the same
guard and pace as any other, fresh whatever is kept.
"""

from collections.abc import AsyncIterator
from typing import Any

import scrapy
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response
from twisted.python.failure import Failure

from crawlers.conduct import Conduct
from crawlers.gate import signed_for
from crawlers.law import LAW, PRIORITY
from crawlers.middlewares import answer_in, robots_request
from crawlers.robots import RobotsAnswer, robots_url
from crawlers.run import Report
from crawlers.services import Services
from crawlers.sessions import RunSession
from domain.brand import Source
from domain.surfaces import reading_of


class _NoFrontier:
    def beat(self) -> None:
        """Nothing to keep alive."""


class RobotsReader(scrapy.Spider):
    """One request; the report gets an event `robots`. It is none of the spiders of a source."""

    name = "robots_reader"

    source: Source
    conduct: Conduct
    session: RunSession
    report: Report
    answer: RobotsAnswer
    frontier: _NoFrontier

    @classmethod
    def from_crawler(
        cls, crawler: Crawler, *args: Any, services: Services, source: Source, report: Report
    ) -> "RobotsReader":
        """Build it and set how it behaves."""
        spider = super().from_crawler(crawler, *args)
        spider.source, spider.report = source, report
        spider.conduct = Conduct.towards(
            source, services.settings, services.clock, signed_for(source, services)
        )
        spider.session = RunSession.of_a_visitor(services, source)
        spider.answer = RobotsAnswer(0)
        spider.frontier = _NoFrontier()
        pace = spider.conduct.pace.total_seconds()
        values = {"USER_AGENT": spider.conduct.user_agent, "DOWNLOAD_DELAY": pace}
        crawler.settings.setdict({**LAW, **values}, priority=PRIORITY)
        return spider

    async def start(self) -> AsyncIterator[Request]:
        """Ask for it."""
        yield robots_request(
            self.source.base_url, callback=self.arrived, errback=self.silent, dont_filter=True
        )

    def arrived(self, response: Response) -> None:
        """Keep the answer for the runs of today."""
        self.answer = answer_in(response)
        self.conduct.keep_robots(self.source.base_url, self.answer)

    def silent(self, failure: Failure) -> None:
        """No answer is an answer too: status 0."""

    def closed(self, reason: str) -> None:
        """Tell what was read, and which of the source's pages it forbids."""
        base = self.source.base_url.rstrip("/")
        surfaces = reading_of(self.source.spider).surfaces
        self.report(
            {
                "event": "robots",
                "url": robots_url(self.source.base_url),
                "status": self.answer.status,
                "text": self.answer.body,
                "read_at": self.conduct.clock.now().isoformat(),
                "disallowed": [
                    surface.example
                    for surface in surfaces
                    if not self.answer.allows(base + surface.example)
                ],
            }
        )
