"""Comments on a post: m.weibo.cn hotflow, comments/show and hotFlowChild; ajax buildComments.

A comment is much the same object everywhere; its likes are `like_count` or `like_counts`, a number
or a string, and its place stands in `source` (since 2022). Replies to a comment stand under it in
`comments`, a few of them, or `false`. `reply_count` was 0 on every comment of 2026 and is believed
only where it is more. comments/show of 2019 puts hot comments beside the list (`hot_data`).
"""

import re
from collections.abc import Iterable
from datetime import datetime

from crawlers.pages import walls
from crawlers.pages.document import Document, bounded
from crawlers.pages.text import markup_text, plain_text
from crawlers.pages.weibo_post import (
    A_CLIENT,
    Fields,
    asked_page,
    asked_post,
    author_of,
    bid_in,
    decimal_id,
    detail_url,
    is_advert,
    is_gone,
    list_in,
    looks_like_post,
    mid_in,
    nothing_listed,
    object_in,
    once,
    place,
    token,
    topic_in,
)
from domain.counts import read_count
from domain.errors import LayoutChanged
from domain.mention import Kind, Platform
from domain.page import FoundMention, Page, PageState
from domain.times import read_time

PAGE = "weibo_comments"
MOBILE_PAGE = "weibo_mobile_comments"

_SIGNS = ("rootid", "rootidstr", "like_count", "like_counts", "floor_number", "reply_comment")
_OF_A_REPLY = ("trendsText", "rootComment", "filter_group", "max_id", "hot_data")
_ADDRESS = re.compile(r"/(?:comments/|statuses/buildComments)")
_BY_SETTING = re.compile(r"精选|设置|博主|作者|防护|粉丝")
_DEEPEST_REPLY = 3


def parse(body: bytes, *, url: str, status: int, fetched_at: datetime) -> Page:
    """Return comments and, embedded, the replies and hot comments that are shown beside them.

    `root_id` is the post, where the address or the reply names it; `parent_id` is the post or the
    comment answered. `next` is the cursor `max_id`, with `&max_id_type=1` behind it where that is
    wanted, or a page number. Raises LayoutChanged when a comment has no readable id, author, time
    or text.
    """
    document = Document(body, url, status, fetched_at)
    return walls.find(Platform.WEIBO, document, page=PAGE) or read(document)


def looks_like(document: Document) -> bool:
    """Whether the page is a list of comments."""
    reply = document.object
    data = reply.get("data")
    inner = data.get("data") if isinstance(data, dict) else data
    if isinstance(inner, list) and inner:
        return not looks_like_post(inner[0]) or _is_comment(inner[0])
    if "/repostTimeline" in document.url:
        return False
    holder = data if isinstance(data, dict) else reply
    if isinstance(inner, list) and ("total_number" in holder or _ADDRESS.search(document.url)):
        return True
    return any(name in holder for name in _OF_A_REPLY)


def _is_comment(entry: object) -> bool:
    return isinstance(entry, dict) and any(sign in entry for sign in _SIGNS)


def read(document: Document) -> Page:
    """Read a page that no wall stands before."""
    data = document.object.get("data")
    if isinstance(data, dict):
        return _page(MOBILE_PAGE, data, "data.data", document)
    return _page(PAGE, document.object, "data", document)


def _page(page: str, holder: Fields, path: str, document: Document) -> Page:
    entries = bounded(list_in(holder, "data", page=page, path=path), page)
    following = _next(holder, document)
    reader = _Reader(page, document.fetched_at, _post_of(holder, document))
    found = bounded(reader.read(entries), page)
    hot = holder.get("hot_data")
    if isinstance(hot, list):
        found += reader.read(bounded(hot, page), embedded=True)
    if found:
        return Page(page=page, state=PageState.OK, mentions=once(found), next=following)
    if entries:
        return Page(page=page, state=PageState.GONE, reason="deleted or hidden")
    told = plain_text(holder.get("trendsText"))
    if read_count(holder.get("total_number")) and _BY_SETTING.search(told):
        reason = "none of the comments is shown"
        return Page(page=page, state=PageState.OK, next=following, reason=reason)
    total = holder.get("total_number")
    return nothing_listed(page, document, total=total, following=following)


