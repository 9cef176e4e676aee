"""Scheduled work as rows with leases."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)

from domain.crawl import Slot, SlotState
from storage.sql.documents import from_document, to_document
from storage.sql.tables import slots
from storage.sql.writes import insert_new, take_number

_DETAIL = Mapping[str, object]


class SqlSlotRepository:
    """A row a job and moment."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def ensure(self, job: str, slot_at: datetime) -> bool:
        """Make a due slot if there is none and no newer one of the job; return whether it is new.

        Older slots of the job that are still due are folded into it and counted in `coalesced`.
        """
        if not self._would_be_newest(job, slot_at):
            return False
        take_number(self._db, f"slots of {job}")  # another service may be making one: wait for it
        if not self._would_be_newest(job, slot_at):
            return False
        older = delete(slots).where(slots.c.job == job, slots.c.state == SlotState.DUE)
        folded = self._db.scalars(older.returning(slots.c.coalesced)).all()
        coalesced = sum(count + 1 for count in folded)
        return insert_new(self._db, slots, _to_row(Slot(job, slot_at, coalesced=coalesced)))

    def claim(
        self, owner: str, now: datetime, lease: timedelta, jobs: Iterable[str]
    ) -> Slot | None:
        """Take the oldest due slot of these jobs, or one whose lease ran out; None when there is
        none.

        A job runs one slot at a time: while one is running, or has to be taken over, the next one
        waits.
        """
        c = slots.c
        running = slots.alias()
        busy = exists().where(running.c.job == c.job, running.c.state == SlotState.RUNNING)
        takeable = or_(
            and_(c.state == SlotState.DUE, ~busy),
            and_(c.state == SlotState.RUNNING, c.lease_until <= now),
        )
        oldest = (
            select(c.job, c.slot_at)
            .where(c.job.in_(list(jobs)), takeable)
            .order_by(c.slot_at)
            .limit(1)
            .with_for_update(of=slots, skip_locked=True)
        )
        found = self._db.execute(oldest).first()
        if found is None:
            return None
        taken = (
            update(slots)
            .where(c.job == found.job, c.slot_at == found.slot_at)
            .values(
                state=SlotState.RUNNING,
                owner=owner,
                lease_until=now + lease,
                attempts=c.attempts + 1,
                started_at=now,
            )
            .returning(slots)
        )
        return _from_row(self._db.execute(taken).one())

    def renew(self, slot: Slot, owner: str, now: datetime, lease: timedelta) -> bool:
        """Prolong a lease; False when it was lost to somebody else."""
        held = update(slots).where(_held(slot, owner)).values(lease_until=now + lease)
        return self._db.execute(held).rowcount == 1

    def finish(
        self, slot: Slot, owner: str, now: datetime, state: SlotState, detail: Mapping[str, object]
    ) -> bool:
        """End a slot; False when the lease was lost to somebody else, whose result then counts."""
        ended = (
            update(slots)
            .where(_held(slot, owner))
            .values(
                state=state,
                lease_until=None,
                finished_at=now,
                detail=to_document(detail, _DETAIL),
            )
        )
        return self._db.execute(ended).rowcount == 1

    def latest(self) -> list[Slot]:
        """Return the newest slot of each job, by job."""
        c = slots.c
        newest = select(c.job, func.max(c.slot_at).label("slot_at")).group_by(c.job).subquery()
        same = and_(c.job == newest.c.job, c.slot_at == newest.c.slot_at)
        found = [_from_row(row) for row in self._db.execute(select(slots).join(newest, same))]
        return sorted(found, key=lambda slot: slot.job)

    def not_done_since(self, job: str) -> datetime | None:
        """Return when a job was last done, else the moment of its oldest slot; None when it has
        none.
        """
        c = slots.c
        done = select(func.max(c.finished_at)).where(c.job == job, c.state == SlotState.DONE)
        oldest = select(func.min(c.slot_at)).where(c.job == job)
        since: datetime | None = self._db.scalar(done) or self._db.scalar(oldest)
        return since

    def prune(self, before: datetime) -> int:
        """Drop slots that ended before, but never the newest of a job; return how many."""
        newer = slots.alias()
        followed = exists().where(newer.c.job == slots.c.job, newer.c.slot_at > slots.c.slot_at)
        ended = slots.c.state.in_((SlotState.DONE, SlotState.FAILED))
        old = delete(slots).where(ended, slots.c.finished_at < before, followed)
        return self._db.execute(old).rowcount

    def _would_be_newest(self, job: str, slot_at: datetime) -> bool:
        newest = self._db.scalar(select(func.max(slots.c.slot_at)).where(slots.c.job == job))
        return newest is None or newest < slot_at


def _held(slot: Slot, owner: str) -> ColumnElement[bool]:
    """Whether a slot is still in the hands that claimed it: a worker of the same name that took it
    over has counted another attempt."""
    c = slots.c
    return and_(
        c.job == slot.job,
        c.slot_at == slot.slot_at,
        c.state == SlotState.RUNNING,
        c.owner == owner,
        c.attempts == slot.attempts,
    )


def _to_row(slot: Slot) -> dict[str, Any]:
    return {
        "job": slot.job,
        "slot_at": slot.slot_at,
        "state": slot.state,
        "owner": slot.owner,
        "lease_until": slot.lease_until,
        "attempts": slot.attempts,
        "started_at": slot.started_at,
        "finished_at": slot.finished_at,
        "coalesced": slot.coalesced,
        "detail": to_document(slot.detail, _DETAIL),
    }


def _from_row(row: Row[Any]) -> Slot:
    return Slot(
        job=row.job,
        slot_at=row.slot_at,
        state=SlotState(row.state),
        owner=row.owner,
        lease_until=row.lease_until,
        attempts=row.attempts,
        started_at=row.started_at,
        finished_at=row.finished_at,
        coalesced=row.coalesced,
        detail=from_document(row.detail, _DETAIL),
    )
