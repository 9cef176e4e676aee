"""Which page is this? By what is on it, because a saved page has no address.

One line a page type, in the order in which they are tried. What is recognised but has no reader
yet says so (`not_content`); what is not recognised at all raises LayoutChanged: a page that nobody
understands must never pass for one on which nobody said anything.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from crawlers.pages import (
    tieba_search,
    walls,
    weibo_comments,
    weibo_hot_words,
    weibo_item,
    weibo_lists,
    weibo_long_text,
    weibo_mobile_feed,
    weibo_profile,
    weibo_search,
    weibo_shell,
    weibo_wap,
    zhihu_search,
)
from crawlers.pages.document import Document, parse_json
from domain.errors import LayoutChanged
from domain.mention import Platform
from domain.page import Page, PageState

_Test = Callable[[Document], bool]


@dataclass(frozen=True, slots=True)
class Reader:
    """A page type: its name, how it is recognised, and what reads it."""

    name: str
    looks_like: _Test
    read: Callable[[Document], Page]


def read_page(
    body: bytes, *, platform: Platform, url: str = "", status: int = 200, fetched_at: datetime
) -> Page:
    """Return what a page of `platform` says, whichever of its pages it is.

    Walls are looked for first. Raises LayoutChanged when the page is none that is known, or when
    its reader misses a field.
    """
    document = Document(body, url, status, fetched_at)
    if wall := walls.find(platform, document, page=platform.value):
        return wall
    for reader in READERS[platform]:
        if reader.looks_like(document):
            return reader.read(document)
    raise LayoutChanged(platform.value, "any page type that is known")


def _not_yet(name: str, looks_like: _Test) -> Reader:
    def read(document: Document) -> Page:
        return Page(page=name, state=PageState.NOT_CONTENT, reason=f"{name}: not supported yet")

    return Reader(name, looks_like, read)


def _has(*path: str) -> _Test:
    """Whether the JSON object of a page holds something at `path`."""

    def test(document: Document) -> bool:
        value: object = document.object
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        return value not in (None, "", [], {})

    return test


def _shows(selector: str) -> _Test:
    """Whether the markup of a page has an element that `selector` matches."""
    return lambda document: document.first(selector) is not None


def _says(words: str) -> _Test:
    return lambda document: words in document.text


def _lists(*kinds: str) -> _Test:
    """Whether `data` is a list whose first object names one of these types."""

    def test(document: Document) -> bool:
        entries = document.object.get("data")
        head = entries[0] if isinstance(entries, list) and entries else None
        return isinstance(head, dict) and any(head.get("type") == kind for kind in kinds)

    return test


def _is_zhihu_item(document: Document) -> bool:
    return any(document.object.get("type") == kind for kind in ("answer", "article", "pin"))


def _is_zhihu_item_page(document: Document) -> bool:
    script = document.first("script#js-initialData")
    state = parse_json(script.text()) if script else None
    for key in ("initialState", "entities"):
        state = state.get(key) if isinstance(state, dict) else None
    kinds = ("answers", "articles", "questions", "zvideos", "pins")
    return isinstance(state, dict) and any(state.get(kind) for kind in kinds)


READERS: dict[Platform, tuple[Reader, ...]] = {
    Platform.WEIBO: (
        Reader(weibo_search.PAGE, weibo_search.looks_like, weibo_search.read),
        Reader(weibo_wap.PAGE, weibo_wap.looks_like, weibo_wap.read),
        Reader(weibo_mobile_feed.PAGE, weibo_mobile_feed.looks_like, weibo_mobile_feed.read),
        Reader(weibo_hot_words.PAGE, weibo_hot_words.looks_like, weibo_hot_words.read),
        Reader(weibo_long_text.PAGE, weibo_long_text.looks_like, weibo_long_text.read),
        Reader(weibo_item.PAGE, weibo_item.looks_like, weibo_item.read),
        Reader(weibo_lists.PAGE, weibo_lists.looks_like, weibo_lists.read),
        Reader(weibo_comments.PAGE, weibo_comments.looks_like, weibo_comments.read),
        Reader(weibo_profile.PAGE, weibo_profile.looks_like, weibo_profile.read),
        Reader(weibo_shell.PAGE, weibo_shell.looks_like, weibo_shell.read),
    ),
    Platform.ZHIHU: (
        Reader(zhihu_search.PAGE, zhihu_search.looks_like, zhihu_search.read),
        _not_yet("zhihu_comments", _lists("comment")),
        _not_yet("zhihu_list", _lists("answer", "article", "zvideo", "question_feed_card")),
        _not_yet("zhihu_item", _is_zhihu_item),
        _not_yet("zhihu_question", _has("answer_count")),
        _not_yet("zhihu_item_page", _is_zhihu_item_page),
        Reader(zhihu_search.CARDS_PAGE, zhihu_search.looks_like_cards, zhihu_search.read_cards),
        Reader(zhihu_search.PAGE, zhihu_search.looks_like_shell, zhihu_search.read),
        _not_yet("zhihu_body", _shows("p[data-pid]")),
    ),
    Platform.TIEBA: (
        Reader(tieba_search.PAGE, tieba_search.looks_like, tieba_search.read),
        _not_yet("tieba_thread", _has("post_list")),
        _not_yet("tieba_forum", _has("page_data", "feed_list")),
        _not_yet("tieba_replies", _has("data", "comment_list")),
        _not_yet("tieba_thread_page", _shows(".l_post, .pb-comment-item")),
        _not_yet("tieba_forum_page", _says("pagelet_html_frs-list/pagelet/thread_list")),
        _not_yet("tieba_floor_replies", _shows("li.lzl_single_post")),
    ),
}
"""Every page type, tried from top to bottom. A later reader replaces its `_not_yet` line."""
