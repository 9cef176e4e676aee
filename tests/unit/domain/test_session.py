"""How it stands with a login, by which door one comes in, and by what a login is known."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.brand import Source, Transport
from domain.mention import Platform
from domain.session import (
    DOORS,
    REMOVED,
    WARN_BEFORE,
    PlatformSession,
    SessionState,
    door_of,
    state_of,
)
from tests.fakes import NOON
from tests.fixtures.sessions import DAY, NOW, SECRET, a_state, told_cookie

STORED = PlatformSession(Platform.WEIBO, "lin", NOON - timedelta(days=9))
WEIBO, ZHIHU, TIEBA = (DOORS[platform] for platform in Platform)


def a_source(base_url: str, platform: Platform = Platform.WEIBO) -> Source:
    return Source("s", f"{platform.value}_search", platform, Transport.HTTP, base_url)


@pytest.mark.parametrize(
    ("session", "state"),
    [
        (None, SessionState.NONE),
        (STORED, SessionState.VALID),
        (replace(STORED, expires_at=NOON + WARN_BEFORE * 2), SessionState.VALID),
        (replace(STORED, expires_at=NOON + WARN_BEFORE), SessionState.EXPIRING),
        (replace(STORED, expires_at=NOON), SessionState.ENDED),
        (replace(STORED, ended_at=NOON, ended_reason="login_wall"), SessionState.ENDED),
        (replace(STORED, ended_at=NOON, ended_reason=REMOVED), SessionState.NONE),
    ],
)
def test_how_it_stands_with_a_login(session, state):
    assert state_of(session, NOON) is state


@pytest.mark.parametrize(
    ("door", "cookie", "logged_in"),
    [
        (WEIBO, told_cookie(), True),
        (WEIBO, told_cookie(domain=".weibo.cn"), True),
        (WEIBO, told_cookie(value="_2AkMvisitor"), False),
        (WEIBO, told_cookie(value=""), False),
        (WEIBO, told_cookie(value="deleted"), False),
        (WEIBO, told_cookie(value='""'), False),
        (WEIBO, told_cookie(expires=NOW - 1), False),
        (WEIBO, told_cookie(domain=".sina.com.cn"), False),
        (WEIBO, told_cookie("SUBP"), False),
        (ZHIHU, told_cookie("z_c0", ".zhihu.com"), True),
        (ZHIHU, told_cookie("d_c0", ".zhihu.com"), False),
        (TIEBA, told_cookie("BDUSS", ".baidu.com"), True),
        (TIEBA, told_cookie("BAIDUID", ".baidu.com"), False),
    ],
)
def test_a_login_is_known_by_its_mark_and_a_visitor_has_none(door, cookie, logged_in):
    assert bool(door.marks(a_state(cookie), NOON)) is logged_in


def test_a_login_ends_when_its_mark_does():
    state = a_state(told_cookie(), told_cookie("x", expires=NOW + DAY))
    assert WEIBO.expires_at(state, NOON) == NOON + timedelta(days=30)
    assert WEIBO.expires_at(a_state(told_cookie(expires=-1)), NOON) is None
    assert WEIBO.expires_at(a_state(told_cookie("x")), NOON) is None


@pytest.mark.parametrize(
    "url", ["https://s.weibo.com/realtime", "https://weibo.com", "https://m.weibo.cn/search"]
)
def test_a_source_of_the_platform_has_its_door(url):
    assert door_of(a_source(url)) == WEIBO


@pytest.mark.parametrize(
    "url",
    ["https://weibo.com.evil.example/", "https://10.0.0.3/", "https://zhihu.com/", "https://"],
)
def test_an_address_that_is_not_the_platforms_has_none(url):
    assert door_of(a_source(url)) is None


@pytest.mark.parametrize(
    ("platform", "login_url"),
    [
        (Platform.WEIBO, "http://127.0.0.1:8600/sso/signin"),
        (Platform.ZHIHU, "http://127.0.0.1:8600/signin"),
        (Platform.TIEBA, "http://127.0.0.1:8600/v2/"),
    ],
)
def test_on_this_machine_the_same_door_stands_on_this_machine(platform, login_url):
    door = door_of(a_source("http://127.0.0.1:8600/search", platform))
    assert door is not None
    assert (door.login_url, door.hosts) == (login_url, ("127.0.0.1",))
    assert door.mark == DOORS[platform].mark
    assert not door.marks(a_state(told_cookie(door.mark, DOORS[platform].hosts[0])), NOON)


@pytest.mark.parametrize("door", DOORS.values(), ids=lambda door: door.platform.value)
def test_a_real_door_is_asked_over_tls_at_its_platform(door):
    assert door.login_url.startswith("https://")
    assert any(f"{host}/" in door.login_url for host in door.hosts)


def test_a_login_tells_nothing_secret():
    assert SECRET not in repr(STORED)
