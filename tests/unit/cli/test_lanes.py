"""What the lanes do beside their own tests: that they do it at all."""

import threading
from datetime import timedelta

import pytest

from cli.lanes import lanes, own_work
from domain.case import CaseState
from domain.mention import Kind, Platform
from domain.page import FoundMention
from domain.sentiment import Probabilities, Scores
from runtime.secret_files import make_missing_keys
from scheduler.service import OwnResult
from scheduler.timetable import FIXED_JOBS, Lane
from tests.dashboard_house import furnish, house
from tests.fakes import NOON, FixedClock
from tests.fixtures.away import FickleStore
from tests.fixtures.cases import Journey, a_desk, add_everyone


@pytest.fixture
def services(tmp_path):
    with house(tmp_path, filled=False, clock=FixedClock(NOON)) as opened:
        yield opened


def test_every_job_has_a_lane_that_does_it(services):
    assert {job.lane for job in FIXED_JOBS} <= set(lanes(services, "me"))


def test_the_clocks_send_an_expired_approval_back_to_review(services):
    add_everyone(services.begin_work)
    journey = Journey(services.begin_work, a_desk())
    case = journey.approved()
    services.clock.time = journey.at + timedelta(days=10)
    job = next(job for job in FIXED_JOBS if job.lane is Lane.CLOCKS)
    told = lanes(services, "me")[Lane.CLOCKS](job, threading.Event())
    assert told["moved"] == 1
    with services.begin_reading() as work:
        assert work.cases.get(case.id).state is CaseState.IN_REVIEW


def test_the_spool_of_this_machine_is_emptied_and_said_only_when_there_was_something(services):
    make_missing_keys(services.settings.secrets_dir)
    furnish(services)
    empty = own_work(services)["spool"]
    assert empty(threading.Event()) == OwnResult()
    real, services.store = services.store, FickleStore(services.store, away=True)
    del services.ingest  # it was made with the store that is there
    post = FoundMention(
        id="weibo:4242",
        platform=Platform.WEIBO,
        kind=Kind.POST,
        url="",
        text="云栈茶饮里有虫",
        published_at=NOON - timedelta(hours=1),
    )
    taken = services.ingest.take([post], watch=None, run_id="import:1", collected_at=NOON)
    assert taken.spooled == 1
    services.store.away = False
    services.clock.forward(timedelta(minutes=1))
    empty = own_work(services)["spool"]
    figures = {"looks": 1, "new": 1, "dead_lettered": 0, "lost": 0, "left": 0}
    assert empty(threading.Event()) == OwnResult(figures, brought=True)
    assert set(real.get(["weibo:4242"])) == {"weibo:4242"}


def test_the_raw_pages_of_this_machine_go_once_a_day_whoever_does_the_housekeeping(services):
    def pages() -> int:
        return len(list(services.archive.hashes()))

    services.archive.put(b"<html>old</html>")
    destroy = own_work(services)["pages"]
    assert destroy(threading.Event()) == OwnResult()
    services.clock.forward(services.keep.pages + timedelta(hours=1))
    services.archive.put(b"<html>new</html>")
    assert destroy(threading.Event()) == OwnResult({"pages": 1})
    assert pages() == 1
    services.clock.forward(services.keep.pages + timedelta(hours=1))
    assert destroy(threading.Event()) == OwnResult({"pages": 1})
    services.archive.put(b"<html>another</html>")
    services.clock.forward(timedelta(hours=23))
    assert destroy(threading.Event()) == OwnResult()
    assert pages() == 1


def test_another_model_has_the_history_judged_again_until_it_is_done(services):
    """The first turn begins a run and walks, the next finds nothing to do."""
    make_missing_keys(services.settings.secrets_dir)
    furnish(services)
    services.scorer = AllBad()
    job = next(job for job in FIXED_JOBS if job.lane is Lane.RESCORE)
    work = lanes(services, "me")[Lane.RESCORE]
    told = work(job, threading.Event())
    stored = services.store.status().mentions
    assert told == {"run": 1, "seen": stored, "changed": told["changed"], "left": told["left"]}
    assert told["changed"] > 0
    assert work(job, threading.Event()) == {"changed": 0}
    with services.begin_reading() as reading:
        (run,) = reading.model_runs.all()
    assert (run.model_id, run.finished_at) == ("all-bad", NOON)


def test_a_service_that_ends_leaves_the_rest_of_the_history_to_the_next(services):
    furnish(services)
    services.scorer = AllBad()
    job = next(job for job in FIXED_JOBS if job.lane is Lane.RESCORE)
    ending = threading.Event()
    ending.set()
    told = lanes(services, "me")[Lane.RESCORE](job, ending)
    assert told["reason"] == "interrupted"
    with services.begin_reading() as reading:
        assert reading.model_runs.current().finished_at is None


class AllBad:
    """A model to which everything is bad."""

    model_id = "all-bad"

    def score(self, requests):
        return [Scores(Probabilities(0.9, 0.05, 0.05)) for _ in requests]
