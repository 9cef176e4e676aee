"""Connections to one SQLite file: settings, a pool, transactions, and the driver's errors as ours.

A connection belongs to one thread while it is borrowed. They are pooled rather than kept one a
thread because a dashboard makes a new thread for every rerun.
"""

import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from domain.errors import StoreError, StoreUnavailable, Text
from storage.sqlite.proximity import is_near

BUSY_SECONDS = 10
"""How long a writer waits for another process's transaction before StoreUnavailable."""

MOST_VARIABLES = 500
"""Values in one statement; SQLite allowed 999 before 3.32 and its error would be ours to explain.
"""

HALVES = re.compile("[\ud800-\udfff]")
"""Half characters, which no stored text holds."""

_SETTINGS = (
    "PRAGMA journal_mode = WAL",
    # A killed process loses nothing; a power cut may take the last commits but never tears one.
    "PRAGMA synchronous = NORMAL",
    "PRAGMA journal_size_limit = 67108864",
    "PRAGMA mmap_size = 1073741824",
    "PRAGMA cache_size = -32768",
    "PRAGMA temp_store = MEMORY",
)

_TRY_AGAIN = Text("稍后重试", "try again later")
_UNAVAILABLE = {
    sqlite3.SQLITE_BUSY: (Text("数据库正忙", "the database is locked"), _TRY_AGAIN),
    sqlite3.SQLITE_LOCKED: (Text("数据库正忙", "the database is locked"), _TRY_AGAIN),
    sqlite3.SQLITE_CANTOPEN: (
        Text("无法打开数据库文件", "the database file cannot be opened"),
        Text("检查目录是否存在、是否有权限", "check that the folder exists and may be written"),
    ),
    sqlite3.SQLITE_READONLY: (
        Text("数据库文件只读", "the database file is read-only"),
        Text("检查文件与目录的写权限", "check that file and folder may be written"),
    ),
    sqlite3.SQLITE_FULL: (
        Text("磁盘已满", "the disk is full"),
        Text("清出磁盘空间，服务会自动恢复", "free some space; the service resumes by itself"),
    ),
    sqlite3.SQLITE_IOERR: (
        Text("读写磁盘出错", "disk input/output error"),
        Text("检查磁盘与文件系统", "check the disk and its file system"),
    ),
}
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class Connections:
    """A pool of connections to the file at `path`, which is made (0600) if it is not there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._idle: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._closed = False
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600, exist_ok=True)
        except OSError as error:
            text, mend = _UNAVAILABLE[sqlite3.SQLITE_CANTOPEN]
            raise StoreUnavailable(text, place=str(path), mend=mend) from error

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection inside a read transaction: every query of the block sees one state."""
        with self._borrowed() as connection, _transaction(connection, "BEGIN"):
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection inside a write transaction, committed when the block ends well.

        The lock is taken at once (IMMEDIATE): a transaction that reads first and asks for the lock
        later is refused in WAL mode without waiting when another one wrote in between.
        """
        with self._borrowed() as connection, _transaction(connection, "BEGIN IMMEDIATE"):
            yield connection

    @contextmanager
    def erasing(self) -> Iterator[sqlite3.Connection]:
        """Like `writing`, but what is deleted is overwritten in the file; `empty_log` comes
        after.
        """
        with self._borrowed() as connection:
            connection.execute("PRAGMA secure_delete = ON")
            try:
                with _transaction(connection, "BEGIN IMMEDIATE"):
                    yield connection
            finally:
                connection.execute("PRAGMA secure_delete = OFF")

    def empty_log(self) -> None:
        """Move the write-ahead log into the file and cut it to nothing, unless readers hold it."""
        with self._borrowed() as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close what is idle now, and what is lent when it comes back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    @contextmanager
    def _borrowed(self) -> Iterator[sqlite3.Connection]:
        with self._translated():
            connection = self._take()
            try:
                yield connection
            finally:
                self._give_back(connection)

    def _take(self) -> sqlite3.Connection:
        with self._lock:
            if self._closed:
                raise StoreError(Text("存储已关闭", "the store is closed"), place=str(self.path))
            if self._idle:
                return self._idle.pop()
        return self._open()

    def _give_back(self, connection: sqlite3.Connection) -> None:
        with self._lock:
            if not self._closed:
                self._idle.append(connection)
                return
        connection.close()

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        try:
            for setting in _SETTINGS:
                connection.execute(setting)
            connection.create_function("is_near", 4, is_near, deterministic=True)
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            # extended codes carry the primary one in their low byte (sqlite.org/rescode.html)
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code in _UNAVAILABLE:
                text, mend = _UNAVAILABLE[code]
                raise StoreUnavailable(text, place=str(self.path), mend=mend) from error
            if code in _DAMAGED:
                raise StoreError(
                    Text("文件已损坏或不是数据库", "the file is damaged or no database"),
                    place=str(self.path),
                    mend=Text("从备份恢复", "restore it from a backup"),
                ) from error
            raise


def bindable(value: object) -> object:
    """Return a parameter that the driver takes: it refuses text with half characters (lone
    surrogates). No row has such text, and none equals the bytes that stand for it here.
    """
    if isinstance(value, str) and HALVES.search(value):
        return value.encode(errors="surrogatepass")
    return value


@contextmanager
def _transaction(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
