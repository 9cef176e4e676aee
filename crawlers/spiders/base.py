"""What the search spiders share: one page at a time, each kept, read, stored, then the next.

A spider of ours never holds more than one request: the frontier is the queue, and what it holds
survives the process. The spider decides which page comes next; `crawlers.pages` reads; the ledger
says how it ended.
"""

import asyncio
import logging
from abc import abstractmethod
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from itertools import pairwise
from typing import Any, ClassVar, cast

import scrapy
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page as BrowserPage
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import (
    CannotResolveHostError,
    CloseSpider,
    DownloadCancelledError,
    DownloadTimeoutError,
    IgnoreRequest,
)
from scrapy.http import Response
from scrapy.utils.misc import load_object
from twisted.python.failure import Failure

from browser.find import FoundBrowser, find_browser
from browser.launch import CONTEXT_OPTIONS, guard_page
from crawlers.browsing import (
    NAVIGATION_TIMEOUT,
    PAGE_CLOCK,
    GuardedBrowserProvider,
    Replies,
    ReplyTooLarge,
    page_rules,
    scroll_down,
)
from crawlers.conduct import Conduct
from crawlers.frontier import Frontier, PageRequest, begin, new_run_id
from crawlers.guard import was_refused
from crawlers.law import LAW, PRIORITY
from crawlers.middlewares import SourcePaused
from crawlers.pipelines import BodyLost, Intake, Read, Taken, oldest
from crawlers.plan import Outcome, Plan, Series, Tally
from crawlers.services import Services
from crawlers.windows import Window, last_look, plan_windows
from domain.brand import Configuration, Source, Transport, Watch
from domain.coverage import CoverageRow, CoverageState
from domain.crawl import FrontierEntry, FrontierState
from domain.errors import (
    AddressRefused,
    BrowserMissing,
    ConfigurationError,
    LayoutChanged,
    RobotsRefused,
    StoreError,
    Text,
)
from domain.page import BlockKind, Page, PageState

Report = Callable[[Mapping[str, object]], None]
"""Is told about each page: run, pages, found, matched, new."""
_WALLS = {
    401: BlockKind.LOGIN_WALL,
    403: BlockKind.REFUSED,
    414: BlockKind.RATE_LIMITED,
    418: BlockKind.RATE_LIMITED,
    429: BlockKind.RATE_LIMITED,
    432: BlockKind.RATE_LIMITED,
}
PATIENCE = 15.0
"""Seconds to wait for a page's own call."""


