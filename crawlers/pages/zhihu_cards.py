"""Zhihu's rendered cards, on a search page, a column page or below a question.

The fallback where no reply and no page data was kept: a body that may be folded to an excerpt, a
time only where Zhihu put it into the markup (found cards of 2026 tell none). `data-zop` says what a
card is, else the link of its title does; `Post-content` is the one card of an article's own page.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from selectolax.lexbor import LexborNode

from crawlers.pages import walls, zhihu_item
from crawlers.pages.document import Document, attribute, bounded, first, parse_json
from crawlers.pages.text import node_text
from domain.errors import LayoutChanged
from domain.mention import Platform
from domain.page import FoundMention, Page, PageState
from domain.times import read_time

PAGE = "zhihu_cards"

_CARD = "[data-zop], .ContentItem:not([data-zop])"
_ANY_CARD = "[data-zop], .ContentItem, .Search-card, .SearchResult-Card"
_POST_CLASSES = frozenset({"AnswerItem", "ArticleItem", "PinItem", "ZVideoItem"})
_OWN_LINKS = "meta[itemprop=url], .ContentItem-title a, h2 a, .ContentItem-time a"
_FIELD_WORDS = {"post": "article", "video": "zvideo"}
_QUESTION_LINK = re.compile(r"/question/([0-9]{1,20})(?:/|$)")
_MEMBER_LINK = re.compile(r"/(?:people|org)/([^/?#]+)")
_VOTE_WORDS = re.compile(r"赞同|已赞同|\s|\u200b")
_COMMENT_COUNT = re.compile(r"(?<![0-9.,])([0-9.,]{1,16} ?[万亿]?) ?条评论")
_PLACE = re.compile(r"IP ?属地[:：]? ?(\S{1,12})")


def parse(body: bytes, *, url: str, status: int, fetched_at: datetime) -> Page:
    """Return what the cards of a page show; there is no way to the next.

    Raises LayoutChanged when there is no card, or one has no readable id, time or text.
    """
    document = Document(body, url, status, fetched_at)
    return walls.find(Platform.ZHIHU, document, page=PAGE) or read(document)


def looks_like(document: Document) -> bool:
    """Whether the page shows rendered cards of answers, articles, videos or pins."""
    return document.first(_ANY_CARD) is not None


def read(document: Document) -> Page:
    """Read the cards of a page that no wall stands before."""
    found, known = find(document)
    if not known:
        raise LayoutChanged(PAGE, "ContentItem[data-zop]")
    return Page(page=PAGE, state=PageState.OK, mentions=tuple(found))


def find(document: Document) -> tuple[list[FoundMention], int]:
    """Return the mentions of the cards, each once, and how many cards are of a known kind."""
    mentions: dict[str, FoundMention] = {}
    known = 0
    for card in bounded(document.all(_CARD), PAGE):
        described = _described(card)
        kind = zhihu_item.word(described.get("type"))
        is_mention = kind in zhihu_item.KINDS and kind != "question"
        known += is_mention or kind in zhihu_item.NOT_MENTIONS or kind == "question"
        if is_mention:
            mention = _card(card, described, document.fetched_at)
            mentions.setdefault(mention.id, mention)
    return list(mentions.values()), known


def _described(card: LexborNode) -> Mapping[str, object]:
    """Type, id, title and author of a card; empty for one that is nobody's words."""
    if "data-zop" not in card.attributes:
        return _by_its_title(card)
    described = parse_json(attribute(card, "data-zop"))
    if not isinstance(described, dict):
        raise LayoutChanged(PAGE, "data-zop")
    kind = zhihu_item.word(described.get("type"))
    return {**described, "type": _FIELD_WORDS.get(kind, kind)}


def _by_its_title(card: LexborNode) -> Mapping[str, object]:
    links = card.css(_OWN_LINKS)
    named = [zhihu_item.named_in(attribute(a, "content") or attribute(a, "href")) for a in links]
    found = next((each for each in named if each and each[0] != "question"), None)
    if found is None:
        if not _POST_CLASSES.isdisjoint(attribute(card, "class").split()):
            raise LayoutChanged(PAGE, "data-zop")
        return {}
    author = node_text(_first(card, (".AuthorInfo-name", "a.UserLink-link:not(:empty)")))
    title = node_text(first(card, ".ContentItem-title, h2"))
    return {
        "type": found[0],
        "itemId": found[1],
        "title": title,
        "authorName": author or _author_in_bold(card),
    }


def _author_in_bold(card: LexborNode) -> str:
    """A found answer begins with its author: `<b>某人：</b>别去。`."""
    told = node_text(first(card, ".RichText > b, .RichContent-inner > b"))
    return told[:-1] if told.endswith("：") else ""


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
        "ip_info": _place(card),
        "content": "",
    }
    text = node_text(_first(card, (".Post-RichText", ".RichText", ".RichContent-inner")))
    mention = zhihu_item.find(item, PAGE, fetched_at, needs_time=not text)[0]
    return replace(
        mention,
        text=text.removeprefix(f"{mention.author}：").strip(),
        edited_at=mention.edited_at or _edited(card, fetched_at),
    )


def _first(card: LexborNode, selectors: Iterable[str]) -> LexborNode | None:
    return next((node for selector in selectors if (node := first(card, selector))), None)


def _own_address(card: LexborNode, native: str) -> str:
    """The address of the item itself; authors and pictures inside the card have some, too."""
    links = card.css(_OWN_LINKS)
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
    told = "" if told.startswith("编辑于") else told.partition("・")[0].partition("·")[0]
    return told.strip()


def _edited(card: LexborNode, fetched_at: datetime) -> datetime | None:
    """`编辑于 2024-04-09 00:00`; an article's page shows nothing else until it is pressed."""
    stamp = first(card, ".ContentItem-time")
    told = node_text(stamp).partition("・")[0].partition("·")[0]
    time = read_time(told, fetched_at=fetched_at) if told.startswith("编辑于") else None
    return time[0] if time else None


def _place(card: LexborNode) -> str:
    """`发布于 2024-04-09 00:00・IP 属地北京`."""
    stamp = first(card, ".ContentItem-time")
    match = _PLACE.search(node_text(stamp)) if stamp else None
    return match[1] if match else ""


def _votes(card: LexborNode) -> str:
    """`赞同 1.2 万`; the word alone is none (its `upvoteCount` is 0 on pages of 2021)."""
    button = first(card, ".VoteButton--up") or first(card, ".VoteButton")
    if button is None:
        return ""
    shown = attribute(button, "aria-label") or button.text()
    return _VOTE_WORDS.sub("", shown) or ("0" if "赞同" in shown else "")


def _comments(card: LexborNode) -> str:
    """`17 条评论`, `添加评论` where there is none: on buttons, because people write so, too."""
    shown = "\n".join(button.text() for button in card.css("button"))
    match = _COMMENT_COUNT.search(shown)
    return match[1] if match else "0" if "添加评论" in shown else ""
