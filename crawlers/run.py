"""One run over its frontier: pages come in, mentions are stored, the next page or the end comes
out. Whoever fetches (Scrapy, a browser page) only hands over what arrived.
"""

import logging
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from crawlers.endings import ANSWERS, failed, wall_of
from crawlers.frontier import Detour, Frontier, PageRequest
from crawlers.pipelines import BodyLost, Intake, Taken
from crawlers.plan import Outcome, Split, Tally
from domain.crawl import CrawlRun, FrontierEntry, FrontierState
from domain.errors import LayoutChanged, StoreError
from domain.page import Page, PageState

Report = Callable[[Mapping[str, object]], None]
"""Is told of each event: run, pages, found, matched, new, skipped."""
Step = PageRequest | Outcome | Split
NextStep = Callable[[PageRequest, Taken, Tally], Step]
"""Which page of a series follows, or how the series ended, or into what it is split; the tally
includes the page taken.
"""
Details = Callable[[Taken], Sequence[str]]
"""The addresses that a page leads to and that have to be opened for it."""
log = logging.getLogger(__name__)


_GONE = frozenset({404, 410})


class SearchRun:
    """Takes the pages of one run, one at a time, until it `ended`."""

    def __init__(
        self,
        frontier: Frontier,
        intake: Intake,
        next_step: NextStep,
        report: Report | None,
        *,
        details: Details | None = None,
        gone_ends_run: bool = True,
        answers: Collection[PageState] = ANSWERS,
        skipped: int = 0,
    ) -> None:
        """`details`: the pages that a page leads to, to be opened before the series goes on.
        `gone_ends_run` False: a page that is no more ends its own series only. `skipped`: so
        many series are not asked for, as what they were about is no more.
        """
        self.frontier = frontier
        self._details = details
        self._gone_ends_run = gone_ends_run
        self._intake = intake
        self._next_step = next_step
        self._report = report
        self._answers = answers
        self._skipped = skipped
        self._queue: deque[FrontierEntry] = deque()
        self._total = Tally()
        self._end: tuple[Outcome, int | None] | None = None
        self._abandoned = ""

    @property
    def ended(self) -> bool:
        """Whether nothing more may be asked: a wall, an unreadable page, a store that is away."""
        return self._end is not None

    @property
    def end(self) -> Outcome | None:
        """How the run was ended before its time; None when nothing ended it."""
        return self._end[0] if self._end is not None else None

    def begin(self, end: Outcome | None = None) -> None:
        """Say that the run began. `end`: it ends at once, without asking for anything."""
        self._tell("started")
        if end is not None:
            self._end = (end, None)
        else:
            self._queue.extend(self.frontier.to_do())

    def next_to_ask(self) -> FrontierEntry | None:
        """Read what lies in the archive, and return the next page that has to be asked for."""
        while self._queue and not self.ended:
            entry = self._queue.popleft()
            if entry.state is FrontierState.WAITING:
                return entry
            self._digest(entry)
        return None

    def arrived(self, entry: FrontierEntry, body: bytes, url: str, status: int) -> None:
        """Keep, read and store a page that was asked for."""
        try:
            self._digest(self.frontier.fetched(entry, body, url=url, status=status))
        except StoreError as error:
            self.abandon(error)

    def take(self, entry: FrontierEntry, request: PageRequest) -> Taken | None:
        """Read and store a fetched page; None when it ended the run. StoreError, and BodyLost when
        the archive has it no more.
        """
        try:
            page = self._intake.read(entry)
        except LayoutChanged as error:
            if self.is_gone(None, entry.status):
                return Taken(Page("", PageState.GONE), Tally(pages=1))
            wall = wall_of(None, entry.status)
            if wall is None:
                self._intake.unread(entry, error)
            self.halt(wall or failed(error.code), request)
            return None
        if self.is_gone(page, entry.status):
            return Taken(replace(page, state=PageState.GONE), Tally(pages=1))
        end = wall_of(page, entry.status, self._answers)
        if end is not None:
            self.halt(end, request)
            return None
        taken = self._intake.take(entry, page)
        self._total = self._total.plus(taken.tally)
        self._tell("page")
        return taken

    def is_gone(self, page: Page | None, status: int) -> bool:
        """Whether there is no such page (any more), and the run goes on without it."""
        gone = status in _GONE or (page is not None and page.state is PageState.GONE)
        walled = page is not None and page.state is PageState.BLOCKED
        return gone and not walled and not self._gone_ends_run

    def detour(self, series: int, taken: Sequence[Taken], step: Step) -> Step:
        """Return the way through the pages that have to be opened before a step."""
        if self._details is None or isinstance(step, Split):
            return step
        urls = dict.fromkeys(url for one in taken for url in self._details(one))
        return Detour.through(series, list(urls), step)

    def goes_on(self, entry: FrontierEntry, step: Step | None) -> None:
        """Everything of a page is stored: take the step and line up what has to be asked."""
        if isinstance(step, Split):
            self._queue.extendleft(reversed(self.frontier.split(entry, step)))
            return
        following = self.frontier.advance(entry, step)
        if following is not None:
            self._queue.appendleft(following)

    def halt(self, end: Outcome, request: PageRequest) -> None:
        """End the run at this page: nothing more is asked of the source."""
        tally = request.tally.plus(end.tally)
        self._end = (Outcome(end.state, end.reason, tally, end.complete_since), request.series)
        self._queue.clear()

    def abandon(self, error: StoreError) -> None:
        """The store is away: what was fetched stays in the frontier for the next run."""
        log.error("the store did not take a page: %s", type(error).__name__)
        self._abandoned = "store_unavailable"
        self._end = (failed(self._abandoned), None)
        self._queue.clear()

    def close(self, *, finished: bool) -> CrawlRun:
        """Write the ledger and return the run. One that was interrupted (not `finished`), or could
        not reach the store, stays open for the next one; one that failed on an error of ours does
        not, or it would fail for ever.
        """
        if self._abandoned:
            run = self.frontier.abandon(self._abandoned)
        elif self._end is not None:
            end, series = self._end
            run = self.frontier.close(end, series=series)
        elif finished:
            run = self.frontier.close(None)
        else:
            run = self.frontier.abandon("interrupted")
        self._look_for_drift(run.id)
        self._tell("ended", state=run.state.value if run.state else "", reason=run.reason)
        return run

    def _look_for_drift(self, run_id: str) -> None:
        """Judge what was read; the ledger is written already, and the next run judges again."""
        try:
            self._intake.look_for_drift(run_id)
        except StoreError as error:
            log.warning("drift was not judged: %s", type(error).__name__)

    def _digest(self, entry: FrontierEntry) -> None:
        """Take a fetched page and push what follows it."""
        request = self.frontier.request_of(entry)
        step: Step | None = None
        try:
            taken = self.take(entry, request)
            if taken is None:
                return
            tally = request.tally.plus(taken.tally)
            if request.then is not None:
                step = request.then.after(request.series, tally)
            elif not request.captured:
                next_step = self._next_step(request, taken, tally)
                step = self.detour(request.series, [taken], next_step)
        except BodyLost:
            self._queue.appendleft(self.frontier.ask_again(entry))
            return
        except StoreError as error:
            self.abandon(error)
            return
        self.goes_on(entry, step)

    def _tell(self, event: str, **more: object) -> None:
        if self._report is not None:
            figures = {
                "pages": self._total.pages,
                "found": self._total.found,
                "matched": self._total.matched,
                "new": self._total.new,
                "skipped": self._skipped,
            }
            run = self.frontier.run
            resumed = self.frontier.resumed
            self._report({"event": event, "run": run.id, "resumed": resumed, **figures, **more})
