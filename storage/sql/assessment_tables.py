"""采集影响评估: the signed sheets of the sources."""

from sqlalchemy import Index, Table

from storage.sql.columns import count, metadata, moment, words

assessments = Table(
    "assessments",
    metadata,
    words("id", primary_key=True),
    count("version"),
    words("source_id"),
    moment("signed_at"),
    moment("ended_at"),
    words("document"),
)
"""`ended_at` is when the sheet is over at the latest; the document holds all of it."""
Index(None, assessments.c.source_id, assessments.c.signed_at)
Index(None, assessments.c.ended_at)
