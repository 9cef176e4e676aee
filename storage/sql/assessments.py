"""Signed sheets (采集影响评估), each a document with a version."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, Select, delete, func, select, update

from domain.assessment import Assessment
from domain.errors import VersionConflict
from storage.sql.assessment_tables import assessments
from storage.sql.documents import from_document, to_document
from storage.sql.writes import Values, insert_new, take_number

_NO_VERSION = -1
_NEWEST_FIRST = (assessments.c.signed_at.desc(), assessments.c.id.desc())


class SqlAssessmentRepository:
    """Rows that change only from the version that was read."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def add(self, assessment: Assessment) -> None:
        """Store a new sheet; VersionConflict when its id is taken."""
        if not insert_new(self._db, assessments, _to_row(assessment)):
            raise self._conflict(assessment)

    def save(self, assessment: Assessment) -> Assessment:
        """Store the next version (`assessment.version` is the one read) and return it;
        VersionConflict when somebody wrote in between.
        """
        c = assessments.c
        written = replace(assessment, version=assessment.version + 1)
        as_read = (c.id == assessment.id, c.version == assessment.version)
        done = self._db.execute(update(assessments).where(*as_read).values(_to_row(written)))
        if not done.rowcount:
            raise self._conflict(assessment)
        return written

    def get(self, assessment_id: str) -> Assessment | None:
        """Return a sheet by id."""
        wanted = select(assessments.c.document).where(assessments.c.id == assessment_id)
        document = self._db.scalar(wanted)
        return None if document is None else _from_document(document)

    def current(self, source_id: str) -> Assessment | None:
        """Return the newest sheet of a source, whatever became of it; None without one."""
        document = self._db.scalar(self._of(source_id).limit(1))
        return None if document is None else _from_document(document)

    def history(self, source_id: str) -> list[Assessment]:
        """Return every sheet of a source, newest first."""
        return [_from_document(document) for document in self._db.scalars(self._of(source_id))]

    def newest(self) -> list[Assessment]:
        """Return the newest sheet of each source."""
        c = assessments.c
        place = func.row_number().over(partition_by=c.source_id, order_by=_NEWEST_FIRST)
        ranked = select(c.document, c.source_id, place.label("place")).subquery()
        query = select(ranked.c.document).where(ranked.c.place == 1).order_by(ranked.c.source_id)
        return [_from_document(document) for document in self._db.scalars(query)]

    def next_id(self, business_date: str) -> str:
        """Return the next free id of a day, `P-20261121-01` for `20261121`."""
        return f"P-{business_date}-{take_number(self._db, f'assessments of {business_date}'):02d}"

    def prune(self, before: datetime) -> int:
        """Destroy the sheets that were over before a moment; return how many."""
        return self._db.execute(delete(assessments).where(assessments.c.ended_at < before)).rowcount

    def _of(self, source_id: str) -> Select[str]:
        c = assessments.c
        return select(c.document).where(c.source_id == source_id).order_by(*_NEWEST_FIRST)

    def _conflict(self, assessment: Assessment) -> VersionConflict:
        c = assessments.c
        found = self._db.scalar(select(c.version).where(c.id == assessment.id))
        return VersionConflict(
            f"assessment {assessment.id}",
            expected=assessment.version,
            found=_NO_VERSION if found is None else found,
        )


def _to_row(assessment: Assessment) -> Values:
    return {
        "id": assessment.id,
        "version": assessment.version,
        "source_id": assessment.source_id,
        "signed_at": assessment.signed_at,
        "ended_at": assessment.ended_at,
        "document": to_document(assessment, Assessment),
    }


def _from_document(document: str) -> Assessment:
    assessment: Assessment = from_document(document, Assessment)
    return assessment
