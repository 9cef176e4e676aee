"""Tickets that are used once, counted login attempts, and second factors."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, select, update

from domain.login import Attempts, SecondFactor, Ticket, TicketKind
from storage.sql.account_tables import login_attempts, second_factors, tickets
from storage.sql.writes import put


class SqlLoginRepository:
    """A ticket is a row; using it is deleting it, so of two at once only one finds a row."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def add_ticket(self, ticket: Ticket) -> None:
        """Store a new ticket."""
        row = {
            "secret_hash": ticket.secret_hash,
            "kind": ticket.kind,
            "expires_at": ticket.expires_at,
            "account_id": ticket.account_id,
            "payload": json.dumps(dict(ticket.payload), ensure_ascii=False, sort_keys=True),
        }
        put(self._db, tickets, [row])

    def ticket(self, secret_hash: str, kind: TicketKind, now: datetime) -> Ticket | None:
        """Return a ticket that can still be used, and leave it; None when there is none."""
        row = self._db.execute(select(tickets).where(_usable(secret_hash, kind, now))).first()
        return None if row is None else _ticket(row)

    def take_ticket(self, secret_hash: str, kind: TicketKind, now: datetime) -> Ticket | None:
        """Use a ticket up and return it; None when it is unknown, of another kind, past its time
        or was taken before.
        """
        taken = delete(tickets).where(_usable(secret_hash, kind, now)).returning(*tickets.c)
        row = self._db.execute(taken).first()
        return None if row is None else _ticket(row)

    def drop_tickets(self, kind: TicketKind, account_id: str) -> None:
        """Make every ticket of a kind for an account worthless."""
        c = tickets.c
        self._db.execute(delete(tickets).where(c.kind == kind, c.account_id == account_id))

    def prune_tickets(self, now: datetime) -> int:
        """Drop tickets past their time; return how many."""
        return self._db.execute(delete(tickets).where(tickets.c.expires_at <= now)).rowcount

    def attempts(self, subject: str) -> Attempts | None:
        """Return a counter, locked until the unit ends where the store has row locks."""
        query = select(login_attempts).where(login_attempts.c.subject == subject)
        row = self._db.execute(query.with_for_update()).first()
        return None if row is None else Attempts(**row._mapping)

    def save_attempts(self, attempts: Attempts) -> None:
        """Store a counter."""
        row = {
            "subject": attempts.subject,
            "failures": attempts.failures,
            "last_at": attempts.last_at,
        }
        put(self._db, login_attempts, [row])

    def clear_attempts(self, subject: str) -> None:
        """Forget a counter."""
        self._db.execute(delete(login_attempts).where(login_attempts.c.subject == subject))

    def prune_attempts(self, before: datetime) -> int:
        """Drop counters that last rose before; return how many."""
        old = delete(login_attempts).where(login_attempts.c.last_at < before)
        return self._db.execute(old).rowcount

    def second_factor(self, account_id: str) -> SecondFactor | None:
        """Return the second factor of an account, None when it has none."""
        query = select(second_factors).where(second_factors.c.account_id == account_id)
        row = self._db.execute(query).first()
        return None if row is None else SecondFactor(**row._mapping)

    def save_second_factor(self, factor: SecondFactor) -> None:
        """Store the second factor of an account in place of an earlier one."""
        row = {
            "account_id": factor.account_id,
            "sealed_secret": factor.sealed_secret,
            "confirmed": factor.confirmed,
            "last_step": factor.last_step,
        }
        put(self._db, second_factors, [row])

    def use_step(self, account_id: str, step: int) -> bool:
        """Note that the code of a time step was accepted; False when it, or a later one, was
        before.
        """
        c = second_factors.c
        later = update(second_factors).where(c.account_id == account_id, c.last_step < step)
        return self._db.execute(later.values(last_step=step)).rowcount == 1

    def drop_second_factor(self, account_id: str) -> bool:
        """Forget the second factor of an account; return whether there was one."""
        mine = delete(second_factors).where(second_factors.c.account_id == account_id)
        return self._db.execute(mine).rowcount == 1


def _usable(secret_hash: str, kind: TicketKind, now: datetime) -> ColumnElement[bool]:
    c = tickets.c
    return (c.secret_hash == secret_hash) & (c.kind == kind) & (c.expires_at > now)


def _ticket(row: Row[Any]) -> Ticket:
    return Ticket(
        secret_hash=row.secret_hash,
        kind=TicketKind(row.kind),
        expires_at=row.expires_at,
        account_id=row.account_id,
        payload=json.loads(row.payload),
    )
