"""What Zhihu's surfaces share: the answer, article, video, pin and question object.

The same object stands in every reply, with the same names: in lower case with underscores in
replies (`voteup_count`), in camel case in page data (`voteupCount`). Both are read.

Ids carry Zhihu's own word for the kind (`zhihu:answer:3458972610`), because answers, articles and
questions are numbered apart: the same number is an answer here and an article there.
"""

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache

from crawlers.pages.text import markup_text, plain_text
from domain.counts import read_count
from domain.errors import LayoutChanged
from domain.mention import Kind, Platform, Precision
from domain.page import FoundMention
from domain.times import read_time

Item = Mapping[str, object]
"""One JSON object of a reply or of page data."""

KINDS = {
    "answer": Kind.ANSWER,
    "article": Kind.ARTICLE,
    "pin": Kind.PIN,
    "zvideo": Kind.VIDEO,
    "question": Kind.QUESTION,
}
_NOT_MENTION_NAMES = """
    people topic paid_column scholar column roundtable live ebook publication special collection
    favlist album km_general education_course ring wiki
"""
NOT_MENTIONS = frozenset(_NOT_MENTION_NAMES.split())
"""Objects that are nobody's words: places, people, goods."""

_CREATED = ("created_time", "created", "published_at", "created_at")
_PUBLISHED = ("published_at", "created_at", "created_time", "created")
"""A video's; it is uploaded before it is published."""

_UPDATED = ("updated_time", "updated", "updated_at")
_TEXTS = {
    "answer": ("content", "excerpt"),
    "article": ("content", "excerpt", "description"),
    "zvideo": ("description", "content", "excerpt"),
    "question": ("detail", "description", "excerpt"),
}
"""Where the text stands, best first. The `description` of a found answer is its question's."""

_LIKES = ("voteup_count", "like_count", "reaction_count")
_VIEWS = {
    "zvideo": ("play_count", "view_count"),
    "question": ("visit_count", "visits_count"),
    "pin": ("page_view_count",),
}
"""Of an answer and an article only the author sees how often they were read."""

_TITLED = frozenset({"question", "zvideo"})
"""Kinds whose title says what there is to say; a list of them may leave the text out."""

_ORIGINALS = ("origin_pin", "repin")
"""Where a pin that shares another holds it, or in page data names it."""

_DELETED = ("is_deleted", "is_delete", "isDeleted", "isDelete")
_NO_NAMES = frozenset({"用户"})
"""How a hot list names somebody who asked without a name."""

_LONGEST_ID = 20
_PLACE = re.compile(r"^(?:发布于|来自)? ?(?:IP ?属地)? ?[:：]? ?")
_NOT_PLACES = frozenset({"", "未知", "其他"})


_ADDRESS = re.compile(r"/(answer|article|pin|zvideo|question|p)s?/([0-9]{1,20})(?=[/?#]|$)")


@cache
def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def told(item: Item, name: str) -> object:
    """Return the field `name` (lower case, underscores), whichever way the page spells it."""
    value = item.get(name)
    return item.get(_camel(name)) if value is None else value


def part(item: Item, name: str) -> Item:
    """Return the object in the field `name`, an empty one when there is none."""
    value = told(item, name)
    return value if isinstance(value, dict) else {}


def word(value: object) -> str:
    """Return `value` when it is text, else ""; "0" is how Zhihu writes that there is none."""
    return value if isinstance(value, str) and value != "0" else ""


def native_id(value: object) -> str | None:
    """An id, which is text in newer replies and a number in older ones; a float has lost digits."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if value > 0 else ""
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_ID:
        return None
    return value if value.isascii() and value.isdigit() and value.strip("0") else None


def named_in(link: object) -> tuple[str, str] | None:
    """Return Zhihu's word for the kind and the id of what an address leads to.

    The last pair in it counts: an answer's address begins with its question's.
    """
    pairs = _ADDRESS.findall(link) if isinstance(link, str) else []
    return ("article" if pairs[-1][0] == "p" else pairs[-1][0], pairs[-1][1]) if pairs else None


def kind_of(item: Item) -> str:
    """Return Zhihu's word for what an item is, "" for none; where none is written, its address
    tells.
    """
    kind = word(item.get("type"))
    named = None if kind else named_in(item.get("url"))
    return named[0] if named else kind


def mention_id(kind: str, native: str) -> str:
    """Return the id of a mention; `kind` is Zhihu's word for it."""
    return f"{Platform.ZHIHU}:{kind}:{native}"


def address(kind: str, native: str, question_id: str | None = None) -> str:
    """Return the public address of an item; the `url` inside JSON is that of an interface."""
    if kind == "answer":
        question = f"/question/{question_id}" if question_id else ""
        return f"https://www.zhihu.com{question}/answer/{native}"
    if kind == "article":
        return f"https://zhuanlan.zhihu.com/p/{native}"
    return f"https://www.zhihu.com/{kind}/{native}"


