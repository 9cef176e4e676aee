"""How well each source was read on each day of a period."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from domain.brand import Configuration, Source, Watch
from domain.coverage import KNOWN_STATES, CoverageRow, CoverageState
from domain.report import Period, SourceDay

_WORST_FIRST = (
    CoverageState.FAILED,
    CoverageState.BLOCKED,
    CoverageState.PARTIAL,
    CoverageState.EMPTY,
    CoverageState.OK,
)


def source_days(
    configuration: Configuration,
    watches: Sequence[Watch],
    rows: Iterable[CoverageRow],
    period: Period,
    now: datetime,
) -> tuple[SourceDay, ...]:
    """Return a line for each source that is to be read and each day that has begun.

    Counted are the looks made on that day; a day without any look stands there with 0.
    """
    ids = {watch.id for watch in watches}
    pairs = configuration.crawl_pairs()
    sources = list(dict.fromkeys(source for watch, source in pairs if watch.id in ids))
    looks: dict[str, list[CoverageRow]] = defaultdict(list)
    for row in rows:
        if not row.backfill:
            looks[row.source_id].append(row)
    return tuple(
        _source_day(source, start, [r for r in looks[source.id] if start <= r.observed_at < end])
        for source in sources
        for start, end in period.days()
        if start < now
    )


def _source_day(source: Source, start: datetime, looks: Sequence[CoverageRow]) -> SourceDay:
    bad = [row for row in looks if row.state not in KNOWN_STATES]
    return SourceDay(
        source_id=source.id,
        platform=source.platform,
        start=start,
        looks=len(looks),
        good=len(looks) - len(bad),
        worst=min((row.state for row in looks), key=_WORST_FIRST.index, default=None),
        reason=max(bad, key=lambda row: row.observed_at).reason if bad else "",
    )
