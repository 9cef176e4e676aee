"""s.weibo.com/weibo and /realtime: the posts that Weibo finds for a word, finished html.

The same selectors hold for pages of 2018, 2020 and 2026; where they differ, both are here. A card
is `div.card-wrap[action-type=feed_list_item]`; whatever else stands on the page (hot words, people,
topics, adverts beside it) is no card. Weibo shows unrelated posts under "nothing found", so that
notice is read before any card.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from selectolax.lexbor import LexborNode

from crawlers.pages import walls
from crawlers.pages.document import Document, attribute, bounded, first
from crawlers.pages.text import clean, node_text
from crawlers.pages.weibo_post import once, topic_in
from domain.counts import read_count
from domain.errors import LayoutChanged
from domain.mention import Kind, Platform, Precision
from domain.page import BlockKind, FoundMention, Page, PageState
from domain.times import read_time
from domain.weibo_ids import bid_of, mid_of

PAGE = "weibo_search"

_CARD = "div.card-wrap[action-type=feed_list_item]"
_ASTRAY = f"""
    div.card-wrap:not([action-type=feed_list_item]) [node-type=feed_list_content], {_CARD} {_CARD}
"""
"""The text of a post on a card that is not marked as one; or cards inside cards."""

_NO_RESULT = ".card-no-result"
_COUNTERS = ("feed_list_forward", "feed_list_comment", "feed_list_like")
_TELLING = """
    a.name, a[nick-name], a[action-type], p, div.from, div.card-comment, div[node-type], ul.act > li
