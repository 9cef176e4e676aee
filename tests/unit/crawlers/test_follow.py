"""Tests of the spiders of followed pages: which page follows, and when a list was seen."""

from datetime import datetime, timedelta
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest

from crawlers.frontier import Detour, PageRequest
from crawlers.pipelines import Taken
from crawlers.plan import NOTHING, Outcome, Plan, Tally
from crawlers.spiders.follow import (
    MAX_PAGES,
    MOST_DETAILS,
    FollowSpider,
    is_reached,
    on_the_same_site,
    own_pages,
    stirrings,
)
from crawlers.spiders.hot import HotSpider
from crawlers.spiders.tieba_forum import TiebaForumSpider
from crawlers.spiders.weibo_account import WeiboAccountSpider
from crawlers.spiders.weibo_hot import WeiboHotSpider
from crawlers.spiders.zhihu_account import ZhihuAccountSpider
from crawlers.spiders.zhihu_hot import ZhihuHotSpider
from crawlers.spiders.zhihu_question import ZhihuQuestionSpider
from crawlers.windows import Window
from domain.brand import Source, Transport, Watch
from domain.coverage import CoverageState
from domain.errors import ConfigurationError
from domain.follows import parse_follow
from domain.mention import Kind
from domain.page import FoundMention, Page, PageState
from domain.spiders import SPIDERS
from tests.fakes import NOON

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HTTP, BROWSER = Transport.HTTP, Transport.BROWSER
FRESH = Window(NOON - 3 * HOUR, NOON)
OLD = Window(NOON - 7 * DAY, NOON - 3 * HOUR, backfill=True)
SOME = Tally(1, 10, 5, 5)


def entry(
    number: int,
    hours_ago: float | None,
    *,
    stirred: float | None = None,
    edited: float | None = None,
    embedded: bool = False,
) -> FoundMention:
    """An entry of a list; times in hours before NOON."""

    def at(ago: float | None) -> datetime | None:
        return None if ago is None else NOON - ago * HOUR

    return FoundMention(
        id=f"tieba:{number}",
        platform=SPIDERS["tieba_forum"].platform,
        kind=Kind.THREAD,
        url=f"https://tieba.baidu.com/p/{number}",
        text="x",
        published_at=at(hours_ago),
        edited_at=at(edited),
        stirred_at=at(stirred),
        embedded=embedded,
    )


def entries(*hours_ago: float | None) -> tuple[FoundMention, ...]:
    return tuple(entry(number, ago) for number, ago in enumerate(hours_ago))


def taken(
    *mentions: FoundMention, following: str | None = "2", known: bool = False, **page: object
) -> Taken:
    state = page.pop("state", PageState.OK)
    return Taken(Page("list", state, mentions, following), SOME, known)  # type: ignore[arg-type]


def a_spider(
    kind: type[FollowSpider | HotSpider],
    *follows: str,
    transport: Transport = HTTP,
    base_url: str = "",
    windows: tuple[Window, ...] = (FRESH,),
):
    of = SPIDERS[kind.name]
    spider = kind()
    spider.source = Source("s", of.name, of.platform, transport, base_url or of.base_url)
    spider.watch = Watch(
        "w", "w", ("b",), (), ("s",), follows=tuple(parse_follow(text) for text in follows)
    )
    windows = spider.windows(windows)
    plan = Plan(windows, spider.make_series(windows))
    spider.frontier = SimpleNamespace(plan=plan)
    return spider


def urls(spider) -> list[str]:
    return [series.url for series in spider.frontier.plan.series]


