"""The demo's sites behave like the platforms: paths, parameters, shapes, walls and refusals."""

import asyncio
import re
from datetime import datetime, timedelta
from html import unescape
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from demo.clock import DemoClock
from demo.platforms.tokens import nonce_for, token_for
from demo.platforms.weibo import bid_of, time_text
from demo.platforms.zhihu import PROOF_HEADER
from demo.server import sites
from demo.world import build_uniform_world, build_world
from domain.times import CHINA
from tests.fakes import NOON


class Client:
    """Asks a site within this process, one request after the other."""

    def __init__(self, site):
        self._site = site

    def get(self, path: str, **more) -> httpx.Response:
        return self.send(self.build_request(path, **more))

    def build_request(self, path: str, **more) -> httpx.Request:
        return httpx.Request("GET", f"http://demo.invalid{path}", **more)

    def send(self, request: httpx.Request) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._site)
            async with httpx.AsyncClient(transport=transport) as client:
                return await client.send(request)

        return asyncio.run(ask())


MIDS = re.compile(r'action-type="feed_list_item" mid="(\d+)"')


@pytest.fixture(scope="module")
def clients() -> dict[str, Client]:
    named = sites(build_world(7, NOON), DemoClock(NOON, frozen=True))
    return {name: Client(site) for name, site in named.items()}


def truth(client: Client) -> list[dict]:
    return client.get("/__demo__/truth.json").json()["mentions"]


def test_every_site_allows_robots_everything_but_the_truth(clients):
    for client in clients.values():
        assert client.get("/robots.txt").text == "User-agent: *\nDisallow: /__demo__/\nAllow: /\n"


def test_the_same_seed_and_clock_give_the_same_bytes(clients):
    again = sites(build_world(7, NOON), DemoClock(NOON, frozen=True))
    for name, path in (
        ("weibo", "/realtime?q=云栈&rd=realtime&page=2"),
        ("tieba", "/f/search/res?ie=utf-8&qw=云栈&rn=20&pn=2&sm=1"),
        ("zhihu", "/search?type=content&q=云栈"),
        ("tieba_app", "/f/search/res?ie=utf-8&qw=云栈"),
        ("weibo", "/__demo__/truth.json"),
    ):
        assert Client(again[name]).get(path).content == clients[name].get(path).content


def test_weibo_shows_at_most_fifty_pages_of_ten(clients):
    client = clients["weibo"]
    assert len(truth(client)) > 500
    seen = []
    for page in range(1, 51):
        seen += MIDS.findall(client.get(f"/weibo?q=云栈&page={page}").text)
    assert len(set(seen)) == len(seen) == 500
    last = client.get("/weibo?q=云栈&page=50").text
    assert 'class="next"' not in last
    assert "card-no-result" in client.get("/weibo?q=云栈&page=51").text


def test_a_time_scope_keeps_whole_hours_of_china_time_half_open(clients):
    client = clients["weibo"]
    day = (NOON - timedelta(days=2)).astimezone(CHINA).replace(hour=0)
    end = day + timedelta(days=1)
    scope = f"custom:{day:%Y-%m-%d}-0:{end:%Y-%m-%d}-0"
    seen, page, more = [], 1, True
    while more:
        body = client.get(f"/weibo?q=云栈&timescope={scope}&page={page}").text
        seen += MIDS.findall(body)
        more, page = 'class="next"' in body, page + 1
    expected = [
        m["id"].removeprefix("weibo:")
        for m in truth(client)
        if day.isoformat() <= _china(m["published_at"]) < end.isoformat()
    ]
    assert sorted(seen) == sorted(expected)


def _china(published_at: str) -> str:
    return datetime.fromisoformat(published_at).astimezone(CHINA).isoformat()


def test_nothing_found_says_so_above_posts_that_have_nothing_to_do_with_it(clients):
    page = clients["weibo"].get("/weibo?q=没有人说过的词").text
    assert page.index("抱歉，未找到相关结果") < page.index("feed_list_item")
    assert len(MIDS.findall(page)) == 5
    assert "木有找到相关内容" in clients["tieba"].get("/f/search/res?qw=没有人说过的词").text


def test_the_login_wall_sends_every_search_to_its_login_page(clients):
    wall = clients["weibo_wall"]
    for path in ("/weibo?q=云栈", "/realtime?q=云栈&rd=realtime", "/hot"):
        answer = wall.get(path)
        assert answer.status_code == 302
        assert answer.headers["location"].startswith("/sso/signin?")
        page = wall.get(answer.headers["location"]).text
        assert "请先登录" in page
        assert "passport.weibo.com/sso/signin" in page
    assert truth(wall) == truth(clients["weibo"]), "what somebody who is logged in finds"


def test_zhihu_refuses_a_call_that_its_page_did_not_make(clients):
    client = clients["zhihu"]
    for headers in ({}, {PROOF_HEADER: "00000000"}):
        answer = client.get("/api/v4/search_v3?q=a&offset=0&limit=20", headers=headers)
        assert answer.status_code == 403
        assert answer.json()["error"]["code"] == 10003


def test_zhihu_hands_its_own_page_every_answer_and_article_once(clients):
    client = clients["zhihu"]
    seen, offset = [], 0
    while True:
        asked = client.build_request(
            "/api/v4/search_v3", params={"q": "云栈", "offset": offset, "limit": 20}
        )
        address = asked.url.raw_path.decode()
        asked.headers[PROOF_HEADER] = token_for(nonce_for("zhihu", "云栈"), address)
        reply = client.send(asked).json()
        items = [e["object"] for e in reply["data"] if e["type"] == "search_result"]
        seen += [f"zhihu:{o['type']}:{o['id']}" for o in items if o["type"] != "people"]
        if reply["paging"]["is_end"]:
            break
        following = parse_qs(urlsplit(reply["paging"]["next"]).query)
        offset = int(following["offset"][0])
    assert len(set(seen)) == len(seen)
    assert set(seen) == {m["id"] for m in truth(client)}


