"""Working time in China: which days are worked (调休 included), and arithmetic within their hours.

The days come from the State Council's yearly notice (work_calendar.toml beside this file; each year
names its notice) and from the configuration, which adds years, replaces ours and adds the company's
own days. The notice for a year is published in the November before it: for a year that nobody has
filled in, Monday to Friday are worked and `missing_years` says so; nothing stops.

Days are China's days, whatever the zone of a page: the notices know no other.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib.resources import files

from domain.errors import Text
from domain.times import CHINA

_DAY = timedelta(days=1)
_NOTHING = timedelta(0)
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class WorkYear:
    """The arrangement of one year and the notice it comes from. `workdays` are weekend days that
    are worked."""

    year: int
    notice: str
    holidays: tuple[date, ...] = ()
    workdays: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True)
class CalendarSetting:
    """What the team decides about its working time.

    `opens` and `closes` count from midnight. `years` add to the published table, or replace a year
    of it. `holidays` and `workdays` are the company's own days; they win over every table.
    """

    opens: timedelta = timedelta(hours=9)
    closes: timedelta = timedelta(hours=18)
    years: tuple[WorkYear, ...] = ()
    holidays: tuple[date, ...] = ()
    workdays: tuple[date, ...] = ()


class WorkCalendar:
    """Working days and hours. Moments go in and come out aware; what comes out is UTC."""

    def __init__(
        self,
        setting: CalendarSetting = CalendarSetting(),
        published: Mapping[int, WorkYear] | None = None,
    ) -> None:
        """`published` None is the table that comes with the program."""
        if not _NOTHING <= setting.opens < setting.closes <= _DAY:
            raise ValueError("working hours must begin before they end, within one day")
        self._opens, self._closes = setting.opens, setting.closes
        years = {
            **(published_years() if published is None else published),
            **{year.year: year for year in setting.years},
        }
        self._known = frozenset(years)
        own_off, own_on = frozenset(setting.holidays), frozenset(setting.workdays)
        off = frozenset(day for year in years.values() for day in year.holidays)
        on = frozenset(day for year in years.values() for day in year.workdays)
        self._off, self._on = (off - own_on) | own_off, (on - own_off) | own_on

    @property
    def day_length(self) -> timedelta:
        """The working time of one working day."""
        return self._closes - self._opens

    def is_workday(self, day: date) -> bool:
        """Whether a day is worked."""
        return day in self._on or (day not in self._off and day.weekday() < _SATURDAY)

    def add_working(self, start: datetime, amount: timedelta) -> datetime:
        """Return the first moment by which `amount` of working time has passed since `start`.

        No working time at all is `start` itself. ValueError for a negative amount.
        """
        if amount < _NOTHING:
            raise ValueError("working time cannot run backwards")
        if not amount:
            return start.astimezone(UTC)
        for opens, closes in self._shifts(start):
            if amount <= closes - opens:
                return (opens + amount).astimezone(UTC)
            amount -= closes - opens
        raise AssertionError("days never end")

    def working_between(self, start: datetime, end: datetime) -> timedelta:
        """Return the working time from `start` to `end`; nothing when `end` is not after it."""
        total = _NOTHING
        for opens, closes in self._shifts(start):
            if opens >= end:
                break
            total += min(closes, end) - opens
        return total

    def allowance(self, limit: timedelta) -> timedelta:
        """Return the working time that a limit gives: each whole 24 h of it is one working day,
        what is left counts as working hours, and those are at most one more working day.

        So 24 h are a working day, 8 h are eight working hours, and a longer limit never gives less
        time than a shorter one.
        """
        days, rest = divmod(limit, _DAY)
        return days * self.day_length + min(rest, self.day_length)

    def missing_years(self, start: datetime, end: datetime) -> tuple[int, ...]:
        """Return the years between two moments whose arrangement nobody has filled in."""
        first, last = start.astimezone(CHINA).year, end.astimezone(CHINA).year
        return tuple(year for year in range(first, last + 1) if year not in self._known)

    def _shifts(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield the working hours that end after `start`, the first one cut to begin there."""
        local = start.astimezone(CHINA)
        day = local.date()
        while True:
            if self.is_workday(day):
                midnight = datetime(day.year, day.month, day.day, tzinfo=CHINA)
                opens, closes = max(midnight + self._opens, local), midnight + self._closes
                if opens < closes:
                    yield opens, closes
            day += _DAY


def missing_year_warning(years: Iterable[int]) -> Text:
    """Return what a page says when working time was counted over years without a table."""
    names = list(map(str, years))
    return Text(
        f"{'、'.join(names)} 年的放假调休安排未录入，暂按周一至周五计算；请在 [calendar] 中补充",
        f"no holiday arrangement for {', '.join(names)}: Monday to Friday are counted; "
        "add it under [calendar]",
    )


@cache
def published_years() -> Mapping[int, WorkYear]:
    """Return the arrangements that come with the program, by year."""
    text = (files("domain") / "work_calendar.toml").read_text(encoding="utf-8")
    return {
        int(year): WorkYear(
            int(year),
            entry["notice"],
            tuple(_days(int(year), entry["holidays"])),
            tuple(_days(int(year), entry["workdays"])),
        )
        for year, entry in tomllib.loads(text).items()
    }


def _days(year: int, entries: Iterable[str]) -> Iterator[date]:
    for entry in entries:
        first, _, last = entry.partition("..")
        day, end = (date.fromisoformat(f"{year}-{text}") for text in (first, last or first))
        while day <= end:
            yield day
            day += _DAY
