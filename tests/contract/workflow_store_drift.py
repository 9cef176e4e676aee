"""What every workflow database does with counts of surfaces and episodes; a subclass gives
`engine`.
"""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from domain.drift import DriftKind, Episode, SurfaceCounts
from domain.mention import Platform
from domain.ports import BeginWork
from storage.sql.database import begin_work
from tests.fakes import NOON

HOUR = timedelta(hours=1)
COUNTS = SurfaceCounts(
    "run-1",
    "weibo",
    Platform.WEIBO,
    "weibo_search",
    NOON,
    pages=1,
    content_pages=1,
    mentions=10,
    fresh=4,
    filled={"likes": 10, "ip_location": 3},
    fresh_filled={"likes": 4},
)
EPISODE = Episode(
    "weibo",
    Platform.WEIBO,
    "weibo_search",
    "likes",
    DriftKind.VANISHED,
    NOON,
    NOON + HOUR,
    (100, 100),
    (0, 9),
)


class DriftStoreContract:
    @pytest.fixture
    def begin(self, engine: Engine) -> BeginWork:
        return begin_work(engine)

    def test_pages_of_a_run_add_up_by_surface(self, begin):
        later = NOON + timedelta(minutes=1)
        with begin() as work:
            work.drift.count(COUNTS)
            work.drift.count(
                replace(COUNTS, at=later, filled={"likes": 9, "views": 2}, bare_pages=1)
            )
            work.drift.count(replace(COUNTS, surface="weibo_post"))
            work.drift.count(replace(COUNTS, run_id="run-2"))
            work.commit()
        with begin() as work:
            post, search = work.drift.of_run("run-1")
        assert post == replace(COUNTS, surface="weibo_post")
        assert search == replace(
            COUNTS,
            at=later,
            pages=2,
            content_pages=2,
            bare_pages=1,
            mentions=20,
            fresh=8,
            filled={"likes": 19, "ip_location": 3, "views": 2},
            fresh_filled={"likes": 8},
        )

    def test_what_the_reader_missed_stays_said(self, begin):
        with begin() as work:
            work.drift.count(replace(COUNTS, missing="created_at"))
            work.drift.count(COUNTS)
            work.commit()
        with begin() as work:
            assert [counts.missing for counts in work.drift.of_run("run-1")] == ["created_at"]

    def test_history_is_the_newest_of_one_source_oldest_first(self, begin):
        runs = [replace(COUNTS, run_id=f"run-{n}", at=NOON + n * HOUR) for n in range(5)]
        with begin() as work:
            for counts in (*runs, replace(COUNTS, source_id="other")):
                work.drift.count(counts)
            work.commit()
        with begin() as work:
            assert work.drift.history("weibo", 3) == runs[2:]
            assert work.drift.history("nobody") == []

    def test_an_episode_goes_on_until_it_is_saved_as_ended(self, begin):
        earlier = replace(EPISODE, field="author", since=NOON - HOUR, ended_at=NOON)
        with begin() as work:
            for episode in (earlier, EPISODE, replace(EPISODE, source_id="tieba")):
                work.drift.save(episode)
            work.commit()
        with begin() as work:
            assert work.drift.episodes("weibo") == [EPISODE, earlier]
            assert len(work.drift.episodes()) == 3
            work.drift.save(replace(EPISODE, told_at=NOON, ended_at=NOON + HOUR))
            assert all(each.ended_at for each in work.drift.episodes("weibo"))

    def test_old_counts_and_ended_episodes_go_and_what_goes_on_stays(self, begin):
        old = replace(EPISODE, field="author", ended_at=NOON - HOUR)
        with begin() as work:
            work.drift.count(replace(COUNTS, at=NOON - HOUR))
            work.drift.count(replace(COUNTS, run_id="run-2"))
            work.drift.save(old)
            work.drift.save(EPISODE)
            assert work.drift.prune(NOON) == 2
            assert [counts.run_id for counts in work.drift.history("weibo")] == ["run-2"]
            assert work.drift.episodes() == [EPISODE]
