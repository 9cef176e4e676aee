"""What every Tieba page tells about a post: where it stands, who wrote it, what it says.

A thread is known by its `tid`, a floor by its `pid`, a reply to a floor by its `cid` (`spid`). The
opening post has a `pid`, too, but is the thread: whoever finds the thread in a search or a list and
then opens it has found one mention, `tieba:<tid>`, and its pid is kept beside it (`bid`).

A user is known by a number, in the JSON and in the finished html of threads. Elsewhere there is the
account name (`name:…`) or the portrait (`portrait:…`), which are kept apart from numbers by those
words. Portraits of before about 2019 are the number itself with the name inside.
"""

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from selectolax.lexbor import LexborHTMLParser, LexborNode

from crawlers.pages import tieba_emoticons
from crawlers.pages.document import Document, attribute, parse_json, parse_markup
from crawlers.pages.text import clean, plain_text
from domain.errors import LayoutChanged
from domain.mention import Kind, Platform, Precision
from domain.page import FoundMention
from domain.times import read_time

Told = tuple[datetime, Precision]
_ID = f"{Platform.TIEBA}:"
_LENGTH = {
    Precision.SECOND: timedelta(0),
    Precision.MINUTE: timedelta(minutes=1),
    Precision.HOUR: timedelta(hours=1),
    Precision.DAY: timedelta(days=1),
}
"""How long that lasts which a time of each precision names."""

THREAD_LINK = re.compile(r"(?:^|//(?:[a-z]+\.)?tieba\.baidu\.com)/p/([0-9]{5,20})(?:[?#/]|$)")
_PARAMETERS = re.compile(r"[?&]([^=&#]{1,40})=([^&#]{1,2000})")
_LONGEST_ID = 20
_OLD_PORTRAIT = re.compile(r"(?:[0-9a-f]{2}){5,60}")
_PORTRAIT_TAIL = re.compile(r"/(?:portrait|portraitn|portraitm)/(?:item/)?([\w.-]{8,90})")
_PAIR = re.compile(
    r"""['"]?(\w{1,40})['"]?\s{0,9}:\s{0,9}(?:'([^']{0,200})'|"([^"]{0,200})"|(-?\d{1,20}))"""
)
_TIME_IN_LINE = re.compile(
    r"\d{4}-\d{1,2}-\d{1,2}(?: \d{1,2}:\d{2}(?::\d{2})?)?"
    r"|(?:今天|昨天|前天) ?(?:\d{1,2}:\d{2})?"
    r"|\d{1,2}-\d{1,2}(?: \d{1,2}:\d{2})?"
    r"|\d{1,6} ?(?:秒钟?|分钟?|小时|天)之?前|刚刚|刚才|\d{1,2}:\d{2}",
    re.ASCII,
)
_PLACE = re.compile(r"(?:IP ?属地|来自|发布于)?\s{0,3}[:：]?\s{0,3}([\u4e00-\u9fff]{2,12})(?:\s|$)")
_NO_PLACES = frozenset({"未知", "其他", "未知属地", "回复", "举报", "楼主"})

_LONGEST_OPENING = 600
"""Characters from `<code` to the `<!--` in it, at most."""

_EMOTICON_PARTS = frozenset({"2", "11"})
_SILENT_PARTS = frozenset({"3", "5", "10", "20"})
"""Pictures, videos and voice: their `text`, where there is one, is an address."""


class Place(NamedTuple):
    """Where a post stands: its kind, its number, its thread, what it answers, its address."""

    kind: Kind
    native: str
    tid: str | None
    parent: str | None
    url: str
    first_post: str | None = None


def thread(tid: str, first_post: str | None = None) -> Place:
    """A thread, which is its opening post."""
    return Place(Kind.THREAD, tid, tid, None, thread_url(tid), first_post)


def floor(tid: str | None, pid: str) -> Place:
    """A floor of a thread; `tid` is None where a page does not tell."""
    url = f"{thread_url(tid)}?pid={pid}&cid=0#{pid}" if tid else ""
    return Place(Kind.FLOOR, pid, tid, tid, url)


def reply(tid: str | None, pid: str | None, cid: str, *, to_thread: bool = False) -> Place:
    """A reply to a floor, or to the opening post itself (`to_thread`)."""
    url = f"{thread_url(tid)}?pid={pid}&cid={cid}#{cid}" if tid and pid else ""
    return Place(Kind.REPLY, cid, tid, tid if to_thread else pid, url)


def thread_url(tid: str) -> str:
    """The address of a thread."""
    return f"https://tieba.baidu.com/p/{tid}"


