"""Clocks: what they read at any moment, and that nothing a person does hides a breach."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.brand import DEFAULT_CLOCKS, NO_CLOCK, Level, LevelClocks
from domain.case import Case, CaseKind, CaseState
from domain.case_table import MOVES
from domain.clocks import (
    FOLLOWED_UP,
    REPORTED,
    REVIEWED,
    ClockName,
    ClockPolicy,
    ClockReading,
    ClockState,
    clocks_of,
    fixed_policy,
    most_urgent,
)
from domain.times import CHINA
from domain.work_calendar import WorkCalendar
from tests.fakes import NOON
from tests.fixtures.case_trails import Told, a_case, a_trail

S, L, C = CaseState, Level, ClockName
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
CALENDAR = WorkCalendar()
POLICY = fixed_policy(DEFAULT_CLOCKS)
FRIDAY_TEN = datetime(2026, 11, 20, 10, tzinfo=CHINA).astimezone(UTC)


def test_the_acts_that_stop_clocks_are_acts_of_a_case():
    assert {move.action for move in MOVES} >= REPORTED | FOLLOWED_UP | REVIEWED


def opened(level: Level = L.ORANGE) -> Told:
    return (timedelta(0), "case.opened", S.NEW, level)


def read(
    told: list[Told],
    after: timedelta,
    *,
    case: Case | None = None,
    policy: ClockPolicy = POLICY,
    opened_at: datetime = NOON,
    roles: tuple[str, ...] = (),
) -> list[ClockReading]:
    case = case or a_case(opened_at=opened_at, clock_start=opened_at)
    trail = a_trail(case.id, told, opened_at=opened_at, roles=roles)
    return clocks_of(case, trail, policy, CALENDAR, opened_at + after)


def of(readings: list[ClockReading], name: ClockName) -> list[ClockReading]:
    return [reading for reading in readings if reading.name is name]


def the(readings: list[ClockReading], name: ClockName) -> ClockReading:
    [reading] = of(readings, name)
    return reading


@pytest.mark.parametrize(
    ("after", "state"),
    [
        (0 * MINUTE, ClockState.OK),
        (7 * MINUTE, ClockState.OK),
        (7.5 * MINUTE, ClockState.HALF),
        (11 * MINUTE, ClockState.HALF),
        (12 * MINUTE, ClockState.NEAR),
        (14.9 * MINUTE, ClockState.NEAR),
        (15 * MINUTE, ClockState.BREACHED),
        (9 * HOUR, ClockState.BREACHED),
    ],
)
def test_a_clock_warns_at_half_and_four_fifths_and_is_breached_at_its_end(after, state):
    reading = the(read([opened()], after), C.ACKNOWLEDGE)
    assert reading.state is state
    assert reading.due_at == NOON + 15 * MINUTE
    assert reading.is_running


def test_what_was_done_in_time_is_met_and_what_was_late_stays_breached():
    taken = (15 * MINUTE, "case.taken", S.TRIAGE, L.ORANGE)
    assert the(read([opened(), taken], DAY), C.ACKNOWLEDGE).state is ClockState.MET
    late = (15 * MINUTE + timedelta(seconds=1), "case.taken", S.TRIAGE, L.ORANGE)
    reading = the(read([opened(), late], 30 * DAY), C.ACKNOWLEDGE)
    assert reading.state is ClockState.BREACHED
    assert reading.ended_at == NOON + late[0]
    assert not reading.is_running


ROAD: list[Told] = [
    opened(),
    (5 * MINUTE, "case.taken", S.TRIAGE, L.ORANGE),
    (10 * MINUTE, "case.graded", S.TRIAGE, L.ORANGE),
    (12 * MINUTE, "case.reported_upward", S.TRIAGE, L.ORANGE),
    (15 * MINUTE, "case.verification_begun", S.VERIFYING, L.ORANGE),
    (80 * MINUTE, "case.facts_submitted", S.DRAFTING, L.ORANGE),
    (2 * HOUR, "case.draft_submitted", S.IN_REVIEW, L.ORANGE),
    (3 * HOUR, "case.approval_given", S.APPROVED, L.ORANGE),
    (3.5 * HOUR, "case.published", S.RESPONDED, L.ORANGE),
    (6 * HOUR, "case.noted", S.RESPONDED, L.ORANGE),
    (9 * HOUR, "case.noted", S.RESPONDED, L.ORANGE),
    (76 * HOUR, "case.resolved", S.RESOLVED, L.ORANGE),
    (90 * HOUR, "case.review_saved", S.RESOLVED, L.ORANGE),
    (91 * HOUR, "case.closed", S.CLOSED, L.ORANGE),
]


def test_the_whole_road_meets_every_clock_but_the_one_follow_up_that_was_forgotten():
    readings = read(ROAD, 100 * HOUR)
    late = [r for r in readings if r.state is not ClockState.MET]
    [forgotten] = late
    assert forgotten.name is C.FOLLOW_UP
    assert forgotten.started_at == NOON + 9 * HOUR
    assert forgotten.state is ClockState.BREACHED
    assert {r.name for r in readings} == set(ClockName) - {
        C.COMPLAINT_REPLY,
        C.COMPLAINT_UPDATE,
        C.COMPLAINT_SOLUTION,
        C.WATCH_WINDOW,  # over: nothing is owed by it
    }
    assert len(of(readings, C.FOLLOW_UP)) == 3


def test_the_watch_window_is_a_time_that_passes_and_no_duty():
    answered = ROAD[:11]
    running = the(read(answered, 75 * HOUR), C.WATCH_WINDOW)
    assert running.state is ClockState.OK
    assert running.due_at == NOON + 75.5 * HOUR
    assert the(read(answered, 75.5 * HOUR), C.WATCH_WINDOW).state is ClockState.MET


def test_red_runs_at_night_and_yellow_waits_for_the_morning():
    friday_evening = FRIDAY_TEN + 7.5 * HOUR  # 17:30
    red = the(read([opened(L.RED)], HOUR, opened_at=friday_evening), C.FACT_SHEET)
    assert red.due_at == friday_evening + HOUR
    yellow = the(read([opened(L.YELLOW)], HOUR, opened_at=friday_evening), C.ACKNOWLEDGE)
    assert yellow.due_at == datetime(2026, 11, 23, 9, 30, tzinfo=CHINA)
    assert yellow.state is ClockState.HALF


def test_a_day_of_a_yellow_clock_is_a_working_day():
    reading = the(read([opened(L.YELLOW)], HOUR, opened_at=FRIDAY_TEN), C.FIRST_RESPONSE)
    assert reading.due_at == datetime(2026, 11, 23, 10, tzinfo=CHINA)


def test_waiting_for_somebody_outside_stops_yellow_and_not_orange():
    def held(level: Level) -> list[Told]:
        return [
            opened(level),
            (1 * HOUR, "case.taken", S.TRIAGE, level),
            (2 * HOUR, "case.held", S.ON_HOLD, level),
            (2.5 * HOUR, "case.noted", S.ON_HOLD, level),
            (5 * HOUR, "case.woken", S.TRIAGE, level),
        ]

    yellow = the(read(held(L.YELLOW), 6 * HOUR, opened_at=FRIDAY_TEN), C.FACT_SHEET)
    # 8 h: 2 before the pause, then 13:00 on Friday 15:00 to 18:00, the last 3 on Monday
    assert yellow.due_at == datetime(2026, 11, 23, 12, tzinfo=CHINA)
    assert yellow.spent_share == pytest.approx(3 / 8)
    orange = the(read(held(L.ORANGE), 6 * HOUR, opened_at=FRIDAY_TEN), C.FACT_SHEET)
    assert orange.due_at == FRIDAY_TEN + 2 * HOUR
    assert orange.state is ClockState.BREACHED


def test_a_paused_clock_has_no_end_and_keeps_its_share():
    told = [opened(L.YELLOW), (2 * HOUR, "case.held", S.ON_HOLD, L.YELLOW)]
    reading = the(read(told, 30 * DAY, opened_at=FRIDAY_TEN), C.FACT_SHEET)
    assert reading.paused
    assert reading.due_at is None
    assert reading.spent_share == pytest.approx(2 / 8)
    assert reading.state is ClockState.OK


def test_lowering_the_grade_does_not_hide_that_the_limit_had_run_out():
    told = [opened(), (3 * HOUR, "case.regraded", S.NEW, L.BLUE)]
    old, new = of(read(told, 4 * HOUR, opened_at=FRIDAY_TEN), C.FACT_SHEET)
    assert (old.level, old.state, old.superseded) == (L.ORANGE, ClockState.BREACHED, True)
    assert (new.level, new.state, new.superseded) == (L.BLUE, ClockState.OK, False)
    assert new.started_at == FRIDAY_TEN


def test_a_graver_grade_begins_anew_but_never_ends_later():
    told = [opened(L.YELLOW), (7 * HOUR, "case.regraded", S.NEW, L.ORANGE)]
    reading = the(read(told, 7.5 * HOUR, opened_at=FRIDAY_TEN), C.FACT_SHEET)
    # yellow would have ended at 18:00, one hour after the regrade; orange's own two hours at 19:00
    assert reading.due_at == FRIDAY_TEN + 8 * HOUR
    assert reading.started_at == FRIDAY_TEN + 7 * HOUR
    assert reading.spent_share == pytest.approx(0.5)
    early = [opened(L.YELLOW), (1 * HOUR, "case.regraded", S.NEW, L.RED)]
    reading = the(read(early, 1.1 * HOUR, opened_at=FRIDAY_TEN), C.FACT_SHEET)
    assert reading.due_at == FRIDAY_TEN + 2 * HOUR


def test_what_the_policy_leaves_blank_starts_no_clock_and_says_so():
    clocks = {**DEFAULT_CLOCKS, L.ORANGE: replace(DEFAULT_CLOCKS[L.ORANGE], fact_sheet=None)}
    reading = the(read([opened()], DAY, policy=fixed_policy(clocks)), C.FACT_SHEET)
    assert reading.state is ClockState.NOT_SET
    assert reading.due_at is None
    assert not reading.is_running
    nothing = read([opened()], DAY, policy=fixed_policy({}))
    assert {r.state for r in nothing} == {ClockState.NOT_SET}


def test_what_is_decided_to_be_none_is_no_clock():
    clocks = {**DEFAULT_CLOCKS, L.ORANGE: replace(DEFAULT_CLOCKS[L.ORANGE], fact_sheet=NO_CLOCK)}
    assert not of(read([opened()], DAY, policy=fixed_policy(clocks)), C.FACT_SHEET)


def test_a_clock_keeps_the_figure_that_was_in_force_when_it_began():
    slow = {L.ORANGE: LevelClocks(acknowledge=9 * HOUR)}
    policy = ClockPolicy(((NOON - DAY, DEFAULT_CLOCKS), (NOON + MINUTE, slow)))
    assert the(read([opened()], HOUR, policy=policy), C.ACKNOWLEDGE).state is ClockState.BREACHED
    later = NOON + HOUR
    reading = the(read([opened()], HOUR, policy=policy, opened_at=later), C.ACKNOWLEDGE)
    assert reading.state is ClockState.OK


def test_a_merged_case_takes_the_earlier_start():
    case = a_case(clock_start=NOON - 10 * MINUTE)
    reading = the(read([opened()], MINUTE, case=case), C.ACKNOWLEDGE)
    assert reading.started_at == NOON - 10 * MINUTE
    assert reading.due_at == NOON + 5 * MINUTE


def test_a_false_alarm_drops_what_was_owed_and_keeps_what_was_breached():
    told = [
        opened(),
        (5 * MINUTE, "case.taken", S.TRIAGE, L.ORANGE),
        (30 * MINUTE, "case.false_alarm", S.FALSE_ALARM, L.ORANGE),
    ]
    readings = read(told, DAY)
    assert not of(readings, C.FACT_SHEET)
    assert not of(readings, C.FIRST_RESPONSE)
    report = the(readings, C.REPORT_LEAD)
    assert (report.state, report.superseded) == (ClockState.BREACHED, False)


def test_reopening_asks_for_a_new_fact_sheet_and_a_new_answer():
    told = [*ROAD[:9], (5 * HOUR, "case.reopened", S.VERIFYING, L.ORANGE)]
    first, second = of(read(told, 6 * HOUR), C.FIRST_RESPONSE)
    assert first.state is ClockState.MET
    assert second.started_at == NOON + 5 * HOUR
    assert second.due_at == NOON + 9 * HOUR
    assert len(of(read(told, 6 * HOUR), C.FACT_SHEET)) == 2


def test_a_case_given_back_waits_to_be_taken_again():
    told = [
        opened(),
        (5 * MINUTE, "case.taken", S.TRIAGE, L.ORANGE),
        (50 * MINUTE, "case.released", S.NEW, L.ORANGE),
    ]
    readings = read(told, 51 * MINUTE)
    assert [r.state for r in of(readings, C.ACKNOWLEDGE)] == [ClockState.MET, ClockState.OK]
    assert not of(readings, C.ACK_TIMEOUT)


def test_the_duty_lead_at_work_is_a_lead_that_knows():
    told = [opened(), (5 * MINUTE, "case.taken", S.TRIAGE, L.ORANGE)]
    readings = read(told, HOUR, roles=("", "duty_lead"))
    assert the(readings, C.REPORT_LEAD).state is ClockState.MET
    assert the(readings, C.REPORT_EXECUTIVE).state is ClockState.BREACHED


def test_a_graver_grade_has_to_be_reported_again():
    told = [*ROAD[:5], (30 * MINUTE, "case.regraded", S.VERIFYING, L.RED)]
    first, second = of(read(told, 31 * MINUTE), C.REPORT_EXECUTIVE)
    assert first.state is ClockState.MET
    assert (second.level, second.started_at) == (L.RED, NOON + 30 * MINUTE)


def test_a_complaint_has_its_three_clocks_and_an_incident_none():
    told = [
        opened(L.YELLOW),
        (1 * HOUR, "case.taken", S.TRIAGE, L.YELLOW),
        (2 * HOUR, "case.promised", S.TRIAGE, L.YELLOW),
    ]
    complaint = a_case(kind=CaseKind.COMPLAINT, opened_at=FRIDAY_TEN, clock_start=FRIDAY_TEN)
    readings = read(told, 3 * HOUR, case=complaint, opened_at=FRIDAY_TEN)
    assert the(readings, C.COMPLAINT_REPLY).state is ClockState.MET
    update = the(readings, C.COMPLAINT_UPDATE)
    assert update.started_at == FRIDAY_TEN + 2 * HOUR
    assert update.due_at == datetime(2026, 11, 24, 12, tzinfo=CHINA)
    solution = the(readings, C.COMPLAINT_SOLUTION)
    assert solution.due_at == datetime(2026, 12, 1, 10, tzinfo=CHINA)
    assert not of(read(told, 3 * HOUR, opened_at=FRIDAY_TEN), C.COMPLAINT_REPLY)


def test_the_review_is_in_working_days_also_for_red():
    told = [opened(L.RED), (HOUR, "case.resolved", S.RESOLVED, L.RED)]
    reading = the(read(told, 2 * HOUR, opened_at=FRIDAY_TEN), C.REVIEW)
    assert reading.due_at == datetime(2026, 11, 27, 11, tzinfo=CHINA)


def test_working_time_over_a_year_that_nobody_filled_in_says_so():
    start = datetime(2026, 12, 31, 17, tzinfo=CHINA).astimezone(UTC)
    reading = the(read([opened(L.YELLOW)], HOUR, opened_at=start), C.FACT_SHEET)
    assert reading.missing_years == (2027,)
    assert the(read([opened()], HOUR, opened_at=start), C.FACT_SHEET).missing_years == ()


def test_the_most_urgent_clock_is_the_one_that_ends_first():
    urgent = most_urgent(read([opened()], MINUTE))
    assert urgent is not None
    assert urgent.name is C.ACKNOWLEDGE
    assert most_urgent(read(ROAD, 100 * HOUR)) is None


def test_a_row_whose_payload_was_erased_changes_nothing():
    trail = a_trail("C-20261120-01", ROAD[:5])
    erased = [*trail[:2], replace(trail[2], payload="", salt=""), *trail[3:]]
    case = a_case()
    whole = clocks_of(case, trail, POLICY, CALENDAR, NOON + HOUR)
    assert clocks_of(case, erased, POLICY, CALENDAR, NOON + HOUR) == whole


def test_a_case_without_a_trail_has_no_clocks():
    assert clocks_of(a_case(), [], POLICY, CALENDAR, NOON) == []


_ROADS = st.lists(
    st.tuples(
        st.timedeltas(timedelta(0), timedelta(hours=30)),
        st.sampled_from(["case.noted", "case.reported_upward", "case.regraded", "case.promised"]),
        st.sampled_from(list(CaseState)),
        st.sampled_from(list(Level)),
    ),
    max_size=8,
)


@settings(deadline=None, max_examples=300)
@given(_ROADS, st.sampled_from(list(Level)), st.data())
def test_no_move_ever_hides_a_breach(steps, level, data):
    """Whatever was breached at some moment is breached at every later one."""
    told: list[Told] = [opened(level)]
    for wait, action, state, after in steps:
        told.append((told[-1][0] + wait, action, state, after))
    case = a_case(kind=CaseKind.COMPLAINT)
    end = told[-1][0] + timedelta(hours=100)
    early = data.draw(st.timedeltas(timedelta(0), end))
    late = data.draw(st.timedeltas(early, end))

    def breaches(after: timedelta) -> set[object]:
        return {
            (r.name, r.level, r.due_at)
            for r in read(told, after, case=case)
            if r.state is ClockState.BREACHED
        }

    assert breaches(early) <= breaches(late)


@settings(deadline=None, max_examples=100)
@given(_ROADS, st.sampled_from(list(Level)))
def test_readings_are_sound(steps, level):
    told: list[Told] = [opened(level)]
    for wait, action, state, after in steps:
        told.append((told[-1][0] + wait, action, state, after))
    now = NOON + told[-1][0] + timedelta(hours=1)
    for r in read(told, now - NOON, case=a_case(kind=CaseKind.COMPLAINT)):
        assert 0 <= r.spent_share <= 1
        assert r.started_at <= (r.ended_at or now) <= now
        assert (r.state is ClockState.BREACHED) <= (r.spent_share == 1)
        assert r.due_at is None or r.due_at >= r.started_at
