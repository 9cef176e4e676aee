"""Backups of a workflow database on PostgreSQL: back there, and across to SQLite and back."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import create_engine, inspect, text

from domain.errors import KoubeiError
from runtime.backup import Plan, make_backup
from runtime.restore import restore
from storage import sealed_file
from tests.fakes import NOON, FixedClock
from tests.fixtures import postgres
from tests.fixtures.installation import PASSPHRASE, Installation
from tests.fixtures.mails import a_mail
from tests.fixtures.postgres import PostgresServer

postgres_server = postgres.postgres_server
pytestmark = [pytest.mark.postgres, pytest.mark.integration]

RESTORED = {"notes", "audit", "corrections", "sessions", "counters"}
"""What a restore itself writes to."""


@pytest.fixture(autouse=True)
def _cheap(monkeypatch):
    monkeypatch.setattr(sealed_file, "_COSTS", {"n": 1 << 4, "r": 8, "p": 1})


@pytest.fixture
def database(postgres_server: PostgresServer) -> Iterator[str]:
    with postgres_server.database() as url:
        yield url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


@pytest.fixture
def another(postgres_server: PostgresServer) -> Iterator[str]:
    with postgres_server.database() as url:
        yield url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def moved(one: Installation, other: Installation, folder, **how):
    """Back one up and restore it as the other."""
    plan = Plan(folder, PASSPHRASE)
    made = make_backup(one.settings, FixedClock(), plan, actor="test")
    clock = FixedClock(NOON + timedelta(hours=3))
    return restore(other.settings, made.path, PASSPHRASE, clock, actor="test", **how)


@pytest.mark.parametrize(
    ("source", "target"),
    [("postgres", "postgres"), ("postgres", "sqlite"), ("sqlite", "postgres")],
)
def test_a_backup_is_restored_on_either(source, target, database, another, tmp_path):
    one = Installation(tmp_path / "one", database if source == "postgres" else "").fill()
    before, mentions = one.rows(), one.mentions()
    other = Installation(tmp_path / "other", another if target == "postgres" else "")
    moved(one, other, tmp_path / "kept")
    after = other.rows()
    assert before.keys() == after.keys()
    for table in before.keys() - RESTORED:
        assert after[table] == before[table], table
    assert after["audit"][:5] == before["audit"]
    assert other.mentions() == mentions
    engine = other.engine()
    with other.begin(engine)() as work:  # numbers go on where they stood
        assert work.outbox.add(a_mail("next"))
        assert (
            work.audit.append(
                at=NOON, actor="t", action="t", object_id="", reason="", payload={}
            ).seq
            == 7
        )
        work.commit()
    engine.dispose()
    assert [row[0] for row in other.rows()["outbox"]] == [1, 2, 3, 4]


def test_what_was_there_lives_on_under_another_name(database, another, tmp_path):
    one = Installation(tmp_path / "one", database).fill()
    other = Installation(tmp_path / "other", another).fill()
    with pytest.raises(KoubeiError, match="data here already") as refused:
        moved(one, other, tmp_path / "kept")
    assert "postgres:" not in refused.value.place.replace("postgresql", "")
    (tmp_path / "kept").rename(tmp_path / "kept-before")
    restored = moved(one, other, tmp_path / "kept", force=True)
    assert "before_restore_20261120t070000z" in restored.aside
    engine = create_engine(another)
    with engine.connect() as db:
        rows = db.scalar(text("SELECT count(*) FROM before_restore_20261120t070000z.outbox"))
        assert rows == len(one.rows()["outbox"])
        assert "audit" in inspect(db).get_table_names()
    engine.dispose()
