"""The spiders there are, and what a look of each is worth: platform, usual way in, role."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.brand import Configuration, FollowKind, Source, Transport, Watch
from domain.mention import Platform


class SpiderRole(StrEnum):
    """What a spider asks for: the queries of a watch, the pages that it follows, or more about what
    is there anyway (hot lists).
    """

    SEARCH = "search"
    FOLLOW = "follow"
    DEPTH = "depth"


class Dates(StrEnum):
    """What a spider can do with a range of publication time: ask the platform for it, read a list
    back from the present until it is passed, or nothing, as what it reads has no past.
    """

    ASKED = "asked"
    READ_BACK = "read_back"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class SpiderKind:
    """One spider. `transport` and `base_url` hold for a source that names only its spider;
    `follows` is what it follows, `takes_dates` says whether its platform can be asked by date.
    """

    name: str
    platform: Platform
    role: SpiderRole
    transport: Transport
    base_url: str
    follows: FollowKind | None = None
    takes_dates: bool = False

    @property
    def dates(self) -> Dates:
        """What it can do with a range of publication time."""
        if self.role is SpiderRole.DEPTH:
            return Dates.NONE
        return Dates.ASKED if self.takes_dates else Dates.READ_BACK


_SEARCH, _FOLLOW, _DEPTH = SpiderRole.SEARCH, SpiderRole.FOLLOW, SpiderRole.DEPTH
_HTTP, _BROWSER = Transport.HTTP, Transport.BROWSER
_ALL = (
    SpiderKind(
        "weibo_search", Platform.WEIBO, _SEARCH, _HTTP, "https://s.weibo.com", takes_dates=True
    ),
    SpiderKind("zhihu_search", Platform.ZHIHU, _SEARCH, _BROWSER, "https://www.zhihu.com"),
    SpiderKind("tieba_search", Platform.TIEBA, _SEARCH, _BROWSER, "https://tieba.baidu.com"),
    SpiderKind(
        "weibo_account",
        Platform.WEIBO,
        _FOLLOW,
        _BROWSER,
        "https://weibo.com",
        FollowKind.ACCOUNT,
    ),
    SpiderKind(
        "zhihu_question",
        Platform.ZHIHU,
        _FOLLOW,
        _BROWSER,
        "https://www.zhihu.com",
        FollowKind.QUESTION,
    ),
    SpiderKind(
        "zhihu_account",
        Platform.ZHIHU,
        _FOLLOW,
        _BROWSER,
        "https://www.zhihu.com",
        FollowKind.ACCOUNT,
    ),
    SpiderKind(
        "tieba_forum",
        Platform.TIEBA,
        _FOLLOW,
        _BROWSER,
        "https://tieba.baidu.com",
        FollowKind.FORUM,
    ),
    SpiderKind("weibo_hot", Platform.WEIBO, _DEPTH, _HTTP, "https://weibo.com"),
    SpiderKind("zhihu_hot", Platform.ZHIHU, _DEPTH, _BROWSER, "https://www.zhihu.com"),
)

_ITEMS = (
    SpiderKind("weibo_item", Platform.WEIBO, _DEPTH, _HTTP, "https://weibo.com"),
    SpiderKind("zhihu_item", Platform.ZHIHU, _DEPTH, _BROWSER, "https://www.zhihu.com"),
    SpiderKind("tieba_item", Platform.TIEBA, _DEPTH, _BROWSER, "https://tieba.baidu.com"),
)

SPIDERS: Mapping[str, SpiderKind] = {spider.name: spider for spider in (*_ALL, *_ITEMS)}
"""By name, in the order in which they carry a platform: searches first. Weibo answers a search, and
the call for its hot words, to anybody who asks; most other pages compute their call, so a browser
asks."""

_CARRIES = (_SEARCH, _FOLLOW)


def adds_depth_only(configuration: Configuration, watch: Watch, source: Source) -> bool:
    """Whether looks of a watch at a source are supplements: they make no hour of a platform known.

    One kind of spider carries each platform of a watch: its search; without one, what it follows
    there; and a hot list never.
    """
    mine = SPIDERS.get(source.spider)
    if mine is None:  # a configuration of another version of this program
        return False
    if mine.role not in _CARRIES:
        return True
    enabled = {
        other.spider
        for of, other in configuration.crawl_pairs()
        if of.id == watch.id and other.platform is source.platform
    }
    carrying = next((name for name in SPIDERS if name in enabled and _carries(name)), mine.name)
    order = list(SPIDERS)
    return order.index(carrying) < order.index(mine.name)


def _carries(name: str) -> bool:
    return SPIDERS[name].role in _CARRIES
