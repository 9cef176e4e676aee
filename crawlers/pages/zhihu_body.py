"""The bare text of an answer or article, saved from its `content` without anything around it."""

import hashlib
import re
from datetime import datetime

from crawlers.pages import walls, zhihu_state
from crawlers.pages.document import Document
from crawlers.pages.text import markup_text
from crawlers.pages.zhihu_item import KINDS, address, mention_id
from domain.errors import LayoutChanged
from domain.mention import Platform
from domain.page import FoundMention, Page, PageState

PAGE = "zhihu_body"

_ANSWER = re.compile(r"(?:/question/([0-9]{1,20}))?/answers?/([0-9]{1,20})(?:[/?#]|$)")
_ARTICLE = re.compile(r"/(?:p|articles)/([0-9]{1,20})(?:[/?#]|$)")


def parse(body: bytes, *, url: str, status: int, fetched_at: datetime) -> Page:
    """Return the text as one mention without author and time; its id is that in the address, else
    `zhihu:body:` and a digest of the text. Raises LayoutChanged when there is no text.
    """
    document = Document(body, url, status, fetched_at)
    return walls.find(Platform.ZHIHU, document, page=PAGE) or read(document)


def looks_like(document: Document) -> bool:
    """Whether the page is nothing but paragraphs of Zhihu's editor."""
    return zhihu_state.is_body(document)


def read(document: Document) -> Page:
    """Read a text that no wall stands before."""
    text = markup_text(document.text)
    if not text:
        raise LayoutChanged(PAGE, "content")
    kind, native, question = _place(document.url)
    mention = FoundMention(
        id=mention_id(kind, native) if native else mention_id("body", _digest(text)),
        platform=Platform.ZHIHU,
        kind=KINDS[kind],
        url=address(kind, native, question) if native else document.url,
        text=text,
        published_at=None,
        parent_id=mention_id("question", question) if question else None,
        root_id=mention_id("question", question) if question else None,
    )
    return Page(page=PAGE, state=PageState.OK, mentions=(mention,))


def _place(url: str) -> tuple[str, str, str | None]:
    if match := _ANSWER.search(url):
        return "answer", match[2], match[1]
    match = _ARTICLE.search(url)
    return ("article", match[1], None) if match else ("answer", "", None)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
