"""What the clocks of signals do, each minute: reminders, signals that come back, silences that end,
empty slots of the duty roster.

Every matter is a transaction of its own, decided from what the database says: a restart, a second
service or a minute that was missed changes nothing.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

import structlog

from domain.alert import MailStage
from domain.brand import DEFAULT_CLOCKS, Configuration, LevelClocks, Recipient
from domain.errors import Text, VersionConflict
from domain.outbox import OutboxMail, Rendered
from domain.ports import BeginWork, UnitOfWork
from domain.roster import Gap, Roster, gaps
from domain.signal import Signal, SignalState
from domain.silence import Silence
from monitoring.escalate import (
    REMINDER,
    Duty,
    Step,
    clock_begins,
    due_steps,
    duty_of,
    reminder_key,
)
from monitoring.signal_context import context_of
from presentation.formats import duration, full_time
from presentation.hostile import quotation
from presentation.notices import notice
from presentation.wording import word
from workflow.handling import (
    ESCALATION,
    change,
    decided,
    given_back,
    is_hushed,
    is_swallowed,
)
from workflow.signals import (
    OPENING_EPOCH,
    Render,
    mail_key,
    quiet_until,
    recipients_for,
    write_notice,
)

AHEAD = timedelta(hours=24)
"""How long before an empty slot somebody is told of it."""

_Done = TypeVar("_Done")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Telling:
    """How people are told: the words of an alert, the zone of their clocks, where links lead."""

    render: Render
    zone: ZoneInfo
    public_url: str
    language: str = "zh"
    model_id: str = ""


def run_clocks(begin_work: BeginWork, now: datetime, telling: Telling) -> Mapping[str, int]:
    """Do all that is due at `now`; return how many of each there were (reminders, returned,
    silences_ended, empty_slots).
    """
    with begin_work() as work:
        signals = work.signals.unclosed()
        ended = work.silences.untold_ends(now)
        _, configuration = work.configuration.current()
    counts: Counter[str] = Counter()
    for signal in signals:
        name = _in_a_unit(begin_work, _follow, signal.id, now, telling)
        counts.update([name] if name else [])
    for silence in ended:
        told = _in_a_unit(begin_work, _tell_end, silence, now, telling)
        counts.update(["silences_ended"] if told else [])
    if configuration.rosters:
        counts["empty_slots"] = _in_a_unit(begin_work, _tell_empty_slots, now, telling) or 0
    return dict(counts)


def _in_a_unit(begin_work: BeginWork, act: Callable[..., _Done], *rest: object) -> _Done | None:
    """Do one matter; None when somebody decided about it meanwhile: the next minute looks again."""
    try:
        with begin_work() as work:
            done = act(work, *rest)
            work.commit()
    except VersionConflict as error:
        _log.info("decided_meanwhile", error=str(error))
        return None
    return done


def _follow(work: UnitOfWork, signal_id: str, now: datetime, telling: Telling) -> str | None:
    """Do what is due with one signal; return what it was."""
    signal = work.signals.get(signal_id)
    if signal is None or signal.state is SignalState.CLOSED:
        return None
    _, configuration = work.configuration.current()
    clocks = clocks_for(configuration, signal)
    if signal.state is SignalState.ACKNOWLEDGED:
        held_too_long = _is_held_too_long(work, signal, clocks, now)
        return _return(work, signal, clocks, now, telling) if held_too_long else None
    if is_hushed(work, signal, now) or is_swallowed(work, signal):
        return None
    if quiet_until(configuration, signal.level, now, telling.zone) is not None:
        return None
    registered = recipients_for(signal, configuration.recipients)
    duty = duty_of(configuration, signal, registered, now, telling.zone)
    steps = due_steps(
        signal,
        duty,
        clocks,
        work.outbox.told(signal.id),
        now,
        start=clock_begins(signal, configuration.quiet_hours, telling.zone),
    )
    for step in steps:
        _remind(work, signal, step, duty, configuration, now, telling)
    return "reminders" if steps else None


def clocks_for(configuration: Configuration, signal: Signal) -> LevelClocks:
    """Return the clocks of a signal's level."""
    return configuration.clocks.get(signal.level, DEFAULT_CLOCKS[signal.level])


def _is_held_too_long(work: UnitOfWork, signal: Signal, clocks: LevelClocks, now: datetime) -> bool:
    """Whether somebody took it and then did nothing: no case, no silence, no decision."""
    if signal.case_id or not clocks.ack_timeout or signal.acknowledged_at is None:
        return False
    since = max(signal.acknowledged_at, signal.silenced_until or signal.acknowledged_at)
    return now - since >= clocks.ack_timeout and not is_hushed(work, signal, now)


