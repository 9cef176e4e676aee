"""From stored mentions and the coverage ledger to the series that the spike rule judges.

Event time decides. The last 24 hours are quarter-hour bins with the hour that ends at each; before
them, hours. A step is known when every platform of the series was covered for its whole hour.

A mention of which the platform told the day alone stands at midnight in China, where they pile up.
Nobody knows its hour, so it is left out of every hour: a pile is no spike and must not raise what
is usual. Charts and totals of days keep it.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from analysis.spikes import FIRST_DAY_HOURS, MIN_COUNT, Step
from domain.alert import HourCount
from domain.brand import Configuration, Watch
from domain.coverage import CoverageRow, Interval, known_intervals, looking_began, of_the_whole
from domain.mention import Platform, Precision
from domain.model_run import ModelRun
from domain.ports import MentionStore
from domain.queries import Bucket, MentionFilter, TimelinePoint
from domain.sentiment import Label
from domain.spiders import adds_depth_only
from domain.times import CHINA

BIN = timedelta(minutes=15)
HOUR = timedelta(hours=1)
HISTORY = timedelta(days=28)
RECENT = timedelta(hours=24)

Counts = Mapping[tuple[Platform, datetime], tuple[int, int]]
"""(negative, all) by platform and start of the bin; bins without mentions are not there."""


@dataclass(frozen=True, slots=True)
class Span:
    """What is read for an evaluation: hours from `start`, quarters from `cut`, up to `end`."""

    start: datetime
    cut: datetime
    end: datetime

    @property
    def quarters_from(self) -> datetime:
        """Start of the first quarter-hour bin: the hour before `cut` ends in the first steps."""
        return self.cut - HOUR


def span_at(now: datetime) -> Span:
    """Return the span that ends with the newest complete bin."""
    end = floor_to(now, BIN)
    cut = floor_to(end, HOUR) - RECENT
    return Span(floor_to(end, HOUR) - HISTORY, cut, end)


def floor_to(moment: datetime, width: timedelta) -> datetime:
    """Return the start of the bin that holds `moment` (UTC)."""
    seconds = int(width.total_seconds())
    return datetime.fromtimestamp(int(moment.timestamp()) // seconds * seconds, UTC)


def clock_hours(moment: datetime) -> float:
    """Return a moment on the clock of the rule: hours since 1970."""
    return moment.timestamp() / 3600


def moment_of(hours: float) -> datetime:
    """Return the moment of a rule's clock."""
    return datetime.fromtimestamp(round(hours * 3600), UTC)


