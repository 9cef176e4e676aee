from datetime import timedelta

import pytest

from domain.login import (
    FORGET_AFTER,
    FREE_FOR_ACCOUNT,
    LONGEST_WAIT,
    Attempts,
    one_more,
    wait_until,
)
from tests.fakes import NOON


def after(failures: int) -> Attempts:
    return Attempts("login:x", failures, NOON)


@pytest.mark.parametrize(
    ("failures", "seconds"), [(5, 30), (6, 60), (7, 120), (8, 240), (9, 480), (10, 900), (99, 900)]
)
def test_the_wait_doubles_and_is_bounded(failures, seconds):
    until = wait_until(after(failures), free=FREE_FOR_ACCOUNT, now=NOON)
    assert until == NOON + timedelta(seconds=seconds)


def test_the_first_failures_are_free():
    assert wait_until(None, free=5, now=NOON) is None
    assert wait_until(after(4), free=5, now=NOON) is None


def test_a_wait_ends():
    until = NOON + LONGEST_WAIT
    assert wait_until(after(50), free=5, now=until - timedelta(seconds=1)) == until
    assert wait_until(after(50), free=5, now=until) is None


def test_a_counter_that_rested_begins_anew():
    later = NOON + FORGET_AFTER
    assert wait_until(after(50), free=5, now=later) is None
    assert one_more(after(50), "login:x", later) == Attempts("login:x", 1, later)
    soon = later - timedelta(seconds=1)
    assert one_more(after(50), "login:x", soon).failures == 51
