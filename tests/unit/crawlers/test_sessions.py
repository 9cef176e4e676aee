"""The login of a run: where it goes, what is taken of it, and what the run's end says of it."""

import asyncio
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest
from playwright.async_api import Error as PlaywrightError
from scrapy import Request
from scrapy.http import Response

from crawlers.middlewares import SessionMiddleware
from crawlers.plan import Outcome
from crawlers.sessions import RunSession, session_of
from domain.brand import Source, Transport
from domain.coverage import CoverageState
from domain.mention import Platform
from domain.session import PlatformSession
from domain.storage_state import StorageState
from tests.fakes import NOON, FixedClock
from tests.fixtures.sessions import DAY, NOW, SECRET, a_state, told_cookie
from workflow.platform_sessions import OpenSession

SOURCE = Source("s", "weibo_search", Platform.WEIBO, Transport.HTTP, "https://s.weibo.com/weibo")
STORED = PlatformSession(Platform.WEIBO, "lin", NOON)
HOME = "https://s.weibo.com/realtime?q=a"


@dataclass
class Desk:
    """Remembers what it was asked."""

    state: StorageState | None
    asked: list[tuple[Any, ...]] = field(default_factory=list)

    def open(self, platform, at):
        return OpenSession(STORED, self.state) if self.state else None

    def end(self, session, reason, *, at):
        self.asked.append(("end", session.login, reason))

    def want(self, platform, reason, *, at):
        self.asked.append(("want", platform, reason))

    def renew(self, door, session, given, *, at):
        self.asked.append(("renew", [(cookie.name, cookie.value) for cookie in given]))


def begin(state: StorageState | None, source: Source = SOURCE) -> tuple[RunSession, Desk]:
    desk = Desk(state)
    services: Any = SimpleNamespace(session_desk=desk, clock=FixedClock())
    assert (session_of(services, source) is None) is (
        RunSession.begin(services, source).used is None
    )
    return RunSession.begin(services, source), desk


def through(session: RunSession, request: Request, set_cookie: str = "") -> bytes | None:
    """Send a request past the middleware; return its Cookie header."""
    middleware = SessionMiddleware(session)
    middleware.process_request(request)
    headers = {"Set-Cookie": set_cookie} if set_cookie else {}
    middleware.process_response(request, Response(request.url, headers=headers))
    found: bytes | None = request.headers.get("Cookie")
    return found


LOGGED_IN = a_state(told_cookie(value="_2A25x"), told_cookie("p", value="1", path="/ajax"))


class TestPlainRequests:
    @pytest.mark.parametrize(
        ("url", "sent"),
        [
            (HOME, b"SUB=_2A25x"),
            ("https://s.weibo.com/ajax/more", b"p=1; SUB=_2A25x"),
            ("http://s.weibo.com/realtime", None),
            ("https://passport.weibo.com/sso/signin", None),
            ("https://weibo.com/", None),
            ("https://evil.example/", None),
            ("https://s.weibo.com.evil.example/", None),
        ],
    )
    def test_only_the_sources_own_host_gets_it_and_only_over_tls(self, url, sent):
        session, _ = begin(LOGGED_IN)
        assert through(session, Request(url)) == sent

    def test_a_redirect_to_another_host_takes_nothing_along(self):
        session, _ = begin(LOGGED_IN)
        first = Request(HOME)
        assert through(session, first)
        onward = first.replace(url="https://passport.weibo.com/sso/signin")
        assert onward.headers.get("Cookie"), "Scrapy copies the headers"
        assert through(session, onward) is None

    def test_neither_robots_txt_nor_a_browsers_request_gets_a_header(self):
        session, _ = begin(LOGGED_IN)
        for meta in ({"for_robots": True}, {"playwright": True}):
            assert through(session, Request(HOME, meta=meta), "SUB=_2A25y") is None
        assert session.given == {}

    def test_a_visitor_sends_no_cookies_at_all(self):
        session, desk = begin(None)
        request = Request(HOME, headers={"Cookie": "a=1"})
        assert through(session, request, "SUB=_2A25y") is None
        session.close(None)
        assert desk.asked == []

    def test_what_is_renewed_goes_out_with_the_next_request_and_home_at_the_end(self):
        session, desk = begin(LOGGED_IN)
        through(session, Request(HOME), "SUB=_2A25new; Domain=weibo.com; Path=/; Max-Age=60")
        assert through(session, Request(HOME)) == b"SUB=_2A25new"
        session.close(None)
        assert desk.asked == [("renew", [("SUB", "_2A25new")])]

    def test_a_strange_host_sets_nothing(self):
        session, _ = begin(LOGGED_IN)
        through(session, Request("https://passport.weibo.com/x"), "SUB=_2A25evil; Domain=weibo.com")
        assert session.given == {}


