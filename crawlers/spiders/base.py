"""What the spiders share: Scrapy's side of a run, one page at a time.

A spider of ours never holds more than one request: the frontier is the queue, and what it holds
survives the process. The spider decides which page comes next; `crawlers.run` keeps, stores and
ends; `crawlers.pages` reads.
"""

from abc import abstractmethod
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from typing import Any, ClassVar, cast
from zoneinfo import ZoneInfo

import scrapy
from playwright.async_api import Page as BrowserPage
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import CloseSpider
from scrapy.http import Response
from scrapy.utils.misc import load_object
from twisted.python.failure import Failure

from crawlers.browser_search import BrowserSearch, Reach
from crawlers.browsing import browser_settings, wanted_browser
from crawlers.conduct import Conduct
from crawlers.endings import ANSWERS, failed, outcome_of
from crawlers.frontier import Frontier, PageRequest, begin, fresh_plan, new_run_id
from crawlers.gate import signed_for
from crawlers.guard import was_refused
from crawlers.law import LAW, PRIORITY
from crawlers.pages.detect import read_page
from crawlers.pairs import adds_depth, find_pair
from crawlers.pipelines import Intake, Read, Taken
from crawlers.plan import Outcome, Plan, Series, Tally
from crawlers.ranges import look_back_or_refuse, read_past
from crawlers.run import Report, SearchRun, Step
from crawlers.services import Services
from crawlers.sessions import RunSession
from crawlers.trial import Trying, only_this_page
from crawlers.windows import Window, last_look, plan_windows
from domain.brand import Source, Transport, Watch
from domain.coverage import CoverageRow, Interval
from domain.crawl import CrawlRun, FrontierEntry
from domain.errors import BrowserMissing
from domain.page import PageState
from domain.spiders import SPIDERS, SpiderRole


