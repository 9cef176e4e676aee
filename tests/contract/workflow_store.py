"""What every workflow database has to do; a subclass gives the fixtures `database_url` (an empty
database) and `engine` (one with tables).
"""

import multiprocessing
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from hypothesis import HealthCheck, given, settings
from sqlalchemy import Engine, text

from domain.audit import first_broken
from domain.brand import Brand, Configuration, Level
from domain.coverage import CoverageRow, CoverageState
from domain.crawl import (
    CrawlRun,
    FrontierEntry,
    FrontierState,
    Sighting,
    SightingOutcome,
    Slot,
    SlotState,
)
from domain.errors import SchemaMismatch, StoreError, VersionConflict
from domain.mention import Platform
from domain.outbox import OutboxMail, OutboxState, Rendered
from domain.ports import BeginWork, UnitOfWork
from domain.signal import Evaluation, Figures, Outcome, Rule, Signal, SignalState, TopPost
from storage.sql.all_tables import metadata
from storage.sql.database import begin_work, migrate, open_database, schema_version
from tests.contract.report_store import ReportContract
from tests.contract.session_store import PlatformSessionContract
from tests.contract.workflow_store_handling import HandlingContract
from tests.fakes import NOON
from tests.fixtures.strategies import values_of

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
LEASE = timedelta(seconds=60)
WORKERS = 6

_ONE_SUITE_FOR_TWO_STORES = [
    HealthCheck.differing_executors,  # each store runs the same test method in a class of its own
    HealthCheck.function_scoped_fixture,
    HealthCheck.too_slow,
]


def a_signal(number: int = 1, **changes: object) -> Signal:
    signal = Signal(
        id=f"A-20261120-{number:02d}",
        key=f"cha|negative_spike|{number}",
        brand_id="cha",
        rule=Rule.NEGATIVE_SPIKE,
        level=Level.ORANGE,
        state=SignalState.OPEN,
        onset_at=NOON - HOUR,
        opened_at=NOON + number * MINUTE,
        updated_at=NOON,
        figures=Figures(observed=40, total=55, mean=1.5, spread=1.0),
        peak_observed=40,
        alerted_observed=40,
        platforms=(Platform.WEIBO,),
        watch_ids=("tea",),
    )
    return replace(signal, **changes)  # type: ignore[arg-type]


def a_mail(number: int = 1, **changes: object) -> OutboxMail:
    mail = OutboxMail(
        key=f"mail-{number}",
        recipient="duty@example.com",
        rendered=Rendered("【橙】负面突增", "正文", "<p>正文</p>"),
        created_at=NOON + timedelta(seconds=number),
        next_attempt_at=NOON,
    )
    return replace(mail, **changes)  # type: ignore[arg-type]


def an_evaluation(end: datetime = NOON, **changes: object) -> Evaluation:
    evaluation = Evaluation(
        brand_id="cha",
        platform=None,
        bin_start=end - timedelta(minutes=15),
        bin_end=end,
        evaluated_at=end + MINUTE,
        rule=Rule.NEGATIVE_SPIKE,
        outcome=Outcome.CALM,
        figures=Figures(observed=0, total=3),
    )
    return replace(evaluation, **changes)  # type: ignore[arg-type]


def a_look(number: int = 0, **changes: object) -> CoverageRow:
    row = CoverageRow(
        watch_id="tea",
        source_id="weibo",
        platform=Platform.WEIBO,
        window_start=NOON + number * HOUR,
        window_end=NOON + (number + 1) * HOUR,
        observed_at=NOON + (number + 1) * HOUR,
        state=CoverageState.OK,
        run_id=f"run-{number}",
    )
    return replace(row, **changes)  # type: ignore[arg-type]


def a_run(number: int = 1, **changes: object) -> CrawlRun:
    run = CrawlRun(
        id=f"run-{number}",
        lineage=f"lineage-{number}",
        spider="weibo_search",
        watch_id="tea",
        source_id="weibo",
        platform=Platform.WEIBO,
        window_start=NOON - HOUR,
        window_end=NOON,
        started_at=NOON + number * MINUTE,
        heartbeat_at=NOON + number * MINUTE,
    )
    return replace(run, **changes)  # type: ignore[arg-type]


def an_entry(number: int = 1, **changes: object) -> FrontierEntry:
    entry = FrontierEntry("lineage-1", f"page-{number}", {"page": number, "q": "云栈奶茶"})
    return replace(entry, **changes)  # type: ignore[arg-type]


def _migrate(url: str) -> str | None:
    engine = open_database(url)
    migrate(engine)
    version = schema_version(engine)
    engine.dispose()
    return version


def at_once(workers: int, act: Callable[[int], None]) -> None:
    """Run `act(0)` … `act(workers - 1)` in threads that begin together; errors are raised."""
    barrier = threading.Barrier(workers)

    def wait_and_act(number: int) -> None:
        barrier.wait()
        act(number)

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(wait_and_act, range(workers)))


