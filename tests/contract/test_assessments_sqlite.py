"""Signed sheets on SQLite."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.contract.assessment_store import AssessmentStoreContract
from tests.fixtures.databases import new_workflow_database


class TestSqlite(AssessmentStoreContract):
    @pytest.fixture
    def engine(self, tmp_path: Path) -> Iterator[Engine]:
        engine = new_workflow_database(tmp_path / "workflow.db")
        yield engine
        engine.dispose()