def _next(holder: Fields, document: Document) -> str | None:
    if cursor := token(holder.get("max_id")):
        kind = token(holder.get("max_id_type"))
        return f"{cursor}&max_id_type={kind}" if kind else cursor
    if "max_id" in holder:
        return None
    pages = read_count(holder.get("max"))
    number = asked_page(document)
    return str(number + 1) if pages and number < pages else None


def _post_of(holder: Fields, document: Document) -> str | None:
    """The mid of the post that is commented; where replies of a comment were asked for, unknown."""
    told = mid_in(object_in(holder, "status"))
    if told or "fetch_level=1" in document.url or "hotFlowChild" in document.url:
        return told
    return asked_post(document, "mid", "id")


class _Reader:
    """Reads comments of one page, of one post."""

    def __init__(self, page: str, fetched_at: datetime, post: str | None) -> None:
        self._page = page
        self._fetched_at = fetched_at
        self._post = f"{Platform.WEIBO}:{post}" if post else None
        self._address = detail_url(post) if post else ""

    def read(self, entries: Iterable[object], *, embedded: bool = False) -> list[FoundMention]:
        """Return comments, each followed by the replies that are shown under it."""
        found: list[FoundMention] = []
        for entry in entries:
            found += self._thread(entry, above=None, embedded=embedded, depth=1)
        return found

    def _thread(
        self, entry: object, *, above: str | None, embedded: bool, depth: int
    ) -> list[FoundMention]:
        if not isinstance(entry, dict):
            raise LayoutChanged(self._page, "comment")
        if is_gone(entry) or is_advert(entry):
            return []
        own = self._comment(entry, above, embedded=embedded)
        found = [own]
        replies = entry.get("comments")
        if isinstance(replies, list) and depth < _DEEPEST_REPLY:
            for reply in bounded(replies, self._page):
                found += self._thread(reply, above=own.id, embedded=True, depth=depth + 1)
        return found

    def _comment(self, entry: Fields, above: str | None, *, embedded: bool) -> FoundMention:
        mid = mid_in(entry)
        if mid is None:
            raise LayoutChanged(self._page, "id")
        author, uid = _author(entry, self._page)
        told = read_time(entry.get("created_at"), fetched_at=self._fetched_at)
        if told is None:
            raise LayoutChanged(self._page, "created_at")
        text = _text(entry, self._page)
        source = place(markup_text(entry.get("source")))
        is_client = source is not None and A_CLIENT.search(source) is not None
        root = decimal_id(entry.get("rootid")) or decimal_id(entry.get("rootidstr"))
        answered = mid_in(object_in(entry, "reply_comment")) if "reply_comment" in entry else None
        on_comment = root if root != mid else None
        thread = f"{Platform.WEIBO}:{on_comment}" if on_comment else above
        return FoundMention(
            id=f"{Platform.WEIBO}:{mid}",
            platform=Platform.WEIBO,
            kind=Kind.COMMENT,
            url=f"{self._address}?cid={on_comment or mid}" if self._address else "",
            text=text,
            published_at=told[0],
            published_precision=told[1],
            bid=bid_in(entry),
            author=author,
            author_uid=uid,
            parent_id=f"{Platform.WEIBO}:{answered}" if answered else thread or self._post,
            root_id=self._post or thread,
            ip_location=None if is_client else source,
            client=source if is_client else None,
            likes=_likes(entry),
            comments=_replies(entry),
            topic=topic_in(text),
            embedded=embedded,
        )


def _author(entry: Fields, page: str) -> tuple[str, str | None]:
    """Name and uid; nobody's where Weibo shows a comment without its author."""
    if "user" in entry and entry["user"] is None:
        return "", None
    return author_of(entry, page)


def _text(entry: Fields, page: str) -> str:
    shown, plain = entry.get("text"), entry.get("text_raw")
    if not isinstance(shown, str) and not isinstance(plain, str):
        raise LayoutChanged(page, "text")
    return markup_text(shown) or plain_text(plain)


def _likes(entry: Fields) -> int | None:
    for name in ("like_count", "like_counts"):
        count = read_count(entry.get(name))
        if count is not None:
            return count
    return None


def _replies(entry: Fields) -> int | None:
    total = read_count(entry.get("total_number"))
    if total is not None:
        return total
    replies = entry.get("comments")
    shown = len(replies) if isinstance(replies, list) else None
    told = read_count(entry.get("reply_count"))
    return told or shown or (0 if replies is False or shown == 0 else None)
