"""The scheduler over SQLite."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.contract.scheduler import SchedulerContract
from tests.fixtures.databases import new_workflow_database


class TestSqlite(SchedulerContract):
    @pytest.fixture
    def engine(self, tmp_path: Path) -> Iterator[Engine]:
        engine = new_workflow_database(tmp_path / "workflow.sqlite")
        yield engine
        engine.dispose()
