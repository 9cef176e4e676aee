import asyncio
from collections.abc import Iterator

import httpx
import pytest

from domain.errors import StoreUnavailable, Text
from storage.sql.database import begin_work, migrate, open_database
from storage.sqlite.mentions import SqliteMentionStore
from tests.fakes import FixedClock
from web.app import COOKIE, WebServices, build_app

KEY = "kept-secret"
HIDDEN_PLACE = "/srv/hidden/workflow.sqlite"


def services(tmp_path, store, **changes) -> WebServices:
    engine = open_database(f"sqlite:///{tmp_path}/workflow.sqlite")
    migrate(engine)
    values = {
        "begin_work": begin_work(engine),
        "store": store,
        "clock": FixedClock(),
        "access_key": KEY,
        "public_url": "https://koubei.example",
        "zone_name": "Asia/Shanghai",
        **changes,
    }
    return WebServices(**values)


class Visitor:
    """A browser with a cookie jar; `asks` nothing but the application in this process."""

    def __init__(self, of: WebServices) -> None:
        self._app = build_app(of)
        self._cookies = httpx.Cookies()

    def ask(self, method: str, path: str, **more) -> httpx.Response:
        return asyncio.run(self._ask(method, path, **more))

    def get(self, path: str, **more) -> httpx.Response:
        return self.ask("GET", path, **more)

    async def _ask(self, method: str, path: str, **more) -> httpx.Response:
        transport = httpx.ASGITransport(app=self._app, raise_app_exceptions=False)
        async with httpx.AsyncClient(
            transport=transport, base_url="https://koubei.example", cookies=self._cookies
        ) as client:
            answer = await client.request(method, path, **more)
            self._cookies = client.cookies
            return answer


@pytest.fixture
def store(tmp_path) -> Iterator[SqliteMentionStore]:
    store = SqliteMentionStore(tmp_path / "mentions.sqlite")
    yield store
    store.close()


@pytest.fixture
def web(tmp_path, store) -> Visitor:
    return Visitor(services(tmp_path, store))


def away() -> None:
    raise StoreUnavailable(Text("数据库正忙", "the database is locked"), place=HIDDEN_PLACE)


@pytest.mark.parametrize("path", ["/", "/alerts", "/metrics"])
def test_pages_open_with_the_key_alone(web, path):
    assert web.get(path).status_code == 403
    assert web.get(path, headers={"Authorization": "Bearer wrong"}).status_code == 403
    assert web.get(path, headers={"Authorization": f"Bearer {KEY}"}).status_code in {200, 404}


@pytest.mark.parametrize("path", ["/", "/metrics", "/?key="])
def test_an_empty_key_opens_nothing(tmp_path, store, path):
    web = Visitor(services(tmp_path, store, access_key=""))
    assert web.get(path).status_code == 403
    assert web.get(path, headers={"Authorization": "Bearer "}).status_code == 403


def test_the_first_visit_leaves_the_key_in_a_cookie_and_not_in_the_address(web):
    first = web.get(f"/alerts?key={KEY}&id=A-1")
    assert first.headers["location"] == "/alerts?id=A-1"
    flags = first.headers["set-cookie"].lower()
    assert flags.startswith(f"{COOKIE}={KEY}")
    assert all(flag in flags for flag in ("httponly", "secure", "samesite=lax"))
    assert web.get("/").status_code == 200


def test_readiness_tells_strangers_neither_what_is_watched_nor_where_data_lie(tmp_path, store):
    web = Visitor(services(tmp_path, store))
    assert web.get("/readyz").json().keys() == {"status"}
    assert "sources" in web.get("/readyz", headers={"Authorization": f"Bearer {KEY}"}).json()

    broken = Visitor(services(tmp_path, store, begin_work=away))
    answer = broken.get("/readyz")
    assert answer.status_code == 503
    assert HIDDEN_PLACE not in answer.text


def test_a_store_that_is_away_is_said_so_without_its_place(tmp_path, store):
    web = Visitor(services(tmp_path, store, begin_work=away))
    answer = web.get("/", headers={"Authorization": f"Bearer {KEY}"})
    assert answer.status_code == 503
    assert "数据库暂时不可用" in answer.text
    assert HIDDEN_PLACE not in answer.text


@pytest.mark.parametrize("signal_id", ["<script>alert(1)</script>", "%00", "x" * 5000, "'--"])
def test_an_id_that_is_none_is_not_found_and_never_markup(web, signal_id):
    answer = web.get(f"/alerts?id={signal_id}", headers={"Authorization": f"Bearer {KEY}"})
    assert answer.status_code == 404
    assert "<script>" not in answer.text


def test_every_answer_carries_the_headers_also_one_that_nobody_expected(tmp_path, store):
    def bug() -> None:
        raise ZeroDivisionError

    crashed = Visitor(services(tmp_path, store, begin_work=bug)).get("/readyz")
    assert crashed.status_code == 500
    web = Visitor(services(tmp_path, store))
    for answer in (
        crashed,
        web.get("/"),
        web.get("/no"),
        web.ask("POST", "/"),
        web.ask("HEAD", "/healthz"),
    ):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("host", ["evil.example", "koubei.example.evil.example", "", "*"])
def test_another_host_name_is_refused(web, host):
    assert web.get("/healthz", headers={"Host": host}).status_code == 400


def test_the_key_is_not_part_of_what_the_services_show(tmp_path, store):
    assert KEY not in repr(services(tmp_path, store))
