"""Ingest while the mention store is away: nothing lost, nothing twice, no gap taken for calm."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from crawlers.windows import plan_windows
from delivery.render import render_alert
from domain.coverage import CoverageState
from domain.crawl import SightingOutcome
from domain.errors import StoreUnavailable, Text
from domain.signal import Outcome as Verdict
from monitoring.detect import Detector
from monitoring.spooling import PAUSE, Drained
from storage.sql.database import begin_work
from storage.sqlite.mentions import SqliteMentionStore
from tests.fakes import NOON, FixedClock, a_mention
from tests.fixtures.away import FickleStore
from tests.fixtures.databases import new_workflow_database
from tests.fixtures.spool_house import HOUR, MASKER, a_house, found
from tests.unit.monitoring.conftest import WATCH, WordScorer
from tests.unit.monitoring.test_detect import WEIBO, World


@pytest.fixture
def house(tmp_path, store, begin, scorer):
    return a_house(tmp_path / "one", FickleStore(store), begin, scorer, FixedClock(NOON))


def test_a_store_that_is_there_gets_everything_at_once(house):
    result = house.take(found("1"), found("2"))
    assert (result.new, result.spooled) == (2, 0)
    assert house.spool.is_empty()
    assert not house.spool._path.exists()


def test_a_store_that_is_away_costs_nothing_but_time(house):
    house.store.away = True
    result = house.take(found("1"), found("2"), found("3", "别处的茶", published_at=None))
    assert (result.found, result.matched, result.new, result.spooled) == (3, 2, 0, 2)
    assert [r.mention_id for r in result.refused] == ["weibo:3"]
    house.back()
    assert house.step.drain() == Drained(looks=1, new=2)
    stored = house.stored()
    assert set(stored) == {"weibo:1", "weibo:2"}
    assert stored["weibo:1"].collected_at == NOON
    with house.begin() as work:
        assert MASKER.unseal(work.sealed_names.get("weibo:1")) == "王小明"
        (sighting,) = work.crawls.sightings("weibo:1")
    assert sighting.outcome is SightingOutcome.STORED


def test_while_it_waits_the_trail_says_so(house):
    house.store.away = True
    house.take(found("1"), found("2", "别处的茶"))
    with house.begin() as work:
        (sighting,) = work.crawls.sightings("weibo:1")
        (standing,) = work.spooled.waiting()
    assert sighting.outcome is SightingOutcome.SPOOLED
    assert (standing.name, standing.looks, standing.mentions) == ("house-1", 1, 1)


def test_what_no_watch_takes_needs_no_store(house):
    house.store.away = True
    result = house.take(found("1", "别处的茶"))
    assert (result.found, result.matched, result.spooled) == (1, 0, 0)
    assert house.store.asked == 0
    assert house.waiting() == 0


def test_looks_at_one_mention_reach_the_store_in_order(house):
    house.store.away = True
    house.take(found("1", likes=3))
    house.store.away = False
    later = house.take(found("1", likes=90), at=NOON + HOUR)
    assert later.spooled == 1, "the pause after the outage is not over: it goes behind"
    house.back()
    house.take(found("1", likes=400), at=NOON + 2 * HOUR)
    mention = house.stored()["weibo:1"]
    assert [revision.likes for revision in mention.revisions] == [3, 90, 400]
    assert house.spool.is_empty()


def test_a_long_spool_is_left_to_the_service_and_the_new_look_goes_behind(house):
    house.store.away = True
    for number in range(25):
        house.take(found(str(number)), at=NOON + timedelta(seconds=number))
    house.back()
    assert house.take(found("99"), at=NOON + HOUR).spooled == 1
    assert len(house.stored()) == 20
    assert house.step.drain() == Drained(looks=6, new=6)
    assert len(house.stored()) == 26


def test_an_outage_is_not_waited_for_again_with_every_page(house):
    house.store.away = True
    for number in range(10):
        house.take(found(str(number)), at=NOON + timedelta(seconds=number))
    assert house.store.asked == 1
    house.clock.forward(PAUSE)
    house.take(found("77"))
    assert house.store.asked == 2


def test_a_drain_that_finds_the_store_away_leaves_everything(house):
    house.store.away = True
    house.take(found("1"))
    assert house.step.drain() == Drained(left=1, away=True)
    assert house.spool.state().waiting == house.waiting() == 1


def test_one_drains_at_a_time(house):
    house.store.away = True
    house.take(found("1"))
    house.back()
    with house.spool.draining():
        assert house.step.drain() == Drained(left=1, busy=True)
        assert house.take(found("2")).spooled == 1
    assert house.step.drain().looks == 2


def test_a_service_that_stops_leaves_the_rest_for_the_next(house):
    house.store.away = True
    house.take(found("1"))
    house.take(found("2"), at=NOON + HOUR)
    house.back()
    answers = iter([False, True])
    assert house.step.drain(stopping=lambda: next(answers)) == Drained(looks=1, new=1, left=1)


def test_a_full_spool_is_said_and_the_frontier_keeps_the_page(tmp_path, store, begin, scorer):
    house = a_house(
        tmp_path / "one", FickleStore(store, away=True), begin, scorer, FixedClock(), largest=100
    )
    with pytest.raises(StoreUnavailable, match="spool is full"):
        house.take(found("1"))
    assert house.waiting() == 0


def test_the_hours_of_a_spooled_crawl_are_partial_until_its_last_look_is_stored(house):
    house.store.away = True
    run = house.crawl([found("1"), found("2")], [found("3"), found("4", "别处的茶")]).go()
    assert (run.state, run.reason) == (CoverageState.PARTIAL, "spooled")
    assert house.ledger() == [("partial", "spooled", 4, 3, 0)]
    house.back()
    assert house.step.drain(limit=1).left == 1
    assert house.ledger() == [("partial", "spooled", 4, 3, 0)]
    house.step.drain()
    assert house.ledger() == [("ok", "", 4, 3, 3)]
    assert (house.run().state, house.run().reason, house.run().new) == (CoverageState.OK, "", 3)
    with house.begin() as work:
        assert work.spooled.debt("run-1") is None


def test_a_crawl_whose_looks_are_stored_before_it_ends_is_simply_ok(house):
    house.store.away = True
    crawl = house.crawl()
    crawl.read([found("1")], last=False)
    house.back()
    house.step.drain()
    crawl.read([found("2")], last=True)
    crawl.frontier.close(None)
    assert house.ledger() == [("ok", "", 2, 2, 2)]
    assert house.waiting() == 0


def test_a_crawl_that_found_nothing_is_empty_even_while_the_store_is_away(house):
    house.store.away = True
    house.crawl([]).go()
    assert [row[0] for row in house.ledger()] == ["empty"]


def test_the_next_crawl_does_not_ask_again_for_what_waits(house):
    house.store.away = True
    house.crawl([found("1")], window=3 * HOUR).go()
    with house.begin() as work:
        rows = work.coverage.rows(["tea"], start=NOON - 9 * HOUR, end=NOON)
    (window,) = plan_windows(rows, now=NOON + HOUR, backfill=3 * HOUR)
    assert window.start == NOON - HOUR  # the overlap alone


def test_another_machine_that_ends_the_crawl_waits_for_this_ones_spool(
    house, tmp_path, store, begin, scorer
):
    house.store.away = True
    house.crawl().read([found("1")], last=False)
    # that machine dies; the store is back for everybody else
    house.clock.forward(timedelta(minutes=5))
    other = a_house(
        tmp_path / "two", FickleStore(store), begin, scorer, house.clock, name="house-2"
    )
    other.crawl([found("2")], run="run-9").go()
    assert [row[:2] for row in other.ledger()] == [("partial", "spooled")]
    assert other.step.drain() == Drained()
    assert [row[:2] for row in other.ledger()] == [("partial", "spooled")]
    house.back()
    assert house.step.drain().looks == 1
    assert [row[:2] for row in house.ledger()] == [("ok", "")]


def test_a_spool_that_was_lost_becomes_a_gap_that_is_asked_for_again(house):
    house.store.away = True
    house.crawl([found("1")], window=3 * HOUR).go()
    for path in house.spool._folder.glob("spool.sqlite*"):
        path.unlink()
    house.back()
    assert house.step.drain() == Drained(lost=1)
    assert [row[:2] for row in house.ledger()] == [("failed", "spool_lost")]
    assert house.waiting() == 0
    with house.begin() as work:
        rows = work.coverage.rows(["tea"], start=NOON - 9 * HOUR, end=NOON)
    (window,) = plan_windows(rows, now=NOON + HOUR, backfill=3 * HOUR)
    assert window.start == NOON - 2 * HOUR  # all of the newest three hours


def test_a_look_lost_while_its_crawl_is_under_way_is_told_at_its_end(house):
    house.store.away = True
    crawl = house.crawl([found("1")])
    crawl.go(close=False)
    for path in house.spool._folder.glob("spool.sqlite*"):
        path.unlink()
    house.back()
    house.step.drain()
    crawl.frontier.close(None)
    assert [row[:2] for row in house.ledger()] == [("failed", "spool_lost")]


def test_a_watch_that_was_removed_meanwhile_does_not_stop_the_others(house):
    house.store.away = True
    gone = replace(WATCH, id="gone", rule=replace(WATCH.rule, any_words=("别处",)))
    assert house.take(found("1", "别处的茶"), watch=gone).spooled == 1
    house.take(found("2"), at=NOON + HOUR)
    house.back()
    assert house.step.drain() == Drained(looks=2, new=1)
    assert set(house.stored()) == {"weibo:2"}


def test_a_spike_behind_an_outage_is_not_taken_for_calm_and_is_told_afterwards(tmp_path):
    world = World(WEIBO)
    engine = new_workflow_database(tmp_path / "workflow.db")
    real = SqliteMentionStore(tmp_path / "mentions.db")
    begin_ = begin_work(engine)
    with begin_() as work:
        work.configuration.save(
            world.database.configuration, expected_version=0, actor="t", at=NOON, origin="t"
        )
        for row in world.database.coverage:
            work.coverage.record(row)
        work.commit()
    assert real.add(world.store.mentions).refused == ()
    watch = world.database.configuration.watch("w")
    clock = world.clock
    house = a_house(tmp_path / "one", FickleStore(real), begin_, WordScorer(), clock)

    def newest():
        detector = Detector(
            real,
            begin_,
            clock,
            render=render_alert,
            zone=ZoneInfo("Asia/Shanghai"),
            public_url="https://koubei.example.org",
        )
        detector.evaluate()
        with begin_() as work:
            decided = work.evaluations.between(NOON - HOUR, clock.now())
        return max((e for e in decided if e.platform is None), key=lambda e: e.bin_end).outcome

    clock.forward(HOUR)
    # the story: forty angry posts in that hour, each by somebody else, and no store to put them in
    posts = [
        found(f"9{n}", "云栈奶茶有虫", published_at=NOON + timedelta(minutes=n)) for n in range(40)
    ]
    house.store.away = True
    house.crawl(posts, watch=watch).go()
    assert house.ledger("w")[-1][:2] == ("partial", "spooled")
    told_during = newest()
    house.back()
    house.step.drain()
    assert house.ledger("w")[-1][:2] == ("ok", "")
    told_after = newest()
    real.close()
    engine.dispose()
    assert told_during is Verdict.COVERAGE_UNKNOWN
    assert told_after is Verdict.OPENED


# ---- dead letters --------------------------------------------------------------------------------


def test_what_the_store_refuses_is_kept_whole_with_its_reason(house):
    house.store.refuses = lambda mention: mention.id == "weibo:2"
    result = house.take(found("1"), found("2"), run="run-5")
    assert (result.new, result.dead_lettered) == (1, 1)
    with house.begin() as work:
        (letter,) = work.dead_letters.recent()
    assert letter.mention.text == "云栈奶茶里喝到一只虫子2"
    assert letter.mention.author == "王**"
    assert letter.reason == Text("字段 likes 类型不符", "mapper_parsing_exception: likes")
    assert (letter.run_id, letter.attempts, letter.refused_at) == ("run-5", 1, NOON)


def test_every_mention_is_stored_or_a_dead_letter_after_an_outage_too(house):
    house.store.refuses = lambda mention: mention.id.endswith("7")
    house.store.away = True
    everything = [found(str(number)) for number in range(40)]
    for start in range(0, 40, 10):
        house.take(*everything[start : start + 10], at=NOON + timedelta(seconds=start))
    house.back()
    assert house.step.drain() == Drained(looks=4, new=36, dead_lettered=4)
    with house.begin() as work:
        dead = set(work.dead_letters.ids())
    assert dead == {"weibo:7", "weibo:17", "weibo:27", "weibo:37"}
    assert dead | set(house.stored()) == {item.id for item in everything}


def test_a_later_look_that_is_stored_ends_the_letter(house):
    house.store.refuses = lambda mention: mention.likes == 3
    house.take(found("1"))
    house.take(found("1", likes=4), at=NOON + HOUR)
    with house.begin() as work:
        assert work.dead_letters.count() == 0


def test_one_refused_post_of_many_leaves_the_hour_known(house):
    house.store.refuses = lambda mention: mention.id == "weibo:7"
    house.crawl([found(str(number)) for number in range(25)]).go()
    assert house.ledger() == [("ok", "", 25, 25, 24)]


def test_a_store_that_refuses_a_tenth_leaves_no_hour_known(house):
    house.store.refuses = lambda mention: mention.id.endswith("7")
    house.crawl([found(str(number)) for number in range(30)]).go()
    assert house.ledger() == [("partial", "dead_letters", 30, 30, 27)]


def test_the_same_holds_for_what_came_out_of_a_spool(house):
    house.store.away = True
    house.store.refuses = lambda mention: mention.id.endswith("7")
    house.crawl([found(str(number)) for number in range(30)]).go()
    house.back()
    house.step.drain()
    assert house.ledger() == [("partial", "dead_letters", 30, 30, 27)]


def test_rows_of_our_own_export_are_kept_too(house):
    house.store.refuses = lambda mention: mention.id == "weibo:2"
    result = house.step.take_whole([a_mention("1"), a_mention("2")], run_id="import:1")
    assert (result.new, result.dead_lettered) == (1, 1)
    with house.begin() as work:
        assert work.dead_letters.ids() == ["weibo:2"]
