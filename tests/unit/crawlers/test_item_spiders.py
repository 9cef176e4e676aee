"""Tests of the item spiders: which addresses a page opens, and how a series goes on and ends."""

from dataclasses import replace

import pytest

from crawlers.frontier import PageRequest
from crawlers.items import PAGES_PER_ITEM, Item, Opened
from crawlers.pipelines import Taken
from crawlers.plan import NOTHING, Outcome
from crawlers.spiders.items import ItemSpider
from crawlers.spiders.tieba_item import TiebaItemSpider
from crawlers.spiders.weibo_item import WeiboItemSpider
from crawlers.spiders.zhihu_item import ZhihuItemSpider
from domain.brand import Source, Transport
from domain.coverage import CoverageState
from domain.mention import Kind, Mention, Platform
from domain.page import FoundMention, Page, PageState
from tests.fakes import NOON, a_mention

MID = "6119000000000001"
POST = a_mention(id=f"weibo:{MID}", url="https://weibo.com/99/abc")
ANSWER = a_mention(
    id="zhihu:answer:5", platform=Platform.ZHIHU, kind=Kind.ANSWER, parent_id="zhihu:question:4"
)
THREAD = a_mention(id="tieba:70000", platform=Platform.TIEBA, kind=Kind.THREAD)
FLOOR = a_mention(id="tieba:80000", platform=Platform.TIEBA, kind=Kind.FLOOR, root_id="tieba:70000")


def spider(kind: type[ItemSpider], base_url: str) -> ItemSpider:
    made = kind()
    platform = Platform(kind.name.partition("_")[0])
    made.source = Source("items", kind.name, platform, Transport.HTTP, base_url)
    return made


AJAX = spider(WeiboItemSpider, "https://weibo.com/")
MOBILE = spider(WeiboItemSpider, "https://m.weibo.cn")
ZHIHU = spider(ZhihuItemSpider, "https://www.zhihu.com")
TIEBA = spider(TiebaItemSpider, "https://tieba.baidu.com")


def mention(mention_id: str, kind: Kind, **changes: object) -> FoundMention:
    platform = Platform(mention_id.partition(":")[0])
    return FoundMention(mention_id, platform, kind, "", "说", NOON, **changes)  # type: ignore[arg-type]


def taken(
    *found: FoundMention,
    following: str | None = None,
    leads: tuple[str, ...] = (),
    known: tuple[str, ...] = (),
    all_known: bool = False,
) -> Taken:
    page = Page("x", PageState.OK, found, next=following, leads=leads)
    return Taken(page, NOTHING, all_known, frozenset(known))


def own(of: Mention, comments: int | None, reposts: int | None = None) -> FoundMention:
    return mention(of.id, of.kind, comments=comments, reposts=reposts)


COMMENTS = (
    f"https://weibo.com/ajax/statuses/buildComments?is_reload=1&id={MID}"
    "&is_show_bulletin=2&is_mix=0&count=20&uid=99&fetch_level=0&flow=1"
)
REPLIES = COMMENTS.replace("is_mix=0", "is_mix=1").replace("fetch_level=0", "fetch_level=1")
REPOSTS = f"https://weibo.com/ajax/statuses/repostTimeline?id={MID}&moduleID=feed&count=10&page=1"
FLOW = f"https://m.weibo.cn/comments/hotflow?id={MID}&mid={MID}&max_id_type=0"
ROOT = mention("weibo:71", Kind.COMMENT, comments=3)
SHOWN = mention("weibo:72", Kind.COMMENT, embedded=True, parent_id="weibo:71")


