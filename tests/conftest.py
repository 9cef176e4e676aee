"""What every test may use: where the real captures and data lie, and a skip that says what is
missing.
"""

from pathlib import Path

import pytest

pytest_plugins = ("tests.strictness", "tests.figures", "tests.fixtures.elasticsearch")

SHARED = Path(__file__).resolve().parents[1].parent / "shared"


def has_shared() -> bool:
    """Whether the folder with real captures and data sets lies beside the project."""
    return (SHARED / "platforms" / "captures" / "captures.json").is_file()


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