class UnitOfWorkContract:
    """One transaction."""

    def test_everything_of_a_unit_commits_together(self, begin: BeginWork) -> None:
        with begin() as work:
            work.signals.add(a_signal())
            work.evaluations.add([an_evaluation(outcome=Outcome.OPENED)])
            work.outbox.add(a_mail())
            _note(work, "detector", "opened")
            work.commit()
        with begin() as work:
            assert work.signals.get("A-20261120-01") == a_signal()
            assert len(work.evaluations.between(NOON - HOUR, NOON)) == 1
            assert work.outbox.get("mail-1") == a_mail()
            assert [row.actor for row in work.audit.rows()] == ["detector"]

    def test_a_unit_without_commit_leaves_nothing(self, begin: BeginWork) -> None:
        with begin() as work:
            self._write_everything(work)
        self._assert_empty(begin)

    def test_an_error_in_a_unit_leaves_nothing_and_is_not_hidden(self, begin: BeginWork) -> None:
        def fail() -> None:
            with begin() as work:
                self._write_everything(work)
                raise LookupError("inside")

        with pytest.raises(LookupError, match="inside"):
            fail()
        self._assert_empty(begin)

    def test_a_time_without_zone_is_refused(self, begin: BeginWork) -> None:
        with begin() as work, pytest.raises(ValueError, match="without zone"):
            work.outbox.add(a_mail(created_at=datetime(2026, 11, 20)))  # noqa: DTZ001

    def test_a_time_of_another_zone_is_the_same_moment_in_utc(self, begin: BeginWork) -> None:
        in_china = NOON.astimezone(timezone(timedelta(hours=8)))
        with begin() as work:
            work.outbox.add(a_mail(created_at=in_china))
            stored = work.outbox.get("mail-1")
        assert stored is not None
        assert stored.created_at == NOON
        assert stored.created_at.tzinfo is UTC

    def _write_everything(self, work: UnitOfWork) -> None:
        work.configuration.save(
            Configuration(), expected_version=0, actor="a", at=NOON, origin="test"
        )
        work.coverage.record(a_look())
        work.crawls.start(a_run())
        work.crawls.push([an_entry()])
        work.slots.ensure("detect", NOON)
        work.signals.next_id("20261120")
        work.signals.add(a_signal())
        work.evaluations.add([an_evaluation()])
        work.outbox.add(a_mail())
        _note(work, "detector", "opened")
        work.sealed_names.put([("weibo:1", b"x", NOON)])

    def _assert_empty(self, begin: BeginWork) -> None:
        with begin() as work:
            assert work.configuration.current() == (0, Configuration())
            assert work.coverage.latest() == []
            assert work.crawls.recent() == []
            assert work.crawls.frontier("lineage-1", FrontierState) == []
            assert work.slots.latest() == []
            assert work.signals.next_id("20261120") == "A-20261120-01"
            assert work.signals.recent() == []
            assert work.evaluations.between(NOON - HOUR, NOON) == []
            assert work.outbox.recent() == []
            assert list(work.audit.rows()) == []
            assert work.sealed_names.get("weibo:1") is None


class ConfigurationContract:
    """Versions of the team's decisions."""

    def test_an_empty_database_holds_the_empty_configuration(self, begin: BeginWork) -> None:
        with begin() as work:
            assert work.configuration.current() == (0, Configuration())
            assert work.configuration.get(1) is None
            assert work.configuration.history() == []

    def test_versions_count_up_and_stay(self, begin: BeginWork) -> None:
        first = Configuration(brands=(Brand("cha", "云栈奶茶"),))
        second = replace(first, brands=(*first.brands, Brand("ka", "云栈咖啡", ("☕️",))))
        with begin() as work:
            kept = {"actor": "小王", "origin": "koubei.toml"}
            assert work.configuration.save(first, expected_version=0, at=NOON, **kept) == 1
            assert work.configuration.save(second, expected_version=1, at=NOON + HOUR, **kept) == 2
            work.commit()
        with begin() as work:
            assert work.configuration.current() == (2, second)
            assert work.configuration.get(1) == first
            assert work.configuration.history() == [
                (2, NOON + HOUR, "小王", "koubei.toml"),
                (1, NOON, "小王", "koubei.toml"),
            ]

    def test_saving_over_somebody_elses_version_is_a_conflict(self, begin: BeginWork) -> None:
        kept = {"actor": "a", "at": NOON, "origin": "test"}
        with begin() as work:
            work.configuration.save(Configuration(), expected_version=0, **kept)
            for expected in (0, 2):
                with pytest.raises(VersionConflict) as conflict:
                    work.configuration.save(Configuration(), expected_version=expected, **kept)
                assert (conflict.value.expected, conflict.value.found) == (expected, 1)

    def test_of_many_at_once_one_saves_and_the_others_are_told(self, begin: BeginWork) -> None:
        results: Counter[str] = Counter()

        def save(number: int) -> None:
            try:
                with begin() as work:
                    work.configuration.save(
                        Configuration(), expected_version=0, actor=str(number), at=NOON, origin=""
                    )
                    work.commit()
                results["saved"] += 1
            except VersionConflict:
                results["told"] += 1

        at_once(WORKERS, save)
        assert results == {"saved": 1, "told": WORKERS - 1}

    @settings(
        max_examples=30,
        deadline=None,
        suppress_health_check=_ONE_SUITE_FOR_TWO_STORES,
    )
    @given(configuration=values_of(Configuration))
    def test_every_field_comes_back(self, begin: BeginWork, configuration: Configuration) -> None:
        with begin() as work:
            work.configuration.save(
                configuration, expected_version=0, actor="a", at=NOON, origin="test"
            )
            assert work.configuration.current() == (1, configuration)


class CoverageContract:
    """The ledger."""

    def test_entries_come_back_whole_and_by_window(self, begin: BeginWork) -> None:
        blocked = a_look(
            2, state=CoverageState.BLOCKED, reason="login_wall", pages=1, found=20, matched=3, new=2
        )
        with begin() as work:
            for row in (blocked, a_look(0, backfill=True), a_look(1, watch_id="other")):
                work.coverage.record(row)
            found = work.coverage.rows(["tea"], start=NOON, end=NOON + 3 * HOUR)
        assert found == [a_look(0, backfill=True), blocked]

    def test_only_windows_that_touch_the_span_are_returned(self, begin: BeginWork) -> None:
        with begin() as work:
            for number in range(4):
                work.coverage.record(a_look(number))
            span = {"start": NOON + 1.5 * HOUR, "end": NOON + 1.75 * HOUR}
            assert work.coverage.rows(["tea"], **span) == [a_look(1)]
            assert work.coverage.rows([], **span) == []

    def test_the_same_look_again_replaces_the_entry(self, begin: BeginWork) -> None:
        with begin() as work:
            work.coverage.record(a_look(state=CoverageState.FAILED, reason="timeout"))
            work.coverage.record(a_look(found=9, supplement=True))
            again = work.coverage.rows(["tea"], start=NOON, end=NOON + HOUR)
            assert again == [a_look(found=9, supplement=True)]

    def test_looks_at_a_source_are_told_by_when_they_were_made_whatever_they_are_about(
        self, begin: BeginWork
    ) -> None:
        past = a_look(-900, observed_at=NOON + 3 * HOUR, backfill=True, run_id="range")
        of_another = a_look(1, watch_id="b")
        with begin() as work:
            for row in (past, a_look(0), of_another, a_look(1, source_id="tieba"), a_look(2)):
                work.coverage.record(row)
            found = work.coverage.looks_at("weibo", ["tea", "b"], since=NOON + 2 * HOUR)
            assert found == [of_another, past, a_look(2)]
            assert work.coverage.looks_at("weibo", ["tea"], since=NOON + 4 * HOUR) == []
            assert work.coverage.looks_at("weibo", [], since=NOON) == []

    def test_latest_is_one_entry_a_watch_and_source(self, begin: BeginWork) -> None:
        other = a_look(0, source_id="tieba", platform=Platform.TIEBA)
        tie = a_look(2, observed_at=NOON + 2 * HOUR)
        with begin() as work:
            for row in (a_look(0), other, a_look(1), tie, a_look(0, watch_id="b")):
                work.coverage.record(row)
            assert work.coverage.latest() == [a_look(0, watch_id="b"), other, tie]

    def test_a_look_at_the_past_alone_is_not_the_latest(self, begin: BeginWork) -> None:
        now = a_look(0, observed_at=NOON)
        with begin() as work:
            work.coverage.record(now)
            # the history that a look at the present brought with it, and a range read by itself
            work.coverage.record(a_look(3, observed_at=NOON, backfill=True))
            work.coverage.record(a_look(1, observed_at=NOON + HOUR, backfill=True))
            work.coverage.record(a_look(2, observed_at=NOON, watch_id="b", backfill=True))
            assert work.coverage.latest() == [now]


