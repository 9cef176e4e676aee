"""The browser that is found on this machine does what it is told."""

import pytest

from browser.find import find_browser
from domain.errors import BrowserMissing
from runtime.check_services import check_browser
from runtime.checks import Mark
from runtime.settings import Settings

pytestmark = pytest.mark.browser


def test_what_is_found_can_be_driven():
    try:
        find_browser()
    except BrowserMissing as error:
        pytest.skip(error.sentence("en"))
    assert check_browser(Settings()).mark in {Mark.OK, Mark.NOTE}
