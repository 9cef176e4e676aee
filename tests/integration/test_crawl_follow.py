"""Followed pages and hot lists of the demo world, from the request to the ledger."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from browser.find import find_browser
from demo.configuration import QUESTION
from demo.people import OWN_UID
from demo.platforms.surface import mention_id
from demo.world import Post, World, build_world, question_id
from domain.brand import Transport, WatchRule
from domain.coverage import CoverageState, is_known, known_intervals, looked_at
from domain.errors import BrowserMissing
from domain.mention import Kind, Platform
from domain.queries import MentionFilter
from tests.demo_process import running_demo
from tests.integration.crawling import House

pytestmark = pytest.mark.integration

DAYS = 24
"""Long enough for every list to have pages to turn."""
ACCOUNT = f"weibo:account:{OWN_UID}"
FOLLOWED_QUESTION = f"zhihu:question:{question_id(QUESTION)}"
FORUM = "tieba:forum:云栈"


@pytest.fixture(scope="module")
def demo() -> Iterator[dict[str, str]]:
    with running_demo("--now", "real", "--frozen", "--days", str(DAYS)) as said:
        yield said


@pytest.fixture(scope="module")
def world(demo: dict[str, str]) -> World:
    return build_world(7, datetime.fromisoformat(demo["born"]), days=DAYS)


def posts(world: World, demo: dict[str, str], platform: Platform) -> list[Post]:
    return list(world.until(datetime.fromisoformat(demo["now"]), platform))


def asked(url: str) -> Counter[str]:
    """How often each path of a site was asked so far."""
    told = httpx.get(f"{url}/__demo__/requests.json", timeout=10).json()
    return Counter(told["by_path"])


def stored(house: House) -> set[str]:
    return {m.id for m in house.services.store.scan(MentionFilter(public_voice_only=False))}


def of_account(world: World, demo: dict[str, str]) -> set[str]:
    own = [p for p in posts(world, demo, Platform.WEIBO) if p.author.uid == OWN_UID]
    return {mention_id(post) for post in own}


def of_question(world: World, demo: dict[str, str]) -> set[str]:
    number = question_id(QUESTION)
    answers = [
        post
        for post in posts(world, demo, Platform.ZHIHU)
        if post.kind is Kind.ANSWER and post.parent_id == number
    ]
    return {f"zhihu:question:{number}", *(mention_id(post) for post in answers)}


def of_forum(world: World, demo: dict[str, str]) -> set[str]:
    found = posts(world, demo, Platform.TIEBA)
    return {mention_id(p) for p in found if p.kind is Kind.THREAD and p.forum == "云栈"}


def a_writer(world: World, demo: dict[str, str]) -> str:
    """Who wrote most articles on Zhihu."""
    articles = [p for p in posts(world, demo, Platform.ZHIHU) if p.kind is Kind.ARTICLE]
    return Counter(post.author.uid for post in articles).most_common(1)[0][0]


def of_writer(world: World, demo: dict[str, str], uid: str) -> set[str]:
    """Answers and articles, and the pins that tell of the articles."""
    own = [post for post in posts(world, demo, Platform.ZHIHU) if post.author.uid == uid]
    pins = {f"zhihu:pin:{post.native_id}" for post in own if post.kind is Kind.ARTICLE}
    return pins | {mention_id(post) for post in own}


FOLLOWED = [
    ("weibo_account", "weibo", ACCOUNT, of_account, "/ajax/statuses/mymblog"),
    ("zhihu_question", "zhihu", FOLLOWED_QUESTION, of_question, "feeds"),
    ("tieba_forum", "tieba", FORUM, of_forum, "/f"),
]


def at(path: str, counted: Counter[str]) -> int:
    return sum(count for name, count in counted.items() if name.endswith(path))


@pytest.mark.parametrize(("spider", "site", "follow", "expected", "path"), FOLLOWED)
def test_a_followed_page_is_read_to_its_end_and_then_only_what_is_new(
    tmp_path: Path, demo, world, spider, site, follow, expected, path
) -> None:
    before = asked(demo[site])
    with House(
        tmp_path, demo[site], spider=spider, follows=(follow,), backfill=timedelta(days=DAYS + 2)
    ) as house:
        outcome = house.crawl()
        assert (outcome.state, outcome.reason) == (CoverageState.OK, "")
        assert stored(house) == expected(world, demo)
        first = at(path, asked(demo[site]) - before)
        assert first >= 2  # there were pages to turn
        now = datetime.now(UTC)
        known = known_intervals(house.rows())
        assert is_known(known, now - timedelta(days=DAYS), now - timedelta(minutes=1))
        before = asked(demo[site])
        again = house.crawl()
        assert again.state is CoverageState.OK
        assert again.new == 0
        assert sum((asked(demo[site]) - before).values()) <= 2


def test_what_an_account_wrote_is_read_list_by_list(tmp_path: Path, demo, world) -> None:
    uid = a_writer(world, demo)
    with House(
        tmp_path,
        demo["zhihu"],
        spider="zhihu_account",
        follows=(f"zhihu:account:demo-{uid}",),
        backfill=timedelta(days=DAYS + 2),
    ) as house:
        outcome = house.crawl()
        assert (outcome.state, outcome.pages) == (CoverageState.OK, 4)
        assert {i for i in stored(house) if "question" not in i} == of_writer(world, demo, uid)


def test_a_page_that_is_gone_ends_nothing_but_itself(tmp_path: Path, demo, world) -> None:
    with House(
        tmp_path,
        demo["zhihu"],
        spider="zhihu_question",
        follows=("zhihu:question:404404", FOLLOWED_QUESTION),
        backfill=timedelta(days=DAYS + 2),
    ) as house:
        outcome = house.crawl()
        assert (outcome.state, outcome.reason) == (CoverageState.FAILED, "gone")
        assert stored(house) == of_question(world, demo)


def test_a_wall_before_an_account_is_told(tmp_path: Path, demo) -> None:
    with House(tmp_path, demo["weibo_wall"], spider="weibo_account", follows=(ACCOUNT,)) as house:
        outcome = house.crawl()
        assert (outcome.state, outcome.reason) == (CoverageState.BLOCKED, "login_wall")
        assert known_intervals(house.rows()) == ()


def test_the_words_of_the_hot_list_are_read_and_make_no_hour_known(tmp_path: Path, demo) -> None:
    with House(tmp_path, demo["weibo"], spider="weibo_hot", queries=()) as house:
        outcome = house.crawl()
        assert outcome.state is CoverageState.OK
        found = [m.text for m in house.services.store.scan(MentionFilter(public_voice_only=False))]
        assert "云栈茶饮" in found
        assert "夏日饮品节" not in found  # an advert
        assert all(row.supplement for row in house.rows())
        assert known_intervals(house.rows()) == ()
        assert looked_at(house.rows()) != ()


def test_the_call_for_zhihus_hot_list_wants_a_login(tmp_path: Path, demo) -> None:
    with House(tmp_path, demo["zhihu"], spider="zhihu_hot", queries=()) as house:
        outcome = house.crawl()
        assert (outcome.state, outcome.reason) == (CoverageState.BLOCKED, "login_wall")


# ---- in a browser --------------------------------------------------------------------------------


@pytest.fixture
def _browser() -> None:
    try:
        find_browser(None)
    except BrowserMissing as error:
        pytest.skip(f"{error}; mend: apt install chromium")


IN_A_BROWSER = [
    ("weibo_account", "weibo", ACCOUNT, of_account),
    ("zhihu_question", "zhihu", FOLLOWED_QUESTION, of_question),
    ("tieba_forum", "tieba_app", FORUM, of_forum),
]


@pytest.mark.browser
@pytest.mark.usefixtures("_browser")
@pytest.mark.parametrize(("spider", "site", "follow", "expected"), IN_A_BROWSER)
def test_in_a_browser_the_replies_to_the_pages_own_calls_are_read(
    tmp_path: Path, demo, world, spider, site, follow, expected
) -> None:
    with House(
        tmp_path,
        demo[site],
        spider=spider,
        follows=(follow,),
        transport=Transport.BROWSER,
        backfill=timedelta(days=DAYS + 2),
    ) as house:
        outcome = house.crawl()
        assert (outcome.state, outcome.reason) == (CoverageState.OK, "")
        assert stored(house) == expected(world, demo)
        again = house.crawl()
        assert (again.state, again.new) == (CoverageState.OK, 0)
        assert again.pages <= 2


@pytest.mark.browser
@pytest.mark.usefixtures("_browser")
def test_in_a_browser_every_tab_of_an_account_is_read(tmp_path: Path, demo, world) -> None:
    uid = a_writer(world, demo)
    with House(
        tmp_path,
        demo["zhihu"],
        spider="zhihu_account",
        follows=(f"zhihu:account:demo-{uid}",),
        transport=Transport.BROWSER,
        backfill=timedelta(days=DAYS + 2),
    ) as house:
        outcome = house.crawl()
        assert (outcome.state, outcome.reason) == (CoverageState.OK, "")
        assert {i for i in stored(house) if "question" not in i} == of_writer(world, demo, uid)


@pytest.mark.browser
@pytest.mark.usefixtures("_browser")
def test_in_a_browser_a_question_of_the_hot_list_is_opened_for_its_time(
    tmp_path: Path, demo
) -> None:
    """The list tells no time; only what the watch takes is opened."""
    house = House(
        tmp_path, demo["zhihu"], spider="zhihu_hot", queries=(), transport=Transport.BROWSER
    )
    house.watch = replace(house.watch, rule=WatchRule(all_words=("味道",)))
    before = asked(demo["zhihu"])
    with house:
        outcome = house.crawl()
        assert (outcome.state, outcome.reason) == (CoverageState.OK, "")
        assert f"zhihu:question:{question_id(QUESTION)}" in stored(house)
        opened = [name for name in asked(demo["zhihu"]) - before if name.startswith("/question/")]
        assert opened == [f"/question/{question_id(QUESTION)}"]
        before = asked(demo["zhihu"])
        assert house.crawl().state is CoverageState.OK
        assert set(asked(demo["zhihu"]) - before) == {"/hot"}


@pytest.mark.browser
@pytest.mark.usefixtures("_browser")
def test_in_a_browser_the_hot_words_are_read_from_the_pages_own_call(tmp_path: Path, demo) -> None:
    with House(
        tmp_path, demo["weibo"], spider="weibo_hot", queries=(), transport=Transport.BROWSER
    ) as house:
        outcome = house.crawl()
        assert (outcome.state, outcome.pages) == (CoverageState.OK, 1)
        assert outcome.new > 3
