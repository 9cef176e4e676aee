"""Judging history again in real processes: killed at any point, and two at once."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from domain.queries import Bucket, MentionFilter
from domain.sentiment import WHOLE_TEXT, Judge, Label, Sentiment
from storage.sql.database import begin_work, migrate, open_database
from storage.sqlite.mentions import SqliteMentionStore
from tests.contract.naive_store import NaiveMentionStore
from tests.fakes import NOON, a_mention

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
ALL = MentionFilter(public_voice_only=False)
MENTIONS = 3_000
PROGRAM = "tests.fixtures.rescoring_process"
PERSON = Sentiment(Label.NEUTRAL, 0.0, 1.0, "anna", Judge.PERSON)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    engine = open_database(f"sqlite:///{tmp_path / 'workflow.sqlite'}")
    migrate(engine)
    engine.dispose()
    store = SqliteMentionStore(tmp_path / "m.sqlite")
    store.add(
        a_mention(
            str(number),
            text="云栈太贵" if number % 3 == 0 else "云栈好喝",
            published_at=NOON - number * timedelta(seconds=97),
            brand_ids=frozenset({"tea"}),
            sentiment={
                WHOLE_TEXT: PERSON
                if number % 50 == 0
                else Sentiment(Label.POSITIVE, 0.5, 0.8, "old")
            },
        )
        for number in range(MENTIONS)
    )
    store.close()
    return tmp_path


def begin(folder: Path, pause: float, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", PROGRAM, str(folder), "new", str(pause), *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def lines(process: subprocess.Popen[str]) -> Iterator[str]:
    assert process.stdout is not None
    return (line.strip() for line in process.stdout)


def assert_all_judged(folder: Path) -> None:
    store = SqliteMentionStore(folder / "m.sqlite")
    try:
        found = list(store.scan(ALL))
        naive = NaiveMentionStore()
        naive.add(found)
        window = MentionFilter(start=NOON - timedelta(days=10), end=NOON + timedelta(hours=1))
        for wanted in (window, MentionFilter("tea", start=window.start, end=window.end)):
            assert store.timeline(wanted, Bucket.HOUR) == naive.timeline(wanted, Bucket.HOUR)
    finally:
        store.close()
    assert len(found) == MENTIONS
    for mention in found:
        number = int(mention.id.partition(":")[2])
        said = mention.sentiment[WHOLE_TEXT]
        if number % 50 == 0:
            assert said == PERSON
        else:
            assert (said.model, said.run) == ("new", 1)
            assert said.label is (Label.NEGATIVE if number % 3 == 0 else Label.POSITIVE)


def test_a_run_that_is_killed_time_and_again_comes_to_its_end(folder: Path) -> None:
    ends = []
    for kill_after in (1, 2, 3):
        process = begin(folder, 0.01)
        told = lines(process)
        ends += [next(told) for _ in range(kill_after)]
        process.kill()
        process.communicate()
    assert [int(end) for end in ends] == sorted(int(end) for end in ends)
    process = begin(folder, 0)
    out, _ = process.communicate(timeout=120)
    assert out.splitlines()[-1].startswith("done")
    assert_all_judged(folder)
    engine = open_database(f"sqlite:///{folder / 'workflow.sqlite'}")
    with begin_work(engine)() as work:
        (run,) = work.model_runs.all()
        actions = [row.action for row in work.audit.rows()]
    engine.dispose()
    assert run.finished_at is not None
    assert MENTIONS <= run.seen < MENTIONS + 100 * 4  # what a kill interrupted is seen twice
    assert actions == ["model.in_use", "model.history_judged"]


def test_two_processes_that_both_judge_do_no_harm(folder: Path) -> None:
    both = [begin(folder, 0.002) for _ in range(2)]
    for process in both:
        process.communicate(timeout=180)
        assert process.returncode == 0
    assert_all_judged(folder)


def test_one_process_holds_the_lease_and_the_other_is_told(folder: Path) -> None:
    first = begin(folder, 0.3, "--alone")
    next(lines(first))
    second = begin(folder, 0, "--alone")
    out, _ = second.communicate(timeout=60)
    assert out.startswith("refused")
    assert "another process" in out
    first.kill()
    first.communicate()