class SearchSpider(scrapy.Spider):
    """Ask one source for all queries of one watch. Arguments: `watch` and `source` (their ids).

    Subclasses say which address a query has (`first_url`), which page follows (`next_step`), and
    for a browser which call of the page to listen to (`call`).
    """

    read: ClassVar[Read]
    call: ClassVar[str] = ""
    max_scrolls: ClassVar[int] = 0
    scroll_pause: ClassVar[float] = 2.5

    watch: Watch
    source: Source
    conduct: Conduct
    frontier: Frontier
    intake: Intake

    @classmethod
    def from_crawler(
        cls,
        crawler: Crawler,
        *args: Any,
        watch: str = "",
        source: str = "",
        services: Services | None = None,
        report: Report | None = None,
        **kwargs: Any,
    ) -> "SearchSpider":
        """Build the spider and begin its run: `services` from the caller, else as configured."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        spider.opened = ExitStack()
        if services is None:
            configured = load_object(crawler.settings["KOUBEI_SERVICES"])
            services = cast("Services", spider.opened.enter_context(configured()))
        try:
            spider.prepare(services, watch, source, report)
        except BaseException:
            spider.opened.close()
            raise
        return spider

    opened: ExitStack
    report: Report | None = None
    ended: tuple[Outcome, int | None] | None = None
    abandoned: str = ""

    def prepare(self, services: Services, watch: str, source: str, report: Report | None) -> None:
        """Find watch and source, set how to behave, begin or take over the run."""
        self.watch, self.source = find_pair(services, self.name, watch, source)
        self.report = report
        self.conduct = Conduct.towards(self.source, services.settings, services.clock)
        self._behave(services)
        _ = services.ingest  # whatever is wrong with it is said before a run begins
        self.frontier = begin(
            services.begin_work,
            services.archive,
            services.clock,
            watch=self.watch,
            source=self.source,
            run_id=new_run_id(services.clock.now()),
            make_plan=self.make_plan,
        )
        self.intake = Intake(services, self.frontier, self.watch, type(self).read)
        self.queue: deque[FrontierEntry] = deque()
        self.total = Tally()
        self._tell("started")

    def _behave(self, services: Services) -> None:
        """Turn the conduct into Scrapy settings of this run; note a missing browser."""
        pace = self.conduct.pace.total_seconds()
        values: dict[str, object] = {
            "USER_AGENT": self.conduct.user_agent,
            "DOWNLOAD_DELAY": pace,
            "AUTOTHROTTLE_START_DELAY": pace,
        }
        if self.source.transport is Transport.BROWSER:
            wanted = services.settings.browser
            try:
                found = _browser(enabled=wanted.enabled, path=wanted.path)
                values |= browser_settings(found, self.conduct)
            except BrowserMissing:
                self.ended = (Outcome(CoverageState.FAILED, "browser_missing"), None)
        self.crawler.settings.setdict({**LAW, **values}, priority=PRIORITY)

    # ---- which pages -------------------------------------------------------------------------

    def make_plan(self, rows: Sequence[CoverageRow], now: datetime) -> Plan:
        """Return what to ask, from the ledger's entries of this watch and source."""
        windows = self.windows(plan_windows(rows, now=now, backfill=self.watch.backfill))
        return Plan(windows, self.make_series(windows), known_before=last_look(rows))

    def windows(self, planned: tuple[Window, ...]) -> tuple[Window, ...]:
        """Return the windows as this platform can be asked for them; as they are by default."""
        return planned

    def make_series(self, windows: tuple[Window, ...]) -> tuple[Series, ...]:
        """Return the chains of pages: a query covers all windows where the platform's search
        takes no range of time.
        """
        everything = tuple(range(len(windows)))
        return tuple(
            Series(query, everything, self.first_url(query)) for query in self.watch.queries
        )

    @abstractmethod
    def first_url(self, query: str) -> str:
        """Return the address of a query's first page."""

    @abstractmethod
    def next_step(self, request: PageRequest, taken: Taken, tally: Tally) -> PageRequest | Outcome:
        """Return the next page of a series, or how the series ended. `tally` includes `taken`."""

    # ---- one page at a time ------------------------------------------------------------------

    async def start(self) -> AsyncIterator[Request]:
        """Begin with what a run before this one left behind."""
        if self.ended is None:
            self.queue.extend(self.frontier.to_do())
        for request in self.proceed():
            yield request

    def proceed(self) -> Iterator[Request]:
        """Read what lies in the archive, up to the next page that has to be asked for."""
        while self.queue and self.ended is None:
            entry = self.queue.popleft()
            if entry.state is FrontierState.WAITING:
                yield self.ask(entry)
                return
            self.digest(entry)

    def ask(self, entry: FrontierEntry) -> Request:
        """Return the request for an entry."""
        request = Request(
            self.frontier.request_of(entry).url,
            callback=self.parse,
            errback=self.failed,
            cb_kwargs={"entry": entry},
            dont_filter=True,
        )
        if self.source.transport is Transport.BROWSER:
            self._in_browser(request)
        return request

    async def parse(self, response: Response, entry: FrontierEntry) -> AsyncIterator[Request]:
        """Keep, read and store a page, and go on."""
        page = response.meta.get("playwright_page")
        if isinstance(page, BrowserPage):
            await self._search_in(page, response, entry)
        else:
            self._arrived(entry, response.body, response.url, response.status)
        for request in self.proceed():
            yield request
        if self.ended is not None:
            raise CloseSpider("stopped")

    def _arrived(self, entry: FrontierEntry, body: bytes, url: str, status: int) -> None:
        try:
            self.digest(self.frontier.fetched(entry, body, url=url, status=status))
        except StoreError as error:
            self._abandon(error)

    def digest(self, entry: FrontierEntry) -> None:
        """Read and store a fetched page and push what follows; a wall or an unreadable page ends
        the run.
        """
        request = self.frontier.request_of(entry)
        try:
            taken = self._take(entry, request)
        except BodyLost:
            self.queue.appendleft(self.frontier.ask_again(entry))
            return
        except StoreError as error:
            self._abandon(error)
            return
        if taken is None:
            return
        tally = request.tally.plus(taken.tally)
        following = self.frontier.advance(
            entry, None if request.captured else self.next_step(request, taken, tally)
        )
        if following is not None:
            self.queue.appendleft(following)

    def _take(self, entry: FrontierEntry, request: PageRequest) -> Taken | None:
        """Read and store; None when the page ended the run."""
        try:
            page = self.intake.read(entry)
        except LayoutChanged as error:
            layout = _failed(f"layout_changed:{error.field}")
            self.halt(wall_of(None, entry.status) or layout, request)
            return None
        end = wall_of(page, entry.status)
        if end is not None:
            self.halt(end, request)
            return None
        taken = self.intake.take(entry, page)
        self.total = self.total.plus(taken.tally)
        self._tell("page")
        return taken

    # ---- how it ends -------------------------------------------------------------------------

    def halt(self, end: Outcome, request: PageRequest) -> None:
        """End the run here: nothing more is asked of the source."""
        tally = request.tally.plus(end.tally)
        self.ended = (Outcome(end.state, end.reason, tally, end.complete_since), request.series)
        self.queue.clear()

    async def failed(self, failure: Failure) -> None:
        """A page could not be fetched: say why, and end the run."""
        request: Request = failure.request  # type: ignore[attr-defined]  # set by Scrapy
        page = request.meta.get("playwright_page")
        if isinstance(page, BrowserPage):
            await page.context.close()
        entry: FrontierEntry = request.cb_kwargs["entry"]
        end = outcome_of(failure.value, refused=was_refused(request.url))
        self.halt(end, self.frontier.request_of(entry))
        raise CloseSpider("stopped")

    def closed(self, reason: str) -> None:
        """Write the ledger. A run that was interrupted, or could not reach the store, stays open
        for the next one; one that failed on an error of ours does not, or it would fail for ever.
        """
        try:
            if self.abandoned:
                run = self.frontier.abandon(self.abandoned)
            elif self.ended is not None:
                run = self.frontier.close(self.ended[0], series=self.ended[1])
            elif reason == "finished":
                run = self.frontier.close(None)
            else:
                run = self.frontier.abandon("interrupted")
            self._tell("ended", state=run.state.value if run.state else "", reason=run.reason)
        finally:
            self.opened.close()

    def _abandon(self, error: StoreError) -> None:
        """The store is away: what was fetched stays in the frontier for the next run."""
        self.logger.error("the store did not take a page: %s", type(error).__name__)
        self.abandoned = "store_unavailable"
        self.ended = (_failed(self.abandoned), None)
        self.queue.clear()

    def _tell(self, event: str, **more: object) -> None:
        if self.report is not None:
            figures = {
                "pages": self.total.pages,
                "found": self.total.found,
                "matched": self.total.matched,
                "new": self.total.new,
            }
            run = self.frontier.run
            resumed = run.lineage != run.id
            self.report({"event": event, "run": run.id, "resumed": resumed, **figures, **more})

    # ---- in a browser ------------------------------------------------------------------------

    def _in_browser(self, request: Request) -> None:
        rules = page_rules(self.conduct)
        replies = Replies(self.call)

        async def before(page: BrowserPage, _: Request) -> None:
            await guard_page(page, rules)
            if self.call:
                replies.listen(page)

        request.meta.update(
            playwright=True,
            playwright_context=f"search-{self.frontier.request_of(request.cb_kwargs['entry']).series}",
            playwright_context_kwargs={**CONTEXT_OPTIONS, "user_agent": self.conduct.user_agent},
            playwright_include_page=True,
            playwright_page_init_callback=before,
            replies=replies,
        )

    async def _search_in(self, page: BrowserPage, response: Response, entry: FrontierEntry) -> None:
        request = self.frontier.request_of(entry)
        try:
            async with asyncio.timeout(PAGE_CLOCK):
                if self.call:
                    await self._listen(page, response, entry)
                else:
                    self._arrived(entry, *self._landed(response))
        except ReplyTooLarge:
            self.halt(_failed("body_too_large"), request)
        except (TimeoutError, PlaywrightError):
            self.halt(_failed("timeout"), request)
        except StoreError as error:
            self._abandon(error)
        finally:
            await page.context.close()

    def _landed(self, response: Response) -> tuple[bytes, str, int]:
        """Return body, address and status of where a browser page ended up. At an address that it
        may not be at (a redirect led there), an empty 302 as `GuardMiddleware` answers.
        """
        try:
            self.conduct.policy.check_url(response.url)
        except AddressRefused:
            return b"", response.url, 302
        return response.body, response.url, response.status

    async def _listen(self, page: BrowserPage, response: Response, entry: FrontierEntry) -> None:
        """Read the replies to the page's own call while scrolling, then end the series."""
        request = self.frontier.request_of(entry)
        body, url, status = self._landed(response)
        wall = self._wall_in(body, url, status)
        if wall is not None:
            self.halt(wall, request)
            return
        replies: Replies = response.meta["replies"]
        seen: list[Taken] = []
        outcome: Outcome | None = None
        while outcome is None:
            reply = await replies.next(PATIENCE)
            if reply is None:
                outcome = await self._silent(page, request, seen)
                break
            taken = self._captured(request, len(seen) + 1, reply)
            if taken is None:
                return
            seen.append(taken)
            outcome = self._after_reply(seen, request.series)
            if outcome is None:
                if self.conduct.pace:
                    await asyncio.sleep(self.scroll_pause)
                await scroll_down(page)
        if self.ended is None and outcome is not None:
            self.frontier.advance(entry, outcome)

    def _captured(
        self, request: PageRequest, number: int, reply: tuple[bytes, str, int]
    ) -> Taken | None:
        body, url, status = reply
        captured = PageRequest(request.series, url, page=number, captured=True)
        kept = self.frontier.captured(captured, body, url=url, status=status)
        taken = self._take(kept, captured)
        if taken is not None:
            self.frontier.advance(kept, None)
        return taken

    def _after_reply(self, seen: list[Taken], series: int) -> Outcome | None:
        """Return how the search ended, None when there is more to scroll for."""
        last = seen[-1]
        if last.page.next is None:
            return Outcome.seen(total(seen))
        if is_by_time(seen):
            since = oldest(last.page.mentions)
            start, _ = self.frontier.plan.span(series)
            known = last.all_known and not self.frontier.plan.has_history(series)
            if known or (since is not None and since < start):
                return Outcome.seen(total(seen))
        return self._ceiling(seen, series) if len(seen) > self.max_scrolls else None

    def _ceiling(self, seen: list[Taken], series: int) -> Outcome:
        """There is more than we scroll for. Where what came was in order of time, everything since
        the oldest of it was seen; a ranked list says nothing of the kind.
        """
        tally = total(seen)
        since = tally.oldest if is_by_time(seen) else self.frontier.plan.span(series)[1]
        return Outcome(CoverageState.PARTIAL, "result_ceiling", tally, complete_since=since)

    async def _silent(
        self, page: BrowserPage, request: PageRequest, seen: list[Taken]
    ) -> Outcome | None:
        """The page made no (further) call: what does it show instead?"""
        if seen:
            return self._ceiling(seen, request.series)
        wall = self._wall_in((await page.content()).encode(), page.url, 200)
        self.halt(wall or _failed("timeout"), request)
        return None

    def _wall_in(self, body: bytes, url: str, status: int) -> Outcome | None:
        """Return the wall that a browser page shows; what else it shows does not matter here."""
        now = self.frontier.run.started_at
        try:
            page = type(self).read(body, url=url, status=status, fetched_at=now)
        except LayoutChanged:
            page = None
        if page is not None and page.state is not PageState.BLOCKED:
            page = None
        return wall_of(page, status)


