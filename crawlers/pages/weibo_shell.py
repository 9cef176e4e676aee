"""A page of weibo.com or m.weibo.cn before its scripts ran: an empty frame."""

from datetime import datetime

from crawlers.pages import walls
from crawlers.pages.document import Document
from domain.mention import Platform
from domain.page import Page, PageState

PAGE = "weibo_shell"


def parse(body: bytes, *, url: str, status: int, fetched_at: datetime) -> Page:
    """Return `not_content`: nothing stands on such a page, and nothing follows from that."""
    document = Document(body, url, status, fetched_at)
    return walls.find(Platform.WEIBO, document, page=PAGE) or read(document)


def looks_like(document: Document) -> bool:
    """Whether the page is the frame of an application named Weibo."""
    return not document.object and "微博" in document.title and document.first("#app") is not None


def read(document: Document) -> Page:
    """Read a page that no wall stands before."""
    return Page(page=PAGE, state=PageState.NOT_CONTENT, reason="page without its posts")
