"""Copying a mention store while it is in use, and looking at a copy."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from domain.errors import StoreError, Text
from storage.sqlite.connections import Connections
from storage.sqlite.schema import APPLICATION_ID

_STEP = 2048
"""Database pages at a time: 8 MiB."""


def copy_store(source: Path, target: Path, moved: Callable[[int, int], None]) -> None:
    """Copy the store at `source` to the new file `target`, as it is at one moment.

    Nobody waits for it: a read transaction keeps the moment, and without it each write of another
    process would begin the copy anew (sqlite.org/c3ref/backup_finish.html). `moved` is told of the
    bytes copied since the last call and of all there are. Nothing is migrated.
    """
    connections = Connections(source)
    try:
        with connections.reading() as reading, closing(sqlite3.connect(target)) as writing:
            (page,) = reading.execute("PRAGMA page_size").fetchone()
            reading.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # the moment is now
            target.chmod(0o600)
            before = 0

            def tell(_status: int, remaining: int, total: int) -> None:
                nonlocal before
                moved((total - remaining - before) * page, total * page)
                before = total - remaining

            reading.backup(writing, pages=_STEP, progress=tell)
            # a copy that lies still needs no log beside it
            writing.execute("PRAGMA journal_mode = DELETE")
    finally:
        connections.close()


def without_log(path: Path) -> None:
    """Make a store that nobody uses one file, without a log beside it."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = DELETE")


def inspect_copy(path: Path, *, thorough: bool) -> tuple[int, int]:
    """Return schema version and number of mentions of a copy; StoreError when it is no mention
    store, or (`thorough`) when any page of it is damaged.
    """
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
        try:
            check = "PRAGMA integrity_check(1)" if thorough else "SELECT 'ok'"
            problems = [row[0] for row in db.execute(check)]
            (application,) = db.execute("PRAGMA application_id").fetchone()
            (version,) = db.execute("PRAGMA user_version").fetchone()
            (mentions,) = db.execute("SELECT count(*) FROM mention").fetchone()
            (bodies,) = db.execute("SELECT count(*) FROM body").fetchone()
        except sqlite3.DatabaseError as error:
            raise _damaged(path) from error
    if problems != ["ok"] or application != APPLICATION_ID or bodies != mentions:
        raise _damaged(path)
    return int(version), int(mentions)


def _damaged(path: Path) -> StoreError:
    return StoreError(
        Text("内容库的副本没有通过完整性检查", "the copy of the mention store is not sound"),
        place=path.name,
        mend=Text("换一份备份", "take another backup"),
    )
