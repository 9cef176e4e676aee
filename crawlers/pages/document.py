"""A page as it came: bytes, and what they are once decoded: text, JSON or markup, read lazily.

Everything here is bounded, because a page is hostile until proven otherwise: what is larger, deeper
or more tangled than any browser would build is simply not markup, and the page then reads as
unknown.
"""

import codecs
import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import NamedTuple, TypeAlias, TypeVar
from urllib.parse import parse_qs, urlsplit

import orjson
from selectolax.lexbor import LexborHTMLParser, LexborNode

from domain.errors import ATTRIBUTES, BRACKETS, DEPTH, REBUILT, TAGS, LayoutChanged, Text

Result = TypeVar("Result")
_Value: TypeAlias = object
"""Any JSON value, where `object` means the property of a document."""

MAX_PAGE_BYTES = 16 * 1024 * 1024
"""Twice what a crawl fetches at most; a page saved with its pictures inside still fits."""

MAX_RESULTS = 5_000
"""A hundred times what any result page shows."""

_MAX_TAGS = 200_000
_MAX_DEPTH = 512
"""Blink stops nesting here (kMaximumHTMLParserDOMTreeDepth); real pages stay under 60."""

_MAX_REBUILT = 500_000
"""Formatting elements that later blocks rebuild, at most: about 200 MB of tree."""

_FEW_TAGS = 4_000
"""So many tags nest fast enough even when all of them do, in each of many fragments."""

_FEW_TAGS_OF_A_PAGE = 8_000
"""The same for a page, of which there is one: 0.1 s."""

_MAX_BRACKETS = 500_000
_DECODER = json.JSONDecoder()
_SAMPLE = 65_536
"""Bytes by which an encoding is known."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROLS = bytes(range(9)) + bytes(range(14, 32))
_TAG = re.compile(r"<(/?[a-zA-Z][a-zA-Z0-9]*)")
_LONG_TAG = 16_384
_MAX_ATTRIBUTES = 1000

_CLOSED_BY_OTHERS_NAMES = """
    area base br col embed hr img input link meta param source track wbr use path
    p li dt dd option optgroup tr td th thead tbody tfoot colgroup rt rp html head body
