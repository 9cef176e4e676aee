"""docs/operations.md, Upgrade: back up, stop, update, migrate, check, and the way back."""

import shutil
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from domain.audit import FIRST_HASH, canonical, seal
from domain.brand import Brand, Configuration
from domain.errors import SchemaMismatch
from domain.outbox import OutboxState
from monitoring.audit_trail import verify
from monitoring.notify import relay
from runtime.backup import Plan, make_backup
from runtime.restore import restore
from runtime.secret_files import make_missing_keys
from runtime.wiring import open_services
from storage import sealed_file
from storage.sql import schema
from storage.sql.copying import dump
from storage.sql.database import migrate, schema_version
from storage.sql.documents import to_document
from storage.sql.schema import make_tables, newest_revision
from storage.sqlite.mentions import SqliteMentionStore
from tests.fakes import NOON, FixedClock, a_mention
from tests.fixtures import postgres
from tests.fixtures.installation import PASSPHRASE, Installation
from tests.fixtures.postgres import PostgresServer

postgres_server = postgres.postgres_server
pytestmark = pytest.mark.integration

STAMP = "2026-11-20 04:00:00.000000"


@pytest.fixture(autouse=True)
def _cheap(monkeypatch):
    monkeypatch.setattr(sealed_file, "_COSTS", {"n": 1 << 4, "r": 8, "p": 1})


@pytest.fixture
def database(postgres_server: PostgresServer) -> Iterator[str]:
    with postgres_server.database() as url:
        yield url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def of_the_first_version(home: Installation) -> Installation:
    """Fill an installation as the first version of the program left it."""
    settings = home.settings
    settings.data_dir.mkdir(parents=True, mode=0o700)
    make_missing_keys(settings.secrets_dir)
    store = SqliteMentionStore(settings.mention_store_path)
    store.add(a_mention(str(n)) for n in range(40))
    store.close()
    row = seal(
        seq=1,
        at=NOON,
        actor="cli:it",
        action="configuration.applied",
        object_id="configuration:1",
        reason="koubei apply",
        payload=canonical({"from_version": 0}),
        salt="s",
        previous_hash=FIRST_HASH,
    )
    engine = home.engine()
    with engine.begin() as db:
        make_tables(db, "0001")
        db.execute(
            text("INSERT INTO audit VALUES (1,:at,:who,:act,:on,:why,:payload,'s',:p,:b,:h)"),
            {
                "at": STAMP, "who": row.actor, "act": row.action, "on": row.object_id,
                "why": row.reason, "payload": row.payload, "p": row.payload_hash,
                "b": row.previous_hash, "h": row.row_hash,
            },
        )  # fmt: skip
        db.execute(text("INSERT INTO counters VALUES ('audit', 1)"))
        db.execute(
            text("INSERT INTO configurations VALUES (1,:at,'cli:it','koubei apply',:document)"),
            {
                "at": STAMP,
                "document": to_document(
                    Configuration(brands=(Brand("cha", "云栈"),)), Configuration
                ),
            },
        )
        db.execute(
            text(
                "INSERT INTO outbox (key, conversation, recipient, kind, thread, epoch, subject,"
                " text, html, images, created_at, state, next_attempt_at, attempts, owner,"
                " last_error, may_repeat) VALUES ('m1','m1','a@example.com','alert','',1,'主题',"
                " '正文','<p/>',:images,:at,'pending',:at,0,'','',:no)"
            ),
            {"images": '{"format":1,"value":[]}', "at": STAMP, "no": False},
        )
    engine.dispose()
    return home


def version_of(home: Installation) -> str | None:
    engine = home.engine()
    version = schema_version(engine)
    engine.dispose()
    return version


def dumped(home: Installation) -> list[str]:
    engine = home.engine()
    lines: list[str] = []
    dump(engine, lines.append, lambda _: None)
    engine.dispose()
    return lines


def back_up(home: Installation, folder: Path):
    return make_backup(home.settings, FixedClock(), Plan(folder, PASSPHRASE), actor="cli:it").path


def upgraded_and_working(home: Installation) -> None:
    """Start this program on the data and look whether everything is there."""
    sent = []

    class Server:
        def send(self, mail):
            sent.append(mail.key)

    with open_services(home.settings, FixedClock()) as services:
        with services.begin_work() as work:
            version, configuration = work.configuration.current()
        assert (version, configuration.brands[0].name) == (1, "云栈")
        found = verify(services.begin_reading)
        assert (found.is_whole, found.rows) == (True, 1)
        assert services.store.status().mentions == 40
        assert relay(services.begin_work, Server(), FixedClock(), "r").sent == 1
        with services.begin_work() as work:
            assert work.outbox.counts()[OutboxState.SENT] == 1
    assert sent == ["m1"]
    assert version_of(home) == newest_revision()


