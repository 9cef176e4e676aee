"""Zhihu's hot list (热榜): the reply, the page that carries it as data, and the rendered rows.

A row is mostly a question, now and then an article or a video. Until about 2022 it held the whole
question (`target.title`, `target.created`); the newer card (`target.title_area`) tells no time.
The heat (`398 万热度`) is Zhihu's own figure and counts nothing that a mention has.
"""

import re
from collections.abc import Iterable
from datetime import datetime

from selectolax.lexbor import LexborNode

from crawlers.pages import walls, zhihu_state
from crawlers.pages.document import Document, attribute, bounded, first
from crawlers.pages.text import markup_text, node_text
from crawlers.pages.zhihu_item import (
    KINDS,
    Item,
    address,
    each_once,
    first_time,
    mention_id,
    native_id,
    part,
    told,
    word,
    writer,
)
from crawlers.pages.zhihu_reply import entries
from domain.counts import read_count
from domain.errors import LayoutChanged
from domain.mention import Platform, Precision
from domain.page import FoundMention, Page, PageState

PAGE = "zhihu_hot_list"

_ROW = ".HotItem, .HotList-item"
_LINK = re.compile(r"/(question|answer|zvideo|pin|article|p)s?/([0-9]{1,20})(?:[/?#]|$)")
_KINDS_IN_LINKS = {"p": "article"}


def parse(body: bytes, *, url: str, status: int, fetched_at: datetime) -> Page:
    """Return what stands on the hot list, in its order; `published_at` is None where it is not
    told. There is no way to the next: the list is whole.

    Raises LayoutChanged when no row has a title and a link to something that somebody wrote.
    """
    document = Document(body, url, status, fetched_at)
    return walls.find(Platform.ZHIHU, document, page=PAGE) or read(document)


def looks_like(document: Document) -> bool:
    """Whether the page is a hot list in JSON."""
    found = document.object.get("data")
    return isinstance(found, list) and any(_is_typed_row(row) for row in found)


def looks_like_page(document: Document) -> bool:
    """Whether the page carries the hot list or shows its rows."""
    return bool(zhihu_state.hot_list(document)) or document.first(_ROW) is not None


def read(document: Document) -> Page:
    """Read a hot list that no wall stands before."""
    if document.object:
        rows = [row for row in entries(document, PAGE) if "type" not in row or _is_typed_row(row)]
        found = [_row(row, document.fetched_at) for row in rows]
    elif carried := bounded(zhihu_state.hot_list(document), PAGE):
        found = [_row(row, document.fetched_at) for row in carried if isinstance(row, dict)]
    else:
        found = [_shown(row) for row in bounded(document.all(_ROW), PAGE)]
    return _page(found)


def _is_typed_row(row: object) -> bool:
    """Whether an entry says that it is a row, and no advert between them."""
    return isinstance(row, dict) and word(row.get("type")).startswith("hot_list")


def _page(found: Iterable[FoundMention | None]) -> Page:
    rows = list(found)
    mentions = [mention for mention in rows if mention is not None]
    if not mentions:
        raise LayoutChanged(PAGE, "target")
    others = len(rows) - len(mentions)
    return Page(
        page=PAGE,
        state=PageState.OK,
        mentions=each_once(mentions),
        reason=f"{others} rows that lead elsewhere left out" if others else "",
    )


def _row(row: Item, fetched_at: datetime) -> FoundMention | None:
    target = part(row, "target")
    title = markup_text(target.get("title")) or _area(target, "title_area")
    if not title:
        raise LayoutChanged(PAGE, "title")
    link = word(part(target, "link").get("url")) or word(target.get("url"))
    place = _place(link) or _own_place(target)
    if place is None:
        return None
    created = first_time(target, ("created", "created_time"), fetched_at)
    author, uid = writer(target)
    return _mention(
        place,
        title=title,
        text=markup_text(target.get("excerpt")) or _area(target, "excerpt_area"),
        created=created,
        author=author,
        uid=uid,
        comments=read_count(told(target, "comment_count")),
    )


def _area(target: Item, name: str) -> str:
    return markup_text(part(target, name).get("text"))


def _place(link: str) -> tuple[str, str] | None:
    """Kind and id of what an address leads to: of the last pair in it, because an answer's address
    begins with its question's.
    """
    pairs = _LINK.findall(link)
    if not pairs:
        return None
    kind, native = pairs[-1]
    return _KINDS_IN_LINKS.get(kind, kind), native


def _own_place(target: Item) -> tuple[str, str] | None:
    native = native_id(target.get("id"))
    kind = word(target.get("type"))
    return (kind, native) if native and kind in KINDS else None


def _shown(row: LexborNode) -> FoundMention | None:
    """A rendered row; those of the billboard page have no link, only its data has."""
    title = node_text(first(row, ".HotItem-title, .HotList-itemTitle"))
    if not title:
        raise LayoutChanged(PAGE, "HotItem-title")
    place = _place(attribute(first(row, ".HotItem-content a[href], a[href]"), "href"))
    text = node_text(first(row, ".HotItem-excerpt, .HotList-itemExcerpt"))
    return _mention(place, title=title, text=text) if place else None


def _mention(
    place: tuple[str, str],
    *,
    title: str,
    text: str,
    created: tuple[datetime, Precision] | None = None,
    author: str = "",
    uid: str | None = None,
    comments: int | None = None,
) -> FoundMention:
    kind, native = place
    return FoundMention(
        id=mention_id(kind, native),
        platform=Platform.ZHIHU,
        kind=KINDS[kind],
        url=address(kind, native),
        title=title,
        text=text,
        published_at=created[0] if created else None,
        published_precision=created[1] if created else Precision.SECOND,
        author=author,
        author_uid=uid,
        comments=comments,
    )
