"""The versions of the team's configuration."""

from datetime import datetime
from functools import lru_cache

from sqlalchemy import Connection, func, select

from domain.brand import Configuration
from domain.errors import VersionConflict
from storage.sql.documents import from_document, to_document
from storage.sql.tables import configurations
from storage.sql.writes import insert_new

_NEWEST = (
    select(configurations.c.version, configurations.c.document)
    .order_by(configurations.c.version.desc())
    .limit(1)
)


class SqlConfigurationRepository:
    """A row a version, never changed."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def current(self) -> tuple[int, Configuration]:
        """Return the newest version and its document; version 0 is the empty configuration."""
        row = self._db.execute(_NEWEST).first()
        return (0, Configuration()) if row is None else (row.version, _read(row.document))

    def get(self, version: int) -> Configuration | None:
        """Return an earlier version, None when there is none."""
        query = select(configurations.c.document).where(configurations.c.version == version)
        document = self._db.scalar(query)
        return None if document is None else _read(document)

    def save(
        self,
        configuration: Configuration,
        *,
        expected_version: int,
        actor: str,
        at: datetime,
        origin: str,
    ) -> int:
        """Store the next version and return its number; VersionConflict when somebody was
        faster.
        """
        row = {
            "version": expected_version + 1,
            "at": at,
            "actor": actor,
            "origin": origin,
            "document": to_document(configuration, Configuration),
        }
        if self._newest() != expected_version or not insert_new(self._db, configurations, row):
            raise VersionConflict("configuration", expected=expected_version, found=self._newest())
        return expected_version + 1

    def history(self) -> list[tuple[int, datetime, str, str]]:
        """Return (version, at, actor, origin), newest first."""
        c = configurations.c
        query = select(c.version, c.at, c.actor, c.origin).order_by(c.version.desc())
        return [(row.version, row.at, row.actor, row.origin) for row in self._db.execute(query)]

    def _newest(self) -> int:
        return self._db.scalar(select(func.max(configurations.c.version))) or 0


@lru_cache(maxsize=4)
def _read(document: str) -> Configuration:
    """Return the configuration of a document; both never change, and every page asks for it."""
    configuration: Configuration = from_document(document, Configuration)
    return configuration
