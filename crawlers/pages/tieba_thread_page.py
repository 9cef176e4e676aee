"""A Tieba thread as html: the finished pages of 2015 to 2024, and the floors that the Vue page of
2026 renders.

Finished html: each `.l_post` describes itself in `data-field` (JSON); an advert has `{}` there and
no text. Time, floor and client stand in `.tail-info` (2017 on) or `ul.p_tail` (2015 and 2016), the
place in `.post-tail-wrap` (2022 on). Floors below the first screen may still be inside a comment,
for the page's scripts to show. A page saved after its scripts ran holds the replies to floors, too.

The Vue page is the last resort: it shows what is on the screen, without the opening post's number.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from selectolax.lexbor import LexborNode

from crawlers.pages import tieba_post as post
from crawlers.pages import tieba_replies, walls
from crawlers.pages.document import Document, attribute, bounded, first
from crawlers.pages.text import markup_text, node_text
from domain.counts import read_count
from domain.errors import LayoutChanged
from domain.mention import Kind, Platform
from domain.page import FoundMention, Page, PageState
from domain.times import read_time

PAGE = "tieba_thread_page"

_FLOOR = "div.l_post"
_MARK = "j_l_post"
_RENDERED = ".pb-comment-item"
_RENDERED_OPENING = ".pb-content-wrap"
_RENDERED_TITLE = ".pb-title-wrap"

_FULL_TIME = re.compile(r"20\d{2}-\d{1,2}-\d{1,2}[ \xa0]\d{1,2}:\d{2}(?::\d{2})?")
_LABEL = re.compile(r"^第? ?(\d{1,9}) ?楼$", re.MULTILINE)
_CLIENT = re.compile(r"^来自\s{0,9}(\S[^\n]{0,40})$", re.MULTILINE)
_IP = re.compile(r"^IP ?属地\s{0,3}[:：]?\s{0,3}\S{2,20}$", re.MULTILINE)
_TAIL = ".core_reply_tail, .post-tail-wrap, .p_tail"
_TID = re.compile(r"thread_id['\"]?\s{0,3}:\s{0,3}['\"]?(\d{5,20})")
_POST_ID = re.compile(r"(\d{5,20})$")
_UNFOLD = re.compile(r"回复\((\d{1,9})\)")


def parse(body: bytes, *, url: str, status: int, fetched_at: datetime) -> Page:
    """Return the posts of a page of a thread; replies shown below a floor are `embedded`.

    `next` is the number of the next page (finished html only: the Vue page loads by scrolling).
    Raises LayoutChanged when a floor has no readable id, time or text, and when the page has
    nothing but adverts.
    """
    document = Document(body, url, status, fetched_at)
    return walls.find(Platform.TIEBA, document, page=PAGE) or read(document)


def looks_like(document: Document) -> bool:
    """Whether the page shows floors, in either layout."""
    shown = f"{_FLOOR}, {_RENDERED}, {_RENDERED_OPENING}"
    return document.first(shown) is not None or post.is_hidden(document, _MARK)


def read(document: Document) -> Page:
    """Read a page that no wall stands before."""
    trees = post.hidden(document, _MARK)
    floors = document.all(_FLOOR) + [floor for tree in trees for floor in tree.css(_FLOOR)]
    if not floors:
        return _rendered(document)
    thread = _Thread.of(document, floors)
    mentions = post.once(
        mention for floor in bounded(floors, PAGE) for mention in thread.floor(floor)
    )
    if not mentions:
        raise LayoutChanged(PAGE, "post_id")
    post.demand(mentions, PAGE, author="p_author_name", time="tail-info")
    return Page(
        page=PAGE,
        state=PageState.OK,
        mentions=mentions,
        next=_next_page(document),
        leads=_leads(document, floors, mentions, thread.tid),
    )


def _leads(
    document: Document, floors: list[LexborNode], mentions: Iterable[FoundMention], tid: str
) -> tuple[str, ...]:
    """Where the page's script asks for the replies to its floors, when it shows none of them and
    counts some.
    """
    found = list(mentions)
    counted = any(one.kind is Kind.FLOOR and one.comments for one in found)
    if not counted or any(one.kind is Kind.REPLY for one in found):
        return ()
    fields = (post.data_field(attribute(floor, "data-field")) for floor in floors)
    told = (post.native(post.inside(field, "content").get("forum_id")) for field in fields)
    fid = next(filter(None, told), None)
    if fid is None:
        return ()
    number = post.native(post.parameter(document.url, "pn")) or "1"
    return (f"/p/totalComment?tid={tid}&fid={fid}&pn={number}&see_lz=0",)


def _next_page(document: Document) -> str | None:
    pager = document.first(".l_pager")
    for link in pager.css("a[href]") if pager is not None else ():
        if link.text(deep=True).strip() == "下一页":
            return post.native(post.parameter(attribute(link, "href"), "pn"))
    return None


@dataclass(frozen=True, slots=True)
class _Thread:
    """What a page says about the thread as a whole, for the reading of its floors."""

    tid: str
    title: str
    forum: str
    replies: int | None
    fetched_at: datetime

    @classmethod
    def of(cls, document: Document, floors: list[LexborNode]) -> "_Thread":
        tid = _thread_id(document, floors)
        if tid is None:
            raise LayoutChanged(PAGE, "thread_id")
        heading = document.first(".core_title_txt")
        title = attribute(heading, "title").strip() or node_text(heading)
        return cls(
            tid=tid,
            title=re.sub(r"^回复[：:]", "", title),
            forum=_forum(document),
            replies=read_count(node_text(document.first(".l_reply_num span.red"))),
            fetched_at=document.fetched_at,
        )

    def floor(self, card: LexborNode) -> Iterator[FoundMention]:
        """A floor and the replies below it; nothing for an advert."""
        told = attribute(card, "data-field")
        data = post.data_field(told)
        content = post.inside(data, "content")
        body = first(card, ".d_post_content")
        pid = post.native(content.get("post_id")) or _post_id(card, body)
        if pid is None:
            if body is None or told.strip() == "{}":
                return
            raise LayoutChanged(PAGE, "post_id")
        tail = _Tail.of(card, content, self.fetched_at)
        is_opening = tail.floor == 1
        yield self._mention(card, pid, data, _text(body, content), tail)
        at = tieba_replies.Floor(self.tid, pid, self.forum, is_opening)
        for item in card.css(tieba_replies.ITEM):
            yield from tieba_replies.read_item(item, at, self.fetched_at, PAGE, embedded=True)

    def _mention(
        self, card: LexborNode, pid: str, data: Mapping[str, object], text: str, tail: "_Tail"
    ) -> FoundMention:
        is_opening = tail.floor == 1
        author = post.inside(data, "author")
        shown = first(card, ".p_author_name") or first(card, ".d_name a")
        return post.mention(
            post.thread(self.tid, pid) if is_opening else post.floor(self.tid, pid),
            tail.told,
            title=self.title if is_opening else "",
            text=text,
            author=_author(shown, author),
            author_uid=post.uid(
                author.get("user_id"), author.get("portrait"), author.get("user_name")
            )
            or post.uid_in(attribute(shown, "href")),
            forum=self.forum,
            comments=self.replies if is_opening else _replies(card, post.inside(data, "content")),
            ip_location=tail.ip_location,
            client=tail.client,
        )


def _thread_id(document: Document, floors: list[LexborNode]) -> str | None:
    """The thread: in each floor since 2017, else in the links and scripts around them."""
    for floor in floors:
        content = post.inside(post.data_field(attribute(floor, "data-field")), "content")
        if tid := post.native(content.get("thread_id")):
            return tid
    links = document.all("#lzonly_cntn, link[rel=canonical], .l_pager a, .j_louzhubiaoshi a")
    for address in (document.url, *(attribute(link, "href") for link in links)):
        if tid := post.thread_in(address):
            return tid
    match = _TID.search(document.text)
    return match[1] if match else None


def _forum(document: Document) -> str:
    shown = node_text(document.first("a.card_title_fname")).removesuffix("吧").strip()
    return shown or attribute(document.first("meta[fname]"), "fname").strip()


def _post_id(card: LexborNode, body: LexborNode | None) -> str | None:
    match = _POST_ID.search(attribute(body, "id"))
    return post.native(attribute(card, "data-pid")) or (match[1] if match else None)


def _text(body: LexborNode | None, content: Mapping[str, object]) -> str:
    if body is not None:
        return node_text(body)
    if not isinstance(content.get("content"), str):
        raise LayoutChanged(PAGE, "d_post_content")
    return markup_text(content.get("content"))


def _author(shown: LexborNode | None, author: Mapping[str, object]) -> str:
    """The name shown: it may be neither the account's name nor the nickname in the data."""
    return node_text(shown) or post.first_words(author, "user_nickname", "user_name")