@pytest.mark.parametrize(
    ("kind", "follow", "transport", "base_url", "expected"),
    [
        (
            WeiboAccountSpider,
            "weibo:account:1234567890",
            HTTP,
            "",
            ["https://weibo.com/ajax/statuses/mymblog?uid=1234567890&feature=0&page=1"],
        ),
        (
            WeiboAccountSpider,
            "weibo:account:1234567890",
            HTTP,
            "https://m.weibo.cn/",
            ["https://m.weibo.cn/api/container/getIndex?containerid=1076031234567890"],
        ),
        (
            WeiboAccountSpider,
            "weibo:account:1234567890",
            BROWSER,
            "",
            ["https://weibo.com/u/1234567890"],
        ),
        (
            ZhihuQuestionSpider,
            "zhihu:question:19550225",
            HTTP,
            "",
            ["https://www.zhihu.com/question/19550225/answers/updated"],
        ),
        (
            ZhihuAccountSpider,
            "zhihu:account:yun-zhan",
            BROWSER,
            "",
            [
                f"https://www.zhihu.com/people/yun-zhan/{tab}"
                for tab in ("answers", "posts", "zvideos", "pins")
            ],
        ),
        (
            TiebaForumSpider,
            "tieba:forum:云栈",
            HTTP,
            "",
            ["https://tieba.baidu.com/f?kw=%E4%BA%91%E6%A0%88&ie=utf-8&pn=0"],
        ),
        (
            TiebaForumSpider,
            "tieba:forum:云栈",
            BROWSER,
            "",
            ["https://tieba.baidu.com/f?kw=%E4%BA%91%E6%A0%88&ie=utf-8"],
        ),
    ],
)
def test_a_followed_page_begins_at_its_own_address(kind, follow, transport, base_url, expected):
    assert urls(a_spider(kind, follow, transport=transport, base_url=base_url)) == expected


def test_an_account_on_zhihu_is_four_lists_over_plain_http():
    expected = [
        "/api/v4/members/yun-zhan/answers",
        "/api/v4/members/yun-zhan/articles",
        "/api/v4/members/yun-zhan/zvideos",
        "/api/v4/v2/pins/yun-zhan/moments",
    ]
    spider = a_spider(ZhihuAccountSpider, "zhihu:account:yun-zhan")
    assert [urlsplit(url).path for url in urls(spider)] == expected
    assert all("offset=0&limit=20" in url for url in urls(spider))
    browser = a_spider(ZhihuAccountSpider, "zhihu:account:yun-zhan", transport=BROWSER)
    calls = [browser.call_of(PageRequest(n, url)) for n, url in enumerate(urls(browser))]
    assert calls == expected


def test_the_pins_of_an_account_go_on_where_zhihu_says():
    spider = a_spider(ZhihuAccountSpider, "zhihu:account:yun-zhan")
    number, first = len(urls(spider)) - 1, urls(spider)[-1]
    following = first.replace("offset=0", "offset=20")
    page = taken(*entries(1, 2, 2.5, 2.6), following=following)
    step = spider.next_step(PageRequest(number, first), page, SOME)
    assert step == PageRequest(number, following, page=2, tally=SOME)


@pytest.mark.parametrize(
    ("kind", "follow", "base_url", "token", "expected"),
    [
        (
            WeiboAccountSpider,
            "weibo:account:1234567890",
            "",
            "4912345678901234kp2",
            "https://weibo.com/ajax/statuses/mymblog?uid=1234567890&feature=0&page=2"
            "&since_id=4912345678901234kp2",
        ),
        (
            WeiboAccountSpider,
            "weibo:account:1234567890",
            "",
            "2",
            "https://weibo.com/ajax/statuses/mymblog?uid=1234567890&feature=0&page=2",
        ),
        (
            WeiboAccountSpider,
            "weibo:account:1234567890",
            "https://m.weibo.cn",
            "4912345678901234",
            "https://m.weibo.cn/api/container/getIndex?containerid=1076031234567890"
            "&since_id=4912345678901234",
        ),
        (
            WeiboAccountSpider,
            "weibo:account:1234567890",
            "https://m.weibo.cn",
            "3",
            "https://m.weibo.cn/api/container/getIndex?containerid=1076031234567890&page=3",
        ),
        (
            ZhihuQuestionSpider,
            "zhihu:question:19550225",
            "",
            "https://www.zhihu.com/api/v4/questions/19550225/feeds?cursor=a%2Fb&limit=5",
            "https://www.zhihu.com/api/v4/questions/19550225/feeds?cursor=a%2Fb&limit=5",
        ),
        (
            TiebaForumSpider,
            "tieba:forum:茶",
            "",
            "50",
            "https://tieba.baidu.com/f?kw=%E8%8C%B6&ie=utf-8&pn=50",
        ),
    ],
)
def test_the_next_page_is_asked_by_the_token_of_the_last_one(
    kind, follow, base_url, token, expected
):
    spider = a_spider(kind, follow, base_url=base_url)
    request = PageRequest(0, urls(spider)[0])
    step = spider.next_step(request, taken(*entries(1, 2, 2.5, 2.6), following=token), SOME)
    assert step == PageRequest(0, expected, page=2, tally=SOME)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://www.zhihu.com/api?x=1#y", "https://www.zhihu.com/api?x=1"),
        ("http://www.zhihu.com/api?x=1", "https://www.zhihu.com/api?x=1"),
        ("/api?x=1", "https://www.zhihu.com/api?x=1"),
        ("https://api.zhihu.com/api", None),
        ("https://www.zhihu.com.evil.example/api", None),
        ("https://user@www.zhihu.com/api", None),
        ("https://www.zhihu.com:8443/api", None),
        ("https://[www.zhihu.com/api", None),
        ("javascript:alert(1)", None),
        ("file:///etc/passwd", None),
    ],
)
def test_a_platform_cannot_lead_elsewhere(address, expected):
    site = "https://www.zhihu.com"
    assert on_the_same_site(site, f"{site}/question/1", address) == expected


