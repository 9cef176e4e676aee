"""presentation/formats.py: times, spans and numbers in words."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presentation import formats

SHANGHAI = ZoneInfo("Asia/Shanghai")
MOMENT = datetime(2026, 11, 20, 18, 31, tzinfo=UTC)


def test_local_time_is_that_of_the_zone_passed():
    assert formats.full_time(MOMENT, SHANGHAI) == "2026-11-21 02:31"
    assert formats.short_time(MOMENT, SHANGHAI) == "11-21 02:31"
    assert formats.clock_time(MOMENT, SHANGHAI) == "02:31"
    assert formats.full_time(MOMENT, ZoneInfo("UTC")) == "2026-11-20 18:31"


def test_the_date_is_left_out_only_on_the_same_local_day():
    assert formats.near_time(MOMENT, MOMENT + timedelta(hours=9), SHANGHAI) == "02:31"
    assert formats.near_time(MOMENT, MOMENT - timedelta(hours=3), SHANGHAI) == "11-21 02:31"


@pytest.mark.parametrize(
    ("zone", "mark"),
    [("Asia/Shanghai", "UTC+8"), ("UTC", "UTC+0"), ("America/St_Johns", "UTC-3:30")],
)
def test_the_zone_is_named_by_its_offset(zone, mark):
    assert formats.zone_mark(MOMENT, ZoneInfo(zone)) == mark


@pytest.mark.parametrize(
    ("span", "zh", "en"),
    [
        (timedelta(hours=4), "4 小时", "4 hours"),
        (timedelta(days=2), "2 天", "2 days"),
        (timedelta(hours=48), "2 天", "2 days"),
        (timedelta(hours=24), "1 天", "1 day"),
        (timedelta(minutes=15), "15 分钟", "15 minutes"),
        (timedelta(hours=1, minutes=30), "1 小时 30 分钟", "1 hour 30 minutes"),
        (timedelta(days=1, hours=3, minutes=59), "1 天 3 小时", "1 day 3 hours"),
        (timedelta(days=1, minutes=5), "1 天", "1 day"),
        (timedelta(seconds=40), "40 秒", "40 seconds"),
        (timedelta(seconds=-5), "0 秒", "0 seconds"),
    ],
)
def test_a_span_is_told_in_at_most_two_units(span, zh, en):
    assert formats.duration(span, "zh") == zh
    assert formats.duration(span, "en") == en


@pytest.mark.parametrize(
    ("value", "zh", "en"),
    [
        (0, "0", "0"),
        (1204, "1,204", "1,204"),
        (9999, "9,999", "9,999"),
        (10000, "1万", "10k"),
        (12990, "1.2万", "12.9k"),
        (1_250_000, "125万", "1.2M"),
        (99_999_999, "9,999.9万", "99.9M"),
        (340_000_000, "3.4亿", "340M"),
    ],
)
def test_a_large_count_is_short_and_never_rounded_up(value, zh, en):
    assert formats.count(value, "zh") == zh
    assert formats.count(value, "en") == en


@pytest.mark.parametrize(
    ("value", "shown"), [(6.2, "6.2 倍"), (6.0, "6 倍"), (99.96, "100 倍"), (1234.5, "1,234 倍")]
)
def test_a_multiple_keeps_one_decimal_while_it_says_something(value, shown):
    assert formats.multiple(value, "zh") == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0, "0%"), (0.004, "<1%"), (0.81, "81%"), (0.995, ">99%"), (1.0, "100%")],
)
def test_a_share_never_rounds_to_nothing_or_all(value, shown):
    assert formats.share(value) == shown


@pytest.mark.parametrize(("value", "zh"), [(12.9, "12 天"), (0.5, "12 小时"), (1.0, "1 天")])
def test_days_are_rounded_down(value, zh):
    assert formats.days(value, "zh") == zh


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=4000)))
def test_every_span_has_words(span):
    assert formats.duration(span, "zh")
    assert formats.duration(span, "en")


def test_a_lower_bound_is_marked():
    assert formats.at_least("47", lower_bound=True) == "≥ 47"
    assert formats.at_least("47", lower_bound=False) == "47"
