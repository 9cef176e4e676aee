from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes import NOON
from tests.fixtures.browsing import Browser
from tests.fixtures.people import a_session, an_account, move_in, web_services
from web.services import WebServices
from workflow.sessions import SECURE_COOKIE


@pytest.fixture
def services(tmp_path: Path) -> Iterator[WebServices]:
    """An installation without any account."""
    with web_services(tmp_path) as opened:
        yield opened


@pytest.fixture
def house(services: WebServices) -> WebServices:
    """An installation with one account, `lin`, an admin."""
    move_in(services.begin_work, an_account())
    return services


@pytest.fixture
def stranger(house: WebServices) -> Browser:
    """A browser of nobody."""
    return Browser(house)


@pytest.fixture
def lin(house: WebServices) -> Browser:
    """A browser in which lin is logged in."""
    browser = Browser(house)
    browser.keep(SECURE_COOKIE, a_session(house.begin_work, an_account(), NOON))
    return browser
