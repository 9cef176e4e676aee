"""Real pages through the real spiders: what a capture holds must stand in the store afterwards.

A local site answers with pages that the platforms themselves once sent. Times lie years back, so
only the way from the wire to the store is judged here, not which window a run would ask for.
"""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from browser.find import find_browser
from domain.brand import Transport
from domain.errors import BrowserMissing
from domain.mention import Mention
from domain.queries import MentionFilter
from tests.integration.crawling import House
from tests.integration.replay_server import ReplayServer, Reply, Seen

pytestmark = [pytest.mark.integration, pytest.mark.shared]

ROBOTS = Reply(b"User-agent: *\nAllow: /\n", headers={"Content-Type": "text/plain"})
HTML = {"Content-Type": "text/html; charset=utf-8"}
JSON = {"Content-Type": "application/json"}
EVERYTHING = MentionFilter(public_voice_only=False)


def capture(shared: Path, name: str) -> bytes:
    return (shared / "platforms" / "captures" / name).read_bytes()


def expected(shared: Path, name: str) -> list[dict]:
    listing = json.loads((shared / "platforms/captures/captures.json").read_text(encoding="utf-8"))
    entry = next(c for c in listing["captures"] if c["file"] == name)
    return entry["expect"].get("items") or [entry["expect"]["item"]]


def stored(house: House) -> dict[str, Mention]:
    return {m.id.rpartition(":")[2]: m for m in house.services.store.scan(EVERYTHING)}


def assert_all_there(mentions: dict[str, Mention], items: list[dict]) -> None:
    for item in items:
        native = str(item.get("post_id") or item.get("id"))
        found = mentions.get(native) or mentions.get(str(item.get("id")))
        assert found, f"{native} of {sorted(mentions)}"
        if item.get("text_contains"):
            squeezed = "".join(f"{found.title}{found.text}".split())
            assert "".join(item["text_contains"].split()) in squeezed
        for count in ("likes", "comments", "reposts"):
            if isinstance(item.get(count), int):
                assert getattr(found, count) == item[count], (native, count)
        assert found.published_at < datetime.now(UTC)
        assert found.author != item.get("author"), "no full name in the store"


def serve_first_page(body: bytes, path: str, nothing: bytes):
    """The capture once, then what the platform says when there is no more."""

    def answer(seen: Seen) -> Reply:
        if seen.path == "/robots.txt":
            return ROBOTS
        first = seen.query.get("page", "1") == "1" and seen.query.get("pn", "0") in {"0", "1"}
        return Reply(body if first and seen.path == path else nothing, headers=HTML)

    return answer


NO_WEIBO = "<html><body><div class='card-no-result'>抱歉，未找到相关结果。</div></body></html>"
NO_TIEBA = "<html><body><div class='s_post_list'></div>哎呀！木有找到相关内容</body></html>"


def test_a_weibo_result_page_of_2020_arrives_whole(tmp_path, shared):
    name = "weibo/s_search_2020.html"
    answer = serve_first_page(capture(shared, name), "/realtime", NO_WEIBO.encode())
    with ReplayServer(answer) as site, House(tmp_path, site.base_url) as house:
        house.crawl()
        found = stored(house)
        assert_all_there(found, expected(shared, name))
        assert_the_page_is_known(house, found, capture(shared, name))


def assert_the_page_is_known(house, mentions, body):
    """Evidence finds the raw page of every mention after the crawl has dropped its frontier."""
    ids = [mention.id for mention in mentions.values()]
    with house.services.begin_work() as work:
        pages = work.pages.of(ids)
    assert pages.keys() == set(ids)
    assert {house.services.archive.get(page[0].sha256) for page in pages.values()} == {body}


def test_a_tieba_result_page_of_2024_arrives_whole(tmp_path, shared):
    name = "tieba/search_page_2024.html"
    answer = serve_first_page(capture(shared, name), "/f/search/res", NO_TIEBA.encode())
    with (
        ReplayServer(answer) as site,
        House(tmp_path, site.base_url, spider="tieba_search") as house,
    ):
        house.crawl()
        assert_all_there(stored(house), expected(shared, name))


CALLING_PAGE = """<!doctype html><html><body><main id="app"></main><script>
fetch("{call}").then(r => r.json()).then(d => {{ document.title = "read" }})
</script></body></html>"""


@pytest.mark.browser
@pytest.mark.parametrize(
    ("spider", "word", "name", "call"),
    [
        ("zhihu_search", "kotlin", "zhihu/search_v3_2025.json", "/api/v4/search_v3"),
        ("zhihu_search", "kotlin", "zhihu/search_v3_answer_2026.json", "/api/v4/search_v3"),
        # Tieba refuses a search by answering with what does not hold the word: so it must be right
        ("tieba_search", "SAP培训", "tieba/api_multsearch_2026.json", "/mo/q/search/multsearch"),
    ],
)
def test_a_reply_that_only_the_page_can_get_arrives_whole(
    tmp_path, shared, spider, word, name, call
):
    try:
        find_browser(None)
    except BrowserMissing as error:
        pytest.skip(f"{error}; mend: apt install chromium")

    def answer(seen: Seen) -> Reply:
        if seen.path == "/robots.txt":
            return ROBOTS
        if seen.path == call:
            return Reply(capture(shared, name), headers=JSON)
        return Reply(CALLING_PAGE.format(call=call).encode(), headers=HTML)

    with (
        ReplayServer(answer) as site,
        House(
            tmp_path,
            site.base_url,
            spider=spider,
            transport=Transport.BROWSER,
            queries=(word,),
        ) as house,
    ):
        house.crawl()
        assert_all_there(stored(house), expected(shared, name))
