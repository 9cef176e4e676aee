"""Take what belongs to people out of a page and leave its structure: tags, attributes, keys, types.

Two passes. `Identities.collect` learns who is on the page: names, ids and secrets, from the keys
beside them and from what the reader read. Then everything that stands between the structure is
rewritten: a value by what its key says, any other text word by word, and whoever is known is
replaced wherever they are named, also inside addresses, JSON in strings and scripts.
"""

import html
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import quote, quote_plus, unquote, urlsplit

from crawlers.captures.inventing import Inventor
from crawlers.captures.keys import (
    Around,
    is_id,
    is_ip,
    is_name,
    is_personal,
    is_secret,
    is_time,
    is_viewer,
    says,
    spelled,
)
from crawlers.captures.words import kept
from crawlers.pages import tieba_emoticons
from domain.page import FoundMention


class Taken(StrEnum):
    """What was taken out."""

    SECRET = "secret"  # noqa: S105  # a kind, not a password
    VIEWER = "viewer"
    NAME = "name"
    ID = "id"
    PERSONAL = "personal"
    PICTURE = "picture"
    CONTACT = "contact"
    IP = "ip"
    TEXT = "text"


_EPOCH = re.compile(r"1[0-9]{9}(?:[0-9]{3})?|2[01][0-9]{8}(?:[0-9]{3})?")
_DIGITS = re.compile(r"(?<![0-9.])[0-9]{6,}(?![0-9])")
_A_COUNT = re.compile(r"[\s\u200b]*[0-9]{1,7}[\s\u200b]*")
"""All that an element says."""

_MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,60}(?:\.[\w-]{1,30}){1,4}", re.ASCII)
_LINK = re.compile(r"https?://[^\s\"'<>\u4e00-\u9fff，。！？）】」]+|//[\w.-]+\.\w{2,}/[^\s\"'<>]*")
_RUN = re.compile(r"[^\W_]+")
_PLAIN = re.compile(r"[A-Za-z_$][\w$\-]{0,48}(?:[ .:/|,;][\w$\-#%()]{0,40}){0,6}", re.ASCII)
"""An enum, a class, a media type: nothing that somebody wrote."""

_SECRET = re.compile(r"(?=.*[0-9])[\w\-+/=.%|]{8,}", re.ASCII)
_PERCENT = re.compile(r"[\w.~-]*(?:%[0-9A-Fa-f]{2}[\w.~-]*)+", re.ASCII)
_QUERY = re.compile(r"[\w.\-%\[\]$]+=[^&=]*(?:&[\w.\-%\[\]$]+=[^&=]*)*")
_TOKENLIKE = re.compile(r"(?=[\w\-]*[0-9])(?=[\w\-]*[A-Za-z])[\w\-%=+]{16,}", re.ASCII)
_PICTURES = re.compile(r"\.(?:jpe?g|png|gif|webp|heic|mp4|bmp)(?:[?!#@]|$)|sinaimg|zhimg|tiebapic"
                       r"|himg\.b", re.IGNORECASE)  # fmt: skip
_TAG = re.compile(r"<(!--|!|/?[A-Za-z][^\s>/]*)")
_ATTRIBUTE = re.compile(r"""([^\s=>"'/]+)(\s*=\s*)("[^"]*"|'[^']*'|[^\s>]+)""")
_RAW = frozenset({"script", "style", "textarea", "noscript"})
_LITERAL = re.compile(r"""'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*\"""")
_BEFORE = re.compile(r"""([\w$-]+)['"]?\s*\]?\s*[:=]\s*$""")
_STRUCTURAL_WORDS = """
    class style type rel target role lang charset http-equiv method itemprop itemtype for
    width height node-type action-type media align valign colspan rowspan tabindex
    property dir enctype viewbox xmlns version d
"""
_STRUCTURAL = frozenset(_STRUCTURAL_WORDS.split())
_ADDRESSES = frozenset(
    ["href", "src", "data-src", "data-original", "data-url", "poster", "action", "srcset", "cite"]
)
_STRUCTURAL_KEY = re.compile(r"[a-z_$][A-Za-z_$]*[0-9]?", re.ASCII)
"""A key of the platform; other keys are ids, or words that somebody wrote."""

