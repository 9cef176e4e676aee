"""Column kinds that mean the same on SQLite and PostgreSQL."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Integer,
    MetaData,
    Text,
    TypeDecorator,
    false,
    text,
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


SEQUENCE = BigInteger().with_variant(Integer(), "sqlite")
"""Only INTEGER counts up by itself in SQLite; there it is 64 bits wide anyway."""

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def words(name: str, *, primary_key: bool = False) -> Column[str]:
    """A text that is always there."""
    return Column(name, Words(), primary_key=primary_key, nullable=False)


def moment(name: str, *, primary_key: bool = False) -> Column[datetime]:
    """A point in time."""
    return Column(name, UtcTime(), primary_key=primary_key, nullable=False)


def moment_or_null(name: str) -> Column[datetime]:
    """A point in time that may not have come."""
    return Column(name, UtcTime())


def count(name: str) -> Column[int]:
    """A whole number."""
    return Column(name, BigInteger(), nullable=False)


def added_words(name: str) -> Column[str]:
    """A text that is always there, in a column that came later: "" in the rows before it."""
    return Column(name, Words(), nullable=False, server_default=text("''"))


def added_count(name: str) -> Column[int]:
    """A whole number in a column that came later: 0 in the rows before it."""
    return Column(name, BigInteger(), nullable=False, server_default=text("0"))


def added_flag(name: str) -> Column[bool]:
    """Yes or no in a column that came later: no in the rows before it."""
    return Column(name, Boolean(), nullable=False, server_default=false())


def flag(name: str) -> Column[bool]:
    """Yes or no."""
    return Column(name, Boolean(), nullable=False)
