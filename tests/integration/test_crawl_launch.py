"""The launcher against workers that die, hang, talk nonsense or leave children behind."""

import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crawlers.launch import RunOutcome, launch, look, look_back
from domain.coverage import CoverageState, Interval
from domain.errors import Text
from tests.integration.crawling import House

pytestmark = pytest.mark.integration

_NOW = datetime.now(UTC).replace(microsecond=0)
PAST = Interval(_NOW - timedelta(days=3), _NOW - timedelta(days=2))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with House(tmp_path, "http://127.0.0.1:9") as house:
        yield house


def run(house: House, code: str, **options: object) -> RunOutcome:
    """Launch a worker made of a line of Python."""
    return launch(
        (house.watch, house.source),
        house.services,
        command=(sys.executable, "-c", f"import sys, os, time, signal; {code}"),
        **options,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "killed"),
        ("sys.exit(7)", "exit_7"),
        ("sys.exit(0)", "exit_0"),
        ("print('garbage'); print('[1]'); print('{'); sys.exit(1)", "exit_1"),
    ],
)
def test_a_worker_that_dies_without_a_word_gets_one_in_the_ledger(house, code, reason):
    outcome = run(house, code)
    assert (outcome.state, outcome.reason) == (CoverageState.FAILED, reason)
    (row,) = house.rows()
    assert (row.state, row.reason) == (CoverageState.FAILED, reason)


def test_a_worker_that_hangs_is_ended_at_the_wall_clock(house):
    started = time.monotonic()
    outcome = run(
        house,
        "signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)",
        wall_clock=timedelta(seconds=1),
        grace=timedelta(seconds=0.5),
    )
    assert outcome.reason == "wall_clock"
    assert time.monotonic() - started < 10
    assert house.rows()[0].reason == "wall_clock"


def test_children_in_a_session_of_their_own_are_ended_too(house):
    told: list[int] = []

    def note(event: Mapping[str, object]) -> None:
        told.append(int(str(event["child"])))

    outcome = run(
        house,
        "import subprocess, json; "
        "p = subprocess.Popen(['sleep', '60'], start_new_session=True); "
        "print(json.dumps({'child': p.pid}), flush=True); time.sleep(60)",
        progress=note,
        wall_clock=timedelta(seconds=2),
        grace=timedelta(seconds=0.2),
    )
    assert outcome.reason == "wall_clock"
    (child,) = told
    deadline = time.monotonic() + 5
    while _is_running(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _is_running(child)


def test_figures_of_the_last_event_count_even_when_the_worker_dies(house):
    outcome = run(
        house,
        "import json; "
        "print(json.dumps({'event': 'page', 'run': 'r', 'pages': 3, 'found': 30}), flush=True); "
        "os.kill(os.getpid(), signal.SIGKILL)",
    )
    assert (outcome.pages, outcome.found, outcome.run_id) == (3, 30, "r")


def test_a_worker_that_could_not_begin_tells_why(house):
    outcome = run(
        house,
        "import json; print(json.dumps({'event': 'error', 'reason': 'not_started', "
        "'zh': '缺密钥', 'en': 'no key'})); sys.exit(1)",
    )
    assert (outcome.reason, outcome.told) == ("not_started", Text("缺密钥", "no key"))
    assert house.rows()[0].reason == "not_started"


def test_a_service_that_stops_ends_its_workers(house):
    stopping = threading.Event()
    stopping.set()
    outcome = run(house, "time.sleep(60)", stopping=stopping)
    assert (outcome.state, outcome.reason) == (CoverageState.FAILED, "interrupted")


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")


def test_a_range_is_read_in_as_many_turns_of_the_clock_as_bring_something(house, tmp_path):
    count = tmp_path / "turns"
    code = (
        f"import json, pathlib, sys, time; n = pathlib.Path({str(count)!r}); "
        "turns = len(n.read_text()) if n.exists() else 0; n.write_text('x' * (turns + 1)); "
        "assert sys.argv[-4] == '--from' and sys.argv[-2] == '--to', sys.argv; "
        "print(json.dumps(dict(event='page', run='r', pages=2, found=20, matched=9, new=4)), "
        "flush=True); "
        "turns < 2 and time.sleep(60); "
        "print(json.dumps(dict(event='ended', run='r', state='ok', reason='')), flush=True)"
    )
    outcome = look_back(
        (house.watch, house.source),
        house.services,
        PAST,
        wall_clock=timedelta(seconds=1),
        command=(sys.executable, "-c", code),
    )
    assert len(count.read_text()) == 3
    assert (outcome.state, outcome.pages, outcome.new) == (CoverageState.OK, 6, 12)
    assert {row.reason for row in house.rows()} == {"wall_clock"}


def test_a_range_of_which_nothing_comes_ends_at_the_first_clock_and_is_history(house):
    outcome = look_back(
        (house.watch, house.source),
        house.services,
        PAST,
        wall_clock=timedelta(seconds=0.5),
        command=(sys.executable, "-c", "import time; time.sleep(60)"),
    )
    assert outcome.reason == "wall_clock"
    (row,) = house.rows()
    assert (row.window_start, row.window_end, row.backfill) == (PAST.start, PAST.end, True)


@pytest.mark.parametrize(("first_resumes", "runs", "pages"), [(True, 2, 6), (False, 1, 3)])
def test_what_was_cut_off_is_finished_and_then_the_present_is_looked_at(
    house, tmp_path, first_resumes, runs, pages
):
    """A killed run asked up to its own moment: the minutes since then take a run of their own."""
    count = tmp_path / "runs"
    code = (
        f"import json, pathlib; n = pathlib.Path({str(count)!r}); "
        "runs = len(n.read_text()) if n.exists() else 0; n.write_text('x' * (runs + 1)); "
        f"print(json.dumps(dict(event='ended', run='r', state='ok', reason='', pages=3, "
        f"resumed={first_resumes} and not runs)))"
    )
    outcome = look(
        (house.watch, house.source), house.services, command=(sys.executable, "-c", code)
    )
    assert len(count.read_text()) == runs
    assert (outcome.state, outcome.pages) == (CoverageState.OK, pages)
