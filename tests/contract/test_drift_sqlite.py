"""Counts of surfaces and drift episodes on SQLite."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from storage.sql.database import migrate, open_database
from tests.contract.workflow_store_drift import DriftStoreContract


class TestSqlite(DriftStoreContract):
    @pytest.fixture
    def engine(self, tmp_path: Path) -> Iterator[Engine]:
        engine = open_database(f"sqlite:///{tmp_path / 'workflow.db'}")
        migrate(engine)
        yield engine
        engine.dispose()
