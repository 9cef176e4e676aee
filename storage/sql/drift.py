"""What was read of each surface, run by run, and the episodes in which it was less than before."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select

from domain.drift import DriftKind, Episode, ReadPage, SurfaceCounts
from domain.mention import Platform
from storage.sql.drift_tables import drift_episodes, read_pages, surface_counts
from storage.sql.writes import Values, put


class SqlDriftRepository:
    """A row a run and surface, and a row an episode."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def count(self, counts: SurfaceCounts) -> None:
        """Add what a page brought to what its run has of the surface."""
        c = surface_counts.c
        here = (c.run_id == counts.run_id, c.source_id == counts.source_id)
        query = select(surface_counts).where(*here, c.surface == counts.surface)
        row = self._db.execute(query).first()
        whole = counts if row is None else _counts(row).plus(counts)
        put(self._db, surface_counts, [_counts_row(whole)])

    def of_run(self, run_id: str) -> list[SurfaceCounts]:
        """Return what a run read, by surface."""
        c = surface_counts.c
        query = select(surface_counts).where(c.run_id == run_id).order_by(c.source_id, c.surface)
        return [_counts(row) for row in self._db.execute(query)]

    def history(self, source_id: str, limit: int = 1000) -> list[SurfaceCounts]:
        """Return the newest counts of a source, oldest first."""
        c = surface_counts.c
        newest_first = (c.at.desc(), c.run_id.desc(), c.surface)
        query = select(surface_counts).where(c.source_id == source_id).order_by(*newest_first)
        return [_counts(row) for row in self._db.execute(query.limit(limit))][::-1]

    def save(self, episode: Episode) -> None:
        """Store an episode, or its next state."""
        put(self._db, drift_episodes, [_episode_row(episode)])

    def episodes(self, source_id: str | None = None) -> list[Episode]:
        """Return the episodes of a source, or of all, the newest first; those that go on before
        those that ended.
        """
        c = drift_episodes.c
        query = select(drift_episodes)
        if source_id is not None:
            query = query.where(c.source_id == source_id)
        rows = self._db.execute(query.order_by(c.since.desc(), c.source_id, c.surface, c.field))
        return sorted(map(_episode, rows), key=lambda each: each.ended_at is not None)

    def note_page(self, page: ReadPage) -> None:
        """Note a page that a run read; the same again replaces it."""
        put(self._db, read_pages, [asdict(page)])

    def pages(
        self, since: datetime, source_id: str | None = None, *, unread: bool = False
    ) -> list[ReadPage]:
        """Return the pages fetched at or after `since`, oldest first; `unread`: only those that
        their reader gave up.
        """
        c = read_pages.c
        query = select(read_pages).where(c.fetched_at >= since)
        if source_id is not None:
            query = query.where(c.source_id == source_id)
        if unread:
            query = query.where(c.missing != "")
        rows = self._db.execute(query.order_by(c.fetched_at, c.run_id, c.sha256))
        return [ReadPage(**{**row._mapping, "platform": Platform(row.platform)}) for row in rows]

    def prune_pages(self, before: datetime) -> int:
        """Forget pages fetched before; return how many."""
        old = delete(read_pages).where(read_pages.c.fetched_at < before)
        return self._db.execute(old).rowcount

    def prune(self, before: datetime) -> int:
        """Drop counts made, and episodes ended, before; return how many."""
        c, e = surface_counts.c, drift_episodes.c
        gone = self._db.execute(delete(surface_counts).where(c.at < before)).rowcount
        return gone + self._db.execute(delete(drift_episodes).where(e.ended_at < before)).rowcount


def _counts_row(counts: SurfaceCounts) -> Values:
    return {
        "run_id": counts.run_id,
        "source_id": counts.source_id,
        "surface": counts.surface,
        "platform": counts.platform,
        "at": counts.at,
        "pages": counts.pages,
        "content_pages": counts.content_pages,
        "bare_pages": counts.bare_pages,
        "mentions": counts.mentions,
        "fresh": counts.fresh,
        "filled": json.dumps(dict(counts.filled), separators=(",", ":")),
        "fresh_filled": json.dumps(dict(counts.fresh_filled), separators=(",", ":")),
        "missing": counts.missing,
    }


def _counts(row: Row[Any]) -> SurfaceCounts:
    return SurfaceCounts(
        run_id=row.run_id,
        source_id=row.source_id,
        platform=Platform(row.platform),
        surface=row.surface,
        at=row.at,
        pages=row.pages,
        content_pages=row.content_pages,
        bare_pages=row.bare_pages,
        mentions=row.mentions,
        fresh=row.fresh,
        filled=json.loads(row.filled),
        fresh_filled=json.loads(row.fresh_filled),
        missing=row.missing,
    )


def _episode_row(episode: Episode) -> Values:
    return {
        "source_id": episode.source_id,
        "surface": episode.surface,
        "field": episode.field,
        "since": episode.since,
        "platform": episode.platform,
        "kind": episode.kind,
        "noticed_at": episode.noticed_at,
        "before_filled": episode.before[0],
        "before_of": episode.before[1],
        "after_filled": episode.after[0],
        "after_of": episode.after[1],
        "told_at": episode.told_at,
        "ended_at": episode.ended_at,
    }


def _episode(row: Row[Any]) -> Episode:
    return Episode(
        source_id=row.source_id,
        platform=Platform(row.platform),
        surface=row.surface,
        field=row.field,
        kind=DriftKind(row.kind),
        since=row.since,
        noticed_at=row.noticed_at,
        before=(row.before_filled, row.before_of),
        after=(row.after_filled, row.after_of),
        told_at=row.told_at,
        ended_at=row.ended_at,
    )
