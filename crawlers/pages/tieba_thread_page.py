"""A Tieba thread as html: the finished pages of 2015 to 2024, and the floors that the Vue page of
2026 renders.

Finished html: each `.l_post` describes itself in `data-field` (JSON); an advert has `{}` there and
no text. Time, floor and client stand in `.tail-info` (2017 on) or `ul.p_tail` (2015 and 2016), the
place in `.post-tail-wrap` (2022 on). Floors below the first screen may still be inside a comment,
for the page's scripts to show. A page saved after its scripts ran holds the replies to floors, too.

The Vue page is the last resort: it shows what is on the screen, without the opening post's number.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
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
_GONE = "贴吧404"
"""The title of what stands where a thread was; it may come with HTTP 200."""

_RENDERED = ".pb-comment-item"
_RENDERED_OPENING = ".pb-content-wrap"
_RENDERED_TITLE = ".pb-title-wrap"
_RENDERED_BODIES = (
    ".comment-content .pb-rich-text",
    ".comment-content .pb-content-item",
    ".comment-content > span",
)
_ACTIONS = 3
_ALL_REPLIES = re.compile(r"全部回复 ?[(（](\d{1,9})[)）]")

_FULL_TIME = re.compile(r"20\d{2}-\d{1,2}-\d{1,2}[ \xa0]\d{1,2}:\d{2}(?::\d{2})?")
_LABEL = re.compile(r"^第? ?(\d{1,9}) ?楼$", re.MULTILINE)
_CLIENT = re.compile(r"^来自\s{0,9}(\S[^\n]{0,40})$", re.MULTILINE)
_IP = re.compile(r"^IP ?属地\s{0,3}[:：]?\s{0,3}\S{2,20}$", re.MULTILINE)
_TIDS = (
    re.compile(r"thread_id['\"]?\s{0,3}:\s{0,3}['\"]?(\d{5,20})"),
    # links of a floor: to complain of it, to its author's posts only, to another page
    re.compile(r"[?&;]tid=(\d{5,20})&(?:amp;)?pid="),
    re.compile(r"[\"'/]p/(\d{5,20})\?(?:see_lz|pn)="),
)
_TITLE = re.compile(r"^(?:【图片】)?(.{0,200}?)(?:【([^【】]{1,60}?)吧】)?_百度贴吧$")
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
    """Whether the page shows floors, in either layout, or stands where they were."""
    if document.object:
        return False
    shown = f"{_FLOOR}, {_RENDERED}, {_RENDERED_OPENING}"
    is_there = document.first(shown) is not None or post.is_hidden(document, _MARK)
    return is_there or document.title == _GONE


def read(document: Document) -> Page:
    """Read a page that no wall stands before."""
    trees = [document.tree, *post.hidden(document, _MARK)]
    cards = [card for tree in trees if tree is not None for card in tree.css(_FLOOR)]
    if not cards:
        return _without_floors(document)
    floors = [_Floor.of(card) for card in bounded(cards, PAGE)]
    thread = _Thread.of(document, floors)
    mentions = post.once(mention for floor in floors for mention in thread.floor(floor))
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
    document: Document, floors: list["_Floor"], mentions: Sequence[FoundMention], tid: str
) -> tuple[str, ...]:
    """Where the page's script asks for the replies to its floors, when it shows none of them and
    counts some.
    """
    counted = any(one.kind is Kind.FLOOR and one.comments for one in mentions)
    if not counted or any(one.kind is Kind.REPLY for one in mentions):
        return ()
    told = (post.native(floor.content.get("forum_id")) for floor in floors)
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
class _Floor:
    """A floor and what it says of itself; `is_empty` where that is `{}`, as of an advert.

    Until about 2014 the fields were called `id`, `name` and `floor`.
    """

    card: LexborNode
    author: Mapping[str, object]
    content: Mapping[str, object]
    is_empty: bool

    @property
    def pid(self) -> str | None:
        """The number of the post."""
        return post.native(self.content.get("post_id")) or post.native(self.content.get("id"))

    @property
    def user(self) -> str | None:
        """Who wrote it."""
        author = self.author
        return post.uid(
            author.get("user_id") or author.get("id"),
            author.get("portrait"),
            author.get("user_name") or author.get("name"),
        )

    @property
    def number(self) -> int | None:
        """Which floor it is."""
        return read_count(self.content.get("post_no")) or read_count(self.content.get("floor"))

    @classmethod
    def of(cls, card: LexborNode) -> "_Floor":
        told = attribute(card, "data-field")
        data = post.data_field(told)
        author, content = post.inside(data, "author"), post.inside(data, "content")
        return cls(card, author, content, told.strip() == "{}")


@dataclass(frozen=True, slots=True)
class _Thread:
    """What a page says about the thread as a whole, for the reading of its floors."""

    tid: str
    title: str
    forum: str
    replies: int | None
    fetched_at: datetime

    @classmethod
    def of(cls, document: Document, floors: list[_Floor]) -> "_Thread":
        tid = _thread_id(document, floors)
        if tid is None:
            raise LayoutChanged(PAGE, "thread_id")
        heading = document.first(".core_title_txt")
        title = attribute(heading, "title").strip() or node_text(heading)
        forum = _forum(document)
        if (not title or not forum) and (named := _TITLE.match(document.title)):
            title, forum = title or named[1].strip(), forum or (named[2] or "").strip()
        return cls(
            tid=tid,
            title=re.sub(r"^回复[：:]", "", title),
            forum=forum,
            replies=read_count(node_text(document.first(".l_reply_num span.red"))),
            fetched_at=document.fetched_at,
        )

    def floor(self, floor: _Floor) -> Iterator[FoundMention]:
        """A floor and the replies below it; nothing for an advert."""
        card, content = floor.card, floor.content
        body = first(card, ".d_post_content")
        pid = floor.pid or _post_id(card, body)
        if pid is None:
            if body is None or floor.is_empty:
                return
            raise LayoutChanged(PAGE, "post_id")
        tail = _Tail.of(floor, self.fetched_at)
        yield self._mention(floor, pid, _text(body, content), tail)
        at = tieba_replies.Floor(self.tid, pid, self.forum, tail.floor == 1)
        for item in card.css(tieba_replies.ITEM):
            yield from tieba_replies.read_item(item, at, self.fetched_at, PAGE, embedded=True)

    def _mention(self, floor: _Floor, pid: str, text: str, tail: "_Tail") -> FoundMention:
        is_opening = tail.floor == 1
        shown = first(floor.card, ".p_author_name") or first(floor.card, ".d_name a")
        return post.mention(
            post.thread(self.tid, pid) if is_opening else post.floor(self.tid, pid),
            tail.told,
            title=self.title if is_opening else "",
            text=text,
            author=_author(shown, floor.author),
            author_uid=floor.user or post.uid_in(attribute(shown, "href")),
            forum=self.forum,
            comments=self.replies if is_opening else _replies(floor),
            ip_location=tail.ip_location,
            client=tail.client,
        )


def _thread_id(document: Document, floors: list[_Floor]) -> str | None:
    """The thread: in each floor since 2017, else in the links and scripts around them."""
    for floor in floors:
        if tid := post.native(floor.content.get("thread_id")):
            return tid
    links = document.all("#lzonly_cntn, link[rel=canonical], .l_pager a, .j_louzhubiaoshi a")
    for address in (document.url, *(attribute(link, "href") for link in links)):
        if tid := post.thread_in(address):
            return tid
    found = (pattern.search(document.text) for pattern in _TIDS)
    return next((match[1] for match in found if match), None)


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
    return node_text(shown) or post.first_words(author, "user_nickname", "user_name", "name")


def _replies(floor: _Floor) -> int | None:
    told = read_count(floor.content.get("comment_num"))
    if told is not None:
        return told
    match = _UNFOLD.search(node_text(first(floor.card, ".lzl_link_unfold")))
    return read_count(match[1]) if match else None


@dataclass(frozen=True, slots=True)
class _Tail:
    """The line below a floor: when, which floor, by which client, from where."""

    told: post.Told
    floor: int | None
    client: str | None
    ip_location: str | None

    @classmethod
    def of(cls, floor: _Floor, fetched_at: datetime) -> "_Tail":
        card, content = floor.card, floor.content
        shown = first(card, ".core_reply_tail") or first(card, ".post-tail-wrap, .p_tail")
        line = shown.text(deep=True, separator="\n", strip=True) if shown is not None else ""
        time = _FULL_TIME.search(line)
        told = read_time(time[0] if time else content.get("date"), fetched_at=fetched_at)
        if told is None:
            raise LayoutChanged(PAGE, "tail-info")
        client = _CLIENT.search(line) if "来自" in line else None
        place = _IP.search(line) if "IP" in line else None
        return cls(
            told,
            floor.number or _number(card, line),
            client[1].strip() if client else None,
            post.ip_place(place[0]) if place else None,
        )


def _number(card: LexborNode, line: str) -> int | None:
    """Which floor it is, of a floor that does not say so of itself."""
    if label := _LABEL.search(line):
        return int(label[1])
    return 1 if first(card, ".d_post_content_firstfloor") else None


def _without_floors(document: Document) -> Page:
    if document.title == _GONE and not walls.has_content(Platform.TIEBA, document):
        return Page(page=PAGE, state=PageState.GONE, reason="deleted, or never was")
    return _rendered(document)


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
    for name in ("data-tid", "tid"):
        if tid := post.native(attribute(document.first(f"[{name}]"), name)):
            return tid
    found = re.search(r"/p/(\d{5,20})\?showComment=", document.text)
    return found[1] if found else None


@dataclass(frozen=True, slots=True)
class _Rendered:
    tid: str | None
    forum: str
    document: Document

    def opening(self) -> Iterator[FoundMention]:
        said = self.document.first(_RENDERED_OPENING)
        shown = self.document.first(_RENDERED_TITLE)
        if self.tid is None or (said is None and shown is None):
            return  # a video has a title and no words
        author = self.document.first(".image-text > .user-info") or self._first_line()
        name = node_text(first(author, ".head-name") if author else None)
        info = first(author, ".desc-info, .post-num") if author else None
        line = node_text(info) if info else node_text(author).removeprefix(name)
        told, rest = post.time_in(line, self.document.fetched_at)
        title = self.document.first(f"{_RENDERED_TITLE} .pb-title")
        comments, likes = self._counts()
        yield post.mention(
            post.thread(self.tid),
            told,
            title=node_text(title or shown),
            text=node_text(said),
            author=name,
            author_uid=_user(author),
            forum=self.forum,
            comments=comments,
            likes=likes,
            ip_location=post.ip_place(rest),
        )

    def _counts(self) -> tuple[int | None, int | None]:
        """Replies and likes: below the opening post stand share, comment, like and keep, in this
        order, a word where there is none yet; above the floors the number of all replies.
        """
        bar = self.document.first(".action-bar-container")
        numbers = bar.css(".action-number") if bar is not None else []
        shown = [read_count(node_text(number)) for number in numbers]
        told = _ALL_REPLIES.search(node_text(self.document.first(".pc-pb-reply-top")))
        replies = read_count(told[1]) if told else None
        if len(shown) < _ACTIONS:
            return replies, None
        return (shown[1] if replies is None else replies), shown[2]

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
        said = next(
            (body for shown in _RENDERED_BODIES if (body := first(card, shown)) is not None), None
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
    """The user of a line: the link on the name, else the address of the picture."""
    if card is None:
        return None
    link, picture = first(card, "a[href*='/home/main']"), first(card, "img.avatar-img")
    known = post.uid_in(attribute(link, "href"))
    return known or post.portrait_uid(attribute(picture, "src") or attribute(picture, "data-src"))


def _rendered_id(card: LexborNode, holders: tuple[str, ...]) -> str | None:
    """The number of a floor, which stands on its element or on the list item around it."""
    names = ("data-id", "data-key", "data-pid", "data-post-id", "data-comment-id", "id")
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
