"""The first screen (总览): does anything burn? One view of a brand in a span, read in one go.

Counts come from the store's rollups, the band and the threshold from the detector's own records
(`Evaluation`), so the screen and the alarm cannot disagree.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from domain.brand import Brand, Configuration, Level
from domain.case import CaseQuery, CaseState
from domain.mention import Flag, Mention, Platform
from domain.ports import BeginWork, MentionStore
from domain.queries import Bucket, MentionFilter, Sort, TimelinePoint
from domain.sentiment import Judge, Label
from domain.signal import Evaluation, Figures, Signal, SignalState
from monitoring.hot_words import hot_words
from monitoring.periods import Period
from monitoring.sight import Gap, Sight
from monitoring.trust import Trust, read_trust
from monitoring.uncounted import read_uncounted
from presentation.charts import DAY, HOUR, Bin, SpikeMark, TermChange, bin_width

NEWEST = 5
RECENT_SIGNALS = 200
_ACTIVE = tuple(state for state in CaseState if state.is_active)
URGENT = frozenset({Level.RED, Level.ORANGE})

Counts = Mapping[Label, int]


@dataclass(frozen=True, slots=True)
class Tally:
    """Totals of a span."""

    total: int
    negative: int

    @property
    def negative_share(self) -> float | None:
        """0 to 1; None of nothing."""
        return self.negative / self.total if self.total else None


class Verdict(StrEnum):
    """What the first sentence says, most serious first."""

    BURNING = "burning"
    ALERTED = "alerted"
    BLIND = "blind"
    RAISED = "raised"
    CALM = "calm"


@dataclass(frozen=True, slots=True)
class Pulse:
    """Everything the screen shows. `before` is the span before, None when it was not fully seen.

    `expected` is the number of negatives that the detector's means add up to over the span, None
    where it judged less than half of it. `signals` are the brand's that are not closed, most
    serious first; `opened` those that began in the span and in the one before. `overdue` counts the
    brand's cases in which something should have happened by now. `uncounted` mentions are
    stored and in none of these figures, by the reason.
    """

    now: datetime
    brand: Brand
    period: Period
    tally: Tally
    before: Tally | None
    bins: tuple[Bin, ...]
    platforms: Mapping[Platform, Counts]
    marks: tuple[SpikeMark, ...]
    terms: tuple[TermChange, ...]
    newest_negative: tuple[Mention, ...]
    expected: float | None
    signals: tuple[Signal, ...]
    opened: tuple[int, int]
    gaps: tuple[Gap, ...]
    late: tuple[Platform, ...]
    is_blind: bool
    data_until: datetime | None
    models: tuple[str, ...]
    overdue: int
    trust: Trust
    uncounted: Mapping[Flag, int] = field(default_factory=dict)

    @property
    def waiting(self) -> tuple[Signal, ...]:
        """The signals nobody has taken yet."""
        return tuple(s for s in self.signals if s.state is SignalState.OPEN)

    @property
    def urgent(self) -> tuple[Signal, ...]:
        """The red and orange ones that are not over."""
        return tuple(s for s in self.signals if s.level in URGENT)

    @property
    def multiple(self) -> float | None:
        """How many times the expected negatives there were."""
        return self.tally.negative / self.expected if self.expected else None

    @property
    def gap_hours(self) -> float:
        """The hours of the platforms that were not seen, added up."""
        return sum(gap.hours for gap in self.gaps)

    @property
    def verdict(self) -> Verdict:
        """Whether anything burns. Calm only when it was seen to be."""
        if self.urgent:
            return Verdict.BURNING
        if self.signals:
            return Verdict.ALERTED
        if self.is_blind:
            return Verdict.BLIND
        # two times the usual without an alert: worth a word, and no "calm"
        return Verdict.RAISED if self.multiple and self.multiple >= 2 else Verdict.CALM


def read_pulse(
    store: MentionStore,
    begin_reading: BeginWork,
    *,
    brand: Brand,
    configuration: Configuration,
    period: Period,
    now: datetime,
    zone: ZoneInfo,
    review_below: int = 0,
) -> Pulse:
    """Read both stores; StoreUnavailable when one is away. `review_below`: the percent below which
    the model is not sure of a label.
    """
    watches = configuration.watches_of(brand.id)
    ids = [watch.id for watch in watches]
    previous = period.previous
    waiting = replace(_filter(brand, period), unsure_below=review_below)
    unsure = store.count(waiting) if review_below else 0
    with begin_reading() as work:
        rows = work.coverage.rows(ids, start=previous.start, end=now)
        judged = work.evaluations.between(*_judged_span(period), brand.id)
        overdue = work.cases.search(
            CaseQuery(states=_ACTIVE, brand_id=brand.id, due_before=now), limit=1
        ).total
        recent = [s for s in work.signals.recent(RECENT_SIGNALS) if s.brand_id == brand.id]
        trust = read_trust(work, period, now, unsure=unsure)
    sight = Sight(rows, configuration, watches, now)
    wanted = MentionFilter(brand_id=brand.id, start=period.start, end=period.end)
    width = bin_width(period.length)
    points = store.timeline(wanted, _bucket(width), day_offset=_offset(now, zone))
    hourly = _by_hour(judged)
    going = [s for s in recent if s.state is not SignalState.CLOSED]
    newest = store.search(
        _filter(brand, period, frozenset({Label.NEGATIVE})), sort=Sort.NEWEST, limit=NEWEST
    ).mentions
    tally = _tally(points)
    return Pulse(
        now=now,
        brand=brand,
        period=period,
        tally=tally,
        before=_before(store, brand, previous, sight),
        bins=tuple(_bins(points, period, width, zone, sight, hourly)),
        platforms=_platforms(points, sight.platforms),
        marks=tuple(_marks(recent, period)),
        terms=hot_words(
            store,
            begin_reading,
            brand=brand,
            configuration=configuration,
            period=period,
            now=now,
        ),
        newest_negative=newest,
        expected=_expected(hourly, period),
        signals=tuple(sorted(going, key=lambda s: (s.level.rank, s.opened_at))),
        opened=(_opened_in(recent, period), _opened_in(recent, previous)),
        gaps=sight.gaps(period.start, period.end),
        late=sight.late,
        is_blind=sight.is_blind,
        data_until=sight.data_until,
        overdue=overdue,
        models=_models(trust, newest, brand),
        trust=trust,
        uncounted=read_uncounted(store, wanted),
    )


def _models(trust: Trust, newest: Sequence[Mention], brand: Brand) -> tuple[str, ...]:
    """Return the models of the span, the newest first; before any run was noted, those of what is
    shown.
    """
    noted = tuple(dict.fromkeys(each.model_id for each in trust.stretches))
    judged = [j for m in newest if (j := m.sentiment_towards(brand.id))]
    return noted or tuple(sorted({j.model for j in judged if j.by is Judge.MODEL}))


def _filter(brand: Brand, period: Period, labels: frozenset[Label] = frozenset()) -> MentionFilter:
    return MentionFilter(brand_id=brand.id, start=period.start, end=period.end, labels=labels)


def _judged_span(period: Period) -> tuple[datetime, datetime]:
    """Hourly records are drawn up to a week; of longer spans only the newest are read."""
    if bin_width(period.length) == HOUR:
        return period.start, period.end
    return period.end - 2 * HOUR, period.end


def _bucket(width: timedelta) -> Bucket:
    return Bucket.DAY if width == DAY else Bucket.HOUR


def _offset(now: datetime, zone: ZoneInfo) -> timedelta:
    return now.astimezone(zone).utcoffset() or timedelta(0)


def _tally(points: Iterable[TimelinePoint]) -> Tally:
    total = negative = 0
    for point in points:
        total += point.count
        negative += point.count if point.label is Label.NEGATIVE else 0
    return Tally(total, negative)


def _before(store: MentionStore, brand: Brand, previous: Period, sight: Sight) -> Tally | None:
    if not sight.is_known(previous.start, previous.end):
        return None
    points = store.timeline(_filter(brand, previous), Bucket.HOUR)
    return _tally(points)


def _by_hour(judged: Iterable[Evaluation]) -> Mapping[datetime, Figures]:
    """Return the figures of the brand's own series by the start of the hour that they judge."""
    return {
        each.bin_end - HOUR: each.figures
        for each in judged
        if each.platform is None and each.bin_end.minute == 0 and each.figures.mean is not None
    }


