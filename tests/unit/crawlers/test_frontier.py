"""Tests of crawlers/frontier.py, on the real workflow database and archive."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from crawlers.frontier import (
    STALE_AFTER,
    AlreadyRunning,
    Frontier,
    PageRequest,
    begin,
    is_alive,
    new_run_id,
)
from crawlers.plan import NOTHING, Outcome, Part, Plan, Series, Split, Tally
from crawlers.windows import Window
from domain.brand import Source, Transport, Watch
from domain.coverage import CoverageRow, CoverageState, Interval
from domain.crawl import FrontierEntry, FrontierState
from domain.mention import Platform
from domain.ports import BeginWork
from storage.archive import FilePageArchive
from storage.sql.database import begin_work
from tests.fakes import FixedClock
from tests.fixtures.databases import new_workflow_database

WATCH = Watch("tea", "奶茶", ("tea",), ("奶茶", "茶"), ("site",))
SOURCE = Source("site", "weibo_search", Platform.WEIBO, Transport.HTTP, "http://127.0.0.1:1")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SOME = Tally(1, 10, 5, 5)


def two_series(rows: Sequence[CoverageRow], now: datetime) -> Plan:
    """Two queries for the newest hours."""
    series = (Series("奶茶", (0,), "http://x/1"), Series("茶", (0,), "http://x/2"))
    return Plan((Window(now - 3 * HOUR, now),), series)


class Bench:
    """A database, an archive, a clock, and how to begin on them."""

    def __init__(self, work: BeginWork, archive: FilePageArchive, clock: FixedClock) -> None:
        self.work = work
        self.archive = archive
        self.clock = clock
        self.runs = 0

    def begin(self, past: Interval | None = None) -> Frontier:
        """Begin, or take over, as a process of another machine would."""
        self.runs += 1

        def of_the_past(rows: Sequence[CoverageRow], now: datetime) -> Plan:
            assert past is not None
            series = (Series("奶茶", (0,), "http://x/old"),)
            return Plan((Window(past.start, past.end, backfill=True),), series)

        return begin(
            self.work,
            self.archive,
            self.clock,
            watch=WATCH,
            source=SOURCE,
            run_id=f"run-{self.runs}",
            make_plan=of_the_past if past else two_series,
            past=past,
        )

    def after_a_crash(self) -> Frontier:
        """The process is gone and its last sign of life is old."""
        self.clock.forward(STALE_AFTER + timedelta(seconds=1))
        return self.begin()

    def ledger(self) -> list[CoverageRow]:
        """Every entry."""
        now = self.clock.now()
        with self.work() as work:
            return work.coverage.rows(["tea"], start=now - timedelta(days=30), end=now)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    engine = new_workflow_database(tmp_path / "work.sqlite")
    clock = FixedClock()
    yield Bench(begin_work(engine), FilePageArchive(tmp_path / "pages", clock), clock)
    engine.dispose()


def urls(entries: Sequence[FrontierEntry]) -> list[str]:
    return [Frontier.request_of(entry).url for entry in entries]


def second_page(entry: FrontierEntry, tally: Tally = SOME) -> PageRequest:
    request = Frontier.request_of(entry)
    return PageRequest(request.series, request.url + "?page=2", page=2, tally=tally)


def test_a_run_begins_with_the_first_page_of_each_series(bench):
    frontier = bench.begin()
    assert urls(frontier.to_do()) == ["http://x/1", "http://x/2"]
    assert not frontier.resumed


def test_a_run_that_gave_a_sign_of_life_is_not_taken_over(bench):
    bench.begin()
    bench.clock.forward(STALE_AFTER)
    with pytest.raises(AlreadyRunning):
        bench.begin()


def test_a_beat_keeps_a_run_alive(bench):
    frontier = bench.begin()
    bench.clock.forward(timedelta(seconds=50))
    frontier.beat()
    bench.clock.forward(timedelta(seconds=50))
    with pytest.raises(AlreadyRunning):
        bench.begin()


LAST_WEEK = Interval(FixedClock().now() - 9 * DAY, FixedClock().now() - 7 * DAY)


def test_the_past_and_the_present_neither_hinder_nor_continue_each_other(bench):
    present = bench.begin()
    past = bench.begin(LAST_WEEK)  # both are alive
    assert (past.run.backfill, past.resumed) == (True, False)
    with pytest.raises(AlreadyRunning):
        bench.begin(LAST_WEEK)
    bench.clock.forward(STALE_AFTER + timedelta(seconds=1))
    assert bench.begin().run.lineage == present.run.lineage
    assert bench.begin(LAST_WEEK).run.lineage == past.run.lineage


def test_another_range_gives_up_the_one_that_died(bench):
    died = bench.begin(LAST_WEEK)
    bench.clock.forward(STALE_AFTER + timedelta(seconds=1))
    other = bench.begin(Interval(LAST_WEEK.start, LAST_WEEK.start + DAY))
    assert not other.resumed
    with bench.work() as work:
        run = work.crawls.run(died.run.id)
        left = work.crawls.frontier(died.run.lineage, FrontierState)
    assert (run.state, run.reason) == (CoverageState.FAILED, "killed")
    assert left == []


def test_a_range_is_history_in_the_ledger_and_no_look_at_the_present(bench):
    bench.begin(LAST_WEEK).close(Outcome(CoverageState.PARTIAL, "result_ceiling"))
    (row,) = bench.ledger()
    assert (row.window_start, row.window_end) == (LAST_WEEK.start, LAST_WEEK.end)
    assert (row.backfill, row.state) == (True, CoverageState.PARTIAL)
    with bench.work() as work:
        assert work.coverage.latest() == []


def test_a_series_of_which_nothing_is_left_is_skipped_with_what_it_brought(bench):
    frontier = bench.begin()
    entry = frontier.fetched(frontier.to_do()[0], b"1", url="http://x/1", status=200)
    following = frontier.advance(entry, second_page(entry))
    frontier.fetched(following, b"2", url="http://x/1?page=2", status=200)
    after = bench.after_a_crash()
    assert after.skip(0)
    assert not after.skip(0)
    assert urls(after.to_do()) == ["http://x/2"]
    (other,) = after.to_do()
    after.advance(other, Outcome.seen(NOTHING))
    run = after.close(None)
    assert (run.state, run.reason, run.found) == (CoverageState.OK, "", SOME.found)


def test_a_page_killed_before_it_was_fetched_is_asked_again(bench):
    bench.begin()
    after = bench.after_a_crash()
    assert after.resumed
    assert urls(after.to_do()) == ["http://x/1", "http://x/2"]


def test_a_page_killed_after_it_was_fetched_is_read_from_the_archive_first(bench):
    frontier = bench.begin()
    entry = frontier.to_do()[1]
    frontier.fetched(entry, b"body", url="http://x/2#end", status=200)
    after = bench.after_a_crash()
    first, second = after.to_do()
    assert (first.state, second.state) == (FrontierState.FETCHED, FrontierState.WAITING)
    assert (after.body(first), first.url, first.status) == (b"body", "http://x/2#end", 200)
    assert first.fetched_at is not None


def test_what_follows_a_page_is_there_when_the_page_is_done(bench):
    frontier = bench.begin()
    entry = frontier.fetched(frontier.to_do()[0], b"1", url="http://x/1", status=200)
    following = frontier.advance(entry, second_page(entry))
    assert following is not None
    after = bench.after_a_crash()
    assert urls(after.to_do()) == ["http://x/2", "http://x/1?page=2"]
    assert after.request_of(after.to_do()[1]).tally == SOME


def test_advancing_twice_pushes_once(bench):
    frontier = bench.begin()
    entry = frontier.fetched(frontier.to_do()[0], b"1", url="http://x/1", status=200)
    frontier.advance(entry, second_page(entry))
    frontier.advance(entry, second_page(entry))
    assert len(frontier.to_do()) == 2


def test_the_outcome_of_a_series_survives_and_the_ledger_has_its_figures(bench):
    frontier = bench.begin()
    first, _ = frontier.to_do()
    frontier.advance(first, Outcome.seen(SOME))
    after = bench.after_a_crash()
    (left,) = after.to_do()
    after.advance(left, Outcome.seen(NOTHING))
    run = after.close(None)
    assert (run.state, run.found, run.matched) == (CoverageState.OK, 10, 5)
    (row,) = bench.ledger()
    assert (row.state, row.found, row.run_id) == (CoverageState.OK, 10, "run-2")


def test_a_crash_between_the_last_page_and_the_ledger_is_taken_over_too(bench):
    frontier = bench.begin()
    for entry in frontier.to_do():
        frontier.advance(entry, Outcome.seen(SOME))
    after = bench.after_a_crash()
    assert after.resumed
    assert after.to_do() == []
    assert after.close(None).found == 20


def test_the_dead_run_is_noted_as_killed(bench):
    bench.begin()
    bench.after_a_crash()
    with bench.work() as work:
        dead = work.crawls.run("run-1")
    assert dead is not None
    assert (dead.state, dead.reason) == (CoverageState.FAILED, "killed")
    assert dead.ended_at is not None


def test_after_the_end_nothing_is_left_to_take_over(bench):
    frontier = bench.begin()
    for entry in frontier.to_do():
        frontier.advance(entry, Outcome.seen(SOME))
    frontier.close(None)
    assert not bench.begin().resumed


def test_a_wall_blocks_what_was_not_seen_and_keeps_the_figures_of_its_own_series(bench):
    frontier = bench.begin()
    first, _ = frontier.to_do()
    frontier.advance(first, Outcome.seen(SOME))
    wall = Outcome(CoverageState.BLOCKED, "captcha", Tally(1, 3, 3, 3))
    run = frontier.close(wall, series=1)
    assert (run.state, run.reason, run.found) == (CoverageState.BLOCKED, "captcha", 13)


def test_an_end_that_nobody_declared_is_a_failure_never_ok(bench):
    run = bench.begin().close(None)
    assert (run.state, run.reason) == (CoverageState.FAILED, "internal_error")


def test_an_abandoned_run_is_in_the_ledger_and_can_be_taken_over_at_once(bench):
    frontier = bench.begin()
    frontier.fetched(frontier.to_do()[0], b"1", url="http://x/1", status=200)
    frontier.abandon("store_unavailable")
    assert bench.ledger()[0].reason == "store_unavailable"
    after = bench.begin()
    assert after.resumed
    assert after.to_do()[0].state is FrontierState.FETCHED


def test_a_captured_reply_can_be_read_again_but_the_search_is_still_to_be_asked(bench):
    frontier = bench.begin()
    reply = PageRequest(0, "http://x/api?offset=0", page=1, captured=True)
    frontier.captured(reply, b"{}", url=reply.url, status=200)
    entries = bench.after_a_crash().to_do()
    assert urls(entries) == ["http://x/api?offset=0", "http://x/1", "http://x/2"]


def test_a_run_of_this_machine_whose_process_is_gone_is_dead_at_once(bench):
    now = bench.clock.now()
    run = bench.begin().run
    here = new_run_id(now)
    host = here.split("-", 2)[2].rsplit("-", 2)[0]
    alive, gone = here, f"run-20261120T040000-{host}-{2**22 + 1}-abcdef"
    elsewhere = "run-20261120T040000-another-1-abcdef"
    for run_id, expected in ((alive, True), (gone, False), (elsewhere, True)):
        assert is_alive(replace(run, id=run_id), now) is expected, run_id


def test_a_split_series_goes_on_in_its_parts_after_a_crash(bench: Bench) -> None:
    frontier = bench.begin()
    now = bench.clock.now()
    entry, other = frontier.to_do()
    parts = tuple(
        Part(now - (n + 1) * HOUR, now - n * HOUR, f"http://x/part-{n}") for n in range(3)
    )
    first = frontier.split(entry, Split(parts, SOME))
    assert [frontier.request_of(each).url for each in first] == [part.url for part in parts]
    frontier.advance(other, Outcome.seen(SOME))
    frontier.advance(first[0], Outcome.seen(SOME))
    taken_over = bench.after_a_crash()
    assert taken_over.plan == frontier.plan
    left = taken_over.to_do()
    assert [taken_over.request_of(each).url for each in left] == [
        "http://x/part-1",
        "http://x/part-2",
    ]
    taken_over.advance(left[0], Outcome.seen(SOME))
    taken_over.advance(left[1], Outcome(CoverageState.PARTIAL, "result_ceiling", SOME))
    taken_over.close(None)
    ended = [(now - row.window_start, now - row.window_end, row.state) for row in bench.ledger()]
    assert sorted(ended) == [
        (2 * HOUR, 0 * HOUR, CoverageState.OK),
        (3 * HOUR, 2 * HOUR, CoverageState.PARTIAL),
    ]
