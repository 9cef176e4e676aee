"""Crawl runs, the frontier, and what became of each fetched mention."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, exists, select, update

from domain.coverage import CoverageState
from domain.crawl import CrawlRun, FrontierEntry, FrontierState, Sighting, SightingOutcome
from domain.mention import Platform
from storage.sql.documents import from_document, to_document
from storage.sql.tables import crawl_runs, frontier, sightings
from storage.sql.writes import Values, insert_new, put

_REQUEST = Mapping[str, object]
_TO_DO = (FrontierState.WAITING, FrontierState.FETCHED)


class SqlCrawlRepository:
    """Three tables that change together: a run, its pages, its sightings."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def start(self, run: CrawlRun) -> None:
        """Note that a run began."""
        put(self._db, crawl_runs, [_run_to_row(run)])

    def beat(self, run_id: str, at: datetime) -> None:
        """Note that a run is alive."""
        self._db.execute(
            update(crawl_runs).where(crawl_runs.c.id == run_id).values(heartbeat_at=at)
        )

    def finish(self, run: CrawlRun) -> None:
        """Note how a run ended."""
        put(self._db, crawl_runs, [_run_to_row(run)])

    def run(self, run_id: str) -> CrawlRun | None:
        """Return a run by id."""
        row = self._db.execute(select(crawl_runs).where(crawl_runs.c.id == run_id)).first()
        return None if row is None else _run_from_row(row)

    def recent(self, limit: int = 50) -> list[CrawlRun]:
        """Return the newest runs first."""
        c = crawl_runs.c
        query = select(crawl_runs).order_by(c.started_at.desc(), c.id.desc()).limit(limit)
        return [_run_from_row(row) for row in self._db.execute(query)]

    def unfinished(
        self, watch_id: str, source_id: str, *, backfill: bool = False
    ) -> CrawlRun | None:
        """Return the newest run of the pair that never ended and still has frontier entries to do;
        `backfill`: of those that read nothing but the past.

        It may be alive: the caller judges by the age of `heartbeat_at`.
        """
        c = crawl_runs.c
        to_do = exists().where(frontier.c.lineage == c.lineage, frontier.c.state.in_(_TO_DO))
        query = (
            select(crawl_runs)
            .where(c.watch_id == watch_id, c.source_id == source_id, c.ended_at.is_(None), to_do)
            .where(c.backfill.is_(backfill))
            .order_by(c.started_at.desc(), c.id.desc())
            .limit(1)
        )
        row = self._db.execute(query).first()
        return None if row is None else _run_from_row(row)

    def push(self, entries: Iterable[FrontierEntry]) -> int:
        """Add entries that are not there yet (by lineage and fingerprint); return how many were
        new.
        """
        return sum(insert_new(self._db, frontier, _entry_to_row(entry)) for entry in entries)

    def frontier(self, lineage: str, states: Iterable[FrontierState]) -> list[FrontierEntry]:
        """Return the entries of a crawl in the given states, in the order they were pushed."""
        c = frontier.c
        query = (
            select(frontier).where(c.lineage == lineage, c.state.in_(list(states))).order_by(c.seq)
        )
        return [_entry_from_row(row) for row in self._db.execute(query)]

    def mark_fetched(self, entry: FrontierEntry) -> None:
        """Note that a page lies in the archive; the entry carries its hash, url, status and
        time.
        """
        row = {**_entry_to_row(entry), "state": FrontierState.FETCHED}
        put(self._db, frontier, [row], frontier.c.lineage, frontier.c.fingerprint)

    def mark_done(self, lineage: str, fingerprints: Iterable[str]) -> None:
        """Note that everything on these pages is stored."""
        done = [{"done": fingerprint} for fingerprint in fingerprints]
        if done:
            c = frontier.c
            where = (c.lineage == lineage, c.fingerprint == bindparam("done"))
            self._db.execute(update(frontier).where(*where).values(state=FrontierState.DONE), done)

    def forget(self, lineage: str) -> None:
        """Drop the frontier of a crawl that ended."""
        self._db.execute(delete(frontier).where(frontier.c.lineage == lineage))

    def saw(self, sightings: Iterable[Sighting]) -> None:
        """Record what became of fetched mentions; the same mention and run again replaces it."""
        put(self._db, _SIGHTINGS, map(_sighting_to_row, sightings))

    def sightings(self, mention_id: str) -> list[Sighting]:
        """Return every sighting of a mention id, newest first."""
        return self._sightings(_SIGHTINGS.c.mention_id == mention_id)

    def sightings_of_url(self, url: str) -> list[Sighting]:
        """Return every sighting with this url, newest first."""
        return self._sightings(_SIGHTINGS.c.url_key == _url_key(url))

    def seen_by(self, mention_ids: Iterable[str], moment: datetime) -> frozenset[str]:
        """Return those of the mentions that had been sighted by a moment."""
        c = _SIGHTINGS.c
        wanted = c.mention_id.in_(list(mention_ids)), c.seen_at <= moment
        return frozenset(self._db.scalars(select(c.mention_id).where(*wanted).distinct()))

    def prune_sightings(self, before: datetime) -> int:
        """Drop sightings seen before; return how many."""
        return self._db.execute(delete(_SIGHTINGS).where(_SIGHTINGS.c.seen_at < before)).rowcount

    def _sightings(self, wanted: Any) -> list[Sighting]:
        c = _SIGHTINGS.c
        newest_first = (c.seen_at.desc(), c.run_id.desc(), c.mention_id)
        query = select(_SIGHTINGS).where(wanted).order_by(*newest_first)
        return [_sighting_from_row(row) for row in self._db.execute(query)]


_SIGHTINGS = sightings
"""The table, under a name that the methods of the port do not take."""


def _run_to_row(run: CrawlRun) -> Values:
    return asdict(run)


def _run_from_row(row: Row[Any]) -> CrawlRun:
    values = dict(row._mapping)
    values["platform"] = Platform(row.platform)
    values["state"] = None if row.state is None else CoverageState(row.state)
    return CrawlRun(**values)


def _entry_to_row(entry: FrontierEntry) -> Values:
    return {
        "lineage": entry.lineage,
        "fingerprint": entry.fingerprint,
        "request": to_document(entry.request, _REQUEST),
        "state": entry.state,
        "position": entry.position,
        "url": entry.url,
        "status": entry.status,
        "fetched_at": entry.fetched_at,
        "body_sha256": entry.body_sha256,
        "attempts": entry.attempts,
    }


def _entry_from_row(row: Row[Any]) -> FrontierEntry:
    return FrontierEntry(
        lineage=row.lineage,
        fingerprint=row.fingerprint,
        request=from_document(row.request, _REQUEST),
        state=FrontierState(row.state),
        position=row.position,
        url=row.url,
        status=row.status,
        fetched_at=row.fetched_at,
        body_sha256=row.body_sha256,
        attempts=row.attempts,
    )


def _url_key(url: str) -> str:
    return hashlib.sha256(url.encode(errors="replace")).hexdigest()


def _sighting_to_row(sighting: Sighting) -> Values:
    return {
        "mention_id": sighting.mention_id,
        "run_id": sighting.run_id,
        "url": sighting.url,
        "url_key": _url_key(sighting.url),
        "seen_at": sighting.seen_at,
        "outcome": sighting.outcome,
        "detail": sighting.detail,
    }


def _sighting_from_row(row: Row[Any]) -> Sighting:
    return Sighting(
        mention_id=row.mention_id,
        url=row.url,
        run_id=row.run_id,
        seen_at=row.seen_at,
        outcome=SightingOutcome(row.outcome),
        detail=row.detail,
    )
