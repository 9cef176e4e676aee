"""The tables of the embedded mention store, in numbered steps, and how a file is brought up to
date.

`mention.at` is the published second shifted left by TIE_BITS with a small number below it, so that
every index that ends in it is in time order and "newest first" needs no sort. Every mention has a
`target` row for the whole text (brand '') and one for each of its brands: a query with and without
a brand is the same query. Its `voice` is 1 where it counts, else the code of why not. `rollup`
counts target rows that are public voice by hour. `gram` finds text: tokens of two characters and of
brands, see grams.py; it stores no text, so an entry is deleted by giving its old tokens. `print`
has the fingerprints once more, by hour, see prints.py.

A change of `domain.han.fold` that alters the form of characters already stored needs a step that
folds `body.folded` and fills `gram` again.
"""

import sqlite3
import struct
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

import orjson

from domain.errors import SchemaMismatch, Text
from storage.sqlite.grams import TOKENIZER

TIE_BITS = 20
"""Room for this many bits of mentions within one published second."""

APPLICATION_ID = 0x4B424D53
"""Marks the file as a mention store of ours ("KBMS")."""

Step = Callable[[sqlite3.Connection], None]


def _quoted(text: str) -> str:
    return "'{}'".format(text.replace("'", "''"))


_FIRST = (
    """CREATE TABLE mention (
        at INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        fingerprint INTEGER,
        micros INTEGER NOT NULL,
        reach INTEGER NOT NULL,
        collected_at INTEGER NOT NULL,
        first_seen_at INTEGER NOT NULL,
        cluster_id TEXT,
        author_key TEXT,
        source TEXT NOT NULL,
        terms BLOB NOT NULL
    )""",
    "CREATE INDEX mention_cluster ON mention (cluster_id) WHERE cluster_id IS NOT NULL",
    """CREATE TABLE body (
        at INTEGER PRIMARY KEY,
        folded TEXT NOT NULL,
        document BLOB NOT NULL,
        revisions BLOB
    )""",
    """CREATE TABLE target (
        brand TEXT NOT NULL,
        at INTEGER NOT NULL,
        label INTEGER NOT NULL,
        platform INTEGER NOT NULL,
        kind INTEGER NOT NULL,
        voice INTEGER NOT NULL,
        polarity REAL,
        PRIMARY KEY (brand, at)
    ) WITHOUT ROWID""",
    "CREATE INDEX target_label ON target (brand, label, at)",
    """CREATE TABLE watched (
        watch TEXT NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (watch, at)
    ) WITHOUT ROWID""",
    """CREATE TABLE rollup (
        brand TEXT NOT NULL,
        platform INTEGER NOT NULL,
        label INTEGER NOT NULL,
        hour INTEGER NOT NULL,
        mentions INTEGER NOT NULL,
        PRIMARY KEY (brand, platform, label, hour)
    ) WITHOUT ROWID""",
    f"""CREATE VIRTUAL TABLE gram USING fts5 (
        tokens, content = '', columnsize = 0, detail = none, tokenize = {_quoted(TOKENIZER)}
    )""",
)


def _first(connection: sqlite3.Connection) -> None:
    for statement in _FIRST:
        connection.execute(statement)


def _sure(connection: sqlite3.Connection) -> None:
    """Add how sure the model was, and fill it in from what is stored."""
    connection.execute("ALTER TABLE target ADD COLUMN sure INTEGER")
    rows = connection.execute("SELECT at, document FROM body ORDER BY at")
    while page := rows.fetchmany(_MIGRATED_AT_ONCE):
        found = [(sure, brand, at) for at, held in page for brand, sure in _sureness(held)]
        connection.executemany("UPDATE target SET sure = ? WHERE brand = ? AND at = ?", found)


_MIGRATED_AT_ONCE = 1_000
_BRANDS, _SENTIMENT = 20, 21
"""Places in a document (rows.py), as they were when this step was written."""


def _sureness(held: bytes) -> Iterator[tuple[str, int]]:
    fields = orjson.loads(held)
    judged = fields[_SENTIMENT]
    for brand in ("", *fields[_BRANDS]):
        said = judged.get(brand) or judged.get("")
        if said and said["by"] == "model":
            yield brand, int(said["confidence"] * 100)


def _prints(connection: sqlite3.Connection) -> None:
    """Add the fingerprints packed by hour, and fill them in from what is stored."""
    connection.execute("CREATE TABLE print (hour INTEGER PRIMARY KEY, held BLOB NOT NULL)")
    rows = connection.execute(
        "SELECT at, fingerprint FROM mention WHERE fingerprint IS NOT NULL ORDER BY at"
    )
    for hour, some in groupby(rows, key=lambda row: (row[0] >> TIE_BITS) // 3600):
        held = b"".join(struct.pack("<qq", *row) for row in some)
        connection.execute("INSERT INTO print VALUES (?, ?)", (hour, held))


def _voices(connection: sqlite3.Connection) -> None:
    """Tell why what counts nowhere does not (it said 0 for whatever reason), and index it."""
    connection.execute(
        "CREATE INDEX target_uncounted ON target (brand, voice, at) WHERE voice <> 1"
    )
    rows = connection.execute(
        "SELECT at, document FROM body WHERE at IN (SELECT at FROM target"
        " WHERE brand = '' AND voice = 0) ORDER BY at"
    )
    while page := rows.fetchmany(_MIGRATED_AT_ONCE):
        found = [(voice, brand, at) for at, held in page for brand, voice in _voices_of(held)]
        connection.executemany("UPDATE target SET voice = ? WHERE brand = ? AND at = ?", found)


_FLAGS = 22
_VOICES = (("own_account", -1), ("spam", -2), ("in_depth", -3))
"""Reasons and their codes as they were when this step was written, the first that holds."""


def _voices_of(held: bytes) -> Iterator[tuple[str, int]]:
    fields = orjson.loads(held)
    voice = next((code for flag, code in _VOICES if flag in fields[_FLAGS]), 1)
    for brand in ("", *fields[_BRANDS]):
        yield brand, voice


STEPS: Sequence[Step] = (_first, _sure, _prints, _voices)
"""Step n makes a file of version n − 1 one of version n. Steps are only ever added."""

SCHEMA_VERSION = len(STEPS)


def is_current(connection: sqlite3.Connection) -> bool:
    """Whether a file is of this very version; a reader need not wait for a writer to find out."""
    marks = [
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("application_id", "user_version")
    ]
    return marks == [APPLICATION_ID, SCHEMA_VERSION]


def migrate(connection: sqlite3.Connection, place: str, steps: Sequence[Step] = STEPS) -> None:
    """Bring a file up to date inside the caller's write transaction.

    SchemaMismatch when the file is of a newer program or is some other database.
    """
    version = _version(connection, place)
    if version > len(steps):
        raise SchemaMismatch(
            Text(
                f"数据库版本 {version} 比本程序支持的 {len(steps)} 新",
                f"the file has schema {version}, this program knows up to {len(steps)}",
            ),
            place=place,
            mend=Text("升级 koubei 后再打开", "upgrade koubei, then open it again"),
        )
    for number, step in enumerate(steps[version:], start=version + 1):
        step(connection)
        connection.execute(f"PRAGMA user_version = {number}")


def _version(connection: sqlite3.Connection, place: str) -> int:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if application == APPLICATION_ID:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if application or tables:
        raise SchemaMismatch(
            Text("这是别的数据库，不是提及库", "this is another database, no mention store"),
            place=place,
            mend=Text(
                "在 koubei.toml 中为提及库另选一个文件", "choose another file in koubei.toml"
            ),
        )
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    return 0
