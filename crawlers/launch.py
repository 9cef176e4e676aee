"""Starts a crawl as a process of its own and makes sure that it ends, browser included.

A worker gets a wall clock: then SIGTERM, which lets it write the ledger, then SIGKILL for its
process group and every process it started (Chromium puts itself into a group of its own). A worker
that dies without a word in the ledger gets one from here, so that nothing ends in silence.
"""

import json
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import IO

from crawlers.pairs import adds_depth
from crawlers.pauses import LONGEST, PAUSED_RUN, Pause, is_opened, pause_of
from crawlers.processes import Process, descendants, end_family, end_those
from crawlers.services import Services
from crawlers.windows import FRESH, Window
from domain.brand import Source, Watch
from domain.coverage import KNOWN_STATES, CoverageRow, CoverageState, Interval
from domain.errors import Text

WORKER = (sys.executable, "-m", "crawlers.worker")
WALL_CLOCK = "wall_clock"
"""The reason of a run that was cut off because it took too long."""
GRACE = timedelta(seconds=10)
"""Between SIGTERM and SIGKILL."""
Progress = Callable[[Mapping[str, object]], None]


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """How a crawl ended. `state` None: somebody else is at it. `told` is the worker's own sentence
    when it could not begin. `skipped`: so many items of a run that was cut off were erased since.
    """

    watch_id: str
    source_id: str
    state: CoverageState | None
    reason: str = ""
    run_id: str = ""
    pages: int = 0
    found: int = 0
    matched: int = 0
    new: int = 0
    told: Text | None = None
    resumed: bool = False
    skipped: int = 0


def look(
    pair: tuple[Watch, Source],
    services: Services,
    *,
    progress: Progress | None = None,
    scheduled: bool = False,
    stopping: threading.Event | None = None,
    command: Sequence[str] = WORKER,
) -> RunOutcome:
    """Crawl a watch on a source up to the present moment.

    A run that was cut off is finished first, for the time that it asked about; what was said since
    then takes a run of its own. Returns the figures of both together.
    """

    def run() -> RunOutcome:
        return launch(
            pair,
            services,
            progress=progress,
            scheduled=scheduled,
            stopping=stopping,
            command=command,
        )

    first = run()
    stopped = stopping is not None and stopping.is_set()
    if stopped or not first.resumed or first.state not in KNOWN_STATES:
        return first
    second = run()
    if second.state is None:
        return first  # another process looks at the rest
    return replace(
        second,
        pages=first.pages + second.pages,
        found=first.found + second.found,
        matched=first.matched + second.matched,
        new=first.new + second.new,
        skipped=first.skipped + second.skipped,
    )


def look_back(
    pair: tuple[Watch, Source],
    services: Services,
    past: Interval,
    *,
    progress: Progress | None = None,
    wall_clock: timedelta | None = None,
    command: Sequence[str] = WORKER,
) -> RunOutcome:
    """Read a span of the past, in as many turns of the wall clock as that takes: each goes on where
    the one before it was cut off, and one that brought no page is the last.

    Returns the end of the last turn, with the figures of all.
    """
    pages = found = matched = new = 0
    while True:
        turn = launch(
            pair, services, past=past, progress=progress, wall_clock=wall_clock, command=command
        )
        pages, found = pages + turn.pages, found + turn.found
        matched, new = matched + turn.matched, new + turn.new
        if turn.reason != WALL_CLOCK or not turn.pages:
            return replace(turn, pages=pages, found=found, matched=matched, new=new)


