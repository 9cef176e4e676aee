"""Cases on SQLite."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from tests.contract.workflow_cases import WorkflowCasesContract
from tests.fixtures.databases import new_workflow_database


class TestCasesOnSqlite(WorkflowCasesContract):
    @pytest.fixture
    def engine(self, tmp_path: Path) -> Iterator[Engine]:
        engine = new_workflow_database(tmp_path / "workflow.db")
        yield engine
        engine.dispose()

    def test_the_trail_of_one_object_is_read_by_an_index(self, engine: Engine):
        with engine.connect() as connection:
            plan = connection.execute(
                text("EXPLAIN QUERY PLAN SELECT * FROM audit WHERE object_id = 'x' ORDER BY seq")
            ).all()
        assert "ix_audit_object_id" in str(plan)
