"""Silences: decisions not to be told for a while."""

from sqlalchemy import Column, Index, Table

from storage.sql.columns import Words, count, flag, metadata, moment, moment_or_null, words

silences = Table(
    "silences",
    metadata,
    words("id", primary_key=True),
    count("version"),
    words("brand_id"),
    Column("rule", Words()),
    Column("platform", Words()),
    words("signal_key"),
    words("author_id"),
    words("reason"),
    moment("starts_at"),
    moment("ends_at"),
    moment_or_null("ended_at"),
    words("ended_by"),
    flag("expiry_told"),
)
"""What a scope leaves open is "" (brand, signal) or NULL (rule, platform)."""
Index(None, silences.c.ends_at)
