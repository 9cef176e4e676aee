"""delivery/channels/pace.py: never more than so many in any window."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from delivery.channels.pace import NOW, Pace
from tests.fakes import NOON

SECOND = timedelta(seconds=1)
LIMITS = ((5, SECOND), (20, 60 * SECOND))


@given(st.lists(st.integers(0, 4000), max_size=200))
def test_no_window_ever_holds_more_than_its_limit(pauses):
    pace, now, sent = Pace(LIMITS), NOON, []
    for pause in pauses:
        now += timedelta(milliseconds=pause)
        if pace.take(now) == NOW:
            sent.append(now)
    for count, span in LIMITS:
        for end in sent:
            assert sum(end - span < at <= end for at in sent) <= count


@given(st.lists(st.integers(0, 900), min_size=1, max_size=60))
def test_after_the_wait_that_it_names_there_is_room(pauses):
    pace, now = Pace(LIMITS), NOON
    for pause in pauses:
        now += timedelta(milliseconds=pause)
        wait = pace.take(now)
        if wait > NOW:
            now += wait
            assert pace.take(now) == NOW


def test_a_shut_robot_waits_until_it_opens():
    pace = Pace(LIMITS)
    pace.shut(NOON + 600 * SECOND)
    assert pace.take(NOON) == 600 * SECOND
    assert pace.take(NOON + 600 * SECOND) == NOW


def test_without_limits_there_is_nothing_to_wait_for():
    assert {Pace(()).take(NOON) for _ in range(100)} == {NOW}
