"""Zhihu's search: the search_v3 reply that the search page asks for, or the cards it renders.

The reply is first choice: whole bodies, exact times and counts. `data[]` mixes results with boxes,
adverts and suggestions; results are entries of type `search_result` or `zvideo` whose object is an
answer, article, zvideo or pin. Found words are wrapped in `<em>`. A rendered card is the fallback,
also on a column page: an excerpt, and a time only where Zhihu put it into the markup.

Ids carry Zhihu's own word for the kind (`zhihu:answer:3458972610`), because answers, articles and
questions are numbered apart: the same number is an answer here and an article there.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from selectolax.lexbor import LexborNode

from crawlers.pages import walls
from crawlers.pages.document import Document, attribute, bounded, first, parse_json
from crawlers.pages.text import markup_text, node_text
from domain.counts import read_count
from domain.errors import LayoutChanged
from domain.mention import Kind, Platform, Precision
from domain.page import BlockKind, FoundMention, Page, PageState
from domain.times import read_time

PAGE = "zhihu_search"
CARDS_PAGE = "zhihu_cards"

_KINDS = {
    "answer": Kind.ANSWER,
    "article": Kind.ARTICLE,
    "pin": Kind.PIN,
    "zvideo": Kind.VIDEO,
}
_RESULTS = frozenset({"search_result", "zvideo"})
_OTHER_ENTRIES = frozenset({"koc_box", "knowledge_ad", "relevant_query", "search_query"})
_OTHER_OBJECTS = frozenset({"people", "topic", "question", "paid_column", "scholar", "column"})
"""A found question has no author and no time of asking, so it is no mention by itself."""

_CREATED = ("created_time", "published_at", "created_at", "created")
_UPDATED = ("updated_time", "updated_at", "updated")
_LIKES = ("voteup_count", "like_count", "reaction_count")
_ID = re.compile(r"[0-9]{1,20}")
_QUESTION_LINK = re.compile(r"/question/([0-9]{1,20})(?:/|$)")
_MEMBER_LINK = re.compile(r"/(?:people|org)/([^/?#]+)")
_CARD = ".ContentItem[data-zop]"
_VOTE_WORDS = re.compile(r"赞同|已赞同|\s|\u200b")
_COMMENT_COUNT = re.compile(r"([0-9.,]+ ?[万亿]?) ?条评论")


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
    entries = reply.get("data")
    if not isinstance(entries, list) or "paging" not in reply:
        return False
    kinds = {_word(entry.get("type")) for entry in entries if isinstance(entry, dict)}
    return (
        not kinds.isdisjoint(_RESULTS | _OTHER_ENTRIES)
        or "search_action_info" in reply
        or "/search_v3" in document.url
        or not (entries or reply.keys() - {"data", "paging"})
    )


def looks_like_cards(document: Document) -> bool:
    """Whether the page shows rendered cards of answers, articles, videos or pins."""
    return document.first(f"{_CARD}, .Search-card, .SearchResult-Card") is not None


def looks_like_shell(document: Document) -> bool:
    """Whether the page is one that Zhihu's scripts have yet to fill."""
    return document.first("#js-initialData, #root") is not None and not looks_like_cards(document)


def read(document: Document) -> Page:
    """Read a page that no wall stands before."""
    if document.object:
        return _reply(document)
    if looks_like_shell(document):
        return Page(page=PAGE, state=PageState.NOT_CONTENT, reason="page without its results")
    return read_cards(document)


def _reply(document: Document) -> Page:
    entries = document.object.get("data")
    paging = document.object.get("paging")
    if not isinstance(entries, list):
        raise LayoutChanged(PAGE, "data")
    if not isinstance(paging, dict) or not isinstance(paging.get("is_end"), int):
        raise LayoutChanged(PAGE, "paging.is_end")
    following = None if paging["is_end"] else _next(paging)
    if not entries and following is None:
        return _nothing(document.object)
    mentions, unknown = _results(bounded(entries, PAGE), document.fetched_at)
    if unknown == len(entries) > 0:
        raise LayoutChanged(PAGE, "data[].type")
    return Page(
        page=PAGE,
        state=PageState.OK,
        mentions=mentions,
        next=following,
        reason=f"{unknown} entries of an unknown kind left out" if unknown else "",
    )