def test_zhihu_marks_the_word_and_keeps_the_bodies_whole(clients):
    client = clients["zhihu"]
    asked = client.build_request("/api/v4/search_v3", params={"q": "云栈"})
    token = token_for(nonce_for("zhihu", "云栈"), asked.url.raw_path.decode())
    asked.headers[PROOF_HEADER] = token
    data = client.send(asked).json()["data"]
    assert {"relevant_query", "knowledge_ad"} <= {entry["type"] for entry in data}
    texts = {m["id"]: m["text"] for m in truth(client)}
    for entry in data:
        item = entry.get("object") or {}
        if item.get("type") in {"answer", "article"}:
            paragraphs = re.findall(r"<p[^>]*>(.*?)</p>", item["content"])
            plain = [unescape(re.sub("<.*?>", "", p)) for p in paragraphs]
            assert plain == texts[f"zhihu:{item['type']}:{item['id']}"].split("\n")
            assert "<em>云栈</em>" in item["excerpt"] + entry["highlight"]["title"]


def test_the_new_tieba_answers_a_hand_made_call_with_its_error_code(clients):
    client = clients["tieba_app"]
    for path in ("/mo/q/search/multsearch?word=云栈&pn=1", "/mo/q/search/multsearch?word=a&sign=0"):
        assert client.get(path).json()["error_code"] == 110001


def test_the_new_tieba_hands_its_own_page_every_thread_once(clients):
    client = clients["tieba_app"]
    seen, page, more = [], 1, 1
    while more:
        asked = client.build_request(
            "/mo/q/search/multsearch", params={"word": "云栈", "pn": page, "rn": 20}
        )
        address = asked.url.raw_path.decode()
        sign = token_for(nonce_for("tieba", "云栈"), address)
        data = client.get(f"{address}&sign={sign}").json()["data"]
        seen += [c["data"]["tid"] for c in data["card_list"] if c["cardInfo"] == "thread"]
        more, page = data["has_more"], page + 1
    assert len(set(seen)) == len(seen)
    assert {f"tieba:{tid}" for tid in seen} == {m["id"] for m in truth(client)}


def test_the_old_tieba_pages_through_everything_both_ways(clients):
    client = clients["tieba"]

    def pids(order: int) -> list[str]:
        found, page = [], 1
        while True:
            body = client.get(f"/f/search/res?ie=utf-8&qw=云栈&rn=20&pn={page}&sm={order}").text
            found += re.findall(r"\?pid=(\d+)&amp;", body)
            if 'class="next"' not in body:
                return found
            page += 1

    newest = pids(1)
    assert len(newest) == len(set(newest)) == len(truth(client))
    assert pids(0) == newest[::-1]


def test_a_uniform_world_has_no_ceiling():
    world = build_uniform_world(7, NOON, days=8, count=1000)
    site = sites(world, DemoClock(NOON, frozen=True), page_ceiling=None)["weibo"]
    client = Client(site)
    last = client.get("/weibo?q=云栈&page=100").text
    assert len(MIDS.findall(last)) == 10
    assert 'class="next"' not in last
    assert len(client.get("/__demo__/truth.json").json()["mentions"]) == 1000


def test_requests_are_counted_by_path_and_the_questions_of_tests_are_not():
    site = sites(build_world(7, NOON, days=1), DemoClock(NOON, frozen=True))["weibo"]
    client = Client(site)
    for path in ("/weibo?q=a", "/weibo?q=b", "/robots.txt", "/__demo__/truth.json"):
        client.get(path)
    report = client.get("/__demo__/requests.json").json()
    assert report["by_path"] == {"/weibo": 2, "/robots.txt": 1}
    assert report["most_at_once"] == 1
    assert len(report["arrivals"]) == 3


def test_what_people_wrote_is_never_markup(clients):
    hostile = "<script>alert(1)</script>\"'&"
    for name, path in (
        ("weibo", "/weibo?q="),
        ("tieba", "/f/search/res?qw="),
        ("zhihu", "/search?q="),
        ("tieba_app", "/f/search/res?qw="),
    ):
        page = clients[name].get(path + hostile.replace("&", "%26")).text
        assert "<script>alert" not in page
        assert "</script>\"'" not in page


@pytest.mark.parametrize(
    ("age", "shown"),
    [
        (timedelta(seconds=2), "刚刚"),
        (timedelta(seconds=30), "30秒前"),
        (timedelta(minutes=5, seconds=59), "5分钟前"),
        (timedelta(hours=1), "今天11:00"),
        (timedelta(hours=12), "今天00:00"),
        (timedelta(hours=12, minutes=1), "11月19日 23:59"),
        (timedelta(days=400), "2025年10月16日 12:00"),
    ],
)
def test_weibo_writes_times_as_the_platform_does(age, shown):
    assert time_text(NOON - age, NOON) == shown


@pytest.mark.parametrize(
    ("mid", "bid"), [("5277908669302546", "QwGL8D214"), ("5277908253018454", "QwGKtcFeK")]
)
def test_the_short_id_is_the_platforms_own_form_of_the_long_one(mid, bid):
    assert bid_of(mid) == bid
