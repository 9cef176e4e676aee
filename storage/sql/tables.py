"""The tables of the workflow database, the same on SQLite and PostgreSQL.

Changing a table means a new file in migrations/versions; a test compares both.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)


class Words(TypeDecorator[str]):
    """Text. What no UTF-8 database can hold (NUL on PostgreSQL, halves of surrogate pairs) becomes
    U+FFFD, so that one dirty title cannot make its alert impossible to store.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Return the text as it is stored and compared."""
        return None if value is None else storable(str(value))


class UtcTime(TypeDecorator[datetime]):
    """A moment, stored in UTC to the microsecond; comes back aware. A naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the moment in UTC, without zone for SQLite, which has no type for it."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without zone cannot be stored")
        moment = value.astimezone(UTC)
        return moment if dialect.name == "postgresql" else moment.replace(tzinfo=None)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Return the moment as it is used everywhere: aware, in UTC."""
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def storable(text: str) -> str:
    """Return `text` with NUL and unpaired surrogates replaced by U+FFFD."""
    if text.isascii() and "\0" not in text:
        return text
    replaced = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return replaced.replace("\0", "\ufffd")


_SEQUENCE = BigInteger().with_variant(Integer(), "sqlite")
"""Only INTEGER counts up by itself in SQLite; there it is 64 bits wide anyway."""

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def _words(name: str, *, primary_key: bool = False) -> Column[str]:
    return Column(name, Words(), primary_key=primary_key, nullable=False)


def _time(name: str, *, primary_key: bool = False) -> Column[datetime]:
    return Column(name, UtcTime(), primary_key=primary_key, nullable=False)


def _time_or_null(name: str) -> Column[datetime]:
    return Column(name, UtcTime())


def _count(name: str) -> Column[int]:
    return Column(name, BigInteger(), nullable=False)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean(), nullable=False)


counters = Table(
    "counters",
    metadata,
    _words("name", primary_key=True),
    _count("value"),
)
"""Numbers that are given out in order; taking one locks its row until the transaction ends."""

configurations = Table(
    "configurations",
    metadata,
    Column("version", Integer(), primary_key=True, autoincrement=False),
    _time("at"),
    _words("actor"),
    _words("origin"),
    _words("document"),
)

coverage = Table(
    "coverage",
    metadata,
    _words("watch_id", primary_key=True),
    _words("source_id", primary_key=True),
    _time("window_start", primary_key=True),
    _time("window_end", primary_key=True),
    _words("run_id", primary_key=True),
    _words("platform"),
    _time("observed_at"),
    _words("state"),
    _count("pages"),
    _count("found"),
    _count("matched"),
    _count("new"),
    _words("reason"),
    _flag("backfill"),
)
Index(None, coverage.c.watch_id, coverage.c.source_id, coverage.c.observed_at)
Index(None, coverage.c.watch_id, coverage.c.window_end)

crawl_runs = Table(
    "crawl_runs",
    metadata,
    _words("id", primary_key=True),
    _words("lineage"),
    _words("spider"),
    _words("watch_id"),
    _words("source_id"),
    _words("platform"),
    _time("window_start"),
    _time("window_end"),
    _time("started_at"),
    _time("heartbeat_at"),
    _time_or_null("ended_at"),
    Column("state", Words()),
    _words("reason"),
    _count("pages"),
    _count("found"),
    _count("matched"),
    _count("new"),
    _flag("backfill"),
)
Index(None, crawl_runs.c.started_at)
Index(None, crawl_runs.c.watch_id, crawl_runs.c.source_id, crawl_runs.c.started_at)

frontier = Table(
    "frontier",
    metadata,
    Column("seq", _SEQUENCE, primary_key=True),
    _words("lineage"),
    _words("fingerprint"),
    _words("request"),
    _words("state"),
    _count("position"),
    _words("url"),
    Column("status", Integer(), nullable=False),
    _time_or_null("fetched_at"),
    _words("body_sha256"),
    _count("attempts"),
    UniqueConstraint("lineage", "fingerprint"),
)
Index(None, frontier.c.lineage, frontier.c.state, frontier.c.seq)

sightings = Table(
    "sightings",
    metadata,
    _words("mention_id", primary_key=True),
    _words("run_id", primary_key=True),
    _words("url"),
    _words("url_key"),
    _time("seen_at"),
    _words("outcome"),
    _words("detail"),
)
"""`url_key` is a hash of the url: a page may hold addresses too long for an index entry."""
Index(None, sightings.c.url_key)
Index(None, sightings.c.seen_at)

slots = Table(
    "slots",
    metadata,
    _words("job", primary_key=True),
    _time("slot_at", primary_key=True),
    _words("state"),
    _words("owner"),
    _time_or_null("lease_until"),
    _count("attempts"),
    _time_or_null("started_at"),
    _time_or_null("finished_at"),
    _count("coalesced"),
    _words("detail"),
)
Index(None, slots.c.state, slots.c.slot_at)

signals = Table(
    "signals",
    metadata,
    _words("id", primary_key=True),
    _words("key"),
    _count("version"),
    _words("brand_id"),
    _words("rule"),
    _words("level"),
    _words("state"),
    _time("onset_at"),
    _time("opened_at"),
    _time("updated_at"),
    _time_or_null("quiet_since"),
    _time_or_null("closed_at"),
    _count("epoch"),
    _count("peak_observed"),
    _count("alerted_observed"),
    _flag("one_text_wave"),
    _words("figures"),
    _words("platforms"),
    _words("alerted_platforms"),
    _words("platform_counts"),
    _words("watch_ids"),
    _words("first_post"),
    _words("top_posts"),
    _words("terms"),
    UniqueConstraint("key"),
)
Index(None, signals.c.brand_id, signals.c.state, signals.c.opened_at)
Index(None, signals.c.opened_at)

evaluations = Table(
    "evaluations",
    metadata,
    _words("brand_id", primary_key=True),
    _words("series", primary_key=True),
    _words("rule", primary_key=True),
    _time("bin_start", primary_key=True),
    _time("bin_end", primary_key=True),
    _time("evaluated_at"),
    _words("outcome"),
    Column("signal_id", Words()),
    Column("configuration_version", Integer(), nullable=False),
    _words("figures"),
    _words("inputs"),
)
"""`series` is the platform, "" for all of them together: NULL would never equal itself in a key."""
Index(None, evaluations.c.bin_end, evaluations.c.brand_id)

outbox = Table(
    "outbox",
    metadata,
    Column("seq", _SEQUENCE, primary_key=True),
    _words("key"),
    _words("conversation"),
    _words("recipient"),
    _words("kind"),
    _words("thread"),
    Column("signal_id", Words()),
    _count("epoch"),
    _words("subject"),
    _words("text"),
    _words("html"),
    _words("images"),
    _time("created_at"),
    _words("state"),
    _time("next_attempt_at"),
    _count("attempts"),
    _words("owner"),
    _time_or_null("lease_until"),
    _time_or_null("sent_at"),
    _words("last_error"),
    _flag("may_repeat"),
    UniqueConstraint("key"),
)
"""`conversation` is the thread, or a first mail's own key: what is sent in order to a recipient."""
Index(None, outbox.c.state, outbox.c.next_attempt_at)
Index(None, outbox.c.conversation, outbox.c.recipient, outbox.c.seq)
Index(None, outbox.c.signal_id, outbox.c.epoch)
Index(None, outbox.c.created_at)

audit = Table(
    "audit",
    metadata,
    Column("seq", BigInteger(), primary_key=True, autoincrement=False),
    _time("at"),
    _words("actor"),
    _words("action"),
    _words("object_id"),
    _words("reason"),
    _words("payload"),
    _words("salt"),
    _words("payload_hash"),
    _words("previous_hash"),
    _words("row_hash"),
)
"""Append-only: triggers (see the migrations) refuse to change or delete a row."""

sealed_names = Table(
    "sealed_names",
    metadata,
    _words("mention_id", primary_key=True),
    Column("sealed", LargeBinary(), nullable=False),
    _time("expires_at"),
)
Index(None, sealed_names.c.expires_at)
