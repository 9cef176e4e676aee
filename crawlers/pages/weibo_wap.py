"""weibo.cn, the old wap html: posts of an account, and a post with its comments.

A post is `div.c` with its bid behind `M_`, a comment `div.c` with its id behind `C_`. What stands
in the rows of a post is text until the first button; counts are buttons such as `赞[12]`. In a
repost the original comes first, with its counts, and the reposter speaks behind the words
转发理由. The markup closes spans that are not open, so a text may go on behind its `.ctt`. When the
original was published is not on the page. In 2025 the place of a comment reads `来自来自广东`.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from selectolax.lexbor import LexborNode

from crawlers.pages import walls
from crawlers.pages.document import Document, attribute, bounded, first
from crawlers.pages.text import clean, nodes_text
from crawlers.pages.weibo_post import A_CLIENT, detail_url, once, place, post_url, topic_in
from domain.counts import read_count
from domain.errors import LayoutChanged
from domain.mention import Kind, Platform, Precision
from domain.page import FoundMention, Page, PageState
from domain.times import read_time
from domain.weibo_ids import mid_of, time_of

PAGE = "weibo_wap_posts"
COMMENTS_PAGE = "weibo_wap_comments"

_POST = "div.c[id^=M_]"
_COMMENT = "div.c[id^=C_]"
_ASTRAY = "div.c:not([id^=M_]):not([id^=C_]) .ctt, div.c[id] div.c[id]"
"""A text that belongs to nothing, as its id is not where it was; or posts inside posts."""

_COMMENT_FORM = "#cmtfrm"
_COUNT = re.compile(r"(?:原文)?(赞|转发|评论)\[([^\[\]]{1,20})\]")
_BUTTON = re.compile(
    r"#cmtfrm|/(?:attitude|repost|fav|attention|spam|comments)/|/mblog/(?:pic|oripic|operation)"
    r"|place\.weibo\.com/imgmap"
)
_BID_IN_COMMENTS = re.compile(r"/comments?/(?:reply/)?([0-9A-Za-z]{5,12})(?:[/?#]|$)")
_UID_IN_REPOST = re.compile(r"/repost/[^?]*\?(?:.*&)?uid=([0-9]{5,12})(?:&|$)")
_UID_IN_REPORT = re.compile(r"[?&]fuid=([0-9]{5,12})(?:&|$)")
_USER_LINK = re.compile(r"(?:^|weibo\.cn)/(?:u/)?([0-9]{5,12})(?:[/?#]|$)")
_FOLLOW_LINK = re.compile(r"/attention/add\?(?:.*&)?uid=([0-9]{5,12})(?:&|$)")
_WHOSE = re.compile(r"转发了\s*(.{1,60}?)\s*的微博")
_SHOWN_AT = re.compile(
    r"((?:刚刚|今天|昨天|前天)?[0-9年月日:/\- ]*(?:(?:秒|分|小时)钟?前)?)(.*?)(?:发布于(.*))?",
    re.DOTALL,
)
"""`01月10日 12:43 来自来自河南`, `2020-06-05 11:12:14 网页`."""

_MID_OF_COMMENT = re.compile(r"C_([0-9]{8,20})")
_NEXT = re.compile(r"[?&]page=([0-9]{1,6})(?:&|$)")
_NOBODY = re.compile(r"还没有人|没有评论|暂无评论")
_SILENT = re.compile(r"(?:还没有?|没有)发过微博|还没有(?:发布)?微博|没有微博")


def parse(body: bytes, *, url: str, status: int, fetched_at: datetime) -> Page:
    """Return the posts of an account, or the comments on a post with that post embedded.

    The text of a repost is what the reposter says, `//@` and the original, as Weibo itself quotes
    in one text; the original is a mention of its own too (embedded), with the time that its id
    tells. `next` is the number of the next page. Raises LayoutChanged when an entry has no readable
    id, time or text.
    """
    document = Document(body, url, status, fetched_at)
    return walls.find(Platform.WEIBO, document, page=PAGE) or read(document)


def looks_like(document: Document) -> bool:
    """Whether the page is one of weibo.cn with posts or comments."""
    if document.object:
        return False
    return document.first(f"{_POST}, {_COMMENT}") is not None or _is_of_account(document)


def _is_of_account(document: Document) -> bool:
    return document.title.endswith("的微博") and document.first("div.u .tip2") is not None


def read(document: Document) -> Page:
    """Read a page that no wall stands before."""
    comments = bounded(document.all(_COMMENT), COMMENTS_PAGE)
    if comments or document.first(_COMMENT_FORM) is not None:
        return _comments_page(comments, document)
    if document.first(_ASTRAY) is not None:
        raise LayoutChanged(PAGE, "id")
    blocks = bounded(document.all(_POST), PAGE)
    if not blocks:
        return _without_posts(document)
    owner = _owner(document)
    found: list[FoundMention] = []
    for block in blocks:
        found += _post(_Block(block, PAGE, owner, document.fetched_at))
    return Page(PAGE, PageState.OK, mentions=once(found), next=_next(document))


def _without_posts(document: Document) -> Page:
    shown = (_label(block) for block in document.all("body > div.c"))
    if any(_SILENT.search(words) for words in shown):
        return Page.empty(PAGE)
    raise LayoutChanged(PAGE, "M_")


def _next(document: Document) -> str | None:
    for link in document.all("#pagelist a[href]"):
        match = _NEXT.search(attribute(link, "href"))
        if match and _label(link) == "下页":
            return match[1]
    return None


@dataclass(frozen=True, slots=True)
class _Author:
    name: str
    uid: str | None


def _owner(document: Document) -> _Author:
    """Whose page it is, as its title says; nobody's on pages of many people."""
    name = document.title.removesuffix("的微博") if document.title.endswith("的微博") else ""
    links = (attribute(link, "href") for link in document.all(".u a[href], .ut a[href]"))
    uids = (_FOLLOW_LINK.search(link) or _USER_LINK.search(link) for link in links)
    return _Author(name, next((match[1] for match in uids if match), None))


