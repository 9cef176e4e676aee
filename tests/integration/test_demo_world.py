"""The demo as a process of its own, read by the real page readers: page for page the truth."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from urllib.parse import quote

import httpx
import pytest

from crawlers.pages import tieba_search, weibo_search, zhihu_search
from demo.platforms.tokens import nonce_for, token_for
from demo.platforms.zhihu import PROOF_HEADER
from domain.page import BlockKind, FoundMention, Page, PageState
from tests.demo_process import (
    DEMO_NOON,
    ROOT,
    finish_demo,
    first_line,
    running_demo,
    start_demo,
)

pytestmark = pytest.mark.integration

WORD = quote("云栈")
Read = Callable[..., Page]


@pytest.fixture(scope="module")
def urls() -> Iterator[dict[str, str]]:
    with running_demo("--frozen") as said:
        yield said


@pytest.fixture(scope="module")
def web() -> Iterator[httpx.Client]:
    with httpx.Client(follow_redirects=True, timeout=10) as client:
        yield client


def truth(web: httpx.Client, url: str) -> dict[str, dict]:
    return {m["id"]: m for m in web.get(f"{url}/__demo__/truth.json").json()["mentions"]}


def read(parse: Read, answer: httpx.Response) -> Page:
    return parse(
        answer.content, url=str(answer.url), status=answer.status_code, fetched_at=DEMO_NOON
    )


def pages(first: str, ask: Callable[[str], Page]) -> Iterator[Page]:
    """Every page from the first on, as `next` tells."""
    following: str | None = first
    while following is not None:
        page = ask(following)
        assert page.state is PageState.OK
        yield page
        following = page.next


def compare(found: list[FoundMention], expected: dict[str, dict]) -> None:
    """What was read is, mention for mention, what was said."""
    own = [m for m in found if not m.embedded]
    assert len({m.id for m in own}) == len(own)
    assert {m.id for m in own} == set(expected)
    for mention in found:
        said = expected[mention.id]
        assert mention.text == said["text"]
        assert mention.title == said["title"]
        assert mention.author == said["author"]
        assert mention.url == said["url"]
        assert mention.kind.value == said["kind"]
        assert mention.published_at is not None
        late = abs(mention.published_at - datetime.fromisoformat(said["published_at"]))
        assert late <= timedelta(seconds=60)
        if not mention.embedded:
            assert mention.repost_of == said["repost_of"]


def test_weibo_read_day_by_day_is_the_truth(web, urls):
    found: list[FoundMention] = []
    for back in range(9):
        day = (DEMO_NOON - timedelta(days=back)).date()
        scope = f"custom:{day}-0:{day + timedelta(days=1)}-0"
        base = f"{urls['weibo']}/weibo?q={WORD}&timescope={scope}&page="
        for page in pages("1", lambda n: read(weibo_search.parse, web.get(base + n))):  # noqa: B023
            found += page.mentions
    expected = truth(web, urls["weibo"])
    assert any(m.embedded for m in found)
    assert sum(m.repost_of is not None for m in found) >= 5
    compare(_with_embedded_once(found), expected)


def _with_embedded_once(found: list[FoundMention]) -> list[FoundMention]:
    """The original stands under every page with a repost of it."""
    return [m for m in found if not m.embedded] + [m for m in found if m.embedded][:1]


def test_weibo_newest_first_ends_at_fifty_pages(web, urls):
    base = f"{urls['weibo']}/realtime?q={WORD}&rd=realtime&page="
    read_pages = list(pages("1", lambda n: read(weibo_search.parse, web.get(base + n))))
    assert len(read_pages) == 50
    times = [m.published_at for p in read_pages for m in p.mentions if not m.embedded]
    assert len(times) == 500
    assert times == sorted(times, reverse=True)


def test_weibo_says_when_there_is_nothing(web, urls):
    page = read(weibo_search.parse, web.get(f"{urls['weibo']}/weibo?q={quote('没有人说')}"))
    assert page.state is PageState.EMPTY


@pytest.mark.parametrize("path", ["/weibo", "/realtime"])
def test_the_wall_reads_as_a_login_wall(web, urls, path):
    page = read(weibo_search.parse, web.get(f"{urls['weibo_wall']}{path}?q={WORD}"))
    assert page.state is PageState.BLOCKED
    assert page.block_kind is BlockKind.LOGIN_WALL


def test_the_old_tieba_read_page_by_page_is_the_truth(web, urls):
    base = f"{urls['tieba']}/f/search/res?ie=utf-8&qw={WORD}&rn=20&sm=1&pn="
    read_pages = list(pages("1", lambda n: read(tieba_search.parse, web.get(base + n))))
    compare([m for p in read_pages for m in p.mentions], truth(web, urls["tieba"]))
    nothing = web.get(f"{urls['tieba']}/f/search/res?ie=utf-8&qw={quote('没有人说')}")
    assert read(tieba_search.parse, nothing).state is PageState.EMPTY


def test_the_replies_of_the_new_tieba_are_the_truth(web, urls):
    def ask(number: str) -> Page:
        path = f"/mo/q/search/multsearch?word={WORD}&pn={number}&rn=20&st=1"
        sign = token_for(nonce_for("tieba", "云栈"), path)
        return read(tieba_search.parse, web.get(f"{urls['tieba_app']}{path}&sign={sign}"))

    found = [m for page in pages("1", ask) for m in page.mentions]
    compare(found, truth(web, urls["tieba_app"]))


def test_the_replies_of_zhihu_are_the_truth(web, urls):
    found: list[FoundMention] = []
    for offset in range(0, 1000, 20):
        path = f"/api/v4/search_v3?t=general&q={WORD}&offset={offset}&limit=20"
        proof = {PROOF_HEADER: token_for(nonce_for("zhihu", "云栈"), path)}
        page = read(zhihu_search.parse, web.get(f"{urls['zhihu']}{path}", headers=proof))
        found += page.mentions
        if page.next is None:
            break
    compare([m for m in found if not m.embedded], truth(web, urls["zhihu"]))


def test_hand_made_calls_read_as_refused_and_never_as_empty(web, urls):
    zhihu = web.get(f"{urls['zhihu']}/api/v4/search_v3?q={WORD}&offset=0")
    assert read(zhihu_search.parse, zhihu).block_kind is BlockKind.REFUSED
    tieba = web.get(f"{urls['tieba_app']}/mo/q/search/multsearch?word={WORD}&pn=1")
    assert read(tieba_search.parse, tieba).block_kind is BlockKind.REFUSED


def test_the_process_ends_cleanly_on_sigterm():
    process = start_demo("--frozen")
    first_line(process)
    process.send_signal(signal.SIGTERM)
    try:
        assert process.wait(10) == 0
    finally:
        finish_demo(process)


def test_the_process_ends_when_its_parent_is_gone():
    process = start_demo("--frozen")
    first_line(process)
    assert finish_demo(process) == 0


def test_a_taken_port_is_said_with_its_mend(urls):
    taken = urls["weibo"].rpartition(":")[2]
    command = [sys.executable, "-m", "demo", "--port", taken]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 1
    assert "--port" in done.stderr


def test_the_world_goes_on_while_one_looks(web):
    with running_demo("--mentions", "100") as said:
        now = web.get(f"{said['weibo']}/__demo__/truth.json").json()
    assert datetime.fromisoformat(now["now"]) > DEMO_NOON
    assert len(now["mentions"]) == 100


def test_a_world_that_was_born_earlier_goes_on_after_a_restart(web, urls):
    later = DEMO_NOON + timedelta(hours=2)
    with running_demo(
        "--born", DEMO_NOON.isoformat(), "--now", later.isoformat(), "--frozen"
    ) as said:
        after = truth(web, said["weibo"])
    before = truth(web, urls["weibo"])
    assert set(before) < set(after)
    fresh = [m for key, m in after.items() if key not in before]
    assert sum(m["story"] == "crisis" for m in fresh) >= 40
