"""kill -9 of the writer: what was acknowledged is there, whole, and nothing is half there."""

import random
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from domain.audit import first_broken
from storage.sql.database import begin_work, open_database

KILLS = 20
ROOT = Path(__file__).resolve().parents[2]


def acknowledged(url: str, log: Path, after: float) -> int:
    """Run the writer, kill it `after` seconds past its first commit, return the last number it
    acknowledged.
    """
    with log.open("wb") as out:
        writer = subprocess.Popen(
            [sys.executable, "-m", "tests.fixtures.workflow_writer", url], cwd=ROOT, stdout=out
        )
        try:
            deadline = time.monotonic() + 60
            while not log.stat().st_size:
                assert writer.poll() is None, "the writer ended by itself"
                assert time.monotonic() < deadline, "the writer wrote nothing"
                time.sleep(0.005)
            time.sleep(after)
        finally:
            writer.kill()
            writer.wait()
    # A line that was cut is not counted: it is the commit before its number that counts.
    return int(log.read_bytes().rpartition(b"\n")[0].split()[-1])


@pytest.mark.integration
@pytest.mark.timeout(600)
def test_a_killed_writer_loses_nothing_it_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "workflow.db"
    url = f"sqlite:///{path}"
    moments = random.Random(7)
    for kill in range(KILLS):
        last = acknowledged(url, tmp_path / "log", moments.uniform(0.0, 0.4))
        with closing(sqlite3.connect(path)) as raw:
            assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        signals, mails, trail = stored(url)
        assert last <= len(signals) <= last + 1, f"kill {kill}: acknowledged {last}"
        assert signals == mails == trail, f"kill {kill}: half a pair"


def stored(url: str) -> tuple[list[str], list[str], list[str]]:
    """Return the signal ids by signals, by mails and by the trail, each in order of writing."""
    engine = open_database(url)
    with begin_work(engine)() as work:
        rows = list(work.audit.rows())
        signals = [signal.id for signal in reversed(work.signals.recent(10**6))]
        mails = [str(mail.signal_id) for mail in reversed(work.outbox.recent(10**6))]
    engine.dispose()
    assert first_broken(rows) is None
    return signals, mails, [row.object_id for row in rows]