def mention(
    place: Place,
    told: Told | None,
    *,
    text: str,
    author: str,
    title: str = "",
    author_uid: str | None = None,
    forum: str | None = None,
    comments: int | None = None,
    likes: int | None = None,
    reposts: int | None = None,
    views: int | None = None,
    ip_location: str | None = None,
    client: str | None = None,
    embedded: bool = False,
    stirred: Told | None = None,
) -> FoundMention:
    """Return the mention that stands at `place`. `stirred`: when it was last replied to."""
    published, precision = told or (None, Precision.SECOND)
    return FoundMention(
        id=_ID + place.native,
        bid=place.first_post,
        platform=Platform.TIEBA,
        kind=place.kind,
        url=place.url,
        title=title,
        text=text,
        published_at=published,
        published_precision=precision,
        author=author,
        author_uid=author_uid,
        parent_id=_ID + place.parent if place.parent else None,
        root_id=_ID + place.tid if place.tid and place.kind is not Kind.THREAD else None,
        forum=forum or None,
        comments=comments,
        likes=likes,
        reposts=reposts,
        views=views,
        ip_location=ip_location,
        client=client,
        embedded=embedded,
        stirred_at=stirred[0] + _LENGTH[stirred[1]] if stirred else None,
    )


def once(mentions: Iterable[FoundMention]) -> tuple[FoundMention, ...]:
    """Each mention once, in order: virtual lists and deleted floors make pages overlap. What stands
    on the page by itself wins over the same inside something else.
    """
    kept: dict[str, FoundMention] = {}
    for one in mentions:
        known = kept.get(one.id)
        if known is None or (known.embedded and not one.embedded):
            kept[one.id] = one
    return tuple(kept.values())


def demand(mentions: Iterable[FoundMention], page: str, *, author: str, time: str) -> None:
    """Raise LayoutChanged when no mention at all has an author, or none a time: one may be without,
    a whole page is never. `author` and `time` are what the page calls these.
    """
    mentions = list(mentions)
    if mentions and not any(one.author for one in mentions):
        raise LayoutChanged(page, author)
    if mentions and not any(one.published_at for one in mentions):
        raise LayoutChanged(page, time)


def native(value: object) -> str | None:
    """An id, which is text or a number; None for 0 and for what is none."""
    text = value if isinstance(value, str) else str(value) if type(value) is int else ""
    is_number = text.isdigit() and text.isascii() and len(text) <= _LONGEST_ID
    return text if is_number and text.strip("0") else None


def inside(item: Mapping[str, object], *path: str) -> Mapping[str, object]:
    """The object at `path`, empty when there is none."""
    value: object = item
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def entries(value: object) -> list[Mapping[str, object]]:
    """The objects in a list; PHP sends `[]`, null or `{"0": …}` for the same thing."""
    values = list(value.values()) if isinstance(value, dict) else value
    return [one for one in values if isinstance(one, dict)] if isinstance(values, list) else []


def first_words(item: Mapping[str, object], *keys: str) -> str:
    """The first of these texts that says something."""
    for key in keys:
        if (value := item.get(key)) and (words := plain_text(value)):
            return words
    return ""


def first_time(
    item: Mapping[str, object], keys: Iterable[str], fetched_at: datetime
) -> Told | None:
    """The first of these fields that holds a time."""
    times = (read_time(item.get(key), fetched_at=fetched_at) for key in keys)
    return next((time for time in times if time), None)


def uid(user_id: object, portrait: object = None, name: object = None) -> str | None:
    """The user's number, else what stands for it."""
    if number := native(user_id):
        return number
    if known := portrait_uid(portrait):
        return known
    return f"name:{name}" if isinstance(name, str) and name.strip() else None


def portrait_uid(value: object) -> str | None:
    """The user that a portrait, or the address of its picture, stands for."""
    if not isinstance(value, str):
        return None
    match = _PORTRAIT_TAIL.search(value)
    portrait = match[1] if match else value.partition("?")[0].strip()
    if not portrait or "/" in portrait:
        return None
    if _OLD_PORTRAIT.fullmatch(portrait):
        ends = bytes.fromhex(portrait[:4] + portrait[-4:])
        return native(int.from_bytes(ends, "little")) or f"portrait:{portrait}"
    return f"portrait:{portrait}"


def uid_in(address: str) -> str | None:
    """The user in `/home/main?un=<name in GBK>` or `/home/main?id=<portrait>`."""
    if "un=" in address and (name := parameter(address, "un")):
        return f"name:{name}"
    return portrait_uid(parameter(address, "id")) if "id=" in address else None


