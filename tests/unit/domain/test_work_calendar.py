from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.times import CHINA
from domain.work_calendar import (
    CalendarSetting,
    WorkCalendar,
    WorkYear,
    missing_year_warning,
    published_years,
)

CALENDAR = WorkCalendar()
HOUR = timedelta(hours=1)
MOMENTS = st.timedeltas(timedelta(0), timedelta(days=900)).map(
    lambda after: datetime(2025, 1, 1, tzinfo=UTC) + after
)
AMOUNTS = st.timedeltas(timedelta(0), timedelta(hours=200))


def china(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        ("2025-01-01", False),  # 元旦
        ("2025-01-26", True),  # Sunday, worked for 春节
        ("2025-01-28", False),
        ("2025-02-04", False),
        ("2025-02-05", True),
        ("2025-02-08", True),  # Saturday
        ("2025-04-27", True),  # Sunday
        ("2025-05-05", False),
        ("2025-06-02", False),
        ("2025-09-28", True),  # Sunday
        ("2025-10-08", False),
        ("2025-10-09", True),
        ("2025-10-11", True),  # Saturday
        ("2025-10-12", False),
        ("2026-01-02", False),
        ("2026-01-04", True),  # Sunday
        ("2026-02-14", True),  # Saturday
        ("2026-02-16", False),
        ("2026-02-23", False),
        ("2026-02-24", True),
        ("2026-02-28", True),  # Saturday
        ("2026-04-06", False),
        ("2026-05-09", True),  # Saturday
        ("2026-06-19", False),
        ("2026-09-20", True),  # Sunday
        ("2026-09-25", False),
        ("2026-10-07", False),
        ("2026-10-08", True),
        ("2026-10-10", True),  # Saturday
        ("2026-11-20", True),
        ("2026-11-21", False),
        ("2027-01-01", True),  # Friday of a year that is not filled in
    ],
)
def test_the_notices_of_the_state_council_are_known(day, worked):
    assert CALENDAR.is_workday(date.fromisoformat(day)) is worked


def test_every_published_year_names_its_notice_and_only_weekends_are_worked_extra():
    for year in published_years().values():
        assert str(year.year) in year.notice
        assert "国办发明电" in year.notice
        assert all(day.weekday() >= 5 for day in year.workdays)
        assert not set(year.holidays) & set(year.workdays)
        assert {day.year for day in (*year.holidays, *year.workdays)} == {year.year}


@pytest.mark.parametrize(
    ("year", "days_worked"),
    [(2025, 248), (2026, 248)],
)
def test_a_year_has_as_many_working_days_as_its_law_says(year, days_worked):
    # 365 days − 104 weekend days − 13 statutory holidays (since 2025) = 248 in both years
    first = date(year, 1, 1)
    days = [first + timedelta(days=n) for n in range(365)]
    assert sum(map(CALENDAR.is_workday, days)) == days_worked


@pytest.mark.parametrize(
    ("start", "amount", "end"),
    [
        ("2026-11-20T10:00", 1 * HOUR, "2026-11-20T11:00"),
        ("2026-11-20T17:30", 1 * HOUR, "2026-11-23T09:30"),  # over the weekend
        ("2026-11-21T02:00", 1 * HOUR, "2026-11-23T10:00"),  # Saturday night
        ("2026-11-20T10:00", 8 * HOUR, "2026-11-20T18:00"),  # closing time, not next morning
        ("2026-09-30T17:00", 2 * HOUR, "2026-10-08T10:00"),  # over 国庆
        ("2026-10-09T17:00", 2 * HOUR, "2026-10-10T10:00"),  # into a worked Saturday
        ("2026-02-14T17:00", 2 * HOUR, "2026-02-24T10:00"),  # over 春节
    ],
)
def test_working_time_is_added_within_working_hours(start, amount, end):
    assert CALENDAR.add_working(china(start), amount) == china(end)


