"""A scrubbed page, proved to say the same to its reader, as a fixture folder for review.

scrub_page   body → the body without what belongs to people, what the reader says of it, in
             what that differs from the original, and which originals are still in it
write        page.html or page.json, and expected.json, in a folder of its own
"""

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from crawlers.captures.inventing import Inventor
from crawlers.captures.scrubbing import Identities, Scrubber, Taken
from crawlers.pages.detect import READERS, read_page
from crawlers.pages.document import Document
from domain.errors import LayoutChanged
from domain.mention import Platform
from domain.page import FoundMention, Page, PageState
from domain.times import CHINA

_SAME = (
    "kind",
    "embedded",
    "published_at",
    "published_precision",
    "edited_at",
    "stirred_at",
    "likes",
    "comments",
    "reposts",
    "views",
)
"""What of a mention is the same before and after; of all else only whether it is there."""

_RELATIONS = ("parent_id", "root_id", "repost_of")
_QUERIES = ("q", "qw", "kw", "word", "keyword", "wd")
_LEAST_LOOKED_FOR = 2
_LEAST_DIGITS = 8
_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Capture:
    """A page without what belongs to people. `before` and `after` are what the reader says of it,
    None with `missing` where it gave up; `differences` and `leaks` are to be empty.
    """

    platform: Platform
    body: bytes
    is_json: bool
    url: str
    status: int
    fetched_at: datetime
    before: Page | None
    after: Page | None
    missing: LayoutChanged | None
    counts: Mapping[Taken, int]
    differences: tuple[str, ...]
    leaks: tuple[str, ...]
    surface: str

    @property
    def is_whole(self) -> bool:
        """Whether it may be kept as it is: it reads as before and nobody is left in it."""
        return not (self.differences or self.leaks)


def scrub_page(
    body: bytes,
    *,
    platform: Platform,
    url: str,
    status: int,
    fetched_at: datetime,
    key: bytes,
    keep_text: bool = False,
    strip_ip: bool = False,
) -> Capture:
    """Return the page without what belongs to people; `key` decides what is invented."""
    document = Document(body, url, status, fetched_at)
    before, _ = read_or_missing(document, platform)
    who = _identities(document, before, Inventor(key))
    kept = (*_words_to_keep(document), *_times_of(before))
    scrubber = Scrubber(who, kept, keep_text=keep_text, strip_ip=strip_ip)
    is_json = document.text[:1] in ("{", "[") and document.json is not None
    text = scrubber.json_text(document.text) if is_json else scrubber.markup(document.text)
    made = text.encode("utf-8", "replace")
    address = scrubber.address(url) if url else ""
    again = Document(made, address, status, fetched_at)
    after, missing = read_or_missing(again, platform)
    return Capture(
        platform=platform,
        body=made,
        is_json=is_json,
        url=address,
        status=status,
        fetched_at=fetched_at,
        before=before,
        after=after,
        missing=missing,
        counts=dict(scrubber.counts),
        differences=tuple(differences(before, after, strip_ip=strip_ip)),
        leaks=tuple(leaks(made + address.encode(), who)),
        surface=_surface(again, platform, after, missing),
    )


def read_or_missing(
    document: Document, platform: Platform
) -> tuple[Page | None, LayoutChanged | None]:
    """Return what the reader says of a page, or for want of what it gives up."""
    try:
        page = read_page(
            document.body,
            platform=platform,
            url=document.url,
            status=document.status,
            fetched_at=document.fetched_at,
        )
    except LayoutChanged as error:
        return None, error
    return page, None


def _identities(document: Document, page: Page | None, inventor: Inventor) -> Identities:
    who = Identities(inventor)
    who.learn(page.mentions if page else ())
    if document.json is not None:
        who.collect(document.json)
    for value, name in _values_in(document.text):
        who.collect(value, name)
    return who