class CrawlContract:
    """Runs, frontier, sightings."""

    def test_a_run_is_started_beaten_and_finished(self, begin: BeginWork) -> None:
        ended = a_run(
            ended_at=NOON + HOUR, state=CoverageState.OK, pages=3, found=60, matched=7, new=5
        )
        with begin() as work:
            work.crawls.start(a_run())
            work.crawls.beat("run-1", NOON + 9 * MINUTE)
            assert work.crawls.run("run-1") == a_run(heartbeat_at=NOON + 9 * MINUTE)
            work.crawls.finish(ended)
            assert work.crawls.run("run-1") == ended
            assert work.crawls.run("run-2") is None

    def test_recent_runs_are_newest_first(self, begin: BeginWork) -> None:
        with begin() as work:
            for number in (2, 1, 3):
                work.crawls.start(a_run(number))
            assert [run.id for run in work.crawls.recent(2)] == ["run-3", "run-2"]

    def test_pushing_a_page_twice_adds_it_once(self, begin: BeginWork) -> None:
        with begin() as work:
            assert work.crawls.push([an_entry(2), an_entry(1), an_entry(2)]) == 2
            assert work.crawls.push([an_entry(1), an_entry(3), an_entry(1, lineage="other")]) == 2
            waiting = work.crawls.frontier("lineage-1", [FrontierState.WAITING])
        assert waiting == [an_entry(2), an_entry(1), an_entry(3)]

    def test_a_page_goes_from_waiting_to_fetched_to_done(self, begin: BeginWork) -> None:
        fetched = an_entry(
            1,
            state=FrontierState.FETCHED,
            url="https://s.weibo.com/weibo?q=1",
            status=200,
            fetched_at=NOON,
            body_sha256="ab" * 32,
            attempts=1,
        )
        with begin() as work:
            work.crawls.push([an_entry(1), an_entry(2)])
            work.crawls.mark_fetched(fetched)
            assert work.crawls.frontier("lineage-1", [FrontierState.FETCHED]) == [fetched]
            work.crawls.mark_done("lineage-1", ["page-1"])
            work.crawls.mark_done("lineage-1", [])
            assert work.crawls.frontier("lineage-1", [FrontierState.DONE]) == [
                replace(fetched, state=FrontierState.DONE)
            ]
            assert work.crawls.frontier("lineage-1", [FrontierState.WAITING]) == [an_entry(2)]
            assert work.crawls.push([an_entry(1)]) == 0, "a page that is done is not asked again"

    def test_forgetting_a_crawl_leaves_the_others(self, begin: BeginWork) -> None:
        with begin() as work:
            work.crawls.push([an_entry(1), an_entry(1, lineage="other")])
            work.crawls.forget("lineage-1")
            assert work.crawls.frontier("lineage-1", FrontierState) == []
            assert len(work.crawls.frontier("other", FrontierState)) == 1

    @pytest.mark.parametrize(
        ("runs", "entries", "expected"),
        [
            ([], [], None),
            ([a_run(1)], [], None),
            ([a_run(1)], [an_entry()], "run-1"),
            ([a_run(1)], [an_entry(state=FrontierState.FETCHED)], "run-1"),
            ([a_run(1)], [an_entry(state=FrontierState.DONE)], None),
            ([a_run(1, ended_at=NOON)], [an_entry()], None),
            ([a_run(1, watch_id="other")], [an_entry()], None),
            ([a_run(1), a_run(2, lineage="lineage-1")], [an_entry()], "run-2"),
            ([a_run(1), a_run(2)], [an_entry()], "run-1"),
        ],
    )
    def test_unfinished_is_the_newest_run_with_pages_to_do(
        self,
        begin: BeginWork,
        runs: list[CrawlRun],
        entries: list[FrontierEntry],
        expected: str | None,
    ) -> None:
        with begin() as work:
            for run in runs:
                work.crawls.start(run)
            work.crawls.push(entries)
            found = work.crawls.unfinished("tea", "weibo")
        assert (found.id if found else None) == expected

    def test_what_reads_the_past_alone_is_unfinished_for_itself(self, begin: BeginWork) -> None:
        with begin() as work:
            work.crawls.start(a_run(1))
            work.crawls.start(a_run(2, lineage="lineage-1", backfill=True))
            work.crawls.push([an_entry()])
            present = work.crawls.unfinished("tea", "weibo")
            past = work.crawls.unfinished("tea", "weibo", backfill=True)
        assert (present and present.id, past and past.id) == ("run-1", "run-2")

    def test_sightings_are_found_by_mention_and_by_url(self, begin: BeginWork) -> None:
        url = "https://weibo.com/1/a?" + "x" * 20_000
        first = Sighting("weibo:1", url, "run-1", NOON, SightingOutcome.NOT_MATCHED, "any:退款")
        again = Sighting("weibo:1", url, "run-2", NOON + HOUR, SightingOutcome.STORED, "tea")
        with begin() as work:
            work.crawls.saw([replace(first, detail="no_time"), again])
            work.crawls.saw([first])
            work.crawls.saw([])
            assert work.crawls.sightings("weibo:1") == [again, first]
            assert work.crawls.sightings_of_url(url) == [again, first]
            assert work.crawls.sightings_of_url("https://weibo.com/1/b") == []

    def test_which_mentions_had_been_seen_by_a_moment(self, begin: BeginWork) -> None:
        with begin() as work:
            work.crawls.saw(
                Sighting(f"weibo:{n}", "", "run-1", NOON + n * HOUR, SightingOutcome.NOT_MATCHED)
                for n in range(3)
            )
            asked = ["weibo:0", "weibo:1", "weibo:2", "weibo:9"]
            assert work.crawls.seen_by(asked, NOON + HOUR) == {"weibo:0", "weibo:1"}
            assert work.crawls.seen_by([], NOON + HOUR) == frozenset()

    def test_old_sightings_are_dropped(self, begin: BeginWork) -> None:
        with begin() as work:
            work.crawls.saw(
                Sighting(f"weibo:{n}", "", "run-1", NOON + n * HOUR, SightingOutcome.STORED)
                for n in range(3)
            )
            assert work.crawls.prune_sightings(NOON + HOUR) == 1
            assert work.crawls.sightings("weibo:0") == []
            assert len(work.crawls.sightings("weibo:1")) == 1


