"""Zhihu's own pages of an answer, question, article, pin, video or column: the data they carry.

`entities` holds the objects by kind, in camel case; what a page is about stands in its path. What
else it carries (the question of an answer, videos beside a video) is shown inside it. A question
page carries its first answers only, in the order of `question.answers[<id>].ids`; more may have
been rendered below them, and are read from their cards.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlsplit

from crawlers.pages import walls, zhihu_cards, zhihu_state
from crawlers.pages.document import Document, bounded
from crawlers.pages.zhihu_item import (
    Item,
    each_once,
    find_all,
    is_deleted,
    mention_id,
    native_id,
    part,
    remarks,
    told,
)
from domain.errors import LayoutChanged
from domain.mention import Kind, Platform
from domain.page import FoundMention, Page, PageState

PAGE = "zhihu_item_page"

_OWN = re.compile(r"/(?:(answer|zvideo|pin)|(p)|(question))/([0-9]{1,20})/?$")


def parse(body: bytes, *, url: str, status: int, fetched_at: datetime) -> Page:
    """Return what the page is about, and embedded what it shows besides.

    `next` is the address that the page itself would ask for more answers. Raises LayoutChanged
    when the page carries no item, or the item has no readable id, time or text.
    """
    document = Document(body, url, status, fetched_at)
    return walls.find(Platform.ZHIHU, document, page=PAGE) or read(document)


def looks_like(document: Document) -> bool:
    """Whether the page carries something that somebody wrote."""
    return zhihu_state.holds_items(document)


def read(document: Document) -> Page:
    """Read a page that no wall stands before."""
    about = _about(document)
    items = bounded(list(_items(document)), PAGE)
    readable = [item for item in items if not is_deleted(item)]
    if (items and not readable) or any(_id(item) == about for item in items if is_deleted(item)):
        return Page(page=PAGE, state=PageState.GONE, reason="deleted, or never was")
    users = zhihu_state.shelf(document, "users")
    found = find_all(readable, PAGE, document.fetched_at, users=users)
    mentions = each_once(_placed(_with_cards(found, document), about))
    if not mentions:
        raise LayoutChanged(PAGE, "entities")
    if about is not None and all(mention.embedded for mention in mentions):
        return Page(page=PAGE, state=PageState.NOT_CONTENT, reason="page without what it is about")
    return Page(
        page=PAGE,
        state=PageState.OK,
        mentions=mentions,
        next=_next(document),
        reason=remarks(items),
    )


def _about(document: Document) -> str | None:
    """The id of the mention that the page is about, None for a page about several."""
    context = part(part(zhihu_state.initial_state(document), "env"), "ctx")
    path = context.get("path")
    for place in (path if isinstance(path, str) else "", _path(document.url)):
        if match := _OWN.search(place):
            kind = match[1] or (match[2] and "article") or match[3]
            return mention_id(kind, match[4])
    return None


def _id(item: Item) -> str:
    """The id of an item as a mention; a broken one names none."""
    return mention_id(str(item["type"]), native_id(item.get("id")) or "")


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:  # an address that is none
        return ""


def _items(document: Document) -> Iterator[Item]:
    """The items of all shelves: questions first, because answers know less of theirs."""
    for name, kind in zhihu_state.KINDS.items():
        shelf = zhihu_state.shelf(document, name)
        for key in _in_order(document, shelf) if kind == "answer" else shelf:
            item = shelf[key]
            if not isinstance(item, dict):
                raise LayoutChanged(PAGE, name)
            yield item if item.get("type") == kind else {**item, "type": kind}


def _in_order(document: Document, shelf: Item) -> list[str]:
    """The keys of the answers as the question page shows them."""
    shown: dict[str, None] = {}
    for answers in _answer_lists(document):
        ids = answers.get("ids")
        for each in ids if isinstance(ids, list) else ():
            native = native_id(each.get("target") if isinstance(each, dict) else each)
            if native in shelf:
                shown[str(native)] = None
    return [*shown, *(key for key in shelf if key not in shown)]


def _answer_lists(document: Document) -> list[Mapping[str, object]]:
    lists = part(part(zhihu_state.initial_state(document), "question"), "answers")
    return [each for each in lists.values() if isinstance(each, dict)]


def _with_cards(found: tuple[FoundMention, ...], document: Document) -> list[FoundMention]:
    """With what was rendered beyond the data, if there are more cards than items."""
    mentions = list(found)
    own = sum(m.kind is not Kind.QUESTION and not m.embedded for m in found)
    if document.text.count("data-zop=") > max(own, 1):
        mentions += zhihu_cards.find(document)[0]
    return mentions


def _placed(mentions: list[FoundMention], about: str | None) -> Iterator[FoundMention]:
    """Embedded is what a page is not about: a question beside its answers, an item beside the one
    that the path names.
    """
    answered = {mention.parent_id for mention in mentions}
    for mention in mentions:
        beside = about is not None and about not in (mention.id, mention.parent_id)
        asked = mention.kind is Kind.QUESTION and mention.id in answered
        yield replace(mention, embedded=True) if beside or asked else mention


def _next(document: Document) -> str | None:
    for answers in _answer_lists(document):
        address = answers.get("next")
        if isinstance(address, str) and address and told(answers, "is_drained") is not True:
            return address
    return None
