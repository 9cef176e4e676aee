"""Logins on SQLite."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from storage.sql.database import migrate, open_database
from tests.contract.login_store import LoginStoreContract


class TestSqlite(LoginStoreContract):
    @pytest.fixture
    def database_url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path / 'workflow.db'}"

    @pytest.fixture
    def engine(self, database_url: str) -> Iterator[Engine]:
        engine = open_database(database_url)
        migrate(engine)
        yield engine
        engine.dispose()
