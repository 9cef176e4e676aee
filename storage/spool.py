"""The spool: looks that wait in an SQLite file of this machine while the mention store is away.

    spool.sqlite   the looks, sealed (full names are in them), first in, first out
    spool.lock     held (flock) by the process that empties the spool
    spool.step     held for a moment by who puts or removes a look and says so
    spool.name     what this spool is called in the workflow database, for good

A look is durable once `put` returned: one transaction, synced (WAL, synchronous=FULL). Who empties
the spool is decided by a lock of the kernel, not by a lease: the spool is a local file, so whoever
may touch it is on this machine, and a process that was killed holds nothing a moment later.

A file that is no database any more is set aside under another name and said in the log; what was
in it is missing from the workflow database's list of waiting looks, so that the ledger turns it
into a gap that is asked for again. A look that cannot be opened, or that ended the program
time and again, is set aside in the file itself.
"""

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

import structlog

from domain.errors import SchemaMismatch, StoreError, StoreUnavailable, Text
from domain.ports import Clock, Masker
from domain.spool import Look, SpoolState
from storage.sql.documents import from_document, to_document

MOST_ATTEMPTS: Final = 5
"""A look at which the program died so often, and not for want of a store, is set aside."""
BUSY_SECONDS: Final = 10.0
SPOOL_FILE: Final = "spool.sqlite"
_NAME: Final = "spool.name"
_LOCK, _STEP, _REPAIR = "spool.lock", "spool.step", "spool.repair"
_PROBE: Final = "koubei spool"
_APPLICATION_ID: Final = 0x4B425350
"""Marks the file as a spool of ours ("KBSP")."""
_VERSION: Final = 1
_SETTINGS: Final = (
    # only before the first table; gives the space of a long outage back to the disk
    "PRAGMA auto_vacuum = FULL",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # acknowledged is on the disk
    "PRAGMA secure_delete = ON",
    "PRAGMA journal_size_limit = 0",
)
_TABLES: Final = (
    """CREATE TABLE IF NOT EXISTS look (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        put_at TEXT NOT NULL,
        mentions INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        sealed BLOB NOT NULL
    )""",
    """CREATE TABLE IF NOT EXISTS aside (
        id TEXT PRIMARY KEY,
        at TEXT NOT NULL,
        why TEXT NOT NULL,
        mentions INTEGER NOT NULL,
        sealed BLOB NOT NULL
    )""",
    "CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value BLOB NOT NULL)",
    f"PRAGMA application_id = {_APPLICATION_ID}",
    f"PRAGMA user_version = {_VERSION}",
)
_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_AWAY: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_NOMEM,
    }
)
_T = TypeVar("_T")
_log = structlog.get_logger("spool")