class SlotContract:
    """Due work, each piece once."""

    def test_a_slot_is_made_once(self, begin: BeginWork) -> None:
        with begin() as work:
            assert work.slots.ensure("detect", NOON)
            assert not work.slots.ensure("detect", NOON)
            assert not work.slots.ensure("detect", NOON - MINUTE), "a newer one is there"
            assert work.slots.latest() == [Slot("detect", NOON)]

    def test_slots_missed_while_asleep_are_folded_into_one_and_counted(
        self, begin: BeginWork
    ) -> None:
        with begin() as work:
            for number in range(5):
                assert work.slots.ensure("crawl", NOON + number * HOUR)
            taken = work.slots.claim("me", NOON + 5 * HOUR, LEASE, ["crawl"])
            assert taken is not None
            assert (taken.slot_at, taken.coalesced) == (NOON + 4 * HOUR, 4)
            assert work.slots.claim("me", NOON + 5 * HOUR, LEASE, ["crawl"]) is None

    def test_a_slot_that_began_is_not_folded(self, begin: BeginWork) -> None:
        with begin() as work:
            work.slots.ensure("crawl", NOON)
            work.slots.claim("me", NOON, LEASE, ["crawl"])
            work.slots.ensure("crawl", NOON + HOUR)
            assert work.slots.latest() == [Slot("crawl", NOON + HOUR)]

    def test_claiming_takes_the_oldest_of_the_wanted_jobs(self, begin: BeginWork) -> None:
        with begin() as work:
            work.slots.ensure("b", NOON - HOUR)
            work.slots.ensure("a", NOON)
            work.slots.ensure("other", NOON - 2 * HOUR)
            claim = [work.slots.claim("me", NOON, LEASE, ["a", "b"]) for _ in range(3)]
            assert [slot and slot.job for slot in claim] == ["b", "a", None]
            assert work.slots.claim("me", NOON, LEASE, []) is None
        assert claim[0] == Slot(
            "b", NOON - HOUR, SlotState.RUNNING, "me", NOON + LEASE, attempts=1, started_at=NOON
        )

    def test_a_slot_ends_once(self, begin: BeginWork) -> None:
        with begin() as work:
            work.slots.ensure("a", NOON)
            slot = work.slots.claim("me", NOON, LEASE, ["a"])
            assert slot is not None
            ended = {"state": SlotState.DONE, "detail": {"new": 3, "错误": None}}
            assert not work.slots.finish(slot, "you", NOON + MINUTE, **ended)
            assert work.slots.finish(slot, "me", NOON + MINUTE, **ended)
            assert not work.slots.finish(slot, "me", NOON + MINUTE, **ended)
            [latest] = work.slots.latest()
            assert (latest.state, latest.finished_at) == (SlotState.DONE, NOON + MINUTE)
            assert latest.detail == {"new": 3, "错误": None}

    def test_a_dead_workers_slot_is_taken_over_and_its_late_result_refused(
        self, begin: BeginWork
    ) -> None:
        with begin() as work:
            work.slots.ensure("a", NOON)
            dead = work.slots.claim("me", NOON, LEASE, ["a"])
            assert dead is not None
            assert work.slots.claim("you", NOON + LEASE - MINUTE / 60, LEASE, ["a"]) is None
            # also by a worker of the same name, as a restarted one may be
            for number, owner in enumerate(("you", "me"), start=1):
                alive = work.slots.claim(owner, NOON + number * LEASE, LEASE, ["a"])
                assert alive is not None
                assert alive.attempts == number + 1
            later = NOON + 2 * LEASE
            assert not work.slots.renew(dead, "me", later, LEASE)
            assert not work.slots.finish(dead, "me", later, SlotState.FAILED, {})
            assert work.slots.finish(alive, "me", later, SlotState.DONE, {})

    def test_a_renewed_lease_is_not_taken_over(self, begin: BeginWork) -> None:
        with begin() as work:
            work.slots.ensure("a", NOON)
            slot = work.slots.claim("me", NOON, LEASE, ["a"])
            assert slot is not None
            assert work.slots.renew(slot, "me", NOON + LEASE / 2, LEASE)
            assert work.slots.claim("you", NOON + LEASE, LEASE, ["a"]) is None
            assert work.slots.claim("you", NOON + 1.5 * LEASE, LEASE, ["a"]) is not None

    def test_ended_slots_are_dropped_but_the_newest_of_each_job(self, begin: BeginWork) -> None:
        with begin() as work:
            for number in range(3):
                for job in ("a", "b"):
                    work.slots.ensure(job, NOON + number * HOUR)
                    slot = work.slots.claim("me", NOON + number * HOUR, LEASE, [job])
                    assert slot is not None
                    work.slots.finish(slot, "me", slot.slot_at, SlotState.DONE, {})
            work.slots.ensure("c", NOON)
            assert work.slots.prune(NOON + HOUR) == 2
            assert work.slots.prune(NOON + 9 * HOUR) == 2
            latest = work.slots.latest()
            assert work.slots.prune(NOON + 9 * HOUR) == 0
        assert [(slot.job, slot.slot_at) for slot in latest] == [
            ("a", NOON + 2 * HOUR),
            ("b", NOON + 2 * HOUR),
            ("c", NOON),
        ]

    def test_it_is_known_since_when_a_job_has_not_been_done(self, begin: BeginWork) -> None:
        def end(state: SlotState, at: datetime) -> None:
            slot = work.slots.claim("me", at, LEASE, ["a"])
            assert slot is not None
            work.slots.finish(slot, "me", at, state, {})

        with begin() as work:
            assert work.slots.not_done_since("a") is None
            work.slots.ensure("a", NOON)
            work.slots.ensure("other", NOON - HOUR)
            assert work.slots.not_done_since("a") == NOON
            end(SlotState.FAILED, NOON + MINUTE)
            work.slots.ensure("a", NOON + HOUR)
            assert work.slots.not_done_since("a") == NOON, "to fail is not to be done"
            end(SlotState.DONE, NOON + HOUR + MINUTE)
            work.slots.ensure("a", NOON + 2 * HOUR)
            assert work.slots.not_done_since("a") == NOON + HOUR + MINUTE

    def test_a_job_runs_one_slot_at_a_time(self, begin: BeginWork) -> None:
        with begin() as work:
            work.slots.ensure("a", NOON)
            first = work.slots.claim("me", NOON, LEASE, ["a"])
            assert first is not None
            work.slots.ensure("a", NOON + MINUTE / 2)
            assert work.slots.claim("you", NOON + MINUTE / 2, LEASE, ["a"]) is None
            over = work.slots.claim("you", NOON + LEASE, LEASE, ["a"])
            assert over is not None
            assert over.slot_at == NOON, "the one left behind comes first"
            assert work.slots.claim("me", NOON + LEASE, LEASE, ["a"]) is None
            work.slots.finish(over, "you", NOON + LEASE, SlotState.DONE, {})
            assert work.slots.claim("me", NOON + LEASE, LEASE, ["a"]) is not None

    def test_many_workers_run_each_slot_once(self, begin: BeginWork) -> None:
        jobs = [f"job-{number}" for number in range(20)]
        with begin() as work:
            for job in jobs:
                work.slots.ensure(job, NOON)
            work.commit()
        ran: list[str] = []

        def work_off(number: int) -> None:
            while True:
                with begin() as work:
                    slot = work.slots.claim(f"worker-{number}", NOON, LEASE, jobs)
                    work.commit()
                if slot is None:
                    return
                ran.append(slot.job)
                with begin() as work:
                    assert work.slots.finish(slot, slot.owner, NOON, SlotState.DONE, {})
                    work.commit()

        at_once(WORKERS, work_off)
        assert sorted(ran) == sorted(jobs)

    def test_many_services_make_each_slot_once(self, begin: BeginWork) -> None:
        made: Counter[datetime] = Counter()

        def tick(number: int) -> None:
            for minute in range(5):
                with begin() as work:
                    if work.slots.ensure("detect", NOON + minute * MINUTE):
                        made[NOON + minute * MINUTE] += 1
                    work.commit()

        at_once(WORKERS, tick)
        assert set(made.values()) == {1}
        with begin() as work:
            [latest] = work.slots.latest()
        assert (latest.slot_at, latest.coalesced + 1) == (NOON + 4 * MINUTE, len(made))


