from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from domain.coverage import (
    CoverageRow,
    CoverageState,
    Interval,
    is_known,
    known_intervals,
    looked_at,
    of_the_whole,
)
from domain.mention import Platform
from tests.fakes import NOON


def at(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


def a_look(start: float, end: float, state: CoverageState = CoverageState.OK) -> CoverageRow:
    return CoverageRow("tea", "weibo", Platform.WEIBO, at(start), at(end), at(end), state, "run")


def spans(*rows: CoverageRow) -> list[tuple[float, float]]:
    hour = timedelta(hours=1)
    return [((i.start - NOON) / hour, (i.end - NOON) / hour) for i in known_intervals(rows)]


@pytest.mark.parametrize(
    ("looks", "expected"),
    [
        ([], []),
        ([(0, 1)], [(0, 1)]),
        ([(1, 2), (0, 1)], [(0, 2)]),
        ([(0, 2), (1, 3)], [(0, 3)]),
        ([(0, 3), (1, 2)], [(0, 3)]),
        ([(0, 1), (1.5, 2)], [(0, 1), (1.5, 2)]),
        ([(1, 1), (2, 1)], []),
    ],
)
def test_windows_that_touch_or_overlap_are_joined(
    looks: list[tuple[float, float]], expected: list[tuple[float, float]]
) -> None:
    assert spans(*(a_look(*look) for look in looks)) == expected


@pytest.mark.parametrize("state", CoverageState)
def test_only_looks_that_saw_everything_make_time_known(state: CoverageState) -> None:
    known = state in {CoverageState.OK, CoverageState.EMPTY}
    assert bool(spans(a_look(0, 1, state))) == known


def test_a_later_failure_does_not_make_known_time_unknown() -> None:
    assert spans(a_look(0, 2), a_look(1, 2, CoverageState.FAILED)) == [(0, 2)]


def test_a_supplement_makes_no_time_known_but_was_looked_at() -> None:
    forum = replace(a_look(0, 2), supplement=True)
    assert known_intervals([forum]) == ()
    assert spans(forum, a_look(1, 3)) == [(1, 3)]
    assert looked_at([forum]) == (Interval(at(0), at(2)),)
    assert of_the_whole([forum, a_look(1, 3)]) == (a_look(1, 3),)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [(0, 1, True), (0, 2, True), (0.5, 1.5, True), (-0.1, 1, False), (1, 2.1, False), (4, 5, True)],
)
def test_a_bin_is_known_when_one_span_covers_all_of_it(
    start: float, end: float, expected: bool
) -> None:
    intervals = known_intervals([a_look(0, 1), a_look(1, 2), a_look(4, 5)])
    assert is_known(intervals, at(start), at(end)) is expected


def test_a_gap_between_two_spans_is_not_known() -> None:
    intervals = [Interval(at(0), at(1)), Interval(at(2), at(3))]
    assert not is_known(intervals, at(0), at(3))
