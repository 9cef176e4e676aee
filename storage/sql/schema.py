"""Bringing a database to this program's tables, and telling of which version it is."""

from pathlib import Path
from threading import Lock

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from domain.errors import ConfigurationError, SchemaMismatch, Text

_MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK_ID = 0x6B6F75626569
"""Names the advisory lock under which one process migrates: "koubei" in ASCII."""

_ONE_AT_A_TIME = Lock()
"""Alembic keeps the running migration in module globals."""


def migrate(engine: Engine) -> None:
    """Bring the database to this program's tables, in one transaction; nothing to do is fine.

    Several processes may call it at once: one works, the others wait and find it done. Raises
    SchemaMismatch when a newer program made the tables, ConfigurationError for a PostgreSQL
    database that is not in UTF-8.
    """
    with _ONE_AT_A_TIME, engine.begin() as db:  # on SQLite this is BEGIN IMMEDIATE
        if db.dialect.name == "postgresql":
            require_utf8(db)
            db.execute(text("SET LOCAL lock_timeout = '10min'"))
            db.execute(text("SELECT pg_advisory_xact_lock(:id)"), {"id": _LOCK_ID})
        config = _alembic(db)
        known = ScriptDirectory.from_config(config)
        found = _revision(db)
        if found is not None:
            _require_known(known, found)
        if found != known.get_current_head():
            command.upgrade(config, "head")


def make_tables(db: Connection, revision: str) -> None:
    """Make the tables of a revision in an empty database, inside the caller's transaction.

    SchemaMismatch when only a newer program knows the revision, or when there are tables already.
    """
    with _ONE_AT_A_TIME:
        config = _alembic(db)
        _require_known(ScriptDirectory.from_config(config), revision)
        if _revision(db) is not None:
            raise SchemaMismatch(
                Text("数据库里已经有表", "there are tables already"), place="workflow database"
            )
        command.upgrade(config, revision)


def bring_up_to_date(db: Connection) -> None:
    """Bring the tables to this program's, inside the caller's transaction."""
    with _ONE_AT_A_TIME:
        command.upgrade(_alembic(db), "head")


def newest_revision() -> str:
    """Return the revision of this program's tables."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return str(ScriptDirectory.from_config(config).get_current_head())


def schema_version(engine: Engine) -> str | None:
    """Return the revision of the tables, `0001` and up; None when there are none yet."""
    with engine.connect() as db:
        return _revision(db)


def _revision(db: Connection) -> str | None:
    return MigrationContext.configure(db).get_current_revision()


def _alembic(db: Connection) -> Config:
    """Return a configuration without a file, whose env.py uses this connection."""
    config = Config(attributes={"connection": db})
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config


def _require_known(known: ScriptDirectory, revision: str) -> None:
    if revision not in {script.revision for script in known.walk_revisions()}:
        raise SchemaMismatch(
            Text(
                f"数据库由更新版本的程序创建（{revision}）",
                f"a newer version of this program made the database ({revision})",
            ),
            place="workflow database",
            mend=Text(
                "更新程序，或恢复升级前的备份",
                "update the program, or restore the backup from before",
            ),
        )


def require_utf8(db: Connection) -> None:
    """ConfigurationError unless a PostgreSQL database is in UTF-8."""
    encoding = db.scalar(text("SHOW server_encoding"))
    if encoding != "UTF8":
        raise ConfigurationError(
            Text(f"数据库编码是 {encoding}，需要 UTF8", f"its encoding is {encoding}, not UTF8"),
            place="workflow database",
            mend=Text(
                "createdb --template=template0 --encoding=UTF8 库名",
                "createdb --template=template0 --encoding=UTF8 NAME",
            ),
        )
