"""What every workflow database does with spooled looks and dead letters; a subclass gives
`engine`.
"""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from domain.coverage import CoverageRow, CoverageState
from domain.dead_letter import DeadLetter
from domain.errors import Text
from domain.mention import Platform
from domain.ports import BeginWork
from domain.sentiment import WHOLE_TEXT, Label, Sentiment
from domain.spool import RunDebt, SpoolStanding, WaitingLook
from storage.sql.database import begin_work
from tests.fakes import NOON, a_mention

MINUTE = timedelta(minutes=1)
REASON = Text("字段 likes 超出范围", "likes: out of range")


def waits(number: int = 1, **changes: object) -> WaitingLook:
    look = WaitingLook(
        look_id=f"look-{number}",
        spool="house-1",
        run_id="run-1",
        lineage="run-1",
        watch_id="tea",
        collected_at=NOON,
        spooled_at=NOON + number * MINUTE,
        mentions=10 * number,
    )
    return replace(look, **changes)  # type: ignore[arg-type]


def an_entry(number: int = 1) -> CoverageRow:
    return CoverageRow(
        watch_id="tea",
        source_id="weibo",
        platform=Platform.WEIBO,
        window_start=NOON - number * MINUTE,
        window_end=NOON,
        observed_at=NOON,
        state=CoverageState.OK,
        run_id="run-1",
        matched=30,
    )


def a_letter(native: str = "1", minute: int = 0, **changes: object) -> DeadLetter:
    mention = a_mention(
        native,
        text="云栈\n「茶」里有虫😀",
        likes=2**63,
        collected_at=NOON + minute * MINUTE,
        brand_ids=frozenset({"tea"}),
        sentiment={WHOLE_TEXT: Sentiment(Label.NEGATIVE, -0.9, 0.8, "m")},
        **changes,
    )
    at = NOON + minute * MINUTE
    return DeadLetter(mention, REASON, f"run-{minute}", at, at)


