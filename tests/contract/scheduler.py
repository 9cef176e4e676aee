"""The scheduler over a real workflow database: once each, taken over, coalesced, never skipped.

A test module gives an `engine` fixture with a migrated, empty database.
"""

import threading
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
import structlog
from sqlalchemy import Engine

from cli.up import Part, lanes_of
from domain.brand import Configuration, Source, Transport, Watch
from domain.crawl import SlotState
from domain.errors import CrawlError, StoreUnavailable, Text
from domain.mention import Platform
from domain.ports import BeginWork
from scheduler.service import OwnResult, Service
from scheduler.timetable import FIXED_JOBS, Lane
from storage.sql.database import begin_work
from tests.fakes import NOON, FixedClock

WEIBO = Source("weibo", "weibo_search", Platform.WEIBO, Transport.HTTP, "https://s.weibo.com")
HOT = replace(WEIBO, id="hot")
WATCH = Watch("tea", "云栈", ("tea",), ("云栈",), ("weibo", "hot"))


class Notebook:
    """Work that notes what it was asked to do."""

    def __init__(self) -> None:
        self.done: Counter[str] = Counter()

    def __call__(self, job, stopping):
        self.done[job.name] += 1
        return {"count": 1}


def a_service(begin, clock, owner="one", lanes=tuple(Lane), **work):
    notebook = Notebook()
    return Service(begin, clock, owner, dict.fromkeys(lanes, notebook) | work), notebook


def run_all(*services):
    while any(service.run_one(lane) for service in services for lane in service.work):
        pass


def states(begin):
    with begin() as work:
        return {slot.job: slot for slot in work.slots.latest()}


