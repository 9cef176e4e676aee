"""What each spider asks a platform for: the pages, how many at most, and the fields it reads.

A person signs for this (see `domain.assessment`), so it is told here and not found out while
crawling. A test compares it with the spiders.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final

from domain.errors import ConfigurationError, Text
from domain.page import FoundMention

_NOTES: Final = frozenset({"under", "context"})
"""What a crawl notes on a mention of its own."""
ALL_FIELDS: Final = tuple(f.name for f in fields(FoundMention) if f.name not in _NOTES)
"""Every field that a page reader can fill; one that a page does not show stays empty."""


@dataclass(frozen=True, slots=True)
class Surface:
    """One kind of page. `example` is an address as it is asked for, beginning with the path: what
    robots.txt is compared with.
    """

    name: Text
    example: str

    @property
    def path(self) -> str:
        """The path alone, as a person reads it."""
        return self.example.partition("?")[0]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a spider reads. `most_pages`: how many pages one query, followed page or list takes in
    one look at most, `usual_pages` how many when little is new.
    """

    surfaces: tuple[Surface, ...]
    most_pages: int
    usual_pages: int = 1
    fields: tuple[str, ...] = ALL_FIELDS


def _reading(most: int, *surfaces: tuple[str, str, str], usual: int = 1) -> Reading:
    told = tuple(Surface(Text(zh, en), example) for zh, en, example in surfaces)
    return Reading(told, most, usual)


_SEARCH_CALL = ("搜索页自己的调用", "the search page's own call")
_LIST_CALL = ("列表页自己的调用", "the list page's own call")

READINGS: Final[Mapping[str, Reading]] = {
    "weibo_search": _reading(
        50,
        (
            "搜索：最新微博",
            "search: newest posts",
            "/realtime?q=x&rd=realtime&tw=realtime&Refer=weibo_realtime&page=1",
        ),
        (
            "搜索：按日期回看",
            "search: a day of the past",
            "/weibo?q=x&typeall=1&suball=1&timescope=custom:2026-01-01-0:2026-01-02-0"
            "&Refer=g&page=1",
        ),
    ),
    "zhihu_search": _reading(
        11,
        ("搜索页", "search page", "/search?type=content&q=x&sort=created_time"),
        (*_SEARCH_CALL, "/api/v4/search_v3?t=general&q=x&correction=1&offset=0&limit=20"),
    ),
    "tieba_search": _reading(
        50,
        ("搜索页", "search page", "/f/search/res?ie=utf-8&qw=x&rn=20&sm=1&pn=1"),
        (*_SEARCH_CALL, "/mo/q/search/multsearch?word=x&pn=1&rn=20"),
    ),
    "weibo_account": _reading(
        70,
        ("账号主页", "an account's page", "/u/1000000001"),
        (*_LIST_CALL, "/ajax/statuses/mymblog?uid=1000000001&feature=0&page=1"),
        (
            "移动版列表（地址为 m.weibo.cn 时）",
            "the list of m.weibo.cn",
            "/api/container/getIndex?containerid=1076031000000001",
        ),
    ),
    "zhihu_question": _reading(
        70,
        ("问题页", "a question's page", "/question/10000000/answers/updated"),
        (*_LIST_CALL, "/api/v4/questions/10000000/feeds?limit=5&offset=0&order=updated"),
    ),
    "zhihu_account": _reading(
        280,
        ("账号主页", "an account's page", "/people/someone/answers"),
        (*_LIST_CALL, "/api/v4/members/someone/answers?offset=0&limit=20&sort_by=created"),
        (
            "想法页自己的调用",
            "the pins page's own call",
            "/api/v4/v2/pins/someone/moments?offset=0&limit=20",
        ),
        usual=4,
    ),
    "tieba_forum": _reading(
        70,
        ("吧首页", "a forum's page", "/f?kw=x&ie=utf-8&pn=0"),
        (*_LIST_CALL, "/c/f/frs/page_pc"),
        ("帖子", "a thread", "/p/1000000001"),
        ("帖子页自己的调用", "the thread page's own call", "/c/f/pb/page_pc"),
    ),
    "weibo_hot": _reading(
        21,
        ("热搜榜", "hot list", "/hot/search"),
        (*_LIST_CALL, "/ajax/side/hotSearch"),
    ),
    "zhihu_hot": _reading(
        21,
        ("热榜", "hot list", "/hot"),
        (*_LIST_CALL, "/api/v3/feed/topstory/hot-lists/total?limit=50"),
        ("榜上的问题", "a question on it", "/question/10000000"),
    ),
    "weibo_item": _reading(
        60,
        ("单条微博", "a post", "/ajax/statuses/show?id=5000000000000000&locale=zh-CN"),
        (
            "评论",
            "comments",
            "/ajax/statuses/buildComments?is_reload=1&id=5000000000000000&count=20",
        ),
        (
            "转发",
            "reposts",
            "/ajax/statuses/repostTimeline?id=5000000000000000&moduleID=feed&count=10&page=1",
        ),
        (
            "移动版（地址为 m.weibo.cn 时）",
            "the same of m.weibo.cn",
            "/comments/hotflow?id=5000000000000000&mid=5000000000000000&max_id_type=0",
        ),
        usual=12,
    ),
    "zhihu_item": _reading(
        60,
        ("回答", "an answer", "/question/10000000/answer/1000000001"),
        (
            "评论",
            "comments",
            "/api/v4/comment_v5/answers/1000000001/root_comment?order_by=ts&limit=20&offset=",
        ),
        usual=12,
    ),
    "tieba_item": _reading(
        60,
        ("帖子", "a thread", "/p/1000000001?pn=1"),
        ("楼中楼", "replies to a floor", "/p/comment?tid=1000000001&pid=1000000002&pn=1"),
        ("帖子页自己的调用", "the thread page's own call", "/c/f/pb/page_pc"),
        usual=12,
    ),
}
"""By spider. The numbers in the examples are nobody's."""


def reading_of(spider: str) -> Reading:
    """Return what a spider reads; ConfigurationError when it is none that says so."""
    found = READINGS.get(spider)
    if found is None:
        raise ConfigurationError(
            Text("没有写明这个爬虫读取什么", "it is not told what this spider reads"),
            place=spider,
            mend=Text("升级程序，或改用其他爬虫", "update the program, or use another spider"),
        )
    return found
