"""Tests of crawlers/plan.py."""

from dataclasses import replace
from datetime import timedelta

import pytest

from crawlers.plan import NOTHING, Outcome, Plan, Series, Tally, coverage_rows
from crawlers.windows import Window
from domain.coverage import CoverageState, run_result
from domain.crawl import CrawlRun
from domain.mention import Platform
from tests.fakes import NOON

HOUR = timedelta(hours=1)
FRESH = Window(NOON - 3 * HOUR, NOON)
OLD = Window(NOON - 24 * HOUR, NOON - 3 * HOUR, backfill=True)
STOP = Outcome(CoverageState.FAILED, "timeout")
SOME = Tally(2, 20, 10, 5, NOON - HOUR)
RUN = CrawlRun(
    id="run-1",
    lineage="run-1",
    spider="weibo_search",
    watch_id="tea",
    source_id="site",
    platform=Platform.WEIBO,
    window_start=OLD.start,
    window_end=NOON,
    started_at=NOON,
    heartbeat_at=NOON,
)


def rows(
    plan: Plan, outcomes: dict[int, Outcome], stop: Outcome = STOP
) -> list[tuple[object, ...]]:
    """(start, state, reason, found) of the entries."""
    return [
        (row.window_start, row.state, row.reason, row.found)
        for row in coverage_rows(plan, outcomes, stop, run=RUN, now=NOON)
    ]


BY_WINDOW = Plan((FRESH, OLD), (Series("a", (0,), "u"), Series("a", (1,), "v")))
TOGETHER = Plan((FRESH, OLD), (Series("a", (0, 1), "u"),))
TWO_QUERIES = Plan((FRESH,), (Series("a", (0,), "u"), Series("b", (0,), "v")))


def test_each_window_says_how_its_own_series_ended():
    assert rows(BY_WINDOW, {0: Outcome.seen(SOME), 1: Outcome.seen(NOTHING)}) == [
        (FRESH.start, CoverageState.OK, "", 20),
        (OLD.start, CoverageState.EMPTY, "", 0),
    ]


def test_a_series_that_was_not_reached_shares_the_reason_why_the_run_stopped():
    blocked = Outcome(CoverageState.BLOCKED, "login_wall")
    assert rows(BY_WINDOW, {0: Outcome.seen(SOME)}, blocked)[1] == (
        OLD.start,
        CoverageState.BLOCKED,
        "login_wall",
        0,
    )


def test_the_entries_of_a_supplement_say_so():
    plan = replace(BY_WINDOW, supplement=True)
    outcomes = {0: Outcome.seen(SOME)}
    made = coverage_rows(plan, outcomes, STOP, run=RUN, now=NOON)
    assert [row.supplement for row in made] == [True, True]
    assert Plan.from_json(plan.to_json()) == plan
    old = plan.to_json()
    del old["supplement"]
    assert not Plan.from_json(old).supplement


def test_a_series_over_several_windows_is_counted_once():
    found = [row[3] for row in rows(TOGETHER, {0: Outcome.seen(SOME)})]
    assert found == [20, 0]


@pytest.mark.parametrize(
    ("one", "other", "state"),
    [
        (Outcome.seen(SOME), Outcome.seen(NOTHING), CoverageState.OK),
        (Outcome.seen(NOTHING), Outcome.seen(NOTHING), CoverageState.EMPTY),
        (Outcome.seen(SOME), Outcome(CoverageState.PARTIAL, "x"), CoverageState.PARTIAL),
        (Outcome(CoverageState.PARTIAL, "x"), STOP, CoverageState.FAILED),
        (STOP, Outcome(CoverageState.BLOCKED, "captcha"), CoverageState.BLOCKED),
    ],
)
def test_the_worst_query_speaks_for_the_window(one, other, state):
    assert rows(TWO_QUERIES, {0: one, 1: other})[0][1] is state
    assert rows(TWO_QUERIES, {0: other, 1: one})[0][1] is state


def test_above_a_ceiling_the_window_is_ok_and_below_it_is_partial():
    ceiling = Outcome(CoverageState.PARTIAL, "result_ceiling", SOME, complete_since=NOON - HOUR)
    assert rows(TWO_QUERIES, {0: ceiling, 1: Outcome.seen(SOME)}) == [
        (FRESH.start, CoverageState.PARTIAL, "result_ceiling", 0),
        (NOON - HOUR, CoverageState.OK, "", 40),
    ]


def test_a_ceiling_of_unknown_depth_makes_the_whole_window_partial():
    ceiling = Outcome(CoverageState.PARTIAL, "result_ceiling", SOME)
    assert rows(TWO_QUERIES, {0: ceiling, 1: Outcome.seen(SOME)})[0][1] is CoverageState.PARTIAL
    at_end = Outcome(CoverageState.PARTIAL, "result_ceiling", SOME, complete_since=NOON)
    assert [row[1] for row in rows(TWO_QUERIES, {0: at_end, 1: at_end})] == [CoverageState.PARTIAL]


def test_a_ceiling_in_the_newest_window_leaves_history_unseen_and_the_run_partial():
    ceiling = Outcome(CoverageState.PARTIAL, "result_ceiling", SOME, complete_since=NOON - HOUR)
    entries = coverage_rows(TOGETHER, {0: ceiling}, STOP, run=RUN, now=NOON)
    assert [(row.state, row.backfill) for row in entries] == [
        (CoverageState.PARTIAL, False),
        (CoverageState.OK, False),
        (CoverageState.PARTIAL, True),
    ]
    assert run_result(entries) == (CoverageState.PARTIAL, "result_ceiling")


def test_plan_tally_and_outcome_survive_json():
    plan = Plan((FRESH, OLD), (Series("奶茶", (0, 1), "http://x/?q=1"),), known_before=NOON)
    assert Plan.from_json(plan.to_json()) == plan
    for outcome in (STOP, Outcome(CoverageState.PARTIAL, "r", SOME, NOON), Outcome.seen(NOTHING)):
        assert Outcome.from_json(outcome.to_json()) == outcome


def test_tallies_add_up_and_keep_the_oldest_time():
    assert SOME.plus(Tally(1, 1, 1, 1, NOON)) == Tally(3, 21, 11, 6, NOON - HOUR)
    assert NOTHING.plus(SOME) == SOME