_LEAST_NAME = 2
_LONGEST_NAME = 40
_CODE = re.compile(r"[{}()<>;=|\\]|\+\s")
"""No name: what a script assigns."""

_LEAST_ID = 5
_DIGITS_OF_IDS = 4
_SURELY_AN_ID = 15
"""Digits that no count and no time has."""
_DEEPEST = 40


@dataclass
class Identities:
    """Who and what is on a page, each with what stands in its place."""

    inventor: Inventor
    names: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)

    def learn(self, mentions: Iterable[FoundMention]) -> None:
        """Learn whom a reader found."""
        for mention in mentions:
            self.name(mention.author)
            self.identifier(mention.author_uid or "")
            self.bid(mention.bid or "")
            for one in (mention.id, mention.parent_id, mention.root_id, mention.repost_of):
                self.identifier((one or "").rpartition(":")[2])

    def name(self, name: str) -> None:
        """Learn a display name; one that is an id (a nameless account) is learnt as that."""
        name = name.strip().removeprefix("@")
        if name.isdigit():
            self.identifier(name)
        elif _LEAST_NAME <= len(name) <= _LONGEST_NAME and not _CODE.search(name):
            self.names.setdefault(name, self.inventor.name(name))

    def identifier(self, text: str) -> None:
        """Learn an id: digits, or a token with digits in it."""
        if text.isascii() and text.isdigit():
            if len(text) >= _LEAST_ID:
                self.ids.setdefault(text, self.inventor.number(text))
        elif re.fullmatch(r"[\w.\-]{5,80}", text, re.ASCII) and not text.isdigit():
            self.ids.setdefault(text, self.inventor.token(text))

    def bid(self, bid: str) -> None:
        """Learn the second id of a mention: of Weibo, it must go on to match the first."""
        if bid.isdigit():
            self.identifier(bid)
        elif re.fullmatch(r"[0-9A-Za-z]{7,12}", bid):
            self.ids.setdefault(bid, self.inventor.bid(bid))

    def collect(self, value: object, key: str = "", around: Around | None = None) -> None:
        """Learn from a JSON value and all below it."""
        _Collector(self).visit(value, spelled(key), around or Around(), 0)

    def known(self) -> dict[str, str]:
        """Return all of them by what they are replaced with."""
        return {**self.secrets, **self.ids, **self.names}


@dataclass
class _Collector:
    who: Identities

    def visit(self, value: object, key: str, around: Around, depth: int) -> None:
        if depth > _DEEPEST:
            return
        if isinstance(value, dict):
            inside = Around(key, frozenset(map(spelled, value)))
            for name, each in value.items():
                self.visit(each, spelled(name), inside, depth + 1)
        elif isinstance(value, list):
            for each in value:
                self.visit(each, key, around, depth + 1)
        elif isinstance(value, str):
            self._text(value, key, around, depth)
        elif isinstance(value, int) and not isinstance(value, bool) and is_id(key):
            self.who.identifier(str(abs(value)))

    def _text(self, text: str, key: str, around: Around, depth: int) -> None:
        if is_name(key, around):
            self.who.name(html.unescape(re.sub(r"<[^>]*>", "", text)))
        elif is_secret(key):
            if _SECRET.fullmatch(text):
                self.who.secrets.setdefault(text, self.who.inventor.token(text))
        elif key in {"bid", "mblogid"}:
            self.who.bid(text)
        elif is_id(key):
            for part in re.split(r"[,|:_]", text) if not text.isalnum() else [text]:
                # `rl-must_login-1` is the name of a switch
                if len(part) >= _LEAST_ID and len(re.findall(r"[0-9]", part)) >= _DIGITS_OF_IDS:
                    self.who.identifier(part)
            if key in {"url_token", "urltoken", "portrait"}:
                self.who.identifier(text.partition("?")[0])
        inner = _json_inside(text)
        if inner is not None:
            self.visit(inner, key, around, depth + 1)


