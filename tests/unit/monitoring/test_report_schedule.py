"""When reports are due, and that nothing is made twice."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from domain.account import Role
from domain.brand import ReportPlan
from domain.coverage import CoverageState
from domain.errors import VersionConflict
from domain.report import ReportState
from monitoring.report_files import Look
from monitoring.report_schedule import Press, due_periods, make_due
from tests.fixtures.report_world import (
    CONFIGURATION,
    DAY,
    HOUR,
    MONDAY_MORNING,
    WEEK,
    ZONE,
    a_usual_week,
    a_world,
)

LOOK = Look(public_url="https://koubei.example")
PRESS = Press(ZONE, render=LOOK.mail, remind=LOOK.reminder)


@pytest.fixture(name="world")
def make_world(tmp_path):
    with a_world(tmp_path) as world:
        world.account("lead", Role.DUTY_LEAD)
        yield world


def tick(world, now):
    return make_due(world.store, world.reading, world.begin, now, PRESS)


def local(day, hour, minute=0):
    return datetime(2026, 11, day, hour, minute, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("now", "codes"),
    [
        (local(16, 7, 59), ["2026-W45", "2026-11-14"]),
        (local(16, 8), ["2026-W46", "2026-11-15"]),
        (local(18, 23), ["2026-W46", "2026-11-17"]),
        (local(22, 12), ["2026-W46", "2026-11-21"]),
    ],
)
def test_the_newest_period_whose_hour_has_come_is_due(now, codes):
    assert [period.code for period in due_periods(CONFIGURATION, ZONE, now)] == codes


def test_what_is_switched_off_or_goes_to_nobody_is_never_due():
    off = replace(CONFIGURATION, report=ReportPlan(weekly=False, daily=False))
    nobody = replace(CONFIGURATION, report=ReportPlan(weekly=False))
    assert due_periods(off, ZONE, MONDAY_MORNING) == ()
    assert due_periods(nobody, ZONE, MONDAY_MORNING) == ()


def test_monday_morning_drafts_the_week_and_mails_the_day(world):
    a_usual_week(world)
    assert tick(world, MONDAY_MORNING) == {"drafted": 2, "sent": 1}
    with world.begin() as work:
        week = work.reports.get("R-2026-W46-tea")
        day = work.reports.get("R-2026-11-15-tea")
        mails = {mail.recipient: mail for mail in work.outbox.recent()}
    assert week is not None
    assert week.state is ReportState.DRAFT
    assert day is not None
    assert day.state is ReportState.SENT
    assert set(mails) == {"lead@example.com", "duty@example.com"}
    assert "草稿" in mails["lead@example.com"].rendered.subject
    assert "/reports?id=R-2026-W46-tea" in mails["lead@example.com"].rendered.text
    assert "日报" in mails["duty@example.com"].rendered.subject


def test_ticks_restarts_and_late_starts_make_each_report_once(world):
    a_usual_week(world)
    tick(world, MONDAY_MORNING + 5 * HOUR)
    for minutes in (5, 10, 600):
        assert tick(world, MONDAY_MORNING + 5 * HOUR + timedelta(minutes=minutes)) == {}
    with world.begin() as work:
        assert len(work.reports.recent()) == 2
        assert len(work.outbox.recent()) == 2


def test_two_services_at_once_make_one_report_and_one_mail(world):
    a_usual_week(world)

    def try_it(_):
        try:
            tick(world, MONDAY_MORNING)
        except VersionConflict:
            return

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(try_it, range(2)))
    with world.begin() as work:
        assert len(work.reports.recent()) == 2
        assert len([m for m in work.outbox.recent() if m.kind == "report"]) == 1


def test_a_daily_report_that_was_made_and_not_sent_is_sent_by_the_next_tick(world):
    a_usual_week(world)
    broken = replace(PRESS, render=_breaks)
    with pytest.raises(RuntimeError):
        make_due(world.store, world.reading, world.begin, MONDAY_MORNING, broken)
    assert tick(world, MONDAY_MORNING + HOUR) == {"sent": 1}


def test_a_time_before_the_monitoring_began_has_no_report(world):
    assert tick(world, MONDAY_MORNING) == {}
    world.look(WEEK.start, WEEK.end, state=CoverageState.BLOCKED, reason="login_wall")
    assert tick(world, MONDAY_MORNING) == {}
    world.look(WEEK.end - DAY, WEEK.end)
    assert tick(world, MONDAY_MORNING) == {"drafted": 2, "sent": 1}


def test_the_brands_of_the_plan_are_reported_on_and_no_others(world):
    a_usual_week(world)
    world.configure(lambda c: replace(c, report=replace(c.report, brand_ids=("rival",))))
    assert tick(world, MONDAY_MORNING) == {}
    assert date(2026, 11, 16) == MONDAY_MORNING.astimezone(ZONE).date()


def _breaks(report, configuration):
    raise RuntimeError("the renderer broke")
