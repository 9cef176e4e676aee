"""Weekly and daily reports."""

from sqlalchemy import Index, Table, UniqueConstraint

from storage.sql.columns import count, metadata, moment, words

reports = Table(
    "reports",
    metadata,
    words("id", primary_key=True),
    words("kind"),
    words("brand_id"),
    moment("period_start"),
    words("state"),
    count("version"),
    words("document"),
    UniqueConstraint("kind", "brand_id", "period_start"),
)
"""The document is the whole report; the columns are those that are asked for."""

Index(None, reports.c.period_start)
