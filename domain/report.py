"""The weekly and the daily report (周报, 日报): what it counts, its states, who wrote what.

A report's figures are a `Snapshot`: read once, stored as a document, rendered from it alone. So the
same report gives the same numbers whenever and however it is rendered. Each count keeps the `Query`
that gave it, which opens the posts behind it and shows later what has changed since.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from domain.brand import Level
from domain.case import CaseState
from domain.clocks import ClockName
from domain.coverage import CoverageState
from domain.mention import Platform
from domain.queries import MentionFilter, Summary
from domain.sentiment import Label
from domain.signal import Rule, SignalState, TopPost

_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)


class ReportKind(StrEnum):
    """An ISO week (Monday to Sunday), or one day, of the business zone."""

    WEEK = "week"
    DAY = "day"

    @property
    def length(self) -> timedelta:
        """Its length on the calendar."""
        return _WEEK if self is ReportKind.WEEK else _DAY


class ReportState(StrEnum):
    """草稿 → 已审 → 已发. From 已审 on the snapshot is frozen; editing goes back to 草稿."""

    DRAFT = "draft"
    REVIEWED = "reviewed"
    SENT = "sent"


@dataclass(frozen=True, slots=True)
class Period:
    """Local midnight to local midnight, `start` ≤ t < `end` (aware, UTC), in `zone_name`."""

    kind: ReportKind
    start: datetime
    end: datetime
    zone_name: str

    @classmethod
    def holding(cls, kind: ReportKind, day: date, zone: ZoneInfo) -> "Period":
        """Return the day, or the ISO week that holds it."""
        first = day - timedelta(days=day.weekday()) if kind is ReportKind.WEEK else day
        return cls(kind, _midnight(first, zone), _midnight(first + kind.length, zone), zone.key)

    @property
    def zone(self) -> ZoneInfo:
        """The business zone."""
        return ZoneInfo(self.zone_name)

    @property
    def first_day(self) -> date:
        """Its first local day."""
        return self.start.astimezone(self.zone).date()

    @property
    def last_day(self) -> date:
        """Its last local day."""
        return self.first_day + self.kind.length - _DAY

    @property
    def code(self) -> str:
        """`2026-W47`, `2026-11-20`: the ISO name of the week or day."""
        year, week, _ = self.first_day.isocalendar()
        return f"{year}-W{week:02}" if self.kind is ReportKind.WEEK else self.first_day.isoformat()

    def days(self) -> tuple[tuple[datetime, datetime], ...]:
        """Return start and end of each of its local days."""
        count = self.kind.length // _DAY
        edges = [_midnight(self.first_day + _DAY * n, self.zone) for n in range(count + 1)]
        return tuple(pairwise(edges))

    def back(self, periods: int) -> "Period":
        """Return the period of the same kind that lies so many before this one."""
        return Period.holding(self.kind, self.first_day - self.kind.length * periods, self.zone)


@dataclass(frozen=True, slots=True)
class Query:
    """The frozen question behind a count; the same fields as `MentionFilter`, in a stored form."""

    brand_id: str
    start: datetime
    end: datetime
    platforms: tuple[Platform, ...] = ()
    labels: tuple[Label, ...] = ()
    words: tuple[str, ...] = ()

    def as_filter(self) -> MentionFilter:
        """Return it as a store is asked."""
        return MentionFilter(
            brand_id=self.brand_id,
            start=self.start,
            end=self.end,
            platforms=frozenset(self.platforms),
            labels=frozenset(self.labels),
            words=self.words,
        )


@dataclass(frozen=True, slots=True)
class Tally:
    """What a query gave: all voices, and those judged by label. `total` may be more than the sum:
    the rest was not judged yet. Shares are of `total`, as on every page.
    """

    query: Query
    total: int
    negative: int = 0
    neutral: int = 0
    positive: int = 0
    interactions: int = 0

    @classmethod
    def counted(cls, query: Query, found: Summary) -> "Tally":
        """Return what a store found for a query."""
        negative, neutral, positive = (found.by_label.get(label, 0) for label in Label)
        return cls(query, found.count, negative, neutral, positive, found.interactions)

    @property
    def judged(self) -> int:
        """How many have a label."""
        return self.negative + self.neutral + self.positive

    @property
    def negative_share(self) -> float | None:
        """Negatives of all, 0 to 1; None where nothing was said."""
        return self.share(Label.NEGATIVE)

    def of(self, label: Label) -> int:
        """Return the count of a label."""
        return {
            Label.NEGATIVE: self.negative,
            Label.NEUTRAL: self.neutral,
            Label.POSITIVE: self.positive,
        }[label]

    def share(self, label: Label) -> float | None:
        """A label's part of all, 0 to 1; None where nothing was said."""
        return self.of(label) / self.total if self.total else None


