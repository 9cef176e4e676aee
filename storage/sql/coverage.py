"""The coverage ledger."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, func, select

from domain.coverage import CoverageRow, CoverageState
from domain.mention import Platform
from storage.sql.tables import coverage
from storage.sql.writes import Values, put


class SqlCoverageRepository:
    """One row a watch, source, window and run."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def record(self, row: CoverageRow) -> None:
        """Append an entry; the same run, watch, source and window again replaces it."""
        put(self._db, coverage, [_to_row(row)])

    def rows(
        self, watch_ids: Iterable[str], *, start: datetime, end: datetime
    ) -> list[CoverageRow]:
        """Return the entries whose window touches start..end, by window start."""
        c = coverage.c
        query = (
            select(coverage)
            .where(c.watch_id.in_(list(watch_ids)), c.window_end >= start, c.window_start <= end)
            .order_by(c.window_start, c.observed_at)
        )
        return [_from_row(row) for row in self._db.execute(query)]

    def looks_at(
        self, source_id: str, watch_ids: Iterable[str], *, since: datetime
    ) -> list[CoverageRow]:
        """Return the entries of a source that were observed at or after a moment, whatever time
        they are about, by when they were observed.
        """
        c = coverage.c
        query = (
            select(coverage)
            .where(
                c.watch_id.in_(list(watch_ids)), c.source_id == source_id, c.observed_at >= since
            )
            .order_by(c.observed_at, c.watch_id, c.window_start)
        )
        return [_from_row(row) for row in self._db.execute(query)]

    def latest(self) -> list[CoverageRow]:
        """Return the newest entry of each watch and source, by watch and source; a look at the past
        alone is none.

        Of entries observed at the same moment it is the one whose window ends last.
        """
        c = coverage.c
        newest = (
            select(c.watch_id, c.source_id, func.max(c.observed_at).label("observed_at"))
            .where(c.backfill.is_(False))
            .group_by(c.watch_id, c.source_id)
            .subquery()
        )
        same = and_(*(c[column.name] == column for column in newest.c))
        query = (
            select(coverage)
            .join(newest, same)
            .where(c.backfill.is_(False))
            .order_by(c.window_end, c.run_id)
        )
        found = {(row.watch_id, row.source_id): _from_row(row) for row in self._db.execute(query)}
        return [found[pair] for pair in sorted(found)]


def _to_row(entry: CoverageRow) -> Values:
    return asdict(entry)


def _from_row(row: Row[Any]) -> CoverageRow:
    values = dict(row._mapping)
    values["platform"] = Platform(row.platform)
    values["state"] = CoverageState(row.state)
    return CoverageRow(**values)
