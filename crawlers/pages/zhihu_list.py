"""Zhihu's lists: answers of a question, items of a column, what a member wrote, a home feed.

Old lists hold the objects themselves, newer ones a card around each (`question_feed_card` with
`target`); a `feed_group` is a list of cards. Adverts stand between them.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from crawlers.pages import walls
from crawlers.pages.document import Document
from crawlers.pages.zhihu_item import (
    KINDS,
    NOT_MENTIONS,
    Item,
    find_all,
    is_deleted,
    kind_of,
    part,
    remarks,
    word,
)
from crawlers.pages.zhihu_reply import entries, following, nothing
from domain.errors import LayoutChanged
from domain.mention import Platform
from domain.page import Page, PageState

PAGE = "zhihu_list"

_FEW = 50
"""So many entries tell what a list is."""

_CARDS = frozenset({"question_feed_card", "feed", "feed_group", "topic_feed"})
_ADVERTS = frozenset({"feed_advert", "feed_ad", "ad", "advert", "market_card", "feed_item_index"})
_INSIDE = ("target", "object", "content")


def parse(body: bytes, *, url: str, status: int, fetched_at: datetime) -> Page:
    """Return the items of a list: answers, articles, videos, pins, questions; the question that
    answers belong to once, embedded.

    State `empty` means an empty list at its end. `next` is the address that Zhihu names for what
    follows. Raises LayoutChanged when an item has no readable id, time or text.
    """
    document = Document(body, url, status, fetched_at)
    return walls.find(Platform.ZHIHU, document, page=PAGE) or read(document)


def looks_like(document: Document) -> bool:
    """Whether the page is a list of items."""
    found = document.object.get("data")
    if not isinstance(found, list) or "paging" not in document.object:
        return False
    items = _unwrapped(entry for entry in found[:_FEW] if isinstance(entry, dict))
    known = KINDS.keys() | NOT_MENTIONS | _CARDS | _ADVERTS
    return any(word(item.get("type")) in known for item in items) or (
        not found and "session" in document.object
    )


def read(document: Document) -> Page:
    """Read a list that no wall stands before."""
    found = entries(document, PAGE)
    next_address = following(document, PAGE)
    if not found:
        return nothing(document, PAGE, next_address)
    items = list(_unwrapped(found))
    known = [item for item in items if word(item.get("type")) in KINDS]
    others = sum(word(item.get("type")) in NOT_MENTIONS | _ADVERTS for item in items)
    unknown = len(items) - len(known) - others
    if unknown and not known:
        raise LayoutChanged(PAGE, "data[].type")
    readable = [item for item in known if not is_deleted(item)]
    return Page(
        page=PAGE,
        state=PageState.OK,
        mentions=find_all(readable, PAGE, document.fetched_at),
        next=next_address,
        reason=remarks(known, unknown=unknown),
    )


def _unwrapped(found: Iterable[Item]) -> Iterator[Item]:
    """The objects themselves, out of the cards around them."""
    for entry in found:
        inner = next((part(entry, name) for name in _INSIDE if part(entry, name)), None)
        group = entry.get("list")
        if word(entry.get("type")) in KINDS:
            yield entry
        elif inner is not None:
            yield _typed(inner, word(entry.get("target_type")))
        elif isinstance(group, list):
            yield from (part(each, "target") for each in group if isinstance(each, dict))
        else:
            yield _typed(entry, "")


def _typed(item: Item, kind: str) -> Item:
    """The item with its kind: its own word, else the card's, else what its address tells."""
    return item if item.get("type") else {**item, "type": kind or kind_of(item)}
