"""Reports, each a row with a version."""

from dataclasses import replace

from sqlalchemy import Connection, select, update

from domain.errors import VersionConflict
from domain.report import Report, ReportKind
from storage.sql.documents import from_document, to_document
from storage.sql.report_tables import reports
from storage.sql.writes import Values, insert_new

_NO_VERSION = -1


class SqlReportRepository:
    """Rows that change only from the version that was read."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def add(self, report: Report) -> bool:
        """Store a new report; False when there is one of that period and brand, which stays."""
        return insert_new(self._db, reports, _to_row(report))

    def save(self, report: Report) -> Report:
        """Store the next version (`report.version` is the one read) and return it;
        VersionConflict when somebody wrote in between (`found` −1: there is no such report)."""
        c = reports.c
        written = replace(report, version=report.version + 1)
        as_read = (c.id == report.id, c.version == report.version)
        if not self._db.execute(update(reports).where(*as_read).values(_to_row(written))).rowcount:
            found = self._db.scalar(select(c.version).where(c.id == report.id))
            raise VersionConflict(
                f"report {report.id}",
                expected=report.version,
                found=_NO_VERSION if found is None else found,
            )
        return written

    def get(self, report_id: str) -> Report | None:
        """Return a report by id."""
        query = select(reports.c.document).where(reports.c.id == report_id)
        document = self._db.scalar(query)
        return None if document is None else _read(document)

    def exists(self, report_id: str) -> bool:
        """Whether there is such a report, without reading it."""
        return self._db.scalar(select(reports.c.id).where(reports.c.id == report_id)) is not None

    def recent(self, limit: int = 50, kind: ReportKind | None = None) -> list[Report]:
        """Return reports, the newest period first."""
        c = reports.c
        query = select(c.document).order_by(c.period_start.desc(), c.kind.desc(), c.id).limit(limit)
        if kind is not None:
            query = query.where(c.kind == kind)
        return [_read(document) for document in self._db.scalars(query)]


def _to_row(report: Report) -> Values:
    return {
        "id": report.id,
        "kind": report.kind,
        "brand_id": report.snapshot.brand_id,
        "period_start": report.snapshot.period.start,
        "state": report.state,
        "version": report.version,
        "document": to_document(report, Report),
    }


def _read(document: str) -> Report:
    report: Report = from_document(document, Report)
    return report