"""
_CLOSED_BY_OTHERS = frozenset(_CLOSED_BY_OTHERS_NAMES.split())
_FORMATTING_TAG = re.compile(
    r"<(/?(?:a|b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u))(?=[\s>/])",
    re.IGNORECASE | re.ASCII,
)


def decode(body: bytes) -> str:
    """Return the text of `body`: by its byte order mark, as UTF-8, as UTF-16 without a mark, or as
    GB18030 (which old Tieba pages are), whichever it is; never raises.

    A character cut off at the end of a truncated file is dropped, a broken one elsewhere becomes
    U+FFFD. A picture or an archive has no text: "".
    """
    for mark, codec in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(codec, "replace")
    sample = body[:_SAMPLE]
    codec = _guess(sample)
    is_binary = codec == "gb18030" and len(sample.translate(None, _CONTROLS)) < len(sample) * 0.98
    return "" if is_binary else body.decode(codec, "replace")


def _decode_utf8(body: bytes) -> str | None:
    """The text of a whole page in UTF-8, as nearly all are; None for any other."""
    if b"\0" in body:
        return None
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def _guess(sample: bytes) -> str:
    if sample.count(0) > len(sample) // 5:
        return "utf-16-be" if sample[0:1] == b"\0" else "utf-16-le"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        pass
    else:
        return "utf-8"
    broken = {
        codec: sample.decode(codec, "replace").count("\ufffd") for codec in ("utf-8", "gb18030")
    }
    return min(broken, key=lambda codec: broken[codec])


class Excess(NamedTuple):
    """What of a page is more than is read: `number` of `what`, where `most` are allowed."""

    what: Text
    number: int
    most: int


def parse_markup(text: str) -> LexborHTMLParser | None:
    """Return the tree of `text`, None when no browser would build it (too many or too deep tags).

    The HTML algorithm is quadratic in the nesting depth and rebuilds unclosed formatting elements
    in every later block, so a small text could otherwise stand for gigabytes.
    """
    if "\0" in text:
        text = text.replace("\0", "")
    return LexborHTMLParser(text) if _excess_of(text, _FEW_TAGS) is None else None


def _excess_of(text: str, few_tags: int) -> Excess | None:
    """Return what of a markup is too much, None where it can be built. So many as `few_tags` may
    all nest.
    """
    pieces = text.split("<")
    if max(map(len, pieces)) > _LONG_TAG:
        attributes = max(map(_attributes, pieces[1:]), default=0)
        if attributes:
            return Excess(ATTRIBUTES, attributes, _MAX_ATTRIBUTES)
    tags = len(pieces) - 1
    if tags > _MAX_TAGS:
        return Excess(TAGS, tags, _MAX_TAGS)
    if tags * tags <= _MAX_REBUILT:
        return None
    rebuilt = tags * _most_open(_FORMATTING_TAG.findall(text))
    if rebuilt > _MAX_REBUILT:
        return Excess(REBUILT, rebuilt, _MAX_REBUILT)
    depth = 0 if tags <= few_tags else _most_open(_TAG.findall(text))
    return Excess(DEPTH, depth, _MAX_DEPTH) if depth > _MAX_DEPTH else None


def _attributes(piece: str) -> int:
    """How many attributes the tag has that follows a `<`, where its beginning alone has more than
    anybody writes; else 0.
    """
    if len(piece) <= _LONG_TAG:
        return 0
    tag = piece[: _LONG_TAG + 1]
    is_tag = tag[0].isascii() and tag[0].isalpha() and ">" not in tag
    if not is_tag or tag.count("=") <= _MAX_ATTRIBUTES:
        return 0
    return piece.partition(">")[0].count("=")


def _most_open(tags: list[str]) -> int:
    """How many elements are open at once at most; those that others close do not count."""
    open_now: dict[str, int] = {}
    depth = deepest = 0
    for tag in map(str.lower, tags):
        if tag[0] != "/":
            if tag in _CLOSED_BY_OTHERS:
                continue
            open_now[tag] = open_now.get(tag, 0) + 1
            depth += 1
            if depth > deepest:
                deepest = depth
        elif count := open_now.get(tag[1:], 0):
            open_now[tag[1:]] = count - 1
            depth -= 1
    return deepest


def _parse_utf8(body: bytes) -> object:
    """The JSON value of bytes that are UTF-8, as nearly all replies are: no need to decode them."""
    if len(body) > _MAX_BRACKETS and body.count(b"[") + body.count(b"{") > _MAX_BRACKETS:
        return None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def parse_json(text: str) -> object:
    """Return the JSON value of `text`, None when it is none or larger than any reply.

    A surrogate left alone by a platform that cut a text in the middle of an emoji is kept for the
    text reader to drop; it must not cost the whole page.
    """
    if len(text) > _MAX_BRACKETS and text.count("[") + text.count("{") > _MAX_BRACKETS:
        return None
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def json_at(text: str, start: int, *, before: str = "") -> object:
    """Return the JSON value that begins at a place of a text, as in a script; None if none does.

    `before` is what usually follows it, by which it is found sooner.
    """
    end = text.find(before, start) if before else -1
    if end > start and (value := parse_json(text[start:end])) is not None:
        return value
    if text.count("[", start) + text.count("{", start) > _MAX_BRACKETS:
        return None
    try:
        return _DECODER.raw_decode(text, start)[0]
    except (ValueError, RecursionError):
        return None


@dataclass
class Document:
    """One fetched page. `url` and `status` are those of the answer; `url` may be empty."""

    body: bytes
    url: str
    status: int
    fetched_at: datetime
    _scripts: dict[str, object] = field(default_factory=dict, repr=False, compare=False)

    @property
    def is_too_large(self) -> bool:
        """Whether the body is beyond what is read at all."""
        return len(self.body) > MAX_PAGE_BYTES

    @cached_property
    def text(self) -> str:
        """The decoded body, "" when it is too large."""
        if self.is_too_large:
            return ""
        text = decode(self.body) if self._utf8 is None else self._utf8
        return text.strip("\ufeff \t\r\n")

    @cached_property
    def _utf8(self) -> str | None:
        return None if self.is_too_large else _decode_utf8(self.body)

    @cached_property
    def json(self) -> object:
        """The JSON value of the page, also when Chrome shows it inside `<pre>`; None if it is
        none.
        """
        if self.body[:1] in (b"{", b"[") and not self.is_too_large:
            value = _parse_utf8(self.body)
            if value is not None:
                return value
        if self.text[:1] in ("{", "["):
            return parse_json(self.text)
        if "<pre" in self.text[:_SAMPLE] and self.tree is not None:
            shown = self.tree.css_first("body > pre")
            inside = shown.text().strip() if shown else ""
            return parse_json(inside) if inside[:1] in ("{", "[") else None
        return None

    @cached_property
    def object(self) -> dict[str, object]:
        """The JSON object of the page; empty when it is none."""
        return self.json if isinstance(self.json, dict) else {}

    def script(self, name: str) -> _Value:
        """The JSON value inside `<script id="name">`, None when there is none that can be read.

        Found in the text, because a page that carries its data need not be built as a tree.
        """
        if name not in self._scripts:
            self._scripts[name] = self._script(name)
        return self._scripts[name]

    def _script(self, name: str) -> _Value:
        if self.text[:1] != "<":
            return None
        quoted = (self.text.find(f"id={quote}{name}") for quote in ('"', "'", ""))
        at = next((place for place in quoted if place >= 0), -1)
        start = self.text.find(">", at)
        end = self.text.find("</script", start)
        if min(at, start, end) < 0 or "<" in self.text[at:start]:
            return None
        return parse_json(self.text[start + 1 : end])

    @cached_property
    def tree(self) -> LexborHTMLParser | None:
        """The markup of the page, None when it has none, or more than is built (`excess`)."""
        if not self._is_markup or self.excess is not None:
            return None
        is_as_it_came = self._utf8 is not None and self.body[:1] == b"<"
        return LexborHTMLParser(self.body if is_as_it_came else self._markup)

    @cached_property
    def excess(self) -> Excess | None:
        """What of the page is too much to be read, None where nothing is."""
        if self._is_markup:
            return _excess_of(self._markup, _FEW_TAGS_OF_A_PAGE)
        brackets = self.text.count("[") + self.text.count("{")
        if self.text[:1] in ("{", "[") and brackets > _MAX_BRACKETS:
            return Excess(BRACKETS, brackets, _MAX_BRACKETS)
        return None

    @property
    def _is_markup(self) -> bool:
        return self.text[:1] not in ("{", "[") and "<" in self.text

    @property
    def _markup(self) -> str:
        return self.text.replace("\0", "") if "\0" in self.text else self.text

    @cached_property
    def title(self) -> str:
        """The text of `<title>`."""
        found = self.first("head > title")
        return found.text().strip() if found else ""

    def first(self, selector: str) -> LexborNode | None:
        """Return the first element that `selector` matches."""
        return self.tree.css_first(selector, None) if self.tree else None

    def all(self, selector: str) -> list[LexborNode]:
        """Return every element that `selector` matches, in document order."""
        return self.tree.css(selector) if self.tree else []


def bounded(results: list[Result], page: str) -> list[Result]:
    """Return `results`; raises LayoutChanged when there are more than any page shows."""
    if len(results) > MAX_RESULTS:
        raise LayoutChanged(page, f"at most {MAX_RESULTS} results")
    return results


def first(node: LexborNode, selector: str) -> LexborNode | None:
    """Return the first element below `node` that `selector` matches."""
    return node.css_first(selector, None)


def attribute(node: LexborNode | None, name: str) -> str:
    """Return an attribute of an element, "" when there is none."""
    return (node.attributes.get(name) or "") if node is not None else ""


def asked(url: str, name: str, *, encoding: str = "utf-8") -> str:
    """Return the value of a query parameter of an address, "" when there is none.

    Raises UnicodeDecodeError when the value is not text in `encoding`.
    """
    try:
        query = urlsplit(url).query
    except ValueError:  # an address that is none, such as //[
        return ""
    return parse_qs(query, encoding=encoding, errors="strict").get(name, [""])[0].strip()