@dataclass(frozen=True, slots=True)
class _Told:
    """When, from where and with what something was posted."""

    at: datetime
    precision: Precision
    place: str | None
    client: str | None


@dataclass(frozen=True, slots=True)
class _Block:
    """A post or comment on a page of `owner`."""

    node: LexborNode
    page: str
    owner: _Author
    fetched_at: datetime
    bid: str = ""

    def rows(self) -> list[LexborNode]:
        return [child for child in _from(self.node.child) if child.tag == "div"]

    def links(self) -> Iterator[str]:
        for parent in (self.node, *self.rows()):
            for child in _from(parent.child):
                if child.tag == "a":
                    yield attribute(child, "href")

    def told(self) -> _Told:
        shown = _SHOWN_AT.fullmatch("".join(_label(node) for node in self.node.css(".ct")[-1:]))
        told = read_time(shown[1], fetched_at=self.fetched_at) if shown else None
        if shown is None or told is None:
            raise LayoutChanged(self.page, "ct")
        source = place(shown[2])
        if source and (shown[2].strip().startswith("来自来自") or not A_CLIENT.search(source)):
            return _Told(*told, source, None)
        return _Told(*told, place(shown[3]), source)

    def author(self) -> _Author:
        """Who the first link names; the owner of the page where a post begins with its text."""
        named = first(self.node, "a.nk") or _leading_link(self.node) or self._first_of_post()
        if named is None:
            return _Author(self.owner.name, self._uid() or self.owner.uid)
        own_link = _USER_LINK.search(attribute(named, "href"))
        return _Author(clean(_label(named)), own_link[1] if own_link else self._uid())

    def _uid(self) -> str | None:
        """The author's, by the links to report or repost what he said."""
        for link in self.links():
            if match := _UID_IN_REPORT.search(link) or _UID_IN_REPOST.search(link):
                return match[1]
        return None

    def _first_of_post(self) -> LexborNode | None:
        rows = self.rows()
        return _leading_link(rows[0]) if rows else None


