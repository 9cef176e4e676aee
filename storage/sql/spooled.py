"""Which looks wait in the spools of the machines, and what the ledger is owed for them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, true, update

from domain.coverage import CoverageRow
from domain.spool import RunDebt, SpoolStanding, WaitingLook
from storage.sql.documents import from_document, to_document
from storage.sql.spool_tables import spooled_looks, spooled_runs
from storage.sql.writes import Values, insert_new

_ROWS = tuple[CoverageRow, ...]
_NOT_ENDED = ""


class SqlSpooledRepository:
    """A row a look, and a row a crawl that had one."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def add(self, look: WaitingLook) -> None:
        """Note that a look waits; the same again changes nothing."""
        insert_new(self._db, spooled_looks, _to_row(look))
        if look.lineage:
            insert_new(self._db, spooled_runs, _new_run(look))

    def of_spool(self, spool: str) -> list[str]:
        """Return the ids of the looks that wait in a spool."""
        c = spooled_looks.c
        return list(self._db.scalars(select(c.look_id).where(c.spool == spool)))

    def take_off(self, look_id: str, *, new: int, dead_lettered: int) -> bool:
        """Note that a look was stored, with what it brought; False when it was not waiting."""
        c = spooled_looks.c
        gone = delete(spooled_looks).where(c.look_id == look_id).returning(c.lineage)
        lineage = self._db.scalar(gone)
        if lineage is None:
            return False
        run = spooled_runs.c
        brought = update(spooled_runs).where(run.lineage == lineage)
        self._db.execute(
            brought.values(new=run.new + new, dead_lettered=run.dead_lettered + dead_lettered)
        )
        return True

    def lose(self, look_ids: Iterable[str]) -> int:
        """Note that looks will never come out of their spool; return how many had waited."""
        c, lost = spooled_looks.c, 0
        for look_id in look_ids:
            gone = delete(spooled_looks).where(c.look_id == look_id).returning(c.lineage)
            lineage = self._db.scalar(gone)
            if lineage is not None:
                lost += 1
                of_it = update(spooled_runs).where(spooled_runs.c.lineage == lineage)
                self._db.execute(of_it.values(lost=true()))
        return lost

    def debt(self, lineage: str) -> RunDebt | None:
        """Return what is owed for a crawl, None when nothing of it was ever spooled."""
        row = self._db.execute(_debts().where(spooled_runs.c.lineage == lineage)).first()
        return None if row is None else _debt(row)

    def owe(self, lineage: str, run_id: str, rows: Sequence[CoverageRow]) -> None:
        """Keep the entries that will be true when nothing of the crawl waits any more."""
        of_it = update(spooled_runs).where(spooled_runs.c.lineage == lineage)
        ledger = to_document(tuple(rows), _ROWS)
        self._db.execute(of_it.values(run_id=run_id, ledger=ledger))

    def payable(self) -> list[RunDebt]:
        """Return the crawls that ended and of which nothing waits any more."""
        ended = _debts().where(spooled_runs.c.ledger != _NOT_ENDED, _waiting_of_run() == 0)
        return [_debt(row) for row in self._db.execute(ended.order_by(spooled_runs.c.lineage))]

    def forget(self, lineage: str) -> None:
        """Drop what is owed for a crawl: the ledger has it."""
        self._db.execute(delete(spooled_runs).where(spooled_runs.c.lineage == lineage))

    def waiting(self) -> list[SpoolStanding]:
        """Return what waits in each spool, by its name; spools without anything are left out."""
        c = spooled_looks.c
        query = (
            select(
                c.spool,
                func.count().label("looks"),
                func.sum(c.mentions).label("mentions"),
                func.min(c.spooled_at).label("oldest_at"),
            )
            .group_by(c.spool)
            .order_by(c.spool)
        )
        return [
            SpoolStanding(row.spool, row.looks, int(row.mentions), row.oldest_at)
            for row in self._db.execute(query)
        ]

    def prune(self, before: datetime) -> int:
        """Drop debts of crawls that were last heard of before and never ended; return how many."""
        c = spooled_runs.c
        forgotten = delete(spooled_runs).where(
            c.ledger == _NOT_ENDED, c.noted_at < before, _waiting_of_run() == 0
        )
        return self._db.execute(forgotten).rowcount


def _waiting_of_run() -> Any:
    same = spooled_looks.c.lineage == spooled_runs.c.lineage
    looks = select(func.count()).select_from(spooled_looks).where(same)
    return looks.correlate(spooled_runs).scalar_subquery()


def _debts() -> Any:
    return select(spooled_runs, _waiting_of_run().label("waiting"))


def _new_run(look: WaitingLook) -> Values:
    return {
        "lineage": look.lineage,
        "run_id": "",
        "noted_at": look.spooled_at,
        "new": 0,
        "dead_lettered": 0,
        "lost": False,
        "ledger": _NOT_ENDED,
    }


def _to_row(look: WaitingLook) -> Values:
    return {
        "look_id": look.look_id,
        "spool": look.spool,
        "run_id": look.run_id,
        "lineage": look.lineage,
        "watch_id": look.watch_id,
        "collected_at": look.collected_at,
        "spooled_at": look.spooled_at,
        "mentions": look.mentions,
    }


def _debt(row: Row[Any]) -> RunDebt:
    return RunDebt(
        lineage=row.lineage,
        waiting=row.waiting,
        new=row.new,
        dead_lettered=row.dead_lettered,
        lost=row.lost,
        run_id=row.run_id,
        rows=from_document(row.ledger, _ROWS) if row.ledger else (),
    )
