"""Leads, and the pages of the archive that mentions were read from."""

from sqlalchemy import Column, Index, Integer, PrimaryKeyConstraint, Table

from storage.sql.columns import metadata, moment, words

leads = Table(
    "leads",
    metadata,
    words("id", primary_key=True),
    Column("version", Integer(), nullable=False),
    words("state"),
    words("reporter_id"),
    moment("reported_at"),
    words("root_id"),
    words("case_id"),
    words("document"),
)
Index(None, leads.c.state, leads.c.reported_at)
Index(None, leads.c.reporter_id)
Index(None, leads.c.root_id)

lead_keys = Table("lead_keys", metadata, words("key", primary_key=True), words("lead_id"))
"""What makes two reports the same (a link, a picture), and the lead that was first."""

mention_pages = Table(
    "mention_pages",
    metadata,
    words("mention_id"),
    words("sha256"),
    words("url"),
    moment("fetched_at"),
    PrimaryKeyConstraint("mention_id", "sha256"),
)
"""Outlives the frontier, which is dropped when a crawl ends."""
Index(None, mention_pages.c.fetched_at)