def _return(
    work: UnitOfWork, signal: Signal, clocks: LevelClocks, now: datetime, telling: Telling
) -> str:
    """Give a signal back that was taken and not moved on; who held it is told, and the roster is
    called anew with the next round.
    """
    returned = work.signals.save(decided(given_back(signal, now)))
    limit = duration(clocks.ack_timeout or timedelta(0), telling.language)
    work.audit.append(
        at=now,
        actor=ESCALATION,
        action="signal.returned",
        object_id=signal.id,
        reason=f"taken and not moved on within {limit}",
        payload=change(signal, returned) | {"held_by": signal.acknowledged_by},
    )
    holder = work.accounts.get(signal.acknowledged_by)
    if holder is not None and holder.address:
        told = notice(
            Text(
                f"【退回】预警 {signal.id} 认领后 {limit} 无进展",
                f"[Returned] alert {signal.id}: taken, and nothing done within {limit}",
            ),
            [
                Text(
                    f"您认领的预警在 {limit} 内没有建单、静默或判定，已回到「未认领」，"
                    "并重新通知值班人。",
                    f"The alert that you took got no case, silence or decision within {limit}. "
                    "It is open again and the people on duty are called.",
                )
            ],
            language=telling.language,
            link=_page(telling, signal),
        )
        write_notice(work, returned, "returned", holder.address, told, now)
    return "returned"


def _remind(
    work: UnitOfWork,
    signal: Signal,
    step: Step,
    duty: Duty,
    configuration: Configuration,
    now: datetime,
    telling: Telling,
) -> None:
    context = replace(
        context_of(work, signal, configuration, now, telling.zone, telling.public_url),
        model_id=telling.model_id,
        step=step.number,
        on_duty=tuple(r.name for r in _called_first(step, duty)),
        told_before=_told_before(work, signal, configuration),
    )
    new = False
    for recipient in step.recipients:
        opening = mail_key(signal, MailStage.OPENING, OPENING_EPOCH, recipient.address)
        answers = work.outbox.get(opening) is not None
        new |= work.outbox.add(
            OutboxMail(
                key=reminder_key(signal, step.number, recipient.address),
                recipient=recipient.address,
                rendered=telling.render(signal, MailStage.REMINDER, context, recipient),
                created_at=now,
                next_attempt_at=now,
                kind=REMINDER,
                thread=opening if answers else "",
                signal_id=signal.id,
                epoch=signal.epoch,
            )
        )
        if answers:
            work.outbox.hasten(opening, now)
    if not new:  # another service was faster, and its row tells of it
        return
    work.audit.append(
        at=now,
        actor=ESCALATION,
        action="signal.reminded",
        object_id=signal.id,
        reason=f"step {step.number}: nobody has taken it",
        payload={
            "step": step.number,
            "level": signal.level.value,
            "epoch": signal.epoch,
            "called": [recipient.id for recipient in step.called],
            "told": [recipient.id for recipient in step.recipients],
        },
    )


def _called_first(step: Step, duty: Duty) -> tuple[Recipient, ...]:
    people = {r.id: r for r in (*step.called, *duty.people)}
    return tuple(people.values())


def _told_before(
    work: UnitOfWork, signal: Signal, configuration: Configuration
) -> tuple[tuple[str, datetime], ...]:
    """Return who was told since the clock began, and when last."""
    names = {recipient.address: recipient.name for recipient in configuration.recipients}
    told = {
        t.recipient: t.at
        for t in work.outbox.told(signal.id)
        if t.kind in {"alert", REMINDER} and t.at >= signal.clock_start
    }
    known = ((names[address], at) for address, at in told.items() if address in names)
    return tuple(sorted(known, key=lambda item: item[1]))


def _tell_end(work: UnitOfWork, silence: Silence, now: datetime, telling: Telling) -> bool:
    """Tell the author and the person on duty that a silence is over."""
    work.silences.save(replace(silence, expiry_told=True))
    work.audit.append(
        at=now,
        actor=ESCALATION,
        action="silence.expired",
        object_id=silence.id,
        reason="its time is over",
        payload={"ends_at": silence.ends_at.isoformat()},
    )
    _, configuration = work.configuration.current()
    author = work.accounts.get(silence.author_id)
    name = author.name if author else silence.author_id
    ended = full_time(silence.ends_at, telling.zone)
    told = notice(
        Text(f"【静默到期】{silence.id}", f"[Silence over] {silence.id}"),
        [
            Text(
                f"{name} 设置的静默已于 {ended} 到期，之后的预警会照常通知。",
                f"The silence set by {name} ended at {ended}; alerts are told again.",
            ),
            Text(
                f"范围：{scope_words(silence, configuration, 'zh')}",
                f"Scope: {scope_words(silence, configuration, 'en')}",
            ),
            Text(
                f"当时的理由：{quotation(silence.reason, 200)}",
                f"The reason given: {quotation(silence.reason, 200)}",
            ),
        ],
        language=telling.language,
        link=f"{telling.public_url}/alerts",
    )
    addresses = [author.address] if author and author.address else []
    addresses += [r.address for r in _on_duty_for(configuration, silence, now, telling.zone)]
    _write(work, f"{silence.id}|expired", addresses, told, now, "silence")
    return True


