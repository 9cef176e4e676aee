"""What every test may use: where the real captures and data lie, and a skip that says what is
missing.
"""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[1].parent / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real captures and data sets, beside the project; skipped where it is
    absent.
    """
    if not (SHARED / "platforms" / "captures" / "captures.json").is_file():
        pytest.skip(
            "needs ../shared (real captures and data sets), which is not part of a clone; "
            "mend: put the folder beside the project"
        )
    return SHARED