class WatchSpider(scrapy.Spider):
    """Ask one source for one watch. Arguments: `watch` and `source` (their ids), and `from` and
    `to` for a range of the past (`crawlers.ranges`).

    Subclasses say what is asked (`make_series`), which page follows (`next_step`), and for a
    browser which call of the page to listen to (`call`; "": the page itself is read).
    """

    call: ClassVar[str] = ""
    max_scrolls: ClassVar[int] = 0
    page_begins: ClassVar[bool] = False
    gone_ends_run: ClassVar[bool] = True
    answers: ClassVar[Collection[PageState]] = ANSWERS

    watch: Watch
    source: Source
    past: Interval | None = None
    skipped: int = 0
    is_supplement: bool
    conduct: Conduct
    frontier: Frontier
    intake: Intake
    search_run: SearchRun
    session: RunSession
    in_browser: BrowserSearch | None = None
    opened: ExitStack
    trial: bool = False
    trying: Trying | None = None
    report_trial: Report | None = None

    @classmethod
    def from_crawler(
        cls,
        crawler: Crawler,
        *args: Any,
        watch: str = "",
        source: str = "",
        services: Services | None = None,
        report: Report | None = None,
        trial: bool = False,
        **kwargs: Any,
    ) -> "WatchSpider":
        """Build the spider and begin its run: `services` from the caller, else as configured.

        `trial`: one page is asked for and told of, and nothing is kept (`crawlers.trial`).
        """
        # `from` is a word of Python's own, and cannot be named above
        start, end = kwargs.pop("from", None), kwargs.pop("to", None)
        spider = super().from_crawler(crawler, *args, **kwargs)
        spider.opened = ExitStack()
        try:
            if services is None:
                configured = load_object(crawler.settings["KOUBEI_SERVICES"])
                services = cast("Services", spider.opened.enter_context(configured()))
            spider.trial = trial
            spider.past = read_past(
                start, end, zone=ZoneInfo(services.settings.timezone), now=services.clock.now()
            )
            if spider.past is not None:
                look_back_or_refuse(spider.name)
            spider.prepare(services, watch, source, report)
        except BaseException:
            spider.opened.close()
            raise
        return spider

    def prepare(self, services: Services, watch: str, source: str, report: Report | None) -> None:
        """Find watch and source, set how to behave, begin or take over the run."""
        self.watch, self.source = find_pair(services, self.name, watch, source)
        self.is_supplement = adds_depth(services, self.watch, self.source)
        self.conduct = Conduct.towards(
            self.source, services.settings, services.clock, signed_for(self.source, services)
        )
        self.session = RunSession.begin(services, self.source)
        hindered = self._behave(services)
        if self.trial:
            self._begin_trial(services, report, hindered)
            return
        _ = services.ingest  # whatever is wrong with it is said before a run begins
        self.frontier = begin(
            services.begin_work,
            services.archive,
            services.clock,
            watch=self.watch,
            source=self.source,
            run_id=new_run_id(services.clock.now()),
            make_plan=self.make_plan,
            past=self.past,
        )
        read = self.reader()
        self.intake = self.make_intake(services, read)
        self.search_run = SearchRun(
            self.frontier,
            self.intake,
            self.next_step,
            report,
            details=self.details,
            gone_ends_run=self.gone_ends_run,
            answers=self.answers,
            skipped=self.skipped,
        )
        if self.source.transport is Transport.BROWSER:
            self.in_browser = self.browser(read)
        self.search_run.begin(hindered)

    def _begin_trial(
        self, services: Services, report: Report | None, hindered: Outcome | None
    ) -> None:
        """Begin a run of one page that writes nothing: no scrolling, no detours, no next page."""
        with services.begin_work() as work:
            plan = fresh_plan(work, self.watch, self.source, self.make_plan, services.clock.now())
        read = self.reader()
        self.trying = trying = Trying.begin(services, self.watch, self.source, plan, read)
        self.frontier, self.report_trial = trying.frontier, report
        adds_depth_only = SPIDERS[self.name].role is SpiderRole.DEPTH
        self.search_run = SearchRun(
            trying.frontier,
            trying.intake,
            only_this_page if adds_depth_only else self.next_step,
            None,
            gone_ends_run=self.gone_ends_run,
            answers=self.answers,
        )
        if self.source.transport is Transport.BROWSER:
            self.in_browser = BrowserSearch(
                self.search_run,
                self.conduct,
                self.session,
                read,
                self.call,
                0,
                None,
                self.page_begins,
            )
        self.search_run.begin(hindered)

    def _behave(self, services: Services) -> Outcome | None:
        """Turn the conduct into Scrapy settings of this run; return what keeps it from asking."""
        hindered = None
        pace = self.conduct.pace.total_seconds()
        values: dict[str, object] = {
            "USER_AGENT": self.conduct.user_agent,
            "DOWNLOAD_DELAY": pace,
            "AUTOTHROTTLE_START_DELAY": pace,
            **({"RETRY_ENABLED": False} if self.trial else {}),
        }
        if self.source.transport is Transport.BROWSER:
            try:
                found = wanted_browser(services.settings.browser)
                values |= browser_settings(found, self.conduct)
            except BrowserMissing:
                hindered = failed("browser_missing")
        self.crawler.settings.setdict({**LAW, **values}, priority=PRIORITY)
        return hindered

    def make_intake(self, services: Services, read: Read) -> Intake:
        """Return what carries the pages of the run into the store."""
        return Intake(services, self.frontier, self.watch, read)

    def browser(self, read: Read) -> BrowserSearch:
        """Return what asks in a browser."""
        return BrowserSearch(
            self.search_run,
            self.conduct,
            self.session,
            read,
            self.call,
            self.max_scrolls,
            self.reach(),
            self.page_begins,
        )

    def reader(self) -> Read:
        """Return what reads the pages of a run: whichever page of the platform it is, because a
        series may cross surfaces.
        """
        return partial(read_page, platform=self.source.platform)

    # ---- which pages -------------------------------------------------------------------------

    def make_plan(self, rows: Sequence[CoverageRow], now: datetime) -> Plan:
        """Return what to ask, from the ledger's entries of this watch and source; of a range that
        somebody asked for all of it, whatever was seen before.
        """
        if self.past is not None:
            windows = self.windows((Window(self.past.start, self.past.end, backfill=True),))
            return Plan(windows, self.make_series(windows), supplement=self.is_supplement)
        windows = self.windows(plan_windows(rows, now=now, backfill=self.watch.backfill))
        return Plan(
            windows,
            self.make_series(windows),
            known_before=last_look(rows),
            supplement=self.is_supplement,
        )

    def windows(self, planned: tuple[Window, ...]) -> tuple[Window, ...]:
        """Return the windows as this platform can be asked for them; as they are by default."""
        return planned

    @abstractmethod
    def make_series(self, windows: tuple[Window, ...]) -> tuple[Series, ...]:
        """Return the chains of pages, each with the windows (their places) that it covers."""

    @abstractmethod
    def next_step(self, request: PageRequest, taken: Taken, tally: Tally) -> Step:
        """Return the next page of a series, or how the series ended, or into which parts it is
        split. `tally` includes `taken`.
        """

    def details(self, taken: Taken) -> Sequence[str]:
        """Return the addresses that a page leads to and that have to be opened for it; none by
        default.
        """
        return ()

    def call_of(self, request: PageRequest) -> str:
        """Return which call of a browser's page is listened to."""
        return self.call

    def reach(self) -> Reach | None:
        """Return what judges the replies in a browser; None: as a search."""
        return None

    # ---- one page at a time ------------------------------------------------------------------

    async def start(self) -> AsyncIterator[Request]:
        """Begin with what a run before this one left behind."""
        for request in self.proceed():
            yield request

    def proceed(self) -> Iterator[Request]:
        """Yield the next request, when there is one."""
        entry = self.search_run.next_to_ask()
        if entry is not None:
            yield self.ask(entry)

    def ask(self, entry: FrontierEntry) -> Request:
        """Return the request for an entry."""
        wanted = self.frontier.request_of(entry)
        request = Request(
            wanted.url,
            callback=self.parse,
            errback=self.failed,
            cb_kwargs={"entry": entry},
            dont_filter=True,
        )
        if self.in_browser is not None:
            self.in_browser.equip(request, wanted.series, self.call_of(wanted))
        return request

    async def parse(self, response: Response, entry: FrontierEntry) -> AsyncIterator[Request]:
        """Keep, read and store a page, and go on."""
        page = response.meta.get("playwright_page")
        if self.in_browser is not None and isinstance(page, BrowserPage):
            await self.in_browser.search(page, response, entry)
        else:
            self.search_run.arrived(entry, response.body, response.url, response.status)
        for request in self.proceed():
            yield request
        if self.search_run.ended:
            raise CloseSpider("stopped")

    async def failed(self, failure: Failure) -> None:
        """A page could not be fetched: say why, and end the run."""
        request: Request = failure.request  # type: ignore[attr-defined]  # set by Scrapy
        page = request.meta.get("playwright_page")
        if isinstance(page, BrowserPage):
            await page.context.close()
        entry: FrontierEntry = request.cb_kwargs["entry"]
        end = outcome_of(failure.value, refused=was_refused(request.url))
        self.search_run.halt(end, self.frontier.request_of(entry))
        raise CloseSpider("stopped")

    def closed(self, reason: str) -> None:
        """Write the ledger and close what this spider opened."""
        try:
            self.frontier.under = self.conduct.under
            run = self.search_run.close(finished=reason == "finished")
            self._tell_trial(run)
            if not self.trial:
                self.session.close(self.search_run.end)
        finally:
            self.opened.close()

    def _tell_trial(self, run: CrawlRun) -> None:
        if self.trying is not None and self.report_trial is not None:
            trial = self.trying.result(self.watch, self.source, run, under=self.conduct.under)
            self.report_trial({"event": "trial", "trial": trial.to_json()})


class SearchSpider(WatchSpider):
    """Ask one source for all queries of a watch. Subclasses say which address a query has."""

    read: ClassVar[Read]

    def reader(self) -> Read:
        """What reads the platform's result pages."""
        return type(self).read

    def make_series(self, windows: tuple[Window, ...]) -> tuple[Series, ...]:
        """A chain for each query: it covers all windows where the platform's search takes no range
        of time.
        """
        everything = tuple(range(len(windows)))
        return tuple(
            Series(query, everything, self.first_url(query)) for query in self.watch.queries
        )

    @abstractmethod
    def first_url(self, query: str) -> str:
        """Return the address of a query's first page."""
