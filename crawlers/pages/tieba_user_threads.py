"""The threads of one Tieba user: the reply of `/home/get/getthread` that the finished html asked
for, and the one of `feed/myThread` that the 2026 page asks for.

No whole reply was found in public: the fields are those that clients read (`thread_list[]` with
`thread_id`, `title`, `forum_name`; `list[].thread_info` with `id` or `tid`). The time of creation
is read where it is told; the time of the last reply is not the thread's.
"""

from collections.abc import Mapping
from datetime import datetime

from crawlers.pages import tieba_post as post
from crawlers.pages import walls
from crawlers.pages.document import Document, bounded
from domain.counts import read_count
from domain.errors import LayoutChanged
from domain.mention import Platform
from domain.page import FoundMention, Page, PageState

PAGE = "tieba_user_threads"

_Object = Mapping[str, object]
_CREATED = ("create_time", "post_time", "now_time", "time")


def parse(body: bytes, *, url: str, status: int, fetched_at: datetime) -> Page:
    """Return the threads that a user opened.

    State `empty` means an empty list at its end. `next` is the number of the next page. Raises
    LayoutChanged when a thread has no readable id, or neither title nor text.
    """
    document = Document(body, url, status, fetched_at)
    return walls.find(Platform.TIEBA, document, page=PAGE) or read(document)


def looks_like(document: Document) -> bool:
    """Whether the page is a reply with a user's threads."""
    data = post.inside(document.object, "data")
    if "thread_list" in data:
        return True
    return "/feed/myThread" in document.url or any(
        "thread_info" in one for one in post.entries(data.get("list"))
    )


def read(document: Document) -> Page:
    """Read a page that no wall stands before."""
    data = post.inside(document.object, "data")
    name = "thread_list" if "thread_list" in data else "list"
    listed = data.get(name)
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise LayoutChanged(PAGE, f"data.{name}")
    threads = [post.inside(one, "thread_info") or one for one in bounded(listed, PAGE)]
    following = _next_page(data, document.url)
    if not threads:
        if following is None and "has_more" in data:
            return Page.empty(PAGE, "no threads")
        raise LayoutChanged(PAGE, f"data.{name}[]")
    mentions = post.once(_thread(one, data, document.fetched_at) for one in threads)
    return Page(page=PAGE, state=PageState.OK, mentions=mentions, next=following)


def _next_page(data: _Object, url: str) -> str | None:
    more = data.get("has_more")
    if not (more is True or read_count(more)):
        return None
    current = read_count(data.get("current_page")) or read_count(post.parameter(url, "pn")) or 1
    return str(current + 1)


def _thread(one: _Object, data: _Object, fetched_at: datetime) -> FoundMention:
    tid = next(
        (tid for key in ("thread_id", "tid", "id") if (tid := post.native(one.get(key)))), None
    )
    if tid is None:
        raise LayoutChanged(PAGE, "thread_id")
    title = post.first_words(one, "title")
    text = next(
        (
            words
            for key in ("content", "abstract", "rich_abstract", "first_post_content")
            if (words := post.content_text(one.get(key)))
        ),
        "",
    )
    if not title and not text:
        raise LayoutChanged(PAGE, "title")
    user = post.inside(one, "author") or post.inside(data, "user") or one
    return post.mention(
        post.thread(tid, post.native(one.get("post_id") or one.get("first_post_id"))),
        post.first_time(one, _CREATED, fetched_at),
        title=title,
        text=text,
        author=post.first_words(user, "name_show", "show_nickname", "user_nickname")
        or post.first_words(user, "user_name", "name"),
        author_uid=_user_id(user),
        forum=post.first_words(one, "forum_name", "fname"),
        comments=read_count(one.get("reply_num")),
        likes=read_count(post.inside(one, "agree").get("agree_num")),
        views=read_count(one.get("view_num")),
    )


def _user_id(user: _Object) -> str | None:
    number = user.get("user_id") or (None if "thread_id" in user else user.get("id"))
    return post.uid(number, user.get("portrait"), user.get("user_name") or user.get("name"))
