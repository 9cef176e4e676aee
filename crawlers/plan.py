"""What a run sets out to ask, how each part of it ended, and what the ledger says of that. Pure.

A plan is a list of series: one query typed into one platform, or one page that is followed, for one
or more windows of event time. A series is a chain of pages; its tally travels along with the
request for the next page, and its outcome is written when the chain ends. One that came to the
platform's ceiling is split: further series ask for the parts of its window. All of it is JSON in
the frontier, so that a run that was killed goes on with its figures.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Any

from crawlers.windows import Window
from domain.coverage import CoverageRow, CoverageState
from domain.crawl import CrawlRun
from domain.spool import shortened

_WORST_FIRST = (CoverageState.BLOCKED, CoverageState.FAILED, CoverageState.PARTIAL)


@dataclass(frozen=True, slots=True)
class Series:
    """One query for some windows of the plan (their indexes), beginning at `url`. `part`: it speaks
    for this span of its one window only; an empty span says nothing, as others speak instead.
    """

    query: str
    windows: tuple[int, ...]
    url: str
    part: tuple[datetime, datetime] | None = None


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
        """Return the earliest start and the latest end of what a series asks for."""
        part = self.series[series].part
        if part is not None:
            return part
        windows = [self.windows[index] for index in self.series[series].windows]
        return min(w.start for w in windows), max(w.end for w in windows)

    def has_history(self, series: int) -> bool:
        """Whether a series looks for something older than the last look at the present."""
        return any(self.windows[index].backfill for index in self.series[series].windows)

    def after(self, series: int, split: "Split") -> "Plan":
        """Return the plan after a split: the series speaks for what it saw, and a new one at the
        end of the list for each part.
        """
        whole = self.series[series]
        _, end = self.span(series)
        seen = (min(split.seen_since or end, end), end)
        parts = (
            Series(whole.query, whole.windows, part.url, (part.start, part.end))
            for part in split.parts
        )
        before, behind = self.series[:series], self.series[series + 1 :]
        return replace(self, series=(*before, replace(whole, part=seen), *behind, *parts))

    def to_json(self) -> dict[str, object]:
        """Return the plan as JSON values, as it was before any split."""
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


@dataclass(frozen=True, slots=True)
class Part:
    """A span of event time that is asked for by itself, beginning at `url`."""

    start: datetime
    end: datetime
    url: str


@dataclass(frozen=True, slots=True)
class Split:
    """A series came to the platform's ceiling, and its window is asked for in parts.

    `tally` is what it brought; `seen_since`: everything from there on was seen, None: a ranked
    list, of which nobody knows what it left out.
    """

    parts: tuple[Part, ...]
    tally: Tally
    seen_since: datetime | None = None

    @property
    def outcome(self) -> Outcome:
        """How the series itself ended: well, for what it still speaks for."""
        return Outcome.seen(self.tally)

    def to_json(self) -> dict[str, object]:
        """Return the split as JSON values."""
        return {
            "parts": [[p.start.isoformat(), p.end.isoformat(), p.url] for p in self.parts],
            "tally": self.tally.to_json(),
            "seen_since": _iso(self.seen_since),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Split":
        """Read what `to_json` wrote."""
        return cls(
            tuple(
                Part(datetime.fromisoformat(start), datetime.fromisoformat(end), url)
                for start, end, url in value["parts"]
            ),
            Tally.from_json(value["tally"]),
            _time(value["seen_since"]),
        )


def coverage_rows(
    plan: Plan, outcomes: Mapping[int, Outcome], stop: Outcome, *, run: CrawlRun, now: datetime
) -> tuple[CoverageRow, ...]:
    """Return the ledger's entries of a run: one a window, two where only its newer part was seen,
    more where its parts were asked for one by one and ended differently.

    A series without an outcome was not looked at to its end: `stop` says why the run ended. A
    series over several windows is counted in the newest of them, so that figures add up. Where the
    store refused too much, nothing is ok (`domain.spool.shortened`).
    """
    rows: list[CoverageRow] = []
    for index, window in enumerate(plan.windows):
        own = [n for n, series in enumerate(plan.series) if series.windows[0] == index]
        uncounted = [number for number in own if number in outcomes]
        found: list[CoverageRow] = []
        for start, end in _spans(plan, index):
            members = _speaking(plan, index, start, end)
            ends = [outcomes.get(number, stop) for number in members] or [stop]
            counted = [n for n in uncounted if n in members or _says_nothing(plan.series[n])]
            uncounted = [n for n in uncounted if n not in counted]
            tally = NOTHING
            for number in counted:
                tally = tally.plus(outcomes[number].tally)
            span = replace(window, start=start, end=end)
            row = _row(run, span, worst(ends), tally, now, supplement=plan.supplement)
            dead = sum(each.tally.dead_lettered for each in ends)
            matched = sum(each.tally.matched for each in ends)
            found += [shortened(part, dead, matched) for part in _cut(row, ends)]
        rows += _joined(found)
    return tuple(rows)


def _spans(plan: Plan, index: int) -> Iterable[tuple[datetime, datetime]]:
    """The spans of a window, newest first, within which the same series speak."""
    window = plan.windows[index]
    parts = [s.part for s in plan.series if index in s.windows and s.part is not None]
    inside = {time for part in parts for time in part if window.start < time < window.end}
    edges = sorted({window.start, window.end, *inside}, reverse=True)
    return [(start, end) for end, start in pairwise(edges)] or [(window.start, window.end)]


def _speaking(plan: Plan, index: int, start: datetime, end: datetime) -> list[int]:
    """The series that speak for a span of a window."""
    return [
        number
        for number, series in enumerate(plan.series)
        if index in series.windows
        and (series.part is None or (series.part[0] <= start and end <= series.part[1]))
    ]


def _says_nothing(series: Series) -> bool:
    return series.part is not None and series.part[0] >= series.part[1]


def _joined(rows: Sequence[CoverageRow]) -> list[CoverageRow]:
    """Make one entry of those that touch and say the same."""
    joined: list[CoverageRow] = []
    for row in rows:
        last = joined[-1] if joined else None
        says = (row.state, row.reason)
        if last is None or says != (last.state, last.reason) or not _touch(row, last):
            joined.append(row)
            continue
        joined[-1] = replace(
            last,
            window_start=min(row.window_start, last.window_start),
            window_end=max(row.window_end, last.window_end),
            pages=last.pages + row.pages,
            found=last.found + row.found,
            matched=last.matched + row.matched,
            new=last.new + row.new,
        )
    return joined


def _touch(one: CoverageRow, other: CoverageRow) -> bool:
    return one.window_end == other.window_start or other.window_end == one.window_start


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