class SignalContract:
    """Signals and their versions."""

    def test_every_field_of_a_signal_comes_back(self, begin: BeginWork) -> None:
        post = TopPost(
            "weibo:1",
            Platform.WEIBO,
            NOON,
            "王**",
            "奶茶里有虫😱",
            "https://weibo.com/1",
            99,
            0.93,
            4,
        )
        signal = a_signal(
            state=SignalState.CLOSED,
            platforms=(Platform.WEIBO, Platform.TIEBA),
            watch_ids=("tea", "shop"),
            alerted_platforms=(Platform.TIEBA,),
            quiet_since=NOON,
            closed_at=NOON + HOUR,
            epoch=3,
            version=7,
            one_text_wave=True,
            first_post=post,
            top_posts=(post, replace(post, mention_id="weibo:2")),
            terms=(("退款", 12), ("虫", 9)),
            platform_counts={Platform.WEIBO: 30, Platform.TIEBA: 10},
        )
        with begin() as work:
            work.signals.add(signal)
            work.commit()
        with begin() as work:
            assert work.signals.get(signal.id) == signal
            assert work.signals.get("A-20261120-02") is None

    @settings(
        max_examples=20,
        deadline=None,
        suppress_health_check=_ONE_SUITE_FOR_TWO_STORES,
    )
    @given(signal=values_of(Signal))
    def test_any_signal_comes_back(self, begin: BeginWork, signal: Signal) -> None:
        ids = {"acknowledged_by": "lin", "case_id": "C-1", "closed_by": "chen", "raised_by": "wu"}
        signal = replace(signal, id="A-1", key="k", brand_id="cha", **ids)
        with begin() as work:
            work.signals.add(signal)
            assert work.signals.get("A-1") == signal

    def test_a_key_or_id_is_taken_once(self, begin: BeginWork) -> None:
        with begin() as work:
            work.signals.add(a_signal(1, version=4))
            for rival in (a_signal(2, key=a_signal(1).key), a_signal(1, key="other")):
                with pytest.raises(VersionConflict) as conflict:
                    work.signals.add(rival)
                assert conflict.value.found == 4

    def test_saving_writes_the_next_version(self, begin: BeginWork) -> None:
        with begin() as work:
            work.signals.add(a_signal())
            saved = work.signals.save(a_signal(state=SignalState.ACKNOWLEDGED))
            assert saved == a_signal(state=SignalState.ACKNOWLEDGED, version=1)
            assert work.signals.get(saved.id) == saved
            with pytest.raises(VersionConflict) as conflict:
                work.signals.save(a_signal())
            assert (conflict.value.expected, conflict.value.found) == (0, 1)
            with pytest.raises(VersionConflict) as unknown:
                work.signals.save(a_signal(9))
            assert unknown.value.found == -1

    def test_no_update_is_lost_when_many_edit_one_signal(self, begin: BeginWork) -> None:
        with begin() as work:
            work.signals.add(a_signal(peak_observed=0))
            work.commit()

        def edit(number: int) -> None:
            for _ in range(5):
                while not self._raise_peak(begin):
                    pass

        at_once(WORKERS, edit)
        with begin() as work:
            final = work.signals.get(a_signal().id)
        assert final is not None
        assert (final.peak_observed, final.version) == (5 * WORKERS, 5 * WORKERS)

    def _raise_peak(self, begin: BeginWork) -> bool:
        try:
            with begin() as work:
                signal = work.signals.get(a_signal().id)
                assert signal is not None
                work.signals.save(replace(signal, peak_observed=signal.peak_observed + 1))
                work.commit()
        except VersionConflict:
            return False
        return True

    def test_open_signals_of_a_brand_are_oldest_first(self, begin: BeginWork) -> None:
        with begin() as work:
            work.signals.add(a_signal(2, state=SignalState.ACKNOWLEDGED))
            work.signals.add(a_signal(1))
            work.signals.add(a_signal(3, state=SignalState.CLOSED))
            work.signals.add(a_signal(4, brand_id="other"))
            assert work.signals.open_of("cha") == [
                a_signal(1),
                a_signal(2, state=SignalState.ACKNOWLEDGED),
            ]
            assert [s.id[-2:] for s in work.signals.recent(3)] == ["04", "03", "02"]

    def test_ids_are_numbered_by_day_without_gap_or_double(self, begin: BeginWork) -> None:
        ids: list[str] = []

        def take(number: int) -> None:
            with begin() as work:  # one that is given up, one that is kept
                work.signals.next_id("20261120")
            with begin() as work:
                ids.append(work.signals.next_id("20261120"))
                work.commit()

        at_once(WORKERS, take)
        assert sorted(ids) == [f"A-20261120-{n:02d}" for n in range(1, WORKERS + 1)]
        with begin() as work:
            assert work.signals.next_id("20261121") == "A-20261121-01"


