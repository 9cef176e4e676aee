"""What the tests in a real browser share: the browser, and pictures of what failed."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error

from tests.fixtures.browsers import Person, chromium

PICTURES = "KOUBEI_TEST_PICTURES"
"""Names the folder for pictures of failures; else they lie in the test's own folder."""
_PEOPLE = pytest.StashKey[list[Person]]()


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    """A Chromium for the tests of a module. Not for the session: while it lives its event loop runs
    in this thread, and what other modules start (browsers, process pools) would trip over it.
    """
    with chromium() as running:
        yield running


@pytest.fixture
def people(request: pytest.FixtureRequest) -> Iterator[list[Person]]:
    """The people of a test; when it fails, what each of them saw last is kept."""
    met: list[Person] = []
    request.node.stash[_PEOPLE] = met
    yield met
    for person in met:
        person.page.context.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Take the pictures while the browsers are still open."""
    report = yield
    met = item.stash.get(_PEOPLE, [])
    if report.when == "call" and report.failed and met:
        folder = Path(os.environ.get(PICTURES) or item.funcargs["tmp_path"])  # type: ignore[attr-defined]
        folder.mkdir(parents=True, exist_ok=True)
        for person in met:
            file = folder / f"{item.name}-{person.login}.png"
            try:
                person.takes_picture(file)
            except Error as error:  # the page crashed, say: the test tells how it came to that
                report.sections.append(("no picture", str(error)))
            else:
                report.sections.append(("picture", str(file)))
    return report