class SpoolStoreContract:
    @pytest.fixture
    def begin(self, engine: Engine) -> BeginWork:
        return begin_work(engine)

    def test_what_waits_is_told_by_spool(self, begin: BeginWork) -> None:
        with begin() as work:
            assert work.spooled.waiting() == []
            for look in (waits(1), waits(2), waits(1), waits(3, spool="house-2", lineage="")):
                work.spooled.add(look)
            work.commit()
        with begin() as work:
            assert work.spooled.waiting() == [
                SpoolStanding("house-1", 2, 30, NOON + MINUTE),
                SpoolStanding("house-2", 1, 30, NOON + 3 * MINUTE),
            ]
            assert sorted(work.spooled.of_spool("house-1")) == ["look-1", "look-2"]

    def test_a_crawl_is_paid_when_its_last_look_was_stored(self, begin: BeginWork) -> None:
        rows = (an_entry(1), an_entry(2))
        with begin() as work:
            assert work.spooled.debt("run-1") is None
            work.spooled.add(waits(1))
            work.spooled.add(waits(2))
            assert work.spooled.take_off("look-1", new=4, dead_lettered=1)
            assert not work.spooled.take_off("look-1", new=4, dead_lettered=1)
            work.spooled.owe("run-1", "run-7", rows)
            assert work.spooled.payable() == []
            assert work.spooled.debt("run-1") == RunDebt(
                "run-1", 1, new=4, dead_lettered=1, run_id="run-7", rows=rows
            )
            assert work.spooled.take_off("look-2", new=3, dead_lettered=0)
            assert work.spooled.payable() == [
                RunDebt("run-1", 0, new=7, dead_lettered=1, run_id="run-7", rows=rows)
            ]
            work.spooled.forget("run-1")
            assert work.spooled.payable() == []

    def test_a_crawl_under_way_is_not_paid_and_knows_what_came_out(self, begin: BeginWork) -> None:
        with begin() as work:
            work.spooled.add(waits(1))
            work.spooled.take_off("look-1", new=4, dead_lettered=0)
            assert work.spooled.payable() == []
            assert work.spooled.debt("run-1") == RunDebt("run-1", 0, new=4)

    def test_an_import_owes_the_ledger_nothing(self, begin: BeginWork) -> None:
        with begin() as work:
            work.spooled.add(waits(1, lineage=""))
            assert work.spooled.take_off("look-1", new=4, dead_lettered=0)
            assert work.spooled.debt("") is None

    def test_a_lost_look_marks_its_crawl(self, begin: BeginWork) -> None:
        with begin() as work:
            work.spooled.add(waits(1))
            work.spooled.add(waits(2, lineage="run-2"))
            assert work.spooled.lose(["look-1", "look-9"]) == 1
            assert work.spooled.debt("run-1") == RunDebt("run-1", 0, lost=True)
            assert work.spooled.debt("run-2") == RunDebt("run-2", 1)

    def test_a_crawl_that_never_ended_is_forgotten_in_the_end(self, begin: BeginWork) -> None:
        with begin() as work:
            for number in (1, 2, 3):
                work.spooled.add(waits(number, lineage=f"run-{number}", spooled_at=NOON))
            work.spooled.take_off("look-1", new=0, dead_lettered=0)
            work.spooled.take_off("look-2", new=0, dead_lettered=0)
            work.spooled.owe("run-2", "run-2", [an_entry()])
            assert work.spooled.prune(NOON) == 0
            assert work.spooled.prune(NOON + MINUTE) == 1
            assert work.spooled.debt("run-1") is None
            assert [debt.lineage for debt in work.spooled.payable()] == ["run-2"]
            assert work.spooled.debt("run-3") is not None

    def test_a_dead_letter_comes_back_whole(self, begin: BeginWork) -> None:
        letter = a_letter()
        with begin() as work:
            work.dead_letters.put([letter])
            work.commit()
        with begin() as work:
            assert work.dead_letters.get(["weibo:1", "weibo:2"]) == [letter]
            assert work.dead_letters.count() == 1
            assert work.dead_letters.ids() == ["weibo:1"]

    def test_a_mention_refused_again_counts_and_shows_its_newer_look(
        self, begin: BeginWork
    ) -> None:
        old, new = a_letter(minute=1), a_letter(minute=5)
        again = replace(old, refused_at=NOON + 9 * MINUTE, run_id="run-9")
        with begin() as work:
            for letter in (old, new, again):
                work.dead_letters.put([letter])
            (found,) = work.dead_letters.get(["weibo:1"])
        assert found.mention == new.mention
        assert (found.attempts, found.run_id) == (3, "run-9")
        assert (found.first_refused_at, found.refused_at) == (NOON + MINUTE, NOON + 9 * MINUTE)

    def test_the_newest_refusal_is_listed_first(self, begin: BeginWork) -> None:
        letters = [a_letter(str(number), minute=number) for number in range(5)]
        with begin() as work:
            work.dead_letters.put(letters)
            newest = [letter.mention.id for letter in work.dead_letters.recent(2)]
        assert newest == ["weibo:4", "weibo:3"]

    def test_a_look_that_is_stored_ends_the_letters_of_older_looks(self, begin: BeginWork) -> None:
        with begin() as work:
            work.dead_letters.put([a_letter("1"), a_letter("2", minute=5), a_letter("3")])
            assert work.dead_letters.end(["weibo:1", "weibo:2"], NOON + MINUTE) == 1
            assert work.dead_letters.ids() == ["weibo:2", "weibo:3"]
            assert work.dead_letters.remove(["weibo:2", "weibo:9"]) == 1
            assert work.dead_letters.ids() == ["weibo:3"]

    def test_letters_go_when_their_time_is_over(self, begin: BeginWork) -> None:
        with begin() as work:
            work.dead_letters.put([a_letter("1"), a_letter("2", minute=5)])
            assert work.dead_letters.prune(NOON + MINUTE) == 1
            assert work.dead_letters.ids() == ["weibo:2"]

    def test_a_thousand_letters_are_asked_for_at_once(self, begin: BeginWork) -> None:
        ids = [f"weibo:{number}" for number in range(1200)]
        with begin() as work:
            work.dead_letters.put(a_letter(str(number)) for number in range(1200))
            assert len(work.dead_letters.get(ids)) == 1200
            assert work.dead_letters.remove(ids) == 1200
