"""monitoring/series.py: what is known of an hour when several watches look, each since its day."""

from datetime import timedelta

from domain.brand import Watch
from domain.coverage import CoverageRow, CoverageState, looking_began
from domain.mention import Platform
from monitoring.series import Coverage
from tests.fakes import NOON

HOUR = timedelta(hours=1)
OLD = Watch("old", "老方案", ("cha",), ("云栈",), ("weibo",))
NEW = Watch("new", "新方案", ("cha",), ("云栈奶茶",), ("weibo",))


def a_look(watch, start, end, *, run="run", backfill=False, state=CoverageState.OK):
    """A look at a span, in hours before NOON."""
    return CoverageRow(
        watch_id=watch.id,
        source_id="weibo",
        platform=Platform.WEIBO,
        window_start=NOON - start * HOUR,
        window_end=NOON - end * HOUR,
        observed_at=NOON,
        state=state,
        run_id=run,
        backfill=backfill,
    )


def known(rows, start, end):
    coverage = Coverage(rows, (OLD, NEW))
    return coverage.is_known((Platform.WEIBO,), NOON - start * HOUR, NOON - end * HOUR)


LOOKED = [a_look(OLD, 90, 0), a_look(NEW, 9, 0)]
RANGE = [
    a_look(NEW, 80, 70, run="range", backfill=True),
    a_look(NEW, 70, 60, run="range", backfill=True, state=CoverageState.BLOCKED),
]


def test_a_range_that_one_watch_reads_takes_no_hour_of_the_others_away():
    for rows in (LOOKED, LOOKED + RANGE):
        assert known(rows, 90, 80)
        assert known(rows, 80, 70)
        assert known(rows, 70, 60)  # the wall stood before the other watch's history
        assert known(rows, 30, 20)  # between the range and its own beginning
        assert known(rows, 5, 4)


def test_hours_that_a_range_alone_read_are_known():
    alone = [a_look(NEW, 9, 0), *RANGE]
    assert known(alone, 80, 70)
    assert not known(alone, 70, 60)
    assert not known(alone, 30, 20)


def test_a_watch_that_has_begun_is_asked_for_every_hour():
    assert not known([a_look(OLD, 90, 0), a_look(NEW, 9, 6), a_look(NEW, 3, 0)], 5, 4)


def test_looking_began_with_the_history_of_the_first_run_or_with_a_range_where_there_is_no_more():
    first = [a_look(NEW, 3, 0, run="1"), a_look(NEW, 30, 3, run="1", backfill=True)]
    assert looking_began([*first, *RANGE]) == NOON - 30 * HOUR
    assert looking_began(RANGE) == NOON - 80 * HOUR
