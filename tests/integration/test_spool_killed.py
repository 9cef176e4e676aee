"""kill -9 at every point of a crawl during an outage: nothing is lost, doubled, or called calm."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fixtures.spool_crasher import PAGES, POSTS

ROOT = Path(__file__).resolve().parents[2]
EVERYTHING = [f"weibo:{page}{post}" for page in range(1, PAGES + 1) for post in range(POSTS)]


@pytest.mark.integration
@pytest.mark.timeout(900)
def test_a_machine_killed_at_any_point_of_an_outage_stores_everything_once(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.fixtures.spool_crasher", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Traceback" not in done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    deaths = [line for line in lines if "died" in line]
    ends = [line for line in lines if "stored" in line]
    assert len(ends) > 90
    assert len(deaths) >= len(ends) - 1
    assert {"before put", "after put", "before commit", "after commit", "before remove"} <= {
        death["died"] for death in deaths
    }
    for number, end in enumerate(ends, start=1):
        told = f"killed at point {number}"
        assert end["stored"] == EVERYTHING, told
        assert end["revised"] == 0, told
        assert (end["states"], end["reasons"]) == (["ok"], [""]), told
        assert end["found"] == len(EVERYTHING), told
        left = (end["waiting"], end["debts"], end["spool"], end["aside"])
        assert left == (0, 0, 0, 0), told
