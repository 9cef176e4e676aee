"""monitoring/sight.py: what was looked at, what was not, and what only is not there yet."""

from dataclasses import replace
from datetime import timedelta

from domain.brand import Brand, Configuration, Source, Transport, Watch
from domain.coverage import CoverageRow, CoverageState
from domain.mention import Platform
from monitoring.sight import Gap, Sight
from tests.fakes import NOON

HOUR = timedelta(hours=1)
WATCH = Watch("w", "方案", ("cha",), ("云栈",), ("weibo", "tieba"))
CONFIGURATION = Configuration(
    brands=(Brand("cha", "云栈"),),
    watches=(WATCH,),
    sources=(
        Source("weibo", "weibo_search", Platform.WEIBO, Transport.HTTP, "https://s.weibo.com/"),
        Source("tieba", "tieba_search", Platform.TIEBA, Transport.HTTP, "https://tieba.baidu.com/"),
    ),
)


def a_look(platform, start, end, state=CoverageState.OK, reason="", observed=None):
    return CoverageRow(
        watch_id="w",
        source_id=platform.value,
        platform=platform,
        window_start=start,
        window_end=end,
        observed_at=observed or end,
        state=state,
        run_id="run",
        reason=reason,
    )


def sight_of(*rows):
    return Sight(rows, CONFIGURATION, (WATCH,), NOON)


def both(start, end):
    return [a_look(platform, start, end) for platform in (Platform.WEIBO, Platform.TIEBA)]


def test_all_is_known_when_all_was_read():
    sight = sight_of(*both(NOON - 6 * HOUR, NOON))
    assert sight.is_known(NOON - 6 * HOUR, NOON)
    assert sight.gaps(NOON - 6 * HOUR, NOON) == ()
    assert sight.late == ()
    assert not sight.is_blind
    assert sight.data_until == NOON


def test_the_minutes_since_the_last_look_are_no_gap():
    sight = sight_of(*both(NOON - 6 * HOUR, NOON - timedelta(minutes=10)))
    assert sight.is_known(NOON - HOUR, NOON)
    assert sight.gaps(NOON - HOUR, NOON) == ()


def test_a_source_that_stopped_is_late_and_its_silence_is_a_gap():
    sight = sight_of(
        a_look(Platform.WEIBO, NOON - 6 * HOUR, NOON),
        a_look(Platform.TIEBA, NOON - 6 * HOUR, NOON - 2 * HOUR),
    )
    assert sight.late == (Platform.TIEBA,)
    assert not sight.is_blind
    assert sight.gaps(NOON - 6 * HOUR, NOON) == (Gap(Platform.TIEBA, NOON - 2 * HOUR, NOON, ""),)
    assert not sight.is_known(NOON - HOUR, NOON)


def test_a_range_of_the_past_that_was_read_since_does_not_hide_that_a_source_stopped():
    stopped = both(NOON - 9 * HOUR, NOON - 4 * HOUR)
    read = a_look(Platform.WEIBO, NOON - 30 * HOUR, NOON - 9 * HOUR, observed=NOON)
    sight = sight_of(*stopped, replace(read, backfill=True))
    assert sight.late == (Platform.WEIBO, Platform.TIEBA)
    assert sight.is_blind
    assert sight.data_until == NOON - 4 * HOUR
    # and it is known all the same
    assert sight.gaps(NOON - 30 * HOUR, NOON - 9 * HOUR) == ()


def test_a_failed_look_is_a_gap_with_its_reason():
    sight = sight_of(
        a_look(Platform.WEIBO, NOON - 6 * HOUR, NOON),
        a_look(Platform.TIEBA, NOON - 6 * HOUR, NOON - 3 * HOUR),
        a_look(Platform.TIEBA, NOON - 3 * HOUR, NOON - HOUR, CoverageState.BLOCKED, "login_wall"),
        a_look(Platform.TIEBA, NOON - HOUR, NOON),
    )
    gaps = sight.gaps(NOON - 6 * HOUR, NOON)
    assert gaps == (Gap(Platform.TIEBA, NOON - 3 * HOUR, NOON - HOUR, "login_wall"),)
    assert gaps[0].hours == 2


def test_a_hot_list_that_was_read_hides_no_gap_of_the_search():
    rows = (a_look(Platform.WEIBO, NOON - 2 * HOUR, NOON, CoverageState.FAILED, "timeout"),)
    read = replace(a_look(Platform.WEIBO, NOON - 2 * HOUR, NOON), supplement=True)
    assert sight_of(*rows, read).gaps(NOON - 2 * HOUR, NOON) == sight_of(*rows).gaps(
        NOON - 2 * HOUR, NOON
    )
    assert not sight_of(*rows, read).is_known(NOON - 2 * HOUR, NOON)


def test_nothing_read_at_all_is_blind_and_never_known():
    sight = sight_of()
    assert sight.is_blind
    assert sight.data_until is None
    assert not sight.is_known(NOON - HOUR, NOON)
    assert {gap.reason for gap in sight.gaps(NOON - HOUR, NOON)} == {"never_crawled"}


def test_time_before_a_platform_was_watched_is_no_hole_in_it():
    rows = [
        a_look(Platform.WEIBO, NOON - 6 * HOUR, NOON),
        a_look(Platform.TIEBA, NOON - 2 * HOUR, NOON),
    ]
    assert sight_of(*rows).gaps(NOON - 6 * HOUR, NOON) == ()


def test_a_range_that_begins_before_the_watch_moves_its_beginning_not():
    """Between the range and the watch's own beginning nobody was to look: that is no gap."""
    looked = both(NOON - 9 * HOUR, NOON)
    read = a_look(Platform.WEIBO, NOON - 90 * HOUR, NOON - 60 * HOUR, observed=NOON)
    failed = a_look(
        Platform.WEIBO, NOON - 60 * HOUR, NOON - 50 * HOUR, CoverageState.BLOCKED, "captcha", NOON
    )
    ranges = [replace(row, backfill=True, run_id="range") for row in (read, failed)]
    sight = sight_of(*looked, *ranges)
    assert sight.gaps(NOON - 99 * HOUR, NOON) == ()
    assert sight.is_known(NOON - 9 * HOUR, NOON)


def test_what_the_first_look_did_not_reach_of_its_own_history_stays_a_gap():
    present = both(NOON - 3 * HOUR, NOON)
    unread = a_look(
        Platform.WEIBO, NOON - 30 * HOUR, NOON - 3 * HOUR, CoverageState.PARTIAL, "result_ceiling"
    )
    sight = sight_of(*present, replace(unread, backfill=True))
    assert sight.gaps(NOON - 99 * HOUR, NOON) == (
        Gap(Platform.WEIBO, NOON - 30 * HOUR, NOON - 3 * HOUR, "result_ceiling"),
    )
