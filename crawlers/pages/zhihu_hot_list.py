"""Zhihu's hot list (热榜): the reply, the page that carries it as data, and the rendered rows.

A row is mostly a question, now and then an article or a video. Until about 2022 it held the whole
question (`target.title`, `target.created`); the newer card (`target.title_area`) tells no time.
The heat (`398 万热度`) is Zhihu's own figure and counts nothing that a mention has.
"""

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
    find,
    mention_id,
    named_in,
    native_id,
    part,
    told,
    word,
)
from crawlers.pages.zhihu_reply import entries
from domain.errors import LayoutChanged
from domain.mention import Platform
from domain.page import FoundMention, Page, PageState

PAGE = "zhihu_hot_list"

_ROW = ".HotItem, .HotList-item"
_ROW_NAMES = ("HotItem", "HotList-item")


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
    if zhihu_state.hot_list(document):
        return True
    named = any(name in document.text for name in _ROW_NAMES)  # known far sooner than selected
    return named and document.first(_ROW) is not None


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
    """What a row leads to: the whole object where it stands there, else what the card tells."""
    target = part(row, "target")
    question = part(target, "question")
    titles = (target.get("title"), question.get("title"), part(target, "title_area").get("text"))
    title = next(filter(None, map(markup_text, titles)), "")
    if not title:
        raise LayoutChanged(PAGE, "title")
    link = word(part(target, "link").get("url")) or word(target.get("url"))
    place = named_in(link) or _own_place(target)
    if place is None:
        return None
    if told(target, "created") or told(target, "created_time"):
        kind, native = place
        return find({**target, "type": kind, "id": native}, PAGE, fetched_at)[0]
    text = markup_text(target.get("excerpt")) or _area(target, "excerpt_area")
    return _mention(place, title=title, text=text)


def _area(target: Item, name: str) -> str:
    return markup_text(part(target, name).get("text"))


def _own_place(target: Item) -> tuple[str, str] | None:
    native = native_id(target.get("id"))
    kind = word(target.get("type"))
    return (kind, native) if native and kind in KINDS else None


def _shown(row: LexborNode) -> FoundMention | None:
    """A rendered row; those of the billboard page have no link, only its data has."""
    title = node_text(first(row, ".HotItem-title, .HotList-itemTitle"))
    if not title:
        raise LayoutChanged(PAGE, "HotItem-title")
    place = named_in(attribute(first(row, ".HotItem-content a[href], a[href]"), "href"))
    text = node_text(first(row, ".HotItem-excerpt, .HotList-itemExcerpt"))
    return _mention(place, title=title, text=text) if place else None


def _mention(place: tuple[str, str], *, title: str, text: str) -> FoundMention:
    kind, native = place
    return FoundMention(
        id=mention_id(kind, native),
        platform=Platform.ZHIHU,
        kind=KINDS[kind],
        url=address(kind, native),
        title=title,
        text=text,
        published_at=None,
    )
