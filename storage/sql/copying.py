"""The workflow database as lines of JSON, and back: the same on SQLite and PostgreSQL.

    {"koubei": "workflow", "format": 1, "revision": "0006"}
    {"table": "audit", "columns": [["seq", "plain"], ["at", "time"], …]}
    [1, "2026-11-21T00:00:00+00:00", …]
    …
    {"end": {"audit": 1, …}}

Tables are read as the database has them, not as this program knows them: so a database of an older
version can be copied before it is migrated, and is restored at its own revision first. Times are
ISO 8601 in UTC, bytes base64.
"""

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Connection,
    Date,
    DateTime,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    delete,
    func,
    insert,
    select,
    text,
)

from domain.audit import FIRST_HASH
from domain.errors import StoreError, Text
from storage.sql.database import snapshots
from storage.sql.schema import make_tables, schema_version

FORMAT: Final = 1
_OURS: Final = "alembic_version"
_BATCH: Final = 1000


@dataclass(frozen=True, slots=True)
class Dumped:
    """What a copy holds: revision, rows by table, and the last row of the audit trail (0 and 64
    zeros when there is none).
    """

    revision: str
    rows: Mapping[str, int]
    audit_seq: int
    audit_head: str


def dump(engine: Engine, write: Callable[[str], object], moved: Callable[[int], None]) -> Dumped:
    """Write every table as it is at one moment, a line at a time; nobody waits for it.

    `moved` is told of rows. StoreError when the database has no tables of ours.
    """
    revision = schema_version(engine)
    if revision is None:
        raise StoreError(Text("流程库里没有表", "the workflow database has no tables"))
    with snapshots(engine).connect() as db, db.begin():
        write(_line({"koubei": "workflow", "format": FORMAT, "revision": revision}))
        counts: dict[str, int] = {}
        for table in _tables(db):
            counts[table.name] = _dump_table(db, table, write, moved)
        seq, head = _audit_head(db, counts)
        write(_line({"end": counts}))
    return Dumped(revision, counts, seq, head)


def load(db: Connection, lines: Iterable[str], moved: Callable[[int], None]) -> Dumped:
    """Make the tables of a copy in an empty database, at the copy's own revision, and fill them,
    inside the caller's transaction.

    SchemaMismatch when a newer program wrote it, StoreError when it is damaged or its end is
    missing.
    """
    rest = iter(lines)
    head = _object(next(rest, ""))
    if head.get("koubei") != "workflow" or head.get("format") != FORMAT:
        raise _damaged()
    revision = str(head.get("revision"))
    make_tables(db, revision)
    tables = {table.name: table for table in _tables(db)}
    counts: dict[str, int] = {}
    part = _object(next(rest, ""))
    while "table" in part:
        table = tables.get(str(part["table"]))
        if table is None or table.name in counts:
            raise _damaged()
        part, counts[table.name] = _load_table(db, table, part["columns"], rest, moved)
    if part.get("end") != counts or counts.keys() != tables.keys():
        raise _damaged()
    _count_on(db, tables.values())
    return Dumped(revision, counts, *_audit_head(db, counts))


def _tables(db: Connection) -> list[Table]:
    found = MetaData()
    found.reflect(bind=db)
    return [table for table in found.sorted_tables if table.name != _OURS]


def _dump_table(
    db: Connection, table: Table, write: Callable[[str], object], moved: Callable[[int], None]
) -> int:
    kinds = [_kind(column.type) for column in table.columns]
    write(
        _line(
            {
                "table": table.name,
                "columns": [[c.name, k] for c, k in zip(table.columns, kinds, strict=True)],
            }
        )
    )
    encode = [_ENCODE[kind] for kind in kinds]
    query = select(table).order_by(*table.primary_key.columns)
    count = 0
    reading = db.execution_options(yield_per=_BATCH).execute(query)
    for batch in reading.partitions():
        for row in batch:
            cells = [None if v is None else turn(v) for turn, v in zip(encode, row, strict=True)]
            write(json.dumps(cells, ensure_ascii=False, separators=(",", ":")) + "\n")
        count += len(batch)
        moved(len(batch))
    return count


