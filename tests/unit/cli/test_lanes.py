"""What the lanes do beside their own tests: that they do it at all."""

import threading
from datetime import timedelta

import pytest

from cli.lanes import lanes
from domain.case import CaseState
from scheduler.timetable import FIXED_JOBS, Lane
from tests.dashboard_house import house
from tests.fakes import NOON, FixedClock
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
