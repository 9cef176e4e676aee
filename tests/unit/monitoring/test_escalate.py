"""monitoring/escalate.py: who is called when nobody takes a signal."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.brand import Level, LevelClocks, Recipient
from domain.outbox import OutboxState, Told
from domain.signal import SignalState
from monitoring.escalate import REMINDER, Duty, due_steps, reminder_key, step_of
from tests.fixtures.signals import OPENED, a_signal

ANNA = Recipient("anna", "安娜", "anna@example.com")
BO = Recipient("bo", "波", "bo@example.com")
CHEN = Recipient("chen", "陈", "chen@example.com")
BOSS = Recipient("boss", "王总", "boss@example.com")
ROOM = Recipient("room", "值班群", "wecom:duty-room")
DUTY = Duty(people=(ANNA, BO), everybody=(ANNA, BO, CHEN, BOSS), groups=(ROOM,))
CLOCKS = LevelClocks(acknowledge=timedelta(minutes=15))
MINUTE = timedelta(minutes=1)


def opening(address, at=OPENED, epoch=1):
    return Told(f"opening|{address}", address, "alert", epoch, at, OutboxState.SENT)


def reminder(signal, number, address, at):
    key = reminder_key(signal, number, address)
    return Told(key, address, REMINDER, signal.epoch, at, OutboxState.PENDING)


class Night:
    """A signal that nobody takes, minute by minute; what is told is remembered."""

    def __init__(self, signal=None, duty=DUTY, clocks=CLOCKS, told=()):
        self.signal = signal or a_signal()
        self.duty, self.clocks = duty, clocks
        self.told = list(told)
        self.steps = []

    def look(self, after, **changes):
        now = OPENED + after
        for step in due_steps(
            replace(self.signal, **changes), self.duty, self.clocks, self.told, now
        ):
            self.steps.append((after // MINUTE, step.number, [r.id for r in step.recipients]))
            for recipient in step.recipients:
                self.told.append(reminder(self.signal, step.number, recipient.address, now))

    def live(self, until, every=MINUTE):
        at = timedelta(0)
        while at <= until:
            self.look(at)
            at += every
        return self.steps


def test_a_signal_that_nobody_takes_climbs_five_times_then_calls_all_each_four_hours():
    steps = Night().live(timedelta(hours=11))
    assert steps == [
        (0, 0, ["anna", "room"]),
        (15, 1, ["bo", "room"]),
        (30, 2, ["anna", "room"]),
        (45, 3, ["bo", "room"]),
        (60, 4, ["anna", "room"]),
        (75, 5, ["bo", "room"]),
        (90, 6, ["anna", "bo", "chen", "boss", "room"]),
        (330, 7, ["anna", "bo", "chen", "boss", "room"]),
        (570, 8, ["anna", "bo", "chen", "boss", "room"]),
    ]


def test_who_has_the_opening_mail_is_not_told_the_same_at_once():
    night = Night(told=[opening(ANNA.address), opening(ROOM.address)])
    assert night.live(timedelta(minutes=20)) == [(15, 1, ["bo", "room"])]


def test_only_one_step_follows_an_outage_and_the_next_comes_a_clock_later():
    night = Night(told=[opening(ANNA.address), opening(ROOM.address)])
    for after in (200, 201, 214, 215, 216):
        night.look(after * MINUTE)
    assert [(at, number) for at, number, _ in night.steps] == [(200, 1), (215, 2)]


@pytest.mark.parametrize(
    "changes",
    [
        {"state": SignalState.ACKNOWLEDGED},
        {"state": SignalState.CLOSED},
        {"case_id": "C-20261121-01"},
        {"silenced_until": OPENED + timedelta(hours=2)},
    ],
    ids=str,
)
def test_what_somebody_has_in_hand_calls_nobody(changes):
    night = Night()
    night.look(timedelta(hours=1), **changes)
    assert night.steps == []


def test_red_calls_through_a_silence():
    night = Night(a_signal(level=Level.RED, silenced_until=OPENED + timedelta(hours=2)))
    night.look(timedelta(minutes=1))
    assert [number for _, number, _ in night.steps] == [0]


def test_a_silence_that_is_over_lets_the_climb_go_on():
    signal = a_signal(silenced_until=OPENED + timedelta(hours=1))
    night = Night(signal, told=[opening(ANNA.address), opening(ROOM.address)])
    assert [at for at, *_ in night.live(timedelta(minutes=80))] == [60, 75]


def test_what_came_back_begins_anew_with_keys_of_its_own():
    signal = a_signal()
    night = Night(signal)
    night.live(timedelta(minutes=20))
    back = replace(signal, waiting_since=OPENED + timedelta(hours=1), epoch=2)
    again = Night(back, told=night.told)
    again.look(timedelta(hours=1))
    again.look(timedelta(hours=1, minutes=15))
    assert [(number, ids) for _, number, ids in again.steps] == [
        (0, ["anna", "room"]),
        (1, ["bo", "room"]),
    ]
    keys = [told.key for told in again.told]
    assert len(keys) == len(set(keys))


def test_a_rise_in_level_starts_the_clock_of_the_new_level():
    risen = replace(a_signal(level=Level.RED, epoch=2), level_since=OPENED + timedelta(hours=1))
    night = Night(risen, clocks=LevelClocks(acknowledge=timedelta(minutes=10)))
    for after in (59, 60, 69, 70):
        night.look(after * MINUTE)
    assert [(at, number) for at, number, _ in night.steps] == [(60, 0), (70, 1)]


def test_without_a_figure_the_person_on_duty_is_told_once_and_nothing_climbs():
    steps = Night(clocks=LevelClocks()).live(timedelta(hours=9), every=timedelta(minutes=10))
    assert steps == [(0, 0, ["anna", "room"])]


def test_an_empty_slot_calls_everybody_at_each_step():
    steps = Night(duty=replace(DUTY, people=(), groups=())).live(timedelta(minutes=31))
    assert steps == [
        (15, 1, ["anna", "bo", "chen", "boss"]),
        (30, 2, ["anna", "bo", "chen", "boss"]),
    ]


def test_nobody_to_call_is_no_step():
    assert Night(duty=Duty()).live(timedelta(hours=1)) == []


def test_a_person_with_two_names_on_the_roster_is_told_once():
    twice = replace(ANNA, id="anna-2")
    steps = Night(duty=Duty(people=(ANNA,), everybody=(ANNA, twice))).live(timedelta(minutes=90))
    assert steps[-1] == (90, 6, ["anna-2"])


def test_quiet_hours_move_the_clock():
    signal = a_signal(level=Level.YELLOW)
    morning = OPENED + timedelta(hours=6)
    early = due_steps(signal, DUTY, CLOCKS, [], OPENED + timedelta(hours=5), start=morning)
    then = due_steps(signal, DUTY, CLOCKS, [], morning, start=morning)
    assert early == ()
    assert [step.number for step in then] == [0]


def test_the_step_is_read_back_from_the_key_whatever_the_address():
    told = reminder(a_signal(), 3, "wecom:duty-room", OPENED)
    assert step_of(told) == 3
    assert step_of(opening(ANNA.address)) is None
