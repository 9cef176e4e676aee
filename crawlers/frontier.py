"""The frontier of one crawl: what is to be asked, what lies unread in the archive, what is done.

    begin      run + plan + the first page of each series      one unit of work
    fetched    body in the archive, then the entry says so     one unit of work
    advance    (the store has acknowledged) next page or the
               outcome of the series (or the parts that it
               is split into), and the page is done            one unit of work
    close      ledger, run, frontier dropped                   one unit of work

A process that dies between two of these repeats the step and loses nothing. The next run of the
same watch and source takes over the lineage: it reads `fetched` pages from the archive, without
asking again, and asks for `waiting` ones. The plan itself is an entry that waits until the end, so
that a lineage whose pages are all done is taken over, too.
"""

import hashlib
import os
import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import uuid4

from crawlers.plan import NOTHING, Outcome, Plan, Split, Tally, coverage_rows
from domain.brand import Source, Watch
from domain.coverage import CoverageRow, CoverageState, Interval, run_result
from domain.crawl import CrawlRun, FrontierEntry, FrontierState
from domain.errors import CrawlError, Text
from domain.ports import BeginWork, Clock, PageArchive, UnitOfWork
from domain.spool import held_back, settled

STALE_AFTER = timedelta(seconds=60)
"""A run that gave no sign of life for this long is dead."""
NOT_ENDED = Outcome(CoverageState.FAILED, "internal_error")
"""A series that nobody declared ended, in a run that did: an error of ours, never "ok"."""
NOTHING_TO_ASK = Outcome(CoverageState.EMPTY)
"""How a run ends whose plan has no series."""
_RUN_ID = re.compile(r"run-[0-9T]+-(?P<host>.+)-(?P<pid>\d+)-[0-9a-f]{6}")
_PLAN = "plan"
_TO_DO = (FrontierState.WAITING, FrontierState.FETCHED)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class PageRequest:
    """One page of a series. `captured`: a reply that the page of a browser got by itself; it can
    be read again from the archive but never asked for. `then`: a page that a list led to, opened
    before the series goes on as it says. `ahead` are the addresses of the series that are to be
    asked after it, and `later` those that come when nothing is ahead any more.
    """

    series: int
    url: str
    page: int = 1
    tally: Tally = NOTHING
    captured: bool = False
    then: "Detour | None" = None
    ahead: tuple[str, ...] = ()
    later: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """What makes the request one of its lineage."""
        detour = f" {len(self.then.others)}" if self.then else ""
        text = f"{self.series} {self.page} {self.captured} {self.url}{detour}"
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def to_json(self) -> dict[str, object]:
        """Return the request as JSON values."""
        return {
            "series": self.series,
            "url": self.url,
            "page": self.page,
            "tally": self.tally.to_json(),
            "captured": self.captured,
            "then": self.then.to_json() if self.then else None,
            "ahead": list(self.ahead),
            "later": list(self.later),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "PageRequest":
        """Read what `to_json` wrote."""
        return cls(
            value["series"],
            value["url"],
            value["page"],
            Tally.from_json(value["tally"]),
            value["captured"],
            Detour.from_json(value["then"]) if value.get("then") else None,
            tuple(value.get("ahead", ())),  # a run that an older program began has neither
            tuple(value.get("later", ())),
        )


@dataclass(frozen=True, slots=True)
class Detour:
    """Pages that a list led to: `others` are still to be opened, then the series takes `step`: its
    next page, or its end.
    """

    others: tuple[str, ...]
    step: PageRequest | Outcome

    @classmethod
    def through(
        cls, series: int, urls: Sequence[str], step: PageRequest | Outcome
    ) -> PageRequest | Outcome:
        """Return the request for the first of the pages; the step itself when there are none."""
        if not urls:
            return step
        first, *others = urls
        page = step.page if isinstance(step, PageRequest) else 0
        return PageRequest(series, first, page, step.tally, then=cls(tuple(others), step))

    def after(self, series: int, tally: Tally) -> PageRequest | Outcome:
        """Return what follows a page of the detour. `tally`: with what that page brought."""
        return self.through(series, self.others, replace(self.step, tally=tally))

    def to_json(self) -> dict[str, object]:
        """Return the detour as JSON values."""
        kind = "request" if isinstance(self.step, PageRequest) else "outcome"
        return {"others": list(self.others), "kind": kind, "step": self.step.to_json()}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Detour":
        """Read what `to_json` wrote."""
        kind = PageRequest if value["kind"] == "request" else Outcome
        return cls(tuple(value["others"]), kind.from_json(value["step"]))


class AlreadyRunning(CrawlError):
    """Another process crawls this watch on this source right now."""


class MakePlan(Protocol):
    """Makes the plan of a new run from the ledger."""

    def __call__(self, rows: Sequence[CoverageRow], now: datetime) -> Plan: ...


def begin(
    begin_work: BeginWork,
    archive: PageArchive,
    clock: Clock,
    *,
    watch: Watch,
    source: Source,
    run_id: str,
    make_plan: MakePlan,
    past: Interval | None = None,
    stale_after: timedelta = STALE_AFTER,
) -> "Frontier":
    """Start a run of a watch on a source, or take over the lineage of one that died.

    A run over a span of the `past` and one over the present neither hinder nor continue each other,
    so that nobody is blind to the present while years are read. One over another span that died is
    given up: what it did not read stands in the ledger.

    AlreadyRunning when the unfinished run of the pair is alive.
    """
    now = clock.now()
    with begin_work() as work:
        dead = work.crawls.unfinished(watch.id, source.id, backfill=past is not None)
        if dead is not None and is_alive(dead, now, stale_after):
            raise AlreadyRunning(
                Text("另一个进程正在采集", "another process is crawling it"),
                place=f"{watch.id} × {source.id}",
                mend=Text("等它结束后再试", "try again when it has ended"),
            )
        if dead is not None:
            work.crawls.finish(
                replace(dead, ended_at=now, state=CoverageState.FAILED, reason="killed")
            )
        if dead is not None and past not in {None, Interval(dead.window_start, dead.window_end)}:
            work.crawls.forget(dead.lineage)
            dead = None
        if dead is not None:
            plan = _stored_plan(work.crawls.frontier(dead.lineage, FrontierState))
        else:
            plan = fresh_plan(work, watch, source, make_plan, now)
        lineage = dead.lineage if dead else run_id
        run = new_run(run_id, lineage, watch=watch, source=source, plan=plan, now=now)
        work.crawls.start(run)
        if dead is None:
            work.crawls.push(_first_entries(run.lineage, plan))
        work.commit()
    return Frontier(begin_work, archive, clock, run, plan)


def fresh_plan(
    work: UnitOfWork, watch: Watch, source: Source, make_plan: MakePlan, now: datetime
) -> Plan:
    """Return the plan of a run that takes over nothing."""
    span = max(watch.backfill, timedelta(days=1))
    rows = work.coverage.rows([watch.id], start=now - span, end=now)
    return make_plan([row for row in rows if row.source_id == source.id], now)


def new_run_id(now: datetime) -> str:
    """Return a fresh id that tells when and in which process the run began."""
    return f"run-{now:%Y%m%dT%H%M%S}-{_host()}-{os.getpid()}-{uuid4().hex[:6]}"


def is_alive(run: CrawlRun, now: datetime, stale_after: timedelta = STALE_AFTER) -> bool:
    """Whether a run that has not ended still works: a recent sign of life, and, when it ran on
    this machine, its process is there.
    """
    if now - run.heartbeat_at > stale_after:
        return False
    match = _RUN_ID.fullmatch(run.id)
    if match is None or match["host"] != _host():
        return True
    return _process_exists(int(match["pid"]))


class Frontier:
    """The durable side of one run. `run` carries its identity, `plan` what it sets out to ask."""

    def __init__(
        self,
        begin_work: BeginWork,
        archive: PageArchive,
        clock: Clock,
        run: CrawlRun,
        plan: Plan,
    ) -> None:
        self._begin_work = begin_work
        self._archive = archive
        self._clock = clock
        self.run = run
        self.plan = plan
        self.under = ""
        """The id of the sheet under which pages were opened that robots.txt forbids."""

    @property
    def resumed(self) -> bool:
        """Whether the run took over what another one left behind."""
        return self.run.lineage != self.run.id

    def to_do(self) -> list[FrontierEntry]:
        """Return what is left of the lineage, fetched pages first, each in the order of pushing."""
        with self._begin_work() as work:
            entries = work.crawls.frontier(self.run.lineage, _TO_DO)
        pages = [entry for entry in entries if entry.fingerprint != _PLAN]
        return sorted(pages, key=lambda entry: entry.state is FrontierState.WAITING)

    def fetched(self, entry: FrontierEntry, body: bytes, *, url: str, status: int) -> FrontierEntry:
        """Keep a body durably, then note that its page needs no asking any more."""
        kept = replace(
            entry,
            state=FrontierState.FETCHED,
            body_sha256=self._archive.put(body),
            url=url,
            status=status,
            fetched_at=self._clock.now(),
        )
        with self._begin_work() as work:
            if self.request_of(entry).captured:
                work.crawls.push([entry])
            work.crawls.mark_fetched(kept)
            work.commit()
        return kept

    def body(self, entry: FrontierEntry) -> bytes | None:
        """Return the archived body of a fetched page, None when the archive lost it."""
        return self._archive.get(entry.body_sha256)

    def captured(
        self, request: PageRequest, body: bytes, *, url: str, status: int
    ) -> FrontierEntry:
        """Keep a reply that a browser's page got by itself."""
        return self.fetched(self._entry(request), body, url=url, status=status)

    def advance(
        self, entry: FrontierEntry, then: PageRequest | Outcome | None
    ) -> FrontierEntry | None:
        """Everything of a page is stored: push what follows, and the page is done.

        Returns the entry of the next page; None when the series ended or another entry of it goes
        on.
        """
        following = self._entry(then) if isinstance(then, PageRequest) else None
        entries = [following] if following else []
        if isinstance(then, Outcome):
            entries = [self._outcome_entry(self.request_of(entry).series, then)]
        with self._begin_work() as work:
            work.crawls.push(entries)
            work.crawls.mark_done(self.run.lineage, [entry.fingerprint])
            work.crawls.beat(self.run.id, self._clock.now())
            work.commit()
        return following

    def split(self, entry: FrontierEntry, split: Split) -> list[FrontierEntry]:
        """Everything of a page is stored, and the platform shows no more of the window of its
        series: push the first page of each part. Returns their entries.
        """
        series = self.request_of(entry).series
        plan = self.plan.after(series, split)
        numbers = range(len(self.plan.series), len(plan.series))
        first = [self._entry(PageRequest(n, plan.series[n].url)) for n in numbers]
        told = self._outcome_entry(series, split.outcome)
        told = replace(told, request={**told.request, "split": split.to_json()})
        with self._begin_work() as work:
            work.crawls.push([told, *first])
            work.crawls.mark_done(self.run.lineage, [entry.fingerprint])
            work.crawls.beat(self.run.id, self._clock.now())
            work.commit()
        self.plan = plan
        return first

    def ask_again(self, entry: FrontierEntry) -> FrontierEntry:
        """Return a fetched entry whose body is lost as one that waits to be asked."""
        return replace(entry, state=FrontierState.WAITING, body_sha256="", fetched_at=None)

    def skip(self, series: int) -> bool:
        """End a series of which there is nothing left to ask, with what it brought so far; False
        when it had ended already.
        """
        with self._begin_work() as work:
            left = [
                entry
                for entry in work.crawls.frontier(self.run.lineage, _TO_DO)
                if entry.request.get("series") == series
            ]
            if not left:
                return False
            tally = max((self.request_of(entry).tally for entry in left), key=lambda t: t.pages)
            work.crawls.push([self._outcome_entry(series, Outcome.seen(tally))])
            work.crawls.mark_done(self.run.lineage, [entry.fingerprint for entry in left])
            work.commit()
        return True

    def asked(self, series: int) -> list[str]:
        """Return the addresses of a series that were asked so far."""
        with self._begin_work() as work:
            entries = work.crawls.frontier(self.run.lineage, FrontierState)
        of_series = (e.request for e in entries if e.request.get("series") == series)
        return [str(request["url"]) for request in of_series]

    @staticmethod
    def request_of(entry: FrontierEntry) -> PageRequest:
        """Return the request that an entry stands for."""
        return PageRequest.from_json(entry.request)

    def beat(self) -> None:
        """Give a sign of life."""
        with self._begin_work() as work:
            work.crawls.beat(self.run.id, self._clock.now())
            work.commit()

    def close(self, stop: Outcome | None, *, series: int | None = None) -> CrawlRun:
        """Write the ledger, end the run and drop its frontier, all at once; return the run.

        `stop` says why the run ended before its time (None: it did not), `series` which one it
        struck; series without an outcome share it.
        """
        return self._end(stop, series, final=True)

    def abandon(self, reason: str) -> CrawlRun:
        """Write into the ledger that the run failed, but leave it to be taken over: what lies in
        the frontier is not lost.
        """
        return self._end(Outcome(CoverageState.FAILED, reason), None, final=False)

    def _end(self, stop: Outcome | None, series: int | None, *, final: bool) -> CrawlRun:
        now = self._clock.now()
        with self._begin_work() as work:
            entries = work.crawls.frontier(self.run.lineage, FrontierState)
            outcomes = _outcomes(entries)
            if stop is not None and series is not None and series not in outcomes:
                outcomes[series] = stop
            unsaid = NOT_ENDED if self.plan.series else NOTHING_TO_ASK
            ends = coverage_rows(self.plan, outcomes, stop or unsaid, run=self.run, now=now)
            rows = tuple(replace(row, assessment_id=self.under) for row in ends)
            if final:
                rows = self._as_far_as_stored(work, rows)
            for row in rows:
                work.coverage.record(row)
            state, reason = run_result(rows)
            ended = replace(
                self.run,
                heartbeat_at=now,
                ended_at=now,
                state=state,
                reason=reason,
                pages=sum(row.pages for row in rows),
                found=sum(row.found for row in rows),
                matched=sum(row.matched for row in rows),
                new=sum(row.new for row in rows),
            )
            if final:
                work.crawls.finish(ended)
                work.crawls.forget(self.run.lineage)
            else:
                work.crawls.beat(self.run.id, _LONG_AGO)
            work.commit()
        return ended

    def _as_far_as_stored(
        self, work: UnitOfWork, rows: tuple[CoverageRow, ...]
    ) -> tuple[CoverageRow, ...]:
        """Return what the ledger may say now: of a crawl of which pages wait in a spool, no hour is
        known yet; who stores the last of them writes `rows`, which are kept until then.
        """
        debt = work.spooled.debt(self.run.lineage)
        if debt is None:
            return rows
        if not debt.waiting:
            work.spooled.forget(self.run.lineage)
            return settled(rows, debt)
        work.spooled.owe(self.run.lineage, self.run.id, rows)
        return held_back(rows)

    def _entry(self, request: PageRequest) -> FrontierEntry:
        return FrontierEntry(self.run.lineage, request.fingerprint, request.to_json())

    def _outcome_entry(self, series: int, outcome: Outcome) -> FrontierEntry:
        content = {"outcome": outcome.to_json(), "of": series}
        return FrontierEntry(
            self.run.lineage, f"outcome-{series}", content, state=FrontierState.DONE
        )


def first_pages(lineage: str, plan: Plan) -> list[FrontierEntry]:
    """Return an entry for the first page of each series."""
    first = [PageRequest(number, series.url) for number, series in enumerate(plan.series)]
    return [FrontierEntry(lineage, one.fingerprint, one.to_json()) for one in first]


def _first_entries(lineage: str, plan: Plan) -> list[FrontierEntry]:
    return [FrontierEntry(lineage, _PLAN, plan.to_json()), *first_pages(lineage, plan)]


def _stored_plan(entries: Sequence[FrontierEntry]) -> Plan:
    """Return the plan with all that was split since, in the order in which it happened."""
    plan = Plan.from_json(next(e.request for e in entries if e.fingerprint == _PLAN))
    for entry in entries:
        split, series = entry.request.get("split"), entry.request.get("of")
        if isinstance(split, Mapping) and isinstance(series, int):
            plan = plan.after(series, Split.from_json(split))
    return plan


def _outcomes(entries: Sequence[FrontierEntry]) -> dict[int, Outcome]:
    found: dict[int, Outcome] = {}
    for entry in entries:
        outcome, series = entry.request.get("outcome"), entry.request.get("of")
        if isinstance(outcome, Mapping) and isinstance(series, int):
            found[series] = Outcome.from_json(outcome)
    return found


def new_run(
    run_id: str, lineage: str, *, watch: Watch, source: Source, plan: Plan, now: datetime
) -> CrawlRun:
    """Return a run that begins now."""
    return CrawlRun(
        id=run_id,
        lineage=lineage,
        spider=source.spider,
        watch_id=watch.id,
        source_id=source.id,
        platform=source.platform,
        window_start=min(window.start for window in plan.windows),
        window_end=max(window.end for window in plan.windows),
        started_at=now,
        heartbeat_at=now,
        backfill=all(window.backfill for window in plan.windows),
    )


def _host() -> str:
    return re.sub(r"[^A-Za-z0-9.]", "", socket.gethostname())[:40] or "host"


def _process_exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