@dataclass(frozen=True, slots=True)
class Watched:
    """How much of a span was looked at: `known` of `hours` platform hours that lie in the past."""

    hours: int
    known: int

    @property
    def share(self) -> float:
        """0 to 1; a span that has not begun is 0."""
        return self.known / self.hours if self.hours else 0.0

    @property
    def has_gap(self) -> bool:
        """Whether something of what has passed was not looked at."""
        return self.known < self.hours

    @property
    def unread(self) -> bool:
        """Whether nothing at all was looked at."""
        return self.known == 0


COMPARABLE: float = 0.9
"""From this watched share on, a past period is something to compare with."""


@dataclass(frozen=True, slots=True)
class PastPeriod:
    """An earlier period, to compare with."""

    tally: Tally
    watched: Watched

    @property
    def is_comparable(self) -> bool:
        """Whether enough of it was looked at."""
        return self.watched.share >= COMPARABLE


@dataclass(frozen=True, slots=True)
class Day:
    """One local day."""

    start: datetime
    end: datetime
    tally: Tally
    watched: Watched


@dataclass(frozen=True, slots=True)
class PlatformLine:
    """One platform in the period and in the one before."""

    platform: Platform
    tally: Tally
    before: Tally
    watched: Watched


@dataclass(frozen=True, slots=True)
class Mark:
    """An event on the time axis: a signal that opened."""

    at: datetime
    signal_id: str
    level: Level


@dataclass(frozen=True, slots=True)
class Topic:
    """What many spoke about: the mentions that hold `word`; `companions` often stand beside it."""

    word: str
    companions: tuple[str, ...]
    tally: Tally
    before: int
    first_at: datetime
    last_at: datetime
    first_post: TopPost
    views: tuple[TopPost, ...]
    near_copies: int = 0


@dataclass(frozen=True, slots=True)
class NegativePost:
    """A negative post of reach, with the signal and the case that deal with it, if any."""

    post: TopPost
    level: Level | None = None
    signal_id: str | None = None
    case_id: str | None = None
    case_state: CaseState | None = None


@dataclass(frozen=True, slots=True)
class HeatCell:
    """Mentions of an hour of the week (`weekday` 0 Monday, `hour` 0 to 23, local), summed."""

    weekday: int
    hour: int
    count: int
    known: bool


