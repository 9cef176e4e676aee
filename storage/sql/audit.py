"""The append-only trail. Triggers in the database refuse to change or delete its rows."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from domain.audit import FIRST_HASH, AuditRow, canonical, seal
from domain.errors import StoreError, Text
from domain.queries import AuditFilter
from storage.sql.columns import storable
from storage.sql.tables import audit, counters
from storage.sql.writes import Values, take_number

_PAGE = 500
_COUNTER = "audit"


class SqlAuditRepository:
    """One chain for the whole database; appending waits for whoever is appending."""

    def __init__(self, db: Connection, new_salt: Callable[[], str]) -> None:
        self._db = db
        self._new_salt = new_salt

    def append(
        self, *, at: datetime, actor: str, action: str, object_id: str, reason: str, payload: object
    ) -> AuditRow:
        """Seal and store the next row; it commits with the act it tells of.

        Raises StoreError when the row before it is missing: a trail that lost rows is not
        continued.
        """
        seq = take_number(self._db, _COUNTER)
        row = seal(
            seq=seq,
            at=at.astimezone(UTC),
            actor=storable(actor),
            action=storable(action),
            object_id=storable(object_id),
            reason=storable(reason),
            payload=storable(canonical(payload)),
            salt=self._new_salt(),
            previous_hash=self._hash_of(seq - 1),
        )
        self._db.execute(insert(audit).values(**_to_row(row)))
        return row

    def rows(self, after_seq: int = 0) -> Iterator[AuditRow]:
        """Yield rows in order."""
        while True:
            query = select(audit).where(audit.c.seq > after_seq).order_by(audit.c.seq).limit(_PAGE)
            page = self._db.execute(query).all()
            for row in page:
                yield _from_row(row)
            if len(page) < _PAGE:
                return
            after_seq = page[-1].seq

    def of(self, object_id: str) -> list[AuditRow]:
        """Return the trail of one object, oldest first."""
        query = select(audit).where(audit.c.object_id == object_id).order_by(audit.c.seq)
        return [_from_row(row) for row in self._db.execute(query)]

    def search(
        self, wanted: AuditFilter, *, before_seq: int | None = None, limit: int = 50
    ) -> list[AuditRow]:
        """Return the newest rows of a filter, newest first, of those before a row if one is
        named.
        """
        c = audit.c
        query = select(audit).order_by(c.seq.desc()).limit(limit)
        if wanted.actor:
            query = query.where(c.actor == wanted.actor)
        if wanted.action:
            query = query.where(c.action.startswith(wanted.action, autoescape=True))
        if wanted.object_id:
            query = query.where(c.object_id == wanted.object_id)
        if wanted.start is not None:
            query = query.where(c.at >= wanted.start)
        if wanted.end is not None:
            query = query.where(c.at < wanted.end)
        if before_seq is not None:
            query = query.where(c.seq < before_seq)
        return [_from_row(row) for row in self._db.execute(query)]

    def head(self) -> tuple[int, str]:
        """Return the number and the hash of the last row; 0 and FIRST_HASH when there is none."""
        c = audit.c
        last = self._db.execute(select(c.seq, c.row_hash).order_by(c.seq.desc()).limit(1)).first()
        return (0, FIRST_HASH) if last is None else (last.seq, last.row_hash)

    def given_out(self) -> int:
        """Return the last number that was given to a row."""
        query = select(counters.c.value).where(counters.c.name == _COUNTER)
        return self._db.scalar(query) or 0

    def actors(self) -> list[str]:
        """Return everybody who ever acted, in order."""
        return list(self._db.scalars(select(audit.c.actor).distinct().order_by(audit.c.actor)))

    def _hash_of(self, seq: int) -> str:
        if seq == 0:
            return FIRST_HASH
        found: str | None = self._db.scalar(select(audit.c.row_hash).where(audit.c.seq == seq))
        if found is None:
            raise StoreError(
                Text(f"审计记录缺少第 {seq} 行", f"row {seq} is missing"),
                place="audit",
                mend=Text("从备份恢复数据库", "restore the database from a backup"),
            )
        return found


def _to_row(row: AuditRow) -> Values:
    return asdict(row)


def _from_row(row: Row[Any]) -> AuditRow:
    return AuditRow(**row._mapping)