def scope_words(silence: Silence, configuration: Configuration, language: str) -> str:
    """Return what a silence covers, in words."""
    scope = silence.scope
    names = {brand.id: brand.name for brand in configuration.brands}
    parts = [
        names.get(scope.brand_id, scope.brand_id),
        word(scope.rule).in_language(language) if scope.rule else "",
        word(scope.platform).in_language(language) if scope.platform else "",
        quotation(scope.signal_key, 80),
    ]
    return " · ".join(part for part in parts if part)


def _on_duty_for(
    configuration: Configuration, silence: Silence, now: datetime, zone: ZoneInfo
) -> list[Recipient]:
    roster = configuration.roster_of(silence.scope.brand_id)
    ids = roster.on_duty(now, zone)[:1] if roster else ()
    return [r for i in ids if (r := configuration.recipient(i)) is not None]


def empty_slots(
    configuration: Configuration, now: datetime, zone: ZoneInfo, ahead: timedelta = AHEAD
) -> list[Gap]:
    """Return the empty slots of every roster that have not ended and begin within `ahead`.

    One that began before yesterday is told as beginning then: it is an alarm once a day.
    """
    yesterday = now.astimezone(zone).date() - timedelta(days=1)
    start = datetime(yesterday.year, yesterday.month, yesterday.day, tzinfo=zone)
    found = (gap for r in configuration.rosters for gap in gaps(r, start, now + ahead, zone))
    return [gap for gap in found if gap.end > now]


def _tell_empty_slots(work: UnitOfWork, now: datetime, telling: Telling) -> int:
    """Write an alarm for each empty slot, once; return how many were new."""
    _, configuration = work.configuration.current()
    rosters = {roster.id: roster for roster in configuration.rosters}
    new = 0
    for gap in empty_slots(configuration, now, telling.zone):
        told = _gap_notice(gap, now, telling)
        addresses = [r.address for r in _concerned(configuration, rosters[gap.roster_id])]
        start = gap.start.astimezone(telling.zone).isoformat()
        new += bool(_write(work, f"roster|{gap.roster_id}|{start}", addresses, told, now, "roster"))
    return new


def _gap_notice(gap: Gap, now: datetime, telling: Telling) -> Rendered:
    start, end = full_time(gap.start, telling.zone), full_time(gap.end, telling.zone)
    open_end = gap.end >= now + AHEAD
    until = Text("" if open_end else f"至 {end}", "" if open_end else f" until {end}")
    return notice(
        Text(
            f"【排班空缺】{gap.roster_id}：{start} 起无人值班",
            f"[Nobody on duty] {gap.roster_id}: from {start}",
        ),
        [
            Text(
                f"值班表「{gap.roster_id}」自 {start} {until.zh} 没有值班人。",
                f"Roster {gap.roster_id} has nobody on duty from {start}{until.en}.",
            ),
            Text(
                "请在「设置 › 值班表」补上。空缺期间的预警仍会发给登记的接收人，"
                "无人接手时通知值班表上的所有人。",
                "Fill the slot in settings. Meanwhile alerts go to those registered, and when "
                "nobody takes one, to everybody on the roster.",
            ),
        ],
        language=telling.language,
        link=f"{telling.public_url}/settings",
    )


def _concerned(configuration: Configuration, roster: Roster) -> Iterable[Recipient]:
    brands = set(roster.brand_ids)
    for recipient in configuration.recipients:
        if not brands or not recipient.brand_ids or brands & set(recipient.brand_ids):
            yield recipient


def _write(
    work: UnitOfWork,
    name: str,
    addresses: Iterable[str],
    told: Rendered,
    now: datetime,
    kind: str,
) -> int:
    """Write one message to each address; return how many were not there yet."""
    return sum(
        work.outbox.add(
            OutboxMail(
                key=f"{name}|{address}",
                recipient=address,
                rendered=told,
                created_at=now,
                next_attempt_at=now,
                kind=kind,
            )
        )
        for address in dict.fromkeys(addresses)
    )


def _page(telling: Telling, signal: Signal) -> str:
    return f"{telling.public_url}/alerts?id={signal.id}"
