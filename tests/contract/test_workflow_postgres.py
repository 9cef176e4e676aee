"""The workflow database on a real PostgreSQL server."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, text

from domain.errors import ConfigurationError, StoreUnavailable
from storage.sql import database
from storage.sql.database import begin_work, migrate, open_database
from tests.contract.workflow_store import WorkflowStoreContract, a_mail
from tests.fakes import NOON
from tests.fixtures import postgres
from tests.fixtures.postgres import PostgresServer

postgres_server = postgres.postgres_server
postgres_template = postgres.postgres_template

_END_THE_OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
pytestmark = [pytest.mark.postgres, pytest.mark.integration]


@pytest.fixture
def database_url(postgres_server: PostgresServer) -> Iterator[str]:
    with postgres_server.database() as url:
        yield url.render_as_string(hide_password=False)


@pytest.fixture
def engine(postgres_server: PostgresServer, postgres_template: str) -> Iterator[Engine]:
    with postgres_server.database(postgres_template) as url:
        engine = open_database(url.render_as_string(hide_password=False))
        yield engine
        engine.dispose()


class TestPostgres(WorkflowStoreContract):
    """The whole suite."""


def test_a_line_that_breaks_in_a_unit_is_unavailable_and_the_next_unit_works(
    engine: Engine,
) -> None:
    begin = begin_work(engine)
    with begin() as work:
        work.outbox.add(a_mail(1))
        with engine.begin() as connection:
            connection.execute(text(_END_THE_OTHERS))
        with pytest.raises(StoreUnavailable) as lost:
            work.outbox.add(a_mail(2))
    assert lost.value.retry
    with begin() as work:
        assert work.outbox.recent() == []


def test_a_server_that_was_restarted_costs_no_failed_unit(engine: Engine) -> None:
    with begin_work(engine)() as work:
        work.outbox.counts()
    other = open_database(engine.url.render_as_string(hide_password=False))
    with other.begin() as connection:
        connection.execute(text(_END_THE_OTHERS))
    other.dispose()
    with begin_work(engine)() as work:
        assert work.outbox.recent() == []


def test_a_lock_that_is_not_free_in_time_is_unavailable(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 50)
    impatient = open_database(engine.url.render_as_string(hide_password=False))
    with begin_work(engine)() as holder:
        holder.signals.next_id("20261120")
        with (
            begin_work(impatient)() as work,
            pytest.raises(StoreUnavailable, match="lock was not free"),
        ):
            work.signals.next_id("20261120")
    impatient.dispose()


def test_two_units_that_wait_for_each_other_end_with_one_unavailable(engine: Engine) -> None:
    begin = begin_work(engine)
    with begin() as one, begin() as two:
        one.signals.next_id("20261120")
        two.signals.next_id("20261121")
        failed = _both(
            lambda: one.signals.next_id("20261121"), lambda: two.signals.next_id("20261120")
        )
    assert [type(error) for error in failed] == [StoreUnavailable]


def test_a_database_that_is_not_in_utf8_is_refused_with_its_mend(
    postgres_server: PostgresServer,
) -> None:
    with postgres_server.database(encoding="SQL_ASCII") as url:
        engine = open_database(url.render_as_string(hide_password=False))
        with pytest.raises(ConfigurationError, match=r"SQL_ASCII.*createdb"):
            migrate(engine)
        engine.dispose()


def test_times_come_back_in_utc_whatever_the_server_thinks(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("SET TIME ZONE 'Asia/Shanghai'"))
        connection.execute(text("SELECT 1"))
    with begin_work(engine)() as work:
        work.outbox.add(a_mail())
        stored = work.outbox.get("mail-1")
    assert stored is not None
    assert (stored.next_attempt_at, stored.next_attempt_at.utcoffset()) == (NOON, NOON.utcoffset())


def _both(*acts: Callable[[], object]) -> list[BaseException]:
    """Run acts at once; return the errors they ended with."""
    with ThreadPoolExecutor(len(acts)) as pool:
        futures = [pool.submit(act) for act in acts]
        return [error for future in futures if (error := future.exception()) is not None]
