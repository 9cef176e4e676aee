"""The operator's logins at the platforms."""

from sqlalchemy import Column, LargeBinary, Table

from storage.sql.columns import count, metadata, moment, moment_or_null, words

platform_sessions = Table(
    "platform_sessions",
    metadata,
    words("platform", primary_key=True),
    words("owner_id"),
    moment("stored_at"),
    moment_or_null("expires_at"),
    moment_or_null("ended_at"),
    words("ended_reason"),
    count("login"),
    Column("sealed", LargeBinary()),
)
"""`sealed` is the storage state, encrypted with a key that lies outside; NULL once it ended."""
