"""The trail of one case as a file that whoever gets it can check against the chain."""

from datetime import datetime

from domain.ports import BeginWork
from monitoring.audit_trail import export
from workflow.permissions import Permission, require


def export_trail(
    begin_work: BeginWork,
    begin_reading: BeginWork,
    account_id: str,
    case_id: str,
    *,
    at: datetime,
) -> bytes:
    """Return the trail of a case as JSON lines, and note in the trail who took it out.

    NotPermitted for whom may not read the audit trail.
    """
    with begin_reading() as work:
        account = require(work, account_id, Permission.READ_AUDIT)
    written: list[str] = []
    rows = export(begin_reading, written.append, at=at, about=case_id)
    with begin_work() as work:
        seq, head = work.audit.head()
        work.audit.append(
            at=at,
            actor=account.actor,
            action="audit.exported",
            object_id=case_id,
            reason="",
            payload={"rows": rows, "up_to": seq, "head": head},
        )
        work.commit()
    return "".join(written).encode()
