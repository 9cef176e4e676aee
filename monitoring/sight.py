"""What was looked at and what was not, for a screen: gaps, freshness, blindness.

A page never says "calm" of time it did not see. What has not been fetched *yet* is no gap, as long
as the source is read in time.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from domain.brand import Configuration, Watch
from domain.coverage import (
    KNOWN_STATES,
    CoverageRow,
    holes,
    known_intervals,
    looking_began,
    of_the_present,
    of_the_whole,
    why_unread,
)
from domain.mention import Platform
from domain.spiders import adds_depth_only
from monitoring.series import Coverage

LATE_FACTOR = 2
"""A source is late when its newest good look is older than so many times its cadence."""

_RUN = timedelta(minutes=1)
"""A crawl takes a moment itself."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A span of a platform that was looked at without success, or not at all (`reason` "")."""

    platform: Platform
    start: datetime
    end: datetime
    reason: str = ""

    @property
    def hours(self) -> float:
        """Its length."""
        return (self.end - self.start) / timedelta(hours=1)


class Sight:
    """What the ledger says of a brand's watches in a span up to now."""

    def __init__(
        self,
        rows: Sequence[CoverageRow],
        configuration: Configuration,
        watches: Sequence[Watch],
        now: datetime,
    ) -> None:
        """`rows` are those that touch the span; `watches` those of the brand."""
        ids = {watch.id for watch in watches}
        self._rows = [row for row in of_the_whole(rows) if row.watch_id in ids]
        self._coverage = Coverage(self._rows, watches)
        self._now = now
        self._every: dict[Platform, timedelta] = {}
        for watch, source in configuration.crawl_pairs():
            if watch.id in ids and not adds_depth_only(configuration, watch, source):
                slowest = max(self._every.get(source.platform, timedelta(0)), source.every)
                self._every[source.platform] = slowest
        good = [row for row in of_the_present(self._rows) if row.state in KNOWN_STATES]
        self._looked: Mapping[Platform, datetime] = _newest(good, lambda row: row.observed_at)
        self._read: Mapping[Platform, datetime] = _newest(good, lambda row: row.window_end)

    @property
    def platforms(self) -> tuple[Platform, ...]:
        """The platforms that are to be read."""
        return tuple(p for p in Platform if p in self._every)

    @property
    def data_until(self) -> datetime | None:
        """When the newest good look was; None when there is none in the span."""
        return max(self._looked.values(), default=None)

    @cached_property
    def late(self) -> tuple[Platform, ...]:
        """The platforms that have not been read in time."""
        return tuple(p for p in self.platforms if self._is_late(p))

    def _is_late(self, platform: Platform) -> bool:
        looked = self._looked.get(platform)
        allowed = LATE_FACTOR * self._every[platform] + _RUN
        return looked is None or self._now - looked > allowed

    @property
    def is_blind(self) -> bool:
        """Whether no platform is read in time: then silence means nothing."""
        return bool(self.platforms) and len(self.late) == len(self.platforms)

    def is_known(self, start: datetime, end: datetime) -> bool:
        """Whether all platforms were looked at from `start` to `end`, leaving out what has not been
        fetched yet of platforms that are in time.
        """
        return all(self._knows(platform, start, end) for platform in self.platforms)

    def _knows(self, platform: Platform, start: datetime, end: datetime) -> bool:
        until = min(end, self._fetched_until(platform))
        return until <= start or self._coverage.is_known((platform,), start, until)

    def _fetched_until(self, platform: Platform) -> datetime:
        return self._now if platform in self.late else self._read.get(platform, self._now)

    def gaps(self, start: datetime, end: datetime) -> tuple[Gap, ...]:
        """Return the holes of each platform within a span, with the reason of the look that
        failed there.
        """
        return tuple(
            gap for platform in self.platforms for gap in self._gaps_of(platform, start, end)
        )

    def _gaps_of(self, platform: Platform, start: datetime, end: datetime) -> Iterable[Gap]:
        rows = [row for row in self._rows if row.platform is platform]
        # a new watch does not turn the time before it into a gap, nor does a range that it reads
        begins = looking_began(rows) if rows else end
        at, until = max(start, begins), min(end, self._fetched_until(platform))
        if not rows:
            yield Gap(platform, start, end, "never_crawled")
        for hole in holes(known_intervals(rows), at, until):
            yield Gap(platform, hole.start, hole.end, why_unread(rows, hole))


def _newest(
    rows: Iterable[CoverageRow], moment: Callable[[CoverageRow], datetime]
) -> Mapping[Platform, datetime]:
    newest: dict[Platform, datetime] = {}
    for row in rows:
        at = moment(row)
        newest[row.platform] = max(at, newest.get(row.platform, at))
    return newest
