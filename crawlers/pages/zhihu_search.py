"""Zhihu's search: the search_v3 reply that the search page asks for, or the cards it renders.

The reply is first choice: whole bodies, exact times and counts. `data[]` mixes results with boxes,
adverts and suggestions; results are entries of type `search_result` or `zvideo` whose object is an
answer, article, zvideo or pin. Found words are wrapped in `<em>`. The rendered cards are the
fallback (`zhihu_cards`).
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from crawlers.pages import walls, zhihu_cards
from crawlers.pages.document import Document
from crawlers.pages.zhihu_item import (
    KINDS,
    NOT_MENTIONS,
    Item,
    each_once,
    find,
    kind_of,
    part,
    told,
    word,
)
from crawlers.pages.zhihu_reply import entries, following, nothing
from domain.errors import LayoutChanged
from domain.mention import Kind, Platform
from domain.page import FoundMention, Page, PageState

PAGE = "zhihu_search"

_RESULTS = frozenset({"search_result", "zvideo"})
_OTHER_ENTRIES = frozenset(
    {"koc_box", "knowledge_ad", "relevant_query", "search_query", "search_query_correction"}
)


def parse(body: bytes, *, url: str, status: int, fetched_at: datetime) -> Page:
    """Return the answers, articles, videos and pins of a search_v3 reply or of rendered cards.

    A reply may stand inside Chrome's `<pre>`. State `empty` means an empty list at its end;
    `not_content` is the search page before its results. `next` is the address that Zhihu names for
    what follows, None at the end. Raises LayoutChanged when a result has no readable id, time or
    text.
    """
    document = Document(body, url, status, fetched_at)
    return walls.find(Platform.ZHIHU, document, page=PAGE) or read(document)


def looks_like(document: Document) -> bool:
    """Whether the page is a search_v3 reply."""
    reply = document.object
    found = reply.get("data")
    if not isinstance(found, list) or "paging" not in reply:
        return False
    kinds = {word(entry.get("type")) for entry in found if isinstance(entry, dict)}
    return (
        "search_result" in kinds
        or not kinds.isdisjoint(_OTHER_ENTRIES)
        or any(isinstance(entry, dict) and _is_wrapped_video(entry) for entry in found)
        or "search_action_info" in reply
        or "/search_v3" in document.url
        or not (found or reply.keys() - {"data", "paging"})
    )


def looks_like_shell(document: Document) -> bool:
    """Whether the page is one that Zhihu's scripts have yet to fill."""
    return document.first("#js-initialData, #root") is not None and not zhihu_cards.looks_like(
        document
    )


def read(document: Document) -> Page:
    """Read a page that no wall stands before."""
    if document.object:
        return _reply(document)
    if looks_like_shell(document):
        return Page(page=PAGE, state=PageState.NOT_CONTENT, reason="page without its results")
    return zhihu_cards.read(document)


def _is_wrapped_video(entry: Item) -> bool:
    return entry.get("type") == "zvideo" and isinstance(entry.get("object"), dict)


def _reply(document: Document) -> Page:
    found = entries(document, PAGE)
    next_address = following(document, PAGE)
    if not found:
        return nothing(document, PAGE, next_address)
    mentions, unknown = _results(found, document.fetched_at)
    if unknown and not mentions:
        raise LayoutChanged(PAGE, "data[].type")
    return Page(
        page=PAGE,
        state=PageState.OK,
        mentions=mentions,
        next=next_address,
        reason=f"{unknown} entries of an unknown kind left out" if unknown else "",
    )


def _results(found: Iterable[Item], fetched_at: datetime) -> tuple[tuple[FoundMention, ...], int]:
    """The mentions among the entries, each once, and how many entries are of no known kind."""
    mentions: list[FoundMention] = []
    unknown = 0
    for entry in found:
        kind = word(entry.get("type"))
        if kind not in _RESULTS:
            unknown += kind not in _OTHER_ENTRIES
            continue
        item = entry.get("object")
        if not isinstance(item, dict):
            raise LayoutChanged(PAGE, "object")
        kind = kind_of(item)
        if kind in KINDS:
            mentions += _result({**_highlighted(entry), **item, "type": kind}, fetched_at)
        else:
            unknown += kind not in NOT_MENTIONS
    return each_once(mentions), unknown


def _highlighted(entry: Item) -> Item:
    """What a result shows, for one whose object leaves it out."""
    shown = part(entry, "highlight")
    return {"title": shown.get("title"), "excerpt": shown.get("description")}


def _result(item: Item, fetched_at: datetime) -> list[FoundMention]:
    """What one result says. A found question mostly has neither author nor time of asking: then it
    is no mention by itself; where it has both, it stands here for its answers.
    """
    if KINDS[str(item["type"])] is not Kind.QUESTION:
        return find(item, PAGE, fetched_at)
    if not (told(item, "created") and item.get("author")):
        return []
    return [replace(each, embedded=True) for each in find(item, PAGE, fetched_at)]
