"""Tests of crawlers/plan.py."""

from dataclasses import replace
from datetime import timedelta

import pytest

from crawlers.plan import NOTHING, Outcome, Part, Plan, Series, Split, Tally, coverage_rows
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


DAY = Window(NOON - 27 * HOUR, NOON - 3 * HOUR, backfill=True)
"""What came to the ceiling in the tests below."""


def ago(hours: float):
    return NOON - hours * HOUR


def hours_of(start: float, end: float) -> tuple[Part, ...]:
    """Parts of an hour each, newest first; `start` and `end` in hours before NOON."""
    return tuple(Part(ago(n + 1), ago(n), f"part-{n}") for n in range(int(end), int(start)))


CEILING = Outcome(CoverageState.PARTIAL, "result_ceiling", SOME)
OK = Outcome.seen(SOME)


def ledger(plan: Plan, outcomes: dict[int, Outcome]) -> list[tuple[float, float, str, int]]:
    """(start, end, state, found) of the entries, in hours before NOON."""
    return [
        (
            (NOON - row.window_start) / HOUR,
            (NOON - row.window_end) / HOUR,
            row.state.value,
            row.found,
        )
        for row in coverage_rows(plan, outcomes, STOP, run=RUN, now=NOON)
    ]


def test_a_ranked_list_that_was_cut_off_speaks_for_nothing_and_its_hours_for_themselves():
    plan = Plan((DAY,), (Series("a", (0,), "u"),)).after(0, Split(hours_of(27, 3), SOME))
    assert len(plan.series) == 25
    assert plan.span(1) == (ago(4), ago(3))
    outcomes = dict.fromkeys(range(25), OK) | {10: CEILING}
    assert ledger(plan, outcomes) == [
        (12, 3, "ok", 20 * 10),
        (13, 12, "partial", 20),
        (27, 13, "ok", 20 * 14),
    ]


def test_a_list_by_time_that_was_cut_off_speaks_for_what_it_showed():
    split = Split(hours_of(3, 1), SOME, seen_since=ago(1))
    plan = Plan((FRESH,), (Series("a", (0,), "u"),)).after(0, split)
    assert ledger(plan, {0: split.outcome, 1: OK, 2: OK}) == [(3, 0, "ok", 60)]
    assert ledger(plan, {0: split.outcome, 1: OK}) == [(2, 0, "ok", 40), (3, 2, "failed", 0)]


def test_an_hour_is_seen_when_every_query_saw_it_however_each_was_cut():
    plan = Plan((DAY,), (Series("a", (0,), "u"), Series("b", (0,), "v")))
    one = plan.after(0, Split(hours_of(27, 3), SOME))
    both = one.after(1, Split((Part(ago(27), ago(15), "x"), Part(ago(15), ago(3), "y")), SOME))
    hours = dict.fromkeys(range(26), OK)
    assert ledger(one, hours) == [(27, 3, "ok", 20 * 26)]
    halves = hours | {26: CEILING, 27: OK}
    assert ledger(both, halves) == [(15, 3, "ok", 20 * 15), (27, 15, "partial", 20 * 13)]


def test_a_part_that_is_cut_off_again_is_split_again():
    halves = (Part(ago(27), ago(15), "x"), Part(ago(15), ago(3), "y"))
    plan = Plan((DAY,), (Series("a", (0,), "u"),)).after(0, Split(halves, SOME))
    again = plan.after(1, Split(hours_of(27, 15), SOME))
    ends = dict.fromkeys(range(len(again.series)), OK) | {2: OK, len(again.series) - 1: CEILING}
    assert ledger(again, ends) == [(26, 3, "ok", 20 * 14), (27, 26, "partial", 20)]


def test_a_split_is_the_same_after_it_was_written_down():
    split = Split(hours_of(27, 3), SOME, seen_since=ago(5))
    assert Split.from_json(split.to_json()) == split