_SCRIPT = re.compile(r"<script[^>]*>(.*?)</script", re.DOTALL | re.IGNORECASE)
_DATA = re.compile(r"""([\w-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_ASSIGNED = re.compile(r"""([\w$-]+)['"]?\s*\]?\s*[:=]\s*['"]([^'"\\\n]{1,200})['"]""")


def _values_in(text: str) -> Iterator[tuple[object, str]]:
    """The values of markup with their names: attributes, JSON in attributes and scripts, what
    scripts assign.
    """
    if text[:1] in ("{", "["):
        return
    for match in _DATA.finditer(text):
        plain = html.unescape(match[2] or match[3] or "")
        yield _parsed(plain), match[1]
    decoder = json.JSONDecoder()
    for script in _SCRIPT.finditer(text):
        inside, at = script[1], 0
        for match in _ASSIGNED.finditer(inside):
            yield match[2], match[1]
        for start in (found.start() for found in re.finditer(r"[{\[]", inside)):
            if start < at:
                continue
            try:
                value, at = decoder.raw_decode(inside, start)
            except (ValueError, RecursionError):
                continue
            yield value, ""


def _parsed(plain: str) -> object:
    if plain[:1] not in ("{", "["):
        return plain
    for form in (plain, plain.replace("'", '"')):
        try:
            return json.loads(form)
        except (ValueError, RecursionError):
            continue
    return plain


def _words_to_keep(document: Document) -> tuple[str, ...]:
    """What the operator searched for: the reader may look for it on the page."""
    asked = parse_qs(urlsplit(document.url).query) if document.url else {}
    words = [value for name in _QUERIES for value in asked.get(name, [])]
    boxes = document.all("input[name=qw], input[name=q], input[name=wd]")[:20]
    words += [box.attributes.get("value") or "" for box in boxes]
    words += re.findall(r"<em[^>]*>([^<]{1,40})</em", document.text)[:200]
    plain = {part for word in words for part in [word, *word.split()] if 1 < len(part) <= 40}
    return tuple(sorted(plain))


def _times_of(page: Page | None) -> Iterator[str]:
    """The times that the reader found, as a page writes them where it gives bare seconds: such a
    number looks like an id.
    """
    for mention in page.mentions if page else ():
        for time in (mention.published_at, mention.edited_at, mention.stirred_at):
            if time is not None:
                yield str(int(time.timestamp()))


def _surface(
    document: Document, platform: Platform, page: Page | None, missing: LayoutChanged | None
) -> str:
    """The fixture folder: the name of the reader that knows the page."""
    if missing is not None and missing.surface != platform.value:
        return missing.surface
    for reader in READERS[platform]:
        if reader.looks_like(document):
            return reader.name
    if page is not None:  # a wall may stand before any page; the search is asked first
        return f"{platform.value}_search"
    return f"{platform.value}_{_UNKNOWN}"


# ---- proof ---------------------------------------------------------------------------------------


def differences(
    before: Page | None, after: Page | None, *, strip_ip: bool = False
) -> Iterator[str]:
    """Yield in what a scrubbed page reads otherwise than the original; nothing when in nothing."""
    if before is None or after is None:
        if before is not after:
            yield "one is read and the other is not"
        return
    for name in ("page", "state", "block_kind"):
        if getattr(before, name) != getattr(after, name):
            yield f"{name}: {getattr(before, name)} → {getattr(after, name)}"
    if (before.next is None) != (after.next is None):
        yield "next: is there and is not"
    if len(before.mentions) != len(after.mentions):
        yield f"mentions: {len(before.mentions)} → {len(after.mentions)}"
        return
    for number, (old, new) in enumerate(zip(before.mentions, after.mentions, strict=True)):
        for name in _differing(old, new, strip_ip=strip_ip):
            yield f"mention {number}: {name}"
    for name in _RELATIONS:
        if _links(before.mentions, name) != _links(after.mentions, name):
            yield f"{name}: leads to another mention"


def _differing(old: FoundMention, new: FoundMention, *, strip_ip: bool) -> Iterator[str]:
    for each in fields(FoundMention):
        one, other = getattr(old, each.name), getattr(new, each.name)
        if each.name in _SAME or (each.name == "ip_location" and not strip_ip):
            if one != other:
                yield each.name
        elif (one is None or one == "") != (other is None or other == ""):
            yield each.name


def _links(mentions: Iterable[FoundMention], name: str) -> list[int | None]:
    """To which mention of the page each leads; -1 to one that is not on it."""
    place = {mention.id: number for number, mention in enumerate(mentions)}
    led = [getattr(mention, name) for mention in mentions]
    return [None if one is None else place.get(one, -1) for one in led]


def leaks(body: bytes, who: Identities) -> Iterator[str]:
    """Yield each original that is still in the bytes, in any writing that a page may have: plain,
    percent-encoded (also GBK, also twice), escaped as in JSON, JavaScript or HTML, base64, hex.

    What is told is its kind and length, never itself.
    """
    lowered = body.lower()
    for kind, words in (("name", who.names), ("id", who.ids), ("secret", who.secrets)):
        for word in words:
            # as many digits as a count has: that one equals the other tells nothing
            is_short = word.isdigit() and len(word) < _LEAST_DIGITS
            if len(word) >= _LEAST_LOOKED_FOR and not is_short and _is_in(word, body, lowered):
                yield f"{kind} of {len(word)} characters"


def _is_in(word: str, body: bytes, lowered: bytes) -> bool:
    if word.isascii():
        whole = rb"(?<![0-9A-Za-z])" + re.escape(word.encode()) + rb"(?![0-9A-Za-z])"
        if re.search(whole, body):
            return True
    elif word.encode("utf-8", "replace") in body:
        return True
    return any(form in lowered for form in _writings(word)) or any(
        form in body for form in _base64(word)
    )


def _writings(word: str) -> Iterator[bytes]:
    if not word.isascii():
        escaped = "".join(f"\\u{unit:04x}" for unit in _units(word))
        yield escaped.encode()
        yield "".join(f"&#{ord(sign)};" for sign in word).encode()
        yield "".join(f"&#x{ord(sign):x};" for sign in word).encode()
        for codec in ("utf-8", "gb18030"):
            once = quote(word.encode(codec, "replace")).lower()
            yield once.encode()
            yield once.replace("%", "%25").encode()
    if len(word) >= 4 or not word.isascii():
        yield word.encode("utf-8", "replace").hex().encode()


def _units(word: str) -> list[int]:
    raw = word.encode("utf-16-be", "surrogatepass")
    return [int.from_bytes(raw[at : at + 2], "big") for at in range(0, len(raw), 2)]


def _base64(word: str) -> Iterator[bytes]:
    """What base64 makes of the word wherever it stands in the encoded bytes."""
    raw = word.encode("utf-8", "replace")
    if len(raw) < 6:
        return
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + raw)
        begin, end = (0, 2, 3)[shift], len(whole) - (0, 4, 4)[(len(raw) + shift) % 3]
        yield whole[begin:end]


