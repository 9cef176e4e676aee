"""The three writes that every repository is made of; one SQL for SQLite and PostgreSQL."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

from storage.sql.tables import counters

Values = Mapping[str, Any]
"""A row by column name."""


def insert_new(db: Connection, table: Table, values: Values) -> bool:
    """Insert a row unless one of its unique keys is taken; return whether it was inserted."""
    statement = _insert(db.dialect.name, table).values(**values).on_conflict_do_nothing()
    done = db.execute(statement.execution_options(preserve_rowcount=True))
    return done.rowcount == 1


def put(db: Connection, table: Table, rows: Iterable[Values], *key: Column[Any]) -> None:
    """Insert rows; one whose key (the primary one unless given) is there replaces that row."""
    batch = [dict(row) for row in rows]
    if batch:
        db.execute(_upsert(db.dialect.name, table, tuple(batch[0]), key), batch)


@lru_cache(maxsize=128)
def _upsert(
    dialect: str, table: Table, names: tuple[str, ...], key: tuple[Column[Any], ...]
) -> postgresql.Insert | sqlite.Insert:
    # made once: every page of a crawl writes with the same three
    statement = _insert(dialect, table)
    target = list(key) or list(table.primary_key.columns)
    kept = {column.name for column in target}
    changed = {name: statement.excluded[name] for name in names if name not in kept}
    return statement.on_conflict_do_update(index_elements=target, set_=changed)


def take_number(db: Connection, name: str) -> int:
    """Return the next number (1, 2, …) of a counter.

    The counter's row stays locked until the transaction ends, so that numbers have no gaps and
    whoever takes one of the same counter waits; a rollback gives the number back.
    """
    statement = _insert(db.dialect.name, counters).values(name=name, value=1)
    upsert = statement.on_conflict_do_update(
        index_elements=[counters.c.name], set_={"value": counters.c.value + 1}
    )
    return int(db.execute(upsert.returning(counters.c.value)).scalar_one())


def _insert(dialect: str, table: Table) -> postgresql.Insert | sqlite.Insert:
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