@dataclass
class Scrubber:
    """Rewrites one page. `keep` are words that stay (the operator's own query), `keep_text` leaves
    what people wrote but for names, ids and contacts, `strip_ip` takes IP places out, too.
    """

    who: Identities
    keep: Sequence[str] = ()
    keep_text: bool = False
    strip_ip: bool = False
    counts: Counter[Taken] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._invent = self.who.inventor
        self._kept = kept(places=not self.strip_ip)
        self._stays = _alternation(word for word in self.keep if len(word) > 1)
        self._known = self.who.known()
        self._someone = _alternation(self._known)

    # ---- JSON --------------------------------------------------------------------------------

    def json_text(self, text: str) -> str:
        """Return a JSON text with its values rewritten."""
        value = self.value(json.loads(text), "", Around(), 0, viewer=False)
        dumped = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return dumped.replace("</", "<\\/")

    def value(self, value: Any, key: str, around: Around, depth: int, *, viewer: bool) -> Any:
        """Return a JSON value rewritten; its type stays."""
        if depth > _DEEPEST:
            return value
        if isinstance(value, dict):
            inside = Around(key, frozenset(map(spelled, value)))
            return {
                self._dict_key(name): self.value(
                    each,
                    spelled(name),
                    inside,
                    depth + 1,
                    viewer=viewer or is_viewer(spelled(name)),
                )
                for name, each in value.items()
            }
        if isinstance(value, list):
            return [self.value(each, key, around, depth + 1, viewer=viewer) for each in value]
        if isinstance(value, bool) or value is None or isinstance(value, float):
            return value
        if isinstance(value, int):
            return self._number(value, key, viewer=viewer)
        return self._string(value, key, around, depth, viewer=viewer)

    def _dict_key(self, name: str) -> str:
        is_word = name in self._known and not _STRUCTURAL_KEY.fullmatch(name)
        if name in self.who.ids or is_word:
            return self._note(Taken.ID, self._known[name])
        is_id_itself = _DIGITS.search(name) or _TOKENLIKE.search(name)
        return self.identifiers(name) if is_id_itself else name

    def _number(self, value: int, key: str, *, viewer: bool) -> int:
        if value < 0:
            return -self._number(-value, key, viewer=viewer)
        digits = str(value)
        if is_time(key):
            return value
        if viewer and len(digits) >= _LEAST_ID:
            return int(self._note(Taken.VIEWER, self._invent.number(digits)))
        if digits in self.who.ids and (is_id(key) or len(digits) >= 8):
            return int(self._note(Taken.ID, self.who.ids[digits]))
        if (is_id(key) and len(digits) >= _LEAST_ID) or len(digits) >= _SURELY_AN_ID:
            return int(self._note(Taken.ID, self._invent.number(digits)))
        return value

    def _string(self, text: str, key: str, around: Around, depth: int, *, viewer: bool) -> str:
        if not text:
            return text
        if viewer and not is_time(key):
            return self._note(Taken.VIEWER, self._invent.words(text))
        if is_secret(key):
            return self._note(Taken.SECRET, self._invent.token(self._invent.words(text)))
        if is_name(key, around):
            return self.named(text)
        inner = _json_inside(text)
        if inner is not None:
            rewritten = self.value(inner, key, around, depth + 1, viewer=viewer)
            return json.dumps(rewritten, ensure_ascii=False, separators=(",", ":"))
        if is_ip(key) and self.strip_ip:
            return self._note(Taken.IP, self._invent.words(text))
        if is_ip(key) or (is_time(key) and not _LINK.search(text)):
            return text if not _TOKENLIKE.search(text) else self.said(text)
        if is_personal(key, around):
            return self._note(Taken.PERSONAL, self._personal(text))
        return self.any_text(text, key)

    def _personal(self, text: str) -> str:
        return text if _PLAIN.fullmatch(text) and len(text) < 3 else self._invent.words(text)

    def any_text(self, text: str, key: str = "") -> str:
        """Return a string of unknown kind rewritten: an address, markup, an id, or what somebody
        wrote.
        """
        if text in self._known:
            return self._note(Taken.ID if text in self.who.ids else Taken.NAME, self._known[text])
        if re.match(r"(?:https?:)?//\S+$|/[\w%.\-/]+(?:\?\S*)?$", text):
            return self.address(text)
        if _looks_like_markup(text):
            return self.markup(text)
        if key in {"bid", "mblogid"}:
            return self._note(Taken.ID, self._invent.bid(text))
        if is_id(key) and text.isascii():
            return self.identifiers(text, all_of_it=True)
        if says(key) and text.isascii() and not tieba_emoticons.by_key(text):
            return self.said(text)
        if _PLAIN.fullmatch(text) and not self._someone.search(text):
            return self.identifiers(text)
        if _QUERY.fullmatch(text):
            return self.query(text)
        if text.isascii() and _PERCENT.search(text):
            return self.identifiers(_PERCENT.sub(self._percent, text))
        return self.said(text)

    # ---- what people wrote -------------------------------------------------------------------

    def named(self, text: str) -> str:
        """Return a name as the invented one; markup around it stays."""
        bare = text.strip().removeprefix("@")
        if bare in self.who.names:
            return self._note(Taken.NAME, text.replace(bare, self.who.names[bare]))
        return self.markup(text) if "<" in text else self.said(text)

    def said(self, text: str) -> str:
        """Return a text with its words replaced; times, counts, emoticons and the words of the
        interface stay.
        """
        parts, end = [], 0
        for start, stop, shown in self._pieces(text):
            parts += [self._words(text[end:start]), shown]
            end = stop
        return "".join([*parts, self._words(text[end:])])

    def _pieces(self, text: str) -> Iterator[tuple[int, int, str]]:
        """What is not replaced word by word: addresses, contacts, known people, what stays."""
        at = 0
        forms: tuple[tuple[re.Pattern[str], Callable[[str], str]], ...] = (
            (_MAIL, self._contact),
            (_LINK, self.address),
            (self._someone, self._somebody),
            (self._stays, str),
            (self._kept, str),
            (_DIGITS, self._long_number),
        )
        waiting = [form.search(text) for form, _ in forms]
        while True:
            best = None
            for number, (form, _) in enumerate(forms):
                match = waiting[number]
                if match is not None and match.start() < at:
                    match = waiting[number] = form.search(text, at)
                if match is not None and match.end() > match.start():
                    place = (match.start(), number)
                    best = place if best is None or place < best else best
            if best is None:
                return
            chosen = waiting[best[1]]
            assert chosen is not None  # noqa: S101  # what `best` was taken from
            yield chosen.start(), chosen.end(), forms[best[1]][1](chosen[0])
            at = chosen.end()

    def _words(self, text: str) -> str:
        if self.keep_text or not text:
            return text
        return _RUN.sub(self._word, text)

    def _word(self, match: re.Match[str]) -> str:
        if match[0].isdigit() and len(match[0]) < 6:
            return match[0]
        return self._note(Taken.TEXT, self._invent.words(match[0]))

    def _contact(self, text: str) -> str:
        name = self._invent.words(text.partition("@")[0])
        return self._note(Taken.CONTACT, f"{name}@example.com")

    def _long_number(self, digits: str) -> str:
        kind = Taken.CONTACT if len(digits) in {11, 18} else Taken.ID
        return self._note(kind, self._invent.number(digits))

    def _somebody(self, text: str) -> str:
        kind = Taken.ID if text in self.who.ids else Taken.NAME
        return self._note(kind, self._known[text])

    # ---- addresses and ids -------------------------------------------------------------------

    def identifiers(self, text: str, *, all_of_it: bool = False) -> str:
        """Return a text in which known people, long numbers and tokens are replaced."""
        text = self._someone.sub(lambda match: self._somebody(match[0]), text)
        made = set(self._known.values())

        def number(match: re.Match[str]) -> str:
            if match[0] in made or (not all_of_it and _EPOCH.fullmatch(match[0])):
                return match[0]
            return self._note(Taken.ID, self._invent.number(match[0]))

        text = _DIGITS.sub(number, text)
        return _TOKENLIKE.sub(lambda match: self._token(match[0], made), text)

    def _token(self, text: str, made: set[str]) -> str:
        """A token mixes letters and digits; `C_4512413737386822` is a number with a letter."""
        changes = re.findall(r"[A-Za-z]+(?=[0-9])|[0-9]+(?=[A-Za-z])", text)
        if text in made or len(changes) < 3:
            return text
        return self._note(Taken.ID, self._invent.token(text))

    def address(self, address: str) -> str:
        """Return an address with the same host, path and parameters, leading nowhere."""
        try:
            parts = urlsplit(address)
        except ValueError:
            return self._note(Taken.TEXT, self._invent.words(address))
        if tieba_emoticons.by_file(address):
            return address
        if _PICTURES.search(address):
            self.counts[Taken.PICTURE] += 1
            path = re.sub(r"[\w\-~%]{6,}", lambda m: self._invent.token(m[0]), parts.path)
        else:
            path = "/".join(self._segment(part) for part in parts.path.split("/"))
        ours = parts._replace(
            path=path,
            query=self.query(parts.query) if parts.query else "",
            fragment=self.identifiers(parts.fragment) if parts.fragment else "",
        )
        made = ours.geturl()
        return f"//{made.lstrip('/')}" if address.startswith("//") else made

    def _percent(self, match: re.Match[str]) -> str:
        plain = _unquoted(match[0])
        new = self._somebody(plain) if plain in self._known else self.said(plain)
        return quote(new, safe="@") if new != plain else match[0]

    def _segment(self, part: str) -> str:
        plain = _unquoted(part)
        if plain in self._known:
            return quote(self._somebody(plain))
        if plain != part:
            return quote(self.said(plain), safe="@")
        if re.fullmatch(r"[0-9]{5,}", part):
            return self._note(Taken.ID, self._invent.number(part))
        return self.identifiers(part) if part.isascii() else self.said(part)

    def query(self, text: str) -> str:
        """Return `a=b&c=d` with its values rewritten by their names."""
        if "=" not in text:
            return self.identifiers(text, all_of_it=True) if text.isascii() else self.said(text)
        return re.sub(r"([^=&]+)=([^&]*)", self._parameter, text)

    def _parameter(self, match: re.Match[str]) -> str:
        key, plain = spelled(unquote(match[1])), _unquoted(match[2].replace("+", " "))
        if not plain:
            return match[0]
        if is_secret(key):
            new = self._note(Taken.SECRET, self._invent.token(self._invent.words(plain)))
        elif plain in self.keep:
            return match[0]
        elif re.match(r"https?://", plain):
            new = self.address(plain)
        elif plain in self._known:
            new = self._somebody(plain)
        elif plain.isdigit() and len(plain) >= _LEAST_ID and is_id(key):
            new = self._note(Taken.ID, self._invent.number(plain))
        elif plain.isascii():
            new = self.identifiers(plain, all_of_it=is_id(key))
        else:
            new = self.said(plain)
        return match[0] if new == plain else f"{match[1]}={quote_plus(new)}"

    # ---- markup ------------------------------------------------------------------------------

    def markup(self, text: str) -> str:
        """Return markup with the same tags and attributes, their values and texts rewritten."""
        parts: list[str] = []
        at = 0
        while at < len(text):
            match = _TAG.search(text, at)
            if match is None:
                break
            parts.append(self._text_node(text[at : match.start()]))
            at = self._element(text, match, parts)
        parts.append(self._text_node(text[at:]))
        return "".join(parts)

    def _element(self, text: str, match: re.Match[str], parts: list[str]) -> int:
        """Rewrite what begins at a `<`; return where it ends."""
        start, name = match.start(), match[1].lower()
        if name == "!--":
            end = text.find("-->", start)
            end = len(text) if end < 0 else end
            inside = text[start + 4 : end]
            is_mark = _PLAIN.fullmatch(inside.strip(" /")) and not _DIGITS.search(inside)
            parts.append(f"<!--{inside if is_mark else self.markup(inside)}")
            return end
        end = _end_of_tag(text, match.end())
        if name == "!":
            parts.append(text[start:end])
            return end
        parts.append(_ATTRIBUTE.sub(self._attribute(name), text[start:end]))
        if name not in _RAW:
            return end
        close = text.lower().find(f"</{name}", end)
        close = len(text) if close < 0 else close
        inside = text[end:close]
        if name == "script":
            parts.append(self.script(inside))
        else:
            parts.append(inside if name == "style" else self.markup(inside))
        return close

    def _attribute(self, tag: str) -> Callable[[re.Match[str]], str]:
        def rewrite(match: re.Match[str]) -> str:
            name, between, quoted = match[1].lower(), match[2], match[3]
            mark = quoted[0] if quoted[0] in "\"'" else ""
            plain = html.unescape(quoted[1:-1] if mark else quoted)
            if name in _STRUCTURAL or not plain or (name == "name" and tag in {"meta", "input"}):
                return match[0]
            new = self._attribute_value(name, plain)
            if new == plain:
                return match[0]
            escaped = new.replace("&", "&amp;")
            if "<" not in quoted:
                escaped = escaped.replace("<", "&lt;").replace(">", "&gt;")
            if mark == "'":
                escaped = escaped.replace("'", "&#39;")
            else:
                escaped = escaped.replace('"', "&quot;")
            return f"{match[1]}{between}{mark}{escaped}{mark}"

        return rewrite

    def _attribute_value(self, name: str, plain: str) -> str:
        inner = _json_inside(plain) or _json_inside(plain.replace("'", '"'))
        if inner is not None:
            rewritten = self.value(inner, "", Around(), 0, viewer=False)
            dumped = json.dumps(rewritten, ensure_ascii=False, separators=(",", ":"))
            return dumped if _json_inside(plain) is not None else dumped.replace('"', "'")
        key = spelled(name)
        if name in _ADDRESSES:
            if plain.startswith(("javascript:", "data:")):
                return plain.partition(",")[0] + "," if plain.startswith("data:") else plain
            return self.address(plain)
        if is_name(key, Around()):
            return self.named(plain)
        if is_secret(key):
            return self._note(Taken.SECRET, self._invent.token(self._invent.words(plain)))
        if name in {"id", "value"} and plain.isascii():
            return self.identifiers(plain, all_of_it=True)
        if name == "content" and _LINK.match(plain):
            return self.address(plain)
        return self.any_text(plain, key)

    def _text_node(self, text: str) -> str:
        if not text or text.isspace():
            return text
        if _A_COUNT.fullmatch(text) and text.strip() not in self._known:
            return text
        plain = html.unescape(text)
        # white space and entities of it are layout: only what stands between them is rewritten
        if plain == text:
            return self.said(text)
        return re.sub(r"[^&]+|&(?:#\w+|\w+);?", self._part_of_node, text)

    def _part_of_node(self, match: re.Match[str]) -> str:
        if match[0].startswith("&"):
            plain = html.unescape(match[0])
            return self._words(plain) if plain.isalnum() else match[0]
        return self.said(match[0])

    # ---- scripts -----------------------------------------------------------------------------

    def script(self, text: str) -> str:
        """Return a script with the JSON in it and its string literals rewritten."""
        parts, at, decoder = [], 0, json.JSONDecoder()
        for start in (match.start() for match in re.finditer(r"[{\[]", text)):
            if start < at:
                continue
            try:
                value, end = decoder.raw_decode(text, start)
            except (ValueError, RecursionError):
                continue
            if not value or not isinstance(value, dict | list) or _is_code(value):
                continue
            key = _key_before(text[:start])
            new = self.value(value, key, Around(), 0, viewer=is_viewer(key))
            dumped = json.dumps(new, ensure_ascii=False, separators=(",", ":"))
            parts += [self._code(text[at:start]), dumped.replace("</", "<\\/")]
            at = end
        return "".join([*parts, self._code(text[at:])])

    def _code(self, text: str) -> str:
        def literal(match: re.Match[str]) -> str:
            if _is_key(text, match):
                return match[0]
            key = _key_before(text[max(0, match.start() - 60) : match.start()])
            plain = _unescaped(match[0])
            new = self._string(plain, key, Around(), 0, viewer="$CONFIG" in text[:200])
            return match[0] if new == plain else _escaped(new, match[0])

        code = _LITERAL.sub(literal, text)
        return _DIGITS.sub(self._number_in_code, code) if self.who.ids else code

    def _number_in_code(self, match: re.Match[str]) -> str:
        return self.who.ids.get(match[0], match[0])

    def _note(self, kind: Taken, new: str) -> str:
        self.counts[kind] += 1
        return new


