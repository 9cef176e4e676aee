"""A file that a person brings in on a page: who did it is permitted, audited and told."""

from datetime import datetime
from pathlib import Path

from domain.mention import Platform
from domain.ports import BeginWork
from monitoring.importing import ImportReport, import_file
from monitoring.ingest_result import IngestStep
from workflow.permissions import Permission, require

ACTION = "mentions.imported"


def import_upload(
    path: Path,
    name: str,
    *,
    begin_work: BeginWork,
    ingest: IngestStep,
    account_id: str,
    at: datetime,
    platform: Platform | None = None,
) -> ImportReport:
    """Import a file and return what became of its rows; `name` is what its owner calls it.

    Raises NotPermitted, or ImportRefused when it is no file that can be read. The trail holds
    figures, not the file's name or texts: those are of others.
    """
    with begin_work() as work:
        account = require(work, account_id, Permission.EDIT_WATCHES)
    report = import_file(path, ingest=ingest, platform=platform)
    with begin_work() as work:
        work.audit.append(
            at=at,
            actor=account.actor,
            action=ACTION,
            object_id=f"import:{Path(name).suffix.lower() or 'file'}",
            reason="",
            payload={
                "rows": report.rows,
                "new": report.result.new,
                "refused": len(report.problems),
            },
        )
        work.commit()
    return report
