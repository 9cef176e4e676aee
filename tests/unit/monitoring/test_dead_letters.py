"""Dead letters: tried again, or given up by somebody who may, and the trail tells of it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.account import Account, Role
from domain.crawl import SightingOutcome
from domain.dead_letter import DeadLetter
from domain.errors import NotPermitted, StoreUnavailable, Text
from monitoring.dead_letters import Replayed, account, drop, replay, terminal
from tests.fakes import NOON, a_mention
from tests.fixtures.away import FickleStore

LATER = NOON + timedelta(hours=1)
WHY = Text("字段不符", "mapper_parsing_exception: likes")


@pytest.fixture
def fickle(store):
    return FickleStore(store)


@pytest.fixture
def letters(begin):
    """Three letters, and an account that may act and one that may not."""
    with begin() as work:
        work.dead_letters.put(
            DeadLetter(a_mention(str(n), text=f"云栈{n}"), WHY, "run-1", NOON, NOON)
            for n in (1, 2, 3)
        )
        work.accounts.add(Account("a", "Anna", "安娜", frozenset({Role.DUTY_LEAD}), NOON))
        work.accounts.add(Account("b", "Ben", "本", frozenset({Role.ANALYST}), NOON))
        work.commit()
    return ["weibo:1", "weibo:2", "weibo:3"]


def trail(begin):
    with begin() as work:
        return [(r.actor, r.action, r.reason, r.payload) for r in work.audit.of("dead-letters")]


def left(begin):
    with begin() as work:
        return {one.mention.id: one.attempts for one in work.dead_letters.recent()}


def test_what_the_store_takes_now_is_no_letter_any_more(begin, fickle, letters):
    done = replay(begin, fickle, letters[:2], by=terminal("cli:root"), at=LATER)
    assert done == Replayed(stored=2)
    assert set(fickle.real.get(letters)) == {"weibo:1", "weibo:2"}
    assert left(begin) == {"weibo:3": 1}
    assert trail(begin) == [
        (
            "cli:root",
            "dead_letters.replayed",
            "",
            '{"refused":[],"stored":["weibo:1","weibo:2"]}',
        )
    ]
    with begin() as work:
        assert [s.outcome for s in work.crawls.sightings("weibo:1")] == [SightingOutcome.STORED]


def test_what_it_refuses_again_counts_and_tells_the_new_reason(begin, fickle, letters):
    fickle.refuses = lambda mention: mention.id == "weibo:2"
    assert replay(begin, fickle, letters, by=terminal("x"), at=LATER) == Replayed(2, 1)
    with begin() as work:
        (letter,) = work.dead_letters.recent()
    assert (letter.attempts, letter.refused_at, letter.first_refused_at) == (2, LATER, NOON)
    assert letter.reason.zh == "字段 likes 类型不符"


def test_a_store_that_is_away_leaves_every_letter(begin, fickle, letters):
    fickle.away = True
    with pytest.raises(StoreUnavailable):
        replay(begin, fickle, letters, by=terminal("x"), at=LATER)
    assert left(begin) == dict.fromkeys(letters, 1)
    assert trail(begin) == []


def test_a_crash_after_the_store_took_it_is_mended_by_trying_again(begin, fickle, letters):
    fickle.real.add([a_mention("1", text="云栈1")])
    assert replay(begin, fickle, letters[:1], by=terminal("x"), at=LATER) == Replayed(stored=1)
    mention = fickle.real.get(["weibo:1"])["weibo:1"]
    assert len(mention.revisions) <= 1


def test_an_id_without_a_letter_is_nothing(begin, fickle, letters):
    assert replay(begin, fickle, ["weibo:9"], by=terminal("x"), at=LATER) == Replayed()
    assert trail(begin) == []


def test_dropping_is_for_good_and_in_the_trail_with_its_reason(begin, letters):
    ids = [*letters[:1], "weibo:9"]
    assert drop(begin, ids, by=account("a"), reason="广告", at=LATER) == 1
    assert set(left(begin)) == {"weibo:2", "weibo:3"}
    expected = ("account:a", "dead_letters.dropped", "广告", '{"mentions":["weibo:1"]}')
    assert trail(begin) == [expected]
    assert drop(begin, ids, by=account("a"), reason="", at=LATER) == 0


@pytest.mark.parametrize("who", ["b", "nobody"])
def test_who_may_not_edit_watches_may_do_neither(begin, fickle, letters, who):
    with pytest.raises(NotPermitted):
        drop(begin, letters, by=account(who), reason="", at=LATER)
    with pytest.raises(NotPermitted):
        replay(begin, fickle, letters, by=account(who), at=LATER)
    assert fickle.asked == 0
    assert left(begin) == dict.fromkeys(letters, 1)


def test_hundreds_are_tried_in_parts_and_each_part_is_told(begin, fickle):
    with begin() as work:
        mentions = [replace(a_mention(str(n)), text=f"第{n}杯") for n in range(450)]
        work.dead_letters.put(DeadLetter(m, WHY, "run-1", NOON, NOON) for m in mentions)
        work.commit()
    steps = []
    ids = [mention.id for mention in mentions]
    done = replay(begin, fickle, ids, by=terminal("x"), at=LATER, advance=steps.append)
    assert (done.stored, steps) == (450, [200, 200, 50])
    assert len(trail(begin)) == 3
