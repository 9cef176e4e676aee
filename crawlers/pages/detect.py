"""Which page is this? By what is on it, because a saved page has no address.

One line a page type, in the order in which they are tried. What is not recognised raises
LayoutChanged: a page that nobody understands must never pass for one on which nobody said anything.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from crawlers.pages import (
    tieba_forum,
    tieba_forum_page,
    tieba_replies,
    tieba_search,
    tieba_thread,
    tieba_thread_page,
    tieba_user_threads,
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
    zhihu_body,
    zhihu_cards,
    zhihu_comments,
    zhihu_hot_list,
    zhihu_item_page,
    zhihu_list,
    zhihu_object,
    zhihu_search,
)
from crawlers.pages.document import Document
from domain.errors import LayoutChanged, PageTooLarge
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
    its reader misses a field, and PageTooLarge when its markup is more than is read.
    """
    document = Document(body, url, status, fetched_at)
    if wall := walls.find(platform, document, page=platform.value):
        return wall
    for reader in READERS[platform]:
        if reader.looks_like(document):
            return reader.read(document)
    if excess := document.excess:
        raise PageTooLarge(platform.value, excess.what, excess.number, excess.most)
    raise LayoutChanged(platform.value, "any page type that is known")


def _is_tieba_shell(document: Document) -> bool:
    """Whether the page is the Vue app of 2026 before it has asked for anything."""
    return document.first("#app") is not None and document.first("a[href*='/p/']") is None


def _read_tieba_shell(document: Document) -> Page:
    return Page(page="tieba_shell", state=PageState.NOT_CONTENT, reason="page without its posts")


READERS: dict[Platform, tuple[Reader, ...]] = {
    Platform.WEIBO: (
        Reader(weibo_item.DETAIL_PAGE, weibo_item.looks_like_page, weibo_item.read),
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
        Reader(zhihu_comments.PAGE, zhihu_comments.looks_like, zhihu_comments.read),
        Reader(zhihu_hot_list.PAGE, zhihu_hot_list.looks_like, zhihu_hot_list.read),
        Reader(zhihu_search.PAGE, zhihu_search.looks_like, zhihu_search.read),
        Reader(zhihu_list.PAGE, zhihu_list.looks_like, zhihu_list.read),
        Reader(zhihu_object.PAGE, zhihu_object.looks_like, zhihu_object.read),
        Reader(zhihu_item_page.PAGE, zhihu_item_page.looks_like, zhihu_item_page.read),
        Reader(zhihu_body.PAGE, zhihu_body.looks_like, zhihu_body.read),
        Reader(zhihu_hot_list.PAGE, zhihu_hot_list.looks_like_page, zhihu_hot_list.read),
        Reader(zhihu_cards.PAGE, zhihu_cards.looks_like, zhihu_cards.read),
        Reader(zhihu_search.PAGE, zhihu_search.looks_like_shell, zhihu_search.read),
    ),
    Platform.TIEBA: (
        Reader(tieba_forum_page.PAGE, tieba_forum_page.looks_like_hidden, tieba_forum_page.read),
        Reader(tieba_thread_page.PAGE, tieba_thread_page.looks_like, tieba_thread_page.read),
        Reader(tieba_search.PAGE, tieba_search.looks_like, tieba_search.read),
        Reader(tieba_thread.PAGE, tieba_thread.looks_like, tieba_thread.read),
        Reader(tieba_forum.PAGE, tieba_forum.looks_like, tieba_forum.read),
        Reader(tieba_replies.PAGE, tieba_replies.looks_like, tieba_replies.read),
        Reader(tieba_user_threads.PAGE, tieba_user_threads.looks_like, tieba_user_threads.read),
        Reader(tieba_forum_page.PAGE, tieba_forum_page.looks_like, tieba_forum_page.read),
        Reader(
            tieba_replies.FLOOR_PAGE, tieba_replies.looks_like_fragment, tieba_replies.read_fragment
        ),
        Reader("tieba_shell", _is_tieba_shell, _read_tieba_shell),
    ),
}
"""Every page type, tried from top to bottom."""
