"""The demo's login pages and walls behave as platforms do: a code, a cookie, and nobody else."""

import asyncio
import re

import httpx
import pytest

from crawlers.pages import detect
from demo.clock import DemoClock
from demo.platforms.login import CODE_LIFE, ENTRANCES, LOGIN_LIFE, SITE, Logins
from demo.server import sites
from demo.world import build_world
from domain.mention import Platform
from domain.page import BlockKind, PageState
from domain.session import DOORS
from tests.fakes import NOON


class Person:
    """Asks a site within this process with a browser of their own: cookies are kept."""

    def __init__(self, site) -> None:
        self._site = site
        self.cookies = httpx.Cookies()

    def get(self, path: str) -> httpx.Response:
        return self._ask("GET", path)

    def post(self, path: str) -> httpx.Response:
        return self._ask("POST", path)

    def _ask(self, method: str, path: str) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._site)
            base = "http://demo.invalid"
            async with httpx.AsyncClient(
                transport=transport, base_url=base, cookies=self.cookies
            ) as client:
                answer = await client.request(method, path)
                self.cookies = client.cookies
                return answer

        return asyncio.run(ask())


PAGES = {
    "weibo": "/realtime?q=云栈&rd=realtime",
    "zhihu": "/search?type=content&q=云栈",
    "tieba": "/f/search/res?ie=utf-8&qw=云栈&rn=20&pn=1&sm=1",
    "tieba_app": "/f/search/res?qw=云栈",
    "weibo_wall": "/weibo?q=云栈",
}
CALLS = {
    "weibo": "/ajax/statuses/mymblog?uid=1&page=1",
    "zhihu": "/api/v4/search_v3?q=云栈&offset=0&limit=20",
    "tieba_app": "/mo/q/search/multsearch?word=云栈&pn=1&rn=20",
}


@pytest.fixture(scope="module")
def named():
    world, clock = build_world(7, NOON), DemoClock(NOON, frozen=True)
    return sites(world, clock, walls=True, scanned_after=None)


@pytest.fixture
def visit(named):
    """Return a function that opens a site with a browser of its own, without cookies."""
    return lambda name: Person(named[name])


def platform_of(name: str) -> Platform:
    return Platform(name.partition("_")[0])


def state(client: Person, page: str) -> str:
    name = re.search(rf"{SITE}/state/(\w+)", page)[1]
    return client.get(f"{SITE}/state/{name}").json()["state"]


def log_in(client: Person, platform: Platform) -> None:
    page = client.get(ENTRANCES[platform].path).text
    assert state(client, page) == "waiting"
    assert client.post(f"{SITE}/scan").json()["scanned"] >= 1
    assert state(client, page) == "scanned"


@pytest.mark.parametrize("name", PAGES)
def test_a_wall_sends_a_stranger_to_a_login_page_that_reads_as_one(visit, name):
    client, platform = visit(name), platform_of(name)
    answer = client.get(PAGES[name])
    assert answer.status_code == 302
    assert answer.headers["location"].startswith(ENTRANCES[platform].path + "?")
    page = client.get(answer.headers["location"])
    read = detect.read_page(page.content, platform=platform, fetched_at=NOON)
    assert (read.state, read.block_kind) == (PageState.BLOCKED, BlockKind.LOGIN_WALL)
    assert client.get("/robots.txt").status_code == 200


@pytest.mark.parametrize("name", CALLS)
def test_a_call_of_a_stranger_is_answered_with_the_wish_for_a_login(visit, name):
    answer = visit(name).get(CALLS[name])
    read = detect.read_page(
        answer.content, platform=platform_of(name), status=answer.status_code, fetched_at=NOON
    )
    assert read.block_kind is BlockKind.LOGIN_WALL


@pytest.mark.parametrize("name", PAGES)
def test_who_scanned_the_code_is_answered_until_the_login_ends(visit, name):
    client, platform = visit(name), platform_of(name)
    log_in(client, platform)
    answer = client.get(PAGES[name])
    assert answer.status_code == 200
    assert f"Max-Age={LOGIN_LIFE}" in answer.headers["set-cookie"], "a login in use lasts longer"
    assert client.post(f"{SITE}/end").json()["ended"] >= 1
    assert client.get(PAGES[name]).status_code == 302


def test_a_login_holds_at_every_site_of_its_platform_and_at_no_other(visit):
    client = visit("weibo")
    log_in(client, Platform.WEIBO)
    wall, zhihu = visit("weibo_wall"), visit("zhihu")
    wall.cookies = zhihu.cookies = client.cookies
    assert wall.get(PAGES["weibo_wall"]).status_code == 200
    assert zhihu.get(PAGES["zhihu"]).status_code == 302


@pytest.mark.parametrize("platform", Platform)
def test_the_cookie_is_the_one_by_which_a_real_login_is_known(visit, platform):
    client = visit(platform.value)
    log_in(client, platform)
    door = DOORS[platform]
    assert client.cookies[door.mark]
    assert not client.cookies[door.mark].startswith(door.visitor_values)


def test_a_code_admits_one_and_a_wrong_name_nobody(visit):
    client = visit("weibo")
    page = client.get("/sso/signin").text
    client.post(f"{SITE}/scan")
    assert state(client, page) == "scanned"
    assert state(client, page) == "expired"
    assert client.get(f"{SITE}/state/guessed").json() == {"state": "expired"}
    stranger = visit("weibo")
    stranger.cookies.set("SUB", "_2A25demoguessed")
    assert stranger.get(PAGES["weibo"]).status_code == 302


def test_codes_differ_and_one_that_is_too_old_says_so(visit):
    client = visit("zhihu")
    drawn = {client.get(f"{SITE}/code/{name}.svg").text for name in ("a", "b", "c")}
    assert len(drawn) == 3
    page = client.get("/signin").text
    assert client.post(f"{SITE}/expire").json()["expired"] >= 1
    assert state(client, page) == "expired"


def test_time_scans_a_code_and_makes_it_too_old():
    moment = [0.0]
    by_itself = Logins(8.0, monotonic=lambda: moment[0])
    waiting = Logins(None, monotonic=lambda: moment[0])
    first, second = by_itself.show_code(), waiting.show_code()
    assert (by_itself.state_of(first), waiting.state_of(second)) == ("waiting", "waiting")
    moment[0] = 8.0
    assert (by_itself.state_of(first), waiting.state_of(second)) == ("scanned", "waiting")
    moment[0] = CODE_LIFE
    assert (by_itself.state_of(first), waiting.state_of(second)) == ("expired", "expired")


def test_zhihus_hot_list_wants_a_login_even_where_the_wall_is_down():
    clock = DemoClock(NOON, frozen=True)
    client = Person(sites(build_world(7, NOON), clock, scanned_after=None)["zhihu"])
    call = "/api/v3/feed/topstory/hot-lists/total?limit=50"

    def read():
        answer = client.get(call)
        return detect.read_page(
            answer.content, platform=Platform.ZHIHU, status=answer.status_code, fetched_at=NOON
        )

    assert read().block_kind is BlockKind.LOGIN_WALL
    assert client.get(PAGES["zhihu"]).status_code == 200
    log_in(client, Platform.ZHIHU)
    page = read()
    assert (page.page, page.state) == ("zhihu_hot_list", PageState.OK)
    assert page.mentions