class TestWhoseSourceItIs:
    @pytest.mark.parametrize(
        "base_url",
        ["https://evil.example/weibo", "https://10.0.0.9/", "http://127.0.0.1:8600/weibo"],
    )
    def test_a_source_elsewhere_is_read_as_a_visitor(self, base_url):
        session, _ = begin(LOGGED_IN, replace(SOURCE, base_url=base_url))
        assert session.used is None
        assert session.context_options() == {}

    def test_the_demos_login_goes_to_the_demo_and_not_to_the_platform(self):
        demo = a_state(told_cookie(domain="127.0.0.1", value="_2A25demo"))
        here, _ = begin(demo, replace(SOURCE, base_url="http://127.0.0.1:8600/"))
        assert through(here, Request("http://127.0.0.1:8600/realtime")) == b"SUB=_2A25demo"
        there, _ = begin(demo)
        assert there.used is None


class Context:
    """A browser context that holds cookies."""

    def __init__(self, *cookies: dict, broken: bool = False) -> None:
        self.cookies = cookies
        self.broken = broken

    async def storage_state(self):
        if self.broken:
            raise PlaywrightError("Target closed")
        return {"cookies": list(self.cookies), "origins": []}


class TestTheBrowser:
    def test_a_context_is_made_with_the_login(self):
        session, _ = begin(LOGGED_IN)
        [first, _] = session.context_options()["storage_state"]["cookies"]
        assert (first["value"], first["secure"], first["domain"]) == ("_2A25x", True, ".weibo.com")

    def leave(self, session: RunSession, context: Context) -> None:
        asyncio.run(session.leave(context))  # type: ignore[arg-type]

    def test_what_it_was_given_is_taken_and_what_it_had_is_not(self):
        session, desk = begin(LOGGED_IN)
        had = told_cookie(value="_2A25x", expires=NOW + 30 * DAY - 0.3)
        context = Context(had, told_cookie("n", value="1"), told_cookie("t", ".taobao.com"))
        self.leave(session, context)
        session.close(Outcome(CoverageState.PARTIAL, "result_ceiling"))
        assert desk.asked == [("renew", [("n", "1")])]

    def test_one_that_is_gone_has_nothing_to_give(self):
        session, desk = begin(LOGGED_IN)
        self.leave(session, Context(broken=True))
        self.leave(session, Context({"name": SECRET}))
        session.close(None)
        assert desk.asked == [("renew", [])]

    def test_a_visitors_is_not_looked_at(self):
        session, _ = begin(None)
        self.leave(session, Context(told_cookie()))
        assert session.given == {}


BLOCKED, FAILED = CoverageState.BLOCKED, CoverageState.FAILED


class TestTheEnd:
    @pytest.mark.parametrize("reason", ["login_wall", "visitor"])
    def test_a_wall_ends_the_login_that_met_it(self, reason):
        session, desk = begin(LOGGED_IN)
        through(session, Request(HOME), "SUB=_2A25new")
        session.close(Outcome(BLOCKED, reason))
        assert desk.asked == [("end", 1, reason)]

    @pytest.mark.parametrize("reason", ["login_wall", "visitor"])
    def test_a_wall_without_a_login_says_that_one_is_wanted(self, reason):
        session, desk = begin(None)
        session.close(Outcome(BLOCKED, reason))
        assert desk.asked == [("want", Platform.WEIBO, reason)]

    @pytest.mark.parametrize("reason", ["captcha", "rate_limited", "refused", "browser_check"])
    def test_another_wall_says_nothing_of_the_login_and_renews_nothing(self, reason):
        for state in (LOGGED_IN, None):
            session, desk = begin(state)
            session.close(Outcome(BLOCKED, reason))
            assert desk.asked == []

    def test_a_failure_is_none_of_the_logins(self):
        session, desk = begin(LOGGED_IN)
        session.close(Outcome(FAILED, "timeout"))
        assert desk.asked == [("renew", [])]


def test_nothing_of_it_shows_in_a_repr():
    state = a_state()
    session, _ = begin(state)
    through(session, Request(HOME), f"SUB=_2A25{SECRET}")
    assert session.given
    session = replace(session, desk=None)  # type: ignore[arg-type]
    assert SECRET not in repr(session)
