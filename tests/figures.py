"""What tests measured, printed at the end of a run: a proof is read, not only passed.

A test takes the fixture `figure` and calls it with a sentence.
"""

from collections.abc import Callable
from typing import Any

import pytest

FIGURES = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Begin with none."""
    config.stash[FIGURES] = []


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Note a sentence that is printed at the end of the run."""

    def note(sentence: str) -> None:
        request.config.stash[FIGURES].append(f"{request.node.name}: {sentence}")

    return note


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the sentences."""
    if config.stash[FIGURES]:
        terminalreporter.section("实测 / measured")
        for sentence in config.stash[FIGURES]:
            terminalreporter.line(sentence)
