"""The whole of a long post, asked for separately: m.weibo.cn statuses/extend, ajax longtext.

The reply has the text and nothing of the post it belongs to: whose it is stands only in the address
(`id=`, a mid or a bid). m.weibo.cn adds fresh counts.
"""

from datetime import datetime

from crawlers.pages import walls
from crawlers.pages.document import Document
from crawlers.pages.weibo_post import asked_post, detail_url, long_text, object_in, topic_in
from domain.counts import read_count
from domain.errors import LayoutChanged
from domain.mention import Kind, Platform, Precision
from domain.page import FoundMention, Page, PageState
from domain.weibo_ids import bid_of, time_of

PAGE = "weibo_long_text"

_ADDRESSES = ("/statuses/longtext", "/statuses/extend")


def parse(body: bytes, *, url: str, status: int, fetched_at: datetime) -> Page:
    """Return one mention: the whole text of the post that the address names, and its counts.

    The author is not on the page; the time is the one that the mid tells, to the minute, so that
    the time of the post's own page wins. Without an address the id is `weibo:` alone and the time
    None, which no store takes. State `empty` means that there is no more text than the post shows.
    """
    document = Document(body, url, status, fetched_at)
    return walls.find(Platform.WEIBO, document, page=PAGE) or read(document)


def looks_like(document: Document) -> bool:
    """Whether the page is a long text, or says that there is none."""
    reply = document.object
    if "longTextContent" in object_in(reply, "data"):
        return True
    return "data" in reply and any(address in document.url for address in _ADDRESSES)


def read(document: Document) -> Page:
    """Read a page that no wall stands before."""
    data = document.object.get("data")
    if not data and any(address in document.url for address in _ADDRESSES):
        return Page.empty(PAGE, reason="no longer text")
    text = long_text(data) if isinstance(data, dict) else ""
    if not isinstance(data, dict) or not text:
        raise LayoutChanged(PAGE, "data.longTextContent")
    mid = asked_post(document, "id", "mid") or ""
    told = time_of(mid, now=document.fetched_at)
    whole = FoundMention(
        id=f"{Platform.WEIBO}:{mid}",
        platform=Platform.WEIBO,
        kind=Kind.POST,
        url=detail_url(mid) if mid else "",
        text=text,
        published_at=told.replace(second=0) if told else None,
        published_precision=Precision.MINUTE,
        bid=bid_of(mid),
        likes=read_count(data.get("attitudes_count")),
        comments=read_count(data.get("comments_count")),
        reposts=read_count(data.get("reposts_count")),
        topic=topic_in(text),
    )
    return Page(page=PAGE, state=PageState.OK, mentions=(whole,))