@dataclass(frozen=True, slots=True)
class SignalLine:
    """A signal of the period. `to_acknowledge`: from its opening to a person who took it; `late`:
    that took, or has taken, longer than its level allows.
    """

    id: str
    rule: Rule
    level: Level
    state: SignalState
    opened_at: datetime
    closed_at: datetime | None
    observed: int
    mean: float | None
    to_acknowledge: timedelta | None = None
    late: bool = False
    false_alarm: bool = False


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A case of the period; spans are None where that has not come yet.

    `owner` is a name of ours. `to_triage` until somebody took it, `to_respond` until the first
    answer in public. `met` and `missed` count its clocks that ended in time, or ran out; `overdue`
    are those of them that are still owed.
    """

    id: str
    title: str
    level: Level
    state: CaseState
    opened_at: datetime
    closed_at: datetime | None = None
    owner: str = ""
    to_triage: timedelta | None = None
    to_respond: timedelta | None = None
    met: int = 0
    missed: int = 0
    overdue: tuple[ClockName, ...] = ()
    signal_ids: tuple[str, ...] = ()
    mention_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Handling:
    """What was done: the signals that opened in the period; the cases that opened or ended in it,
    or were still open at its end. Cases about security are not told of.
    """

    signals: tuple[SignalLine, ...] = ()
    cases: tuple[CaseLine, ...] = ()

    @property
    def closed(self) -> tuple[CaseLine, ...]:
        """The cases that ended."""
        return tuple(case for case in self.cases if case.closed_at is not None)

    @property
    def still_open(self) -> tuple[CaseLine, ...]:
        """The cases that wait for something."""
        return tuple(case for case in self.cases if case.closed_at is None)

    @property
    def overdue(self) -> tuple[CaseLine, ...]:
        """The cases with a clock that ran out and is still owed."""
        return tuple(case for case in self.cases if case.overdue)

    @property
    def in_time(self) -> float | None:
        """The part of all clocks that ended in time (时限达成率); None where none ended."""
        met, missed = sum(c.met for c in self.cases), sum(c.missed for c in self.cases)
        return met / (met + missed) if met + missed else None

    @property
    def false_alarms(self) -> float | None:
        """The part of the signals that were none; None without signals."""
        count = sum(line.false_alarm for line in self.signals)
        return count / len(self.signals) if self.signals else None

    def opened_in(self, period: Period) -> tuple[CaseLine, ...]:
        """The cases that opened in the period."""
        return tuple(c for c in self.cases if period.start <= c.opened_at < period.end)

    def to_triage(self) -> timedelta | None:
        """The median time until somebody took a signal or case."""
        of_signals = [line.to_acknowledge for line in self.signals]
        return _median([*of_signals, *(case.to_triage for case in self.cases)])

    def to_respond(self) -> timedelta | None:
        """The median time until the first answer."""
        return _median([case.to_respond for case in self.cases])

    def to_close(self) -> timedelta | None:
        """The median time from opening to end."""
        return _median([c.closed_at - c.opened_at for c in self.cases if c.closed_at])


@dataclass(frozen=True, slots=True)
class Judging:
    """Who judged sentiment: by model id and by people, and how often people agreed with it.

    `looked_at` are the judgements a person confirmed or changed, `agreed` those left as the model
    had them; both 0 as long as nobody noted any. Of these `sampled` were drawn at random and judged
    unseen, which alone tells of all mentions; `sampled_low` and `sampled_high` bound the part that
    agreed (95 %), None where there are too few.
    """

    models: tuple[tuple[str, int], ...] = ()
    by_person: int = 0
    looked_at: int = 0
    agreed: int = 0
    sampled: int = 0
    sampled_agreed: int = 0
    sampled_low: float | None = None
    sampled_high: float | None = None


@dataclass(frozen=True, slots=True)
class SourceDay:
    """A source on a day: looks, how many of them read all, how the worst ended (None: there were
    none), and the newest reason of those that did not.
    """

    source_id: str
    platform: Platform
    start: datetime
    looks: int
    good: int
    worst: CoverageState | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class WatchLine:
    """A watch as it held when the snapshot was taken."""

    name: str
    queries: tuple[str, ...]
    words: tuple[str, ...]
    without: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything a report tells that is counted or quoted; nothing of it changes with rendering.

    `past` are the periods before (four weeks, or seven days), the newest first. `data_until` is
    the moment up to which the period had passed when it was read.
    """

    brand_id: str
    brand_name: str
    period: Period
    taken_at: datetime
    data_until: datetime
    configuration_version: int
    platforms: tuple[Platform, ...]
    tally: Tally
    watched: Watched
    past: tuple[PastPeriod, ...]
    days: tuple[Day, ...]
    lines: tuple[PlatformLine, ...]
    heat: tuple[HeatCell, ...] = ()
    marks: tuple[Mark, ...] = ()
    peak_words: tuple[str, ...] = ()
    topics: tuple[Topic, ...] = ()
    negatives: tuple[NegativePost, ...] = ()
    handling: Handling = Handling()
    judging: Judging = Judging()
    authors: int = 0
    near_copies: int = 0
    watches: tuple[WatchLine, ...] = ()
    sources: tuple[SourceDay, ...] = ()
    demo: bool = False

    @property
    def before(self) -> PastPeriod | None:
        """The period before, when enough of it was looked at to compare with."""
        newest = self.past[0] if self.past else None
        return newest if newest and newest.is_comparable else None

    @property
    def usual(self) -> tuple[PastPeriod, ...]:
        """The past periods that can be averaged."""
        return tuple(past for past in self.past if past.is_comparable)

    @property
    def usual_total(self) -> float | None:
        """The mean of the comparable past totals; None where there is none."""
        return _mean([past.tally.total for past in self.usual])

    @property
    def usual_negative(self) -> float | None:
        """The mean of the comparable past negatives; None where there is none."""
        return _mean([past.tally.negative for past in self.usual])

    @property
    def peak(self) -> Day | None:
        """The loudest day; None where nothing was said."""
        loudest = max(self.days, key=lambda day: day.tally.total, default=None)
        return loudest if loudest and loudest.tally.total else None

    @property
    def days_with_gap(self) -> tuple[Day, ...]:
        """The days that were not looked at as a whole."""
        return tuple(day for day in self.days if day.watched.has_gap)

    @property
    def level(self) -> Level | None:
        """The most serious level of the period's signals and cases; None when it was calm."""
        of_cases = [case.level for case in self.handling.cases]
        levels = [line.level for line in self.handling.signals if not line.false_alarm] + of_cases
        return min(levels, key=lambda level: level.rank, default=None)


