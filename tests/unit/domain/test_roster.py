"""domain/roster.py: who is on duty, where nobody is, and when mail waits."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.roster import DatedShift, QuietHours, Roster, Shift, Weekday, gaps

ZONE = ZoneInfo("Asia/Shanghai")
HOUR = timedelta(hours=1)
DAYS = tuple(Weekday)
DAY_SHIFT = Shift(DAYS[:5], 9 * HOUR, 18 * HOUR, ("anna", "bo"))
NIGHT = Shift(DAYS, 18 * HOUR, 9 * HOUR, ("chen",))
HOLIDAY = DatedShift((date(2026, 11, 23),), ("dora",), note="顶班")
ROSTER = Roster("pr", shifts=(DAY_SHIFT, NIGHT), exceptions=(HOLIDAY,), executives=("boss",))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)


@pytest.mark.parametrize(
    ("moment", "people"),
    [
        ("2026-11-20 08:59", ("chen",)),  # Friday, the night of Thursday
        ("2026-11-20 09:00", ("anna", "bo")),
        ("2026-11-20 17:59", ("anna", "bo")),
        ("2026-11-20 18:00", ("chen",)),
        ("2026-11-21 08:59", ("chen",)),  # Saturday
        ("2026-11-21 09:00", ()),
        ("2026-11-23 03:00", ("dora",)),  # the exception beats the night before
        ("2026-11-23 12:00", ("dora",)),
        ("2026-11-24 00:00", ("chen",)),
    ],
)
def test_who_is_on_duty(moment, people):
    assert ROSTER.on_duty(at(moment), ZONE) == people


def test_a_weekend_nobody_covers_is_two_gaps():
    found = gaps(ROSTER, at("2026-11-20 12:00"), at("2026-11-23 12:00"), ZONE)
    assert [(gap.start, gap.end) for gap in found] == [
        (at("2026-11-21 09:00"), at("2026-11-21 18:00")),
        (at("2026-11-22 09:00"), at("2026-11-22 18:00")),
    ]


def test_a_gap_is_cut_where_one_looks():
    [gap] = gaps(ROSTER, at("2026-11-21 10:07"), at("2026-11-21 11:03"), ZONE)
    assert (gap.start, gap.end) == (at("2026-11-21 10:07"), at("2026-11-21 11:03"))


def test_a_roster_without_shifts_is_one_gap():
    [gap] = gaps(Roster("pr"), at("2026-11-21 00:00"), at("2026-11-22 00:00"), ZONE)
    assert gap.end - gap.start == timedelta(days=1)


def test_everybody_is_named_once():
    twice = replace(ROSTER, groups=("room",), executives=("boss", "anna"))
    assert twice.everybody == ("anna", "bo", "chen", "dora")
    assert twice.named == ("anna", "bo", "chen", "dora", "boss", "room")


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 95), st.integers(0, 96), st.integers(0, 4 * 24 * 7))
def test_a_shift_covers_its_length_each_day_and_the_rest_is_gap(start, end, offset):
    quarter = timedelta(minutes=15)
    shift = Shift(DAYS, start * quarter, end * quarter, ("anna",))
    length = (end - start) * quarter if end > start else (end - start + 96) * quarter
    begin = at("2026-11-16 00:00") + offset * quarter
    found = gaps(Roster("r", (shift,)), begin, begin + timedelta(days=1), ZONE)
    empty = sum((gap.end - gap.start for gap in found), timedelta(0))
    assert empty == timedelta(days=1) - length


@pytest.mark.parametrize(
    ("moment", "end"),
    [
        ("2026-11-20 21:59", None),
        ("2026-11-20 22:00", "2026-11-21 08:00"),
        ("2026-11-21 02:31", "2026-11-21 08:00"),
        ("2026-11-21 07:59", "2026-11-21 08:00"),
        ("2026-11-21 08:00", None),
    ],
)
def test_quiet_hours_end_in_the_morning(moment, end):
    quiet = QuietHours(22 * HOUR, 8 * HOUR)
    assert quiet.end_of(at(moment), ZONE) == (at(end) if end else None)