def _replies(card: LexborNode, content: Mapping[str, object]) -> int | None:
    told = read_count(content.get("comment_num"))
    if told is not None:
        return told
    match = _UNFOLD.search(node_text(first(card, ".lzl_link_unfold")))
    return read_count(match[1]) if match else None


@dataclass(frozen=True, slots=True)
class _Tail:
    """The line below a floor: when, which floor, by which client, from where."""

    told: post.Told
    floor: int | None
    client: str | None
    ip_location: str | None

    @classmethod
    def of(cls, card: LexborNode, content: Mapping[str, object], fetched_at: datetime) -> "_Tail":
        shown = first(card, _TAIL)
        line = shown.text(deep=True, separator="\n", strip=True) if shown is not None else ""
        time = _FULL_TIME.search(line)
        told = read_time(time[0] if time else content.get("date"), fetched_at=fetched_at)
        if told is None:
            raise LayoutChanged(PAGE, "tail-info")
        label, client, place = _LABEL.search(line), _CLIENT.search(line), _IP.search(line)
        number = read_count(content.get("post_no")) or (int(label[1]) if label else None)
        return cls(
            told,
            number or (1 if first(card, ".d_post_content_firstfloor") else None),
            client[1].strip() if client else None,
            post.ip_place(place[0]) if place else None,
        )


