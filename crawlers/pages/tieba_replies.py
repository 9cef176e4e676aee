"""The replies to floors of the finished html: those of one page of a thread at once (JSON,
`/p/totalComment`), those of one floor (an html fragment, `/p/comment`), and the same items inside a
saved thread page.

An item's `data-field` is JSON where the server wrote it, and single-quoted where a script did (all
of 2015, and every saved page). The fragment names neither its floor nor its thread: those stand in
its address.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from selectolax.lexbor import LexborNode

from crawlers.pages import tieba_post as post
from crawlers.pages import walls
from crawlers.pages.document import Document, attribute, bounded, first
from crawlers.pages.text import markup_text, node_text
from domain.counts import read_count
from domain.errors import LayoutChanged
from domain.mention import Platform
from domain.page import FoundMention, Page, PageState
from domain.times import read_time

PAGE = "tieba_replies"
FLOOR_PAGE = "tieba_floor_replies"

ITEM = "li.lzl_single_post"
_PAGER = "li.lzl_li_pager"
_WHOLE_PAGE = "#j_p_postlist, .p_postlist, .core_title_txt, .d_post_content, .core_reply, .p_author"


@dataclass(frozen=True, slots=True)
class Floor:
    """Whose replies are read; what a page does not tell is None."""

    tid: str | None
    pid: str | None
    forum: str = ""
    is_opening: bool = False


def parse(body: bytes, *, url: str, status: int, fetched_at: datetime) -> Page:
    """Return the replies of a totalComment reply or of a fragment.

    State `empty` means a count of 0. `next` is the number of a fragment's next page; a totalComment
    reply goes with its page of the thread and has none. Raises LayoutChanged when a reply has no
    readable id, time or text.
    """
    document = Document(body, url, status, fetched_at)
    is_fragment = not document.object
    wall = walls.find(Platform.TIEBA, document, page=FLOOR_PAGE if is_fragment else PAGE)
    return wall or (read_fragment(document) if is_fragment else read(document))


def looks_like(document: Document) -> bool:
    """Whether the page is a totalComment reply."""
    return "comment_list" in post.inside(document.object, "data")


def looks_like_fragment(document: Document) -> bool:
    """Whether the page is a fragment of replies, not a whole page whose floors are unknown."""
    if document.object:
        return False
    return document.first(f"{ITEM}, {_PAGER}") is not None and document.first(_WHOLE_PAGE) is None


def read(document: Document) -> Page:
    """Read a totalComment reply that no wall stands before."""
    data = post.inside(document.object, "data")
    listed = data.get("comment_list")
    if listed == [] and "user_list" in data:  # how PHP writes an empty map
        listed = {}
    if not isinstance(listed, dict):
        raise LayoutChanged(PAGE, "data.comment_list")
    users = post.inside(data, "user_list")
    found: list[FoundMention] = []
    for pid, told in listed.items():
        found += _of_floor(pid, told, users, document.fetched_at)
    if not found and users:  # they are there because they spoke
        raise LayoutChanged(PAGE, "comment_list[]")
    if not found:
        return Page.empty(PAGE, "no replies to any floor of the page")
    post.demand(found, PAGE, author="username", time="now_time")
    return Page(page=PAGE, state=PageState.OK, mentions=post.once(bounded(found, PAGE)))


def _of_floor(
    pid: str, told: object, users: Mapping[str, object], fetched_at: datetime
) -> Iterator[FoundMention]:
    if not isinstance(told, dict):
        raise LayoutChanged(PAGE, "comment_list[]")
    items = post.entries(told.get("comment_info"))
    # comment_num counts those that were deleted, too; comment_list_num what is listed here
    listed = read_count(told.get("comment_list_num"))
    if not items and (listed if listed is not None else read_count(told.get("comment_num"))) != 0:
        raise LayoutChanged(PAGE, "comment_info")
    for item in items:
        yield _comment(item, pid, users, fetched_at)


def _comment(
    item: Mapping[str, object], pid: str, users: Mapping[str, object], fetched_at: datetime
) -> FoundMention:
    cid = post.native(item.get("comment_id"))
    told = read_time(item.get("now_time"), fetched_at=fetched_at)
    if cid is None:
        raise LayoutChanged(PAGE, "comment_id")
    if told is None:
        raise LayoutChanged(PAGE, "now_time")
    if "content" not in item:
        raise LayoutChanged(PAGE, "content")
    known = users.get(str(item.get("user_id")))
    user = known if isinstance(known, dict) else {}
    tid = post.native(item.get("thread_id"))
    return post.mention(
        post.reply(tid, post.native(item.get("post_id")) or post.native(pid), cid),
        told,
        text=markup_text(item.get("content")),
        author=post.first_words(item, "show_nickname", "nickname", "username")
        or post.first_words(user, "show_nickname", "nickname", "user_name"),
        author_uid=post.uid(item.get("user_id"), user.get("portrait"), item.get("username")),
    )


def read_fragment(document: Document) -> Page:
    """Read a fragment that no wall stands before."""
    items = bounded(document.all(ITEM), FLOOR_PAGE)
    pager = attribute(document.first(_PAGER), "data-field")
    total = read_count(_number(pager, "total_num"))
    if not items:
        if total == 0:
            return Page.empty(FLOOR_PAGE, "no replies to the floor")
        raise LayoutChanged(FLOOR_PAGE, "lzl_single_post")
    at = Floor(
        post.native(post.parameter(document.url, "tid")),
        post.native(post.parameter(document.url, "pid")),
    )
    found = [
        mention
        for item in items
        for mention in read_item(item, at, document.fetched_at, FLOOR_PAGE)
    ]
    if not found:
        raise LayoutChanged(FLOOR_PAGE, "spid")
    post.demand(found, FLOOR_PAGE, author="showname", time="lzl_time")
    return Page(
        page=FLOOR_PAGE,
        state=PageState.OK,
        mentions=post.once(found),
        next=_next_page(document, pager),
    )


def _next_page(document: Document, pager: str) -> str | None:
    pages = read_count(_number(pager, "total_page")) or 1
    shown = read_count(node_text(document.first(f"{_PAGER} .tP")))
    current = shown or read_count(post.parameter(document.url, "pn")) or 1
    return str(current + 1) if current < pages else None


def _number(data_field: str, name: str) -> str | None:
    match = re.search(rf"""['"]?{name}['"]?\s*:\s*['"]?([0-9]{{1,9}})""", data_field)
    return match[1] if match else None


def read_item(
    item: LexborNode, at: Floor, fetched_at: datetime, page: str, *, embedded: bool = False
) -> Iterator[FoundMention]:
    """The reply that an `li` holds; none where it is the form to write one."""
    data = post.data_field(attribute(item, "data-field"))
    said = first(item, ".lzl_content_main")
    cid = post.native(data.get("spid")) or _anchor(item)
    if cid is None:
        if said is None:
            return
        raise LayoutChanged(page, "spid")
    when = first(item, ".lzl_time")
    told = read_time(node_text(when), fetched_at=fetched_at)
    if said is None:
        raise LayoutChanged(page, "lzl_content_main")
    if told is None:
        raise LayoutChanged(page, "lzl_time")
    name, user_name = post.first_words(data, "showname"), post.first_words(data, "user_name")
    shown = None if name and user_name else first(item, ".lzl_cnt a.at")
    user_name = user_name or attribute(shown, "username").strip()
    yield post.mention(
        post.reply(at.tid, post.native(data.get("pid")) or at.pid, cid, to_thread=at.is_opening),
        told,
        text=node_text(said),
        author=name or node_text(shown) or user_name,
        author_uid=post.uid(data.get("user_id"), data.get("portrait"), user_name)
        or post.uid_in(attribute(shown, "href")),
        forum=at.forum,
        ip_location=_ip(when),
        embedded=embedded,
    )


def _anchor(item: LexborNode) -> str | None:
    """`<a name="150726504693">`, which the fragment puts before each reply."""
    return post.native(attribute(first(item, "a[name]"), "name"))


def _ip(when: LexborNode | None) -> str | None:
    """The place, which stands beside the time."""
    line = when.parent if when is not None else None
    if line is None or "IP" not in line.text(deep=True):
        return None
    for part in line.css("span"):
        text = part.text(deep=True).strip()
        if text.startswith("IP"):
            return post.ip_place(text)
    return None
