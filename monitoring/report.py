"""Building a report's snapshot: every figure of a period, each with the query that gave it.

Read once, then frozen: see `domain.report`. What could not be looked at is counted in platform
hours beside the figures, so that a gap in the crawl never reads as a quiet day.
"""

from collections.abc import Iterable
from datetime import datetime

from analysis.agreement import measure, of
from domain.brand import Brand, Configuration, Watch
from domain.correction import Correction
from domain.mention import Platform
from domain.ports import BeginWork, MentionStore
from domain.report import (
    Day,
    Judging,
    Mark,
    PastPeriod,
    Period,
    PlatformLine,
    Query,
    ReportKind,
    Snapshot,
    Tally,
    Watched,
    WatchLine,
)
from monitoring.report_handling import handling_of, signals_between
from monitoring.report_posts import most_negative, topics
from monitoring.report_scan import Scan, scan
from monitoring.report_sources import source_days
from monitoring.series import HOUR, Coverage, floor_to, watched_platforms

PAST = {ReportKind.WEEK: 4, ReportKind.DAY: 7}
"""How many periods before are read to compare with."""


def build_snapshot(
    store: MentionStore, begin_reading: BeginWork, period: Period, brand_id: str, now: datetime
) -> Snapshot:
    """Return the figures of a brand in a period as they stand at `now`.

    A period that is not over is read up to `now`. KeyError for a brand that is not configured;
    StoreUnavailable when a store is away.
    """
    with begin_reading() as work:
        version, configuration = work.configuration.current()
        brand = configuration.brand(brand_id)
        watches = configuration.watches_of(brand_id)
        earliest = period.back(PAST[period.kind]).start
        rows = work.coverage.rows([w.id for w in watches], start=earliest, end=period.end)
        signals = signals_between(work, brand_id, period.start, period.end)
        handling = handling_of(work, configuration, brand_id, period, signals, now)
        looked_at = work.corrections.between(period.start, max(now, period.end))
    platforms = watched_platforms(configuration, watches)
    reader = _Reader(store, brand_id, Coverage(rows, watches), platforms, floor_to(now, HOUR))
    reader.leave_out_what_was_never_read(period)
    read = scan(store, brand, period)
    whole = Query(brand_id, period.start, period.end)
    totals = store.summary(whole.as_filter())
    past = tuple(reader.past(period.back(n)) for n in range(1, PAST[period.kind] + 1))
    weekly = period.kind is ReportKind.WEEK
    return Snapshot(
        brand_id=brand_id,
        brand_name=brand.name,
        period=period,
        taken_at=now,
        data_until=min(now, period.end),
        configuration_version=version,
        platforms=platforms,
        tally=Tally.counted(whole, totals),
        watched=reader.watched(period.start, period.end),
        past=past,
        days=tuple(reader.day(start, end) for start, end in period.days()),
        lines=tuple(reader.line(platform, period) for platform in platforms),
        heat=read.heat(period, reader.platforms, reader.is_known) if weekly else (),
        marks=tuple(Mark(signal.onset_at, signal.id, signal.level) for signal in signals),
        peak_words=read.words_of_the_loudest_day(brand),
        topics=topics(store, brand, period, read) if weekly else (),
        negatives=most_negative(store, brand_id, period, signals, handling.cases),
        handling=handling,
        judging=_judging(read, looked_at, brand_id),
        authors=totals.distinct_authors + totals.unknown_authors,
        near_copies=totals.in_clusters - totals.clusters,
        watches=tuple(_watch_line(watch) for watch in watches),
        sources=source_days(configuration, watches, rows, period, now),
        demo=configuration.is_demo,
    )


def brands_with_reports(configuration: Configuration) -> tuple[Brand, ...]:
    """Return the brands to report on: those that the plan names, else all that are watched."""
    wanted = configuration.report.brand_ids
    return tuple(
        brand
        for brand in configuration.brands
        if (brand.id in wanted if wanted else configuration.watches_of(brand.id))
    )


class _Reader:
    """Asks the store and the ledger for one brand."""

    def __init__(
        self,
        store: MentionStore,
        brand_id: str,
        coverage: Coverage,
        platforms: tuple[Platform, ...],
        until: datetime,
    ) -> None:
        self._store = store
        self._brand_id = brand_id
        self._coverage = coverage
        self.platforms = platforms
        self._until = until

    def tally(self, start: datetime, end: datetime, *platforms: Platform) -> Tally:
        """Return what was said from `start` on, before `end`."""
        query = Query(self._brand_id, start, end, platforms)
        return Tally.counted(query, self._store.summary(query.as_filter()))

    def leave_out_what_was_never_read(self, period: Period) -> None:
        """From now on count the hours of platforms that were read at all in the period.

        One that never was is said once, with its line; it must not grey every day of the others.
        """
        read = tuple(
            p for p in self.platforms if not self.watched(period.start, period.end, (p,)).unread
        )
        self.platforms = read or self.platforms

    def watched(
        self, start: datetime, end: datetime, platforms: Iterable[Platform] | None = None
    ) -> Watched:
        """Return how many of the platform hours that are over were looked at."""
        hours = known = 0
        chosen = tuple(self.platforms if platforms is None else platforms)
        moment, last = start, min(end, self._until)
        while moment < last:
            hours += len(chosen)
            known += sum(self.is_known((platform,), moment) for platform in chosen)
            moment += HOUR
        return Watched(hours, known)

    def is_known(self, platforms: Iterable[Platform], start: datetime) -> bool:
        """Whether the hour from `start` was looked at on all of the platforms."""
        return self._coverage.is_known(platforms, start, start + HOUR)

    def past(self, period: Period) -> PastPeriod:
        """Return an earlier period."""
        return PastPeriod(
            self.tally(period.start, period.end), self.watched(period.start, period.end)
        )

    def day(self, start: datetime, end: datetime) -> Day:
        """Return one day."""
        return Day(start, end, self.tally(start, end), self.watched(start, end))

    def line(self, platform: Platform, period: Period) -> PlatformLine:
        """Return one platform, with the period before."""
        before = period.back(1)
        return PlatformLine(
            platform,
            self.tally(period.start, period.end, platform),
            self.tally(before.start, before.end, platform),
            self.watched(period.start, period.end, (platform,)),
        )


def _judging(read: Scan, acts: Iterable[Correction], brand_id: str) -> Judging:
    """Return who judged; agreement is measured on the period's mentions that a person looked at."""
    inside = [act for act in acts if act.mention_id in read.looked_at]
    measured = measure(inside)
    drawn, others = of(measured.sampled, brand_id), of(measured.spontaneous, brand_id)
    return Judging(
        models=tuple(read.models.most_common()),
        by_person=read.by_person,
        looked_at=drawn.judged + others.judged,
        agreed=drawn.agreed + others.agreed,
        sampled=drawn.judged,
        sampled_agreed=drawn.agreed,
        sampled_low=drawn.low if drawn.is_enough else None,
        sampled_high=drawn.high if drawn.is_enough else None,
    )


def _watch_line(watch: Watch) -> WatchLine:
    rule = watch.rule
    near = tuple("+".join(p.words) for p in rule.proximities)
    return WatchLine(
        name=watch.name,
        queries=watch.queries,
        words=(*rule.all_words, *rule.any_words, *rule.phrases, *near),
        without=rule.none_words,
        sources=watch.source_ids,
    )