def test_a_way_that_leads_elsewhere_is_not_taken_and_told():
    spider = a_spider(ZhihuQuestionSpider, "zhihu:question:1")
    page = taken(*entries(1, 2, 2.5, 2.6), following="https://evil.example/feeds")
    step = spider.next_step(PageRequest(0, urls(spider)[0]), page, SOME)
    assert isinstance(step, Outcome)
    assert (step.state, step.reason) == (CoverageState.PARTIAL, "address_refused")
    assert step.complete_since == NOON - HOUR


@pytest.mark.parametrize(
    ("ages", "first", "expected"),
    [
        ((1, 2, 3, 4), True, False),
        ((5, 6, 7, 8), True, True),
        ((200, 1, 5, 6, 7), True, True),  # a pinned entry, and the end lies behind the start
        ((200, 1, 1, 2, 2), True, False),  # the pinned one alone is old
        ((200, 201), True, False),  # nothing but pinned ones, perhaps
        ((200, 201), False, True),
        ((1, 2, 200, 1, 2), False, False),  # something old in between
        ((None, None, None, None), False, False),
        ((), False, False),
    ],
)
def test_a_page_reaches_as_far_back_as_its_end(ages, first, expected):
    assert is_reached(entries(*ages), NOON - 3 * HOUR, first=first) is expected


def test_an_entry_stirs_when_it_was_last_written_changed_or_replied_to():
    listed = (
        entry(1, 9, stirred=1),
        entry(2, None, stirred=2),
        entry(3, 5, edited=3),
        entry(4, 4),
        entry(5, None),
        entry(6, 0, embedded=True),
    )
    assert stirrings(listed) == [NOON - n * HOUR for n in (1, 2, 3, 4)]


FORUM = "tieba:forum:云栈"
ACCOUNT = "weibo:account:1234567890"


@pytest.mark.parametrize(
    ("kind", "follow", "page", "windows", "state"),
    [
        # nothing follows
        (TiebaForumSpider, FORUM, taken(*entries(1, 2), following=None), (FRESH,), "ok"),
        (TiebaForumSpider, FORUM, taken(state=PageState.EMPTY), (FRESH,), "empty"),
        # the window was seen
        (TiebaForumSpider, FORUM, taken(*entries(1, 5, 6, 7)), (FRESH,), "ok"),
        (TiebaForumSpider, FORUM, taken(*entries(1, 5, 6, 7)), (FRESH, OLD), None),
        # all of it is known: enough in the order of publication, not in that of replies
        (WeiboAccountSpider, ACCOUNT, taken(*entries(1, 2, 2, 2), known=True), (FRESH,), "ok"),
        (WeiboAccountSpider, ACCOUNT, taken(*entries(1, 2, 2), known=True), (FRESH, OLD), None),
        (TiebaForumSpider, FORUM, taken(*entries(1, 2, 2, 2), known=True), (FRESH,), None),
        # without any time only what is known can tell
        (TiebaForumSpider, FORUM, taken(*entries(None, None), known=True), (FRESH,), "ok"),
        (TiebaForumSpider, FORUM, taken(*entries(None, None)), (FRESH,), None),
        # no such page (any more)
        (TiebaForumSpider, FORUM, taken(state=PageState.GONE), (FRESH,), "failed"),
    ],
)
def test_a_list_is_read_until_its_windows_are_seen(kind, follow, page, windows, state):
    spider = a_spider(kind, follow, windows=windows)
    tally = SOME if page.page.mentions else NOTHING
    step = spider.next_step(PageRequest(0, urls(spider)[0]), page, tally)
    in_browser = spider.after_reply([page], 0)
    if state is None:
        assert isinstance(step, PageRequest)
        assert in_browser is None
    else:
        assert isinstance(step, Outcome)
        assert step.state.value == state
        assert in_browser is not None