def _nothing(reply: Mapping[str, object]) -> Page:
    # a warning beside an empty list says why there is nothing to see, not that there is nothing
    return Page.blocked(PAGE, BlockKind.REFUSED) if reply.get("warning") else Page.empty(PAGE)


def _next(paging: Mapping[str, object]) -> str:
    address = paging.get("next")
    if not isinstance(address, str) or not address:
        raise LayoutChanged(PAGE, "paging.next")
    return address


def _results(
    entries: Iterable[object], fetched_at: datetime
) -> tuple[tuple[FoundMention, ...], int]:
    """The mentions among the entries, each once, and how many entries are of no known kind."""
    found: dict[str, FoundMention] = {}
    unknown = 0
    for entry in entries:
        if not isinstance(entry, dict):
            raise LayoutChanged(PAGE, "data[]")
        kind = _word(entry.get("type"))
        if kind not in _RESULTS:
            unknown += kind not in _OTHER_ENTRIES
            continue
        item = entry.get("object")
        if not isinstance(item, dict):
            raise LayoutChanged(PAGE, "object")
        word = _word(item.get("type"))
        if word in _KINDS:
            mention = _mention(item, fetched_at)
            found.setdefault(mention.id, mention)
        else:
            unknown += word not in _OTHER_OBJECTS
    return tuple(found.values()), unknown


def _mention(item: Mapping[str, object], fetched_at: datetime) -> FoundMention:
    word = str(item["type"])
    native = _native(item.get("id"))
    created = _first_time(item, _CREATED, fetched_at)
    if native is None:
        raise LayoutChanged(PAGE, "id")
    if created is None:
        raise LayoutChanged(PAGE, "created_time")
    question = _object(item, "question")
    question_id = _native(question.get("id"))
    title = markup_text(item.get("title")) or markup_text(
        question.get("name") or question.get("title")
    )
    text = _text(item)
    if not text and not title:
        raise LayoutChanged(PAGE, "content")
    author = _object(item, "author")
    parent = f"{Platform.ZHIHU}:question:{question_id}" if question_id else None
    return FoundMention(
        id=f"{Platform.ZHIHU}:{word}:{native}",
        platform=Platform.ZHIHU,
        kind=_KINDS[word],
        url=_address(word, native, question_id),
        title=title,
        text=text,
        published_at=created[0],
        published_precision=created[1],
        edited_at=_edited(created[0], _first_time(item, _UPDATED, fetched_at)),
        author=markup_text(author.get("name")),
        author_uid=_word(author.get("url_token")) or _word(author.get("id")) or None,
        parent_id=parent,
        root_id=parent,
        likes=_first_count(item, _LIKES),
        comments=read_count(item.get("comment_count")),
        reposts=read_count(item.get("repin_count")),
        views=read_count(item.get("play_count")),
    )


