"""Spans of time that pages and reports speak of."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
LONGEST = 366 * DAY
"""A page shows at most a year; older data stay in the store for exports."""


class Range(StrEnum):
    """The spans one click chooses."""

    TODAY = "today"
    DAY = "24h"
    WEEK = "7d"
    MONTH = "30d"


_LENGTHS = {Range.DAY: DAY, Range.WEEK: 7 * DAY, Range.MONTH: 30 * DAY}


@dataclass(frozen=True, slots=True)
class Period:
    """start ≤ t < end, aware, UTC."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return self.end - self.start

    @property
    def previous(self) -> "Period":
        """The equally long one just before (环比)."""
        return Period(self.start - self.length, self.start)

    @property
    def week_before(self) -> "Period":
        """The same span a week (or as many weeks as it is long) earlier."""
        weeks = -(-self.length // (7 * DAY))
        back = max(1, weeks) * 7 * DAY
        return Period(self.start - back, self.end - back)


def period_of(chosen: Range, now: datetime, zone: ZoneInfo) -> Period:
    """Return the span of a choice, up to `now`; it begins at a full hour."""
    if chosen is Range.TODAY:
        midnight = datetime.combine(now.astimezone(zone).date(), time.min, zone)
        return Period(midnight.astimezone(now.tzinfo), now)
    hour = now.replace(minute=0, second=0, microsecond=0)
    return Period(hour - _LENGTHS[chosen], now)


def period_of_days(first: date, last: date, now: datetime, zone: ZoneInfo) -> Period:
    """Return whole local days, both included, but not beyond `now`, at most LONGEST; days in the
    wrong order are taken in the right one.
    """
    first, last = min(first, last), max(first, last)
    start = datetime.combine(first, time.min, zone).astimezone(now.tzinfo)
    end = datetime.combine(last + DAY, time.min, zone).astimezone(now.tzinfo)
    end = min(end, now)
    return Period(max(min(start, end - DAY), end - LONGEST), end)