"""
"""Whatever is read on a card is one of these: a card is looked through once."""

_POST_LINK = re.compile(r"weibo\.com/(?:u/)?([0-9]{5,12})/([0-9A-Za-z]{5,12})(?:[?#/]|$)")
_USER_LINK = re.compile(r"weibo\.com/(?:u/)?([0-9]{5,12})(?:[?#/]|$)")
_NEXT_PAGE = re.compile(r"[?&]page=([0-9]{1,4})(?:&|$)")
_MID_IN_DATA = re.compile(r"(?:^|&)mid=([0-9]{8,19})(?:&|$)")
_REMARK = re.compile(r"\s*转赞人数.*", re.DOTALL)
"""`今天12:30 转赞人数超过10`: stands inside the link of the time."""

_COUNT_WORDS = re.compile(r"转发|评论|赞|[\[\]()（）\s\u200b]")
_NOTHING = re.compile(r"未找到|没有找到|没找到|无结果")
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
    cards = bounded(document.all(_CARD), PAGE)
    if not cards or document.first(_ASTRAY) is not None:
        raise LayoutChanged(PAGE, "feed_list_item")
    found = [mention for card in cards for mention in _card(card, document.fetched_at)]
    return Page(page=PAGE, state=PageState.OK, mentions=once(found), next=_next(document))


def _without_results(notice: str) -> Page:
    if _SUPPRESSED.search(notice):
        return Page.blocked(PAGE, BlockKind.REFUSED)
    if _NOTHING.search(notice):
        return Page.empty(PAGE)
    raise LayoutChanged(PAGE, "wording of the no-result notice")


def _next(document: Document) -> str | None:
    link = document.first("a.next[href]")
    match = _NEXT_PAGE.search(attribute(link, "href")) if link else None
    return match[1] if match else None


@dataclass(slots=True)
class _Part:
    """What tells something of a post: of the card without the original it reposts, or of that
    original alone. The first of each kind counts.
    """

    is_original: bool = False
    name: LexborNode | None = None
    source: LexborNode | None = None
    whole: LexborNode | None = None
    shown: LexborNode | None = None
    plain: LexborNode | None = None
    counters: dict[str, LexborNode] = field(default_factory=dict)
    items: list[LexborNode] = field(default_factory=list)

    def take(self, node: LexborNode, fields: Mapping[str, str | None]) -> None:
        """Keep an element that tells something."""
        classes = (fields.get("class") or "").split()
        if "from" in classes:
            self.source = self.source or node
        elif ("nick-name" in fields or "name" in classes) and node.tag == "a":
            self.name = self.name or node
        action, kind = fields.get("action-type"), fields.get("node-type")
        if kind == "feed_list_content_full":
            self.whole = self.whole or node
        elif kind == "feed_list_content":
            self.shown = self.shown or node
        elif "txt" in classes:
            self.plain = self.plain or node
        elif action in _COUNTERS:
            self.counters.setdefault(action, node)
        elif node.tag == "li":
            self.items.append(node)


def _card(card: LexborNode, fetched_at: datetime) -> list[FoundMention]:
    """Look through a card once, and apart through the original that it may repost."""
    own, mid = _Part(), attribute(card, "mid")
    elements = [(node, node.attributes) for node in card.css(_TELLING)]
    block = next((node for node, fields in elements if _is_original(fields)), None)
    inside = block.css(_TELLING) if block else []
    theirs = {node.mem_id for node in inside}
    for node, fields in elements:
        if node.mem_id not in theirs:
            own.take(node, fields)
    post = _post(own, mid=mid, fetched_at=fetched_at)
    original = _Part(is_original=True)
    for node in inside:
        original.take(node, node.attributes)
    if original.name is None:  # no repost; or deleted or hidden: only a notice is left
        return [post]
    embedded = replace(_post(original, mid="", fetched_at=fetched_at), embedded=True)
    return [replace(post, repost_of=embedded.id), embedded]


def _is_original(fields: Mapping[str, str | None]) -> bool:
    return (
        fields.get("node-type") == "feed_list_forwardContent"
        or "card-comment" in (fields.get("class") or "").split()
    )


def _post(part: _Part, *, mid: str, fetched_at: datetime) -> FoundMention:
    uid, bid = _link(part)
    mid = mid or _liked_mid(part) or (mid_of(bid) if bid else None) or ""
    if bid_of(mid) is None:
        raise LayoutChanged(PAGE, "mid")
    bid = bid or bid_of(mid)
    uid = uid or _author_uid(part)
    published_at, precision = _time(part, fetched_at)
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
        client=_client(part),
        reposts=_count(part, 0),
        comments=_count(part, 1),
        likes=_count(part, 2),
        topic=topic_in(text),
    )


def _link(part: _Part) -> tuple[str | None, str | None]:
    """Author uid and bid, from the link that the time carries."""
    for link in part.source.css("a[href]") if part.source else ():
        if match := _POST_LINK.search(attribute(link, "href")):
            return match[1], match[2]
    return None, None


def _liked_mid(part: _Part) -> str | None:
    like = attribute(part.counters.get(_COUNTERS[-1]), "action-data")
    match = _MID_IN_DATA.search(like)
    return match[1] if match else None


def _author(part: _Part) -> str:
    if part.name is None:
        raise LayoutChanged(PAGE, "author")
    return (attribute(part.name, "nick-name") or node_text(part.name)).strip().removeprefix("@")


def _author_uid(part: _Part) -> str | None:
    match = _USER_LINK.search(attribute(part.name, "href"))
    return match[1] if match else None


def _text(part: _Part) -> str:
    shown = part.whole or part.shown or part.plain
    if shown is None:
        raise LayoutChanged(PAGE, "text")
    return node_text(shown)


def _time(part: _Part, fetched_at: datetime) -> tuple[datetime, Precision]:
    link = first(part.source, "a") if part.source else None
    shown = _REMARK.sub("", link.text().strip()) if link else ""
    told = read_time(shown, fetched_at=fetched_at)
    if told is None:
        raise LayoutChanged(PAGE, "created_at")
    return told


def _client(part: _Part) -> str | None:
    """What stands after 来自, as the poster's client names itself."""
    told = part.source.text().partition("来自")[2] if part.source else ""
    return clean(_REMARK.sub("", told)) or None


def _count(part: _Part, place: int) -> int | None:
    """Reposts, comments or likes, by their place. The word alone means that there are none."""
    button = part.counters.get(_COUNTERS[place])
    if part.is_original:
        button = part.items[place] if len(part.items) > place else None
    if button is None:
        return None
    shown = _COUNT_WORDS.sub("", clean(button.text()))
    return read_count(shown) if shown else 0
