"""One answer, article, pin, video or question, as Zhihu's interface answers for its id."""

from datetime import datetime

from crawlers.pages import walls
from crawlers.pages.document import Document
from crawlers.pages.zhihu_item import KINDS, Item, find_all, is_deleted, kind_of, remarks, told
from domain.errors import LayoutChanged
from domain.mention import Platform
from domain.page import Page, PageState

PAGE = "zhihu_object"


def parse(body: bytes, *, url: str, status: int, fetched_at: datetime) -> Page:
    """Return the item, and after it what it shows inside itself (the question, a shared pin).

    State `gone` means that Zhihu says the item was deleted. Raises LayoutChanged when it has no
    readable id, time or text.
    """
    document = Document(body, url, status, fetched_at)
    return walls.find(Platform.ZHIHU, document, page=PAGE) or read(document)


def looks_like(document: Document) -> bool:
    """Whether the page is the object of one item."""
    return bool(_kind(document.object))


def read(document: Document) -> Page:
    """Read an object that no wall stands before."""
    kind = _kind(document.object)
    if not kind:
        raise LayoutChanged(PAGE, "type")
    item = {**document.object, "type": kind}
    if is_deleted(item):
        return Page(page=PAGE, state=PageState.GONE, reason="deleted, or never was")
    mentions = find_all([item], PAGE, document.fetched_at)
    return Page(page=PAGE, state=PageState.OK, mentions=mentions, reason=remarks([item]))


def _kind(item: Item) -> str:
    """Zhihu's word for the kind; a question of the first years names none."""
    kind = kind_of(item)
    if kind in KINDS and ("type" in item or "id" in item):
        return kind
    is_question = told(item, "answer_count") is not None and "title" in item and "id" in item
    return "question" if is_question and "type" not in item else ""