@dataclass(frozen=True, slots=True)
class Proposal:
    """One thing to do, by whom and until when; `due` is what was typed."""

    text: str
    owner: str = ""
    due: str = ""


@dataclass(frozen=True, slots=True)
class Edits:
    """What people wrote. An empty `overview` leaves the one that the system drafts."""

    overview: str = ""
    assessment: str = ""
    proposals: tuple[Proposal, ...] = ()

    @property
    def has_assessment(self) -> bool:
        """Whether section 9 says anything."""
        return bool(self.assessment.strip() or any(p.text.strip() for p in self.proposals))


@dataclass(frozen=True, slots=True)
class Report:
    """One report. `id` is `R-2026-W47-BRAND`: one a kind, period and brand, however often it is
    asked for. `editor_ids` wrote the words as they stand; none of them may review. `recipients` are
    the addresses it went to.
    """

    id: str
    snapshot: Snapshot
    created_at: datetime
    state: ReportState = ReportState.DRAFT
    edits: Edits = Edits()
    editor_ids: tuple[str, ...] = ()
    reviewer_id: str = ""
    reviewer_name: str = ""
    maker_name: str = ""
    reviewed_at: datetime | None = None
    sent_at: datetime | None = None
    recipients: tuple[str, ...] = ()
    version: int = 0

    @property
    def kind(self) -> ReportKind:
        """Weekly or daily."""
        return self.snapshot.period.kind


def report_id(period: Period, brand_id: str) -> str:
    """Return the id of the report of a period and brand, `R-2026-W47-yunzhan`."""
    return f"R-{period.code}-{brand_id}"


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure that a new computation gives otherwise; `path` is `days[2].tally.negative`."""

    path: str
    frozen: str
    now: str


_NOT_COMPARED = frozenset({"taken_at", "data_until", "query"})


def differences(frozen: Snapshot, now: Snapshot) -> tuple[Difference, ...]:
    """Return what differs between a frozen snapshot and one that was computed again."""
    return tuple(_differences("", frozen, now))


def _differences(path: str, old: Any, new: Any) -> list[Difference]:
    if is_dataclass(old) and type(old) is type(new):
        parts = [f.name for f in fields(old) if f.name not in _NOT_COMPARED]
        return _each(path, ".", [(n, getattr(old, n), getattr(new, n)) for n in parts])
    if isinstance(old, Mapping) and isinstance(new, Mapping) and old.keys() == new.keys():
        return _each(path, ".", [(str(key), old[key], new[key]) for key in old])
    if isinstance(old, tuple) and isinstance(new, tuple) and len(old) == len(new):
        pairs = zip(old, new, strict=True)
        return [d for n, (a, b) in enumerate(pairs) for d in _differences(f"{path}[{n}]", a, b)]
    return [] if old == new else [Difference(path, _shown(old), _shown(new))]


def _each(path: str, joint: str, parts: list[tuple[str, Any, Any]]) -> list[Difference]:
    prefix = f"{path}{joint}" if path else ""
    return [d for name, a, b in parts for d in _differences(prefix + name, a, b)]


def _shown(value: Any) -> str:
    return f"{len(value)} ×" if isinstance(value, tuple) else str(value)


def _median(spans: list[timedelta | None]) -> timedelta | None:
    known = [span.total_seconds() for span in spans if span is not None]
    return timedelta(seconds=median(known)) if known else None


def _mean(values: list[int]) -> float | None:
    return sum(values) / len(values) if values else None


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone).astimezone(UTC)