def _load_table(
    db: Connection,
    table: Table,
    columns: list[list[str]],
    lines: Iterator[str],
    moved: Callable[[int], None],
) -> tuple[dict[str, Any], int]:
    """Fill a table from the lines; return the first line that is none of its rows, and how many
    rows there were.
    """
    names = [name for name, _ in columns]
    if not set(names) <= set(table.columns.keys()):
        raise _damaged()
    decode = [_DECODE[kind] for _, kind in columns]
    if db.scalar(select(func.count()).select_from(table)):
        db.execute(delete(table))  # what a migration put there by itself
    count = 0
    end: dict[str, Any] | None = None
    while end is None:
        batch = []
        for line in islice(lines, _BATCH):
            if line.startswith("{"):
                end = _object(line)
                break
            try:
                cells = json.loads(line)
                values = [
                    None if v is None else turn(v) for turn, v in zip(decode, cells, strict=True)
                ]
            except (ValueError, TypeError) as error:
                raise _damaged() from error
            batch.append(dict(zip(names, values, strict=True)))
        if not batch and end is None:
            raise _damaged()
        if batch:
            db.execute(insert(table), batch)
            count += len(batch)
            moved(len(batch))
    return end, count


def _count_on(db: Connection, tables: Iterable[Table]) -> None:
    """Let PostgreSQL's counters of numbered rows go on after the highest number there is."""
    if db.dialect.name != "postgresql":
        return
    quote = db.dialect.identifier_preparer.quote
    for table in tables:
        for column in table.primary_key.columns:
            if not isinstance(column.type, BigInteger | Integer):
                continue
            owner = {"name": quote(table.name), "column": column.name}
            counter = db.scalar(text("SELECT pg_get_serial_sequence(:name, :column)"), owner)
            highest = db.scalar(select(func.max(column)))
            if counter and highest:
                db.execute(
                    text("SELECT setval(CAST(:counter AS regclass), :highest)"),
                    {"counter": counter, "highest": highest},
                )


def _audit_head(db: Connection, counts: Mapping[str, int]) -> tuple[int, str]:
    if not counts.get("audit"):
        return 0, FIRST_HASH
    row = db.execute(text("SELECT seq, row_hash FROM audit ORDER BY seq DESC LIMIT 1")).one()
    return int(row.seq), str(row.row_hash)


def _kind(kind: object) -> str:
    if isinstance(kind, DateTime):
        return "time"
    if isinstance(kind, Date):
        return "date"
    if isinstance(kind, LargeBinary):
        return "bytes"
    return "flag" if isinstance(kind, Boolean) else "plain"


def _write_time(value: datetime) -> str:
    if value.tzinfo is None:  # SQLite has no zones: what lies there is UTC
        return value.replace(tzinfo=UTC).isoformat()
    return value.astimezone(UTC).isoformat()


def _read_time(value: str) -> datetime:
    return datetime.fromisoformat(value).astimezone(UTC)


def _same(value: Any) -> Any:
    return value


_ENCODE: Final[Mapping[str, Callable[[Any], Any]]] = {
    "time": _write_time,
    "date": date.isoformat,
    "bytes": lambda value: base64.b64encode(value).decode("ascii"),
    "flag": bool,
    "plain": _same,
}
_DECODE: Final[Mapping[str, Callable[[Any], Any]]] = {
    "time": _read_time,
    "date": date.fromisoformat,
    "bytes": base64.b64decode,
    "flag": bool,
    "plain": _same,
}


def _line(value: Mapping[str, object]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"


def _object(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError as error:
        raise _damaged() from error
    if not isinstance(found, dict):
        raise _damaged()
    return found


def _damaged() -> StoreError:
    return StoreError(
        Text("流程库的副本已损坏或不完整", "the copy of the workflow database is damaged"),
        mend=Text("换一份备份", "take another backup"),
    )
