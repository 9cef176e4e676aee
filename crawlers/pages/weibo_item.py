"""One post: weibo.com/ajax/statuses/show, m.weibo.cn/statuses/show, m.weibo.cn/detail/<id>.

weibo.com answers with the post itself, m.weibo.cn puts it under `data`, and the mobile page carries
it in a script: `$render_data = [{"status": {…}}][0] || {}`.
"""

import re
from datetime import datetime

from crawlers.pages import walls
from crawlers.pages.document import Document, json_at
from crawlers.pages.weibo_post import (
    Fields,
    is_gone,
    long_text,
    looks_like_post,
    mid_in,
    object_in,
    once,
    read_post,
)
from domain.errors import LayoutChanged
from domain.mention import Platform
from domain.page import Page, PageState

PAGE = "weibo_post"
MOBILE_PAGE = "weibo_mobile_post"
DETAIL_PAGE = "weibo_detail_page"

_LONG_TEXT = {
    PAGE: "/ajax/statuses/longtext",
    MOBILE_PAGE: "/statuses/extend",
    DETAIL_PAGE: "/statuses/extend",
}

_RENDER_DATA = re.compile(r"\$render_data\s*=\s*(?=[\[{])")
_AFTER_DATA = "[0] || {}"


def parse(body: bytes, *, url: str, status: int, fetched_at: datetime) -> Page:
    """Return a post and, after it, the original that it reposts (embedded).

    State `gone` means that only Weibo's notice is left of it. Raises LayoutChanged when the post
    has no readable id, author, time or text.
    """
    document = Document(body, url, status, fetched_at)
    return walls.find(Platform.WEIBO, document, page=PAGE) or read(document)


def looks_like(document: Document) -> bool:
    """Whether the page holds a single post."""
    data = object_in(document.object, "data")
    return looks_like_post(document.object) or looks_like_post(data) or _is_bare(data)


def looks_like_page(document: Document) -> bool:
    """Whether the page is m.weibo.cn's own of a single post, whose data stand in its script."""
    return not document.object and _script(document) is not None


def _script(document: Document) -> re.Match[str] | None:
    """Where the data begin: in a script, as anybody may write the words in a post."""
    text = document.text
    found = _RENDER_DATA.search(text) if "$render_data" in text else None
    is_script = found is not None and text.startswith("<script", text.rfind("<", 0, found.start()))
    return found if is_script else None


def _is_bare(data: Fields) -> bool:
    """A post of which hardly more than id, time and text is left."""
    return "created_at" in data and ("text" in data or "mid" in data or "idstr" in data)


def read(document: Document) -> Page:
    """Read a page that no wall stands before."""
    reply = document.object
    if not reply:
        return _page(DETAIL_PAGE, _rendered(document), document)
    if looks_like_post(reply):
        return _page(PAGE, reply, document)
    data = object_in(reply, "data")
    if not data:
        raise LayoutChanged(MOBILE_PAGE, "data")
    return _page(MOBILE_PAGE, data, document)


def _rendered(document: Document) -> Fields:
    start = _script(document)
    rendered = json_at(document.text, start.end(), before=_AFTER_DATA) if start else None
    first = rendered[0] if isinstance(rendered, list) and rendered else rendered
    post = first.get("status") if isinstance(first, dict) else None
    if not isinstance(post, dict):
        raise LayoutChanged(DETAIL_PAGE, "$render_data[0].status")
    return post


def _page(page: str, post: Fields, document: Document) -> Page:
    if is_gone(post):
        return Page(page=page, state=PageState.GONE, reason="deleted or hidden")
    found = read_post(post, page=page, fetched_at=document.fetched_at)
    return Page(page=page, state=PageState.OK, mentions=once(found), leads=_leads(page, post))


def _leads(page: str, post: Fields) -> tuple[str, ...]:
    """Where the whole of a long text is asked for, when the reply shows its beginning only. The
    flag is also set on posts that are not long; the answer is then that there is no more.
    """
    mid = mid_in(post)
    if mid is None or not post.get("isLongText") or long_text(object_in(post, "longText")):
        return ()
    return (f"{_LONG_TEXT[page]}?id={mid}",)
