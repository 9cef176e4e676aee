"""The guard over our own routes, without a server; tests/integration has it over Streamlit's."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from starlette.datastructures import Headers
from starlette.routing import Route

from domain.account import IDLE_LIMIT, AccountState
from domain.errors import StoreUnavailable, Text
from tests.fakes import NOON
from tests.fixtures.browsing import Browser
from tests.fixtures.people import a_session, an_account
from web.app import build_app
from web.guard import _VISITOR, OPEN_PATHS, Guard, Judgement
from workflow.sessions import PLAIN_COOKIE, SECURE_COOKIE, account_of, end_session


def routes(services) -> list[tuple[str, str]]:
    return [
        (method, route.path)
        for route in build_app(services).routes
        if isinstance(route, Route)
        for method in sorted(route.methods or ())
    ]


def state(services, how) -> Browser:
    """A browser whose session is no more, in one of the ways in which it may end."""
    browser = Browser(services)
    at = NOON - IDLE_LIMIT if how == "expired" else NOON
    token = a_session(services.begin_work, an_account(), at)
    if how == "logged out":
        end_session(services.begin_work, token, NOON)
    if how == "disabled":
        with services.begin_work() as work:
            known = work.accounts.get("id-lin")
            work.accounts.save(replace(known, state=AccountState.DISABLED))
            work.commit()
    name = PLAIN_COOKIE if how == "wrong cookie" else SECURE_COOKIE
    browser.keep(name, "0" * 64 if how == "forged" else token)
    if how == "anonymous":
        browser.cookies.clear()
    return browser


HOWS = ["anonymous", "forged", "wrong cookie", "logged out", "disabled", "expired"]


@pytest.mark.parametrize("how", HOWS)
def test_without_a_live_session_no_route_answers_but_the_open_ones(house, how):
    browser = state(house, how)
    closed = [(method, path) for method, path in routes(house) if path not in OPEN_PATHS]
    assert len(closed) > 8
    for method, path in closed:
        answer = browser.ask(method, path, headers={"origin": browser.base})
        if method in {"GET", "HEAD"} and not path.startswith("/session"):
            assert answer.status_code == 303, (method, path)
            assert answer.headers["location"].startswith("/login"), (method, path)
        else:
            assert answer.status_code == 401, (method, path)


@pytest.mark.parametrize("origin", [None, "https://evil.example", "null"])
def test_no_form_is_taken_from_another_origin_whatever_the_route(lin, house, origin):
    headers = {} if origin is None else {"origin": origin}
    posts = [path for method, path in routes(house) if method == "POST"]
    assert len(posts) >= 10
    for path in posts:
        assert lin.ask("POST", path, headers=headers).status_code == 403, path


def test_not_even_reading_is_done_for_a_foreign_origin(lin, house):
    for method, path in routes(house):
        answer = lin.ask(method, path, headers={"origin": "https://evil.example"})
        assert answer.status_code == 403, (method, path)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "FOO"])
def test_other_methods_need_our_origin_too(lin, method):
    assert lin.ask(method, "/").status_code == 403


@pytest.mark.parametrize("host", ["evil.example", "koubei.example.evil.example", "*", ""])
def test_another_host_name_is_refused_on_every_route(lin, house, host):
    for method, path in routes(house):
        assert lin.ask(method, path, headers={"host": host}).status_code == 400, (method, path)


def test_before_there_is_an_account_every_page_leads_to_the_first_start(services):
    answer = Browser(services).get("/alerts?id=A-1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/setup")


@pytest.mark.parametrize("path", ["/_stcore/agent/mcp", "/auth/login", "/oauth2callback"])
def test_streamlit_s_own_doors_are_closed_to_everybody(lin, path):
    assert lin.get(path).status_code == 404


def test_a_store_that_is_away_opens_nothing(house):
    def away() -> None:
        raise StoreUnavailable(Text("忙", "locked"), place="/srv/hidden")

    browser = Browser(replace(house, begin_reading=away))
    browser.keep(SECURE_COOKIE, "0" * 64)
    for path in ("/", "/account", "/login", "/session"):
        answer = browser.get(path)
        assert answer.status_code == 503, path
        assert "hidden" not in answer.text
    assert browser.get("/healthz").status_code == 200


def test_a_page_is_a_sign_of_life_and_a_heartbeat_is_not(lin, house):
    token = lin.cookies[SECURE_COOKIE]
    for path, seen in (("/session", NOON), ("/account", NOON + timedelta(minutes=10))):
        house.clock.time = NOON + timedelta(minutes=10)
        lin.get(path)
        _, session = account_of(house.begin_reading, token, house.clock.now())
        assert session.seen_at == seen


def test_every_answer_carries_the_headers_whoever_asks(lin, stranger, house):
    asked = [(browser, m, p) for browser in (lin, stranger) for m, p in routes(house)]
    for browser, method, path in [*asked, (lin, "GET", "/nowhere"), (lin, "BREW", "/")]:
        headers = browser.ask(method, path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "script-src" not in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["strict-transport-security"] == "max-age=31536000"
        assert "server" not in headers


def test_on_plain_http_there_is_no_promise_of_https_and_a_warning_on_every_page(house):
    lan = replace(house, public_url="http://192.0.2.9:8501", listens_on="0.0.0.0")
    browser = Browser(lan, base="http://192.0.2.9:8501")
    page = browser.get("/login")
    assert "strict-transport-security" not in page.headers
    assert "未加密连接" in page.text
    entered = browser.log_in()
    cookie = entered.headers["set-cookie"]
    assert cookie.startswith(f"{PLAIN_COOKIE}=")
    assert "secure" not in cookie.lower()
    assert browser.get("/account").status_code == 200


def test_no_warning_on_this_machine_and_behind_tls(lin, house):
    assert "未加密" not in lin.get("/account").text
    local = replace(house, public_url="http://127.0.0.1:8501")
    assert "未加密" not in Browser(local, base="http://127.0.0.1:8501").get("/login").text


class TestProxy:
    def test_only_a_trusted_proxy_says_where_a_visitor_comes_from(self, house):
        behind = replace(house, trusted_proxy=("10.0.0.0/8",))
        seen = []
        for peer in ("10.0.0.5", "203.0.113.7"):
            browser = Browser(behind, address=peer)
            for number in range(21):
                page = browser.get("/login")
                answer = browser.ask(
                    "POST",
                    "/login",
                    headers={
                        "origin": browser.base,
                        "x-forwarded-for": f"198.51.100.{number}",
                        "x-forwarded-proto": "https",
                    },
                    data={"form": _token(page), "login": f"{peer}-{number}", "password": "x"},
                )
            seen.append(answer.status_code)
        assert seen == [401, 429]


def _token(page) -> str:
    return page.text.partition('name="form" value="')[2].partition('"')[0]


class TestWhatTheApplicationSees:
    def test_claims_of_a_client_about_itself_are_dropped(self, house):
        kept = self.scope(
            house,
            [
                (b"x-forwarded-user", b"admin"),
                (b"x-auth-request-email", b"a@b"),
                (b"remote-user", b"admin"),
                (b"x-koubei-account", b"id-lin"),
                (b"x-forwarded-for", b"1.1.1.1"),
                (b"x-real-ip", b"1.1.1.1"),
                (b"accept-language", b"zh"),
            ],
        )
        assert [name for name, _ in kept["headers"]] == [b"host", b"accept-language", b"cookie"]

    def test_one_cookie_alone_claims_to_be_the_session(self, house):
        plant = f"{PLAIN_COOKIE}={'1' * 64}; theme=dark"
        scope = self.scope(house, [(b"cookie", plant.encode())])
        cookies = Headers(scope=scope)["cookie"]
        assert PLAIN_COOKIE not in cookies
        assert "theme=dark" in cookies
        assert cookies.count(SECURE_COOKIE) == 1
        assert scope[_VISITOR].account.login == "lin"

    def test_two_of_its_name_are_none(self, house):
        again = f"{SECURE_COOKIE}={'1' * 64}"
        assert self.scope(house, [(b"cookie", again.encode())]) is None

    def scope(self, house, more):
        token = a_session(house.begin_work, an_account(), NOON)
        seen = []

        async def app(scope, receive, send):
            seen.append(scope)

        scope = {
            "type": "http",
            "method": "GET",
            "path": "/feed",
            "query_string": b"",
            "scheme": "https",
            "headers": [
                (b"host", b"koubei.example"),
                *[header for header in more if header[0] != b"cookie"],
                (
                    b"cookie",
                    b"; ".join(
                        [
                            f"{SECURE_COOKIE}={token}".encode(),
                            *[value for name, value in more if name == b"cookie"],
                        ]
                    ),
                ),
            ],
        }

        async def send(message):
            return None

        asyncio.run(Guard(app, house)(scope, lambda: None, send))
        return seen[0] if seen else None


class Socket:
    """One WebSocket to an echoing application behind the guard, played in one event loop."""

    def __init__(self, services, *, origin="https://koubei.example", token=None, judge=None):
        self.sent = []
        self.got = []
        self.services = services
        self.incoming = asyncio.Queue()
        judge = judge or (lambda message: Judgement(message.decode()))
        self.guard = Guard(self.echo, services, judge=judge, ask_again_seconds=0.01)
        cookie = [(b"cookie", f"{SECURE_COOKIE}={token}".encode())] if token else []
        names = [(b"origin", origin.encode())] if origin else []
        self.scope = {
            "type": "websocket",
            "path": "/_stcore/stream",
            "query_string": b"",
            "scheme": "wss",
            "headers": [(b"host", b"koubei.example"), *names, *cookie],
        }

    async def echo(self, scope, receive, send):
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            self.got.append(message["bytes"])
            self.heard.set()
        self.got.append(message["type"])

    async def send(self, message):
        self.sent.append(message["type"])
        self.answered.set()

    async def run(self, *steps, closes=False):
        """Play messages and acts one after the other; `closes`: the guard is to end the line."""
        self.heard, self.answered = asyncio.Event(), asyncio.Event()
        line = asyncio.create_task(self.guard(self.scope, self.incoming.get, self.send))
        await asyncio.wait_for(self.answered.wait(), 10)
        for step in steps:
            if callable(step):
                await asyncio.to_thread(step)
            else:
                self.heard.clear()
                self.incoming.put_nowait({"type": "websocket.receive", "bytes": step})
                heard = asyncio.create_task(self.heard.wait())
                await asyncio.wait({line, heard}, return_when=asyncio.FIRST_COMPLETED)
                heard.cancel()
        if not closes:
            self.incoming.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await asyncio.wait_for(line, 10)


class TestWebSocket:
    @pytest.mark.parametrize("how", HOWS)
    def test_nobody_s_is_refused_before_anything_is_accepted(self, house, how):
        token = state(house, how).cookies.get(SECURE_COOKIE)
        socket = Socket(house, token=token)
        asyncio.run(socket.run())
        assert (socket.sent, socket.got) == (["websocket.close"], [])

    @pytest.mark.parametrize("origin", [None, "https://evil.example", "http://localhost:3000"])
    def test_one_from_another_origin_is_refused(self, house, origin):
        token = a_session(house.begin_work, an_account(), NOON)
        socket = Socket(house, origin=origin, token=token)
        asyncio.run(socket.run())
        assert (socket.sent, socket.got) == (["websocket.close"], [])

    def test_one_s_own_goes_through(self, house):
        token = a_session(house.begin_work, an_account(), NOON)
        socket = Socket(house, token=token)
        asyncio.run(socket.run(b"by_person", b"by_itself"))
        assert socket.got == [b"by_person", b"by_itself", "websocket.disconnect"]

    def test_an_idle_one_closes_when_its_session_ends(self, house):
        token = a_session(house.begin_work, an_account(), NOON)
        socket = Socket(house, token=token)
        asyncio.run(
            socket.run(
                b"by_person", lambda: end_session(house.begin_work, token, NOON), closes=True
            )
        )
        assert socket.sent == ["websocket.accept", "websocket.close"]
        assert socket.got == [b"by_person", "websocket.disconnect"]

    def test_a_message_after_the_end_is_not_passed_on(self, house):
        token = a_session(house.begin_work, an_account(), NOON)
        socket = Socket(house, token=token)
        socket.guard._ask_again_seconds = 60
        asyncio.run(
            socket.run(
                lambda: end_session(house.begin_work, token, NOON), b"by_person", closes=True
            )
        )
        assert socket.got == ["websocket.disconnect"]

    def test_a_message_that_our_pages_never_send_ends_the_line(self, house):
        token = a_session(house.begin_work, an_account(), NOON)
        socket = Socket(house, token=token)
        asyncio.run(socket.run(b"refused", b"by_person", closes=True))
        assert socket.got == ["websocket.disconnect"]

    @pytest.mark.parametrize(("message", "lives"), [(b"by_person", True), (b"by_itself", False)])
    def test_only_what_a_person_does_keeps_a_session_alive(self, house, message, lives):
        token = a_session(house.begin_work, an_account(), NOON)
        house.clock.time = NOON + IDLE_LIMIT - timedelta(seconds=1)
        asyncio.run(Socket(house, token=token).run(message))
        later = house.clock.forward(timedelta(minutes=1))
        assert (account_of(house.begin_reading, token, later) is not None) is lives
