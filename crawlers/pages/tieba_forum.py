"""A Tieba forum as the 2026 site reads it: the reply that its page asks for (`frs/page_pc`).

`page_data.feed_list[]` mixes threads (layout `feed`) with adverts and boxes. A thread tells its id
and title in `business_info_map`, and is otherwise made of components for the screen: head, title,
abstract, counts. The head's time is that of the last reply where its prefix says 回复于; the thread
itself is then without a time, which its own page tells.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from urllib.parse import unquote

from crawlers.pages import tieba_emoticons, tieba_thread, walls
from crawlers.pages import tieba_post as post
from crawlers.pages.document import Document, bounded
from crawlers.pages.text import clean, plain_text
from domain.counts import read_count
from domain.errors import LayoutChanged
from domain.mention import Platform
from domain.page import FoundMention, Page, PageState
from domain.times import read_time

PAGE = "tieba_forum"

_Object = Mapping[str, object]
_TID = re.compile(r'"tid"\s{0,3}:\s{0,3}"?([0-9]{5,20})')


def parse(body: bytes, *, url: str, status: int, fetched_at: datetime) -> Page:
    """Return the threads of a forum; `published_at` is None where only the last reply is told.

    State `empty` means a list that is empty at its end. `next` is the number of the next page.
    Raises LayoutChanged when a thread has no readable id or neither title nor text.
    """
    document = Document(body, url, status, fetched_at)
    return walls.find(Platform.TIEBA, document, page=PAGE) or read(document)


def looks_like(document: Document) -> bool:
    """Whether the page is a page_pc reply about a forum."""
    reply = document.object
    return isinstance(reply.get("page_data"), dict) or "tids" in post.inside(reply, "forum")


def read(document: Document) -> Page:
    """Read a page that no wall stands before."""
    reply = document.object
    listed = post.inside(reply, "page_data").get("feed_list")
    if not isinstance(listed, list):
        raise LayoutChanged(PAGE, "page_data.feed_list")
    following, reason = tieba_thread.next_page(reply, PAGE, document.url)
    if not listed:
        if following is None and not reason:
            return Page.empty(PAGE, "no threads")
        raise LayoutChanged(PAGE, "feed_list[]")
    forum = post.first_words(post.inside(reply, "forum"), "name", "forum_name")
    feeds = list(_threads(bounded(listed, PAGE)))
    if not feeds:
        raise LayoutChanged(PAGE, "feed_list[].layout")
    mentions = post.once(_thread(feed, forum, document.fetched_at) for feed in feeds)
    if not any(mention.author for mention in mentions):
        raise LayoutChanged(PAGE, "feed_head.main_data")
    return Page(page=PAGE, state=PageState.OK, mentions=mentions, next=following, reason=reason)


def _threads(listed: list[object]) -> Iterator[_Object]:
    for entry in listed:
        if not isinstance(entry, dict):
            raise LayoutChanged(PAGE, "feed_list[]")
        feed = post.inside(entry, "feed")
        if entry.get("layout") == "feed" or _thread_id(feed):
            yield feed


def _thread_id(feed: _Object) -> str | None:
    if tid := post.native(post.inside(feed, "business_info_map").get("thread_id")):
        return tid
    for parameter in post.entries(feed.get("log_param")):
        if parameter.get("key") == "tid":
            return post.native(parameter.get("value"))
    schema = feed.get("schema")
    match = _TID.search(unquote(schema)) if isinstance(schema, str) else None
    return match[1] if match else None


def _thread(feed: _Object, forum: str, fetched_at: datetime) -> FoundMention:
    tid = _thread_id(feed)
    if tid is None:
        raise LayoutChanged(PAGE, "thread_id")
    about = post.inside(feed, "business_info_map")
    parts = {
        str(one.get("component")): post.inside(one, str(one.get("component")))
        for one in post.entries(feed.get("components"))
    }
    title = post.first_words(about, "title") or _resources(parts.get("feed_title"))
    text = _resources(parts.get("feed_abstract")) or post.first_words(about, "abstract")
    if not title and not text:
        raise LayoutChanged(PAGE, "title")
    head, social = parts.get("feed_head", {}), parts.get("feed_social", {})
    return post.mention(
        post.thread(tid, post.native(about.get("first_post_id") or about.get("post_id"))),
        _created(about, head, fetched_at),
        title=title,
        text=text,
        author=_author(head) or post.first_words(about, "name_show", "user_name"),
        author_uid=post.uid(about.get("user_id"), post.inside(head, "image_data").get("img_url")),
        forum=forum or post.first_words(about, "forum_name"),
        comments=read_count(social.get("comment_num")),
        likes=_agreed(social),
        reposts=read_count(social.get("share_num")),
        views=read_count(about.get("view_num")),
        stirred=_replied(head, fetched_at),
    )


def _resources(component: _Object | None) -> str:
    """The words of a title or an abstract, emoticons among them."""
    parts = []
    for resource in post.entries((component or {}).get("data")):
        text = post.inside(resource, "text_info").get("text")
        emoji = post.first_words(post.inside(resource, "emoji_info"), "emoji_name", "name", "text")
        shown = tieba_emoticons.by_key(emoji) if emoji else ""
        parts.append(plain_text(text) if isinstance(text, str) else shown)
    return clean("".join(parts))


def _author(head: _Object) -> str:
    """The first text of the head; badges and the forum's name come after it."""
    texts = (post.first_words(post.inside(one, "text"), "text") for one in _main(head))
    return next((text for text in texts if text), "")


def _main(head: _Object) -> list[_Object]:
    return post.entries(head.get("main_data"))


def _created(about: _Object, head: _Object, fetched_at: datetime) -> post.Told | None:
    if told := read_time(about.get("create_time"), fetched_at=fetched_at):
        return told
    for one in post.entries(head.get("extra_data")):
        prefix = post.first_words(post.inside(one, "business_info_map"), "time_prefix")
        text = post.inside(one, "text").get("text")
        if "回复" in f"{prefix}{text}":
            continue
        if told := read_time(text, fetched_at=fetched_at):
            return told
    return None


def _replied(head: _Object, fetched_at: datetime) -> post.Told | None:
    for one in post.entries(head.get("extra_data")):
        prefix = post.first_words(post.inside(one, "business_info_map"), "time_prefix")
        text = post.inside(one, "text").get("text")
        shown = str(text).replace("回复于", "").strip()
        if "回复" in f"{prefix}{text}" and (told := read_time(shown, fetched_at=fetched_at)):
            return told
    return None


def _agreed(social: _Object) -> int | None:
    agreed = read_count(post.inside(social, "agree").get("agree_num"))
    return agreed if agreed is not None else read_count(social.get("agree_num"))
