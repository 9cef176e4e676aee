"""monitoring/handling_clocks.py: what happens each minute, on a real workflow database."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.audit import first_broken
from domain.brand import Level
from domain.roster import QuietHours, Roster, Shift, Weekday
from domain.signal import SignalState
from domain.silence import SilenceScope
from monitoring.handling_clocks import Telling, empty_slots, run_clocks
from storage.sql.database import begin_work
from tests.fixtures.databases import new_workflow_database
from tests.fixtures.desk import (
    ALL_WEEK,
    ANNA,
    BO,
    CONFIGURATION,
    ZONE,
    a_desk,
    changed,
    furnish,
    render,
)
from tests.fixtures.signals import OPENED, a_context, a_signal
from workflow.handling import acknowledge, make_case, silence
from workflow.signals import open_signal

ID = a_signal().id
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
TELLING = Telling(render=render, zone=ZONE, public_url="https://koubei.example")


@pytest.fixture
def begin(tmp_path):
    engine = new_workflow_database(tmp_path / "workflow.sqlite")
    yield begin_work(engine)
    engine.dispose()


@pytest.fixture
def night(begin):
    """A team on duty and an orange signal, whose opening mail went to Anna."""
    furnish(begin)
    opened(begin)
    return begin


def opened(begin, **changes):
    with begin() as work:
        open_signal(
            work,
            a_signal(**changes),
            recipients=[ANNA],
            context=a_context(),
            render=render,
            reason="x",
        )
        work.commit()


def run(begin, after):
    return run_clocks(begin, OPENED + after, TELLING)


def subjects(begin, kind="reminder"):
    with begin() as work:
        return [m.rendered.subject for m in reversed(work.outbox.recent(500)) if m.kind == kind]


def actions(begin, object_id=ID):
    with begin() as work:
        assert first_broken(work.audit.rows()) is None
        return [row.action for row in work.audit.of(object_id)]


def test_nobody_takes_it_and_the_roster_is_called(night):
    for minutes in range(91):
        run(night, minutes * MINUTE)
    assert subjects(night) == [
        "reminder 1 orange bo",
        "reminder 2 orange anna",
        "reminder 3 orange bo",
        "reminder 4 orange anna",
        "reminder 5 orange bo",
        "reminder 6 orange anna",
        "reminder 6 orange bo",
        "reminder 6 orange boss",
    ]
    assert actions(night).count("signal.reminded") == 6


def test_running_twice_in_a_minute_or_as_two_services_repeats_nothing(night):
    for _ in range(5):
        run(night, 15 * MINUTE)
    assert subjects(night) == ["reminder 1 orange bo"]


def test_taking_it_stops_the_calls(night):
    acknowledge(night, "ann", ID, expected_version=0, at=OPENED + MINUTE)
    assert run(night, 59 * MINUTE) == {"empty_slots": 0}
    assert subjects(night) == []


def test_what_is_taken_and_left_comes_back_and_the_roster_is_called_anew(night):
    acknowledge(night, "ann", ID, expected_version=0, at=OPENED)
    assert run(night, HOUR)["returned"] == 1
    with night() as work:
        signal = work.signals.get(ID)
        notices = [t.recipient for t in work.outbox.told(ID) if t.kind == "notice"]
    assert (signal.state, signal.acknowledged_by) == (SignalState.OPEN, "")
    assert notices == ["ann@people.example"]
    run(night, HOUR + MINUTE)
    run(night, HOUR + 16 * MINUTE)
    assert subjects(night) == ["reminder 0 orange anna", "reminder 1 orange bo"]
    assert "signal.returned" in actions(night)


def test_a_case_or_a_silence_is_a_decision_and_nothing_comes_back(night):
    make_case(night, "ann", ID, expected_version=0, at=OPENED, desk=a_desk())
    assert "returned" not in run(night, 30 * HOUR)


def test_a_silence_stops_the_calls_and_its_end_is_told_once(night):
    silence(
        night,
        "lead",
        scope=SilenceScope(signal_key=a_signal().key),
        until=OPENED + 2 * HOUR,
        reason="已知",
        at=OPENED,
        zone=ZONE,
    )
    run(night, 119 * MINUTE)
    assert subjects(night) == []
    assert run(night, 2 * HOUR)["silences_ended"] == 1
    run(night, 2 * HOUR + MINUTE)
    with night() as work:
        told = [m for m in work.outbox.recent(50) if m.kind == "silence"]
    assert sorted(m.recipient for m in told) == ["anna@example.com", "lead@people.example"]
    assert "静默到期" in told[0].rendered.subject
    assert subjects(night) == ["reminder 1 orange bo"], "what goes on is called again"


def test_yellow_waits_for_the_end_of_the_quiet_hours_and_red_does_not(begin):
    quiet = QuietHours(timedelta(hours=22), timedelta(hours=8))  # it is 02:31
    furnish(begin, configuration=replace(CONFIGURATION, quiet_hours=quiet))
    opened(begin, level=Level.YELLOW)
    opened(begin, id="A-20261121-09", key="red", level=Level.RED, brand_id="other")
    for minutes in range(0, 6 * 60, 5):
        run(begin, minutes * MINUTE)
    told = subjects(begin)
    assert any("red" in subject for subject in told)
    assert not any("yellow" in subject for subject in told)
    for minutes in range(0, 120, 5):
        run(begin, 6 * HOUR + minutes * MINUTE)
    assert [s for s in subjects(begin) if "yellow" in s][:1] == ["reminder 1 yellow bo"]


def test_an_empty_slot_is_an_alarm_once(begin):
    evenings = replace(ALL_WEEK, start=timedelta(hours=9), end=timedelta(hours=2))
    roster = Roster("pr", shifts=(evenings,))
    furnish(begin, configuration=replace(CONFIGURATION, rosters=(roster,)))
    assert run(begin, timedelta(0))["empty_slots"] > 0
    assert run(begin, MINUTE)["empty_slots"] == 0
    with begin() as work:
        told = [m for m in work.outbox.recent(50) if m.kind == "roster"]
    assert {m.recipient for m in told} == {r.address for r in CONFIGURATION.recipients}
    now = {m.rendered.subject for m in told}
    assert any("2026-11-21 02:00 起无人值班" in subject for subject in now)


def test_a_slot_that_stays_empty_is_told_again_each_day(begin):
    furnish(begin, configuration=replace(CONFIGURATION, rosters=(Roster("pr"),)))
    days = [run(begin, day * timedelta(days=1))["empty_slots"] for day in (0, 0, 1, 2)]
    assert days == [1, 0, 1, 1]


def test_a_full_roster_has_no_empty_slot():
    assert empty_slots(CONFIGURATION, OPENED, ZONE) == []
    weekdays = Shift(tuple(Weekday)[:5], timedelta(0), timedelta(days=1), ("anna",))
    found = empty_slots(
        replace(CONFIGURATION, rosters=(Roster("pr", shifts=(weekdays,)),)), OPENED, ZONE
    )
    assert len(found) == 1, "from Saturday's midnight on"


def test_what_somebody_holds_keeps_nobody_else_from_being_called(night):
    opened(night, id="A-20261121-09", key="other", brand_id="other")
    changed(night, ID, acknowledged_at=None, state=SignalState.ACKNOWLEDGED)
    assert run(night, 15 * MINUTE)["reminders"] == 1
    assert subjects(night) == ["reminder 1 orange bo"]


def test_the_reminder_names_who_was_told_and_who_is_called(begin):
    seen = []

    def keeping(signal, stage, context, recipient):
        seen.append((context.step, context.on_duty, [name for name, _ in context.told_before]))
        return render(signal, stage, context, recipient)

    furnish(begin)
    opened(begin)
    telling = replace(TELLING, render=keeping)
    for minutes in (15, 30):
        run_clocks(begin, OPENED + minutes * MINUTE, telling)
    assert seen == [(1, ("波", "安娜"), ["安娜"]), (2, ("安娜", "波"), ["安娜", "波"])]
    assert BO.name == "波"