def _rendered(document: Document) -> Page:
    """The Vue page: the opening post, and the floors that are on the screen."""
    tid = _rendered_thread_id(document)
    forum = node_text(document.first(".forum-name-text") or document.first(".forum-name"))
    page = _Rendered(tid, forum.removesuffix("吧").strip(), document)
    cards = bounded(document.all(_RENDERED), PAGE)
    found = [*page.opening(), *(mention for card in cards for mention in page.floor(card))]
    if not found:
        raise LayoutChanged(PAGE, "pb-comment-item")
    post.demand(found, PAGE, author="head-name", time="comment-desc-left")
    reason = "" if tid else "does not say which thread: its opening post is left out"
    return Page(page=PAGE, state=PageState.OK, mentions=post.once(found), reason=reason)


def _rendered_thread_id(document: Document) -> str | None:
    links = document.all("link[rel=canonical], meta[property='og:url'], .pb-title-wrap a[href]")
    told = (attribute(link, "href") or attribute(link, "content") for link in links)
    for address in (document.url, *told):
        if tid := post.thread_in(address):
            return tid
    return post.native(attribute(document.first("[data-tid]"), "data-tid"))


@dataclass(frozen=True, slots=True)
class _Rendered:
    tid: str | None
    forum: str
    document: Document

    def opening(self) -> Iterator[FoundMention]:
        said = self.document.first(_RENDERED_OPENING)
        if said is None or self.tid is None:
            return
        author = self.document.first(".image-text > .user-info") or self._first_line()
        name = node_text(first(author, ".head-name") if author else None)
        info = first(author, ".desc-info, .post-num") if author else None
        line = node_text(info) if info else node_text(author).removeprefix(name)
        told, rest = post.time_in(line, self.document.fetched_at)
        title = self.document.first(f"{_RENDERED_TITLE} .pb-title")
        yield post.mention(
            post.thread(self.tid),
            told,
            title=node_text(title or self.document.first(_RENDERED_TITLE)),
            text=node_text(said),
            author=name,
            author_uid=_user(author),
            forum=self.forum,
            ip_location=post.ip_place(rest),
        )

    def _first_line(self) -> LexborNode | None:
        """The first line with a name that belongs to no floor."""
        for line in self.document.all(".head-line"):
            if not _is_inside(line, ("pb-comment-item", "pb-lzl-item")):
                return line
        return None

    def floor(self, card: LexborNode) -> Iterator[FoundMention]:
        pid = _rendered_id(card, ("virtual-list-item", "pb-comment-item-container"))
        if pid is None:
            raise LayoutChanged(PAGE, "data-id")
        items = card.css(".pb-lzl-item")
        yield self._mention(card, post.floor(self.tid, pid))
        for item in items:
            cid = _rendered_id(item, ())
            if cid is None:
                raise LayoutChanged(PAGE, "pb-lzl-item[data-id]")
            yield self._mention(item, post.reply(self.tid, pid, cid), embedded=True)

    def _mention(
        self, card: LexborNode, place: post.Place, *, embedded: bool = False
    ) -> FoundMention:
        said = first(card, ".comment-content .pb-rich-text") or first(
            card, ".comment-content .pb-content-item"
        )
        if said is None:
            raise LayoutChanged(PAGE, "comment-content")
        line = re.sub(r"^第 ?\d+ ?楼", "", node_text(first(card, ".comment-desc-left")))
        told, rest = post.time_in(line, self.document.fetched_at)
        name = first(card, ".head-name")
        return post.mention(
            place,
            told,
            text=node_text(said),
            author=node_text(name),
            author_uid=_user(card),
            forum=self.forum,
            likes=read_count(node_text(first(card, ".zan-container .action-number"))),
            ip_location=post.ip_place(rest),
            embedded=embedded,
        )


def _user(card: LexborNode | None) -> str | None:
    link = first(card, "a[href*='/home/main']") if card else None
    return post.uid_in(attribute(link, "href"))


def _rendered_id(card: LexborNode, holders: tuple[str, ...]) -> str | None:
    """The number of a floor, which stands on its element or on the list item around it."""
    names = ("data-id", "data-pid", "data-post-id", "data-comment-id", "id")
    node: LexborNode | None = card
    for _ in range(4):
        if node is None:
            return None
        for name in names:
            if (match := _POST_ID.search(attribute(node, name))) is not None:
                return match[1]
        node = node.parent
        if node is None or not (
            (holders and _has_class(node, holders)) or attribute(node, "data-id")
        ):
            return None
    return None


def _has_class(node: LexborNode, names: tuple[str, ...]) -> bool:
    return not set(attribute(node, "class").split()).isdisjoint(names)


def _is_inside(node: LexborNode, names: tuple[str, ...]) -> bool:
    above = node.parent
    while above is not None:
        if _has_class(above, names):
            return True
        above = above.parent
    return False
