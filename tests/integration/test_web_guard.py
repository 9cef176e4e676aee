"""Everybody who should not be there, at every door: each route of the whole service, Streamlit's
among them, and the WebSocket. Over HTTP, against a server in a process of its own.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from domain.account import IDLE_LIMIT, AccountState
from domain.ports import BeginWork
from storage.sql.database import begin_work, open_database
from tests.fixtures.browsing import Browser
from tests.fixtures.people import a_session, an_account, move_in
from web.guard import OPEN_PATHS
from workflow.sessions import PLAIN_COOKIE, end_session, hash_token

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[2]
SOCKET = "/_stcore/stream"
RERUN = b"\x5a\x06\x0a\x04id=1"
"""BackMsg with rerun_script (field 11) whose query_string is `id=1`."""


@dataclass(frozen=True)
class Site:
    address: str
    routes: tuple[tuple[str, str], ...]
    begin: BeginWork

    def token(self, how: str) -> str:
        """Return a token of a session that is alive, or ended in one of the ways."""
        login = f"{how.replace(' ', '-')}-{hash_token(str(datetime.now(UTC)))[:8]}"
        account = an_account(login)
        move_in(self.begin, account)
        now = datetime.now(UTC)
        token = a_session(self.begin, account, now - IDLE_LIMIT if how == "expired" else now)
        if how == "logged out":
            end_session(self.begin, token, now)
        if how == "disabled":
            with self.begin() as work:
                work.accounts.save(replace(account, state=AccountState.DISABLED))
                work.commit()
        return {"anonymous": "", "forged": "0" * 64}.get(how, token)

    def ask(self, method: str, path: str, token: str, **headers: str) -> httpx.Response:
        concrete = path.replace("{session_id}", "s").replace("{file_id}", "f")
        concrete = concrete.replace("{path:path}", "x").replace("{path}", "feed")
        concrete = concrete.replace("{file_id:path}", "f")
        cookie = {"cookie": f"{PLAIN_COOKIE}={token}"} if token else {}
        return httpx.request(
            method, f"{self.address}{concrete}", headers={**cookie, **headers}, timeout=20
        )

    @property
    def closed(self) -> list[tuple[str, str]]:
        return [(m, p) for m, p in self.routes if p not in OPEN_PATHS and m != "WS"]

    async def open(self, token: str, origin: str | None, *, socket: str = SOCKET):
        """Return the connected WebSocket; InvalidStatus when it is refused."""
        cookie = {"Cookie": f"{PLAIN_COOKIE}={token}"} if token else {}
        own = self.address if origin == "own" else origin
        return await connect(
            f"{self.address.replace('http', 'ws')}{socket}",
            origin=own,  # type: ignore[arg-type]
            additional_headers=cookie,
            subprotocols=["streamlit"],  # type: ignore[list-item]
        )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("house")
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.fixtures.web_process", str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        engine = open_database(f"sqlite:///{folder / 'workflow.sqlite'}")
        routes = tuple((method, path) for method, path in told["routes"])
        site = Site(told["address"], routes, begin_work(engine))
        move_in(site.begin, an_account())
        yield site
        engine.dispose()
    finally:
        process.terminate()
        process.wait(30)
        assert process.stdout is not None
        process.stdout.close()


HOWS = ["anonymous", "forged", "logged out", "disabled", "expired"]


def test_the_routes_are_all_there_streamlit_s_too(site):
    paths = {path for _, path in site.routes}
    assert {SOCKET, "/_stcore/upload_file/{session_id}/{file_id}", "/media/{file_id:path}"} <= paths
    assert {"/login", "/account", "/setup/team", "/metrics", "/{path}"} <= paths
    assert len(site.routes) > 50
    assert [path for method, path in site.routes if method == "WS"] == [SOCKET]


@pytest.mark.parametrize("how", HOWS)
def test_without_a_live_session_every_route_refuses(site, how):
    token = site.token(how)
    let_in = []
    for method, path in site.closed:
        answer = site.ask(method, path, token, origin=site.address)
        sent_to_login = answer.status_code == 303 and answer.headers["location"].startswith(
            "/login"
        )
        refused = answer.status_code in {401, 404 if path.startswith(CLOSED) else 401}
        if not (sent_to_login or refused):
            let_in.append((method, path, answer.status_code))
        assert "看板" not in answer.text
        assert "Streamlit" not in answer.text
    assert let_in == []


CLOSED = ("/_stcore/agent", "/auth/", "/oauth2callback")


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost:3000", "null"])
def test_a_foreign_origin_is_refused_on_every_route_whoever_is_logged_in(site, origin):
    token = site.token("alive")
    let_in = [
        (method, path)
        for method, path in site.routes
        if method != "WS" and site.ask(method, path, token, origin=origin).status_code != 403
    ]
    assert let_in == []


def test_what_changes_something_needs_an_origin_on_every_route(site):
    token = site.token("alive")
    changing = [(m, p) for m, p in site.routes if m in {"POST", "PUT", "DELETE", "PATCH"}]
    assert len(changing) >= 12
    assert [
        (method, path)
        for method, path in changing
        if site.ask(method, path, token).status_code != 403
    ] == []


def test_another_host_is_refused_on_every_route(site):
    token = site.token("alive")
    assert [
        (method, path)
        for method, path in site.routes
        if method != "WS" and site.ask(method, path, token, host="evil.example").status_code != 400
    ] == []


def test_every_answer_carries_the_headers_and_allows_no_other_site(site):
    for token in ("", site.token("alive")):
        for method, path in site.routes:
            if method == "WS":
                continue
            headers = site.ask(method, path, token, origin=site.address).headers
            assert "frame-ancestors 'none'" in headers["content-security-policy"], path
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "same-origin"
            assert headers["cache-control"] == "no-store"
            assert "access-control-allow-origin" not in headers


def test_who_is_logged_in_gets_the_page_in_chinese(site):
    page = site.ask("GET", "/alerts?id=A-1", site.token("alive"))
    assert page.status_code == 200
    assert '<html lang="zh-CN">' in page.text
    assert "/session.js" in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'; script-src")
    assert int(page.headers["content-length"]) == len(page.content)


def test_files_of_the_package_may_be_kept_by_the_browser(site):
    token = site.token("alive")
    page = site.ask("GET", "/", token).text
    script = page.partition('src="./static/')[2].partition('"')[0]
    answer = site.ask("GET", f"/static/{script}", token)
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert site.ask("GET", f"/static/{script}", "").status_code == 401


@pytest.mark.parametrize("how", HOWS)
def test_the_websocket_refuses_who_has_no_live_session(site, how):
    token = site.token(how)
    with pytest.raises(InvalidStatus) as refused:
        asyncio.run(site.open(token, "own"))
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize(
    "origin", [None, "https://evil.example", "http://localhost:3000", "http://localhost"]
)
def test_the_websocket_refuses_a_foreign_origin_and_none(site, origin):
    token = site.token("alive")
    with pytest.raises(InvalidStatus) as refused:
        asyncio.run(site.open(token, origin))
    assert refused.value.response.status_code == 403


def test_there_is_no_other_websocket(site):
    token = site.token("alive")
    for socket in ("/", "/session", "/login"):
        with pytest.raises(InvalidStatus):
            asyncio.run(site.open(token, "own", socket=socket))


def test_the_page_runs_for_its_visitor_without_claims_of_others(site):
    token = site.token("alive")

    async def run() -> bytes:
        async with await site.open(token, "own") as line:
            await line.send(RERUN)
            said = b""
            while b"query" not in said:
                said += await asyncio.wait_for(line.recv(), 20)  # type: ignore[operator]
            return said

    said = asyncio.run(run())
    assert "看板".encode() in said
    assert f"cookies ['{PLAIN_COOKIE}']".encode() in said
    assert b"query 1" in said


@pytest.mark.parametrize("how", ["logout", "disable"])
def test_an_open_websocket_closes_when_its_session_ends(site, how):
    token = site.token("alive")

    async def run() -> int:
        async with await site.open(token, "own") as line:
            await line.send(RERUN)
            await asyncio.wait_for(line.recv(), 20)
            await asyncio.to_thread(end, site, token, how)
            return await code_of_the_end(line)

    assert asyncio.run(run()) == 1008


async def code_of_the_end(line: ClientConnection) -> int:
    async def read_on() -> None:
        while True:
            await line.recv()

    with pytest.raises(ConnectionClosed):
        await asyncio.wait_for(read_on(), 20)
    return line.close_code or 0


def end(site: Site, token: str, how: str) -> None:
    if how == "logout":
        end_session(site.begin, token, datetime.now(UTC))
        return
    with site.begin() as work:
        session = work.accounts.session(hash_token(token))
        assert session is not None
        account = work.accounts.get(session.account_id)
        assert account is not None
        work.accounts.save(replace(account, state=AccountState.DISABLED))
        work.commit()


def test_a_message_that_would_clear_everybody_s_caches_ends_the_line(site):
    token = site.token("alive")

    async def run() -> int:
        async with await site.open(token, "own") as line:
            await line.send(b"\x28\x01")  # clear_cache
            return await code_of_the_end(line)

    assert asyncio.run(run()) == 1008


def test_a_person_logs_in_and_out_over_http(site):
    with httpx.Client() as client:
        browser = Browser(base=site.address, client=client)
        asked = browser.get("/alerts?id=A-1")
        assert asked.headers["location"] == "/login?next=%2Falerts%3Fid%3DA-1"
        entered = browser.log_in(place="/alerts?id=A-1")
        assert entered.headers["location"] == "/alerts?id=A-1"
        assert browser.get("/alerts?id=A-1").status_code == 200
        assert browser.submit(browser.get("/logout"), "/logout").status_code == 303
        assert browser.get("/alerts?id=A-1").status_code == 303