class EvaluationContract:
    """Decisions."""

    def test_every_field_of_an_evaluation_comes_back(self, begin: BeginWork) -> None:
        evaluation = an_evaluation(
            platform=Platform.ZHIHU,
            outcome=Outcome.OPENED,
            figures=Figures(40, 55, 1.5, 1.0, 600, 38.5, 5.0, 28.0, 27.9, 0.72, 0.1, 1e-9, 33, 0.2),
            inputs={"counts": [1, 2, None], "rule": {"z": 5.0}, "名": "值"},
            signal_id="A-20261120-01",
            configuration_version=3,
        )
        with begin() as work:
            work.evaluations.add([evaluation])
            assert work.evaluations.between(NOON - HOUR, NOON) == [evaluation]

    def test_deciding_a_bin_again_replaces_the_decision(self, begin: BeginWork) -> None:
        zhihu = an_evaluation(platform=Platform.ZHIHU)
        with begin() as work:
            work.evaluations.add([an_evaluation(), zhihu])
            work.evaluations.add([an_evaluation(outcome=Outcome.OPENED)])
            work.evaluations.add([])
            found = work.evaluations.between(NOON - HOUR, NOON)
        assert sorted((e.platform or "", e.outcome) for e in found) == [
            ("", Outcome.OPENED),
            ("zhihu", Outcome.CALM),
        ]

    def test_the_span_is_open_at_its_start_and_closed_at_its_end(self, begin: BeginWork) -> None:
        with begin() as work:
            work.evaluations.add(an_evaluation(NOON + n * HOUR) for n in (2, 0, 1))
            work.evaluations.add([an_evaluation(NOON + HOUR, brand_id="other")])
            both = work.evaluations.between(NOON, NOON + 2 * HOUR)
            assert [e.bin_end for e in both] == [NOON + HOUR, NOON + HOUR, NOON + 2 * HOUR]
            assert len(work.evaluations.between(NOON, NOON + 2 * HOUR, "other")) == 1

    def test_pruning_drops_what_ended_before(self, begin: BeginWork) -> None:
        with begin() as work:
            work.evaluations.add(an_evaluation(NOON + n * HOUR) for n in range(3))
            assert work.evaluations.prune(NOON + HOUR) == 1
            left = work.evaluations.between(NOON - HOUR, NOON + 9 * HOUR)
        assert [e.bin_end for e in left] == [NOON + HOUR, NOON + 2 * HOUR]


