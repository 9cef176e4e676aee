"""An account: m.weibo.cn's user card (`data.userInfo`), weibo.com's profile/info and /detail,
weibo.cn's pages of somebody's details and albums; and m.weibo.cn's `/api/config`, the viewer's own.

No post stands on these pages. They are recognised so that a spider that meets one knows it, and
nothing of the person is read.
"""

from datetime import datetime

from crawlers.pages import walls
from crawlers.pages.document import Document
from crawlers.pages.weibo_post import Fields, object_in
from domain.errors import LayoutChanged
from domain.mention import Platform
from domain.page import Page, PageState

PAGE = "weibo_profile"

_ABOUT = ("的资料", "的相册", "的粉丝", "的关注")
_OF_WAP = "div.c.tip a.tl"
"""The link to the touch version above every page of weibo.cn."""

_OF_DETAILS = ("sunshine_credit", "ip_location", "desc_text", "real_name", "verified_url")


def parse(body: bytes, *, url: str, status: int, fetched_at: datetime) -> Page:
    """Return `not_content`: a profile holds no posts. A user without id raises LayoutChanged."""
    document = Document(body, url, status, fetched_at)
    return walls.find(Platform.WEIBO, document, page=PAGE) or read(document)


def looks_like(document: Document) -> bool:
    """Whether the page is about an account."""
    data = object_in(document.object, "data")
    if not document.object:
        return document.title.endswith(_ABOUT) and document.first(_OF_WAP) is not None
    return "userInfo" in data or "user" in data or _is_detail(data) or _is_login_state(data)


def _is_detail(data: Fields) -> bool:
    return sum(name in data for name in _OF_DETAILS) >= 2 and "mid" not in data


def _is_login_state(data: Fields) -> bool:
    return isinstance(data.get("login"), bool) and "st" in data


def read(document: Document) -> Page:
    """Read a page that no wall stands before."""
    data = object_in(document.object, "data")
    for name in ("userInfo", "user"):
        if name in data and not object_in(data, name).get("id"):
            raise LayoutChanged(PAGE, f"data.{name}.id")
    return Page(page=PAGE, state=PageState.NOT_CONTENT, reason="a profile, which holds no posts")