@pytest.mark.parametrize(
    ("limit", "worth"),
    [
        (1 * HOUR, 1 * HOUR),
        (8 * HOUR, 8 * HOUR),
        (12 * HOUR, 9 * HOUR),
        (24 * HOUR, 9 * HOUR),
        (30 * HOUR, 15 * HOUR),
        (48 * HOUR, 18 * HOUR),
    ],
)
def test_a_day_of_a_limit_is_a_working_day(limit, worth):
    assert CALENDAR.allowance(limit) == worth


def test_a_day_s_limit_ends_at_the_same_clock_time_of_the_next_working_day():
    friday = china("2026-11-20T10:00")
    due = CALENDAR.add_working(friday, CALENDAR.allowance(24 * HOUR))
    assert due == china("2026-11-23T10:00")


@given(MOMENTS, AMOUNTS)
def test_what_is_added_lies_between(start, amount):
    end = CALENDAR.add_working(start, amount)
    assert end >= start
    assert CALENDAR.working_between(start, end) == amount


@given(MOMENTS, AMOUNTS, AMOUNTS)
def test_adding_twice_is_adding_the_sum(start, one, other):
    stepwise = CALENDAR.add_working(CALENDAR.add_working(start, one), other)
    assert stepwise == CALENDAR.add_working(start, one + other)


@given(MOMENTS, MOMENTS, MOMENTS)
def test_working_time_of_parts_is_that_of_the_whole(one, other, third):
    first, second, last = sorted((one, other, third))
    parts = CALENDAR.working_between(first, second) + CALENDAR.working_between(second, last)
    assert parts == CALENDAR.working_between(first, last)
    assert CALENDAR.working_between(last, first) == timedelta(0)
    assert parts <= last - first


@given(st.timedeltas(timedelta(0), timedelta(days=40)), st.timedeltas(timedelta(0), HOUR * 30))
def test_a_longer_limit_never_gives_less_time(limit, more):
    assert CALENDAR.allowance(limit) <= CALENDAR.allowance(limit + more)


def test_a_year_that_is_missing_is_told_and_stops_nothing():
    start, end = china("2026-12-31T17:00"), china("2027-01-04T09:00")
    assert CALENDAR.missing_years(start, end) == (2027,)
    assert CALENDAR.add_working(start, 2 * HOUR) == china("2027-01-01T10:00")
    warning = missing_year_warning((2027,))
    assert "2027" in warning.zh
    assert "周一至周五" in warning.zh
    assert "2027" in warning.en


def test_the_configuration_adds_years_and_the_company_s_own_days_win():
    setting = CalendarSetting(
        opens=timedelta(hours=8, minutes=30),
        closes=timedelta(hours=17, minutes=30),
        years=(WorkYear(2027, "试", (date(2027, 1, 1),), (date(2027, 1, 3),)),),
        holidays=(date(2026, 11, 20), date(2026, 10, 10)),
        workdays=(date(2026, 11, 21), date(2026, 10, 7)),
    )
    calendar = WorkCalendar(setting)
    assert not calendar.is_workday(date(2027, 1, 1))
    assert calendar.is_workday(date(2027, 1, 3))
    assert not calendar.is_workday(date(2026, 11, 20))
    assert not calendar.is_workday(date(2026, 10, 10))
    assert calendar.is_workday(date(2026, 11, 21))
    assert calendar.is_workday(date(2026, 10, 7))
    assert calendar.missing_years(china("2026-01-01T00:00"), china("2027-12-31T00:00")) == ()
    assert calendar.add_working(china("2026-11-19T17:00"), HOUR) == china("2026-11-21T09:00")


@pytest.mark.parametrize(("opens", "closes"), [(18, 9), (9, 9), (9, 25), (-1, 9)])
def test_hours_that_cannot_be_are_refused(opens, closes):
    with pytest.raises(ValueError, match="working hours"):
        WorkCalendar(CalendarSetting(opens * HOUR, closes * HOUR))


def test_time_does_not_run_backwards():
    with pytest.raises(ValueError, match="backwards"):
        CALENDAR.add_working(china("2026-11-20T10:00"), -HOUR)
