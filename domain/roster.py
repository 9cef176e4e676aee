"""Who is on duty (值班表): a weekly pattern, dated exceptions, main and deputies. Pure.

Times are local to the business zone, which is passed in. A moment that no shift covers is an empty
slot, and an empty slot is an alarm: see `gaps`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)


class Weekday(StrEnum):
    """The days of the week, as the calendar counts them."""

    MONDAY = "mon"
    TUESDAY = "tue"
    WEDNESDAY = "wed"
    THURSDAY = "thu"
    FRIDAY = "fri"
    SATURDAY = "sat"
    SUNDAY = "sun"

    @classmethod
    def of(cls, day: date) -> "Weekday":
        """Return the weekday of a date."""
        return list(cls)[day.weekday()]


@dataclass(frozen=True, slots=True)
class Shift:
    """The same hours on some days of each week. `start` and `end` count from local midnight; an
    `end` that is not after `start` lies on the next day. `people` are recipient ids, the one in
    charge first, then the deputies in the order in which they are called.
    """

    days: tuple[Weekday, ...]
    start: timedelta
    end: timedelta
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DatedShift:
    """Other people on some dates, in place of whatever the week says then."""

    days: tuple[date, ...]
    people: tuple[str, ...]
    start: timedelta = timedelta(0)
    end: timedelta = DAY
    note: str = ""


@dataclass(frozen=True, slots=True)
class Roster:
    """The duty of some brands (none named: all that have no roster of their own).

    `executives` are told upwards (上报) and join when everybody is called; `groups` are recipients
    (a group's robot) that hear of every step.
    """

    id: str
    shifts: tuple[Shift, ...] = ()
    exceptions: tuple[DatedShift, ...] = ()
    brand_ids: tuple[str, ...] = ()
    executives: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    @property
    def named(self) -> tuple[str, ...]:
        """Every recipient id that the roster names."""
        return tuple(dict.fromkeys((*self.everybody, *self.executives, *self.groups)))

    def on_duty(self, at: datetime, zone: ZoneInfo) -> tuple[str, ...]:
        """Return who is on duty at a moment, the one in charge first; () is an empty slot.

        An exception beats the week; of two that overlap, the one written first.
        """
        local = at.astimezone(zone).replace(tzinfo=None)
        return next((people for covers, people in self._turns(local.date()) if covers(local)), ())

    @property
    def everybody(self) -> tuple[str, ...]:
        """All who are ever on duty, in the order of the roster."""
        turns = (*(s.people for s in self.shifts), *(e.people for e in self.exceptions))
        return tuple(dict.fromkeys(person for people in turns for person in people))

    def _turns(self, day: date) -> "Iterator[tuple[_Covers, tuple[str, ...]]]":
        """Yield what may cover a moment of `day`: exceptions first; yesterday's may reach over."""
        for exception in self.exceptions:
            for each in (day - DAY, day):
                if each in exception.days:
                    yield _Covers.on(each, exception.start, exception.end), exception.people
        for shift in self.shifts:
            for each in (day - DAY, day):
                if Weekday.of(each) in shift.days:
                    yield _Covers.on(each, shift.start, shift.end), shift.people


@dataclass(frozen=True, slots=True)
class _Covers:
    """A span of local wall-clock time."""

    start: datetime
    end: datetime

    @classmethod
    def on(cls, day: date, start: timedelta, end: timedelta) -> "_Covers":
        midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001  # local wall-clock time
        return cls(midnight + start, midnight + (end if end > start else end + DAY))

    def __call__(self, local: datetime) -> bool:
        return self.start <= local < self.end


@dataclass(frozen=True, slots=True)
class Gap:
    """A span in which nobody is on duty."""

    roster_id: str
    start: datetime
    end: datetime


STEP = timedelta(minutes=15)
"""The grid on which gaps are looked for; shifts begin and end on quarters of an hour."""


def gaps(roster: Roster, start: datetime, end: datetime, zone: ZoneInfo) -> list[Gap]:
    """Return the empty slots between two moments, on a grid of a quarter of an hour.

    A gap is cut at `start` and `end`. A roster without shifts is one gap.
    """
    found: list[Gap] = []
    at = start - timedelta(seconds=start.timestamp() % STEP.total_seconds())
    while at < end:
        if not roster.on_duty(max(at, start), zone):
            joins = found and found[-1].end >= at
            begin = found.pop().start if joins else max(at, start)
            found.append(Gap(roster.id, begin, min(at + STEP, end)))
        at += STEP
    return found


@dataclass(frozen=True, slots=True)
class QuietHours:
    """When 黄 and 蓝 mail waits (静默时段): local times of day, `end` may lie on the next day.

    红 and 橙 never wait.
    """

    start: timedelta
    end: timedelta

    def end_of(self, at: datetime, zone: ZoneInfo) -> datetime | None:
        """Return when the quiet hours around a moment end, None when it lies in none."""
        local = at.astimezone(zone).replace(tzinfo=None)
        for day in (local.date() - DAY, local.date()):
            span = _Covers.on(day, self.start, self.end)
            if span(local):
                return span.end.replace(tzinfo=zone).astimezone(at.tzinfo)
        return None
