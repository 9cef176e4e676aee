"""The workflow database on SQLite."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.contract.workflow_store import WorkflowStoreContract
from tests.fixtures.databases import new_workflow_database


class TestSqlite(WorkflowStoreContract):
    @pytest.fixture
    def database_url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path / 'workflow.db'}"

    @pytest.fixture
    def engine(self, tmp_path: Path, database_url: str) -> Iterator[Engine]:
        engine = new_workflow_database(tmp_path / "workflow.db")
        yield engine
        engine.dispose()
