"""The outbox: mails that are to be sent, and those that were."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, case, exists, func, or_, select, true, update

from domain.outbox import OutboxMail, OutboxState, Rendered, Told, route_of
from storage.sql.correction_tables import notes
from storage.sql.documents import from_document, to_document
from storage.sql.notes import HOLD
from storage.sql.tables import outbox
from storage.sql.writes import Values, insert_new

_IMAGES = tuple[tuple[str, bytes], ...]
_WAITING = (OutboxState.PENDING, OutboxState.RETRY, OutboxState.UNCERTAIN)
_UNSETTLED = (*_WAITING, OutboxState.SENDING)


class SqlOutboxRepository:
    """One row a mail; the key makes adding the same mail again harmless."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def add(self, mail: OutboxMail) -> bool:
        """Store a mail; False when its key is there already, which is then left alone."""
        return insert_new(self._db, outbox, _to_row(mail))

    def claim(
        self, owner: str, now: datetime, lease: timedelta, *, recipient: str | None = None
    ) -> OutboxMail | None:
        """Take the oldest mail (of `recipient`, where one is named) that is due, set it to sending
        and count the attempt; None when there is none.

        Due is what waits and whose time has come, or is being sent under a lease that ran out: that
        one may have been accepted, as may an uncertain one, and comes back with `may_repeat`. A
        mail waits for every unsettled earlier one of its thread to the same recipient. While the
        outbox is held there is none.
        """
        if self._db.scalar(select(notes.c.name).where(notes.c.name == HOLD)):
            return None
        c = outbox.c
        earlier = outbox.alias()
        held_up = exists().where(
            earlier.c.conversation == c.conversation,
            earlier.c.recipient == c.recipient,
            earlier.c.seq < c.seq,
            earlier.c.state.in_(_UNSETTLED),
        )
        due = or_(
            and_(c.state.in_(_WAITING), c.next_attempt_at <= now),
            and_(c.state == OutboxState.SENDING, c.lease_until <= now),
        )
        oldest = (
            select(c.seq)
            .where(due, ~held_up, true() if recipient is None else c.recipient == recipient)
            .order_by(c.created_at, c.seq)
            .limit(1)
            .with_for_update(of=outbox, skip_locked=True)
        )
        seq = self._db.scalar(oldest)
        if seq is None:
            return None
        may_be_out = c.state.in_((OutboxState.SENDING, OutboxState.UNCERTAIN))
        taken = (
            update(outbox)
            .where(c.seq == seq)
            .values(
                state=OutboxState.SENDING,
                owner=owner,
                lease_until=now + lease,
                attempts=c.attempts + 1,
                may_repeat=case((may_be_out, true()), else_=c.may_repeat),
            )
            .returning(outbox)
        )
        return _from_row(self._db.execute(taken).one())

    def settle(
        self,
        key: str,
        owner: str,
        state: OutboxState,
        *,
        at: datetime,
        next_attempt_at: datetime | None = None,
        error: str = "",
    ) -> bool:
        """Note how an attempt ended; False when the lease was lost to another worker.

        Without `next_attempt_at` a mail that has to be tried again is due at once.
        """
        c = outbox.c
        settled = (
            update(outbox)
            .where(c.key == key, c.owner == owner, c.state == OutboxState.SENDING)
            .values(
                state=state,
                lease_until=None,
                next_attempt_at=next_attempt_at or at,
                sent_at=at if state is OutboxState.SENT else None,
                last_error=error,
            )
        )
        return self._db.execute(settled).rowcount == 1

    def get(self, key: str) -> OutboxMail | None:
        """Return a mail by key."""
        row = self._db.execute(select(outbox).where(outbox.c.key == key)).first()
        return None if row is None else _from_row(row)

    def postpone(self, route: str, until: datetime) -> int:
        """Let no waiting mail of a route be due before; return how many had been."""
        c = outbox.c
        early = (c.route == route, c.state.in_(_WAITING), c.next_attempt_at < until)
        return self._db.execute(update(outbox).where(*early).values(next_attempt_at=until)).rowcount

    def waiting(self) -> list[OutboxMail]:
        """Return the mails that are to be sent, oldest first."""
        query = select(outbox).where(outbox.c.state.in_(_UNSETTLED))
        rows = self._db.execute(query.order_by(outbox.c.created_at, outbox.c.seq))
        return [_from_row(row) for row in rows]

    def drop(self, keys: Iterable[str], *, at: datetime, reason: str) -> int:
        """Set mails that are to be sent to dropped; return how many there were."""
        c, dropped = outbox.c, 0
        for key in keys:
            unsent = update(outbox).where(c.key == key, c.state.in_(_UNSETTLED))
            changed = unsent.values(
                state=OutboxState.DROPPED, next_attempt_at=at, lease_until=None, last_error=reason
            )
            dropped += self._db.execute(changed).rowcount
        return dropped

    def recipients_of(self, signal_id: str, epoch: int) -> list[str]:
        """Return who got (or will get) the mail of that epoch of a signal, in the order added."""
        c = outbox.c
        query = (
            select(c.recipient)
            .where(c.signal_id == signal_id, c.epoch == epoch, c.state != OutboxState.DEAD)
            .order_by(c.seq)
        )
        return list(dict.fromkeys(self._db.scalars(query)))

    def told(self, signal_id: str) -> list[Told]:
        """Return whom a signal's mails told, and when, in the order they were written."""
        c = outbox.c
        query = (
            select(c.key, c.recipient, c.kind, c.epoch, c.created_at, c.state)
            .where(c.signal_id == signal_id)
            .order_by(c.seq)
        )
        return [
            Told(r.key, r.recipient, r.kind, r.epoch, r.created_at, OutboxState(r.state))
            for r in self._db.execute(query)
        ]

    def hasten(self, conversation: str, at: datetime) -> int:
        """Make the mails of a conversation due that were to leave later and were never tried."""
        c = outbox.c
        waits = (
            c.conversation == conversation,
            c.state == OutboxState.PENDING,
            c.next_attempt_at > at,
        )
        return self._db.execute(update(outbox).where(*waits).values(next_attempt_at=at)).rowcount

    def counts(self) -> dict[OutboxState, int]:
        """Return how many mails are in each state; states without any are 0."""
        query = select(outbox.c.state, func.count().label("mails")).group_by(outbox.c.state)
        found = {row.state: row.mails for row in self._db.execute(query)}
        return {state: found.get(state, 0) for state in OutboxState}

    def recent(self, limit: int = 50) -> list[OutboxMail]:
        """Return mails, newest first."""
        newest_first = (outbox.c.created_at.desc(), outbox.c.seq.desc())
        rows = self._db.execute(select(outbox).order_by(*newest_first).limit(limit))
        return [_from_row(row) for row in rows]