def _leading_link(node: LexborNode) -> LexborNode | None:
    """The link with which a comment or row begins, but for the mark of a hot comment."""
    for child in _from(node.child):
        if child.is_element_node and "kt" not in attribute(child, "class").split():
            return child if child.tag == "a" else None
    return None


def _label(node: LexborNode) -> str:
    """The words of a button, a name or a time, which hold no markup that matters."""
    return node.text().replace("\xa0", " ").strip()


def _from(node: LexborNode | None) -> Iterator[LexborNode]:
    """A node and its neighbours behind it."""
    while node is not None:
        yield node
        node = node.next


def _said(nodes: Iterable[LexborNode]) -> str:
    """The text of neighbours up to the first button."""
    kept: list[LexborNode] = []
    for node in nodes:
        if _is_button(node):
            # [<a>组图共2张</a>]
            is_bracketed = "picAll" in attribute(node, "href")
            return nodes_text(kept).removesuffix("[" if is_bracketed else "").rstrip()
        kept.append(node)
    return nodes_text(kept)


def _is_button(node: LexborNode) -> bool:
    if node.tag == "a":
        return _BUTTON.search(attribute(node, "href")) is not None
    if node.tag != "span":
        return False
    classes = attribute(node, "class").split()
    is_count = "cmt" in classes and _COUNT.fullmatch(_label(node)) is not None
    return is_count or "ct" in classes or "cc" in classes


def _counts(buttons: Iterable[LexborNode]) -> dict[str, int | None]:
    """Counts by their words (赞, 转发, 评论), as buttons among these nodes tell them."""
    counts: dict[str, int | None] = {}
    for button in buttons:
        is_button = button.tag in ("a", "span")
        if is_button and (match := _COUNT.fullmatch(_label(button))):
            counts.setdefault(match[1], read_count(match[2]))
    return counts


def _inside(rows: Iterable[LexborNode]) -> Iterator[LexborNode]:
    for row in rows:
        yield from _from(row.child)


def _post(block: _Block) -> list[FoundMention]:
    bid = block.bid or attribute(block.node, "id").removeprefix("M_")
    mid = mid_of(bid)
    if mid is None:
        raise LayoutChanged(block.page, "id")
    rows = block.rows()
    mark = _mark(rows, "转发理由")
    header = _mark(rows, "转发了")
    shown = first(block.node, ".ctt")
    if shown is None and header is None:
        raise LayoutChanged(block.page, "ctt")
    author, told = block.author(), block.told()
    text = _said(_from(shown)).removeprefix(":")
    own_rows = rows
    original = None
    if header is not None:
        own_rows = [mark.parent] if mark is not None and mark.parent is not None else []
        original = _original(header, rows, own_rows, text, block)
        text = _said(_from(mark.next)) if mark is not None else ""
    counts = _counts(_inside(own_rows))
    own = FoundMention(
        id=f"{Platform.WEIBO}:{mid}",
        platform=Platform.WEIBO,
        kind=Kind.POST,
        url=post_url(mid, bid, author.uid),
        text=text,
        published_at=told.at,
        published_precision=told.precision,
        bid=bid,
        author=author.name,
        author_uid=author.uid,
        ip_location=told.place,
        client=told.client,
        likes=counts.get("赞"),
        comments=counts.get("评论"),
        reposts=counts.get("转发"),
        topic=topic_in(text),
    )
    if original is None:
        return [own]
    quoted = f"{text}//@{original.author}:{original.text}"
    return [replace(own, text=quoted, repost_of=original.id), original]


def _mark(rows: Iterable[LexborNode], words: str) -> LexborNode | None:
    """The grey words that begin a part of a repost."""
    for row in rows:
        for child in _from(row.child):
            is_grey = child.tag == "span" and "cmt" in attribute(child, "class").split()
            if is_grey and _label(child).startswith(words):
                return child
    return None


