"""How much of each surface was read, run by run, and the times in which it was less than before."""

from sqlalchemy import Index, Table

from storage.sql.columns import count, metadata, moment, moment_or_null, words

surface_counts = Table(
    "surface_counts",
    metadata,
    words("run_id", primary_key=True),
    words("source_id", primary_key=True),
    words("surface", primary_key=True),
    words("platform"),
    moment("at"),
    count("pages"),
    count("content_pages"),
    count("bare_pages"),
    count("mentions"),
    count("fresh"),
    words("filled"),
    words("fresh_filled"),
    words("missing"),
)
"""`filled` and `fresh_filled` are JSON objects, a number a field."""
Index("ix_surface_counts_source", surface_counts.c.source_id, surface_counts.c.at)
Index(None, surface_counts.c.at)

drift_episodes = Table(
    "drift_episodes",
    metadata,
    words("source_id", primary_key=True),
    words("surface", primary_key=True),
    words("field", primary_key=True),
    moment("since", primary_key=True),
    words("platform"),
    words("kind"),
    moment("noticed_at"),
    count("before_filled"),
    count("before_of"),
    count("after_filled"),
    count("after_of"),
    moment_or_null("told_at"),
    moment_or_null("ended_at"),
)
Index(None, drift_episodes.c.ended_at)

read_pages = Table(
    "read_pages",
    metadata,
    words("run_id", primary_key=True),
    words("sha256", primary_key=True),
    words("watch_id"),
    words("source_id"),
    words("platform"),
    words("url"),
    count("status"),
    moment("fetched_at"),
    words("surface"),
    count("mentions"),
    words("missing"),
)
"""Which pages of the archive a run read, also those that it could not read."""
Index(None, read_pages.c.fetched_at)