# ---- writing -------------------------------------------------------------------------------------


def write(capture: Capture, folder: Path) -> Path:
    """Store a capture as a fixture of its surface and return its folder, which must be new."""
    place = folder / capture.surface / _free_name(folder / capture.surface, capture.fetched_at)
    place.mkdir(parents=True)
    (place / ("page.json" if capture.is_json else "page.html")).write_bytes(capture.body)
    told = json.dumps(expected(capture), ensure_ascii=False, indent=2)
    (place / "expected.json").write_text(f"{told}\n", encoding="utf-8")
    return place


def _free_name(folder: Path, fetched_at: datetime) -> str:
    name = f"captured_{fetched_at.astimezone(CHINA):%Y_%m_%d}"
    taken = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    return next(n for n in (name, *(f"{name}_{i}" for i in range(2, 1000))) if n not in taken)


def expected(capture: Capture) -> dict[str, Any]:
    """Return what `expected.json` holds: where and when it was seen, and what the reader says of
    it, to be read by a person; where it gave up, the frame of what a person writes.
    """
    told: dict[str, Any] = {
        "written": "by koubei capture; people, ids and words are invented",
        "review": "compare with the page as you saw it, then take this line out",
        "fetched_at": capture.fetched_at.astimezone(CHINA).isoformat(),
    }
    if capture.url:
        told["url"] = capture.url
    if capture.status != 200:
        told["status"] = capture.status
    if capture.after is None:
        told["review"] = f"write what stands on the page; the reader gave up: {capture.missing}"
        told["page"] = {"state": PageState.OK.value, "mentions": []}
        return told
    page = capture.after
    if page.page == capture.platform.value:  # a wall, found before any reader was asked
        told["wall"] = True
        page = replace(page, page=capture.surface)
    told["page"] = _page_document(page, capture.surface)
    return told


def _page_document(page: Page, surface: str) -> dict[str, Any]:
    document: dict[str, Any] = {} if page.page == surface else {"page": page.page}
    document["state"] = page.state.value
    for name in ("reason", "next", "block_kind"):
        if value := getattr(page, name):
            document[name] = str(value)
    if page.leads:
        document["leads"] = list(page.leads)
    if page.mentions:
        document["mentions"] = [_mention_document(each) for each in page.mentions]
    return document


def _mention_document(mention: FoundMention) -> dict[str, Any]:
    """A mention without its platform and without what is as by default."""
    document: dict[str, Any] = {}
    for each in fields(mention):
        value = getattr(mention, each.name)
        if each.name == "platform" or (each.name not in {"text", "kind"} and value == each.default):
            continue
        if isinstance(value, datetime):
            value = value.astimezone(CHINA).isoformat()
        document[each.name] = value
    return document
