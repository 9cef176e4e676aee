"""The coverage ledger (覆盖): what was looked at, when, and with what result.

Nobody said anything and we could not look never look alike: an hour counts as *known* for a watch
and a platform only when windows that ended `ok` or `empty` cover all of it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.mention import Platform


class CoverageState(StrEnum):
    """How a look ended."""

    OK = "ok"
    PARTIAL = "partial"
    EMPTY = "empty"
    BLOCKED = "blocked"
    FAILED = "failed"


KNOWN_STATES = frozenset({CoverageState.OK, CoverageState.EMPTY})
_SPEAKS_FIRST = (
    CoverageState.BLOCKED,
    CoverageState.FAILED,
    CoverageState.PARTIAL,
    CoverageState.OK,
)


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """One entry of the ledger.

    `window_start` ≤ t < `window_end` is the span of event time that the look covers (aware, UTC).
    `found` mentions stood on the pages, `matched` passed the watch, `new` were not known before.
    `reason` is a short code ("" when ok): `login_wall`, `browser_missing`,
    `layout_changed:created_at`, `result_ceiling`, `robots`, `timeout`, … ; `backfill` marks a look
    at history, which feeds the baseline and never alerts; `supplement` one that adds depth to what
    is known another way (a hot list, a followed page beside the search): it makes no hour known.
    `assessment_id` names the signed sheet under which the look opened what robots.txt forbids, ""
    where it opened nothing of the kind.
    """

    watch_id: str
    source_id: str
    platform: Platform
    window_start: datetime
    window_end: datetime
    observed_at: datetime
    state: CoverageState
    run_id: str
    pages: int = 0
    found: int = 0
    matched: int = 0
    new: int = 0
    reason: str = ""
    backfill: bool = False
    supplement: bool = False
    assessment_id: str = ""


def of_the_present(rows: Iterable[CoverageRow]) -> tuple[CoverageRow, ...]:
    """Return the entries of looks at the present: what tells how a source stands now. A person may
    read a range of the past by itself, which says nothing of that.
    """
    return tuple(row for row in rows if not row.backfill)


def looking_began(rows: Sequence[CoverageRow]) -> datetime:
    """Return the moment from which on a watch looks at a platform: where the earliest look began of
    a run that read the present, with the history that its first run reads. A range of the past that
    a person reads by itself moves no beginning; where there is nothing else, it is one.

    `rows` are the watch's on the platform, one at least.
    """
    runs = {row.run_id for row in of_the_present(rows)}
    own = [row.window_start for row in rows if row.run_id in runs]
    return min(own or [row.window_start for row in rows])


def of_the_whole(rows: Iterable[CoverageRow]) -> tuple[CoverageRow, ...]:
    """Return the entries that say what is known of a platform: all but the supplements."""
    return tuple(row for row in rows if not row.supplement)


def run_result(rows: Sequence[CoverageRow]) -> tuple[CoverageState, str]:
    """Return the state and reason of a whole run from its entries: the worst one; ok when any
    brought something.
    """
    for state in _SPEAKS_FIRST:
        for row in rows:
            if row.state is state:
                return row.state, row.reason
    return rows[0].state, rows[0].reason


@dataclass(frozen=True, slots=True)
class Interval:
    """A half-open span of time, start ≤ t < end."""

    start: datetime
    end: datetime

    def covers(self, start: datetime, end: datetime) -> bool:
        """Whether the whole of start..end lies inside."""
        return self.start <= start and end <= self.end


def known_intervals(rows: Iterable[CoverageRow]) -> tuple[Interval, ...]:
    """Return the disjoint, sorted spans that `ok` and `empty` windows cover, touching ones joined.
    Supplements are left out: a forum that was read is not the platform that was searched.
    """
    return looked_at(of_the_whole(rows))


def looked_at(rows: Iterable[CoverageRow]) -> tuple[Interval, ...]:
    """Return the spans that `ok` and `empty` windows cover, those of supplements, too: what one
    source saw, which is no knowledge of the platform.
    """
    spans = sorted(
        (row.window_start, row.window_end)
        for row in rows
        if row.state in KNOWN_STATES and row.window_start < row.window_end
    )
    joined: list[tuple[datetime, datetime]] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(Interval(start, end) for start, end in joined)


def holes(spans: Iterable[Interval], start: datetime, end: datetime) -> Iterable[Interval]:
    """Return the parts of start..end that lie in none of the spans, which are disjoint and
    sorted.
    """
    at = start
    for span in spans:
        if span.end <= at:
            continue
        if span.start >= end:
            break
        if span.start > at:
            yield Interval(at, span.start)
        at = span.end
    if at < end:
        yield Interval(at, end)


def why_unread(rows: Iterable[CoverageRow], hole: Interval) -> str:
    """Return the reason code of the newest look into a hole that failed, or stopped before it; ""
    when nobody looked there.
    """
    failed = [
        row
        for row in rows
        if row.state not in KNOWN_STATES
        and row.window_start < hole.end
        and row.window_end > hole.start
    ]
    newest = max(failed, key=lambda row: row.observed_at, default=None)
    return newest.reason if newest else ""


def is_known(intervals: Iterable[Interval], start: datetime, end: datetime) -> bool:
    """Whether start..end lies wholly inside one known span."""
    return any(interval.covers(start, end) for interval in intervals)