@pytest.mark.parametrize(
    ("by", "url", "page", "item", "opened"),
    [
        (AJAX, AJAX.address(POST), taken(own(POST, 4, 2)), POST, Opened((COMMENTS, REPOSTS))),
        (AJAX, AJAX.address(POST), taken(own(POST, 0, 0)), POST, Opened()),
        (AJAX, AJAX.address(POST), taken(own(POST, None, 0)), POST, Opened((COMMENTS,))),
        (
            AJAX,
            AJAX.address(POST),
            taken(own(POST, 0, 0), leads=("/ajax/statuses/longtext?id=1",)),
            POST,
            Opened(("https://weibo.com/ajax/statuses/longtext?id=1",)),
        ),
        (AJAX, "https://weibo.com/ajax/statuses/longtext?id=1", taken(), POST, Opened()),
        # the cursor, with its kind where it has one
        (
            AJAX,
            f"{COMMENTS}&max_id=5",
            taken(ROOT, SHOWN, following="9&max_id_type=1"),
            POST,
            Opened(
                (f"{COMMENTS}&max_id=9&max_id_type=1",),
                (REPLIES.replace(f"id={MID}", "id=71").replace("flow=1", "flow=0"),),
            ),
        ),
        # what is known ends the list; the replies of what is known are not asked for again
        (
            AJAX,
            COMMENTS,
            taken(ROOT, SHOWN, following="9", known=("weibo:71",), all_known=True),
            POST,
            Opened(),
        ),
        (AJAX, REPLIES, taken(following="4"), POST, Opened((f"{REPLIES}&max_id=4",))),
        (AJAX, REPOSTS, taken(following="2"), POST, Opened((REPOSTS[:-1] + "2",))),
        (AJAX, REPOSTS, taken(following="2", all_known=True), POST, Opened()),
        (AJAX, REPOSTS, taken(following="x y"), POST, Opened()),
        # by heat: known ones are no reason to stop
        (
            MOBILE,
            FLOW,
            taken(following="9&max_id_type=1", all_known=True),
            POST,
            Opened((FLOW.replace("&max_id_type=0", "&max_id=9&max_id_type=1"),)),
        ),
    ],
)
def test_where_the_pages_of_weibo_lead(by, url, page, item, opened):
    assert by.opens(url, page, Item(item)) == opened


ROOTS = (
    "https://www.zhihu.com/api/v4/comment_v5/answers/5/root_comment?order_by=ts&limit=20&offset="
)
NEXT = "https://www.zhihu.com/api/v4/comment_v5/answers/5/root_comment?offset=1_2_0&limit=20"
CHILDREN = (
    "https://www.zhihu.com/api/v4/comment_v5/comment/71/child_comment?order_by=ts&limit=20&offset="
)
Z_ROOT = mention("zhihu:comment:71", Kind.COMMENT, comments=2)


@pytest.mark.parametrize(
    ("url", "page", "opened"),
    [
        (ZHIHU.address(ANSWER), taken(own(ANSWER, 3)), Opened((ROOTS,))),
        (ZHIHU.address(ANSWER), taken(own(ANSWER, 0)), Opened()),
        (ROOTS, taken(Z_ROOT, following=NEXT), Opened((NEXT,), (CHILDREN,))),
        (ROOTS, taken(Z_ROOT, following=NEXT, known=(Z_ROOT.id,), all_known=True), Opened()),
        (CHILDREN, taken(following=f"{CHILDREN}4"), Opened((f"{CHILDREN}4",))),
    ],
)
def test_where_the_pages_of_zhihu_lead(url, page, opened):
    assert ZHIHU.opens(url, page, Item(ANSWER)) == opened


def test_the_addresses_of_zhihus_items():
    article = a_mention(id="zhihu:article:6", platform=Platform.ZHIHU, kind=Kind.ARTICLE)
    pin = a_mention(id="zhihu:pin:7", platform=Platform.ZHIHU, kind=Kind.PIN)
    assert ZHIHU.address(ANSWER) == "https://www.zhihu.com/question/4/answer/5"
    assert ZHIHU.address(article) == "https://zhuanlan.zhihu.com/p/6"
    assert ZHIHU.address(pin) == "https://www.zhihu.com/pin/7"
    assert ZHIHU.address(replace(ANSWER, parent_id=None)) == "https://www.zhihu.com/answer/5"


TOTAL = "https://tieba.baidu.com/p/totalComment?tid=70000&fid=1&pn=1&see_lz=0"
REPLIES_OF = "https://tieba.baidu.com/p/comment?tid=70000&pid=80000&pn="
LIST = [
    mention(f"tieba:9{n:04}", Kind.REPLY, parent_id="tieba:80000", root_id="tieba:70000")
    for n in range(10)
]
LEAD = TOTAL.removeprefix("https://tieba.baidu.com")


