"""workflow/setting_aside.py: what is set aside stays, counts nowhere, and can be taken back."""

import pytest

from domain.account import Account, Role
from domain.errors import KoubeiError, NotPermitted
from domain.mention import Flag
from domain.queries import MentionFilter
from storage.sql.database import begin_work
from storage.sqlite.mentions import SqliteMentionStore
from tests.fakes import NOON, a_mention
from tests.fixtures.databases import new_workflow_database
from workflow.setting_aside import MOST_AT_ONCE, set_aside, take_back


@pytest.fixture
def store(tmp_path):
    store = SqliteMentionStore(tmp_path / "mentions.db")
    store.add([a_mention("1"), a_mention("2")])
    yield store
    store.close()


@pytest.fixture
def begin(tmp_path):
    engine = new_workflow_database(tmp_path / "workflow.db")
    begin = begin_work(engine)
    with begin() as work:
        for name, role in (("ana", Role.ANALYST), ("aud", Role.AUDITOR)):
            work.accounts.add(Account(name, name, name, frozenset({role}), NOON))
        work.commit()
    yield begin
    engine.dispose()


def trail(begin):
    with begin() as work:
        return [row for row in work.audit.rows() if row.action.startswith("mention.")]


def test_a_mention_set_aside_is_kept_and_counts_no_more(store, begin):
    changed = set_aside(begin, store, "ana", ["weibo:1"], reason="广告", at=NOON)
    assert changed == ("weibo:1",)
    assert store.count(MentionFilter()) == 1
    assert store.count(MentionFilter(public_voice_only=False)) == 2
    assert Flag.SPAM in store.get(["weibo:1"])["weibo:1"].flags


def test_taking_back_is_the_counter_act(store, begin):
    set_aside(begin, store, "ana", ["weibo:1"], reason="广告", at=NOON)
    assert take_back(begin, store, "ana", ["weibo:1"], reason="误判", at=NOON) == ("weibo:1",)
    assert store.count(MentionFilter()) == 2
    assert [row.action for row in trail(begin)] == ["mention.set_aside", "mention.taken_back"]


def test_an_old_copy_does_not_bring_back_what_a_person_took_back(store, begin):
    set_aside(begin, store, "ana", ["weibo:1"], reason="广告", at=NOON)
    exported = store.get(["weibo:1"])["weibo:1"]
    take_back(begin, store, "ana", ["weibo:1"], reason="误判", at=NOON)
    store.add([exported])  # an import of it, or a dead letter that is tried again
    assert store.count(MentionFilter()) == 2
    set_aside(begin, store, "ana", ["weibo:1"], reason="还是广告", at=NOON)
    assert store.get(["weibo:1"])["weibo:1"].flags == {Flag.SPAM}


def test_doing_it_twice_changes_nothing_and_leaves_one_row(store, begin):
    for _ in range(2):
        again = set_aside(begin, store, "ana", ["weibo:1", "weibo:9"], reason="广告", at=NOON)
    assert again == ()
    assert len(trail(begin)) == 1


def test_the_trail_says_who_and_why(store, begin):
    set_aside(begin, store, "ana", ["weibo:1"], reason=" 广告 ", at=NOON)
    row = trail(begin)[0]
    assert (row.actor, row.object_id, row.reason) == ("account:ana", "weibo:1", "广告")


def test_who_may_not_changes_nothing(store, begin):
    with pytest.raises(NotPermitted):
        set_aside(begin, store, "aud", ["weibo:1"], reason="广告", at=NOON)
    assert store.count(MentionFilter()) == 2
    assert trail(begin) == []


def test_a_reason_is_needed_and_a_bulk_is_bounded(store, begin):
    with pytest.raises(KoubeiError, match="reason"):
        set_aside(begin, store, "ana", ["weibo:1"], reason="  ", at=NOON)
    many = [f"weibo:{n}" for n in range(MOST_AT_ONCE + 1)]
    with pytest.raises(KoubeiError, match=str(MOST_AT_ONCE)):
        set_aside(begin, store, "ana", many, reason="广告", at=NOON)