def _to_row(mail: OutboxMail) -> Values:
    return {
        "key": mail.key,
        "conversation": mail.thread or mail.key,
        "recipient": mail.recipient,
        "kind": mail.kind,
        "thread": mail.thread,
        "signal_id": mail.signal_id,
        "epoch": mail.epoch,
        "subject": mail.rendered.subject,
        "text": mail.rendered.text,
        "html": mail.rendered.html,
        "images": to_document(mail.rendered.images, _IMAGES),
        "created_at": mail.created_at,
        "state": mail.state,
        "next_attempt_at": mail.next_attempt_at,
        "attempts": mail.attempts,
        "owner": mail.owner,
        "lease_until": mail.lease_until,
        "sent_at": mail.sent_at,
        "last_error": mail.last_error,
        "may_repeat": mail.may_repeat,
        "route": route_of(mail.recipient),
    }


def _from_row(row: Row[Any]) -> OutboxMail:
    images = from_document(row.images, _IMAGES)
    return OutboxMail(
        key=row.key,
        recipient=row.recipient,
        rendered=Rendered(row.subject, row.text, row.html, images),
        created_at=row.created_at,
        next_attempt_at=row.next_attempt_at,
        kind=row.kind,
        thread=row.thread,
        signal_id=row.signal_id,
        state=OutboxState(row.state),
        attempts=row.attempts,
        owner=row.owner,
        lease_until=row.lease_until,
        sent_at=row.sent_at,
        last_error=row.last_error,
        epoch=row.epoch,
        may_repeat=row.may_repeat,
    )
