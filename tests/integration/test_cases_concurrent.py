"""1,000 edits of 50 cases from 8 processes: no update is lost, and every conflict is told."""

import multiprocessing
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from domain.audit import first_broken
from domain.brand import Level
from storage.sql.database import begin_work, migrate, open_database
from tests.fixtures import postgres
from tests.fixtures.case_editor import Edits, edit
from tests.fixtures.cases import Journey, add_everyone
from tests.fixtures.postgres import PostgresServer

postgres_server = postgres.postgres_server

EDITORS, EDITS, CASES = 8, 125, 50

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'workflow.db'}"


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    with postgres_server.database() as url:
        yield url.render_as_string(hide_password=False)


@pytest.mark.parametrize(
    "url_of", ["sqlite_url", pytest.param("postgres_url", marks=pytest.mark.postgres)]
)
def test_no_edit_is_lost_and_every_conflict_is_told(url_of, request, capsys):
    url = request.getfixturevalue(url_of)
    engine = open_database(url)
    migrate(engine)
    begin = begin_work(engine)
    add_everyone(begin)
    journey = Journey(begin)
    case_ids = tuple(journey.triage(level=Level.BLUE).id for _ in range(CASES))
    with ProcessPoolExecutor(EDITORS, multiprocessing.get_context("spawn")) as pool:
        done = list(
            pool.map(edit, [url] * EDITORS, range(EDITORS), [EDITS] * EDITORS, [case_ids] * EDITORS)
        )
    accepted = [pair for edits in done for pair in edits.accepted]
    told = [who for edits in done for who in edits.conflicts]
    with begin() as work:
        stored = [
            (case_id, promise.action)
            for case_id in case_ids
            for promise in _get(work, case_id).promises
        ]
        versions = [_get(work, case_id).version for case_id in case_ids]
        rows = Counter(row.object_id for row in work.audit.rows())
        broken = first_broken(work.audit.rows())
    engine.dispose()
    lost = Counter(accepted) - Counter(stored)
    with capsys.disabled():
        print(f"\n{url_of}: {_figures(done, lost)}")  # noqa: T201
    assert len(accepted) + len(told) == EDITORS * EDITS
    assert Counter(stored) == Counter(accepted), "an accepted edit was lost, or came twice"
    assert [rows[case_id] for case_id in case_ids] == [version + 1 for version in versions]
    assert broken is None
    assert told, "nobody met anybody: the test showed nothing"
    assert set(told) == {"analyst"}, "a conflict that does not say who was faster"


def _get(work, case_id):
    case = work.cases.get(case_id)
    assert case is not None
    return case


def _figures(done: list[Edits], lost: Counter[tuple[str, str]]) -> str:
    seconds = sorted(second for edits in done for second in edits.seconds)
    accepted = sum(len(edits.accepted) for edits in done)
    told = sum(len(edits.conflicts) for edits in done)
    return (
        f"{len(seconds)} edits of {CASES} cases by {EDITORS} processes: {accepted} accepted, "
        f"{told} conflicts told, {lost.total()} lost; "
        f"median {seconds[len(seconds) // 2] * 1000:.0f} ms"
    )
