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
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO

from crawlers.services import Services
from crawlers.windows import FRESH, Window
from domain.brand import Source, Watch
from domain.coverage import CoverageRow, CoverageState
from domain.crawl import CrawlRun

GRACE = timedelta(seconds=10)
"""Between SIGTERM and SIGKILL."""
Progress = Callable[[Mapping[str, object]], None]


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """How a crawl ended. `state` None: it was not started, `reason` says why."""

    watch_id: str
    source_id: str
    state: CoverageState | None
    reason: str = ""
    run_id: str = ""
    pages: int = 0
    found: int = 0
    matched: int = 0
    new: int = 0


def launch(
    pair: tuple[Watch, Source],
    services: Services,
    *,
    progress: Progress | None = None,
    wall_clock: timedelta | None = None,
    stopping: threading.Event | None = None,
    grace: timedelta = GRACE,
    command: Sequence[str] = (sys.executable, "-m", "crawlers.worker"),
) -> RunOutcome:
    """Crawl a watch on a source in a process, and return when that process is gone.

    `progress` gets each event of the worker. `wall_clock` defaults to crawl.wall_clock. When
    `stopping` is set the worker is told to end, and the next run goes on where it was.
    """
    watch, source = pair
    limit = wall_clock if wall_clock is not None else services.settings.crawl.wall_clock
    # arguments are ids of our own configuration, no shell is involved
    process = subprocess.Popen(  # noqa: S603
        [*command, "--watch", watch.id, "--source", source.id],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    events = _Events(progress)
    try:
        in_time = _follow(process, events, limit, stopping)
        if not in_time:
            process.terminate()
            _follow(process, events, grace)
    finally:
        _end(process)
    stopped = stopping is not None and stopping.is_set()
    cut_off = None if in_time else "interrupted" if stopped else "wall_clock"
    return _outcome(watch, source, services, events, process.returncode, cut_off)


class _Events:
    """What the worker said so far."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._rest = b""
        self.last: dict[str, object] = {}
        self.end: dict[str, object] = {}

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
        if event.get("event") in {"ended", "error"}:
            self.end = event
        if self._progress is not None:
            self._progress(event)

    def number(self, name: str) -> int:
        """Return a figure of the last event that had it."""
        value = self.last.get(name)
        return value if isinstance(value, int) else 0


def _follow(
    process: subprocess.Popen[bytes],
    events: _Events,
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


def _end(process: subprocess.Popen[bytes]) -> None:
    """Leave nothing of the worker behind."""
    started = descendants(process.pid) if process.poll() is None else []
    for group_or_process, kill in ((process.pid, os.killpg), *((pid, os.kill) for pid in started)):
        with suppress(ProcessLookupError, PermissionError):
            kill(group_or_process, signal.SIGKILL)
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def descendants(pid: int) -> list[int]:
    """Return the processes that a process started, and those they started."""
    listing = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="],  # noqa: S607  # on every Linux and macOS, found by PATH
        capture_output=True,
        text=True,
        check=False,
    )
    children: dict[int, list[int]] = {}
    for line in listing.stdout.splitlines():
        child, parent = (int(part) for part in line.split())
        children.setdefault(parent, []).append(child)
    found: list[int] = []
    waiting = [pid]
    while waiting:
        born = children.get(waiting.pop(), [])
        found += born
        waiting += born
    return found


def _outcome(
    watch: Watch,
    source: Source,
    services: Services,
    events: _Events,
    code: int,
    cut_off: str | None,
) -> RunOutcome:
    said = events.end
    if said.get("event") == "error" and said.get("reason") == "already_running":
        return RunOutcome(watch.id, source.id, None, "already_running")
    state, reason = CoverageState.FAILED, cut_off or _reason(code)
    run_id = str(events.last.get("run", ""))
    if said.get("event") == "ended" and not cut_off:
        state, reason = CoverageState(str(said["state"])), str(said["reason"])
    else:
        _write_ledger(watch, source, services, run_id, reason)
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
    )


def _reason(code: int) -> str:
    return "killed" if code < 0 else f"exit_{code}"


def _write_ledger(
    watch: Watch, source: Source, services: Services, run_id: str, reason: str
) -> None:
    """Say in the ledger that a worker died; its run stays open for the next one to take over."""
    now = services.clock.now()
    with services.begin_work() as work:
        run = work.crawls.run(run_id) if run_id else None
        window = _window_of(run, now)
        work.coverage.record(
            CoverageRow(
                watch_id=watch.id,
                source_id=source.id,
                platform=source.platform,
                window_start=window.start,
                window_end=window.end,
                observed_at=now,
                state=CoverageState.FAILED,
                run_id=run_id or f"not-started-{now:%Y%m%dT%H%M%S}",
                reason=reason,
            )
        )
        work.commit()


def _window_of(run: CrawlRun | None, now: datetime) -> Window:
    return Window(run.window_start, run.window_end) if run else Window(now - FRESH, now)
