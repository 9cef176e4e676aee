"""Accounts, sessions and what login remembers."""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    Table,
    UniqueConstraint,
)

from storage.sql.columns import Words, flag, metadata, moment, moment_or_null, words

accounts = Table(
    "accounts",
    metadata,
    words("id", primary_key=True),
    words("login"),
    words("login_folded"),
    words("name"),
    words("roles"),
    moment("created_at"),
    words("address"),
    words("state"),
    words("password_hash"),
    Column("oidc_issuer", Words()),
    Column("oidc_subject", Words()),
    Column("version", Integer(), nullable=False),
    UniqueConstraint("login_folded"),
    UniqueConstraint("oidc_issuer", "oidc_subject"),
)
"""The identity of OIDC is NULL where there is none, because NULLs never equal each other."""

sessions = Table(
    "sessions",
    metadata,
    words("token_hash", primary_key=True),
    words("account_id"),
    moment("began_at"),
    moment("seen_at"),
    moment_or_null("ended_at"),
)
Index(None, sessions.c.account_id)
Index(None, sessions.c.began_at)

tickets = Table(
    "tickets",
    metadata,
    words("secret_hash", primary_key=True),
    words("kind"),
    moment("expires_at"),
    words("account_id"),
    words("payload"),
)
Index(None, tickets.c.expires_at)

login_attempts = Table(
    "login_attempts",
    metadata,
    words("subject", primary_key=True),
    Column("failures", Integer(), nullable=False),
    moment("last_at"),
)

second_factors = Table(
    "second_factors",
    metadata,
    words("account_id", primary_key=True),
    Column("sealed_secret", LargeBinary(), nullable=False),
    flag("confirmed"),
    Column("last_step", BigInteger(), nullable=False),
)