def launch(
    pair: tuple[Watch, Source],
    services: Services,
    *,
    past: Interval | None = None,
    progress: Progress | None = None,
    scheduled: bool = False,
    wall_clock: timedelta | None = None,
    stopping: threading.Event | None = None,
    grace: timedelta = GRACE,
    command: Sequence[str] = WORKER,
) -> RunOutcome:
    """Crawl a watch on a source in a process, and return when that process is gone.

    `progress` gets each event of the worker. `scheduled`: leave a source alone that showed a wall
    a short while ago (`crawlers.pauses`); the ledger then says so. `wall_clock` defaults to
    crawl.wall_clock. When `stopping` is set the worker is told to end, and the next run goes on
    where it was. `past`: this span instead of the present.
    """
    watch, source = pair
    pause = _pause(source, services) if scheduled else None
    if pause is not None:
        now = services.clock.now()
        run_id = f"{PAUSED_RUN}{now:%Y%m%dT%H%M%S}"
        window = Window(now - source.every, now)
        _write_ledger(pair, services, window, CoverageState.BLOCKED, pause.reason, run_id)
        return RunOutcome(watch.id, source.id, CoverageState.BLOCKED, pause.reason, run_id)
    limit = wall_clock if wall_clock is not None else services.settings.crawl.wall_clock
    span = ["--from", past.start.isoformat(), "--to", past.end.isoformat()] if past else []
    worked = run_worker(
        ["--watch", watch.id, "--source", source.id, *span],
        limit,
        progress=progress,
        stopping=stopping,
        grace=grace,
        command=command,
    )
    stopped = stopping is not None and stopping.is_set()
    cut_off = None if worked.in_time else "interrupted" if stopped else WALL_CLOCK
    planned = Window(past.start, past.end, backfill=True) if past else None
    return _outcome(pair, services, worked, cut_off, planned)


@dataclass(frozen=True, slots=True)
class Worked:
    """What a worker said, its exit code, and whether it ended by itself."""

    events: "Events"
    code: int
    in_time: bool


