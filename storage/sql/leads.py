"""Leads, each a row with a version beside its document, and the pages mentions were read from."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from domain.errors import VersionConflict
from domain.evidence import SeenPage
from domain.lead import Lead, LeadState
from storage.sql.documents import from_document, to_document
from storage.sql.lead_tables import lead_keys, leads, mention_pages
from storage.sql.writes import Values, insert_new, put, take_number

_NO_VERSION = -1
_MANY = 500
"""How many values go into one question: SQLite has a limit on its parameters."""


class SqlLeadRepository:
    """Rows that change only from the version that was read."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def add(self, lead: Lead) -> None:
        """Store a new lead; VersionConflict when its id is taken."""
        if not insert_new(self._db, leads, _to_row(lead)):
            raise self._conflict(lead)

    def save(self, lead: Lead) -> Lead:
        """Store the next version (`lead.version` is the one read) and return it; VersionConflict
        when somebody wrote in between."""
        c = leads.c
        written = replace(lead, version=lead.version + 1)
        as_read = (c.id == lead.id, c.version == lead.version)
        if not self._db.execute(update(leads).where(*as_read).values(_to_row(written))).rowcount:
            raise self._conflict(lead)
        return written

    def get(self, lead_id: str) -> Lead | None:
        """Return a lead by id."""
        found = self._where(leads.c.id == lead_id)
        return found[0] if found else None

    def next_id(self, business_date: str) -> str:
        """Return the next free id of a day, `L-20261121-01` for `20261121`; a rollback gives it
        back.
        """
        return f"L-{business_date}-{take_number(self._db, f'leads of {business_date}'):02d}"

    def claim_key(self, key: str, lead_id: str) -> str:
        """Return the lead a key belongs to, which is this one when nobody had it."""
        insert_new(self._db, lead_keys, {"key": key, "lead_id": lead_id})
        held = select(lead_keys.c.lead_id).where(lead_keys.c.key == key)
        return str(self._db.execute(held).scalar_one())

    def of_reporter(self, account_id: str, limit: int = 100) -> list[Lead]:
        """Return what somebody reported, newest first."""
        return self._where(leads.c.reporter_id == account_id, limit=limit)

    def same_as(self, root_id: str) -> list[Lead]:
        """Return every report of one thing, newest first."""
        return self._where(leads.c.root_id == root_id)

    def in_state(self, state: LeadState, limit: int = 100) -> list[Lead]:
        """Return the first reports in a state, newest first."""
        return self._where(leads.c.state == state, leads.c.root_id == leads.c.id, limit=limit)

    def count(self, state: LeadState) -> int:
        """Return how many first reports are in a state."""
        c = leads.c
        wanted = select(func.count()).where(c.state == state, c.root_id == c.id)
        return int(self._db.scalar(wanted) or 0)

    def all_kept(self) -> list[Lead]:
        """Return every lead whose pictures are to be kept: all that were not dismissed."""
        return self._where(leads.c.state != LeadState.DISMISSED)

    def _where(self, *conditions: Any, limit: int | None = None) -> list[Lead]:
        c = leads.c
        query = select(c.document).where(*conditions).order_by(c.reported_at.desc(), c.id.desc())
        return [_from_document(document) for document in self._db.scalars(query.limit(limit))]

    def _conflict(self, lead: Lead) -> VersionConflict:
        found = self._db.scalar(select(leads.c.version).where(leads.c.id == lead.id))
        return VersionConflict(
            f"lead {lead.id}",
            expected=lead.version,
            found=_NO_VERSION if found is None else found,
        )


class SqlSeenPageRepository:
    """Which pages of the archive hold a mention."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def note(self, page: SeenPage, mention_ids: Iterable[str]) -> None:
        """Note that mentions stood on a page; the same again changes nothing but its time."""
        row = {"sha256": page.sha256, "url": page.url, "fetched_at": page.fetched_at}
        found = dict.fromkeys(mention_ids)
        put(self._db, mention_pages, [{"mention_id": mention_id, **row} for mention_id in found])

    def of(self, mention_ids: Iterable[str]) -> dict[str, list[SeenPage]]:
        """Return the pages of each mention, newest first; a mention without any is left out."""
        c = mention_pages.c
        pages: dict[str, list[SeenPage]] = {}
        for batch in _batches(mention_ids):
            query = (
                select(mention_pages)
                .where(c.mention_id.in_(batch))
                .order_by(c.mention_id, c.fetched_at.desc(), c.sha256)
            )
            for row in self._db.execute(query):
                page = SeenPage(row.sha256, row.url, row.fetched_at)
                pages.setdefault(row.mention_id, []).append(page)
        return pages

    def prune(self, before: datetime, keep: Collection[str]) -> int:
        """Forget pages fetched before, but for those with one of the hashes; return how many."""
        c = mention_pages.c
        old = select(c.sha256).where(c.fetched_at < before).distinct()
        gone = [sha256 for sha256 in self._db.scalars(old) if sha256 not in keep]
        return sum(
            self._db.execute(
                delete(mention_pages).where(c.fetched_at < before, c.sha256.in_(batch))
            ).rowcount
            for batch in _batches(gone)
        )


def _batches(values: Iterable[str]) -> Iterable[list[str]]:
    wanted = list(dict.fromkeys(values))
    return (wanted[start : start + _MANY] for start in range(0, len(wanted), _MANY))


def _to_row(lead: Lead) -> Values:
    return {
        "id": lead.id,
        "version": lead.version,
        "state": lead.state,
        "reporter_id": lead.reporter_id,
        "reported_at": lead.reported_at,
        "root_id": lead.root_id,
        "case_id": lead.case_id,
        "document": to_document(lead, Lead),
    }


def _from_document(document: str) -> Lead:
    lead: Lead = from_document(document, Lead)
    return lead
