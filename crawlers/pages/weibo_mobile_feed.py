"""m.weibo.cn/api/container/getIndex: a user's posts, a search, or a search in a user.

A container is a list of cards. A post is a card with `mblog`, which in a search may sit in
`card_group` of another card; people, topics and adverts are cards without one. Between 2019 and
2022 the feed of a user changed from page numbers to `since_id`. Until 2017 the reply had no `data`
around it.
"""

import re
from collections.abc import Iterator
from datetime import datetime

from crawlers.pages import walls
from crawlers.pages.document import Document, bounded
from crawlers.pages.weibo_post import (
    Fields,
    asked_page,
    list_in,
    nothing_listed,
    object_in,
    posts_page,
    token,
)
from domain.errors import LayoutChanged
from domain.mention import Platform
from domain.page import Page

PAGE = "weibo_mobile_feed"

_POST_CARD = 9
_DEEPEST_GROUP = 3
"""A card in a group of a group is the deepest that clients have met."""

_NOTHING = re.compile(r"没有找到|未找到|还没有内容|暂无")
_NO_RESULT = re.compile(r"(?:没有|未)找到.{0,60}(?:结果|内容|微博)")


def parse(body: bytes, *, url: str, status: int, fetched_at: datetime) -> Page:
    """Return the posts of a container, in its order (a pinned post stands first, whatever its age).

    `next` is `since_id` where the reply has one, else the number of the next page. Raises
    LayoutChanged when a post has no readable id, author, time or text.
    """
    document = Document(body, url, status, fetched_at)
    return walls.find(Platform.WEIBO, document, page=PAGE) or read(document)


def looks_like(document: Document) -> bool:
    """Whether the page is a container with cards."""
    holder = _holder(document.object)
    return "cards" in holder or "cardlistInfo" in holder


def _holder(reply: Fields) -> Fields:
    data = object_in(reply, "data")
    return reply if "cards" in reply and "cards" not in data else data


def read(document: Document) -> Page:
    """Read a page that no wall stands before."""
    data = _holder(document.object)
    cards = bounded(list_in(data, "cards", page=PAGE, path="data.cards"), PAGE)
    info = object_in(data, "cardlistInfo")
    since = token(info.get("since_id"))
    posts = [post for card in cards for post in _posts(card, 1)]
    if _is_notice_of_nothing(cards):
        return Page.empty(PAGE)
    if posts:
        return posts_page(PAGE, posts, document, following=since or _next_page(info, document))
    if not cards:
        return nothing_listed(PAGE, document, total=info.get("total"), following=since)
    if any(_says_nothing(card, _NOTHING) for card in cards):
        return Page.empty(PAGE)
    raise LayoutChanged(PAGE, "mblog")


def _posts(card: object, depth: int) -> Iterator[Fields]:
    if not isinstance(card, dict):
        raise LayoutChanged(PAGE, "data.cards")
    post = card.get("mblog")
    group = card.get("card_group")
    if isinstance(post, dict):
        yield post
    elif isinstance(group, list) and depth <= _DEEPEST_GROUP:
        for inner in group:
            yield from _posts(inner, depth + 1)
    elif "mblog" in card or card.get("card_type") in (_POST_CARD, str(_POST_CARD)):
        raise LayoutChanged(PAGE, "mblog")


def _is_notice_of_nothing(cards: list[object]) -> bool:
    """Whether a search says first that it found nothing: posts below are not what was asked for."""
    return bool(cards) and not any(_posts(cards[0], 1)) and _says_nothing(cards[0], _NO_RESULT)


def _says_nothing(card: object, wording: re.Pattern[str]) -> bool:
    if not isinstance(card, dict):
        return False
    group = card.get("card_group")
    cards = [card, *(group if isinstance(group, list) else [])]
    told = (
        inner.get(name)
        for inner in cards
        if isinstance(inner, dict)
        for name in ("desc", "title", "name")
    )
    return any(wording.search(text) for text in told if isinstance(text, str))


def _next_page(info: Fields, document: Document) -> str | None:
    """The number after the one that was asked for, unless the reply says that there is none.

    `page` is the next one in the feeds of 2019. A search that says nothing goes on until a page is
    empty.
    """
    number = asked_page(document)
    told = token(info.get("page"))
    if told is not None and told.isdecimal():
        return str(max(int(told[:9]), number + 1))
    is_search = "page_type=searchall" in document.url
    return str(number + 1) if is_search and "page" not in info else None