def place(value: object) -> str | None:
    """Return the place in `吉林`, `IP 属地广东`; None when none is told."""
    if not value:
        return None
    text = _PLACE.sub("", markup_text(value))
    return None if text in _NOT_PLACES else text


def writer(item: Item, users: Item | None = None) -> tuple[str, str | None]:
    """Return name ("" for none) and uid of the `author`.

    An older comment wraps the author in `member`; page data may name one of its `users` instead.
    Somebody anonymous has a name (`匿名用户`) and no uid.
    """
    author = told(item, "author")
    if isinstance(author, str) and users:
        author = users.get(author)
    if not isinstance(author, dict):
        return "", None
    person = part(author, "member") or author
    uid = word(told(person, "url_token")) or word(person.get("id")) or None
    name = markup_text(person.get("name"))
    return ("", None) if uid is None and name in _NO_NAMES else (name, uid)


def first_time(
    item: Item, names: Iterable[str], fetched_at: datetime
) -> tuple[datetime, Precision] | None:
    """Return the first of the fields that tells a time."""
    for name in names:
        value = told(item, name)
        if value and (time := read_time(value, fetched_at=fetched_at)):
            return time
    return None


def first_count(item: Item, names: Iterable[str]) -> int | None:
    """Return the first of the fields that tells a count."""
    for name in names:
        count = read_count(told(item, name))
        if count is not None:
            return count
    return None


def find(
    item: Item,
    page: str,
    fetched_at: datetime,
    *,
    users: Item | None = None,
    known: Container[str] = (),
    needs_time: bool = True,
) -> list[FoundMention]:
    """Return the mention that `item` is and after it what it shows inside itself: the question of
    an answer where its time is told (unless its id is `known`), the original of a shared pin.

    `item["type"]` is one of KINDS. Raises LayoutChanged, which names `page` and the field, when
    there is no id, no time (unless it need not have one) or no text.
    """
    mention = _mention(item, page, fetched_at, users, needs_time=needs_time)
    question = part(item, "question")
    if mention.parent_id in known:
        return [mention]
    if mention.parent_id and first_time(question, _CREATED, fetched_at):
        asked = {**question, "type": "question"}
        return [mention, _mention(asked, page, fetched_at, users, embedded=True)]
    if mention.kind is Kind.PIN:
        return _with_original(mention, item, page, fetched_at, users)
    return [mention]


def find_all(
    items: Sequence[Item], page: str, fetched_at: datetime, *, users: Item | None = None
) -> tuple[FoundMention, ...]:
    """Return the mentions of several items, each once; what somebody wrote before what is shown
    inside. Raises LayoutChanged, also when no item has a text field at all.
    """
    if items and all(lacks_text(item) for item in items):
        raise LayoutChanged(page, "content")
    found: dict[str, FoundMention] = {}
    for item in items:
        keep(find(item, page, fetched_at, users=users, known=found), found)
    return tuple(found.values())


def each_once(mentions: Iterable[FoundMention]) -> tuple[FoundMention, ...]:
    """Return the first mention of each id; one that stands for itself replaces an embedded one."""
    kept: dict[str, FoundMention] = {}
    keep(mentions, kept)
    return tuple(kept.values())


def keep(mentions: Iterable[FoundMention], kept: dict[str, FoundMention]) -> None:
    """Add to `kept` what is not there yet, or is there only as shown inside something."""
    for mention in mentions:
        known = kept.get(mention.id)
        if known is None or (known.embedded and not mention.embedded):
            kept[mention.id] = mention


def is_deleted(item: Item) -> bool:
    """Whether Zhihu says that an item is gone but for its place."""
    return True in map(item.get, _DELETED)


def remarks(items: Iterable[Item], *, unknown: int = 0) -> str:
    """What a page should say about what it leaves out, "" when it is nothing."""
    listed = list(items)
    deleted = sum(map(is_deleted, listed))
    cut = sum(told(item, "content_need_truncated") is True for item in listed)
    counted = (
        (deleted, "deleted"),
        (cut, "cut short for guests"),
        (unknown, "entries of an unknown kind left out"),
    )
    return ", ".join(f"{count} {what}" for count, what in counted if count)


def lacks_text(item: Item) -> bool:
    """Whether no field that could hold the text is there at all (an empty one is)."""
    kind = str(item.get("type"))
    if kind in _TITLED and item.get("title"):
        return False
    names = _TEXTS.get(kind, ("content_html", "content", "excerpt_title"))
    return all(told(item, name) is None for name in names)