def test_data_of_the_first_version_are_backed_up_as_they_are_and_upgraded(tmp_path):
    home = of_the_first_version(Installation(tmp_path / "home"))
    before = dumped(home)
    path = back_up(home, tmp_path / "kept")
    assert (version_of(home), dumped(home)) == ("0001", before)
    upgraded_and_working(home)
    later = FixedClock(NOON + timedelta(hours=1))
    restore(home.settings, path, PASSPHRASE, later, actor="cli:it", force=True)
    assert version_of(home) == newest_revision()
    with open_services(home.settings) as services, services.begin_work() as work:
        assert work.outbox.counts()[OutboxState.PENDING] == 1
        assert work.notes.outbox_hold() is not None


@pytest.mark.postgres
def test_the_same_on_postgresql(tmp_path, database):
    home = of_the_first_version(Installation(tmp_path / "home", database))
    before = dumped(home)
    path = back_up(home, tmp_path / "kept")
    assert (version_of(home), dumped(home)) == ("0001", before)
    upgraded_and_working(home)
    restored = restore(home.settings, path, PASSPHRASE, FixedClock(), actor="cli:it", force=True)
    assert "before_restore" in (restored.aside or "")
    assert version_of(home) == newest_revision()


def other_program(folder: Path, *, keep: str = "", add: str = "") -> Path:
    """Give the folder of migrations that another version of the program would have."""
    target = folder / f"migrations-{keep or 'newer'}"
    shutil.copytree(
        Path(schema.__file__).parent / "migrations",
        target,
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    if keep:
        for file in (target / "versions").glob("0*.py"):
            if file.name[:4] > keep:
                file.unlink()
    if add:
        (target / "versions" / "9999_something_new.py").write_text(add)
    return target


NEWER = """
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{head}"


def upgrade():
    op.create_table("something_new", sa.Column("id", sa.Text(), primary_key=True))
"""


def test_the_way_back_is_the_backup_from_before(tmp_path, monkeypatch):
    """A newer program upgrades; this one refuses its database and its backup, and takes the
    backup from before."""
    home = Installation(tmp_path / "home").fill()
    before = {t: r for t, r in home.rows().items() if t in {"outbox", "accounts", "signals"}}
    old_backup = back_up(home, tmp_path / "kept")
    newer = other_program(tmp_path, add=NEWER.format(head=newest_revision()))
    own = schema._MIGRATIONS
    monkeypatch.setattr(schema, "_MIGRATIONS", newer)
    engine = home.engine()
    migrate(engine)
    engine.dispose()
    assert version_of(home) == "9999"
    new_backup = back_up(home, tmp_path / "kept-later")
    monkeypatch.setattr(schema, "_MIGRATIONS", own)
    with (
        pytest.raises(SchemaMismatch, match="restore the backup from before"),
        open_services(home.settings),
    ):
        pass
    with pytest.raises(SchemaMismatch):
        restore(home.settings, new_backup, PASSPHRASE, FixedClock(), actor="t", force=True)
    assert version_of(home) == "9999"
    restore(home.settings, old_backup, PASSPHRASE, FixedClock(), actor="t", force=True)
    assert version_of(home) == newest_revision()
    assert {t: home.rows()[t] for t in before} == before
    elsewhere = Installation(tmp_path / "elsewhere")
    monkeypatch.setattr(schema, "_MIGRATIONS", newer)
    restore(elsewhere.settings, old_backup, PASSPHRASE, FixedClock(), actor="t")
    assert version_of(elsewhere) == "9999"


def test_the_first_version_takes_its_copied_files_back(tmp_path, monkeypatch):
    """The first version has no restore: what was copied while it was stopped is put back."""
    home = of_the_first_version(Installation(tmp_path / "home"))
    shutil.copytree(home.settings.data_dir, tmp_path / "var.before")
    upgraded_and_working(home)
    first = other_program(tmp_path, keep="0001")
    monkeypatch.setattr(schema, "_MIGRATIONS", first)
    engine = home.engine()
    with pytest.raises(SchemaMismatch):
        migrate(engine)
    engine.dispose()
    shutil.move(home.settings.data_dir, tmp_path / "var.after")
    shutil.move(tmp_path / "var.before", home.settings.data_dir)
    engine = home.engine()
    migrate(engine)
    engine.dispose()
    assert version_of(home) == "0001"
    with sqlite3.connect(home.settings.data_dir / "workflow.sqlite") as db:
        assert db.execute("SELECT state FROM outbox").fetchall() == [("pending",)]
    db.close()
