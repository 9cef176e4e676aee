"""A Tieba forum as html: the finished list of threads of 2015 to 2024, and the cards that the Vue
page of 2026 renders.

The finished list lies inside a comment, for the page's scripts to show; in a page saved after they
ran it is part of the page. Each `li.j_thread_list` describes itself in `data-field` (JSON).
Created `7-6` is this year, `2020-05` older, `02:38` today. A card of the Vue page tells the time of
the last reply (回复于) or of the thread (发布于); a pinned one tells its title only.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from selectolax.lexbor import LexborNode

from crawlers.pages import tieba_post as post
from crawlers.pages import walls
from crawlers.pages.document import Document, attribute, bounded, first, parse_json
from crawlers.pages.text import node_text
from domain.counts import read_count
from domain.errors import LayoutChanged
from domain.mention import Platform
from domain.page import FoundMention, Page, PageState
from domain.times import read_time

PAGE = "tieba_forum_page"

_THREAD = "li.j_thread_list"
_MARK = "j_thread_list"
_PLACE = "pagelet_html_frs-list/pagelet/thread_list"
_CARD = ".thread-card-wrapper, .thread-card, a.top-thread-card-item"
_TITLE = re.compile(r"^(.{1,60}?)吧[-_ ]")
_FORUM = re.compile(
    r"PageData\.forum\s{0,9}=\s{0,9}\{[^}]{0,300}?['\"]name['\"]\s{0,9}:\s{0,9}(\"[^\"]{1,400}\")"
)
_CLOSED = re.compile(r"吧(?:已经?|暂时)?被(?:封禁|关闭|合并)|要找的吧(?:尚未建立|不存在)")
_NOTICE = 30_000
"""Characters of a page that is a notice, at most."""

_AUTHOR = re.compile(r"^主题作者[:：] ?")


def parse(body: bytes, *, url: str, status: int, fetched_at: datetime) -> Page:
    """Return the threads of a forum's list, pinned ones, too.

    `next` is the `pn` of the next page, in steps of 50 (finished html only). Raises LayoutChanged
    when a thread has no readable id or title, or when none has an author or a time.
    """
    document = Document(body, url, status, fetched_at)
    return walls.find(Platform.TIEBA, document, page=PAGE) or read(document)


def looks_like_hidden(document: Document) -> bool:
    """Whether the page is a list that its scripts have yet to show, which the text alone tells."""
    return post.is_hidden(document, _MARK)


def looks_like(document: Document) -> bool:
    """Whether the page shows a forum's list, in either layout, has a place for it, or a notice."""
    if document.object:
        return False
    is_there = document.first(f"{_THREAD}, {_CARD}") is not None or _PLACE in document.text
    return is_there or _is_closed(document)


def read(document: Document) -> Page:
    """Read a page that no wall stands before."""
    trees = post.hidden(document, _MARK) or ([document.tree] if document.tree else [])
    rows = [row for tree in trees for row in tree.css(_THREAD)]
    if not rows and _is_closed(document):
        return Page(page=PAGE, state=PageState.GONE, reason="forum closed, or never was")
    if not rows:
        return _rendered(document)
    forum = _forum_name(document)
    mentions = post.once(
        mention
        for row in bounded(rows, PAGE)
        for mention in _thread(row, forum, document.fetched_at)
    )
    if not mentions:
        raise LayoutChanged(PAGE, "j_thread_list[data-field]")
    if not any(mention.author for mention in mentions):
        raise LayoutChanged(PAGE, "frs-author-name")
    if not any(m.published_at for m in mentions) and not any(_last_reply(row) for row in rows):
        raise LayoutChanged(PAGE, "is_show_create_time")
    pagers = (tree.css_first("a.next[href]", None) for tree in trees)
    pages = (post.parameter(attribute(link, "href"), "pn") for link in pagers)
    following = next((page for page in pages if post.native(page)), None)
    return Page(page=PAGE, state=PageState.OK, mentions=mentions, next=following)


def _is_closed(document: Document) -> bool:
    """Whether a small page without any post says that its forum was closed or never opened."""
    if len(document.text) > _NOTICE or walls.has_content(Platform.TIEBA, document):
        return False
    return _CLOSED.search(node_text(document.tree.body if document.tree else None)) is not None


def _last_reply(row: LexborNode) -> str:
    """When somebody last replied: all that lists told before they told when a thread began."""
    return node_text(first(row, ".threadlist_reply_date"))


