"""Cases: the row that is searched, the whole as a document, and what points at a case."""

from sqlalchemy import Column, Index, Integer, PrimaryKeyConstraint, Table

from storage.sql.columns import metadata, moment, moment_or_null, words
from storage.sql.tables import audit

cases = Table(
    "cases",
    metadata,
    words("id", primary_key=True),
    Column("version", Integer(), nullable=False),
    words("kind"),
    words("state"),
    words("level"),
    words("brand_id"),
    words("owner_id"),
    moment("opened_at"),
    moment("updated_at"),
    moment_or_null("due_at"),
    words("search_text"),
    words("document"),
)
Index(None, cases.c.state, cases.c.due_at)
Index(None, cases.c.owner_id)
Index(None, cases.c.opened_at)

case_references = Table(
    "case_references",
    metadata,
    words("kind"),
    words("reference_id"),
    words("case_id"),
    PrimaryKeyConstraint("kind", "reference_id", "case_id"),
)
"""Which signals, mentions and leads a case has: to find it by them."""
Index(None, case_references.c.case_id)

case_keys = Table("case_keys", metadata, words("key", primary_key=True), words("case_id"))
"""What may be opened only once, and the case that was."""

case_actions = Table(
    "case_actions",
    metadata,
    words("action_id", primary_key=True),
    words("object_id"),
    words("command"),
    moment("at"),
)
"""Clicks that were done, so that the same one again does nothing."""

Index(None, audit.c.object_id)
