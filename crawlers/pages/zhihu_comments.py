"""Zhihu's comments: comment_v5 (root and child) and the lists before 2021, with the same objects.

A root comment shows the first of its replies (`child_comments`); the rest has a list of its own.
The object of a comment does not say what it is written under, only of which kind that is: the
addresses of the list do. Until about 2021 the author stood in `member` and likes in `vote_count`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from crawlers.pages import walls
from crawlers.pages.document import Document
from crawlers.pages.text import markup_text
from crawlers.pages.zhihu_item import (
    Item,
    address,
    each_once,
    first_count,
    first_time,
    is_deleted,
    mention_id,
    native_id,
    part,
    place,
    remarks,
    writer,
)
from crawlers.pages.zhihu_reply import entries, following, nothing
from domain.counts import read_count
from domain.errors import LayoutChanged
from domain.mention import Kind, Platform
from domain.page import FoundMention, Page, PageState

PAGE = "zhihu_comments"

_UNDER = re.compile(r"/(answer|article|zvideo|question|pin)s/([0-9]{1,20})/(?:\w+_)?comments?\b")
_REPLIES = re.compile(r"/comments?/([0-9]{1,20})/child_comments?\b")
_MARKS = frozenset({"comment_status", "common_counts", "featured_counts", "collapsed_counts"})


@dataclass(frozen=True, slots=True)
class _Place:
    """What the comments of a page are written under, as far as it is known: the mention's id and
    address, and the native id of the comment whose replies they are.
    """

    id: str | None
    url: str | None
    comment: str | None


def parse(body: bytes, *, url: str, status: int, fetched_at: datetime) -> Page:
    """Return the comments, each followed by the replies it shows (embedded).

    `parent_id` is the comment answered, else the item; `root_id` is the item where the reply or its
    address names it. `next` is the address that Zhihu names for what follows. Deleted comments are
    no mentions, their replies are. Raises LayoutChanged when a comment has no readable id or time.
    """
    document = Document(body, url, status, fetched_at)
    return walls.find(Platform.ZHIHU, document, page=PAGE) or read(document)


def looks_like(document: Document) -> bool:
    """Whether the page is a list of comments, or one comment."""
    reply = document.object
    if reply.get("type") == "comment":
        return True
    found = reply.get("data")
    if not isinstance(found, list):
        return False
    if found and isinstance(found[0], dict):
        return any(map(_is_comment, found))
    return not _MARKS.isdisjoint(reply) or "comment" in document.url


def _is_comment(entry: object) -> bool:
    if not isinstance(entry, dict):
        return False
    return entry.get("type") == "comment" or "child_comment_count" in entry


def read(document: Document) -> Page:
    """Read comments that no wall stands before."""
    if document.object.get("type") == "comment":
        return _single(document)
    found = entries(document, PAGE)
    next_address = following(document, PAGE)
    if not found:
        return nothing(document, PAGE, next_address)
    comments = [entry for entry in found if entry.get("type", "comment") == "comment"]
    if not comments:
        raise LayoutChanged(PAGE, "data[].type")
    where = _place(document)
    mentions = each_once(each for entry in comments for each in _comments(entry, document, where))
    if not any(mention.text for mention in mentions) and all("content" not in e for e in comments):
        raise LayoutChanged(PAGE, "content")
    return Page(
        page=PAGE,
        state=PageState.OK,
        mentions=mentions,
        next=next_address,
        reason=remarks(comments, unknown=len(found) - len(comments)),
    )


def _single(document: Document) -> Page:
    comments = tuple(_comments(document.object, document, _place(document)))
    if not comments:
        return Page(page=PAGE, state=PageState.GONE, reason="deleted, or never was")
    return Page(page=PAGE, state=PageState.OK, mentions=comments)


def _place(document: Document) -> _Place:
    """What the list is about, by its own addresses."""
    paging = part(document.object, "paging")
    told = (document.url, paging.get("next"), paging.get("previous"))
    addresses = [text for text in told if isinstance(text, str)]
    root = native_id(part(document.object, "root").get("id"))
    comment = next((match[1] for match in map(_REPLIES.search, addresses) if match), root)
    for match in map(_UNDER.search, addresses):
        if match:
            return _Place(mention_id(match[1], match[2]), address(match[1], match[2]), comment)
    return _Place(None, None, comment)


def _comments(item: Item, document: Document, where: _Place) -> Iterator[FoundMention]:
    """A comment and the replies that it shows."""
    if not is_deleted(item):
        yield _mention(item, document.fetched_at, where, parent=None)
    children = item.get("child_comments")
    for child in children if isinstance(children, list) else ():
        if not isinstance(child, dict):
            raise LayoutChanged(PAGE, "child_comments[]")
        if not is_deleted(child):
            yield _mention(child, document.fetched_at, where, parent=item)


def _mention(
    item: Item, fetched_at: datetime, where: _Place, *, parent: Mapping[str, object] | None
) -> FoundMention:
    native = native_id(item.get("id"))
    created = first_time(item, ("created_time", "created"), fetched_at)
    if native is None:
        raise LayoutChanged(PAGE, "id")
    if created is None:
        raise LayoutChanged(PAGE, "created_time")
    author, uid = writer(item)
    answered = native_id(item.get("reply_comment_id")) or (
        native_id(parent.get("id")) if parent else where.comment
    )
    return FoundMention(
        id=mention_id("comment", native),
        platform=Platform.ZHIHU,
        kind=Kind.COMMENT,
        url=where.url or f"https://www.zhihu.com/api/v4/comment_v5/comment/{native}",
        text=markup_text(item.get("content")),
        published_at=created[0],
        published_precision=created[1],
        author=author,
        author_uid=uid,
        parent_id=mention_id("comment", answered) if answered else where.id,
        root_id=where.id,
        ip_location=_ip_place(item),
        likes=first_count(item, ("like_count", "vote_count")),
        comments=_replies(item, is_reply=answered is not None),
        embedded=parent is not None,
    )


def _replies(item: Item, *, is_reply: bool) -> int | None:
    """How many answered. A reply's own count is always 0: what answers it counts at the root."""
    count = read_count(item.get("child_comment_count"))
    return count or None if is_reply else count


def _ip_place(item: Item) -> str | None:
    """The place stands among the tags of a comment, before them in `address_text`."""
    tags = item.get("comment_tag")
    for tag in tags if isinstance(tags, list) else ():
        if isinstance(tag, dict) and tag.get("type") == "ip_info":
            return place(tag.get("text"))
    return place(item.get("address_text"))
