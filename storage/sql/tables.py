"""The tables of the workflow database, the same on SQLite and PostgreSQL.

Changing a table means a new file in migrations/versions; a test compares both.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, UniqueConstraint

from storage.sql.columns import (
    SEQUENCE,
    Words,
    added_count,
    added_flag,
    added_words,
    count,
    flag,
    metadata,
    moment,
    moment_or_null,
    words,
)

counters = Table(
    "counters",
    metadata,
    words("name", primary_key=True),
    count("value"),
)
"""Numbers that are given out in order; taking one locks its row until the transaction ends."""

configurations = Table(
    "configurations",
    metadata,
    Column("version", Integer(), primary_key=True, autoincrement=False),
    moment("at"),
    words("actor"),
    words("origin"),
    words("document"),
)

coverage = Table(
    "coverage",
    metadata,
    words("watch_id", primary_key=True),
    words("source_id", primary_key=True),
    moment("window_start", primary_key=True),
    moment("window_end", primary_key=True),
    words("run_id", primary_key=True),
    words("platform"),
    moment("observed_at"),
    words("state"),
    count("pages"),
    count("found"),
    count("matched"),
    count("new"),
    words("reason"),
    flag("backfill"),
    added_flag("supplement"),
)
Index(None, coverage.c.watch_id, coverage.c.source_id, coverage.c.observed_at)
Index(None, coverage.c.watch_id, coverage.c.window_end)

crawl_runs = Table(
    "crawl_runs",
    metadata,
    words("id", primary_key=True),
    words("lineage"),
    words("spider"),
    words("watch_id"),
    words("source_id"),
    words("platform"),
    moment("window_start"),
    moment("window_end"),
    moment("started_at"),
    moment("heartbeat_at"),
    moment_or_null("ended_at"),
    Column("state", Words()),
    words("reason"),
    count("pages"),
    count("found"),
    count("matched"),
    count("new"),
    flag("backfill"),
)
Index(None, crawl_runs.c.started_at)
Index(None, crawl_runs.c.watch_id, crawl_runs.c.source_id, crawl_runs.c.started_at)

frontier = Table(
    "frontier",
    metadata,
    Column("seq", SEQUENCE, primary_key=True),
    words("lineage"),
    words("fingerprint"),
    words("request"),
    words("state"),
    count("position"),
    words("url"),
    Column("status", Integer(), nullable=False),
    moment_or_null("fetched_at"),
    words("body_sha256"),
    count("attempts"),
    UniqueConstraint("lineage", "fingerprint"),
)
Index(None, frontier.c.lineage, frontier.c.state, frontier.c.seq)

sightings = Table(
    "sightings",
    metadata,
    words("mention_id", primary_key=True),
    words("run_id", primary_key=True),
    words("url"),
    words("url_key"),
    moment("seen_at"),
    words("outcome"),
    words("detail"),
)
"""`url_key` is a hash of the url: a page may hold addresses too long for an index entry."""
Index(None, sightings.c.url_key)
Index(None, sightings.c.seen_at)

slots = Table(
    "slots",
    metadata,
    words("job", primary_key=True),
    moment("slot_at", primary_key=True),
    words("state"),
    words("owner"),
    moment_or_null("lease_until"),
    count("attempts"),
    moment_or_null("started_at"),
    moment_or_null("finished_at"),
    count("coalesced"),
    words("detail"),
)
Index(None, slots.c.state, slots.c.slot_at)

signals = Table(
    "signals",
    metadata,
    words("id", primary_key=True),
    words("key"),
    count("version"),
    words("brand_id"),
    words("rule"),
    words("level"),
    words("state"),
    moment("onset_at"),
    moment("opened_at"),
    moment("updated_at"),
    moment_or_null("quiet_since"),
    moment_or_null("closed_at"),
    count("epoch"),
    count("peak_observed"),
    count("alerted_observed"),
    flag("one_text_wave"),
    words("figures"),
    words("platforms"),
    words("alerted_platforms"),
    words("platform_counts"),
    words("watch_ids"),
    words("first_post"),
    words("top_posts"),
    words("terms"),
    added_words("acknowledged_by"),
    moment_or_null("acknowledged_at"),
    moment_or_null("waiting_since"),
    moment_or_null("level_since"),
    added_words("case_id"),
    Column("false_alarm", Words()),
    added_words("closed_by"),
    moment_or_null("silenced_until"),
    added_words("raised_by"),
    added_count("decided_version"),
    UniqueConstraint("key"),
)
Index(None, signals.c.state, signals.c.opened_at)
Index(None, signals.c.brand_id, signals.c.state, signals.c.opened_at)
Index(None, signals.c.opened_at)

evaluations = Table(
    "evaluations",
    metadata,
    words("brand_id", primary_key=True),
    words("series", primary_key=True),
    words("rule", primary_key=True),
    moment("bin_start", primary_key=True),
    moment("bin_end", primary_key=True),
    moment("evaluated_at"),
    words("outcome"),
    Column("signal_id", Words()),
    Column("configuration_version", Integer(), nullable=False),
    words("figures"),
    words("inputs"),
)
"""`series` is the platform, "" for all of them together: NULL would never equal itself in a key."""
Index(None, evaluations.c.bin_end, evaluations.c.brand_id)

outbox = Table(
    "outbox",
    metadata,
    Column("seq", SEQUENCE, primary_key=True),
    words("key"),
    words("conversation"),
    words("recipient"),
    words("kind"),
    words("thread"),
    Column("signal_id", Words()),
    count("epoch"),
    words("subject"),
    words("text"),
    words("html"),
    words("images"),
    moment("created_at"),
    words("state"),
    moment("next_attempt_at"),
    count("attempts"),
    words("owner"),
    moment_or_null("lease_until"),
    moment_or_null("sent_at"),
    words("last_error"),
    flag("may_repeat"),
    Column("route", Words(), nullable=False, server_default="mail"),
    UniqueConstraint("key"),
)
"""`conversation` is the thread, or a first mail's own key: what is sent in order to a recipient.
`route` is by which way it leaves (see `domain.outbox.route_of`)."""
Index(None, outbox.c.state, outbox.c.next_attempt_at)
Index(None, outbox.c.conversation, outbox.c.recipient, outbox.c.seq)
Index(None, outbox.c.signal_id, outbox.c.epoch)
Index(None, outbox.c.created_at)
Index(None, outbox.c.route, outbox.c.state, outbox.c.next_attempt_at)

audit = Table(
    "audit",
    metadata,
    Column("seq", BigInteger(), primary_key=True, autoincrement=False),
    moment("at"),
    words("actor"),
    words("action"),
    words("object_id"),
    words("reason"),
    words("payload"),
    words("salt"),
    words("payload_hash"),
    words("previous_hash"),
    words("row_hash"),
)
"""Append-only: triggers (see the migrations) refuse to change or delete a row."""

sealed_names = Table(
    "sealed_names",
    metadata,
    words("mention_id", primary_key=True),
    Column("sealed", LargeBinary(), nullable=False),
    moment("expires_at"),
)
Index(None, sealed_names.c.expires_at)