def _native(value: object) -> str | None:
    """An id, which is text in search replies and a number elsewhere; a float has lost digits."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return text if _ID.fullmatch(text) and int(text) else None


def _object(item: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = item.get(key)
    return value if isinstance(value, dict) else {}


def _word(value: object) -> str:
    return value if isinstance(value, str) and value != "0" else ""


def _first_time(
    item: Mapping[str, object], keys: Iterable[str], fetched_at: datetime
) -> tuple[datetime, Precision] | None:
    times = (read_time(item.get(key), fetched_at=fetched_at) for key in keys)
    return next((time for time in times if time), None)


def _edited(created: datetime, updated: tuple[datetime, Precision] | None) -> datetime | None:
    return updated[0] if updated and updated[0] > created else None


def _first_count(item: Mapping[str, object], keys: Iterable[str]) -> int | None:
    counts = (read_count(item.get(key)) for key in keys)
    return next((count for count in counts if count is not None), None)


def _text(item: Mapping[str, object]) -> str:
    for key in ("content_html", "content", "description", "excerpt", "excerpt_title"):
        value = item.get(key)
        text = _blocks(value) if isinstance(value, list) else markup_text(value)
        if text:
            return text
    return ""


def _blocks(blocks: Iterable[object]) -> str:
    """The text of a pin: its blocks of text, and the titles of what it links to."""
    texts = (
        markup_text(block.get("content")) or markup_text(block.get("title"))
        for block in blocks
        if isinstance(block, dict)
    )
    return "\n".join(text for text in texts if text)


def _address(word: str, native: str, question_id: str | None) -> str:
    if word == "answer":
        question = f"/question/{question_id}" if question_id else ""
        return f"https://www.zhihu.com{question}/answer/{native}"
    if word == "article":
        return f"https://zhuanlan.zhihu.com/p/{native}"
    return f"https://www.zhihu.com/{word}/{native}"


def read_cards(document: Document) -> Page:
    """Read the rendered cards of a search page or a column page; there is no way to the next."""
    cards = bounded(document.all(_CARD), CARDS_PAGE)
    mentions: dict[str, FoundMention] = {}
    known = 0
    for card in cards:
        described = parse_json(attribute(card, "data-zop"))
        if not isinstance(described, dict):
            raise LayoutChanged(CARDS_PAGE, "data-zop")
        word = _word(described.get("type"))
        known += word in _KINDS or word in _OTHER_OBJECTS
        if word in _KINDS:
            mention = _card(card, described, document.fetched_at)
            mentions.setdefault(mention.id, mention)
    if not known:
        raise LayoutChanged(CARDS_PAGE, "ContentItem[data-zop]")
    return Page(page=CARDS_PAGE, state=PageState.OK, mentions=tuple(mentions.values()))


def _card(card: LexborNode, described: Mapping[str, object], fetched_at: datetime) -> FoundMention:
    address = _own_address(card, str(described.get("itemId")))
    question = _QUESTION_LINK.search(address)
    item = {
        "type": described.get("type"),
        "id": described.get("itemId"),
        "title": described.get("title"),
        "author": {"name": described.get("authorName"), "url_token": _member(card)},
        "question": {"id": question[1] if question else None},
        "created_time": _meta(card, "datePublished")
        or _meta(card, "dateCreated")
        or _shown_time(card),
        "updated_time": _meta(card, "dateModified"),
        "voteup_count": _meta(card, "upvoteCount") or _votes(card),
        "comment_count": _meta(card, "commentCount") or _comments(card),
    }
    try:
        mention = _mention(item, fetched_at)
    except LayoutChanged as error:
        raise LayoutChanged(CARDS_PAGE, error.field) from None
    text = node_text(first(card, ".RichText") or first(card, ".RichContent-inner"))
    return replace(mention, text=text.removeprefix(f"{mention.author}：").strip())


def _own_address(card: LexborNode, native: str) -> str:
    """The address of the item itself; authors and pictures inside the card have some, too."""
    links = card.css("meta[itemprop=url], .ContentItem-title a, h2 a")
    addresses = (attribute(link, "content") or attribute(link, "href") for link in links)
    return next((address for address in addresses if native in address), "")


def _meta(card: LexborNode, name: str) -> str:
    return attribute(first(card, f"meta[itemprop={name}]"), "content")


def _member(card: LexborNode) -> str:
    match = _MEMBER_LINK.search(attribute(first(card, "a.UserLink-link[href]"), "href"))
    return match[1] if match else ""


def _shown_time(card: LexborNode) -> str:
    """`发布于 2024-04-09 00:00`; an edited item keeps that as a tooltip over `编辑于 …`."""
    stamp = first(card, ".ContentItem-time")
    if stamp is None:
        return ""
    told = attribute(first(stamp, "[data-tooltip]"), "data-tooltip") or node_text(stamp)
    return "" if told.startswith("编辑于") else told.partition("・")[0]


def _votes(card: LexborNode) -> str:
    button = first(card, ".VoteButton--up") or first(card, ".VoteButton")
    if button is None:
        return ""
    return _VOTE_WORDS.sub("", attribute(button, "aria-label") or button.text())


def _comments(card: LexborNode) -> str:
    match = _COMMENT_COUNT.search(card.text())
    return match[1] if match else ""