def _unquoted(text: str) -> str:
    """Percent-encoded text in UTF-8, or in GBK as Tieba writes names."""
    plain = unquote(text)
    return unquote(text, "gb18030", "replace") if "\ufffd" in plain else plain


def _unescaped(literal: str) -> str:
    """What a JavaScript string literal says."""
    inside = re.sub(r"\\x([0-9A-Fa-f]{2})", r"\\u00\1", literal[1:-1])
    inside = inside.replace("\\'", "'").replace('\\"', '"').replace('"', '\\"')
    try:
        plain = json.loads(f'"{inside}"')
    except ValueError:
        return literal[1:-1]
    return plain if isinstance(plain, str) else literal[1:-1]


def _escaped(text: str, like: str) -> str:
    """A text as a literal with the quotes and the escapes of another one."""
    inside = json.dumps(text, ensure_ascii="\\u" in like)[1:-1].replace("</", "<\\/")
    if like[0] == "'":
        inside = inside.replace('\\"', '"').replace("'", "\\'")
    return f"{like[0]}{inside}{like[0]}"


def _alternation(words: Iterable[str]) -> re.Pattern[str]:
    """A pattern of any of the words, the longest first; ASCII ones only as whole words."""
    forms = [
        rf"(?<![0-9A-Za-z]){re.escape(word)}(?![0-9A-Za-z])" if word.isascii() else re.escape(word)
        for word in sorted(set(words), key=len, reverse=True)
    ]
    return re.compile("|".join(forms) or r"(?!)")


