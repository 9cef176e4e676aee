"""Which spans of event time a run looks at: the newest hours first, then what is still missing."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.coverage import KNOWN_STATES, CoverageRow, CoverageState
from domain.times import CHINA

FRESH = timedelta(hours=3)
"""Older than this is history: it feeds the baseline and never alerts."""
OVERLAP = timedelta(hours=1)
"""Platforms index some posts late, so each look begins a little before the last one ended."""
LOOKED = KNOWN_STATES | {CoverageState.PARTIAL}
"""Ends of a look after which asking again would bring the same: a ceiling stays a ceiling."""


@dataclass(frozen=True, slots=True)
class Window:
    """A span of event time, start ≤ t < end (aware, UTC)."""

    start: datetime
    end: datetime
    backfill: bool = False


def plan_windows(
    rows: Iterable[CoverageRow], *, now: datetime, backfill: timedelta
) -> tuple[Window, ...]:
    """Return the newest window, then the spans within `backfill` that were never looked at.

    `rows` are the ledger's entries of one watch on one source. The newest window begins where the
    last look ended minus OVERLAP, but at most FRESH ago. A blocked or failed look leaves its span
    open, so the next run asks again.
    """
    looked = _joined(rows)
    last = max((end for _, end in looked if end <= now), default=None)
    horizon = now - max(backfill, FRESH)
    start = max(now - FRESH, last - OVERLAP if last else now - FRESH)
    history = [
        Window(max(since - OVERLAP, horizon) if since > horizon else since, until, backfill=True)
        for since, until in _gaps(looked, horizon, start)
    ]
    return (Window(start, now), *reversed(history))


def by_day(window: Window) -> Iterator[Window]:
    """Cut a window at the midnights of China, newest day first."""
    return _cut(window, lambda at: (at + timedelta(days=1)).replace(hour=0))


def by_hour(window: Window) -> Iterator[Window]:
    """Cut a window at the full hours of China, newest hour first."""
    return _cut(window, lambda at: at + timedelta(hours=1))


def _cut(window: Window, following: Callable[[datetime], datetime]) -> Iterator[Window]:
    parts = []
    start = window.start
    while start < window.end:
        edge = following(start.astimezone(CHINA)).replace(minute=0, second=0, microsecond=0)
        end = min(edge.astimezone(start.tzinfo), window.end)
        parts.append(Window(start, end, window.backfill))
        start = end
    return reversed(parts)


def last_look(rows: Iterable[CoverageRow]) -> datetime | None:
    """Return when the newest complete look at the present was made, None without one."""
    known = [r.observed_at for r in rows if r.state in KNOWN_STATES and not r.backfill]
    return max(known, default=None)


def _joined(rows: Iterable[CoverageRow]) -> list[tuple[datetime, datetime]]:
    spans: list[tuple[datetime, datetime]] = []
    for start, end in sorted((r.window_start, r.window_end) for r in rows if r.state in LOOKED):
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return spans


def _gaps(
    looked: list[tuple[datetime, datetime]], since: datetime, until: datetime
) -> Iterator[tuple[datetime, datetime]]:
    for start, end in looked:
        if since < min(start, until):
            yield since, min(start, until)
        since = max(since, end)
    if since < until:
        yield since, until