def list_key(card: LexborNode) -> str:
    """The number by which the virtual list of the Vue page keeps what a card shows."""
    holder = card.parent
    for _ in range(2):
        if holder is None:
            return ""
        if key := attribute(holder, "data-key"):
            return key
        holder = holder.parent
    return ""


def parameter(url: str, name: str) -> str:
    """A query parameter of an address; old addresses spell words in GBK, unless they say ie."""
    found = (match[2] for match in _PARAMETERS.finditer(url) if match[1] == name)
    value = unquote_to_bytes(next(found, "").replace("+", " "))
    for encoding in ("utf-8", "gb18030"):
        try:
            return value.decode(encoding).strip()
        except UnicodeDecodeError:
            continue
    return ""


def thread_in(address: str) -> str | None:
    """The thread that an address of Tieba leads to."""
    match = THREAD_LINK.search(address)
    return match[1] if match else None


def data_field(text: str) -> Mapping[str, object]:
    """What a `data-field` attribute holds: JSON, or (in 2015, and wherever a script wrote it) the
    same with single quotes or none. Empty for `{}`, which marks an advert.
    """
    if not text.strip("{} \t\r\n"):
        return {}
    if "&quot;" in text:  # some who save pages escape twice
        text = html.unescape(text)
    value = parse_json(text)
    if isinstance(value, dict):
        return value
    pairs = _PAIR.findall(text)
    return {key: single or double or number for key, single, double, number in pairs}


def content_text(content: object) -> str | None:
    """The text of a post's `content[]`: its parts as a person reads them, one after the other.

    Part types as the platform's apps name them: 0, 9, 18, 27, 40 text, 1 link, 2 and 11 emoticon,
    3 and 20 picture, 4 mention of a user, 5 video, 10 voice, 35 to 37 cards. Older replies have a
    plain string. None when there is no content at all.
    """
    if isinstance(content, str):
        return plain_text(content)
    if not isinstance(content, list):
        return None
    return clean("".join(map(_part, content)))


def _part(part: object) -> str:
    if not isinstance(part, dict):
        return plain_text(part)
    kind, text = str(part.get("type", 0)), part.get("text")
    if kind in _EMOTICON_PARTS:
        name = first_words(part, "c")
        return f"[{name}]" if name else tieba_emoticons.by_key(plain_text(text))
    if kind in _SILENT_PARTS:
        return ""
    if isinstance(text, str) and text:
        return _unescaped(text)
    card = inside(part, "tiebaplus_info") or inside(part, "item")
    return first_words(card, "desc", "title", "item_name", "name")


def _unescaped(text: str) -> str:
    """`plain_text` with the spaces between this part and its neighbours."""
    start = len(text) - len(text.lstrip(" \n"))
    end = len(text.rstrip(" \n"))
    return text[:start] + plain_text(text) + text[max(end, start) :]


def ip_place(value: object) -> str | None:
    """`广东` out of `IP属地:广东`; None for what is no place."""
    match = _PLACE.match(plain_text(value))
    return match[1] if match and match[1] not in _NO_PLACES else None


def time_in(line: str, fetched_at: datetime) -> tuple[Told | None, str]:
    """The time in a line such as `第2楼 21小时前 浙江`, and what stands after it."""
    match = _TIME_IN_LINE.search(line)
    if match is None:
        return None, ""
    return read_time(match[0], fetched_at=fetched_at), line[match.end() :].strip()


def hidden(document: Document, mark: str) -> list[LexborHTMLParser]:
    """The markup that the page keeps inside comments for its scripts to show (`code.pagelet_html`),
    as trees of its own, where it holds `mark`.
    """
    text = document.text
    trees = (parse_markup(text[start:end]) for start, end in _comments(text, mark))
    return [tree for tree in trees if tree is not None]


def is_hidden(document: Document, mark: str) -> bool:
    """Whether the page keeps `mark` inside such a comment."""
    return not document.object and next(_comments(document.text, mark), None) is not None


def _comments(text: str, mark: str) -> Iterator[tuple[int, int]]:
    """Where each begins and ends."""
    at = text.find("<code")
    while at >= 0:
        start = text.find("<!--", at, at + _LONGEST_OPENING)
        end = at + 1
        if start >= 0:
            end = text.find("-->", start)
            end = len(text) if end < 0 else end
            if text.find(mark, start, end) >= 0:
                yield start + 4, end
        at = text.find("<code", end)