class OutboxContract:
    """Mails, each sent at least once and in order."""

    def test_every_field_of_a_mail_comes_back(self, begin: BeginWork) -> None:
        mail = a_mail(
            rendered=Rendered("主题", "😀" * 250_000, "长" * 400_000, (("c1", b"\x89PNG\0"),)),
            kind="test",
            thread="mail-0",
            signal_id="A-20261120-01",
            epoch=2,
            state=OutboxState.SENT,
            attempts=2,
            owner="relay",
            lease_until=NOON,
            sent_at=NOON,
            last_error="451",
            may_repeat=True,
        )
        with begin() as work:
            assert work.outbox.add(mail)
            work.commit()
        with begin() as work:
            assert work.outbox.get("mail-1") == mail
            assert work.outbox.get("mail-2") is None

    def test_a_dirty_text_does_not_make_a_mail_impossible_to_store(self, begin: BeginWork) -> None:
        with begin() as work:
            work.outbox.add(a_mail(rendered=Rendered("a\0b", "half \ud83d", "whole 😀")))
            stored = work.outbox.get("mail-1")
        assert stored is not None
        assert stored.rendered == Rendered("a\ufffdb", "half \ufffd", "whole 😀")

    def test_adding_a_key_again_leaves_the_first(self, begin: BeginWork) -> None:
        with begin() as work:
            assert work.outbox.add(a_mail())
            assert not work.outbox.add(a_mail(recipient="other@example.com"))
            assert work.outbox.get("mail-1") == a_mail()

    def test_a_claimed_mail_is_sending_and_counted(self, begin: BeginWork) -> None:
        with begin() as work:
            work.outbox.add(a_mail())
            claimed = work.outbox.claim("relay", NOON, LEASE)
            assert claimed == a_mail(
                state=OutboxState.SENDING, attempts=1, owner="relay", lease_until=NOON + LEASE
            )
            assert work.outbox.get("mail-1") == claimed
            assert work.outbox.claim("relay", NOON, LEASE) is None

    def test_a_mail_is_not_claimed_before_its_time(self, begin: BeginWork) -> None:
        with begin() as work:
            work.outbox.add(a_mail(next_attempt_at=NOON + HOUR))
            assert work.outbox.claim("relay", NOON + HOUR - MINUTE, LEASE) is None
            assert work.outbox.claim("relay", NOON + HOUR, LEASE) is not None

    @pytest.mark.parametrize(
        ("state", "again", "may_repeat"),
        [
            (OutboxState.SENT, False, None),
            (OutboxState.DEAD, False, None),
            (OutboxState.RETRY, True, False),
            (OutboxState.UNCERTAIN, True, True),
        ],
    )
    def test_how_an_attempt_ended_says_whether_there_is_another(
        self, begin: BeginWork, state: OutboxState, again: bool, may_repeat: bool | None
    ) -> None:
        with begin() as work:
            work.outbox.add(a_mail())
            work.outbox.claim("relay", NOON, LEASE)
            later = {"next_attempt_at": NOON + MINUTE} if again else {}
            assert work.outbox.settle("mail-1", "relay", state, at=NOON, error="451 4.7.1", **later)
            settled = work.outbox.get("mail-1")
            assert settled is not None
            assert (settled.state, settled.last_error) == (state, "451 4.7.1")
            assert settled.sent_at == (NOON if state is OutboxState.SENT else None)
            assert work.outbox.claim("relay", NOON, LEASE) is None, "not before its time"
            next_try = work.outbox.claim("relay", NOON + MINUTE, LEASE)
            assert (next_try is not None) == again
            if next_try:
                assert (next_try.attempts, next_try.may_repeat) == (2, may_repeat)

    def test_a_dead_relays_mail_is_taken_over_and_may_repeat(self, begin: BeginWork) -> None:
        with begin() as work:
            work.outbox.add(a_mail())
            work.outbox.claim("dead", NOON, LEASE)
            assert work.outbox.claim("alive", NOON + LEASE / 2, LEASE) is None
            over = work.outbox.claim("alive", NOON + LEASE, LEASE)
            assert over is not None
            assert (over.owner, over.attempts, over.may_repeat) == ("alive", 2, True)
            sent = {"state": OutboxState.SENT, "at": NOON + LEASE}
            assert not work.outbox.settle("mail-1", "dead", **sent)
            assert work.outbox.settle("mail-1", "alive", **sent)
            assert not work.outbox.settle("mail-1", "alive", **sent)

    @pytest.mark.parametrize(
        "unsettled", [OutboxState.RETRY, OutboxState.UNCERTAIN, OutboxState.SENDING]
    )
    def test_a_later_mail_of_a_thread_waits_for_the_earlier(
        self, begin: BeginWork, unsettled: OutboxState
    ) -> None:
        with begin() as work:
            work.outbox.add(a_mail(1))
            work.outbox.add(a_mail(2, thread="mail-1"))
            work.outbox.add(a_mail(3, thread="mail-1", recipient="other@example.com"))
            first = work.outbox.claim("relay", NOON, LEASE)
            assert first is not None
            assert first.key == "mail-1"
            if unsettled is not OutboxState.SENDING:
                work.outbox.settle(
                    "mail-1", "relay", unsettled, at=NOON, next_attempt_at=NOON + HOUR
                )
            free = work.outbox.claim("relay", NOON, LEASE)
            assert free is not None
            assert free.key == "mail-3", "another recipient is not delayed"
            assert work.outbox.claim("relay", NOON, LEASE) is None

    @pytest.mark.parametrize("settled", [OutboxState.SENT, OutboxState.DEAD])
    def test_a_settled_mail_lets_the_next_of_its_thread_go(
        self, begin: BeginWork, settled: OutboxState
    ) -> None:
        with begin() as work:
            work.outbox.add(a_mail(1))
            work.outbox.add(a_mail(2, thread="mail-1"))
            work.outbox.claim("relay", NOON, LEASE)
            work.outbox.settle("mail-1", "relay", settled, at=NOON)
            following = work.outbox.claim("relay", NOON, LEASE)
        assert following is not None
        assert following.key == "mail-2"

    def test_many_relays_send_each_mail_once_and_in_order(self, begin: BeginWork) -> None:
        with begin() as work:
            for number in range(30):
                thread = "" if number < 3 else f"mail-{number % 3}"
                work.outbox.add(a_mail(number, thread=thread))
            work.commit()
        sent: list[int] = []

        def relay(number: int) -> None:
            for _ in range(60):
                with begin() as work:
                    mail = work.outbox.claim(f"relay-{number}", NOON, LEASE)
                    work.commit()
                if mail is not None:
                    sent.append(int(mail.key.removeprefix("mail-")))
                    with begin() as work:
                        assert work.outbox.settle(mail.key, mail.owner, OutboxState.SENT, at=NOON)
                        work.commit()

        at_once(WORKERS, relay)
        assert sorted(sent) == list(range(30))
        for thread in range(3):
            in_thread = [number for number in sent if number % 3 == thread]
            assert in_thread == sorted(in_thread)

    def test_recipients_of_an_epoch_are_those_who_got_or_will_get_it(
        self, begin: BeginWork
    ) -> None:
        told = {"signal_id": "A-1", "epoch": 1}
        with begin() as work:
            work.outbox.add(a_mail(1, recipient="b@example.com", **told))
            work.outbox.add(a_mail(2, recipient="a@example.com", state=OutboxState.SENT, **told))
            work.outbox.add(a_mail(3, recipient="dead@example.com", state=OutboxState.DEAD, **told))
            work.outbox.add(a_mail(4, recipient="c@example.com", signal_id="A-1", epoch=2))
            work.outbox.add(a_mail(5, recipient="d@example.com", signal_id="A-2", epoch=1))
            assert work.outbox.recipients_of("A-1", 1) == ["b@example.com", "a@example.com"]

    def test_counts_name_every_state(self, begin: BeginWork) -> None:
        with begin() as work:
            assert work.outbox.counts() == dict.fromkeys(OutboxState, 0)
            work.outbox.add(a_mail(1))
            work.outbox.add(a_mail(2, state=OutboxState.DEAD))
            work.outbox.add(a_mail(3, state=OutboxState.DEAD))
            counts = work.outbox.counts()
            assert (counts[OutboxState.PENDING], counts[OutboxState.DEAD]) == (1, 2)
            assert [mail.key for mail in work.outbox.recent(2)] == ["mail-3", "mail-2"]


