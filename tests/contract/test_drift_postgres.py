"""Counts of surfaces and drift episodes on a real PostgreSQL server."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from storage.sql.database import open_database
from tests.contract.workflow_store_drift import DriftStoreContract
from tests.fixtures import postgres
from tests.fixtures.postgres import PostgresServer

postgres_server = postgres.postgres_server
postgres_template = postgres.postgres_template
pytestmark = [pytest.mark.postgres, pytest.mark.integration]


class TestPostgres(DriftStoreContract):
    @pytest.fixture
    def engine(self, postgres_server: PostgresServer, postgres_template: str) -> Iterator[Engine]:
        with postgres_server.database(postgres_template) as url:
            engine = open_database(url.render_as_string(hide_password=False))
            yield engine
            engine.dispose()