def _with_original(
    pin: FoundMention, item: Item, page: str, fetched_at: datetime, users: Item | None
) -> list[FoundMention]:
    shared = next(filter(None, (part(item, name) for name in _ORIGINALS)), {})
    native = next(filter(None, map(native_id, (shared.get("id"), *_named_pins(item)))), None)
    if native is None or pin.id == mention_id("pin", native):
        return [pin]
    pin = replace(pin, repost_of=mention_id("pin", native))
    if is_deleted(shared) or first_time(shared, _CREATED, fetched_at) is None:
        return [pin]
    original = {**shared, "type": "pin", "id": native}
    return [pin, _mention(original, page, fetched_at, users, embedded=True)]


def _named_pins(item: Item) -> list[object]:
    """Where page data names the original instead of holding it."""
    return [told(item, name) for name in (*_ORIGINALS, "source_pin_id")]


def _mention(
    item: Item,
    page: str,
    fetched_at: datetime,
    users: Item | None,
    *,
    needs_time: bool = True,
    embedded: bool = False,
) -> FoundMention:
    kind = str(item["type"])
    native = native_id(item.get("id"))
    if native is None and kind == "zvideo":
        native = native_id(told(item, "zvideo_id"))  # so a search names it
    created = first_time(item, _PUBLISHED if kind == "zvideo" else _CREATED, fetched_at)
    if native is None:
        raise LayoutChanged(page, "id")
    if created is None and needs_time:
        raise LayoutChanged(page, "created_time")
    moment, precision = created or (None, Precision.SECOND)
    question = part(item, "question")
    question_id = native_id(question.get("id"))
    title = markup_text(item.get("title")) or markup_text(
        question.get("name") or question.get("title")
    )
    text = _pin_text(item) if kind == "pin" else _text(item, _TEXTS[kind])
    if not text and not title and (kind != "pin" or lacks_text(item)):
        raise LayoutChanged(page, "content")
    updated = first_time(item, _UPDATED, fetched_at)
    author, uid = writer(item, users)
    parent = mention_id("question", question_id) if question_id else None
    return FoundMention(
        id=mention_id(kind, native),
        platform=Platform.ZHIHU,
        kind=KINDS[kind],
        url=address(kind, native, question_id),
        title=title,
        text=text,
        published_at=moment,
        published_precision=precision,
        edited_at=updated[0] if updated and moment and updated[0] > moment else None,
        author=author,
        author_uid=uid,
        parent_id=parent,
        root_id=parent,
        ip_location=place(told(item, "ip_info")),
        likes=_likes(item, kind),
        comments=_count(item, ("comment_count",), "comment_count"),
        reposts=read_count(told(item, "repin_count")) if kind == "pin" else None,
        views=first_count(item, _VIEWS.get(kind, ())),
        topic=_topic(item),
        embedded=embedded,
    )


def _count(item: Item, names: Iterable[str], statistic: str) -> int | None:
    """A count of the object itself, else the one in its `reaction` (since 2025)."""
    count = first_count(item, names)
    if count is not None:
        return count
    return read_count(told(part(part(item, "reaction"), "statistics"), statistic))


def _likes(item: Item, kind: str) -> int | None:
    """A question's 0 says nothing: it stands there too where nobody can vote (`canVote`)."""
    likes = _count(item, _LIKES, "up_vote_count")
    return likes or None if kind == "question" else likes


def _topic(item: Item) -> str | None:
    """The first of the topics that an item or its question stands under."""
    topics = item.get("topics") or part(item, "question").get("topics")
    first = topics[0] if isinstance(topics, list) and topics else None
    return (markup_text(first.get("name")) or None) if isinstance(first, dict) else None


def _text(item: Item, names: Iterable[str]) -> str:
    for name in names:
        value = told(item, name)
        if isinstance(value, list):
            text = "\n".join(_blocks(value))
        elif name == "description" and isinstance(value, str) and "<" not in value:
            text = plain_text(value)  # the one field that is typed without an editor
        else:
            text = markup_text(value)
        if text:
            return text
    return ""


def _pin_text(item: Item) -> str:
    """The text of a pin: its whole, and the titles of what it links to where the whole has none."""
    whole = markup_text(told(item, "content_html"))
    blocks = item.get("content")
    if not isinstance(blocks, list):
        return whole or _text(item, ("content", "excerpt_title", "excerpt"))
    if not whole:
        return "\n".join(_blocks(blocks)) or _text(item, ("excerpt_title",))
    titles = (
        markup_text(block.get("title"))
        for block in blocks
        if isinstance(block, dict) and block.get("type") != "text"
    )
    return "\n".join([whole, *(title for title in titles if title and title not in whole)])


def _blocks(blocks: Iterable[object]) -> list[str]:
    """The texts of the blocks that a pin is made of: words, and the titles of links."""
    texts: list[str] = []
    for block in blocks:
        if isinstance(block, dict):
            texts += (markup_text(block.get(name)) for name in ("title", "content"))
    return [text for text in texts if text]