class AuditContract:
    """The trail."""

    def test_the_chain_verifies_whoever_appends_at_once(self, begin: BeginWork) -> None:
        def append(number: int) -> None:
            for n in range(5):
                with begin() as work:
                    _note(work, number, n)
                    if n % 2 == 0:  # the others roll back
                        work.commit()

        at_once(WORKERS, append)
        with begin() as work:
            rows = list(work.audit.rows())
        assert [row.seq for row in rows] == list(range(1, 3 * WORKERS + 1))
        assert first_broken(rows) is None

    def test_rows_are_what_append_returned(self, begin: BeginWork) -> None:
        in_china = NOON.astimezone(timezone(timedelta(hours=8)))
        with begin() as work:
            appended = [
                work.audit.append(
                    at=in_china + n * MINUTE,
                    actor="小王",
                    action="signal.acknowledged",
                    object_id="A-1",
                    reason="正在核实 😀\0\ud83d",
                    payload={"from": "open", "big": "长" * 300_000 if n == 1 else "\0\ud83d"},
                )
                for n in range(3)
            ]
            work.commit()
        with begin() as work:
            rows = list(work.audit.rows())
            assert rows == appended
            assert list(work.audit.rows(after_seq=2)) == appended[2:]
        assert first_broken(rows) is None
        assert len({row.salt for row in rows}) == 3

    def test_a_long_trail_is_read_whole(self, begin: BeginWork) -> None:
        with begin() as work:
            for n in range(1001):
                _note(work, 0, n)
            rows = list(work.audit.rows())
        assert len(rows) == 1001
        assert first_broken(rows) is None

    @pytest.mark.parametrize(
        "attack",
        [
            "UPDATE audit SET reason = 'never mind' WHERE seq = 1",
            "UPDATE audit SET payload = '', salt = '' WHERE seq = 1",
            "DELETE FROM audit WHERE seq = 2",
        ],
    )
    def test_the_database_refuses_to_change_the_trail(
        self, engine: Engine, begin: BeginWork, attack: str
    ) -> None:
        with begin() as work:
            _note(work, 0, 1)
            _note(work, 0, 2)
            work.commit()
        with pytest.raises(StoreError) as refused, engine.begin() as connection:
            connection.execute(text(attack))
        assert not refused.value.retry
        with begin() as work:
            assert first_broken(work.audit.rows()) is None

    def test_a_payload_can_be_erased_only_after_the_trail_has_told_of_it(
        self, engine: Engine, begin: BeginWork
    ) -> None:
        with begin() as work:
            _note(work, 0, 1)
            _note(work, "dpo", 1, action="audit.erased")
            work.commit()
        with pytest.raises(StoreError), engine.begin() as connection:
            connection.execute(
                text("UPDATE audit SET payload = '', salt = '', actor = 'x' WHERE seq = 1")
            )
        with engine.begin() as connection:
            connection.execute(text("UPDATE audit SET payload = '', salt = '' WHERE seq = 1"))
        with begin() as work:
            rows = list(work.audit.rows())
        assert (rows[0].payload, rows[0].salt) == ("", "")
        assert first_broken(rows) is None


def _note(work: UnitOfWork, who: object, what: object, action: str = "test") -> None:
    work.audit.append(
        at=NOON,
        actor=str(who),
        action=action,
        object_id=str(what),
        reason="因为",
        payload={"what": what},
    )


class SealedNameContract:
    """Names that end."""

    def test_a_name_is_kept_replaced_and_destroyed(self, begin: BeginWork) -> None:
        with begin() as work:
            work.sealed_names.put([("weibo:1", b"\0old\xff", NOON)])
            work.sealed_names.put(
                [
                    ("weibo:1", b"\0new\xff", NOON + HOUR),
                    ("weibo:2", b"gone", NOON - MINUTE),
                ]
            )
            assert work.sealed_names.prune(NOON) == 1
            assert work.sealed_names.get("weibo:1") == b"\0new\xff"
            assert work.sealed_names.get("weibo:2") is None


class SchemaContract:
    """Migrations."""

    def test_the_migrations_make_exactly_the_tables_of_the_code(self, engine: Engine) -> None:
        with engine.connect() as connection:
            context = MigrationContext.configure(
                connection, opts={"compare_type": True, "compare_server_default": True}
            )
            assert compare_metadata(context, metadata) == []

    def test_migrating_again_changes_nothing(self, engine: Engine, begin: BeginWork) -> None:
        with begin() as work:
            work.outbox.add(a_mail())
            work.commit()
        migrate(engine)
        with begin() as work:
            assert work.outbox.get("mail-1") == a_mail()

    def test_an_empty_database_has_no_version_and_says_what_helps(self, database_url: str) -> None:
        engine = open_database(database_url)
        assert schema_version(engine) is None
        with pytest.raises(SchemaMismatch, match="koubei init"), begin_work(engine)() as work:
            work.outbox.counts()
        engine.dispose()

    def test_a_newer_database_is_left_alone(self, engine: Engine) -> None:
        with engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        with pytest.raises(SchemaMismatch, match=r"newer version.*9999.*update the program"):
            migrate(engine)
        assert schema_version(engine) == "9999"

    @pytest.mark.integration
    def test_processes_that_start_at_once_migrate_once(self, database_url: str) -> None:
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(3, mp_context=spawn) as pool:
            versions = set(pool.map(_migrate, [database_url] * 3))
        assert len(versions) == 1
        assert None not in versions


class WorkflowStoreContract(
    UnitOfWorkContract,
    ConfigurationContract,
    CoverageContract,
    CrawlContract,
    SlotContract,
    SignalContract,
    EvaluationContract,
    OutboxContract,
    AuditContract,
    SealedNameContract,
    ReportContract,
    SchemaContract,
    HandlingContract,
    PlatformSessionContract,
):
    """The whole suite, over one fixture `engine`."""

    @pytest.fixture
    def begin(self, engine: Engine) -> BeginWork:
        return begin_work(engine)
