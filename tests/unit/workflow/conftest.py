from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.people import web_services
from web.services import WebServices


@pytest.fixture
def services(tmp_path: Path) -> Iterator[WebServices]:
    """Stores of an installation without any account, and a clock that stands still."""
    with web_services(tmp_path) as opened:
        yield opened
