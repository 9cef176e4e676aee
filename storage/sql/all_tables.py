"""Every table of the workflow database, gathered: importing this module makes `metadata` whole."""

from storage.sql import (
    account_tables,
    assessment_tables,
    case_tables,
    correction_tables,
    drift_tables,
    handling_tables,
    lead_tables,
    model_run_tables,
    report_tables,
    session_tables,
    spool_tables,
    tables,
)
from storage.sql.columns import metadata

__all__ = [
    "account_tables",
    "assessment_tables",
    "case_tables",
    "correction_tables",
    "drift_tables",
    "handling_tables",
    "lead_tables",
    "metadata",
    "model_run_tables",
    "report_tables",
    "session_tables",
    "spool_tables",
    "tables",
]
