"""The dashboard in a real browser: nothing runs, nothing is fetched, nothing is English."""

import re
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
import uvicorn
from playwright.sync_api import sync_playwright

from tests.dashboard_house import app_of, furnished_house

pytestmark = pytest.mark.browser

PAGES = (
    "/",
    "/?range=7d",
    "/feed",
    "/feed?words=云栈&label=negative",
    "/feed?words=没有人说过",
    "/alerts",
    "/cases",
    "/case",
    "/lead",
    "/spread",
    "/compare",
    "/reports",
    "/queries",
    "/crawl",
    "/settings",
)
ALLOWED_ENGLISH = frozenset(
    {
        # Streamlit's link for keyboards, which is drawn in Chinese over these words (koubei.css)
        "skip", "to", "main", "content",
        # hosts of the originals, which are names
        "weibo", "com", "www", "zhihu", "tieba", "baidu",
        # formats and ids
        "csv", "excel", "xlsx", "word", "pdf", "api", "id", "url", "html",
        # ids of alerts and cases: A-20261120-01
        "a", "c", "l", "r",
        # names: of products and commands, of the house, its people and its sources
        "qq", "toml", "jsonl", "mediacrawler", "koubei", "apply", "doctor", "md", "docs",
        "house", "lin", "search", "hot", "app", "account", "question", "forum", "item", "items",
        # what is typed to mend a page that is not read any more: koubei capture, koubei login
        "capture", "file", "platform", "layout", "likes", "login",
        # what invented people wrote (the hostile texts)
        "script", "document", "title", "pwned", "img", "src", "x", "onerror", "https", "evil",
        "example", "track", "png", "javascript", "alert", "frac", "material", "warning", "red",
        "hyperlink", "sum", "o", "g", "aler",
        "div", "section", "style", "display", "none", "href", "z",
    }
)  # fmt: skip
"""Every other run of Latin letters on a page is a word somebody forgot to translate."""

WITHIN = 60_000

_WORDS = """() => {
  const icons = [...document.querySelectorAll('[data-testid=stIconMaterial]')];
  icons.forEach(icon => { icon.style.display = 'none'; });  // ligatures: drawn as signs
  return document.body.innerText;
}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> Iterator[str]:
    """A furnished house, served."""
    folder = tmp_path_factory.mktemp("house")
    with furnished_house(folder) as services, served(services) as address:
        yield address


@contextmanager
def served(services) -> Iterator[str]:
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    app = app_of(services, public_url=address)
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield address
    finally:
        server.should_exit = True
        thread.join(20)


@pytest.fixture(scope="module")
def browser():
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("needs a Chromium; mend: install the package chromium")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def page(browser):
    """A page that notes what it asks for and what goes wrong."""
    page = browser.new_page(viewport={"width": 1440, "height": 900}, locale="zh-CN")
    page.outside = []
    page.dialogs = []

    def note(request):
        if not request.url.startswith(("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:")):
            page.outside.append(request.url)

    page.on("request", note)
    page.on("dialog", lambda dialog: (page.dialogs.append(dialog.message), dialog.dismiss()))
    yield page
    page.close()


def open_page(page, url):
    page.goto(url)
    page.wait_for_selector(".kb-head h1", timeout=WITHIN)
    page.wait_for_selector(".kb-tile, .kb-mention, .kb-empty, .kb-section, form", timeout=WITHIN)
    if urlsplit(url).path == "/" and page.locator(".kb-tile").count():
        page.wait_for_selector("[data-testid=stVegaLiteChart]", timeout=WITHIN)
    page.wait_for_timeout(500)


@pytest.mark.parametrize("place", PAGES)
def test_a_page_is_chinese_inert_and_fetches_nothing_from_elsewhere(address, page, place):
    open_page(page, address + place)
    assert page.outside == []
    assert page.dialogs == []
    assert "pwned" not in page.title()
    assert page.locator(".kb-error").count() == 0
    assert page.locator("[data-testid=stException]").count() == 0
    said = page.evaluate(_WORDS)
    english = {word.lower() for word in re.findall(r"[A-Za-z]+", said)} - ALLOWED_ENGLISH
    assert english == set(), f"{place}: {sorted(english)}"
    assert page.locator("html").get_attribute("lang") == "zh-CN"


@pytest.mark.parametrize(
    ("asked", "lands_at", "title"),
    [("/overview?range=7d", "/?range=7d", "总览"), ("/feed/?words=虫子", "/feed?words=", "信息流")],
)
def test_another_address_of_a_page_leads_there(address, page, asked, lands_at, title):
    open_page(page, address + asked)
    assert page.url.startswith(address + lands_at)
    assert page.locator(".kb-head h1").inner_text() == title
    assert page.locator("[role=dialog]").count() == 0


def test_an_address_of_no_page_is_told_in_chinese_and_leads_home(address, page):
    answer = page.goto(address + "/nowhere/at/all")
    assert answer.status == 404
    assert "没有这个页面" in page.inner_text("h1")
    assert re.search("[A-Za-z]", page.inner_text("main")) is None
    page.get_by_role("link", name="总览").click()
    page.wait_for_selector(".kb-tile", timeout=WITHIN)


def test_the_first_screen_needs_no_scrolling(address, page):
    open_page(page, address + "/")
    main = page.locator("[data-testid=stMain]")
    heights = main.evaluate("e => [e.scrollHeight, e.clientHeight]")
    assert heights[0] <= heights[1]


def test_a_phone_shows_the_first_screen_without_sideways_scrolling(address, browser):
    phone = browser.new_page(viewport={"width": 390, "height": 844}, locale="zh-CN")
    open_page(phone, address + "/")
    widths = phone.locator("[data-testid=stMain]").evaluate("e => [e.scrollWidth, e.clientWidth]")
    assert widths[0] <= widths[1]
    phone.close()


def test_crawled_markup_makes_no_element(address, page):
    open_page(page, address + "/feed")
    cards = page.locator(".kb-mention")
    assert cards.count() > 5
    assert cards.locator("script, img, style, iframe, table").count() == 0
    for link in cards.locator("a").all():
        assert re.match(r"https?://", link.get_attribute("href") or "")
        assert "noopener" in (link.get_attribute("rel") or "")
        assert link.get_attribute("target") == "_blank"


def test_a_tile_leads_to_the_posts_behind_it(address, page):
    open_page(page, address + "/")
    page.get_by_role("link", name="查看负面率").click()
    page.wait_for_selector(".kb-mention", timeout=WITHIN)
    assert "/feed?" in page.url
    assert "label=negative" in page.url


def test_a_refresh_does_not_eat_what_is_typed(address, page):
    open_page(page, address + "/feed")
    field = page.get_by_placeholder("排除")
    field.click()
    field.press_sequentially("还没打完", delay=20)
    page.wait_for_timeout(33_000)  # longer than the interval of the refresh
    assert field.input_value() == "还没打完"
