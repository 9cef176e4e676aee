"""Who is called when nobody takes a signal, and when: reminders that climb the duty roster.

Each acknowledge clock that runs out calls the next person of the roster, five times; then everybody
on the roster and the executives, and them again every four hours. Taking the signal, a case, a
silence or its end stops it. What was told is read back from the outbox, so that a restart repeats
nothing and an outage is not made up for in one burst: one step a clock, whatever was missed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from domain.brand import Configuration, Level, LevelClocks, Recipient
from domain.outbox import Told
from domain.roster import QuietHours
from domain.signal import Signal

REMINDER = "reminder"
"""The kind of a reminder in the outbox."""

PERSONAL_STEPS = 5
REPEAT = timedelta(hours=4)


@dataclass(frozen=True, slots=True)
class Duty:
    """Whom a signal may call at a moment: `people` on duty in the order they are called,
    `everybody` when that did not help, `groups` that hear of every step.
    """

    people: tuple[Recipient, ...] = ()
    everybody: tuple[Recipient, ...] = ()
    groups: tuple[Recipient, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One reminder: its number (0: the person on duty is told at once) and whom it calls."""

    number: int
    recipients: tuple[Recipient, ...]
    called: tuple[Recipient, ...] = ()


def due_steps(
    signal: Signal,
    duty: Duty,
    clocks: LevelClocks,
    told: Sequence[Told],
    now: datetime,
    *,
    start: datetime | None = None,
) -> tuple[Step, ...]:
    """Return the reminder that is due now, at most one. Pure.

    `told` are the mails of the signal so far; `start` is where the clock begins when that is later
    than the signal says (quiet hours). Without a figure for the clock (制度未填写) the person on
    duty is told once and nothing climbs.
    """
    begin = max(signal.clock_start, start or signal.clock_start)
    quiet = signal.silenced_until is not None and now < signal.silenced_until
    if not signal.is_waiting or now < begin or (quiet and signal.level is not Level.RED):
        return ()
    reminders = [(step, t.at) for t in told if (step := step_of(t)) is not None and t.at >= begin]
    if not reminders:
        first = _first_step(signal, duty, told)
        if first is not None:
            return (first,)
    number, last_at = max(reminders, default=(0, begin))
    pause = _pause(number + 1, clocks)
    if pause is None or now < max(last_at, begin) + pause:
        return ()
    return _step(number + 1, duty)


def step_of(told: Told) -> int | None:
    """Return the number of a reminder, None for any other mail."""
    if told.kind != REMINDER:
        return None
    return int(told.key.split("|", 5)[4].removeprefix("step-"))


def reminder_key(signal: Signal, number: int, address: str) -> str:
    """Return the unique key of a reminder: signal, rule, level, epoch, step, recipient."""
    parts = (signal.id, signal.rule.value, signal.level.value, signal.epoch, f"step-{number}")
    return "|".join((*map(str, parts), address))


def duty_of(
    configuration: Configuration,
    signal: Signal,
    registered: Sequence[Recipient],
    now: datetime,
    zone: ZoneInfo,
) -> Duty:
    """Return whom a signal may call: its roster's people, else those `registered` for it."""
    roster = configuration.roster_of(signal.brand_id)
    if roster is None:
        return Duty(everybody=tuple(registered))
    everybody = _named(configuration, (*roster.everybody, *roster.executives))
    return Duty(
        people=_named(configuration, roster.on_duty(now, zone)),
        everybody=everybody or tuple(registered),
        groups=_named(configuration, roster.groups),
    )


def names_on_duty(
    configuration: Configuration, brand_id: str, now: datetime, zone: ZoneInfo
) -> tuple[str, ...]:
    """Return the names of those on duty for a brand, the one in charge first."""
    roster = configuration.roster_of(brand_id)
    people = roster.on_duty(now, zone) if roster else ()
    return tuple(recipient.name for recipient in _named(configuration, people))


def clock_begins(signal: Signal, quiet: QuietHours | None, zone: ZoneInfo) -> datetime:
    """Return when the acknowledge clock begins: at the end of the quiet hours for 黄 and 蓝."""
    begin = signal.clock_start
    if quiet is None or signal.level.rank <= Level.ORANGE.rank:
        return begin
    return quiet.end_of(begin, zone) or begin


def acknowledge_by(
    signal: Signal, clocks: LevelClocks, quiet: QuietHours | None, zone: ZoneInfo
) -> datetime | None:
    """Return when the acknowledge clock runs out; None where it does not run."""
    if not signal.is_waiting or clocks.acknowledge is None:
        return None
    return clock_begins(signal, quiet, zone) + clocks.acknowledge


def _first_step(signal: Signal, duty: Duty, told: Sequence[Told]) -> Step | None:
    """Return step 0 for those on duty whom this epoch's mail has not told already."""
    knows = {t.recipient for t in told if t.epoch == signal.epoch}
    called = duty.people[:1]
    fresh = tuple(r for r in (*called, *duty.groups) if r.address not in knows)
    return Step(0, _once(fresh), called) if fresh else None


def _pause(number: int, clocks: LevelClocks) -> timedelta | None:
    """Return how long after the step before a step follows; None: never."""
    if not clocks.acknowledge:
        return None
    return clocks.acknowledge if number <= PERSONAL_STEPS + 1 else max(REPEAT, clocks.acknowledge)


def _step(number: int, duty: Duty) -> tuple[Step, ...]:
    if number <= PERSONAL_STEPS and duty.people:
        called: tuple[Recipient, ...] = (duty.people[number % len(duty.people)],)
    else:
        called = duty.everybody
    recipients = _once((*called, *duty.groups))
    return (Step(number, recipients, called),) if recipients else ()


def _named(configuration: Configuration, ids: Sequence[str]) -> tuple[Recipient, ...]:
    found = (configuration.recipient(recipient_id) for recipient_id in ids)
    return _once([recipient for recipient in found if recipient is not None])


def _once(recipients: Sequence[Recipient]) -> tuple[Recipient, ...]:
    return tuple({recipient.address: recipient for recipient in recipients}.values())