def _bins(
    points: Sequence[TimelinePoint],
    period: Period,
    width: timedelta,
    zone: ZoneInfo,
    sight: Sight,
    hourly: Mapping[datetime, Figures],
) -> Iterable[Bin]:
    counts: dict[datetime, dict[Label, int]] = defaultdict(lambda: defaultdict(int))
    first = _floor(period.start, width, zone)
    for point in points:
        counts[_floor(point.start, width, zone)][point.label] += point.count
    at = first
    while at < period.end:
        figures = hourly.get(at) if width == HOUR else None
        band = figures.expected_band if figures else None
        yield Bin(
            start=at,
            end=at + width,
            counts=dict(counts.get(at, {})),
            known=sight.is_known(max(at, period.start), min(at + width, period.end)),
            mean=figures.mean if figures else None,
            low=band[0] if band else None,
            high=band[1] if band else None,
            threshold=_threshold(figures) if figures else None,
        )
        at += width


def _threshold(figures: Figures) -> float | None:
    """The count from which the hour would be unusual: mean + Z · max(spread, 1)."""
    if figures.mean is None or figures.spread is None or figures.threshold_z is None:
        return None
    return figures.mean + figures.threshold_z * max(figures.spread, 1.0)


def _floor(moment: datetime, width: timedelta, zone: ZoneInfo) -> datetime:
    """The start of the bin on the local clock: days at midnight, their quarters at 0, 6, 12, 18."""
    offset = moment.astimezone(zone).utcoffset() or timedelta(0)
    seconds = int(width.total_seconds())
    shift = int(offset.total_seconds())
    start = (int(moment.timestamp()) + shift) // seconds * seconds - shift
    return datetime.fromtimestamp(start, moment.tzinfo)


def _platforms(
    points: Iterable[TimelinePoint], watched: Sequence[Platform]
) -> Mapping[Platform, Counts]:
    counts: dict[Platform, dict[Label, int]] = {platform: {} for platform in watched}
    for point in points:
        by_label = counts.setdefault(point.platform, {})
        by_label[point.label] = by_label.get(point.label, 0) + point.count
    return counts


def _marks(signals: Iterable[Signal], period: Period) -> Iterable[SpikeMark]:
    for signal in signals:
        if period.start <= signal.onset_at < period.end:
            yield SpikeMark(signal.onset_at, signal.id, signal.level)


def _opened_in(signals: Iterable[Signal], period: Period) -> int:
    return sum(period.start <= signal.opened_at < period.end for signal in signals)


def _expected(hourly: Mapping[datetime, Figures], period: Period) -> float | None:
    """The means of the hours added up, stretched over the hours that were not judged."""
    means = [
        figures.mean
        for start, figures in hourly.items()
        if figures.mean is not None and period.start <= start < period.end
    ]
    hours = period.length / HOUR
    if len(means) < hours / 2:
        return None
    return sum(means) / len(means) * hours
