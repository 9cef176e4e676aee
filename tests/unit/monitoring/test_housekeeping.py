"""What is past its time is destroyed, what is not stays."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.account import Session
from domain.crawl import Sighting, SightingOutcome
from domain.dead_letter import DeadLetter
from domain.drift import SurfaceCounts
from domain.errors import Text
from domain.login import Attempts, Ticket, TicketKind
from domain.mention import Flag, Platform
from domain.spool import WaitingLook
from monitoring.housekeeping import Keep, expire_mentions, tidy
from presentation.wording import action_word
from storage.archive import FilePageArchive
from storage.sqlite.mentions import SqliteMentionStore
from tests.fakes import NOON, FixedClock, a_mention
from tests.fixtures.cases import Journey, add_everyone
from tests.fixtures.sheets import a_sheet

DAY = timedelta(days=1)


def test_each_kind_goes_by_its_own_time(begin, tmp_path):
    clock = FixedClock(NOON - 40 * DAY)
    archive = FilePageArchive(tmp_path / "pages", clock)
    old = archive.put(b"old page")
    clock.forward(39 * DAY)
    new = archive.put(b"new page")
    with begin() as work:
        work.sealed_names.put([("weibo:1", b"x", NOON - DAY), ("weibo:2", b"y", NOON + DAY)])
        work.crawls.saw(
            Sighting(f"weibo:{age}", "", "run", NOON - age * DAY, SightingOutcome.STORED)
            for age in (10, 100)
        )
        for age in (89, 91):
            began = NOON - age * DAY
            work.accounts.begin_session(Session(f"{age}", "lin", began, began))
        for hours in (-1, 1):
            moment = NOON + timedelta(hours=hours)
            work.logins.add_ticket(Ticket(f"{hours}", TicketKind.OIDC, moment))
            work.logins.save_attempts(Attempts(f"{hours}", 1, moment - DAY))
        why = Text("字段不符", "field")
        for age in (179, 181):
            then = NOON - age * DAY
            work.dead_letters.put([DeadLetter(a_mention(f"{age}"), why, "run", then, then)])
        for years in (2, 3):
            over = NOON - years * 366 * DAY - DAY
            work.assessments.add(a_sheet(id=f"P-{years}", signed_at=over, valid_until=over))
        begun = NOON - 91 * DAY
        for age in (89, 91):
            at = NOON - age * DAY
            work.drift.count(SurfaceCounts(f"{age}", "s", Platform.WEIBO, "weibo_search", at))
        work.spooled.add(WaitingLook("l", "house", "run", "run", "tea", begun, begun, 1))
        work.spooled.take_off("l", new=0, dead_lettered=0)
        work.commit()
    gone = tidy(begin, archive, NOON, Keep())
    assert gone == {
        "pages": 1,
        "evaluations": 0,
        "sealed_names": 1,
        "sightings": 1,
        "dead_letters": 1,
        "spool_debts": 1,
        "drift": 1,
        "slots": 0,
        "sessions": 1,
        "tickets": 1,
        "assessments": 1,
        "login_attempts": 1,
    }
    assert archive.get(old) is None
    assert archive.get(new) == b"new page"
    with begin() as work:
        assert work.sealed_names.get("weibo:2") == b"y"
        assert work.crawls.sightings("weibo:10")


class TestMentions:
    """Mentions that were last seen too long ago go, and with them all their traces."""

    @pytest.fixture
    def store(self, tmp_path):
        store = SqliteMentionStore(tmp_path / "m.sqlite")
        store.add(
            a_mention(str(age), published_at=NOON - 500 * DAY, **seen(NOON - age * DAY))
            for age in (1, 99, 101, 400)
        )
        yield store
        store.close()

    def test_those_go_that_were_last_seen_too_long_ago(self, begin, store):
        store.add([a_mention("400", published_at=NOON - 500 * DAY, **seen(NOON - 2 * DAY))])
        gone = expire_mentions(store, begin, NOON, Keep(mentions=100 * DAY))
        assert gone == {"mentions": 1, "mentions_held": 0}
        assert set(store.get(f"weibo:{age}" for age in (1, 99, 101, 400))) == {
            "weibo:1",
            "weibo:99",
            "weibo:400",
        }

    def test_spam_and_own_posts_go_too(self, begin, store):
        store.amend("weibo:400", lambda m: replace(m, flags=frozenset({Flag.SPAM})))
        assert expire_mentions(store, begin, NOON, Keep(mentions=100 * DAY))["mentions"] == 2

    def test_the_trail_tells_how_many_and_no_more(self, begin, store):
        expire_mentions(store, begin, NOON, Keep(mentions=100 * DAY))
        with begin() as work:
            row = work.audit.of("mentions")[-1]
        assert (row.actor, row.action) == ("system:scheduler", "mentions.expired")
        assert "weibo:" not in str(row.payload)
        assert '"removed":2' in str(row.payload).replace(" ", "").replace("'", '"')
        assert action_word(row.action).zh == "到期清理提及"

    def test_a_run_with_nothing_to_do_leaves_no_row(self, begin, store):
        assert expire_mentions(store, begin, NOON, Keep(mentions=900 * DAY))["mentions"] == 0
        with begin() as work:
            assert work.audit.of("mentions") == []

    def test_what_a_case_is_about_stays(self, begin, store):
        add_everyone(begin)
        Journey(begin).open(mention_ids=("weibo:400",))
        gone = expire_mentions(store, begin, NOON, Keep(mentions=100 * DAY))
        assert gone == {"mentions": 1, "mentions_held": 1}
        assert store.get(["weibo:400", "weibo:101"]).keys() == {"weibo:400"}

    def test_all_stay_unless_somebody_decided_otherwise(self, begin, store):
        assert expire_mentions(store, begin, NOON + 9000 * DAY, Keep()) == {}
        assert store.status().mentions == 4


def seen(at):
    return {"collected_at": at, "first_seen_at": at}
