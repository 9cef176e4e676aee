"""The demo's pages in a real browser: their own script makes the calls, and more on scrolling."""

import shutil
from collections.abc import Iterator
from datetime import datetime
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import Browser, Response, sync_playwright

from crawlers.pages import tieba_search, zhihu_search
from tests.demo_process import DEMO_NOON, running_demo

pytestmark = pytest.mark.browser

WORD = quote("云栈")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("needs a Chromium; mend: install the package chromium")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def urls() -> Iterator[dict[str, str]]:
    with running_demo("--frozen") as said:
        yield said


@pytest.mark.parametrize(
    ("site", "path", "call", "last_words"),
    [
        ("zhihu", f"/search?type=content&q={WORD}", "/api/v4/search_v3", "没有更多了"),
        ("tieba_app", f"/f/search/res?ie=utf-8&qw={WORD}", "/mo/q/search/multsearch", "没有更多了"),
    ],
)
def test_scrolling_to_the_end_shows_the_reader_the_whole_truth(
    browser, urls, site, path, call, last_words
):
    parse = {"zhihu": zhihu_search.parse, "tieba_app": tieba_search.parse}[site]
    replies: list[Response] = []
    asked: list[str] = []
    page = browser.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.on("response", lambda reply: replies.append(reply) if call in reply.url else None)
    page.goto(urls[site] + path)
    for _ in range(60):
        page.mouse.wheel(0, 20_000)
        page.wait_for_timeout(100)
        if page.get_by_text(last_words, exact=True).count():
            break
    found = {
        mention.id
        for reply in replies
        for mention in parse(
            reply.body(), url=reply.url, status=reply.status, fetched_at=DEMO_NOON
        ).mentions
        if not mention.embedded
    }
    page.close()
    truth = httpx.get(f"{urls[site]}/__demo__/truth.json").json()
    assert datetime.fromisoformat(truth["now"]) == DEMO_NOON
    assert found == {mention["id"] for mention in truth["mentions"]}
    assert len(replies) > 3
    assert all(url.startswith((urls[site], "data:")) for url in asked)
