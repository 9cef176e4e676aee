"""Signals, each a row with a version."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, select, update

from domain.brand import Level
from domain.case import FalseAlarmCategory
from domain.errors import VersionConflict
from domain.mention import Platform
from domain.signal import Figures, Rule, Signal, SignalState, TopPost
from storage.sql.documents import from_document, to_document
from storage.sql.tables import signals
from storage.sql.writes import Values, insert_new, take_number

_DOCUMENTS: Mapping[str, Any] = {
    "figures": Figures,
    "platforms": tuple[Platform, ...],
    "alerted_platforms": tuple[Platform, ...],
    "platform_counts": Mapping[Platform, int],
    "watch_ids": tuple[str, ...],
    "first_post": TopPost | None,
    "top_posts": tuple[TopPost, ...],
    "terms": tuple[tuple[str, int], ...],
}
"""The fields that are stored as documents, and their types."""

_SCALARS = tuple(column.name for column in signals.columns if column.name not in _DOCUMENTS)
_NO_VERSION = -1


class SqlSignalRepository:
    """Rows that change only from the version that was read."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def add(self, signal: Signal) -> None:
        """Store a new signal; VersionConflict when its key or id is taken."""
        if not insert_new(self._db, signals, _to_row(signal)):
            taken = (signals.c.id == signal.id) | (signals.c.key == signal.key)
            found = self._db.scalars(select(signals.c.version).where(taken)).first()
            raise _conflict(signal, found)

    def save(self, signal: Signal) -> Signal:
        """Store the next version of a known one (`signal.version` is the one read) and return it;
        VersionConflict when somebody wrote in between (`found` −1: there is no such signal)."""
        c = signals.c
        written = replace(signal, version=signal.version + 1)
        as_read = (c.id == signal.id, c.version == signal.version)
        if not self._db.execute(update(signals).where(*as_read).values(_to_row(written))).rowcount:
            found = self._db.scalar(select(c.version).where(c.id == signal.id))
            raise _conflict(signal, found)
        return written

    def get(self, signal_id: str) -> Signal | None:
        """Return a signal by id."""
        row = self._db.execute(select(signals).where(signals.c.id == signal_id)).first()
        return None if row is None else _from_row(row)

    def open_of(self, brand_id: str) -> list[Signal]:
        """Return a brand's signals that are not closed, oldest first."""
        c = signals.c
        query = (
            select(signals)
            .where(c.brand_id == brand_id, c.state != SignalState.CLOSED)
            .order_by(c.opened_at, c.id)
        )
        return [_from_row(row) for row in self._db.execute(query)]

    def unclosed(self) -> list[Signal]:
        """Return every signal that is not closed, oldest first."""
        c = signals.c
        query = select(signals).where(c.state != SignalState.CLOSED).order_by(c.opened_at, c.id)
        return [_from_row(row) for row in self._db.execute(query)]

    def of_brand(self, brand_id: str, limit: int = 50) -> list[Signal]:
        """Return a brand's signals, newest first."""
        c = signals.c
        newest_first = (c.opened_at.desc(), c.id.desc())
        query = select(signals).where(c.brand_id == brand_id).order_by(*newest_first).limit(limit)
        return [_from_row(row) for row in self._db.execute(query)]

    def recent(self, limit: int = 50) -> list[Signal]:
        """Return signals, newest first."""
        newest_first = (signals.c.opened_at.desc(), signals.c.id.desc())
        query = select(signals).order_by(*newest_first).limit(limit)
        return [_from_row(row) for row in self._db.execute(query)]

    def next_id(self, business_date: str) -> str:
        """Return the next free id of a day, `A-20261121-03` for `20261121`.

        The number is taken in this transaction; a rollback gives it back.
        """
        return f"A-{business_date}-{take_number(self._db, f'signals of {business_date}'):02d}"


def _conflict(signal: Signal, found: int | None) -> VersionConflict:
    found = _NO_VERSION if found is None else found
    return VersionConflict(f"signal {signal.id}", expected=signal.version, found=found)


def _to_row(signal: Signal) -> Values:
    documents = {name: to_document(getattr(signal, name), t) for name, t in _DOCUMENTS.items()}
    return {name: getattr(signal, name) for name in _SCALARS} | documents


def _from_row(row: Row[Any]) -> Signal:
    values = dict(row._mapping)
    values |= {name: from_document(values[name], kind) for name, kind in _DOCUMENTS.items()}
    values["rule"] = Rule(row.rule)
    values["level"] = Level(row.level)
    values["state"] = SignalState(row.state)
    values["false_alarm"] = None if row.false_alarm is None else FalseAlarmCategory(row.false_alarm)
    return Signal(**values)
