"""Letting mail leave again after a restore.

A restored outbox holds what was waiting when the backup was made. Most of that was sent since, by
the service that is gone; what was not sent matters all the same. No program can know which is
which: a person sees the list and says what is to be sent and what dropped. Mails that were written
after the restore are new, and leave in any case unless they are dropped by name.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from domain.errors import KoubeiError, Text
from domain.keeping import OutboxHold
from domain.outbox import OutboxMail
from domain.ports import BeginWork, UnitOfWork
from workflow.permissions import Permission, require

ACTION = "outbox.released"


@dataclass(frozen=True, slots=True)
class HeldOutbox:
    """Why nothing leaves, and what would: `restored` came out of the backup and may have been sent
    already, `written` came up since.
    """

    hold: OutboxHold
    restored: tuple[OutboxMail, ...]
    written: tuple[OutboxMail, ...]


@dataclass(frozen=True, slots=True)
class Released:
    """How many mails will leave and how many were dropped."""

    to_send: int
    dropped: int


def held_outbox(begin_work: BeginWork) -> HeldOutbox | None:
    """Return what is held, None when mail leaves as usual."""
    with begin_work() as work:
        return _held(work)


def release_outbox(
    begin_work: BeginWork,
    account_id: str,
    *,
    drop: Collection[str],
    seen: Collection[str],
    reason: str,
    at: datetime,
) -> Released:
    """Drop the mails of these keys and let the others leave; NotPermitted for whom may not.

    `seen` are the keys that the person was shown: KoubeiError when a restored mail is not among
    them, or when nothing is held.
    """
    with begin_work() as work:
        account = require(work, account_id, Permission.EDIT_SETTINGS)
        released = _release(work, account.actor, drop=drop, seen=seen, reason=reason, at=at)
        work.commit()
    return released


def release_outbox_at_terminal(
    begin_work: BeginWork,
    actor: str,
    *,
    drop: Collection[str],
    seen: Collection[str],
    reason: str,
    at: datetime,
) -> Released:
    """The same for who has the machine: after a restore there may be nobody else yet."""
    with begin_work() as work:
        released = _release(work, actor, drop=drop, seen=seen, reason=reason, at=at)
        work.commit()
    return released


def _held(work: UnitOfWork) -> HeldOutbox | None:
    hold = work.notes.outbox_hold()
    if hold is None:
        return None
    waiting = work.outbox.waiting()
    return HeldOutbox(
        hold,
        tuple(mail for mail in waiting if mail.created_at < hold.since),
        tuple(mail for mail in waiting if mail.created_at >= hold.since),
    )


def _release(
    work: UnitOfWork,
    actor: str,
    *,
    drop: Collection[str],
    seen: Collection[str],
    reason: str,
    at: datetime,
) -> Released:
    held = _held(work)
    if held is None:
        raise KoubeiError(
            Text("发件箱没有被暂停", "the outbox is not held"),
            mend=Text("邮件正常发送，无需放行", "mail leaves as usual; there is nothing to do"),
        )
    if not {mail.key for mail in held.restored} <= set(seen):
        raise KoubeiError(
            Text("发件箱已有变化", "the outbox has changed"),
            mend=Text("重新查看后再决定", "look at it again and decide again"),
        )
    dropped = work.outbox.drop(drop, at=at, reason=reason)
    work.notes.release_outbox()
    to_send = len(held.restored) + len(held.written) - dropped
    work.audit.append(
        at=at,
        actor=actor,
        action=ACTION,
        object_id=f"backup:{held.hold.backup}",
        reason=reason,
        payload={"dropped": sorted(drop), "dropped_count": dropped, "to_send": to_send},
    )
    return Released(to_send, dropped)
