"""What happens to a signal: it opens, grows, is updated, closes. Each is one audited transaction.

The functions work inside a unit of work that the caller commits, so that the signal, its audit row
and its mails become durable together or not at all. Nothing is sent here: a mail is an outbox row.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from domain.alert import AlertContext, MailStage
from domain.brand import Configuration, Level, Recipient
from domain.outbox import OutboxMail, OutboxState, Rendered
from domain.ports import UnitOfWork
from domain.signal import Signal, SignalState

DETECTOR = "system:detector"
"""The actor of what the machine does, as it stands in the audit trail."""

OPENING_EPOCH = 1

Render = Callable[[Signal, MailStage, AlertContext, Recipient], Rendered]
"""Makes the words of an alert mail; `delivery.render.render_alert` is the real one."""


def recipients_for(signal: Signal, recipients: Sequence[Recipient]) -> list[Recipient]:
    """Return who is told of a signal: those of its brand whose level it reaches."""
    return [
        recipient
        for recipient in recipients
        if (not recipient.brand_ids or signal.brand_id in recipient.brand_ids)
        and signal.level.rank <= recipient.min_level.rank
    ]


def open_signal(
    work: UnitOfWork,
    signal: Signal,
    *,
    recipients: Sequence[Recipient],
    context: AlertContext,
    render: Render,
    reason: str,
    actor: str = DETECTOR,
) -> Signal:
    """Store a new signal with its audit row and one mail a recipient.

    Raises VersionConflict when its key or id is taken: somebody else opened it first.
    """
    work.signals.add(signal)
    _audit(work, signal, "signal.opened", signal.opened_at, reason, actor)
    for recipient in recipients_for(signal, recipients):
        _mail(work, signal, MailStage.OPENING, recipient, context, render, signal.opened_at)
    return signal


def grow_signal(
    work: UnitOfWork,
    signal: Signal,
    *,
    recipients: Sequence[Recipient],
    context: AlertContext,
    render: Render,
    at: datetime,
    reason: str,
    tell: bool = True,
) -> Signal:
    """Store a signal that grew, with the next epoch, its audit row and an update mail a recipient.

    Everybody who was told before is told again, also when the level would not reach them now.
    Without `tell` nobody is: a graver case carries it.
    """
    told = told_recipients(work, signal, recipients)
    grown = work.signals.save(replace(signal, epoch=signal.epoch + 1, updated_at=at))
    _audit(work, grown, "signal.grew", at, reason)
    if not tell:
        return grown
    known = {recipient.address for recipient in told}
    others = [r for r in recipients_for(grown, recipients) if r.address not in known]
    for recipient in (*told, *others):
        _mail(work, grown, MailStage.UPDATE, recipient, context, render, at)
    return grown


def update_signal(work: UnitOfWork, signal: Signal, at: datetime) -> Signal:
    """Store newer figures of an open signal; tells nobody."""
    return work.signals.save(replace(signal, updated_at=at))


def close_signal(
    work: UnitOfWork,
    signal: Signal,
    *,
    recipients: Sequence[Recipient],
    context: AlertContext,
    render: Render,
    at: datetime,
    reason: str,
) -> Signal:
    """Close a signal, audit it, and write the closing mail (解除) to all who were ever told."""
    told = told_recipients(work, signal, recipients)
    closed = work.signals.save(
        replace(
            signal,
            state=SignalState.CLOSED,
            decided_version=signal.version + 1,
            epoch=signal.epoch + 1,
            updated_at=at,
            closed_at=at,
        )
    )
    _audit(work, closed, "signal.closed", at, reason)
    for recipient in told:
        _mail(work, closed, MailStage.CLOSING, recipient, context, render, at)
    return closed


def told_recipients(
    work: UnitOfWork, signal: Signal, recipients: Sequence[Recipient]
) -> list[Recipient]:
    """Return everybody who got a mail of a signal, also those no longer in the configuration."""
    by_address = {recipient.address: recipient for recipient in recipients}
    return [
        by_address.get(address, Recipient(id=address, name="", address=address))
        for address in told_addresses(work, signal)
    ]


def told_addresses(work: UnitOfWork, signal: Signal) -> list[str]:
    """Return the address of everybody who got, or will get, a mail of a signal."""
    reached = (told for told in work.outbox.told(signal.id) if told.state is not OutboxState.DEAD)
    return list(dict.fromkeys(told.recipient for told in reached))


def write_notice(
    work: UnitOfWork, signal: Signal, name: str, address: str, told: Rendered, at: datetime
) -> None:
    """Write a short message about a signal, in the thread of its opening mail; once an epoch."""
    opening = mail_key(signal, MailStage.OPENING, OPENING_EPOCH, address)
    thread = opening if work.outbox.get(opening) is not None else ""
    if thread:
        work.outbox.hasten(thread, at)
    work.outbox.add(
        OutboxMail(
            key=f"{signal.id}|{signal.rule.value}|{name}-{signal.epoch}|{address}",
            recipient=address,
            rendered=told,
            created_at=at,
            next_attempt_at=at,
            kind="notice",
            thread=thread,
            signal_id=signal.id,
            epoch=signal.epoch,
        )
    )


def mail_key(signal: Signal, stage: MailStage, epoch: int, address: str) -> str:
    """Return the unique key of a mail: signal, rule, stage with epoch, recipient."""
    return f"{signal.id}|{signal.rule.value}|{stage.value}-{epoch}|{address}"


def _mail(
    work: UnitOfWork,
    signal: Signal,
    stage: MailStage,
    recipient: Recipient,
    context: AlertContext,
    render: Render,
    at: datetime,
) -> None:
    opening = mail_key(signal, MailStage.OPENING, OPENING_EPOCH, recipient.address)
    key = mail_key(signal, stage, signal.epoch, recipient.address)
    answers = stage is not MailStage.OPENING and work.outbox.get(opening) is not None
    work.outbox.add(
        OutboxMail(
            key=key,
            recipient=recipient.address,
            rendered=render(signal, stage, context, recipient),
            created_at=at,
            next_attempt_at=context.waits_until or at,
            kind="alert",
            thread=opening if answers else "",
            signal_id=signal.id,
            epoch=signal.epoch,
        )
    )
    if answers and context.waits_until is None:
        work.outbox.hasten(opening, at)


def quiet_until(
    configuration: Configuration, level: Level, at: datetime, zone: ZoneInfo
) -> datetime | None:
    """Return when a mail of this level may leave if it has to wait for the end of the quiet hours;
    None where it need not. 红 and 橙 never wait.
    """
    quiet = configuration.quiet_hours
    if quiet is None or level.rank <= Level.ORANGE.rank:
        return None
    return quiet.end_of(at, zone)


def _audit(
    work: UnitOfWork,
    signal: Signal,
    action: str,
    at: datetime,
    reason: str,
    actor: str = DETECTOR,
) -> None:
    figures = signal.figures
    work.audit.append(
        at=at,
        actor=actor,
        action=action,
        object_id=signal.id,
        reason=reason,
        payload={
            "key": signal.key,
            "level": signal.level.value,
            "epoch": signal.epoch,
            "observed": figures.observed,
            "mean": figures.mean,
            "spread": figures.spread,
            "z": figures.z,
            "record_days": figures.record_days,
            "platforms": [platform.value for platform in signal.platforms],
        },
    )