class SqliteSpool:
    """The spool in `folder`; holds at most `largest` bytes of sealed looks.

    `masker` seals them and is asked for only when one is put or taken. `new_name` names a spool
    that is new.
    """

    def __init__(
        self,
        folder: Path,
        masker: Callable[[], Masker],
        clock: Clock,
        *,
        largest: int,
        new_name: Callable[[], str],
        most_attempts: int = MOST_ATTEMPTS,
    ) -> None:
        self._folder = folder
        self._path = folder / SPOOL_FILE
        self._masker = masker
        self._clock = clock
        self._largest = largest
        self._new_name = new_name
        self._most_attempts = most_attempts

    @property
    def name(self) -> str:
        """What this machine's spool is called everywhere, for good."""
        path = self._folder / _NAME
        with suppress(FileNotFoundError):
            return path.read_text(encoding="utf-8").strip()
        draft = path.with_name(f"{_NAME}.{os.getpid()}.new")
        with self._disk():
            draft.write_text(self._new_name() + "\n", encoding="utf-8")
            with suppress(FileExistsError):  # another process was faster: its name holds
                os.link(draft, path)
            draft.unlink()
            return path.read_text(encoding="utf-8").strip()

    def put(self, look: Look, mentions: int) -> None:
        """Keep a look durably behind all others; the same again changes nothing.

        StoreUnavailable when the spool is full or its disk says no; StoreError when what lies in
        it was sealed with another key.
        """
        # half characters, which no UTF-8 holds, survive as escapes
        sealed = self._masker().seal(to_document(look, Look, ascii_only=True))

        def act(db: sqlite3.Connection) -> None:
            self._check_key(db)
            if db.execute("SELECT 1 FROM look WHERE id = ?", (look.id,)).fetchone():
                return
            (held,) = db.execute("SELECT coalesce(sum(bytes), 0) FROM look").fetchone()
            if held + len(sealed) > self._largest:
                raise self._full()
            now = self._clock.now().isoformat()
            if not held:  # the first to wait: its store was found away a moment ago
                _note(db, "tried_at", now.encode())
            db.execute(
                "INSERT INTO look (id, put_at, mentions, bytes, sealed) VALUES (?, ?, ?, ?, ?)",
                (look.id, now, mentions, len(sealed), sealed),
            )

        self._write(act)

    def first(self) -> Look | None:
        """Return the look that has waited longest, None when none waits.

        An attempt at it is counted: one that ended the program time and again is set aside.
        """
        if not self._path.exists():
            return None
        return self._write(self._first)

    def give_back(self, look_id: str) -> None:
        """Say that the attempt at a look failed for no fault of its own."""

        def act(db: sqlite3.Connection) -> None:
            db.execute("UPDATE look SET attempts = attempts - 1 WHERE id = ?", (look_id,))
            _note(db, "tried_at", self._clock.now().isoformat().encode())

        self._write(act)

    def remove(self, look_id: str) -> None:
        """Drop a look: it is stored."""
        self._write(lambda db: db.execute("DELETE FROM look WHERE id = ?", (look_id,)))

    def ids(self) -> set[str]:
        """Return the ids of the looks that wait."""
        return self._read(lambda db: {row[0] for row in db.execute("SELECT id FROM look")}, set())

    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return self._read(lambda db: not db.execute("SELECT 1 FROM look LIMIT 1").fetchone(), True)

    def state(self) -> SpoolState:
        """Return figures. `tried_at`: when storing the first look failed last."""
        nothing = (0, 0, 0, None, 0, None)
        waiting, mentions, size, oldest, aside, tried = self._read(
            lambda db: db.execute(
                "SELECT count(*), coalesce(sum(mentions), 0), coalesce(sum(bytes), 0), min(put_at),"
                " (SELECT count(*) FROM aside),"
                " (SELECT value FROM fact WHERE name = 'tried_at') FROM look"
            ).fetchone(),
            nothing,
        )
        return SpoolState(
            name=self.name,
            waiting=waiting,
            mentions=mentions,
            bytes=size,
            largest=self._largest,
            oldest_at=datetime.fromisoformat(oldest) if oldest else None,
            tried_at=datetime.fromisoformat(tried.decode()) if tried else None,
            aside=aside,
            damaged=tuple(
                sorted(
                    path.name
                    for path in self._folder.glob(f"{SPOOL_FILE}.damaged-*")
                    if not path.name.endswith(("-wal", "-shm"))
                )
            ),
        )

    def retry_aside(self) -> int:
        """Put what was set aside behind all others, to be tried once more; return how many."""

        def act(db: sqlite3.Connection) -> int:
            moved = db.execute(
                "INSERT OR IGNORE INTO look (id, put_at, mentions, bytes, sealed)"
                " SELECT id, at, mentions, length(sealed), sealed FROM aside ORDER BY at, id"
            ).rowcount
            db.execute("DELETE FROM aside")
            return moved

        return self._write(act) if self._path.exists() else 0

    @contextmanager
    def draining(self) -> Iterator[bool]:
        """Hold the right to empty the spool; False when another process has it."""
        with self._lock_file(_LOCK) as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            with self._kept_open():
                yield True

    @contextmanager
    def in_step(self) -> Iterator[None]:
        """Keep others from putting, or removing, a look and saying so in the workflow database
        while the block lasts, so that the two never look at odds. Short, and never nested.
        """
        with self._lock_file(_STEP) as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    @contextmanager
    def _kept_open(self) -> Iterator[None]:
        """Keep a connection for as long as the block lasts: whoever closes the last one moves the
        log into the file, which doubles the cost of every look.
        """
        kept: sqlite3.Connection | None = None
        if self._path.exists():
            with suppress(_Damaged, StoreError), self._disk():
                kept = self._open()
        try:
            yield
        finally:
            if kept is not None:
                kept.close()

    @contextmanager
    def _lock_file(self, name: str) -> Iterator[int]:
        """Open a file to be locked; closing it gives the lock back, and so does being killed."""
        with self._disk():
            handle = os.open(self._folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            yield handle
        finally:
            os.close(handle)

    def _first(self, db: sqlite3.Connection) -> Look | None:
        self._check_key(db)
        while row := db.execute(
            "SELECT seq, id, attempts, sealed FROM look ORDER BY seq LIMIT 1"
        ).fetchone():
            seq, look_id, attempts, sealed = row
            if attempts >= self._most_attempts:
                self._set_aside(db, seq, look_id, "ended the program")
                continue
            try:
                look: Look = from_document(self._masker().unseal(sealed), Look)
            except StoreError as error:
                self._set_aside(db, seq, look_id, type(error).__name__)
                continue
            db.execute("UPDATE look SET attempts = attempts + 1 WHERE seq = ?", (seq,))
            return look
        return None

    def _set_aside(self, db: sqlite3.Connection, seq: int, look_id: str, why: str) -> None:
        _log.error("spooled_look_set_aside", look=look_id, why=why)
        db.execute(
            "INSERT OR REPLACE INTO aside (id, at, why, mentions, sealed)"
            " SELECT id, ?, ?, mentions, sealed FROM look WHERE seq = ?",
            (self._clock.now().isoformat(), why, seq),
        )
        db.execute("DELETE FROM look WHERE seq = ?", (seq,))

    def _check_key(self, db: sqlite3.Connection) -> None:
        """Raise StoreError when what waits was sealed with another key: it is not damaged, and it
        must not be set aside look by look.
        """
        probe = db.execute("SELECT value FROM fact WHERE name = 'probe'").fetchone()
        if probe is not None:
            try:
                self._masker().unseal(probe[0])
            except StoreError as error:
                if db.execute("SELECT 1 FROM look LIMIT 1").fetchone():
                    raise self._other_key() from error
            else:
                return
        _note(db, "probe", self._masker().seal(_PROBE))

    def _read(self, act: Callable[[sqlite3.Connection], _T], nothing: _T) -> _T:
        """Return what an act reads, `nothing` where there is no spool yet."""
        return self._write(act, "BEGIN") if self._path.exists() else nothing

    def _write(self, act: Callable[[sqlite3.Connection], _T], begin: str = "BEGIN IMMEDIATE") -> _T:
        """Run one transaction. A file that is damaged is set aside, and the act done on a new
        one.
        """
        try:
            return self._transact(act, begin)
        except _Damaged:
            self._replace_damaged()
        try:
            return self._transact(act, begin)
        except _Damaged as error:
            raise StoreError(
                Text("暂存文件已损坏", "the spool is damaged"), place=str(self._path)
            ) from error

    def _transact(self, act: Callable[[sqlite3.Connection], _T], begin: str) -> _T:
        with self._disk(), closing(self._open()) as db:
            db.execute(begin)
            try:
                result = act(db)
                db.execute("COMMIT")
            finally:
                if db.in_transaction:
                    db.execute("ROLLBACK")
            return result

    def _open(self) -> sqlite3.Connection:
        self._path.touch(mode=0o600)
        db = sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            for setting in _SETTINGS:
                db.execute(setting)
            self._make_tables(db)
        except BaseException:
            db.close()
            raise
        return db

    def _make_tables(self, db: sqlite3.Connection) -> None:
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version == _VERSION:
            return
        if version > _VERSION:
            raise SchemaMismatch(
                Text("暂存文件由更新版本的程序创建", "a newer version of this program made it"),
                place=str(self._path),
                mend=Text("更新程序", "update the program"),
            )
        db.execute("BEGIN IMMEDIATE")
        try:
            for statement in _TABLES:
                db.execute(statement)
            db.execute("COMMIT")
        finally:
            if db.in_transaction:
                db.execute("ROLLBACK")

    def _replace_damaged(self) -> None:
        """Move a damaged file out of the way, unless another process did so meanwhile."""
        with self._lock_file(_REPAIR) as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if self._is_sound():
                return
            when = f"{self._clock.now():%Y%m%dT%H%M%SZ}"
            aside = self._path.with_name(f"{SPOOL_FILE}.damaged-{when}-{os.getpid()}")
            # the log first: beside a new file it would be taken for its own
            for ending in ("-wal", "-shm", ""):
                part = self._path.with_name(SPOOL_FILE + ending)
                with suppress(FileNotFoundError):
                    part.rename(aside.with_name(aside.name + ending))
            _log.error("spool_damaged", place=str(aside))

    def _is_sound(self) -> bool:
        try:
            with self._disk(), closing(self._open()) as db:
                found: str = db.execute("PRAGMA integrity_check(1)").fetchone()[0]
                return found == "ok"
        except _Damaged:
            return False

    @contextmanager
    def _disk(self) -> Iterator[None]:
        """Translate what the disk and the driver say."""
        try:
            yield
        except OSError as error:
            raise self._away(Text(error.strerror or "OSError", error.strerror or "")) from error
        except sqlite3.Error as error:
            # extended codes carry the primary one in their low byte (sqlite.org/rescode.html)
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code in _DAMAGED:
                raise _Damaged from error
            if code not in _AWAY:
                raise
            name = getattr(error, "sqlite_errorname", "")
            raise self._away(Text(name, name)) from error

    def _away(self, fact: Text) -> StoreUnavailable:
        return StoreUnavailable(
            Text(f"暂存文件不可用（{fact.zh}）", f"the spool cannot be used ({fact.en})"),
            place=str(self._path),
            mend=Text("检查磁盘空间与权限", "check disk space and permissions"),
        )

    def _full(self) -> StoreUnavailable:
        megabytes = self._largest // 1_000_000
        return StoreUnavailable(
            Text(f"暂存已满（{megabytes} MB）", f"the spool is full ({megabytes} MB)"),
            place=str(self._path),
            mend=Text(
                "先恢复内容库；或调大 spool.megabytes", "mend the store; or raise spool.megabytes"
            ),
        )

    def _other_key(self) -> StoreError:
        return StoreError(
            Text("暂存内容是用另一把密钥封存的", "what waits was sealed with another key"),
            place=str(self._path),
            mend=Text(
                "放回原来的 secrets/seal_key", "put the former secrets/seal_key back in place"
            ),
        )


class _Damaged(Exception):
    """The file is no database any more."""


def _note(db: sqlite3.Connection, name: str, value: bytes) -> None:
    db.execute("INSERT OR REPLACE INTO fact (name, value) VALUES (?, ?)", (name, value))
