"""A workflow database in a file; the services of an installation without any account."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.ports import BeginWork
from storage.sql.database import begin_work
from tests.fixtures.databases import new_workflow_database
from tests.fixtures.people import web_services
from web.services import WebServices


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[BeginWork]:
    engine = new_workflow_database(tmp_path / "workflow.sqlite")
    yield begin_work(engine)
    engine.dispose()


@pytest.fixture
def services(tmp_path: Path) -> Iterator[WebServices]:
    """A clock that stands still comes with them."""
    with web_services(tmp_path) as opened:
        yield opened