class Coverage:
    """Which spans of event time were looked at, by platform."""

    def __init__(self, rows: Iterable[CoverageRow], watches: Sequence[Watch]) -> None:
        """Read the ledger rows of a brand's watches.

        A platform is known where every watch that had begun to look at it covered the span: a new
        watch does not turn the history of the others into the unknown, and neither does a range of
        the past that it reads: it adds what it covered.
        """
        wanted = {watch.id for watch in watches}
        rows_of: dict[Platform, dict[str, list[CoverageRow]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for row in of_the_whole(rows):
            if row.watch_id in wanted:
                rows_of[row.platform][row.watch_id].append(row)
        self._known = {
            platform: [_Covered.of(watch_rows) for watch_rows in by_watch.values()]
            for platform, by_watch in rows_of.items()
        }

    def is_known(self, platforms: Iterable[Platform], start: datetime, end: datetime) -> bool:
        """Whether all of start..end was looked at on all of the platforms."""
        return all(self._knows(platform, start, end) for platform in platforms)

    def _knows(self, platform: Platform, start: datetime, end: datetime) -> bool:
        watches = [(c.begins <= start, c.covers(start, end)) for c in self._known.get(platform, ())]
        asked = [covers for has_begun, covers in watches if has_begun or covers]
        return bool(asked) and all(asked)


@dataclass(frozen=True, slots=True)
class _Covered:
    """The known spans of one watch on one platform, and when it began to look."""

    begins: datetime
    starts: tuple[datetime, ...]
    spans: tuple[Interval, ...]

    @classmethod
    def of(cls, rows: Sequence[CoverageRow]) -> "_Covered":
        spans = known_intervals(rows)
        return cls(looking_began(rows), tuple(span.start for span in spans), spans)

    def covers(self, start: datetime, end: datetime) -> bool:
        index = bisect_right(self.starts, start) - 1
        return index >= 0 and self.spans[index].covers(start, end)


@dataclass(frozen=True, slots=True)
class BrandSeries:
    """The counts of one brand with what is known of them."""

    span: Span
    platforms: tuple[Platform, ...]
    coverage: Coverage
    hours: Counts
    quarters: Counts

    def steps(self, platforms: Iterable[Platform]) -> list[Step]:
        """Return the series summed over some platforms; never empty of time, only of counts."""
        chosen = tuple(platforms)
        span = self.span
        old = [
            self._step(chosen, end, self.hours, HOUR, HOUR)
            for end in _ends(span.start, span.cut, HOUR)
        ]
        new = [
            self._step(chosen, end, self.quarters, BIN, BIN)
            for end in _ends(span.cut, span.end, BIN)
        ]
        return old + new

    def is_known(self, platforms: Iterable[Platform], end: datetime) -> bool:
        """Whether the hour that ends at `end` is known on all of the platforms."""
        return self.coverage.is_known(platforms, end - HOUR, end)

    def known_hours(self, platform: Platform) -> int:
        """Return how many of the old hours are known on a platform."""
        span = self.span
        return sum(self.is_known((platform,), end) for end in _ends(span.start, span.end, HOUR))

    def with_history(self, platforms: Iterable[Platform]) -> tuple[Platform, ...]:
        """Return those platforms that have a day of history, or all when none has.

        A platform that was just added must not take the history of the others from them.
        """
        chosen = tuple(platforms)
        old = tuple(p for p in chosen if self.known_hours(p) >= FIRST_DAY_HOURS)
        return old or chosen

    def last_day(self, platforms: Sequence[Platform], end: datetime) -> tuple[HourCount, ...]:
        """Return the 24 hours that end at `end`, as bars of the chart."""
        ends = [end - HOUR * back for back in range(23, -1, -1)]
        return tuple(
            HourCount(
                bar - HOUR,
                *self._sum(platforms, bar, self.quarters, BIN),
                known=self.is_known(platforms, bar),
            )
            for bar in ends
        )

    def _step(
        self,
        platforms: Sequence[Platform],
        end: datetime,
        counts: Counts,
        bin_width: timedelta,
        width: timedelta,
    ) -> Step:
        negative, total = self._sum(platforms, end, counts, bin_width)
        known = bool(platforms) and self.is_known(platforms, end)
        return Step(clock_hours(end), negative, total, width / HOUR, known)

    def _sum(
        self, platforms: Sequence[Platform], end: datetime, counts: Counts, width: timedelta
    ) -> tuple[int, int]:
        negative = total = 0
        for start in _starts(end - HOUR, end, width):
            for platform in platforms:
                found = counts.get((platform, start))
                if found:
                    negative, total = negative + found[0], total + found[1]
        return negative, total


def watched_platforms(
    configuration: Configuration, watches: Sequence[Watch]
) -> tuple[Platform, ...]:
    """Return the platforms that a brand's watches are to be read on; a hot list alone is no look at
    its platform.
    """
    ids = {watch.id for watch in watches}
    asked = {
        source.platform
        for watch, source in configuration.crawl_pairs()
        if watch.id in ids and not adds_depth_only(configuration, watch, source)
    }
    return tuple(platform for platform in Platform if platform in asked)


def read_series(
    store: MentionStore,
    brand_id: str,
    platforms: tuple[Platform, ...],
    coverage: Coverage,
    span: Span,
) -> BrandSeries:
    """Read the counts of a brand from the store: two queries, and one a midnight with a pile."""
    hours = MentionFilter(brand_id=brand_id, start=span.start, end=span.cut)
    quarters = MentionFilter(brand_id=brand_id, start=span.quarters_from, end=span.end)
    return BrandSeries(
        span,
        platforms,
        coverage,
        _read_counts(store, hours, Bucket.HOUR),
        _read_counts(store, quarters, Bucket.QUARTER_HOUR),
    )


def even_out(series: BrandSeries, run: ModelRun | None, brand_id: str) -> BrandSeries:
    """Return a series as the model in use would have judged all of it.

    What lies before the place that judging history again has come to (or is to come to at all)
    holds the earlier model's labels. Its negatives are multiplied by what the run changed so far on
    the same platform, so that a model that sees more negatives makes no spike of an hour like any
    other.
    """
    border = run.border if run else None
    if run is None or border is None:
        return series
    factors = {platform: run.factor(brand_id, platform) for platform in Platform}
    return replace(
        series,
        hours=_evened(series.hours, border, factors),
        quarters=_evened(series.quarters, border, factors),
    )


def _evened(counts: Counts, border: datetime, factors: Mapping[Platform, float]) -> Counts:
    evened = dict(counts)
    owed: dict[Platform, float] = defaultdict(float)
    for key in sorted(key for key in counts if key[1] < border):
        platform, _ = key
        negative, total = counts[key]
        # whole numbers that add up: what is rounded off comes with the next bin
        exact = negative * factors[platform] + owed[platform]
        shown = min(max(round(exact), 0), total)
        owed[platform] = min(exact - shown, 1.0)
        evened[key] = (shown, total)
    return evened


def _read_counts(store: MentionStore, wanted: MentionFilter, bucket: Bucket) -> Counts:
    """Return a filter's counts without mentions that have a day and no hour.

    A timeline cannot tell them apart, so the first second of a day is read mention by mention where
    its bin holds enough for an alert; fewer do no harm.
    """
    counts = dict(count_points(store.timeline(wanted, bucket)))
    held: Counter[datetime] = Counter()
    for (_, start), (_, total) in counts.items():
        held[start] += total
    for midnight in [at for at, total in held.items() if _is_midnight(at) and total >= MIN_COUNT]:
        first_second = replace(wanted, start=midnight, end=midnight + timedelta(seconds=1))
        for mention in store.scan(first_second):
            label = mention.label_towards(wanted.brand_id or "")
            key = (mention.platform, midnight)
            if mention.published_precision is Precision.DAY and label is not None and key in counts:
                negative, total = counts[key]
                counts[key] = (negative - (label is Label.NEGATIVE), total - 1)
    return counts


def _is_midnight(moment: datetime) -> bool:
    local = moment.astimezone(CHINA)
    return local.hour == local.minute == 0


def count_points(points: Iterable[TimelinePoint]) -> Counts:
    """Return the counts of a timeline answer."""
    counts: dict[tuple[Platform, datetime], tuple[int, int]] = {}
    for point in points:
        key = (point.platform, point.start)
        negative, total = counts.get(key, (0, 0))
        bad = point.count if point.label is Label.NEGATIVE else 0
        counts[key] = (negative + bad, total + point.count)
    return counts


def _starts(start: datetime, end: datetime, width: timedelta) -> list[datetime]:
    return [start + width * index for index in range((end - start) // width)]


def _ends(start: datetime, end: datetime, width: timedelta) -> list[datetime]:
    return [moment + width for moment in _starts(start, end, width)]
