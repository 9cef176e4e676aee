"""runtime/lease.py: one process at a time, and a killed one holds nothing for long."""

from datetime import timedelta

import pytest

from domain.crawl import SlotState
from domain.errors import KoubeiError, StoreUnavailable
from runtime.lease import LEASE, only_one_anywhere
from storage.sql.database import begin_work
from tests.fakes import FixedClock
from tests.fixtures.databases import new_workflow_database

JOB = "migrate:mentions"


@pytest.fixture
def begin(tmp_path):
    engine = new_workflow_database(tmp_path / "workflow.sqlite")
    yield begin_work(engine)
    engine.dispose()


def refuse(begin, clock):
    """Somebody else is refused."""
    with pytest.raises(KoubeiError, match="another process is at it"):
        only_one_anywhere(begin, clock, JOB, "b").__enter__()


def test_a_second_process_is_told_to_wait(begin):
    clock = FixedClock()
    with only_one_anywhere(begin, clock, JOB, "a"):
        refuse(begin, clock)
    clock.forward(timedelta(seconds=1))
    with only_one_anywhere(begin, clock, JOB, "b"):
        pass


def test_what_a_killed_process_held_is_taken_over_after_its_lease(begin):
    clock = FixedClock()
    killed = only_one_anywhere(begin, clock, JOB, "killed")
    killed.__enter__()  # and never left
    clock.forward(LEASE - timedelta(seconds=1))
    refuse(begin, clock)
    clock.forward(timedelta(seconds=2))
    with only_one_anywhere(begin, clock, JOB, "b"):
        pass


def test_a_lease_that_is_renewed_lasts(begin):
    clock = FixedClock()
    with only_one_anywhere(begin, clock, JOB, "a") as renew:
        for _ in range(10):
            clock.forward(LEASE / 3)
            renew()
        refuse(begin, clock)


def test_who_lost_it_is_told_before_doing_more(begin):
    clock = FixedClock()
    with only_one_anywhere(begin, clock, JOB, "slow") as renew:
        clock.forward(LEASE * 2)
        with (
            only_one_anywhere(begin, clock, JOB, "b"),
            pytest.raises(StoreUnavailable, match="took this work over"),
        ):
            renew()


def test_how_it_ended_is_noted(begin):
    clock = FixedClock()
    with pytest.raises(RuntimeError), only_one_anywhere(begin, clock, JOB, "a"):
        raise RuntimeError
    with begin() as work:
        assert [slot.state for slot in work.slots.latest()] == [SlotState.FAILED]
    clock.forward(timedelta(seconds=1))
    with only_one_anywhere(begin, clock, JOB, "a"):
        pass
    with begin() as work:
        assert [slot.state for slot in work.slots.latest()] == [SlotState.DONE]