def run_worker(
    arguments: Sequence[str],
    limit: timedelta,
    *,
    progress: Progress | None = None,
    stopping: threading.Event | None = None,
    grace: timedelta = GRACE,
    command: Sequence[str] = WORKER,
) -> Worked:
    """Run a worker, and return when its process, and every one that it started, is gone."""
    # arguments are ids of our own configuration, no shell is involved
    process = subprocess.Popen(  # noqa: S603
        [*command, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    events = Events(progress)
    offspring: set[Process] = set()
    try:
        in_time = _follow(process, events, limit, stopping)
        if not in_time:
            # once the worker is gone, nobody can tell whose children they were
            offspring = descendants(process.pid)
            process.terminate()
            _follow(process, events, grace)
    finally:
        _end(process, offspring)
    return Worked(events, process.returncode, in_time)


class Events:
    """What the worker said so far."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._rest = b""
        self.last: dict[str, object] = {}
        self.end: dict[str, object] = {}
        self._all: dict[str, Mapping[str, object]] = {}

    def feed(self, data: bytes) -> None:
        """Take what came through the pipe; a torn last line waits for its end."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            with suppress(ValueError):
                event = json.loads(line)
                if isinstance(event, dict):
                    self._note(event)

    def _note(self, event: dict[str, object]) -> None:
        self.last = {**self.last, **event}
        self._all[str(event.get("event"))] = event
        if event.get("event") in {"ended", "error"}:
            self.end = event
        if self._progress is not None:
            self._progress(event)

    def said(self, name: str) -> Mapping[str, object]:
        """Return the last event of a name, nothing when there was none."""
        return self._all.get(name, {})

    def number(self, name: str) -> int:
        """Return a figure of the last event that had it."""
        value = self.last.get(name)
        return value if isinstance(value, int) else 0


def _follow(
    process: subprocess.Popen[bytes],
    events: Events,
    limit: timedelta,
    stopping: threading.Event | None = None,
) -> bool:
    """Read events until the process is gone; False when the limit, or the wish to stop, came
    first.
    """
    deadline = time.monotonic() + limit.total_seconds()
    pipe: IO[bytes] = process.stdout  # type: ignore[assignment]  # a PIPE was asked for
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        open_ = True
        while open_ and (left := deadline - time.monotonic()) > 0:
            if stopping is not None and stopping.is_set():
                return False
            # a browser that outlives the worker may hold the pipe: look at the process as well
            if selector.select(min(left, 0.5)):
                data = os.read(pipe.fileno(), 65536)
                events.feed(data)
                open_ = bool(data)
            elif process.poll() is not None:
                return True
    with suppress(subprocess.TimeoutExpired):
        process.wait(max(deadline - time.monotonic(), 0.01))
    return process.returncode is not None


def _end(process: subprocess.Popen[bytes], offspring: set[Process]) -> None:
    """Leave nothing of the worker behind."""
    if process.poll() is None:
        end_family(process.pid)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    end_those(offspring)
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _outcome(
    pair: tuple[Watch, Source],
    services: Services,
    worked: Worked,
    cut_off: str | None,
    planned: Window | None,
) -> RunOutcome:
    (watch, source), events = pair, worked.events
    said = events.end
    if said.get("event") == "error" and said.get("reason") == "already_running":
        return RunOutcome(watch.id, source.id, None, "already_running")
    state, reason = CoverageState.FAILED, cut_off or _reason(worked.code)
    told = None
    if said.get("event") == "error" and not cut_off:
        reason, told = "not_started", Text(str(said.get("zh", "")), str(said.get("en", "")))
    run_id = str(events.last.get("run", ""))
    if said.get("event") == "ended" and not cut_off:
        state, reason = CoverageState(str(said["state"])), str(said["reason"])
    else:
        run_id = run_id or f"not-started-{services.clock.now():%Y%m%dT%H%M%S}"
        window = _window_of(run_id, services, planned)
        _write_ledger(pair, services, window, state, reason, run_id)
    return RunOutcome(
        watch.id,
        source.id,
        state,
        reason,
        run_id,
        pages=events.number("pages"),
        found=events.number("found"),
        matched=events.number("matched"),
        new=events.number("new"),
        told=told,
        resumed=bool(events.last.get("resumed")),
        skipped=events.number("skipped"),
    )


def _reason(code: int) -> str:
    return "killed" if code < 0 else f"exit_{code}"


def _pause(source: Source, services: Services) -> Pause | None:
    now = services.clock.now()
    with services.begin_work() as work:
        _, configuration = work.configuration.current()
        watches = [watch.id for watch in configuration.watches]
        # by when they were observed: the wall may have stood before a range of the past
        rows = work.coverage.looks_at(source.id, watches, since=now - 2 * LONGEST)
        session = work.sessions.get(source.platform)
    # a login opens what asked for one
    since = session.stored_at if session is not None and session.is_alive(now) else None
    pause = pause_of((row for row in rows if not is_opened(row, since)), source.id)
    return pause if pause is not None and now < pause.until else None


def _write_ledger(
    pair: tuple[Watch, Source],
    services: Services,
    window: Window,
    state: CoverageState,
    reason: str,
    run_id: str,
) -> None:
    """Say in the ledger what no worker said."""
    watch, source = pair
    supplement = adds_depth(services, watch, source)
    with services.begin_work() as work:
        work.coverage.record(
            CoverageRow(
                watch_id=watch.id,
                source_id=source.id,
                platform=source.platform,
                window_start=window.start,
                window_end=window.end,
                observed_at=services.clock.now(),
                state=state,
                run_id=run_id,
                reason=reason,
                backfill=window.backfill,
                supplement=supplement,
            )
        )
        work.commit()


def _window_of(run_id: str, services: Services, planned: Window | None) -> Window:
    """Return what a dead run was to look at; when it did not come to begin, what it was started
    for: by default the newest hours.
    """
    now = services.clock.now()
    with services.begin_work() as work:
        run = work.crawls.run(run_id) if run_id else None
    if run is not None:
        return Window(run.window_start, run.window_end, run.backfill)
    return planned or Window(now - FRESH, now)
