"""One run over its frontier: pages come in, mentions are stored, the next page or the end comes
out. Whoever fetches (Scrapy, a browser page) only hands over what arrived.
"""

import logging
from collections import deque
from collections.abc import Callable, Mapping

from crawlers.endings import failed, wall_of
from crawlers.frontier import Frontier, PageRequest
from crawlers.pipelines import BodyLost, Intake, Taken
from crawlers.plan import Outcome, Tally
from domain.crawl import FrontierEntry, FrontierState
from domain.errors import LayoutChanged, StoreError

Report = Callable[[Mapping[str, object]], None]
"""Is told of each event: run, pages, found, matched, new."""
NextStep = Callable[[PageRequest, Taken, Tally], PageRequest | Outcome]
"""Which page of a series follows, or how the series ended; the tally includes the page taken."""
log = logging.getLogger(__name__)


class SearchRun:
    """Takes the pages of one run, one at a time, until it `ended`."""

    def __init__(
        self, frontier: Frontier, intake: Intake, next_step: NextStep, report: Report | None
    ) -> None:
        self.frontier = frontier
        self._intake = intake
        self._next_step = next_step
        self._report = report
        self._queue: deque[FrontierEntry] = deque()
        self._total = Tally()
        self._end: tuple[Outcome, int | None] | None = None
        self._abandoned = ""

    @property
    def ended(self) -> bool:
        """Whether nothing more may be asked: a wall, an unreadable page, a store that is away."""
        return self._end is not None

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
            wall = wall_of(None, entry.status)
            if wall is None:
                self._intake.unread(entry, error)
            self.halt(wall or failed(f"layout_changed:{error.field}"), request)
            return None
        end = wall_of(page, entry.status)
        if end is not None:
            self.halt(end, request)
            return None
        taken = self._intake.take(entry, page)
        self._total = self._total.plus(taken.tally)
        self._tell("page")
        return taken

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

    def close(self, *, finished: bool) -> None:
        """Write the ledger. A run that was interrupted (not `finished`), or could not reach the
        store, stays open for the next one; one that failed on an error of ours does not, or it
        would fail for ever.
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

    def _look_for_drift(self, run_id: str) -> None:
        """Judge what was read; the ledger is written already, and the next run judges again."""
        try:
            self._intake.look_for_drift(run_id)
        except StoreError as error:
            log.warning("drift was not judged: %s", type(error).__name__)

    def _digest(self, entry: FrontierEntry) -> None:
        """Take a fetched page and push what follows it."""
        request = self.frontier.request_of(entry)
        try:
            taken = self.take(entry, request)
        except BodyLost:
            self._queue.appendleft(self.frontier.ask_again(entry))
            return
        except StoreError as error:
            self.abandon(error)
            return
        if taken is None:
            return
        tally = request.tally.plus(taken.tally)
        following = self.frontier.advance(
            entry, None if request.captured else self._next_step(request, taken, tally)
        )
        if following is not None:
            self._queue.appendleft(following)

    def _tell(self, event: str, **more: object) -> None:
        if self._report is not None:
            figures = {
                "pages": self._total.pages,
                "found": self._total.found,
                "matched": self._total.matched,
                "new": self._total.new,
            }
            run = self.frontier.run
            resumed = self.frontier.resumed
            self._report({"event": event, "run": run.id, "resumed": resumed, **figures, **more})
