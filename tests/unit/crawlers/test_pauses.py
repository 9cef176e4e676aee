"""Tests of crawlers/pauses.py."""

from dataclasses import replace
from datetime import timedelta

from crawlers.pauses import FIRST, LONGEST, is_opened, pause_of
from domain.coverage import CoverageRow, CoverageState
from domain.mention import Platform
from tests.fakes import NOON

MINUTE = timedelta(minutes=1)


def row(
    minutes_ago: int, state: CoverageState, *, run: str = "", source: str = "site"
) -> CoverageRow:
    at = NOON - minutes_ago * MINUTE
    return CoverageRow(
        watch_id="tea",
        source_id=source,
        platform=Platform.WEIBO,
        window_start=at - 60 * MINUTE,
        window_end=at,
        observed_at=at,
        state=state,
        run_id=run or f"run-{minutes_ago}",
        reason="captcha" if state is CoverageState.BLOCKED else "",
    )


def wall(minutes_ago: int, **more: str) -> CoverageRow:
    return row(minutes_ago, CoverageState.BLOCKED, **more)


def test_a_source_without_a_wall_is_not_paused():
    assert pause_of([], "site") is None
    assert pause_of([row(1, CoverageState.OK), row(5, CoverageState.FAILED)], "site") is None


def test_a_wall_pauses_its_source_and_no_other():
    pause = pause_of([wall(10)], "site")
    assert pause is not None
    assert (pause.reason, pause.until) == ("captcha", NOON - 10 * MINUTE + FIRST)
    assert pause_of([wall(10, source="other")], "site") is None


def test_each_further_wall_doubles_the_pause_up_to_a_day():
    walls = [wall(100 * n) for n in range(1, 12)]
    lengths = []
    for number in range(1, 12):
        pause = pause_of(walls[-number:], "site")
        assert pause is not None
        lengths.append(pause.until - walls[-number:][0].observed_at)
    assert lengths[:3] == [FIRST, 2 * FIRST, 4 * FIRST]
    assert lengths[-1] == LONGEST


def test_a_run_that_got_through_ends_the_count():
    rows = [wall(500), wall(400), row(300, CoverageState.OK), wall(200)]
    pause = pause_of(rows, "site")
    assert pause is not None
    assert pause.until == NOON - 200 * MINUTE + FIRST
    assert pause_of([*rows, row(100, CoverageState.EMPTY)], "site") is None


def test_several_entries_of_one_run_are_one_wall():
    rows = [wall(10, run="a"), wall(10, run="a"), row(10, CoverageState.OK, run="a")]
    pause = pause_of(rows, "site")
    assert pause is not None
    assert pause.until == NOON - 10 * MINUTE + FIRST


def test_entries_written_during_a_pause_do_not_prolong_it():
    pause = pause_of([wall(20), wall(5, run="paused-20261120T035500")], "site")
    assert pause is not None
    assert pause.until == NOON - 20 * MINUTE + FIRST


def test_a_login_opens_what_asked_for_one_before_and_nothing_else():
    wanted = replace(wall(10), reason="login_wall")
    for reason, opened in (("login_wall", True), ("visitor", True), ("captcha", False)):
        assert is_opened(replace(wanted, reason=reason), NOON) is opened
    assert not is_opened(wanted, None)
    assert not is_opened(wanted, NOON - 20 * MINUTE), "it asked for another one since"
    assert not is_opened(row(10, CoverageState.OK), NOON)