def find_pair(services: Services, spider: str, watch: str, source: str) -> tuple[Watch, Source]:
    """Return the watch and the source with these ids; ConfigurationError names those there are."""
    configuration = _configuration(services)
    found_watch, found_source = configuration.watch(watch), configuration.source(source)
    if found_watch is None:
        known = "、".join(w.id for w in configuration.watches) or "—"
        raise ConfigurationError(
            Text(f"没有监测方案 {watch!r}", f"there is no watch {watch!r}"),
            place="watch",
            mend=Text(f"已有：{known}", f"there are: {known}"),
        )
    if found_source is None or found_source.spider != spider:
        known = "、".join(s.id for s in configuration.sources if s.spider == spider) or "—"
        raise ConfigurationError(
            Text(f"爬虫 {spider} 没有来源 {source!r}", f"spider {spider} has no source {source!r}"),
            place="source",
            mend=Text(f"已有：{known}", f"there are: {known}"),
        )
    return found_watch, found_source


def find_source(services: Services, source: str) -> Source:
    """Return the source with this id; ConfigurationError names those there are."""
    configuration = _configuration(services)
    found = configuration.source(source)
    if found is None:
        known = "、".join(s.id for s in configuration.sources) or "—"
        raise ConfigurationError(
            Text(f"没有来源 {source!r}", f"there is no source {source!r}"),
            place="source",
            mend=Text(f"已有：{known}", f"there are: {known}"),
        )
    return found


