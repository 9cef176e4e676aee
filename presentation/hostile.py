"""Crawled text is hostile: what is done to it before it stands in a mail, a page or a report.

Nothing here makes text safe *as markup*; templates escape. What this module takes away is what
escaping leaves: line breaks that forge a header or a line, characters that reorder or hide what
stands around them, piles of accents, half surrogates that no encoder takes, and addresses that a
mail program would turn into links.
"""

import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import quote, urlsplit, urlunsplit

_ZWJ = "\u200d"
_BLANKS = frozenset("\u115f\u1160\u3164\uffa0\u2800")
"""Signs that Unicode calls letters or symbols, and that are drawn as nothing."""
_LONGEST_CLUSTER = 16
"""Code points of one sign: the longest emoji have ten, a hostile chain of joiners has no end."""
_ROOM = 32
"""Code points looked at for each sign of an excerpt: marks and joiners of it, what is not shown."""
_MAX_MARKS = 4
"""Combining marks kept on one sign: Vietnamese and Thai need up to three, a pile overflows."""

_COMMANDS = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""Controls (C0, C1), directional marks, overrides and isolates, line and paragraph separators."""

_HOST = re.compile(
    r"(?i)(?<![a-z0-9])((?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,10}"
    r"[a-z][a-z0-9-]{0,61}[a-z0-9])(?![a-z0-9])"
)
_SCHEME = re.compile(r"(?i)(?<![a-z0-9])(?:h(tt)(ps?)|(ft)(ps?)):(?=//)")
_OTHER_SCHEME = re.compile(
    r"(?i)(?<![a-z0-9])(?!hxxps?:|fxp:)"
    r"([a-z][a-z0-9+.-]{1,30}(?=://)|javascript|vbscript|data|file|mailto|tel|sms):"
)
"""Programs link these too, and `file://host/` hands a Windows login to that host."""
_NAMED_IN_HAN = re.compile(r"(?i)(?<![a-z0-9])www\.[^\s/.]{1,63}(?:\.[^\s/.]{1,63}){1,8}")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE)


def clean_line(text: str) -> str:
    """Return `text` as one harmless line, cleaned twice being the same as once.

    Line breaks, tabs and every kind of space become one space; controls, bidirectional overrides,
    zero-width and other invisible signs, private-use signs and half surrogates vanish (a joiner
    inside an emoji stays); at most four combining marks stay on one sign.
    """
    kept: list[str] = []
    marks = 0
    for sign in text:
        category = unicodedata.category(sign)
        if sign.isspace() or category in {"Zs", "Zl", "Zp"} or sign in _BLANKS:
            sign, marks = " ", 0
        elif sign == _ZWJ or not _is_shown(sign, category):
            if not (sign == _ZWJ and kept and _is_emoji_part(kept[-1])):
                continue
        elif category.startswith("M"):
            marks += 1
            if marks > _MAX_MARKS:
                continue
        else:
            marks = 0
        kept.append(sign)
    return " ".join(_without_loose_joiners("".join(kept)).split())


def without_commands(text: str) -> str:
    """Return `text` with what a terminal would obey written out: escape sequences, other controls
    but tab and line feed, and signs that turn or part lines.

    They become `\\u009b`, which a reader sees and which JSON and TOML read as the same character.
    """
    return _COMMANDS.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def clusters(text: str) -> Iterator[str]:
    """Yield what a reader counts as one sign: a base with its marks, a joined emoji, a flag.

    A close, small reading of Unicode's extended grapheme clusters (UAX #29); Hangul written in
    separate jamo and Indic conjuncts are split finer than there.
    """
    cluster = ""
    for sign in text:
        if cluster and (len(cluster) == _LONGEST_CLUSTER or not _continues(cluster, sign)):
            yield cluster
            cluster = ""
        cluster += sign
    if cluster:
        yield cluster


def excerpt(text: str, limit: int) -> str:
    """Return the cleaned text, cut to at most `limit` signs of which the last is then `…`.

    Only its beginning is looked at: somebody may post a line of a megabyte, and a page shows
    dozens.
    """
    begin = text[: limit * _ROOM]
    signs = list(clusters(clean_line(begin)))
    if len(signs) <= limit and len(begin) == len(text):
        return "".join(signs)
    return "".join(signs[: max(0, limit - 1)]).rstrip() + "…"


def defang(text: str) -> str:
    """Return `text` with addresses written so that no program makes links of them.

    `https://evil.example/x` becomes `hxxps://evil[.]example/x`.
    """
    text = _SCHEME.sub(_cold_scheme, text)
    text = _OTHER_SCHEME.sub(r"\1[:]", text).replace("\\\\", "\\[\\]")
    text = _NAMED_IN_HAN.sub(lambda match: match[0].replace(".", "[.]"), text)
    return _HOST.sub(lambda match: match[1].replace(".", "[.]"), text)


def quotation(text: str, limit: int) -> str:
    """Return crawled text as it may stand in a mail: one line, cut, addresses defanged."""
    return defang(excerpt(text, limit))


def safe_link(url: str) -> str | None:
    """Return a plain http(s) address, percent-encoded to ASCII, or None when it is anything else.

    Refused besides other schemes: user names in the address (`https://weibo.com@evil.example`), a
    host that is no host name, controls and spaces, and more than 2,000 characters.
    """
    if len(url) > 2000 or url != clean_line(url) or " " in url or "\\" in url:
        return None
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not host or "@" in parts.netloc:
        return None
    ascii_host = _ascii_host(host)
    if ascii_host is None:
        return None
    netloc = ascii_host if port is None else f"{ascii_host}:{port}"
    keep = "/%:@!$&()*+,;=-._~"
    return urlunsplit(
        (
            parts.scheme,
            netloc,
            quote(parts.path, safe=keep),
            quote(parts.query, safe=keep + "?"),
            quote(parts.fragment, safe=keep + "?"),
        )
    )


def link_host(url: str) -> str:
    """Return the host of a safe link as it is shown beside it, so that a false one is seen."""
    return urlsplit(url).hostname or ""


def _is_shown(sign: str, category: str) -> bool:
    if category in {"Cc", "Cf", "Cs", "Co"}:
        return False
    point = ord(sign)
    invisible = (
        point & 0xFFFE == 0xFFFE  # the two noncharacters at the end of each plane
        or 0xFDD0 <= point <= 0xFDEF
        or point == 0x034F  # combining grapheme joiner
        or 0x17B4 <= point <= 0x17B5
        or 0x180B <= point <= 0x180F
        or 0xFE00 <= point <= 0xFE0D  # variation selectors, but for text and emoji style
        or 0xE0000 <= point <= 0xE0FFF
    )
    return not invisible


def _is_emoji_part(sign: str) -> bool:
    point = ord(sign)
    return unicodedata.category(sign) == "So" or point == 0xFE0F or 0x1F3FB <= point <= 0x1F3FF


def _without_loose_joiners(text: str) -> str:
    """Drop joiners that join nothing: each must stand before a symbol."""
    return "".join(
        sign
        for sign, after in zip(text, [*text[1:], ""], strict=False)
        if sign != _ZWJ or (after and unicodedata.category(after) == "So")
    )


def _continues(cluster: str, sign: str) -> bool:
    point, last = ord(sign), ord(cluster[-1])
    if unicodedata.category(sign).startswith("M") or sign == _ZWJ or 0x1F3FB <= point <= 0x1F3FF:
        return True
    if _is_regional(point) and _is_regional(last):
        return len(cluster) == 1
    return cluster[-1] == _ZWJ and unicodedata.category(sign) == "So"


def _is_regional(point: int) -> bool:
    return 0x1F1E6 <= point <= 0x1F1FF


def _cold_scheme(match: re.Match[str]) -> str:
    return f"hxx{match[2].lower()}:" if match[1] else f"fx{match[4].lower()}:"


def _ascii_host(host: str) -> str | None:
    try:
        name = host.encode("idna").decode("ascii") if not host.isascii() else host
    except UnicodeError:
        return None
    labels = name.removesuffix(".").split(".")
    return name if len(name) <= 253 and all(_LABEL.fullmatch(label) for label in labels) else None
