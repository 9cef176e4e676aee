"""Cases, each a row with a version beside its document."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from domain.case import Case, CasePage, CaseQuery, CaseSort, CaseState
from domain.errors import VersionConflict
from storage.sql.case_tables import case_actions, case_keys, case_references, cases
from storage.sql.documents import from_document, to_document
from storage.sql.writes import Values, insert_new, take_number

_SIGNAL, _MENTION, _LEAD = "signal", "mention", "lead"
_NO_VERSION = -1
_MANY = 500
"""How many ids go into one question: SQLite has a limit on its parameters."""


class SqlCaseRepository:
    """Rows that change only from the version that was read, and are never deleted."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def add(self, case: Case) -> None:
        """Store a new case; VersionConflict when its id is taken."""
        if not insert_new(self._db, cases, _to_row(case)):
            raise self._conflict(case)
        self._refer(case)

    def save(self, case: Case) -> Case:
        """Store the next version (`case.version` is the one read) and return it; VersionConflict
        when somebody wrote in between."""
        c = cases.c
        written = replace(case, version=case.version + 1)
        as_read = (c.id == case.id, c.version == case.version)
        if not self._db.execute(update(cases).where(*as_read).values(_to_row(written))).rowcount:
            raise self._conflict(case)
        self._refer(written)
        return written

    def get(self, case_id: str) -> Case | None:
        """Return a case by id."""
        document = self._db.scalar(select(cases.c.document).where(cases.c.id == case_id))
        return None if document is None else _from_document(document)

    def next_id(self, business_date: str) -> str:
        """Return the next free id of a day, `C-20261121-01` for `20261121`; a rollback gives it
        back.
        """
        return f"C-{business_date}-{take_number(self._db, f'cases of {business_date}'):02d}"

    def search(
        self,
        wanted: CaseQuery,
        *,
        sort: CaseSort = CaseSort.NEWEST,
        limit: int = 50,
        offset: int = 0,
    ) -> CasePage:
        """Return one page of the cases that fulfil every condition, and how many there are."""
        conditions = list(_conditions(wanted))
        total = self._db.scalar(select(func.count()).select_from(cases).where(*conditions)) or 0
        page = (
            select(cases.c.document)
            .where(*conditions)
            .order_by(*_ORDER[sort])
            .limit(limit)
            .offset(offset)
        )
        found = tuple(_from_document(document) for document in self._db.scalars(page))
        end = offset + len(found)
        return CasePage(found, total, end if found and end < total else None)

    def of_signal(self, signal_id: str) -> Case | None:
        """Return the case that has a signal; of several the one that is not merged, then the
        newest.
        """
        return self._of(_SIGNAL, signal_id)

    def of_lead(self, lead_id: str) -> Case | None:
        """Return the case that has a lead, chosen like `of_signal`."""
        return self._of(_LEAD, lead_id)

    def with_any_mention(self, mention_ids: Iterable[str]) -> list[Case]:
        """Return the cases that have at least one of the mentions, by id."""
        c = case_references.c
        documents: dict[str, str] = {}
        for some in _batches(sorted(set(mention_ids))):
            query = (
                select(cases.c.id, cases.c.document)
                .join(case_references, c.case_id == cases.c.id)
                .where(c.kind == _MENTION, c.reference_id.in_(some))
            )
            documents |= {row.id: row.document for row in self._db.execute(query)}
        return [_from_document(documents[case_id]) for case_id in sorted(documents)]

    def claim_key(self, key: str, case_id: str) -> str:
        """Return the case a key belongs to, which is this one when nobody had it."""
        insert_new(self._db, case_keys, {"key": key, "case_id": case_id})
        query = select(case_keys.c.case_id).where(case_keys.c.key == key)
        return str(self._db.execute(query).scalar_one())

    def note_action(self, action_id: str, object_id: str, command: str, at: datetime) -> bool:
        """Note that an action was done; False when it was noted before."""
        row = {"action_id": action_id, "object_id": object_id, "command": command, "at": at}
        return insert_new(self._db, case_actions, row)

    def action(self, action_id: str) -> tuple[str, str] | None:
        """Return object and command of an action, None when it was never done."""
        c = case_actions.c
        query = select(c.object_id, c.command).where(c.action_id == action_id)
        row = self._db.execute(query).first()
        return None if row is None else (row.object_id, row.command)

    def _of(self, kind: str, reference_id: str) -> Case | None:
        c = case_references.c
        best_first = (cases.c.state == CaseState.MERGED, *_ORDER[CaseSort.NEWEST])
        query = (
            select(cases.c.document)
            .join(case_references, c.case_id == cases.c.id)
            .where(c.kind == kind, c.reference_id == reference_id)
            .order_by(*best_first)
            .limit(1)
        )
        document = self._db.scalars(query).first()
        return None if document is None else _from_document(document)

    def _refer(self, case: Case) -> None:
        """Bring the references of a case up to date; only what changed is written."""
        c = case_references.c
        rows = self._db.execute(select(c.kind, c.reference_id).where(c.case_id == case.id))
        known = {(row.kind, row.reference_id) for row in rows}
        wanted = set(_references(case))
        for kind, reference in sorted(wanted - known):
            row = {"kind": kind, "reference_id": reference, "case_id": case.id}
            insert_new(self._db, case_references, row)
        for kind, reference in sorted(known - wanted):
            gone = (c.case_id == case.id, c.kind == kind, c.reference_id == reference)
            self._db.execute(delete(case_references).where(*gone))

    def _conflict(self, case: Case) -> VersionConflict:
        found = self._db.scalar(select(cases.c.version).where(cases.c.id == case.id))
        return VersionConflict(
            f"case {case.id}",
            expected=case.version,
            found=_NO_VERSION if found is None else found,
        )


_ORDER: dict[CaseSort, tuple[ColumnElement[Any], ...]] = {
    CaseSort.NEWEST: (cases.c.opened_at.desc(), cases.c.id.desc()),
    CaseSort.DUE: (cases.c.due_at.is_(None), cases.c.due_at, cases.c.id),
}


def _conditions(wanted: CaseQuery) -> Iterator[ColumnElement[bool]]:
    c = cases.c
    if wanted.states:
        yield c.state.in_(wanted.states)
    if wanted.kinds:
        yield c.kind.in_(wanted.kinds)
    if wanted.levels:
        yield c.level.in_(wanted.levels)
    if wanted.brand_id:
        yield c.brand_id == wanted.brand_id
    if wanted.owner_id:
        yield c.owner_id == wanted.owner_id
    if wanted.due_before is not None:
        yield c.due_at < wanted.due_before
    for part in wanted.text.split():
        yield c.search_text.contains(part.casefold(), autoescape=True)


def _references(case: Case) -> Iterator[tuple[str, str]]:
    yield from ((_SIGNAL, reference) for reference in case.signal_ids)
    yield from ((_MENTION, reference) for reference in case.mention_ids)
    yield from ((_LEAD, reference) for reference in case.lead_ids)


def _batches(ids: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(ids), _MANY):
        yield ids[start : start + _MANY]


def _to_row(case: Case) -> Values:
    return {
        "id": case.id,
        "version": case.version,
        "kind": case.kind,
        "state": case.state,
        "level": case.level,
        "brand_id": case.brand_id,
        "owner_id": case.owner_id,
        "opened_at": case.opened_at,
        "updated_at": case.updated_at,
        "due_at": case.due_at,
        "search_text": f"{case.id}\n{case.title}\n{case.summary}".casefold(),
        "document": to_document(case, Case),
    }


def _from_document(document: str) -> Case:
    case: Case = from_document(document, Case)
    return case