def _json_inside(text: str) -> Any:
    """The JSON object or list that a string is, None when it is none."""
    if text[:1] not in "{[" or not text or text[-1] not in "}]":
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict | list) else None


def _is_code(value: object) -> bool:
    """`[0]` after a list is an index and no data."""
    return isinstance(value, list) and len(value) == 1 and isinstance(value[0], int)


def _looks_like_markup(text: str) -> bool:
    return bool(re.search(r"</?[A-Za-z][^<>]*>|<!--", text))


def _end_of_tag(text: str, at: int) -> int:
    """Where a tag ends that began before `at`; a `>` inside quotes does not end it."""
    mark = ""
    for place in range(at, len(text)):
        sign = text[place]
        if mark:
            mark = "" if sign == mark else mark
        elif sign in "\"'" and text[place - 1] in "= \t\n":
            mark = sign
        elif sign == ">":
            return place + 1
    return len(text)


def _is_key(text: str, literal: re.Match[str]) -> bool:
    """Whether a string in a script is a name: `$CONFIG['uid']`, `{"uid": …}`."""
    before, after = text[: literal.start()].rstrip()[-1:], text[literal.end() :].lstrip()[:1]
    named = (before == "[" and after == "]") or (before in "{,;\n" and after == ":")
    return named and bool(_PLAIN.fullmatch(literal[0][1:-1]))


def _key_before(text: str) -> str:
    match = _BEFORE.search(text[-60:])
    return spelled(match[1]) if match else ""
