"""s.weibo.com/weibo and /realtime: the posts that Weibo finds for a word, finished html.

The same selectors hold for pages of 2018, 2020 and 2026; where they differ, both are here. A card
is `div.card-wrap[action-type=feed_list_item]`; whatever else stands on the page (hot words, people,
topics, adverts beside it) is no card. Weibo shows unrelated posts under "nothing found", so that
notice is read before any card.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from selectolax.lexbor import LexborNode

from crawlers.pages import walls
from crawlers.pages.document import Document, attribute, bounded, first
from crawlers.pages.text import clean, node_text
from crawlers.pages.weibo_post import decimal_id, once, topic_in
from domain.counts import read_count
from domain.errors import LayoutChanged
from domain.mention import Kind, Platform, Precision
from domain.page import BlockKind, FoundMention, Page, PageState
from domain.times import read_time
from domain.weibo_ids import bid_of, mid_of

PAGE = "weibo_search"

_WRAP = "div.card-wrap"
_CARD = f"{_WRAP}[action-type=feed_list_item], {_WRAP}[mid]"
_CONTENT = "[node-type=feed_list_content]"
_NO_RESULT = ".card-no-result"
_NEXT_LINKS = ("a.next[href]", "ul.s-scroll li.cur + li a[href]")

_FORWARD, _COMMENT, _LIKE = _COUNTERS = (
    "feed_list_forward",
    "feed_list_comment",
    "feed_list_like",
)
_TEXTS = ("feed_list_content_full", "feed_list_content", "txt")
"""Where the text stands: the whole of it where the page has it folded."""

_ORIGINAL = "card-comment"
_ROLES = {name: name for name in (*_COUNTERS, *_TEXTS, "from", "name", _ORIGINAL)} | {
    "feed_list_forwardContent": _ORIGINAL
}
"""What an element tells of a post, by its `node-type`, its `action-type` or one of its classes."""

_TELLING = """
    a.name, a[nick-name], a[action-type^=feed_list_], p, div.from, div.card-comment,
    div[node-type^=feed_list_]
