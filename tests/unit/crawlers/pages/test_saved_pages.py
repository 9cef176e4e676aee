"""Every fixture says what is expected of it, by its own reader and by detection without address."""

from dataclasses import replace

import pytest

from crawlers.pages import (
    detect,
    tieba_forum,
    tieba_forum_page,
    tieba_replies,
    tieba_search,
    tieba_thread,
    tieba_thread_page,
    tieba_user_threads,
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
from domain.mention import Platform
from tests.pages import SavedPage, saved_pages

READERS = {
    "weibo_search": weibo_search.parse,
    "weibo_mobile_feed": weibo_mobile_feed.parse,
    "weibo_item": weibo_item.parse,
    "weibo_lists": weibo_lists.parse,
    "weibo_long_text": weibo_long_text.parse,
    "weibo_comments": weibo_comments.parse,
    "weibo_profile": weibo_profile.parse,
    "weibo_hot_words": weibo_hot_words.parse,
    "weibo_wap": weibo_wap.parse,
    "weibo_shell": weibo_shell.parse,
    "zhihu_search": zhihu_search.parse,
    "tieba_search": tieba_search.parse,
    "tieba_thread": tieba_thread.parse,
    "tieba_thread_page": tieba_thread_page.parse,
    "tieba_forum": tieba_forum.parse,
    "tieba_forum_page": tieba_forum_page.parse,
    "tieba_replies": tieba_replies.parse,
    "tieba_floor_replies": tieba_replies.parse,
    "tieba_user_threads": tieba_user_threads.parse,
}
SAVED = [
    pytest.param(name, page, id=f"{name}-{page}") for name in READERS for page in saved_pages(name)
]


@pytest.mark.parametrize(("surface", "page"), SAVED)
def test_a_saved_page_is_read_as_expected(surface: str, page: SavedPage):
    read = READERS[surface](page.body, url=page.url, status=page.status, fetched_at=page.fetched_at)
    assert read == page.expected


@pytest.mark.parametrize(("surface", "page"), SAVED)
def test_a_saved_page_is_detected_by_what_is_on_it(surface: str, page: SavedPage):
    platform = Platform(surface.partition("_")[0])
    read = detect.read_page(
        page.body, platform=platform, url=page.url, status=page.status, fetched_at=page.fetched_at
    )
    expected = replace(page.expected, page=platform.value) if page.is_wall else page.expected
    assert read == expected
