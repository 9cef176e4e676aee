"""Opening the workflow database: an SQLite file, or a PostgreSQL server by URL."""

import os
import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from domain.errors import ConfigurationError, DependencyMissing, Text
from domain.ports import BeginWork
from storage.sql.failures import translate_errors
from storage.sql.schema import migrate, schema_version
from storage.sql.unit_of_work import begin_work

__all__ = [
    "begin_reading",
    "begin_work",
    "migrate",
    "open_database",
    "schema_version",
    "snapshots",
]

BUSY_TIMEOUT_MS = 15_000
"""How long a unit of work waits for the one before it, on SQLite for the file, on PostgreSQL for a
row."""

_POSTGRES_NAMES = {"postgresql", "postgres", "postgresql+psycopg"}
_ASK_AGAIN_SECONDS = 0.005
_OWNER_ONLY = 0o600
_EVERYBODY_ELSE = 0o077


def open_database(url: str) -> Engine:
    """Return the engine of `sqlite:///path/to/file` or `postgresql://user@host/name`.

    An SQLite file is made when it is missing, readable by its owner only. Nothing is migrated.
    Raises ConfigurationError for a URL of another kind, DependencyMissing without the driver of
    PostgreSQL, StoreUnavailable when the file cannot be made.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise _unusable() from None
    if parsed.drivername in _POSTGRES_NAMES:
        return _open_postgres(parsed.set(drivername="postgresql+psycopg"))
    if parsed.drivername == "sqlite" and parsed.database and parsed.database != ":memory:":
        return _open_sqlite(parsed)
    raise _unusable()


def begin_reading(engine: Engine) -> BeginWork:
    """Return what opens units that only read: they see one moment and never wait for a writer.

    A write in one is refused. Pages use it: twenty people looking must not hold up the crawl.
    """
    return begin_work(snapshots(engine))


def snapshots(engine: Engine) -> Engine:
    """Return an engine on the same database whose transactions only read and see one moment."""
    if engine.dialect.name == "postgresql":
        return engine.execution_options(postgresql_readonly=True, isolation_level="REPEATABLE READ")
    reader = create_engine(engine.url, hide_parameters=True)
    event.listen(reader, "connect", _prepare_reader)
    event.listen(reader, "begin", _begin_deferred)
    translate_errors(reader)
    event.listen(engine, "engine_disposed", lambda _: reader.dispose())
    return reader


def _unusable() -> ConfigurationError:
    # The URL is not shown: it may hold a password.
    return ConfigurationError(
        Text("无法识别的数据库地址", "not the address of a database"),
        place="workflow database",
        mend=Text(
            "使用 sqlite:///文件路径 或 postgresql://用户@主机/库名",
            "use sqlite:///path/to/file or postgresql://user@host/name",
        ),
    )


def _open_sqlite(url: URL) -> Engine:
    _make_private(Path(str(url.database)))
    engine = create_engine(url, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_immediate)
    translate_errors(engine)
    return engine


def _make_private(path: Path) -> None:
    """Make the file if it is missing and keep everybody else out; -wal and -shm follow its mode."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=_OWNER_ONLY)
        status = path.stat()
        if status.st_uid == os.getuid() and status.st_mode & _EVERYBODY_ELSE:
            path.chmod(_OWNER_ONLY)
    except OSError as error:
        raise ConfigurationError(
            Text(
                f"无法创建数据库文件（{error.strerror}）",
                f"the database file cannot be made ({error.strerror})",
            ),
            place=str(path),
            mend=Text("检查目录权限和磁盘空间", "check the folder's permissions and the disk"),
        ) from error


def _prepare_sqlite(connection: Any, record: object) -> None:
    # BEGIN is ours (below); the driver's own would be deferred, and a deferred transaction that
    # reads before it writes fails at once when somebody wrote in between (SQLITE_BUSY_SNAPSHOT).
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",  # a commit survives power loss
        "foreign_keys=ON",
        "secure_delete=ON",  # an erased name leaves no bytes in free pages
        "busy_timeout=0",  # from here on _begin_immediate waits, and nothing else has to
    ):
        connection.execute(f"PRAGMA {pragma}")


def _prepare_reader(connection: Any, record: object) -> None:
    connection.isolation_level = None
    for pragma in (f"busy_timeout={BUSY_TIMEOUT_MS}", "query_only=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_deferred(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _begin_immediate(connection: Connection) -> None:
    """Take the write lock, waiting for it by asking often.

    SQLite's own waiting sleeps up to 100 ms at a time; under eight writing processes the slowest
    hundredth of the units took 229 ms with it and 64 ms with this.
    """
    driver: Any = connection.connection.driver_connection
    give_up = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while time.monotonic() < give_up:
        try:
            driver.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                break
            time.sleep(_ASK_AGAIN_SECONDS)
        else:
            return
    connection.exec_driver_sql("BEGIN IMMEDIATE")  # fails again, as one of our errors


def _open_postgres(url: URL) -> Engine:
    try:
        engine = create_engine(
            url,
            isolation_level="READ COMMITTED",
            pool_pre_ping=True,  # a server that was restarted costs no failed unit of work
            hide_parameters=True,
            connect_args={
                "connect_timeout": 10,
                "client_encoding": "utf8",
                "application_name": "koubei",
            },
        )
    except ModuleNotFoundError as error:
        raise DependencyMissing(
            Text("缺少 PostgreSQL 驱动 psycopg", "the PostgreSQL driver psycopg is missing"),
            place="workflow database",
            mend=Text("python3 run.py setup 补齐组件", "python3 run.py setup installs it"),
        ) from error
    event.listen(engine, "connect", _prepare_postgres)
    translate_errors(engine)
    return engine


def _prepare_postgres(connection: Any, record: object) -> None:
    connection.execute(f"SET lock_timeout = {BUSY_TIMEOUT_MS}")
    connection.execute("SET TIME ZONE 'UTC'")
    connection.commit()