"""
"""Whatever is read on a card is one of these: a card is looked through once."""

_Part = dict[str, LexborNode]
"""What tells something of a post, by role: of the card without the original it reposts, or of that
original alone.
"""

_POST_LINK = re.compile(r"weibo\.com/(?:u/)?([0-9]{5,12})/([0-9A-Za-z]{5,12})(?:[?#/]|$)")
_USER_LINK = re.compile(r"weibo\.com/(?:u/)?([0-9]{5,12})(?:[?#/]|$)")
_NEXT_PAGE = re.compile(r"[?&]page=([0-9]{1,4})(?:&|$)")
_MID_IN_DATA = re.compile(r"(?:^|&)mid=([0-9]{8,19})(?:&|$)")
_REMARK = re.compile(r"\s*转赞人数.*", re.DOTALL)
"""`今天12:30 转赞人数超过10`: stands inside the link of the time."""

_COUNT_WORDS = re.compile(r"转发|评论|赞|[\[\]()（）\s\u200b]")
_NOTHING = re.compile(r"未找到|没有?找到|无结果|(?:没有|暂无).{0,9}(?:结果|内容|微博)")
_TOO_OFTEN = re.compile(r"频繁|稍后再试")
_SEARCHED = re.compile(r"“.*”|\".*\"", re.DOTALL)
"""What was searched for, which a notice repeats and which may say anything."""

_LOGIN = re.compile(r"请先?登录|登录后")
_SUPPRESSED = re.compile(r"法律法规|未予(?:显示|展示)|社区公约")


def parse(body: bytes, *, url: str, status: int, fetched_at: datetime) -> Page:
    """Return the posts of a result page, newest knowledge first said: walls, then "nothing found".

    State `empty` means Weibo said so; a search that Weibo suppresses by law is `blocked` (refused).
    `next` is the number of the next page, None on the last one (Weibo shows at most 50). Raises
    LayoutChanged when a card has no readable id, author, time or text.
    """
    document = Document(body, url, status, fetched_at)
    return walls.find(Platform.WEIBO, document, page=PAGE) or read(document)


def looks_like(document: Document) -> bool:
    """Whether the page is one of s.weibo.com, with or without results."""
    return not document.object and (
        document.first(f"{_CARD}, {_NO_RESULT}") is not None
        or document.title == "微博搜索"
        or (document.tree is not None and "//s.weibo.com/" in document.url)
    )


def read(document: Document) -> Page:
    """Read a page that no wall stands before."""
    if notice := document.first(_NO_RESULT):
        return _without_results(node_text(notice))
    cards = bounded(_cards(document), PAGE)
    if not cards:
        raise LayoutChanged(PAGE, "feed_list_item")
    found = [mention for card in cards for mention in _card(card, document.fetched_at)]
    return Page(page=PAGE, state=PageState.OK, mentions=once(found), next=_next(document))


def _cards(document: Document) -> list[LexborNode]:
    """The cards of posts. Raises LayoutChanged for the text of a post on another card, and for
    cards inside cards.
    """
    if document.first(f"{_WRAP} {_WRAP}") is not None:
        raise LayoutChanged(PAGE, "feed_list_item")
    cards = []
    for wrap in document.all(_WRAP):
        fields = wrap.attributes
        if fields.get("action-type") == "feed_list_item" or "mid" in fields:
            cards.append(wrap)
        elif first(wrap, _CONTENT) is not None:
            raise LayoutChanged(PAGE, "feed_list_item")
    return cards


def _without_results(shown: str) -> Page:
    notice = _SEARCHED.sub("", shown)
    if _SUPPRESSED.search(notice):
        return Page.blocked(PAGE, BlockKind.REFUSED)
    if _NOTHING.search(notice):
        return Page.empty(PAGE)
    if _LOGIN.search(notice):
        return Page.blocked(PAGE, BlockKind.LOGIN_WALL)
    if _TOO_OFTEN.search(notice):
        return Page.blocked(PAGE, BlockKind.RATE_LIMITED)
    raise LayoutChanged(PAGE, "wording of the no-result notice")


def _next(document: Document) -> str | None:
    for selector in _NEXT_LINKS:
        if match := _NEXT_PAGE.search(attribute(document.first(selector), "href")):
            return match[1]
    return None


def _card(card: LexborNode, fetched_at: datetime) -> list[FoundMention]:
    """Look through a card once, and apart through the original that it may repost."""
    elements = card.css(_TELLING)
    own = _part(elements)
    block = own.get(_ORIGINAL)
    if block is None:
        return [_post(own, mid=attribute(card, "mid"), fetched_at=fetched_at)]
    inside = block.css(_TELLING)
    theirs = {node.mem_id for node in inside}
    own = _part(node for node in elements if node.mem_id not in theirs)
    post = _post(own, mid=attribute(card, "mid"), fetched_at=fetched_at)
    original = _part(inside)
    if "name" not in original:  # no repost; or deleted or hidden: only a notice is left
        return [post]
    buttons = dict(zip(_COUNTERS, block.css("ul.act > li"), strict=False))
    mid = _liked_mid(original)
    embedded = _post(original | buttons, mid=mid, fetched_at=fetched_at)
    return [replace(post, repost_of=embedded.id), replace(embedded, embedded=True)]


def _part(elements: Iterable[LexborNode]) -> _Part:
    """The first element of each role."""
    part: _Part = {}
    for node in elements:
        fields = node.attributes
        names = (fields.get("node-type"), fields.get("action-type"))
        role = _ROLES.get(names[0] or "") or _ROLES.get(names[1] or "")
        if role is None:
            classes = (fields.get("class") or "").split()
            role = next((_ROLES[name] for name in classes if name in _ROLES), None)
        if role is None and "nick-name" in fields:
            role = "name"
        if role is not None and role not in part:
            part[role] = node
    return part


def _post(part: _Part, *, mid: str, fetched_at: datetime) -> FoundMention:
    source = part.get("from")
    links = source.css("a") if source else []
    uid, bid = _link(links)
    mid = mid or (mid_of(bid) if bid else None) or _liked_mid(part)
    if decimal_id(mid) is None:
        raise LayoutChanged(PAGE, "mid")
    bid = bid or bid_of(mid)
    uid = uid or _author_uid(part)
    published_at, precision = _time(links, fetched_at)
    text = _text(part)
    return FoundMention(
        id=f"{Platform.WEIBO}:{mid}",
        platform=Platform.WEIBO,
        kind=Kind.POST,
        url=f"https://weibo.com/{uid}/{bid}" if uid else f"https://m.weibo.cn/detail/{mid}",
        text=text,
        published_at=published_at,
        published_precision=precision,
        bid=bid,
        author=_author(part),
        author_uid=uid,
        client=_client(source),
        reposts=_count(part.get(_FORWARD)),
        comments=_count(part.get(_COMMENT)),
        likes=_count(part.get(_LIKE)),
        topic=topic_in(text),
    )


def _link(links: list[LexborNode]) -> tuple[str | None, str | None]:
    """Author uid and bid, from the link that the time carries."""
    for link in links:
        if match := _POST_LINK.search(attribute(link, "href")):
            return match[1], match[2]
    return None, None


def _liked_mid(part: _Part) -> str:
    match = _MID_IN_DATA.search(attribute(part.get(_LIKE), "action-data"))
    return match[1] if match else ""


def _author(part: _Part) -> str:
    if "name" not in part:
        raise LayoutChanged(PAGE, "author")
    name = attribute(part["name"], "nick-name") or node_text(part["name"])
    return name.strip().removeprefix("@")


def _author_uid(part: _Part) -> str | None:
    match = _USER_LINK.search(attribute(part.get("name"), "href"))
    return match[1] if match else None


def _text(part: _Part) -> str:
    shown = next((part[name] for name in _TEXTS if name in part), None)
    if shown is None:
        raise LayoutChanged(PAGE, "text")
    return node_text(shown)


def _time(links: list[LexborNode], fetched_at: datetime) -> tuple[datetime, Precision]:
    shown = _REMARK.sub("", links[0].text().strip()) if links else ""
    told = read_time(shown, fetched_at=fetched_at)
    if told is None:
        raise LayoutChanged(PAGE, "created_at")
    return told


def _client(source: LexborNode | None) -> str | None:
    """What stands after 来自, as the poster's client names itself."""
    told = source.text().partition("来自")[2] if source else ""
    return clean(_REMARK.sub("", told)) or None


def _count(button: LexborNode | None) -> int | None:
    """Reposts, comments or likes. The word alone means that there are none."""
    if button is None:
        return None
    shown = _COUNT_WORDS.sub("", clean(button.text()))
    return read_count(shown) if shown else 0