def _configuration(services: Services) -> Configuration:
    with services.begin_work() as work:
        return work.configuration.current()[1]


def browser_settings(found: FoundBrowser, conduct: Conduct) -> dict[str, object]:
    """Return the Scrapy settings of a run in a browser."""
    handler = "scrapy_playwright.handler.ScrapyPlaywrightDownloadHandler"
    return {
        "DOWNLOAD_HANDLERS": {
            "http": handler,
            "https": handler,
            "data": None,
            "file": None,
            "ftp": None,
            "s3": None,
        },
        "PLAYWRIGHT_BROWSER_PROVIDER": partial(
            GuardedBrowserProvider, found=found, conduct=conduct
        ),
        "PLAYWRIGHT_DEFAULT_NAVIGATION_TIMEOUT": NAVIGATION_TIMEOUT,
        "PLAYWRIGHT_MAX_CONTEXTS": 1,
        "PLAYWRIGHT_RESTART_DISCONNECTED_BROWSER": False,
        "PLAYWRIGHT_PROCESS_REQUEST_HEADERS": None,
    }


def wall_of(page: Page | None, status: int) -> Outcome | None:
    """Return how a run ends at this page; None when the page can be stored.

    `page` None: the reader did not know it. A wall that the reader names comes first, then what
    the status says by itself.
    """
    if page is not None and page.state is PageState.BLOCKED:
        return Outcome(CoverageState.BLOCKED, page.reason)
    if status in _WALLS:
        return Outcome(CoverageState.BLOCKED, _WALLS[status].value)
    if 300 <= status < 400:
        return _failed("address_refused")
    if status >= 400:
        return _failed(f"http_{status}")
    if page is not None and page.state not in {PageState.OK, PageState.EMPTY}:
        return _failed(page.state.value)
    return None


