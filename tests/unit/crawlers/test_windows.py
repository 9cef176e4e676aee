"""Tests of crawlers/windows.py."""

import itertools
from datetime import timedelta

from crawlers.windows import FRESH, OVERLAP, Window, by_day, by_hour, last_look, plan_windows
from domain.coverage import CoverageRow, CoverageState, is_known, known_intervals
from domain.mention import Platform
from tests.fakes import NOON

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def row(start: timedelta, end: timedelta, state: CoverageState = CoverageState.OK) -> CoverageRow:
    """An entry for a window so long ago."""
    return CoverageRow(
        watch_id="tea",
        source_id="site",
        platform=Platform.WEIBO,
        window_start=NOON - start,
        window_end=NOON - end,
        observed_at=NOON - end,
        state=state,
        run_id="run",
    )


def test_the_first_run_looks_at_the_newest_hours_and_then_at_history():
    assert plan_windows([], now=NOON, backfill=7 * DAY) == (
        Window(NOON - FRESH, NOON),
        Window(NOON - 7 * DAY, NOON - FRESH, backfill=True),
    )


def test_a_run_begins_an_overlap_before_the_last_one_ended():
    rows = [row(8 * DAY, 15 * timedelta(minutes=1))]
    (window,) = plan_windows(rows, now=NOON, backfill=7 * DAY)
    assert window == Window(NOON - timedelta(minutes=15) - OVERLAP, NOON)


def test_after_a_long_silence_the_gap_is_history():
    rows = [row(8 * DAY, 20 * HOUR)]
    fresh, gap = plan_windows(rows, now=NOON, backfill=7 * DAY)
    assert fresh == Window(NOON - FRESH, NOON)
    assert gap == Window(NOON - 20 * HOUR - OVERLAP, NOON - FRESH, backfill=True)


def test_a_blocked_or_failed_look_leaves_its_span_open_and_a_partial_one_does_not():
    done = [row(8 * DAY, 5 * DAY), row(4 * DAY, 3 * HOUR), row(3 * HOUR, timedelta(0))]
    for state, windows in (
        (CoverageState.BLOCKED, 2),
        (CoverageState.FAILED, 2),
        (CoverageState.PARTIAL, 1),
        (CoverageState.EMPTY, 1),
    ):
        planned = plan_windows([*done, row(5 * DAY, 4 * DAY, state)], now=NOON, backfill=7 * DAY)
        assert len(planned) == windows, state


def test_whatever_was_seen_before_the_plan_closes_every_gap():
    rows = [row(6 * DAY, 5 * DAY), row(3 * DAY, 2 * DAY)]
    planned = plan_windows(rows, now=NOON, backfill=7 * DAY)
    filled = [*rows, *(row(NOON - w.start, NOON - w.end) for w in planned)]
    assert is_known(known_intervals(filled), NOON - 7 * DAY, NOON)
    assert all(window.start < window.end for window in planned)


def test_days_are_cut_at_midnight_in_china_and_fit_together():
    window = Window(NOON - 2 * DAY - HOUR, NOON - FRESH, backfill=True)
    days = list(by_day(window))
    assert days[0].end == window.end
    assert days[-1].start == window.start
    assert all(later.start == earlier.end for later, earlier in itertools.pairwise(days))
    assert all(day.start.hour == 16 for day in days[:-1])  # 00:00 in China
    assert all(day.backfill for day in days)


def test_hours_are_cut_at_the_full_hour():
    half = timedelta(minutes=30)
    window = Window(NOON - 2 * HOUR - half, NOON + half)
    cut = [(hour.start, hour.end) for hour in by_hour(window)]
    assert cut == [
        (NOON, NOON + half),
        (NOON - HOUR, NOON),
        (NOON - 2 * HOUR, NOON - HOUR),
        (NOON - 2 * HOUR - half, NOON - 2 * HOUR),
    ]
    assert list(by_hour(Window(NOON, NOON))) == []


def test_the_last_complete_look_at_the_present_counts_neither_history_nor_failures():
    rows = [
        row(2 * HOUR, HOUR),
        row(HOUR, timedelta(0), CoverageState.BLOCKED),
        row(HOUR, timedelta(0), CoverageState.PARTIAL),
    ]
    assert last_look(rows) == NOON - HOUR
    assert last_look([]) is None
