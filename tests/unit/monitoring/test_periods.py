"""monitoring/periods.py: spans of time that pages speak of."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from monitoring.periods import LONGEST, Period, Range, period_of, period_of_days

CHINA = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 20, 8, 40, tzinfo=UTC)


def test_today_begins_at_the_local_midnight():
    period = period_of(Range.TODAY, NOW, CHINA)
    assert period == Period(datetime(2026, 11, 19, 16, tzinfo=UTC), NOW)


@pytest.mark.parametrize(
    ("chosen", "days"), [(Range.DAY, 1), (Range.WEEK, 7), (Range.MONTH, 30)], ids=str
)
def test_a_span_begins_at_a_full_hour_and_ends_now(chosen, days):
    period = period_of(chosen, NOW, CHINA)
    assert period.end == NOW
    assert period.start == datetime(2026, 11, 20, 8, tzinfo=UTC) - timedelta(days=days)


def test_the_previous_span_is_as_long_and_touches():
    period = period_of(Range.WEEK, NOW, CHINA)
    assert period.previous.end == period.start
    assert period.previous.length == period.length


@pytest.mark.parametrize(("length", "back"), [(1, 7), (7, 7), (8, 14), (30, 35)])
def test_a_week_before_is_as_many_weeks_back_as_the_span_is_long(length, back):
    period = Period(NOW - timedelta(days=length), NOW)
    assert period.start - period.week_before.start == timedelta(days=back)


def test_days_are_whole_local_days_both_included():
    period = period_of_days(date(2026, 11, 17), date(2026, 11, 18), NOW, CHINA)
    assert period.start == datetime(2026, 11, 16, 16, tzinfo=UTC)
    assert period.end == datetime(2026, 11, 18, 16, tzinfo=UTC)


def test_days_in_the_wrong_order_are_taken_in_the_right_one():
    first, last = date(2026, 11, 18), date(2026, 11, 17)
    assert period_of_days(first, last, NOW, CHINA) == period_of_days(last, first, NOW, CHINA)


def test_no_span_reaches_into_the_future_or_is_longer_than_a_year():
    future = period_of_days(date(2026, 12, 1), date(2026, 12, 9), NOW, CHINA)
    assert future.end == NOW
    assert future.start < NOW
    ages = period_of_days(date(1999, 1, 1), date(2026, 11, 20), NOW, CHINA)
    assert ages.length == LONGEST
