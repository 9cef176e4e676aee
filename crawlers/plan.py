"""What a run sets out to ask, how each part of it ended, and what the ledger says of that. Pure.

A plan is a list of series: one query typed into one platform, for one or more windows of event
time. A series is a chain of pages; its tally travels along with the request for the next page, and
its outcome is written when the chain ends. All of it is JSON in the frontier, so that a run that
was killed goes on with its figures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from crawlers.windows import Window
from domain.coverage import CoverageRow, CoverageState
from domain.crawl import CrawlRun
from domain.spool import shortened

_WORST_FIRST = (CoverageState.BLOCKED, CoverageState.FAILED, CoverageState.PARTIAL)


@dataclass(frozen=True, slots=True)
class Series:
    """One query for some windows of the plan (their indexes), beginning at `url`."""

    query: str
    windows: tuple[int, ...]
    url: str


@dataclass(frozen=True, slots=True)
class Plan:
    """All series of a run. `known_before`: when the last complete look was made; what was stored
    by then was seen together with everything older, so a page of nothing else ends a series.
    `supplement`: the run adds depth, and makes no hour known.
    """

    windows: tuple[Window, ...]
    series: tuple[Series, ...]
    known_before: datetime | None = None
    supplement: bool = False

    def span(self, series: int) -> tuple[datetime, datetime]:
        """Return the earliest start and the latest end of a series' windows."""
        windows = [self.windows[index] for index in self.series[series].windows]
        return min(w.start for w in windows), max(w.end for w in windows)

    def has_history(self, series: int) -> bool:
        """Whether a series looks for something older than the last look at the present."""
        return any(self.windows[index].backfill for index in self.series[series].windows)

    def to_json(self) -> dict[str, object]:
        """Return the plan as JSON values."""
        return {
            "windows": [
                {"start": w.start.isoformat(), "end": w.end.isoformat(), "backfill": w.backfill}
                for w in self.windows
            ],
            "series": [
                {"query": s.query, "windows": list(s.windows), "url": s.url} for s in self.series
            ],
            "known_before": _iso(self.known_before),
            "supplement": self.supplement,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Plan":
        """Read what `to_json` wrote."""
        return cls(
            windows=tuple(
                Window(
                    datetime.fromisoformat(w["start"]),
                    datetime.fromisoformat(w["end"]),
                    bool(w["backfill"]),
                )
                for w in value["windows"]
            ),
            series=tuple(
                Series(s["query"], tuple(s["windows"]), s["url"]) for s in value["series"]
            ),
            known_before=_time(value["known_before"]),
            supplement=value.get("supplement", False),  # a run that an older program began
        )


@dataclass(frozen=True, slots=True)
class Tally:
    """What a series brought so far. `oldest`: the earliest time seen on its pages;
    `dead_lettered`: how many of the matched ones the store refused.
    """

    pages: int = 0
    found: int = 0
    matched: int = 0
    new: int = 0
    oldest: datetime | None = None
    dead_lettered: int = 0

    def plus(self, other: "Tally") -> "Tally":
        """Return both together."""
        times = [time for time in (self.oldest, other.oldest) if time is not None]
        return Tally(
            self.pages + other.pages,
            self.found + other.found,
            self.matched + other.matched,
            self.new + other.new,
            min(times, default=None),
            self.dead_lettered + other.dead_lettered,
        )

    def to_json(self) -> dict[str, object]:
        """Return the tally as JSON values."""
        return {
            "pages": self.pages,
            "found": self.found,
            "matched": self.matched,
            "new": self.new,
            "oldest": _iso(self.oldest),
            "dead_lettered": self.dead_lettered,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Tally":
        """Read what `to_json` wrote."""
        return cls(
            value["pages"],
            value["found"],
            value["matched"],
            value["new"],
            _time(value["oldest"]),
            value.get("dead_lettered", 0),  # a run that an older program began
        )


NOTHING = Tally()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a series ended. `complete_since`: everything from there on was seen; None: all of it,
    back to the beginning of its windows.
    """

    state: CoverageState
    reason: str = ""
    tally: Tally = NOTHING
    complete_since: datetime | None = None

    @classmethod
    def seen(cls, tally: Tally) -> "Outcome":
        """The series was read to its end; without anything on it, it is empty, not ok."""
        return cls(CoverageState.OK if tally.found else CoverageState.EMPTY, tally=tally)

    def to_json(self) -> dict[str, object]:
        """Return the outcome as JSON values."""
        return {
            "state": self.state.value,
            "reason": self.reason,
            "tally": self.tally.to_json(),
            "complete_since": _iso(self.complete_since),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Outcome":
        """Read what `to_json` wrote."""
        return cls(
            CoverageState(value["state"]),
            value["reason"],
            Tally.from_json(value["tally"]),
            _time(value["complete_since"]),
        )


def coverage_rows(
    plan: Plan, outcomes: Mapping[int, Outcome], stop: Outcome, *, run: CrawlRun, now: datetime
) -> tuple[CoverageRow, ...]:
    """Return the ledger's entries of a run: one a window, two where only its newer part was seen.

    A series without an outcome was not looked at to its end: `stop` says why the run ended. A
    series over several windows is counted in the newest of them, so that figures add up. Where the
    store refused too much, nothing is ok (`domain.spool.shortened`).
    """
    rows: list[CoverageRow] = []
    for index, window in enumerate(plan.windows):
        members = [n for n, series in enumerate(plan.series) if index in series.windows]
        ends = [outcomes.get(number, stop) for number in members] or [stop]
        tally = NOTHING
        for number in members:
            if plan.series[number].windows[0] == index and number in outcomes:
                tally = tally.plus(outcomes[number].tally)
        row = _row(run, window, worst(ends), tally, now, supplement=plan.supplement)
        dead = sum(end.tally.dead_lettered for end in ends)
        matched = sum(end.tally.matched for end in ends)
        rows += [shortened(part, dead, matched) for part in _cut(row, ends)]
    return tuple(rows)


def worst(ends: Sequence[Outcome]) -> Outcome:
    """Return the outcome that speaks for several: the worst one; ok when any brought something."""
    for state in _WORST_FIRST:
        for end in ends:
            if end.state is state:
                return end
    return next((end for end in ends if end.state is CoverageState.OK), ends[0])


def _row(
    run: CrawlRun, window: Window, end: Outcome, tally: Tally, now: datetime, *, supplement: bool
) -> CoverageRow:
    return CoverageRow(
        watch_id=run.watch_id,
        source_id=run.source_id,
        platform=run.platform,
        window_start=window.start,
        window_end=window.end,
        observed_at=now,
        state=end.state,
        run_id=run.id,
        pages=tally.pages,
        found=tally.found,
        matched=tally.matched,
        new=tally.new,
        reason=end.reason,
        backfill=window.backfill,
        supplement=supplement,
    )


def _cut(row: CoverageRow, ends: Sequence[Outcome]) -> list[CoverageRow]:
    """Where only a ceiling stood in the way, the part above it was seen and is said to be ok."""
    since = max((end.complete_since for end in ends if end.complete_since), default=None)
    if row.state is not CoverageState.PARTIAL or since is None:
        return [row]
    if since <= row.window_start:
        return [replace(row, state=CoverageState.OK, reason="")]
    if since >= row.window_end:
        return [row]
    below = replace(row, window_end=since, pages=0, found=0, matched=0, new=0)
    return [below, replace(row, window_start=since, state=CoverageState.OK, reason="")]


def _iso(time: datetime | None) -> str | None:
    return time.isoformat() if time else None


def _time(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None