def test_a_list_without_end_is_cut_off_and_says_from_where_on_it_was_seen():
    spider = a_spider(TiebaForumSpider, FORUM, windows=(FRESH, OLD))
    page = taken(*entries(90, 30, 31, 32, 33))
    step = spider.next_step(PageRequest(0, urls(spider)[0], page=MAX_PAGES), page, SOME)
    assert isinstance(step, Outcome)
    assert (step.state, step.reason) == (CoverageState.PARTIAL, "result_ceiling")
    assert step.complete_since == NOON - 30 * HOUR
    assert spider.cut_off([taken(*entries(1)), page], 0).complete_since == NOON - 30 * HOUR


def test_a_watch_that_follows_nothing_here_is_refused_before_anything_is_asked():
    with pytest.raises(ConfigurationError) as caught:
        a_spider(TiebaForumSpider, ACCOUNT)
    assert "follow" in caught.value.sentence("en")


@pytest.mark.parametrize(
    ("kind", "transport", "path", "call"),
    [
        (WeiboHotSpider, HTTP, "/ajax/side/hotSearch", "/ajax/side/hotSearch"),
        (WeiboHotSpider, BROWSER, "/hot/search", "/ajax/side/hotSearch"),
        (ZhihuHotSpider, HTTP, "/api/v3/feed/topstory/hot-lists/total?limit=50", ""),
        (ZhihuHotSpider, BROWSER, "/hot", ""),
    ],
)
def test_a_hot_list_is_one_page_about_the_present(kind, transport, path, call):
    spider = a_spider(kind, transport=transport, windows=(FRESH, OLD))
    assert urls(spider) == [spider.source.base_url + path]
    assert spider.frontier.plan.windows == (FRESH,)
    assert spider.call_of(PageRequest(0, path)) == call
    step = spider.next_step(PageRequest(0, path), taken(*entries(1)), SOME)
    assert step == spider.after_reply([taken(*entries(1))], 0) == Outcome.seen(SOME)
    gone = taken(state=PageState.GONE)
    lost = Outcome(CoverageState.FAILED, "gone", SOME)
    assert spider.next_step(PageRequest(0, path), gone, SOME) == lost
    assert spider.after_reply([gone], 0) == lost


# ---- pages that a list leads to ------------------------------------------------------------------


def test_own_pages_are_asked_at_the_source_each_once_and_not_too_many():
    many = [entry(number, None) for number in range(MOST_DETAILS + 5)]
    found = own_pages("http://127.0.0.1:8", [many[0], *many])
    assert found[:2] == ["http://127.0.0.1:8/p/0", "http://127.0.0.1:8/p/1"]
    assert len(found) == MOST_DETAILS


def test_a_detour_opens_page_after_page_and_then_goes_on_as_it_was_to():
    end = Outcome.seen(SOME)
    first = Detour.through(3, ["a", "b"], end)
    assert isinstance(first, PageRequest)
    assert (first.series, first.url, first.tally) == (3, "a", SOME)
    assert PageRequest.from_json(first.to_json()) == first
    more = first.tally.plus(SOME)
    assert first.then is not None
    second = first.then.after(3, more)
    assert isinstance(second, PageRequest)
    assert second.url == "b"
    assert second.fingerprint != first.fingerprint
    assert second.then is not None
    assert second.then.after(3, more) == Outcome(CoverageState.OK, tally=more)
    following = PageRequest(3, "page-2", page=2, tally=SOME)
    onward = Detour.through(3, ["a"], following)
    assert isinstance(onward, PageRequest)
    assert PageRequest.from_json(onward.to_json()) == onward
    assert onward.then is not None
    assert onward.then.after(3, more) == PageRequest(3, "page-2", page=2, tally=more)
    assert Detour.through(3, [], end) is end
