"""A login is sealed, used, renewed and ended; the trail tells who did it, its owner hears once."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from delivery.session_mail import render_session
from domain.account import Account, AccountState, Role
from domain.brand import Configuration, Recipient
from domain.errors import InputRefused
from domain.mention import Platform
from domain.ports import BeginWork
from domain.session import DOORS, PlatformSession, SessionState, state_of
from storage.identity import KeyedMasker
from storage.sql.database import begin_work
from tests.fakes import NOON
from tests.fixtures.databases import new_workflow_database
from tests.fixtures.sessions import DAY, NOW, SECRET, a_state, told_cookie
from workflow.platform_sessions import SessionDesk

WEIBO = DOORS[Platform.WEIBO]
HOUR = timedelta(hours=1)
LIN = Account("lin", "lin", "林澜", frozenset({Role.ANALYST}), NOON, address="lin@example.com")
CHEN = Account("chen", "chen", "陈栖", frozenset({Role.ADMIN}), NOON, address="chen@example.com")
DUTY = Recipient("duty", "值班长", "duty@example.com")


@dataclass
class Room:
    """A desk with its database."""

    desk: SessionDesk
    begin: BeginWork
    file: Path

    def store(self, owner_id: str = "lin", **cookie: object) -> PlatformSession:
        state = a_state(told_cookie(**cookie))  # type: ignore[arg-type]
        return self.desk.store(
            WEIBO, state, owner_id=owner_id, actor="cli:root", at=NOON, way="file"
        )

    def mails(self) -> list[tuple[str, str]]:
        with self.begin() as work:
            return [(m.recipient, m.rendered.subject) for m in reversed(work.outbox.recent())]

    def actions(self) -> list[str]:
        with self.begin() as work:
            return [row.action for row in work.audit.of("session:weibo")]

    def cookies(self) -> dict[str, str]:
        opened = self.desk.open(Platform.WEIBO, NOON)
        return {c.name: c.value for c in opened.state.cookies} if opened else {}


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    engine = new_workflow_database(tmp_path / "workflow.db")
    begin = begin_work(engine)
    with begin() as work:
        for account in (LIN, CHEN):
            work.accounts.add(account)
        work.configuration.save(
            Configuration(recipients=(DUTY,)),
            expected_version=0,
            actor="test",
            at=NOON,
            origin="test",
        )
        work.commit()
    masker = KeyedMasker(b"a" * 32, b"s" * 32)
    desk = SessionDesk(begin, lambda: masker, render_session, "Asia/Shanghai", "https://k.example")
    yield Room(desk, begin, tmp_path / "workflow.db")
    engine.dispose()


def without(room: Room, *ids: str) -> None:
    """Take the addresses of accounts away."""
    with room.begin() as work:
        for account_id in ids:
            account = work.accounts.get(account_id)
            assert account is not None
            work.accounts.save(replace(account, address=""))
        work.commit()


def test_a_login_is_kept_and_used_until_it_is_removed(room):
    session = room.store()
    assert (session.owner_id, session.login) == ("lin", 1)
    assert session.expires_at == NOON + timedelta(days=30)
    assert room.cookies() == {"SUB": f"_2A25{SECRET}-SUB"}
    assert room.desk.open(Platform.ZHIHU, NOON) is None

    assert room.desk.remove(Platform.WEIBO, actor="cli:root", at=NOON)
    assert not room.desk.remove(Platform.WEIBO, actor="cli:root", at=NOON)
    assert room.cookies() == {}
    assert room.actions() == ["platform_session.stored", "platform_session.removed"]
    assert room.mails() == [], "who removes a login knows of it"


def test_a_new_login_takes_the_place_of_the_old_and_the_trail_names_who_did_it(room):
    room.store()
    assert room.store(value="_2A25other").login == 2
    assert room.cookies() == {"SUB": "_2A25other"}
    with room.begin() as work:
        rows = work.audit.of("session:weibo")
    assert [row.action for row in rows] == ["platform_session.stored", "platform_session.replaced"]
    assert {row.actor for row in rows} == {"cli:root"}
    assert SECRET not in repr(rows)


@pytest.mark.parametrize(
    "cookie",
    [{"value": "_2AkMvisitor"}, {"domain": ".zhihu.com"}, {"name": "x"}, {"expires": NOW - 1}],
)
def test_what_is_no_login_is_not_kept(room, cookie):
    with pytest.raises(InputRefused) as caught:
        room.store(**cookie)
    assert "koubei login weibo" in str(caught.value)
    assert room.actions() == []


def test_only_what_is_the_platforms_is_kept(room):
    state = a_state(told_cookie(), told_cookie("x", ".taobao.com"), told_cookie("old", expires=1))
    room.desk.store(WEIBO, state, owner_id="lin", actor="cli:root", at=NOON, way="file")
    assert set(room.cookies()) == {"SUB"}


def test_an_expired_login_is_not_used_and_its_owner_is_told_without_any_schedule(room):
    room.store()
    for _ in range(2):
        assert room.desk.open(Platform.WEIBO, NOON + timedelta(days=30)) is None
    assert room.mails() == [("lin@example.com", "【采集】微博登录已失效")]


class TestTheEnd:
    def test_its_owner_is_told_once_and_nobody_else(self, room):
        session = room.store()
        assert room.desk.end(session, "login_wall", at=NOON)
        assert not room.desk.end(session, "login_wall", at=NOON + HOUR)
        assert room.mails() == [("lin@example.com", "【采集】微博登录已失效")]
        assert room.actions() == ["platform_session.stored", "platform_session.ended"]
        assert room.cookies() == {}
        with room.begin() as work:
            [mail] = work.outbox.recent()
        assert "koubei login weibo" in mail.rendered.text
        assert "微博要求登录" in mail.rendered.text

    @pytest.mark.parametrize(
        ("unreachable", "told"),
        [(("lin",), "chen@example.com"), (("lin", "chen"), "duty@example.com")],
    )
    def test_who_cannot_be_reached_is_stood_in_for(self, room, unreachable, told):
        session = room.store()
        without(room, *unreachable)
        room.desk.end(session, "visitor", at=NOON)
        assert [recipient for recipient, _ in room.mails()] == [told]

    def test_so_is_who_left_and_who_has_no_account(self, room):
        with room.begin() as work:
            work.accounts.save(replace(LIN, state=AccountState.DISABLED))
            work.commit()
        room.desk.end(room.store(), "login_wall", at=NOON)
        room.desk.end(room.store("cli:root", value="_2A25b"), "login_wall", at=NOON)
        assert [recipient for recipient, _ in room.mails()] == ["chen@example.com"] * 2

    def test_what_a_run_learned_of_an_earlier_login_ends_no_later_one(self, room):
        first = room.store()
        room.store(value="_2A25second")
        assert not room.desk.end(first, "login_wall", at=NOON)
        assert room.cookies() == {"SUB": "_2A25second"}
        assert room.mails() == []

    def test_a_login_that_the_key_does_not_open_has_ended(self, room):
        room.store()
        other = KeyedMasker(b"a" * 32, b"x" * 32)
        desk = replace(room.desk, masker=lambda: other)
        assert desk.open(Platform.WEIBO, NOON) is None
        with room.begin() as work:
            assert work.sessions.get(Platform.WEIBO).ended_reason == "unreadable"
        assert room.mails() == [("lin@example.com", "【采集】微博登录已失效")]

    def test_a_sealed_state_moved_to_another_platform_does_not_open(self, room):
        session = room.store()
        with room.begin() as work:
            sealed = work.sessions.sealed_state(Platform.WEIBO)
            work.sessions.put(replace(session, platform=Platform.ZHIHU), sealed)
            work.commit()
        assert room.desk.open(Platform.ZHIHU, NOON) is None
        assert room.desk.open(Platform.WEIBO, NOON) is not None


class TestTheWatch:
    def test_the_owner_is_warned_once_before_it_expires_and_told_once_when_it_has(self, room):
        session = room.store()
        warn_at = session.expires_at - timedelta(days=2)
        assert room.desk.watch(NOON) == {"sessions_expired": 0, "sessions_expiring": 0}
        assert room.desk.watch(warn_at) == {"sessions_expired": 0, "sessions_expiring": 1}
        assert room.desk.watch(warn_at + HOUR) == {"sessions_expired": 0, "sessions_expiring": 0}
        ended_at = session.expires_at + HOUR
        assert room.desk.watch(ended_at) == {"sessions_expired": 1, "sessions_expiring": 0}
        assert room.desk.watch(ended_at) == {"sessions_expired": 0, "sessions_expiring": 0}
        assert [subject for _, subject in room.mails()] == [
            "【采集】微博登录即将到期",
            "【采集】微博登录已失效",
        ]
        with room.begin() as work:
            ended = work.sessions.get(Platform.WEIBO)
        assert (ended.ended_reason, state_of(ended, ended_at)) == ("expired", SessionState.ENDED)

    def test_a_new_login_is_warned_of_anew(self, room):
        for value in ("_2A25a", "_2A25b"):
            session = room.store(value=value)
            room.desk.watch(session.expires_at - HOUR)
        assert len(room.mails()) == 2

    def test_one_without_an_end_is_left_alone(self, room):
        room.store(expires=-1)
        assert sum(room.desk.watch(NOON + timedelta(days=900)).values()) == 0


class TestRenewing:
    def given(self, name: str = "SUB", **changes: object):
        [cookie] = a_state(told_cookie(name)).cookies
        return replace(cookie, **{"set_at": NOW + 1, **changes})

    def test_what_the_platform_renewed_is_sealed_again(self, room):
        session = room.store()
        later = NOW + 60 * DAY
        given = [self.given(value="_2A25new", expires=later), self.given("extra", value="1")]
        assert room.desk.renew(WEIBO, session, given, at=NOON)
        assert room.cookies() == {"SUB": "_2A25new", "extra": "1"}
        with room.begin() as work:
            assert work.sessions.get(Platform.WEIBO).expires_at == NOON + timedelta(days=60)

    def test_two_runs_that_began_alike_do_not_undo_each_other(self, room):
        session = room.store()
        room.desk.renew(WEIBO, session, [self.given("a", value="1")], at=NOON)
        room.desk.renew(WEIBO, session, [self.given("b", value="2")], at=NOON)
        assert room.cookies() == {"SUB": f"_2A25{SECRET}-SUB", "a": "1", "b": "2"}

    def test_of_one_cookie_the_newer_wins_whoever_comes_first(self, room):
        session = room.store()
        newer, older = self.given(value="_2A25n", set_at=NOW + 9), self.given(value="_2A25o")
        room.desk.renew(WEIBO, session, [newer], at=NOON)
        assert not room.desk.renew(WEIBO, session, [older], at=NOON)
        assert room.cookies() == {"SUB": "_2A25n"}

    @pytest.mark.parametrize(
        "changes",
        [
            {"value": "_2AkMvisitor"},
            {"value": "deleted"},
            {"expires": 1.0},
            {"domain": ".evil.example", "value": "x"},
        ],
        ids=["visitor", "deleted", "expired", "of another site"],
    )
    def test_what_would_make_it_a_visitors_is_not_taken(self, room, changes):
        session = room.store()
        assert not room.desk.renew(WEIBO, session, [self.given(**changes)], at=NOON)
        assert room.cookies() == {"SUB": f"_2A25{SECRET}-SUB"}

    def test_what_belongs_to_an_earlier_or_ended_login_is_not_taken(self, room):
        first = room.store()
        second = room.store(value="_2A25second")
        assert not room.desk.renew(WEIBO, first, [self.given(value="_2A25x")], at=NOON)
        assert room.cookies() == {"SUB": "_2A25second"}
        room.desk.end(second, "login_wall", at=NOON)
        assert not room.desk.renew(WEIBO, second, [self.given(value="_2A25x")], at=NOON)

    def test_a_platform_cannot_fill_the_database(self, room):
        session = room.store()
        flood = [self.given(f"c{number}") for number in range(400)]
        assert not room.desk.renew(WEIBO, session, flood, at=NOON)


class TestWanted:
    def test_admins_are_told_once_that_a_login_is_wanted(self, room):
        assert room.desk.want(Platform.WEIBO, "login_wall", at=NOON) == 1
        assert room.desk.want(Platform.WEIBO, "visitor", at=NOON + HOUR) == 0
        assert room.mails() == [("chen@example.com", "【采集】微博要求登录")]

    def test_nobody_else_is_woken_for_it(self, room):
        without(room, "chen")
        assert room.desk.want(Platform.WEIBO, "login_wall", at=NOON) == 0
        assert room.mails() == []

    def test_not_after_one_ended_which_its_owner_knows(self, room):
        room.desk.end(room.store(), "login_wall", at=NOON)
        assert room.desk.want(Platform.WEIBO, "login_wall", at=NOON) == 0

    def test_again_after_one_was_removed(self, room):
        room.desk.want(Platform.WEIBO, "login_wall", at=NOON)
        room.store()
        room.desk.remove(Platform.WEIBO, actor="cli:root", at=NOON)
        assert room.desk.want(Platform.WEIBO, "login_wall", at=NOON) == 1


def test_nothing_of_it_lies_open_in_the_database(room):
    session = room.store()
    given = [replace(c, value=f"_2A25{SECRET}2", set_at=NOW) for c in a_state().cookies]
    room.desk.renew(WEIBO, session, given, at=NOON)
    with sqlite3.connect(room.file) as db:
        dump = "\n".join(db.iterdump())
    db.close()
    assert "platform_sessions" in dump
    assert SECRET not in dump
    files = [path for path in room.file.parent.iterdir() if path.is_file()]
    assert not [path for path in files if SECRET.encode() in path.read_bytes()]
