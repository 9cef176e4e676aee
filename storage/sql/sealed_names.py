"""Full author names, encrypted, until they expire."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, delete, select

from storage.sql.tables import sealed_names
from storage.sql.writes import put


class SqlSealedNameRepository:
    """One row a mention."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def put(self, names: Iterable[tuple[str, bytes, datetime]]) -> None:
        """Store or replace sealed names: mention id, sealed name, and when it is destroyed."""
        rows = [
            {"mention_id": mention_id, "sealed": sealed, "expires_at": expires_at}
            for mention_id, sealed, expires_at in names
        ]
        put(self._db, sealed_names, rows)

    def get(self, mention_id: str) -> bytes | None:
        """Return the sealed name, None when there is none any more."""
        query = select(sealed_names.c.sealed).where(sealed_names.c.mention_id == mention_id)
        found: bytes | None = self._db.scalar(query)
        return found

    def prune(self, before: datetime) -> int:
        """Destroy names that expired before; return how many."""
        gone = delete(sealed_names).where(sealed_names.c.expires_at < before)
        return self._db.execute(gone).rowcount
