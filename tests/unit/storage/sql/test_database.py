import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from domain.errors import (
    ConfigurationError,
    SchemaMismatch,
    StoreError,
    StoreUnavailable,
)
from storage.sql import database
from storage.sql.database import begin_work, migrate, open_database
from tests.fakes import NOON

_NO_DRIVER = "needs the PostgreSQL driver; mend: python3 run.py setup"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "workflow.db"


@pytest.fixture
def engine(path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{path}")
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def impatient(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 1)
    engine = open_database(f"sqlite:///{path}")
    yield engine
    engine.dispose()


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),
        ("foreign_keys", 1),
        ("secure_delete", 1),
    ],
)
def test_every_connection_is_set_up_for_durability(
    engine: Engine, pragma: str, value: object
) -> None:
    with engine.connect() as one, engine.connect() as other:
        del one
        found = other.connection.driver_connection.execute(f"PRAGMA {pragma}").fetchone()  # type: ignore[union-attr]
    assert found == (value,)


def test_the_file_and_its_log_are_the_owners_alone(engine: Engine, path: Path) -> None:
    with engine.begin() as connection:
        connection.execute(text("SELECT 1"))
        files = sorted(path.parent.iterdir())
        assert [file.name for file in files] == [
            "workflow.db",
            "workflow.db-shm",
            "workflow.db-wal",
        ]
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_a_file_that_others_could_read_is_closed_to_them(path: Path) -> None:
    path.parent.mkdir()
    path.touch(mode=0o644)
    open_database(f"sqlite:///{path}").dispose()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "url", ["", "nonsense", "sqlite://", "sqlite:///:memory:", "mysql://u:hunter2@h/d", "http://x"]
)
def test_another_kind_of_url_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        open_database(url)
    assert "sqlite:///" in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_a_path_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="cannot be made"):
        open_database(f"sqlite:///{tmp_path / 'file' / 'workflow.db'}")


@pytest.mark.parametrize("url", ["postgresql://h/d", "postgres://h/d", "postgresql+psycopg://h/d"])
def test_postgres_is_reached_by_psycopg_whatever_its_url_says(url: str) -> None:
    pytest.importorskip("psycopg", reason=_NO_DRIVER)
    engine = open_database(url)
    assert engine.url.drivername == "postgresql+psycopg"


def test_a_server_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    pytest.importorskip("psycopg", reason=_NO_DRIVER)
    engine = open_database(f"postgresql://nobody:hunter2@/none?host={tmp_path}")
    with pytest.raises(StoreUnavailable) as away, begin_work(engine)():
        pass
    assert away.value.retry
    assert "hunter2" not in str(away.value)


def test_a_unit_waits_for_the_writer_and_then_says_that_it_is_busy(
    engine: Engine, impatient: Engine
) -> None:
    with engine.begin(), pytest.raises(StoreUnavailable, match="busy"), begin_work(impatient)():
        pass
    with begin_work(impatient)() as work:  # the connection that failed is whole again
        assert work.slots.ensure("a", NOON)


def test_units_that_read_before_they_write_wait_instead_of_failing(engine: Engine) -> None:
    begin = begin_work(engine)
    entered = threading.Event()

    def second() -> None:
        entered.set()
        with begin() as work:
            work.slots.ensure("b", NOON)
            work.commit()

    with begin() as work:
        work.slots.latest()
        thread = threading.Thread(target=second)
        thread.start()
        entered.wait()
        work.slots.ensure("a", NOON)
        work.commit()
    thread.join()
    with begin() as work:
        assert [slot.job for slot in work.slots.latest()] == ["a", "b"]


def test_a_damaged_file_is_said_to_be_damaged(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"this is not a database, it only lies where one should be" * 100)
    engine = open_database(f"sqlite:///{path}")
    with pytest.raises(StoreError, match="damaged") as damaged, begin_work(engine)():
        pass
    assert not damaged.value.retry


def test_a_full_disk_is_unavailable_and_loses_nothing(engine: Engine) -> None:
    begin = begin_work(engine)

    def fill(number: int) -> None:
        with begin() as work:
            work.sealed_names.put([(f"weibo:{number}", b"x" * 100_000, NOON)])
            work.commit()

    fill(1)
    with engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 3}")
    with pytest.raises(StoreUnavailable, match="disk is full"):
        fill(2)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1000000")
    fill(3)
    with begin() as work:
        kept = [work.sealed_names.get(f"weibo:{number}") is not None for number in (1, 2, 3)]
    assert kept == [True, False, True]


def test_tables_that_are_missing_are_another_version(path: Path) -> None:
    engine = open_database(f"sqlite:///{path}")
    with pytest.raises(SchemaMismatch, match="koubei init"), begin_work(engine)() as work:
        work.signals.recent()


def test_a_refused_row_is_our_error_and_tells_no_value(engine: Engine) -> None:
    with pytest.raises(StoreError) as refused, engine.begin() as connection:
        connection.execute(text("INSERT INTO counters (name) VALUES ('秘密')"))
    assert str(refused.value) == "workflow database: refused (SQLITE_CONSTRAINT_NOTNULL)"


def test_a_unit_is_entered_once_and_committed_only_inside(engine: Engine) -> None:
    unit = begin_work(engine)()
    with pytest.raises(RuntimeError, match="not begun"):
        unit.commit()
    with unit, pytest.raises(RuntimeError, match="entered once"), unit:
        pass


def test_a_process_out_of_connections_is_told_so(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = open_database(f"sqlite:///{path}")
    monkeypatch.setattr(engine.pool, "_timeout", 0)
    held = [engine.raw_connection() for _ in range(engine.pool.size() + 10)]  # type: ignore[attr-defined]
    with pytest.raises(StoreUnavailable, match="all connections"), begin_work(engine)():
        pass
    for connection in held:
        connection.close()
    engine.dispose()


def test_salts_are_asked_of_whoever_gives_them(engine: Engine) -> None:
    salts = iter(["one", "two"])
    begin = begin_work(engine, new_salt=lambda: next(salts))
    with begin() as work:
        for expected in ("one", "two"):
            row = work.audit.append(
                at=NOON, actor="a", action="b", object_id="c", reason="", payload={}
            )
            assert row.salt == expected


def test_a_trail_that_lost_its_last_row_is_not_continued(engine: Engine) -> None:
    note = {"at": NOON, "actor": "a", "action": "b", "object_id": "c", "reason": "", "payload": {}}
    begin = begin_work(engine)
    with begin() as work:
        work.audit.append(**note)  # type: ignore[arg-type]
        work.commit()
    with engine.begin() as connection:
        connection.execute(text("DROP TRIGGER audit_is_not_deleted"))
        connection.execute(text("DELETE FROM audit"))
    with begin() as work, pytest.raises(StoreError, match="row 1 is missing"):
        work.audit.append(**note)  # type: ignore[arg-type]
