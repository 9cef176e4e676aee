"""Tieba's search: the multsearch reply of 2026, the cards the Vue page renders, the html before.

The reply has the 20 newest; the page shows about five of them. The finished html of f/search/res
was last seen in August 2024 and still lies in saved pages; it lists threads and single replies,
whose title begins with 回复.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from selectolax.lexbor import LexborNode

from crawlers.pages import tieba_post as post
from crawlers.pages import walls
from crawlers.pages.document import Document, attribute, bounded, first
from crawlers.pages.text import node_text, plain_text
from domain.counts import read_count
from domain.errors import LayoutChanged
from domain.mention import Kind, Platform
from domain.page import BlockKind, FoundMention, Page, PageState
from domain.times import read_time

PAGE = "tieba_search"

_OLD_CARD = "div.s_post"
_NEW_CARD = ".threadcardclass, .thread-content-box"
_IS_REPLY = re.compile(r"^回复[：:]")
_NOTHING = "木有找到相关内容"
_ACTIONS = 3
"""Below a card: share, comment, like, in this order."""


def parse(body: bytes, *, url: str, status: int, fetched_at: datetime) -> Page:
    """Return the threads and replies that Tieba found, from whichever of its three layouts.

    State `empty` means Tieba said so; `not_content` is the Vue page before its results. A page
    that neither shows results nor mentions the word of its own address is a refusal in disguise.
    `next` is the number of the next page. Raises LayoutChanged when a result has no readable id,
    time or title.
    """
    document = Document(body, url, status, fetched_at)
    return walls.find(Platform.TIEBA, document, page=PAGE) or read(document)


def looks_like(document: Document) -> bool:
    """Whether the page is a multsearch reply or a search page of either layout."""
    if document.object:
        data = document.object.get("data")
        return isinstance(data, dict) and "card_list" in data
    return (
        document.first(f"{_OLD_CARD}, {_NEW_CARD}") is not None
        or (document.tree is not None and "/f/search/res" in document.url)
        or (_NOTHING in document.text and not walls.has_content(Platform.TIEBA, document))
    )


def read(document: Document) -> Page:
    """Read a page that no wall stands before."""
    if document.object:
        return _reply(document)
    if cards := bounded(document.all(_OLD_CARD), PAGE):
        found = [one for card in cards for one in _old_card(card, document.fetched_at)]
        if not found:
            raise LayoutChanged(PAGE, "tid")
        return _ok(found, following=_next_link(document))
    if cards := bounded(_new_cards(document), PAGE):
        return _ok([_new_card(card, document.fetched_at) for card in cards])
    return _without_results(document)


def _ok(found: Iterable[FoundMention], *, following: str | None = None) -> Page:
    return Page(page=PAGE, state=PageState.OK, mentions=post.once(found), next=following)


def _without_results(document: Document) -> Page:
    shown = node_text(document.tree.body) if document.tree else ""
    if _NOTHING in shown:
        return Page.empty(PAGE)
    if document.first("#app") is not None and not document.first("a[href*='/p/']"):
        return Page(page=PAGE, state=PageState.NOT_CONTENT, reason="page without its results")
    word = post.parameter(document.url, "qw").casefold()
    if word and word not in document.text.casefold():
        return Page.blocked(PAGE, BlockKind.REFUSED)
    raise LayoutChanged(PAGE, "s_post")


def _reply(document: Document) -> Page:
    data = document.object.get("data")
    if not isinstance(data, dict) or "card_list" not in data:
        raise LayoutChanged(PAGE, "data.card_list")
    cards = data["card_list"] or []
    if not isinstance(cards, list) or not all(isinstance(card, dict) for card in cards):
        raise LayoutChanged(PAGE, "data.card_list")
    threads = [post.inside(card, "data") for card in bounded(cards, PAGE) if _is_thread(card)]
    if not threads and any("tid" in post.inside(card, "data") for card in cards):
        raise LayoutChanged(PAGE, "cardInfo")
    following = _next_page(data, document.url)
    if not threads and following is None:
        return Page.empty(PAGE)
    return _ok([_thread(t, document.fetched_at) for t in threads], following=following)


def _is_thread(card: Mapping[str, object]) -> bool:
    return "thread" in (card.get("cardInfo"), card.get("cardStyle"))


def _next_page(data: Mapping[str, object], url: str) -> str | None:
    more = read_count(data.get("has_more"))
    if data.get("has_more") is True:
        more = 1
    if not more:
        return None
    current = read_count(data.get("current_page")) or read_count(post.parameter(url, "pn"))
    if not current:
        raise LayoutChanged(PAGE, "data.current_page")
    return str(current + 1)


def _thread(thread: Mapping[str, object], fetched_at: datetime) -> FoundMention:
    """One result of the reply: a thread, or a floor or reply beside the thread it is part of."""
    tid, pid, cid = (post.native(thread.get(key)) for key in ("tid", "pid", "cid"))
    title, text = plain_text(thread.get("title")), plain_text(thread.get("content"))
    is_reply = bool(post.inside(thread, "main_post")) or _IS_REPLY.match(title) is not None
    # beside a reply `create_time` may be that of its thread
    keys = ("time", "create_time") if is_reply else ("create_time", "time")
    times = (read_time(thread.get(key), fetched_at=fetched_at) for key in keys)
    user = post.inside(thread, "user")
    return _mention(
        _place(tid, pid, cid, is_reply=is_reply),
        next((time for time in times if time), None),
        title=title or plain_text(post.inside(thread, "main_post").get("title")),
        text=text,
        author=plain_text(user.get("show_nickname")) or plain_text(user.get("user_name")),
        author_uid=post.uid(user.get("user_id"), user.get("portrait")),
        comments=read_count(thread.get("post_num")),
        likes=read_count(thread.get("like_num")),
        reposts=read_count(thread.get("share_num")),
        forum=plain_text(thread.get("forum_name"))
        or plain_text(post.inside(thread, "forum_info").get("forum_name")),
    )


def _place(tid: str | None, pid: str | None, cid: str | None, *, is_reply: bool) -> post.Place:
    if tid is None:
        raise LayoutChanged(PAGE, "tid")
    if not is_reply:
        return post.thread(tid, pid)
    if pid is None:
        raise LayoutChanged(PAGE, "pid")
    return post.floor(tid, pid) if cid in (None, pid) else post.reply(tid, pid, str(cid))


def _mention(
    place: post.Place,
    told: post.Told | None,
    *,
    title: str,
    text: str,
    author: str,
    author_uid: str | None,
    forum: str,
    comments: int | None = None,
    likes: int | None = None,
    reposts: int | None = None,
    stirred: post.Told | None = None,
) -> FoundMention:
    if told is None and stirred is None:
        raise LayoutChanged(PAGE, "time")
    if not title and not text:
        raise LayoutChanged(PAGE, "title")
    return post.mention(
        place,
        told,
        title=title,
        text=text,
        author=author,
        author_uid=author_uid,
        forum=forum,
        # beside a floor or a reply stand the counts of its thread
        comments=comments if place.kind is Kind.THREAD else None,
        likes=likes,
        reposts=reposts,
        stirred=stirred,
    )


def _old_card(card: LexborNode, fetched_at: datetime) -> Iterator[FoundMention]:
    """The result of a card; nothing for a box that leads to no thread, as one about a forum."""
    link = first(card, ".p_title a")
    address = attribute(link, "href")
    tid = post.native(attribute(link, "data-tid")) or post.thread_in(address)
    if tid is None and "/p/" not in address:
        return
    title = node_text(link)
    pid, cid = (post.native(post.parameter(address, key)) for key in ("pid", "cid"))
    forum, author = _violet(card)
    # green is the time in every year, and named p_date in most
    when = first(card, ".p_date") or first(card, "font.p_green")
    yield _mention(
        _place(tid, pid, cid, is_reply=_IS_REPLY.match(title) is not None),
        read_time(node_text(when), fetched_at=fetched_at),
        title=title,
        text=node_text(first(card, ".p_content")),
        author=node_text(author),
        author_uid=post.uid_in(attribute(author.parent, "href")) if author else None,
        forum=node_text(forum),
    )


def _violet(card: LexborNode) -> tuple[LexborNode | None, LexborNode | None]:
    """The names of the forum and of the author, which are violet links in this order; a card may
    lack the author.
    """
    names = card.css("font.p_violet")
    forum = next((n for n in names if "p_forum" in attribute(n.parent, "class")), None)
    others = [name for name in names if forum is None or name.mem_id != forum.mem_id]
    if forum is None and others:
        forum = others.pop(0)
    return forum, others[0] if others else None


def _next_link(document: Document) -> str | None:
    page = post.parameter(attribute(document.first("a.next[href]"), "href"), "pn")
    return post.native(page)


def _new_cards(document: Document) -> list[LexborNode]:
    """The rendered cards, outermost only: in May 2026 one class stood inside the other."""
    cards = document.all(".threadcardclass")
    return cards or document.all(".thread-content-box")


def _new_card(card: LexborNode, fetched_at: datetime) -> FoundMention:
    links = (post.thread_in(attribute(link, "href")) for link in card.css("a[href]"))
    # the virtual list keeps its items by the number of the thread
    tid = next((tid for tid in links if tid), None) or post.native(post.list_key(card))
    author, told, stirred = _new_author(card, fetched_at)
    forum = node_text(first(card, ".forum-name-text") or first(card, ".forum-name"))
    return _mention(
        _place(tid, None, None, is_reply=False),
        told,
        title=node_text(first(card, ".title-wrap")),
        text=node_text(first(card, ".abstract-wrap")),
        author=author,
        author_uid=post.uid_in(attribute(first(card, "a[href*='/home/main']"), "href")),
        forum=forum.removesuffix("吧").strip(),
        comments=_new_comments(card),
        stirred=stirred,
    )


def _new_author(
    card: LexborNode, fetched_at: datetime
) -> tuple[str, post.Told | None, post.Told | None]:
    """Author, time and time of the last reply; they stand apart (March 2026) or as one line,
    `<name> 发布于 <time>`, which tells one of the two times.
    """
    line = node_text(first(card, ".top-title") or first(card, ".user-forum-info"))
    name, said, when = line.rpartition("发布于")
    replied = None
    if not said:
        name, said, ago = line.rpartition("回复于")
        replied, when = (read_time(ago, fetched_at=fetched_at), "") if said else (None, when)
    marked = first(card, ".forum-attention") or first(card, ".attention-wrap")
    return node_text(marked) or name.strip(), read_time(when, fetched_at=fetched_at), replied


def _new_comments(card: LexborNode) -> int | None:
    """Replies: the number beside the comment icon; likes and shares have the same class, and stand
    behind and before it.
    """
    numbers = card.css(".comment-link-zone .action-number")
    for item in card.css(".item-warp"):
        icon = first(item, "use")
        name = attribute(icon, "xlink:href") or attribute(icon, "href")
        if "comment" in name:
            numbers += item.css(".action-number")
    shown = numbers or card.css(".action-number")
    if not shown:
        return None
    return read_count(node_text(shown[0] if numbers or len(shown) < _ACTIONS else shown[1]))