def outcome_of(error: BaseException | None, *, refused: bool = False) -> Outcome:
    """Return how a run ends when a page could not be fetched at all. `refused`: the resolver said
    no to its host.
    """
    if isinstance(error, SourcePaused):
        return Outcome(CoverageState.BLOCKED, BlockKind.RATE_LIMITED.value)
    return _failed("address_refused" if refused else _reason(error))


def total(taken: Sequence[Taken]) -> Tally:
    """Return the figures of several pages together."""
    tally = Tally()
    for one in taken:
        tally = tally.plus(one.tally)
    return tally


def is_by_time(taken: Sequence[Taken]) -> bool:
    """Whether the mentions of several pages came newest first, each with its time."""
    times = [m.published_at for t in taken for m in t.page.mentions if not m.embedded]
    known = [time for time in times if time is not None]
    ordered = all(newer >= older for newer, older in pairwise(known))
    return bool(known) and len(known) == len(times) and ordered


def _reason(error: BaseException | None) -> str:
    if isinstance(error, RobotsRefused):
        return "robots"
    if isinstance(error, AddressRefused):
        return "address_refused"
    if isinstance(error, CannotResolveHostError):
        return "no_such_host"
    if isinstance(error, DownloadTimeoutError):
        return "timeout"
    if isinstance(error, DownloadCancelledError):
        return "body_too_large"
    if isinstance(error, IgnoreRequest):
        return "too_many_redirects" if "redirect" in str(error) else "body_too_large"
    if isinstance(error, PlaywrightError):
        return _browser_reason(error.message)
    return "no_connection"


def _browser_reason(message: str) -> str:
    if "ERR_TUNNEL_CONNECTION_FAILED" in message or "ERR_BLOCKED_BY_CLIENT" in message:
        return "address_refused"
    if "ERR_TOO_MANY_REDIRECTS" in message:
        return "too_many_redirects"
    if "ERR_HTTP_RESPONSE_CODE_FAILURE" in message:
        return "http_error"
    if "Timeout" in message or "ERR_TIMED_OUT" in message:
        return "timeout"
    return "no_connection"


def _browser(*, enabled: bool, path: object) -> FoundBrowser:
    if not enabled:
        raise BrowserMissing(
            Text("浏览器已在设置中关闭", "the browser is switched off in the settings"),
            mend=Text("设 browser.enabled = true", "set browser.enabled = true"),
        )
    return find_browser(str(path) if path else None)


def _failed(reason: str) -> Outcome:
    return Outcome(CoverageState.FAILED, reason)


logging.getLogger("scrapy-playwright").setLevel(logging.WARNING)