def _original(
    header: LexborNode,
    rows: list[LexborNode],
    own_rows: list[LexborNode],
    text: str,
    block: _Block,
) -> FoundMention | None:
    """The reposted post; None where only a notice is left of it, which names nobody."""
    whose = _WHOSE.search(_label(header))
    theirs = [row for row in rows if all(row.mem_id != own.mem_id for own in own_rows)]
    links = [attribute(link, "href") for row in theirs for link in row.css("a.cc[href]")]
    bid = next((m[1] for link in links if (m := _BID_IN_COMMENTS.search(link))), "")
    mid = mid_of(bid)
    if whose is None or mid is None:
        return None
    user = _USER_LINK.search(attribute(first(header, "a[href]"), "href"))
    uid = user[1] if user else None
    given_out = time_of(mid, now=block.fetched_at)
    counts = _counts(_inside(theirs))
    return FoundMention(
        id=f"{Platform.WEIBO}:{mid}",
        platform=Platform.WEIBO,
        kind=Kind.POST,
        url=post_url(mid, bid, uid),
        text=text,
        published_at=given_out.replace(second=0) if given_out else None,
        published_precision=Precision.MINUTE,
        bid=bid,
        author=whose[1].removeprefix("@"),
        author_uid=uid,
        likes=counts.get("赞"),
        comments=counts.get("评论"),
        reposts=counts.get("转发"),
        topic=topic_in(text),
        embedded=True,
    )


def _comments_page(blocks: list[LexborNode], document: Document) -> Page:
    bid = _commented(document)
    posts = _commented_post(bid, document)
    if document.first(_ASTRAY) is not None:
        raise LayoutChanged(COMMENTS_PAGE, "id")
    if not blocks:
        if _NOBODY.search(document.text) or (posts and posts[0].comments == 0):
            return Page.empty(COMMENTS_PAGE)
        raise LayoutChanged(COMMENTS_PAGE, "C_")
    post = mid_of(bid)
    nobody = _Author("", None)
    found = [
        _comment(_Block(block, COMMENTS_PAGE, nobody, document.fetched_at), post)
        for block in blocks
    ]
    return Page(COMMENTS_PAGE, PageState.OK, mentions=once(found + posts), next=_next(document))


def _commented(document: Document) -> str:
    """The bid of the post that is commented."""
    bid = attribute(document.first(f"{_COMMENT_FORM} input[name=id]"), "value")
    links = [attribute(link, "href") for link in document.all(f"{_COMMENT} a[href]")]
    told = (_BID_IN_COMMENTS.search(link) for link in [*links, document.url])
    return bid or next((match[1] for match in told if match), "")


def _commented_post(bid: str, document: Document) -> list[FoundMention]:
    """The post above its comments. Its counts stand in a row of their own below it."""
    node = document.first(_POST)
    if node is None or not bid:
        return []
    posts = _post(_Block(node, COMMENTS_PAGE, _Author("", None), document.fetched_at, bid))
    links = (f"a[href*='/repost/{bid}'], a[href*='/attitude/{bid}'], span.pms") if bid else ""
    counts = _counts(document.all(links))
    own = replace(
        posts[0],
        likes=counts.get("赞"),
        comments=counts.get("评论"),
        reposts=counts.get("转发"),
    )
    return [replace(post, embedded=True) for post in (own, *posts[1:])]


def _comment(block: _Block, post: str | None) -> FoundMention:
    match = _MID_OF_COMMENT.fullmatch(attribute(block.node, "id"))
    if match is None:
        raise LayoutChanged(COMMENTS_PAGE, "id")
    shown = first(block.node, ".ctt")
    if shown is None:
        raise LayoutChanged(COMMENTS_PAGE, "ctt")
    author, told = block.author(), block.told()
    if not author.name:
        raise LayoutChanged(COMMENTS_PAGE, "author")
    text = _said(_from(shown))
    above = f"{Platform.WEIBO}:{post}" if post else None
    return FoundMention(
        id=f"{Platform.WEIBO}:{match[1]}",
        platform=Platform.WEIBO,
        kind=Kind.COMMENT,
        url=f"{detail_url(post)}?cid={match[1]}" if post else "",
        text=text,
        published_at=told.at,
        published_precision=told.precision,
        author=author.name,
        author_uid=author.uid,
        parent_id=above,
        root_id=above,
        ip_location=told.place,
        client=told.client,
        likes=_counts(_from(block.node.child)).get("赞"),
        topic=topic_in(text),
    )
