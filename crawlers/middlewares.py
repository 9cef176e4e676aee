"""Downloader middlewares: the network guard, robots.txt, and the pace of requests.

They stand in the way of every request of Scrapy, redirects and robots.txt itself included.
"""

import asyncio
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Protocol, cast

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK

from crawlers.conduct import Conduct
from crawlers.gate import Verdict
from crawlers.robots import MAX_BYTES, RobotsAnswer, robots_url
from crawlers.sessions import RunSession
from domain.assessment import Lapse
from domain.errors import AddressRefused, CrawlError, Text

LONGEST_WAIT = 120.0
"""Seconds that a run waits for its turn; a host that wants more is asked by a later run."""
_FOR_ROBOTS = "for_robots"
_NO_ANSWER = (
    AddressRefused,
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
    OSError,
)


class Behaved(Protocol):
    """A spider of ours, as far as the middlewares know it."""

    conduct: Conduct
    session: RunSession


class SourcePaused(CrawlError):
    """The host asked for a longer pause than a run waits (Retry-After)."""


def conduct_of(crawler: Crawler) -> Conduct:
    """Return the conduct of the run."""
    return cast("Behaved", crawler.spider).conduct


class GuardMiddleware:
    """Lets through only addresses that the source's policy allows."""

    def __init__(self, conduct: Conduct) -> None:
        self._policy = conduct.policy

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "GuardMiddleware":
        """Scrapy's way to build it."""
        return cls(conduct_of(crawler))

    def process_request(self, request: Request) -> Response | None:
        """Raise AddressRefused, or, where a redirect leads astray, answer in the place of the
        host: an empty 302 whose address tells the page reader what kind of wall that was.
        """
        try:
            self._policy.check_url(request.url)
        except AddressRefused:
            if not request.meta.get("redirect_times"):
                raise
            return Response(request.url, status=302, request=request)
        return None


class RobotsMiddleware:
    """Asks a host for its robots.txt before anything else, and obeys (see `crawlers.gate`)."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._conduct = conduct_of(crawler)
        self._asked: set[str] = set()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "RobotsMiddleware":
        """Scrapy's way to build it."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Raise RobotsRefused when the host does not want the address to be asked."""
        if request.meta.get(_FOR_ROBOTS):
            return
        known = self._conduct.known_robots(request.url)
        verdict = self._conduct.judge(request.url, known or await self._fresh(request.url))
        if known is not None and self._is_outdated(request.url, verdict):
            verdict = self._conduct.judge(request.url, await self._fresh(request.url))
        if verdict.refusal is not None:
            raise verdict.refusal

    def _is_outdated(self, url: str, verdict: Verdict) -> bool:
        """Whether somebody may have signed for a newer robots.txt than the one that is kept here,
        read on another machine; asked once a run.
        """
        changed = verdict.refusal is not None and verdict.refusal.lapse == Lapse.ROBOTS_CHANGED
        return changed and robots_url(url) not in self._asked

    async def _fresh(self, url: str) -> RobotsAnswer:
        answer = await self._ask(url)
        self._asked.add(robots_url(url))
        self._conduct.keep_robots(url, answer)
        return answer

    async def _ask(self, url: str) -> RobotsAnswer:
        request = robots_request(url, callback=NO_CALLBACK)
        try:
            response = await self._crawler.engine.download_async(request)
        except _NO_ANSWER:
            return RobotsAnswer(0)
        return answer_in(response)


def robots_request(url: str, **how: Any) -> Request:
    """Return the request for the robots.txt of the host of an address; `how` goes to Request."""
    return Request(
        robots_url(url),
        meta={
            _FOR_ROBOTS: True,
            "download_maxsize": MAX_BYTES,
            "dont_retry": True,
            "autothrottle_dont_adjust_delay": True,
        },
        **how,
    )


def answer_in(response: Response) -> RobotsAnswer:
    """Return what a host answered."""
    return RobotsAnswer(response.status, response.body.decode("utf-8", "replace"))


class SessionMiddleware:
    """Sends the operator's login along where it belongs, and takes what the platform renews of it.

    Each request is judged by its own address, one after a redirect anew. A browser's request has
    its login in the browser.
    """

    def __init__(self, session: RunSession) -> None:
        self._session = session

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "SessionMiddleware":
        """Scrapy's way to build it."""
        return cls(cast("Behaved", crawler.spider).session)

    def process_request(self, request: Request) -> None:
        """Set the Cookie header, or take away the one that a redirect copied."""
        request.headers.pop("Cookie", None)
        if _is_plain(request) and (header := self._session.header(request.url)):
            request.headers["Cookie"] = header

    def process_response(self, request: Request, response: Response) -> Response:
        """Note the cookies that the answer sets."""
        if _is_plain(request):
            self._session.answered(request.url, response.headers.getlist("Set-Cookie"))
        return response


def _is_plain(request: Request) -> bool:
    """Whether it asks for a page, and not in a browser."""
    return not (request.meta.get(_FOR_ROBOTS) or request.meta.get("playwright"))


class PaceMiddleware:
    """Waits for the run's turn at a host, across processes, and closes it on Retry-After."""

    def __init__(self, conduct: Conduct) -> None:
        self._conduct = conduct

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "PaceMiddleware":
        """Scrapy's way to build it."""
        return cls(conduct_of(crawler))

    async def process_request(self, request: Request) -> None:
        """Return when it is the run's turn; SourcePaused when that would take too long."""
        wait = self._conduct.turnstile(request.url).take(LONGEST_WAIT)
        if wait is None:
            raise SourcePaused(
                Text("平台要求稍后再试", "the host asked for a pause"),
                place="Retry-After",
                mend=Text("到时会自动再采集", "a later run asks again by itself"),
            )
        if wait > 0:
            await asyncio.sleep(wait)

    def process_response(self, request: Request, response: Response) -> Response:
        """Note a Retry-After of a host that is overloaded or wants to be left alone."""
        header = response.headers.get("Retry-After")
        if response.status in {429, 503} and header:
            seconds = retry_after(header.decode("latin-1"), now=self._conduct.clock.now())
            if seconds is not None:
                self._conduct.turnstile(request.url).close_for(seconds)
        return response


def retry_after(value: str, *, now: datetime) -> float | None:
    """Return the seconds that a Retry-After header asks for (RFC 9110 §10.2.3), None when it
    cannot be read.
    """
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max((moment - now).total_seconds(), 0.0)
