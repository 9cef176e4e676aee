"""The operator's logins at the platforms: one row a platform, its secret sealed."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from domain.mention import Platform
from domain.session import PlatformSession
from storage.sql.session_tables import platform_sessions
from storage.sql.writes import put

_OPEN = [column for column in platform_sessions.c if column.name != "sealed"]


class SqlSessionRepository:
    """What is told of a session never reads the sealed column."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def put(self, session: PlatformSession, sealed: bytes) -> None:
        """Store a login in the place of the one before it."""
        put(self._db, platform_sessions, [{**asdict(session), "sealed": sealed}])

    def get(self, platform: Platform) -> PlatformSession | None:
        """Return a platform's newest login, also one that ended; None when there never was one."""
        c = platform_sessions.c
        row = self._db.execute(select(*_OPEN).where(c.platform == platform)).first()
        return None if row is None else _session(row)

    def all(self) -> list[PlatformSession]:
        """Return the newest login of each platform, by platform."""
        query = select(*_OPEN).order_by(platform_sessions.c.platform)
        return [_session(row) for row in self._db.execute(query)]

    def sealed_state(self, platform: Platform, *, to_change: bool = False) -> bytes | None:
        """Return the sealed storage state of a login that has not ended, None without one.
        `to_change`: nobody else changes it until the unit ends, where the store has row locks.
        """
        c = platform_sessions.c
        query = select(c.sealed).where(c.platform == platform, c.ended_at.is_(None))
        found: bytes | None = self._db.scalar(query.with_for_update() if to_change else query)
        return found

    def reseal(
        self, platform: Platform, login: int, sealed: bytes, expires_at: datetime | None
    ) -> bool:
        """Replace the sealed state of a login that has not ended; False when it is no longer
        that login.
        """
        return self._change(platform, login, sealed=sealed, expires_at=expires_at)

    def end(self, platform: Platform, login: int, *, at: datetime, reason: str) -> bool:
        """Note that a login ended, and destroy its sealed state; False when it had ended, or is no
        longer that login.
        """
        return self._change(platform, login, sealed=None, ended_at=at, ended_reason=reason)

    def _change(self, platform: Platform, login: int, **values: object) -> bool:
        c = platform_sessions.c
        this = (c.platform == platform) & (c.login == login) & c.ended_at.is_(None)
        done = self._db.execute(update(platform_sessions).where(this).values(**values))
        return done.rowcount == 1


def _session(row: Row[Any]) -> PlatformSession:
    told = dict(row._mapping)
    return PlatformSession(**{**told, "platform": Platform(row.platform)})
