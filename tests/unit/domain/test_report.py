"""Periods, comparisons and differences."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.brand import Level
from domain.report import (
    Edits,
    Period,
    Proposal,
    Query,
    ReportKind,
    Tally,
    Watched,
    differences,
    report_id,
)
from domain.sentiment import Label
from tests.fixtures.reports import WEEK, a_snapshot

CHINA = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("day", "code", "first"),
    [
        (date(2026, 11, 22), "2026-W47", date(2026, 11, 16)),
        (date(2027, 1, 1), "2026-W53", date(2026, 12, 28)),
        (date(2024, 12, 30), "2025-W01", date(2024, 12, 30)),
    ],
)
def test_a_week_is_the_iso_week_also_around_new_year(day, code, first):
    week = Period.holding(ReportKind.WEEK, day, CHINA)
    assert (week.code, week.first_day) == (code, first)
    assert report_id(week, "tea") == f"R-{code}-tea"


def test_days_begin_at_local_midnight():
    week = Period.holding(ReportKind.WEEK, date(2026, 11, 18), CHINA)
    assert week.start == datetime(2026, 11, 15, 16, tzinfo=UTC)
    assert len(week.days()) == 7
    assert week.days()[-1][1] == week.end
    assert week.back(1).end == week.start


def test_a_day_of_summer_time_has_its_own_length():
    day = Period.holding(ReportKind.DAY, date(2026, 3, 29), ZoneInfo("Europe/Berlin"))
    assert day.end - day.start == timedelta(hours=23)


def test_shares_are_of_all_that_was_said_and_nothing_said_has_none():
    query = Query("tea", WEEK.start, WEEK.end)
    assert Tally(query, 10, negative=3, neutral=5, positive=1).share(Label.NEGATIVE) == 0.3
    assert Tally(query, 0).negative_share is None


def test_what_was_not_watched_is_no_calm_period():
    assert Watched(0, 0).share == 0.0
    assert Watched(24, 23).has_gap
    assert not Watched(24, 24).has_gap
    assert Watched(24, 0).unread


def test_a_period_that_was_barely_watched_is_not_compared_with():
    snapshot = a_snapshot()
    assert snapshot.before is not None
    assert [past.tally.total for past in snapshot.usual] == [702, 688, 640]
    assert snapshot.usual_total == pytest.approx((702 + 688 + 640) / 3)
    barely = replace(snapshot.past[0], watched=Watched(504, 400))
    assert replace(snapshot, past=(barely,)).before is None


def test_the_level_is_the_most_serious_and_a_false_alarm_is_none():
    snapshot = a_snapshot()
    assert snapshot.level is Level.ORANGE
    alarm = replace(snapshot.handling.signals[0], level=Level.RED, false_alarm=True)
    handling = replace(snapshot.handling, signals=(alarm,), cases=())
    assert replace(snapshot, handling=handling).level is None


def test_the_same_snapshot_has_no_differences_whenever_it_was_taken():
    later = a_snapshot(taken_at=WEEK.end + timedelta(days=9))
    assert differences(a_snapshot(), later) == ()


def test_differences_name_the_figure_and_both_values():
    frozen = a_snapshot()
    day = replace(frozen.days[2], tally=replace(frozen.days[2].tally, negative=30))
    now = replace(frozen, days=(*frozen.days[:2], day, *frozen.days[3:]), authors=612, topics=())
    found = {d.path: (d.frozen, d.now) for d in differences(frozen, now)}
    assert found == {
        "days[2].tally.negative": ("24", "30"),
        "authors": ("611", "612"),
        "topics": ("1 ×", "0 ×"),
    }


@pytest.mark.parametrize(
    ("edits", "says"),
    [
        (Edits(), False),
        (Edits(overview="本周平稳"), False),
        (Edits(assessment=" \n"), False),
        (Edits(assessment="下周发布新品"), True),
        (Edits(proposals=(Proposal("公布检测报告"),)), True),
        (Edits(proposals=(Proposal(" ", "陈晓"),)), False),
    ],
)
def test_section_nine_counts_only_when_it_says_something(edits, says):
    assert edits.has_assessment is says
