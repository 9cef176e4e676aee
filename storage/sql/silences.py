"""Silences, each a row with a version."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, or_, select, update

from domain.errors import VersionConflict
from domain.mention import Platform
from domain.signal import Rule
from domain.silence import Silence, SilenceScope
from storage.sql.handling_tables import silences
from storage.sql.writes import Values, insert_new, take_number

_NO_VERSION = -1


class SqlSilenceRepository:
    """Rows that change only from the version that was read."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def add(self, silence: Silence) -> None:
        """Store a new silence; VersionConflict when its id is taken."""
        if not insert_new(self._db, silences, _to_row(silence)):
            raise self._conflict(silence)

    def save(self, silence: Silence) -> Silence:
        """Store the next version (`silence.version` is the one read) and return it;
        VersionConflict when somebody wrote in between."""
        c = silences.c
        written = replace(silence, version=silence.version + 1)
        as_read = (c.id == silence.id, c.version == silence.version)
        done = self._db.execute(update(silences).where(*as_read).values(_to_row(written)))
        if not done.rowcount:
            raise self._conflict(silence)
        return written

    def get(self, silence_id: str) -> Silence | None:
        """Return a silence by id."""
        row = self._db.execute(select(silences).where(silences.c.id == silence_id)).first()
        return None if row is None else _from_row(row)

    def holding(self, now: datetime) -> list[Silence]:
        """Return the silences that hold at `now`, the one that ends first first."""
        c = silences.c
        return self._found(
            c.starts_at <= now, c.ends_at > now, or_(c.ended_at.is_(None), c.ended_at > now)
        )

    def untold_ends(self, now: datetime) -> list[Silence]:
        """Return the silences whose time is over and whose notice was not written yet."""
        c = silences.c
        return self._found(c.ends_at <= now, c.ended_at.is_(None), c.expiry_told.is_(False))

    def recent(self, limit: int = 50) -> list[Silence]:
        """Return silences, the newest first."""
        newest_first = (silences.c.starts_at.desc(), silences.c.id.desc())
        rows = self._db.execute(select(silences).order_by(*newest_first).limit(limit))
        return [_from_row(row) for row in rows]

    def next_id(self, business_date: str) -> str:
        """Return the next free id of a day, `S-20261121-03` for `20261121`."""
        return f"S-{business_date}-{take_number(self._db, f'silences of {business_date}'):02d}"

    def _found(self, *which: Any) -> list[Silence]:
        query = select(silences).where(*which).order_by(silences.c.ends_at, silences.c.id)
        return [_from_row(row) for row in self._db.execute(query)]

    def _conflict(self, silence: Silence) -> VersionConflict:
        c = silences.c
        found = self._db.scalar(select(c.version).where(c.id == silence.id))
        return VersionConflict(
            f"silence {silence.id}",
            expected=silence.version,
            found=_NO_VERSION if found is None else found,
        )


def _to_row(silence: Silence) -> Values:
    scope = silence.scope
    return {
        "id": silence.id,
        "version": silence.version,
        "brand_id": scope.brand_id,
        "rule": scope.rule,
        "platform": scope.platform,
        "signal_key": scope.signal_key,
        "author_id": silence.author_id,
        "reason": silence.reason,
        "starts_at": silence.starts_at,
        "ends_at": silence.ends_at,
        "ended_at": silence.ended_at,
        "ended_by": silence.ended_by,
        "expiry_told": silence.expiry_told,
    }


def _from_row(row: Row[Any]) -> Silence:
    return Silence(
        id=row.id,
        scope=SilenceScope(
            brand_id=row.brand_id,
            rule=None if row.rule is None else Rule(row.rule),
            platform=None if row.platform is None else Platform(row.platform),
            signal_key=row.signal_key,
        ),
        author_id=row.author_id,
        reason=row.reason,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
        expiry_told=row.expiry_told,
        version=row.version,
    )