@pytest.mark.parametrize(
    ("url", "page", "item", "opened"),
    [
        (
            "https://tieba.baidu.com/p/70000",
            taken(own(THREAD, 40), following="2", leads=(LEAD,)),
            Item(THREAD),
            Opened((TOTAL, "https://tieba.baidu.com/p/70000?pn=2")),
        ),
        # floors are added at the end: the next look begins where the last one ended
        (
            "https://tieba.baidu.com/p/70000",
            taken(own(THREAD, 40), following="2"),
            Item(replace(THREAD, comments=30), NOON, NOON, read_to=5),
            Opened(("https://tieba.baidu.com/p/70000?pn=5",)),
        ),
        (
            "https://tieba.baidu.com/p/70000",
            taken(own(THREAD, 40), following="2", leads=(LEAD,)),
            Item(replace(THREAD, comments=40), NOON, NOON, read_to=5),
            Opened(),
        ),
        (TOTAL, taken(*LIST), Item(THREAD), Opened(later=(f"{REPLIES_OF}2",))),
        (TOTAL, taken(*LIST[:9]), Item(THREAD), Opened()),
        (f"{REPLIES_OF}2", taken(following="3"), Item(THREAD), Opened((f"{REPLIES_OF}3",))),
        # a page of 2026 shows four replies of a floor at most
        (
            "https://tieba.baidu.com/c/f/pb/page_pc",
            taken(mention(FLOOR.id, Kind.FLOOR, comments=11, root_id=THREAD.id), *LIST[:4]),
            Item(THREAD),
            Opened(later=(f"{REPLIES_OF}1",)),
        ),
        (TIEBA.address(FLOOR), taken(own(FLOOR, 3)), Item(FLOOR), Opened((f"{REPLIES_OF}1",))),
        (TIEBA.address(FLOOR), taken(own(FLOOR, 0)), Item(FLOOR), Opened()),
        (TIEBA.address(FLOOR), taken(), Item(FLOOR), Opened()),
    ],
)
def test_where_the_pages_of_tieba_lead(url, page, item, opened):
    assert TIEBA.opens(url, page, item) == opened


@pytest.fixture
def finished(monkeypatch) -> list[PageRequest]:
    """The requests at which an item was called read to its end."""
    done: list[PageRequest] = []
    monkeypatch.setattr(ItemSpider, "_finish", lambda _, request: done.append(request))
    return done


def test_what_was_begun_goes_on_in_turn_and_cut_replies_come_last(finished):
    site = "https://weibo.com"
    step = AJAX.go_on(PageRequest(0, site), Opened((f"{site}/c1", f"{site}/r1")), NOTHING)
    asked = []
    for opened in (
        Opened((f"{site}/c2",), (f"{site}/child",)),
        Opened((f"{site}/r2",)),
        Opened(),
        Opened(),
        Opened(),
    ):
        assert isinstance(step, PageRequest)
        asked.append(step.url.removeprefix(site))
        step = AJAX.go_on(PageRequest.from_json(step.to_json()), opened, NOTHING)
    assert asked == ["/c1", "/r1", "/c2", "/r2", "/child"]
    assert step == Outcome.seen(NOTHING)
    assert len(finished) == 1


def test_an_item_with_more_than_one_look_reads_is_partial(finished):
    last = PageRequest(0, "https://weibo.com", page=PAGES_PER_ITEM)
    step = AJAX.go_on(last, Opened(("https://weibo.com/more",)), NOTHING)
    assert isinstance(step, Outcome)
    assert (step.state, step.reason) == (CoverageState.PARTIAL, "depth_limit")
    assert finished == [last]


@pytest.mark.parametrize(
    "address",
    ["https://evil.example/x", "http://weibo.com/x", "https://weibo.com:8443/x", "file:///etc"],
)
def test_an_address_that_leads_elsewhere_is_not_followed(finished, address):
    step = AJAX.go_on(PageRequest(0, "https://weibo.com"), Opened((address,)), NOTHING)
    assert isinstance(step, Outcome)
    assert (step.state, step.reason) == (CoverageState.FAILED, "address_refused")
    assert finished == []
