"""What waits in the spools of the machines, what is owed for it, and what no store would take."""

from sqlalchemy import Index, Table

from storage.sql.columns import count, flag, metadata, moment, words

spooled_looks = Table(
    "spooled_looks",
    metadata,
    words("look_id", primary_key=True),
    words("spool"),
    words("run_id"),
    words("lineage"),
    words("watch_id"),
    moment("collected_at"),
    moment("spooled_at"),
    count("mentions"),
)
"""One look that lies in a spool and is not stored yet; its content is on that machine only."""
Index(None, spooled_looks.c.spool)
Index(None, spooled_looks.c.lineage)

spooled_runs = Table(
    "spooled_runs",
    metadata,
    words("lineage", primary_key=True),
    words("run_id"),
    moment("noted_at"),
    count("new"),
    count("dead_lettered"),
    flag("lost"),
    words("ledger"),
)
"""What is owed to the ledger for a crawl; `run_id` and `ledger` are "" while it is under way."""

dead_letters = Table(
    "dead_letters",
    metadata,
    words("mention_id", primary_key=True),
    words("run_id"),
    words("reason_zh"),
    words("reason_en"),
    words("document"),
    moment("collected_at"),
    moment("first_refused_at"),
    moment("refused_at"),
    count("attempts"),
)
"""`document` is the whole mention, as `domain.documents` writes it."""
Index(None, dead_letters.c.refused_at)