class SchedulerContract:
    """What the scheduler promises on every workflow database."""

    @pytest.fixture
    def begin(self, engine: Engine) -> BeginWork:
        begin = begin_work(engine)
        with begin() as work:
            configuration = Configuration(watches=(WATCH,), sources=(WEIBO, HOT))
            work.configuration.save(
                configuration, expected_version=0, actor="test", at=NOON, origin="test"
            )
            work.commit()
        return begin

    def test_each_slot_runs_once_however_often_it_is_made_due(self, begin):
        service, notebook = a_service(begin, FixedClock())
        service.make_due()
        service.make_due()
        run_all(service)
        service.make_due()
        run_all(service)
        assert notebook.done["crawl:tea:weibo"] == 1
        assert notebook.done["crawl:tea:hot"] == 1
        assert states(begin)["crawl:tea:weibo"].detail == {"count": 1}

    @pytest.mark.slow
    def test_two_services_share_the_slots(self, begin):
        clock = FixedClock()
        one, first = a_service(begin, clock, "one")
        two, second = a_service(begin, clock, "two")
        for _ in range(12):
            clock.forward(timedelta(minutes=15))
            one.make_due()
            two.make_due()
            threads = [threading.Thread(target=run_all, args=(s,)) for s in (one, two)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            run_all(one)
        together = first.done + second.done
        assert together["crawl:tea:weibo"] == 12
        assert together["crawl:tea:hot"] == 12

    def test_a_crawler_and_a_scheduler_do_everything_once_and_nothing_of_the_other(self, begin):
        clock = FixedClock()
        crawler, crawled = a_service(begin, clock, "crawler", lanes_of({Part.CRAWLER}))
        scheduler, timed = a_service(begin, clock, "scheduler", lanes_of({Part.SCHEDULER}))
        whole, alone = a_service(begin, clock, "whole")
        for _ in range(4):
            clock.forward(timedelta(minutes=15))
            # either of them makes the slots of both
            scheduler.make_due()
            run_all(crawler, scheduler)
        assert crawled.done == {"crawl:tea:weibo": 4, "crawl:tea:hot": 4}
        assert set(timed.done) == {job.name for job in FIXED_JOBS}
        due = {job for job, slot in states(begin).items() if slot.state is SlotState.DUE}
        assert due == {f"lane:{Lane.WEIBO.value}"}, "what is due is the lane, free for the next"
        assert whole.make_due() == 0
        run_all(whole)
        assert not alone.done

    def test_a_crawler_s_end_makes_detection_due_for_the_scheduler(self, begin):
        clock = FixedClock()
        crawler, _ = a_service(begin, clock, "crawler", lanes_of({Part.CRAWLER}))
        scheduler, timed = a_service(begin, clock, "scheduler", lanes_of({Part.SCHEDULER}))
        crawler.make_due()
        run_all(scheduler)
        before = timed.done["detect"]
        clock.forward(timedelta(seconds=1))
        run_all(crawler)
        run_all(scheduler)
        assert timed.done["detect"] == before + 1

    def test_a_turn_of_the_timetable_is_a_sign_of_life_unless_the_database_is_away(self, begin):
        signs = []

        def away():
            raise StoreUnavailable(Text("不可用", "away"), place="workflow database")

        service, _ = a_service(begin, FixedClock())
        service.on_tick = lambda: signs.append(1)
        service._tick()
        assert signs == [1]
        service.begin_work = away
        service._tick()
        assert signs == [1]

    def test_a_dead_services_work_is_taken_over_after_its_lease(self, begin):
        clock = FixedClock()
        dead, _ = a_service(begin, clock, "dead")
        dead.make_due()
        with begin() as work:
            lost = work.slots.claim("dead", clock.now(), timedelta(seconds=60), ["crawl:tea:weibo"])
            work.commit()
        alive, notebook = a_service(begin, clock, "alive")
        run_all(alive)
        assert notebook.done["crawl:tea:weibo"] == 0
        clock.forward(timedelta(seconds=61))
        run_all(alive)
        assert notebook.done["crawl:tea:weibo"] == 1
        with begin() as work:
            assert not work.slots.finish(lost, "dead", clock.now(), SlotState.DONE, {})

    def test_what_was_missed_while_asleep_is_done_once_and_counted(self, begin):
        clock = FixedClock()
        service, notebook = a_service(begin, clock)
        for _ in range(4):
            service.make_due()
            clock.forward(timedelta(minutes=15))
        service.make_due()
        run_all(service)
        assert notebook.done["crawl:tea:weibo"] == 1
        assert states(begin)["crawl:tea:weibo"].coalesced == 4

    def test_between_the_crawls_of_two_services_a_platform_has_its_pace(self, begin):
        clock = FixedClock()
        one, first = a_service(begin, clock, "one")
        two, second = a_service(begin, clock, "two")
        for service in (one, two):
            service.pace = timedelta(seconds=5)
        one.make_due()
        assert one.run_one(Lane.WEIBO)
        for _ in range(3):  # asking again and again does not put it off
            assert not two.run_one(Lane.WEIBO)
            clock.forward(timedelta(seconds=1))
        clock.forward(timedelta(seconds=2))
        assert two.run_one(Lane.WEIBO)
        assert (sum(first.done.values()), sum(second.done.values())) == (1, 1)

    def test_a_service_waits_for_nobody_between_its_own_crawls(self, begin):
        service, notebook = a_service(begin, FixedClock())
        service.pace = timedelta(seconds=5)
        service.make_due()
        assert service.run_one(Lane.WEIBO)
        assert service.run_one(Lane.WEIBO)
        assert notebook.done == {"crawl:tea:weibo": 1, "crawl:tea:hot": 1}

    def test_one_session_a_platform_even_with_two_services(self, begin):
        clock = FixedClock()
        busy = threading.Lock()
        overlaps = []

        def crawl(job, stopping):
            overlaps.append(not busy.acquire(blocking=False))
            stopping.wait(0.02)
            busy.release()
            return {}

        one, _ = a_service(begin, clock, "one", **{Lane.WEIBO: crawl})
        two, _ = a_service(begin, clock, "two", **{Lane.WEIBO: crawl})
        one.make_due()
        threads = [threading.Thread(target=s.run_one, args=(Lane.WEIBO,)) for s in (one, two)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        run_all(one, two)
        assert overlaps == [False, False]

    def test_detection_follows_at_once_when_the_last_crawl_has_ended(self, begin):
        clock = FixedClock()
        service, notebook = a_service(begin, clock)
        service.make_due()

        def detect_all():
            while service.run_one(Lane.DETECT):
                pass
            return notebook.done["detect"]

        assert detect_all() == 1
        clock.forward(timedelta(seconds=40))
        service.run_one(Lane.WEIBO)
        assert detect_all() == 1, "another source is still to be read"
        service.run_one(Lane.WEIBO)
        assert detect_all() == 2

    def test_work_that_fails_is_kept_as_failed_with_its_reason(self, begin):
        def fails(job, stopping):
            raise CrawlError(Text("不行", "no"), place="weibo")

        service, _ = a_service(begin, FixedClock(), **{Lane.WEIBO: fails})
        service.make_due()
        run_all(service)
        slot = states(begin)["crawl:tea:weibo"]
        assert slot.state is SlotState.FAILED
        assert slot.detail == {"error": "weibo: no"}

    def test_a_defect_fails_its_slot_instead_of_running_again_every_minute(self, begin):
        def crashes(job, stopping):
            raise ZeroDivisionError("a text that somebody crawled")

        clock = FixedClock()
        service, _ = a_service(begin, clock, **{Lane.DETECT: crashes})
        service.make_due()
        assert service.run_one(Lane.DETECT)
        slot = states(begin)["detect"]
        assert (slot.state, slot.detail) == (SlotState.FAILED, {"error": "ZeroDivisionError"})
        clock.forward(timedelta(seconds=61))
        assert not service.run_one(Lane.DETECT), "the grid tries again, not the lease"

    def test_a_watch_that_was_removed_is_not_waited_for(self, begin):
        clock = FixedClock()
        service, notebook = a_service(begin, clock)
        service.make_due()
        service.run_one(Lane.DETECT)
        with begin() as work:
            configuration = Configuration(watches=(WATCH,), sources=(WEIBO,))
            work.configuration.save(
                configuration, expected_version=1, actor="test", at=NOON, origin="test"
            )
            work.commit()
        assert states(begin)["crawl:tea:hot"].state is SlotState.DUE
        clock.forward(timedelta(seconds=40))
        service.run_one(Lane.WEIBO)
        service.run_one(Lane.DETECT)
        assert notebook.done["detect"] == 2

    def test_work_that_a_stop_cuts_short_is_due_again_at_once(self, begin):
        clock = FixedClock()

        def crawl(job, stopping):
            stopping.set()
            return {"reason": "interrupted"}

        stopped, _ = a_service(begin, clock, "stopped", **{Lane.WEIBO: crawl})
        stopped.make_due()
        stopped.run_one(Lane.WEIBO)
        cut_short = [s for s in states(begin).values() if s.detail == {"reason": "interrupted"}]
        assert [slot.state for slot in cut_short] == [SlotState.DUE]
        following, notebook = a_service(begin, clock, "following")
        run_all(following)
        assert notebook.done["crawl:tea:weibo"] == notebook.done["crawl:tea:hot"] == 1

    def test_work_that_was_interrupted_without_a_stop_waits_for_its_next_slot(self, begin):
        service, _ = a_service(
            begin, FixedClock(), **{Lane.WEIBO: lambda job, stopping: {"reason": "interrupted"}}
        )
        service.make_due()
        run_all(service)
        assert states(begin)["crawl:tea:weibo"].state is SlotState.DONE

    def test_mail_follows_detection_at_once(self, begin):
        clock = FixedClock()
        service, notebook = a_service(begin, clock)
        service.make_due()
        run_all(service)
        sent = notebook.done["relay"]
        clock.forward(timedelta(seconds=7))
        with begin() as work:
            work.slots.ensure("detect", clock.now())
            work.commit()
        run_all(service)
        assert notebook.done["relay"] == sent + 1

    def test_start_and_stop_are_clean(self, begin):
        clock = FixedClock()
        service, notebook = a_service(begin, clock)
        service.make_due()
        done = threading.Event()
        service.on_finish = lambda job, state, detail: done.set()
        service.start()
        assert done.wait(20)
        service.stop()
        assert sum(notebook.done.values()) >= 1

    def test_old_slots_go_but_never_the_newest_of_a_job(self, begin):
        clock = FixedClock()
        service, _ = a_service(begin, clock)
        for _ in range(3):
            service.make_due()
            run_all(service)
            clock.forward(timedelta(minutes=15))
        with begin() as work:
            newest = {slot.job: slot.slot_at for slot in work.slots.latest()}
            assert work.slots.prune(clock.now() + timedelta(days=1)) > 0
            assert {slot.job: slot.slot_at for slot in work.slots.latest()} == newest
            work.commit()

    def test_a_machines_own_work_needs_no_slot_and_hurries_detection(self, begin):
        clock = FixedClock()
        service, notebook = a_service(begin, clock)
        results = [OwnResult({"looks": 3}, brought=True), OwnResult()]
        service.own = {"spool": lambda stopping: results.pop(0)}
        service.run_own("spool")
        assert {slot.job for slot in _slots(begin)} == {"detect"}
        service.run_own("spool")
        assert results == []
        run_all(service)
        assert notebook.done["detect"] == 1

    def test_own_work_that_fails_is_told_and_tried_again(self, begin):
        service, _ = a_service(begin, FixedClock())
        errors = [CrawlError(Text("不行", "no")), ValueError("a defect")]

        def fails(stopping):
            raise errors.pop(0)

        service.own = {"spool": fails}
        with structlog.testing.capture_logs() as told:
            service.run_own("spool")
            service.run_own("spool")
        events = [event["event"] for event in told]
        assert events == ["own_work_failed", "own_work_crashed"]


def _slots(begin):
    return list(states(begin).values())
