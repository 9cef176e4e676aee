"""What every test may use: where the real captures and data lie, and a skip that says what is
missing.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

pytest_plugins = (
    "tests.strictness",
    "tests.figures",
    "tests.garbage",
    "tests.fixtures.elasticsearch",
)

# imported by tests of several folders, in any order
pytest.register_assert_rewrite("tests.contract.mention_store")

# the same examples everywhere and no clock: a test that fails here fails there. `make check` tries
# fewer than CI, which has the time for Hypothesis' own number
settings.register_profile("check", settings.get_profile("ci"), max_examples=30)
settings.load_profile("ci")

SHARED = Path(__file__).resolve().parents[1].parent / "shared"


def has_shared() -> bool:
    """Whether the folder with real captures and data sets lies beside the project."""
    return (SHARED / "platforms" / "captures" / "captures.json").is_file()


@pytest.fixture(scope="module", autouse=True)
def _main_module() -> Iterator[None]:
    """Keep what `__main__` is: Streamlit puts the page it runs there, and a process that
    multiprocessing spawns would run that page first.
    """
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real captures and data sets, beside the project; skipped where it is
    absent.
    """
    if not has_shared():
        pytest.skip(
            "needs ../shared (real captures and data sets), which is not part of a clone; "
            "mend: put the folder beside the project"
        )
    return SHARED
