"""Lists of posts besides a mobile container: accounts, reposts and hot posts.

weibo.com/ajax: `mymblog`, `getWaterFallContent` and `searchProfile` have `data.list`, the hot
timeline has `statuses`, `repostTimeline` has `data` itself as the list; m.weibo.cn's repostTimeline
has `data.data`.
"""

from datetime import datetime

from crawlers.pages import walls
from crawlers.pages.document import Document
from crawlers.pages.weibo_post import (
    Fields,
    asked_for,
    asked_page,
    asked_post,
    list_in,
    looks_like_post,
    nothing_listed,
    object_in,
    posts_page,
    token,
)
from domain.counts import read_count
from domain.mention import Platform
from domain.page import Page

PAGE = "weibo_user_posts"
HOT_PAGE = "weibo_hot_posts"
REPOSTS_PAGE = "weibo_reposts"

_PAGE_SIZE = 20
"""Posts on a page of searchProfile, which tells only the total."""


def parse(body: bytes, *, url: str, status: int, fetched_at: datetime) -> Page:
    """Return the posts of an account, the reposts of a post, or the hot posts.

    `next` is the platform's cursor (`since_id`, `next_cursor`) or the number of the next page,
    which may be empty where the reply does not say how many there are; the hot posts have none that
    works. A repost says what it reposts, by itself or by the address.
    Raises LayoutChanged when a post has no readable id, author, time or text.
    """
    document = Document(body, url, status, fetched_at)
    return walls.find(Platform.WEIBO, document, page=PAGE) or read(document)


def looks_like(document: Document) -> bool:
    """Whether the page is one of these lists."""
    reply = document.object
    return "statuses" in reply or "list" in object_in(reply, "data") or _are_reposts(document)


def read(document: Document) -> Page:
    """Read a page that no wall stands before."""
    reply = document.object
    if "statuses" in reply:
        return _hot_posts(reply, document)
    if _are_reposts(document):
        return _reposts(reply, document)
    return _user_posts(object_in(reply, "data"), document)


def _are_reposts(document: Document) -> bool:
    data = document.object.get("data")
    inner = data.get("data") if isinstance(data, dict) else data
    if not isinstance(inner, list):
        return False
    return looks_like_post(inner[0]) if inner else "/repostTimeline" in document.url


def _hot_posts(reply: Fields, document: Document) -> Page:
    posts = list_in(reply, "statuses", page=HOT_PAGE, path="statuses")
    if not posts:
        return nothing_listed(HOT_PAGE, document, total=reply.get("total_number"), following=None)
    return posts_page(HOT_PAGE, posts, document)


def _user_posts(data: Fields, document: Document) -> Page:
    posts = list_in(data, "list", page=PAGE, path="data.list")
    following = _next(data, document, shown=len(posts))
    if not posts:
        return nothing_listed(PAGE, document, total=data.get("total"), following=following)
    return posts_page(PAGE, posts, document, following=following)


def _next(data: Fields, document: Document, *, shown: int) -> str | None:
    for name in ("since_id", "next_cursor"):
        if name in data:
            return token(data[name])
    number = asked_page(document)
    total = read_count(data.get("total"))
    goes_on = number * _PAGE_SIZE < total if total else bool(asked_for(document, "page"))
    return str(number + 1) if shown and goes_on else None


def _reposts(reply: Fields, document: Document) -> Page:
    data = reply.get("data")
    holder: Fields = data if isinstance(data, dict) else reply
    posts = list_in(holder, "data", page=REPOSTS_PAGE, path="data")
    number = asked_page(document)
    pages = read_count(holder.get("max_page", holder.get("max")))
    goes_on = number < pages if pages else bool(asked_for(document, "page"))
    following = str(number + 1) if posts and goes_on else None
    if not posts:
        total = holder.get("total_number")
        return nothing_listed(REPOSTS_PAGE, document, total=total, following=following)
    mid = asked_post(document, "id", "mid")
    return posts_page(
        REPOSTS_PAGE,
        posts,
        document,
        following=following,
        repost_of=f"{Platform.WEIBO}:{mid}" if mid else None,
    )
