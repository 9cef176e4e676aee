"""A workflow database in a file."""

import pytest

from storage.sql.database import begin_work, migrate, open_database


@pytest.fixture
def begin(tmp_path):
    engine = open_database(f"sqlite:///{tmp_path}/workflow.sqlite")
    migrate(engine)
    yield begin_work(engine)
    engine.dispose()