def _thread(row: LexborNode, forum: str, fetched_at: datetime) -> Iterator[FoundMention]:
    """The thread of a row; nothing for an advert, which says nothing of itself or links to no
    thread.
    """
    described = attribute(row, "data-field")
    if described.strip() == "{}":
        return
    data = post.data_field(described)
    link = first(row, "a.j_th_tit")
    tid = (
        post.native(data.get("id"))
        or post.native(attribute(row, "data-tid"))
        or post.thread_in(attribute(link, "href"))
    )
    title = node_text(link) or attribute(link, "title").strip()
    if tid is None:
        if "/p/" in attribute(link, "href"):
            raise LayoutChanged(PAGE, "data-field.id")
        return
    if not title:
        raise LayoutChanged(PAGE, "j_th_tit")
    replies = read_count(data.get("reply_num"))
    created, box = first(row, ".is_show_create_time"), first(row, ".tb_icon_author")
    yield post.mention(
        post.thread(tid, post.native(data.get("first_post_id"))),
        read_time(node_text(created), fetched_at=fetched_at),
        title=title,
        text=node_text(first(row, ".threadlist_abs")),
        author=_author(row, box, data),
        author_uid=_author_uid(row, box, data),
        forum=forum,
        comments=replies
        if replies is not None
        else read_count(node_text(first(row, ".threadlist_rep_num"))),
        stirred=read_time(_last_reply(row), fetched_at=fetched_at),
    )


def _author(row: LexborNode, box: LexborNode | None, data: Mapping[str, object]) -> str:
    """The nickname: what the row shows has pictures in it for emoji."""
    told = _AUTHOR.sub("", attribute(box, "title").strip())
    return (
        post.first_words(data, "author_nickname")
        or told
        or node_text(first(row, ".frs-author-name"))
        or post.first_words(data, "author_name")
    )


def _author_uid(row: LexborNode, box: LexborNode | None, data: Mapping[str, object]) -> str | None:
    known = post.data_field(attribute(box, "data-field"))
    return (
        post.uid(known.get("user_id"), data.get("author_portrait"))
        or post.uid_in(attribute(first(row, ".frs-author-name[href]"), "href").strip())
        or post.uid(None, None, data.get("author_name"))
    )


def _forum_name(document: Document) -> str:
    if match := _FORUM.search(document.text):
        name = parse_json(f"[{match[1]}]")
        if isinstance(name, list) and isinstance(name[0], str):
            return name[0].strip()
    shown = node_text(document.first("a.card_title_fname")).removesuffix("吧").strip()
    match = _TITLE.match(document.title)
    return shown or (match[1].strip() if match else "") or post.parameter(document.url, "kw")


def _rendered(document: Document) -> Page:
    """The Vue page's cards, outermost only."""
    cards = [
        card
        for card in bounded(document.all(_CARD), PAGE)
        if card.parent is None or "thread-card" not in attribute(card.parent, "class").split()
    ]
    if not cards:
        raise LayoutChanged(PAGE, "j_thread_list")
    forum = _forum_name(document)
    mentions = post.once(_card(card, forum, document.fetched_at) for card in cards)
    if not any(mention.author for mention in mentions):
        raise LayoutChanged(PAGE, "head-name")
    return Page(page=PAGE, state=PageState.OK, mentions=mentions)


def _card(card: LexborNode, forum: str, fetched_at: datetime) -> FoundMention:
    links = [attribute(card, "href"), *(attribute(link, "href") for link in card.css("a[href]"))]
    tid = next((tid for link in links if (tid := post.thread_in(link))), None)
    if tid is None:
        raise LayoutChanged(PAGE, "thread-content-link")
    title = node_text(first(card, ".thread-title"))
    text = node_text(first(card, ".thread-content"))
    if not title and not text:
        raise LayoutChanged(PAGE, "thread-title")
    name = first(card, ".forum-name-text") or first(card, ".forum-name")
    line = node_text(first(card, ".desc-info"))
    told = None if line.startswith("回复于") else post.time_in(line, fetched_at)[0]
    author = first(card, ".head-name")
    return post.mention(
        post.thread(tid),
        told,
        title=title,
        text=text,
        author=node_text(author),
        author_uid=post.uid_in(attribute(first(card, "a[href*='/home/main']"), "href")),
        forum=forum or node_text(name).removesuffix("吧").strip(),
        comments=read_count(node_text(first(card, ".comment-link-zone .action-number"))),
    )
