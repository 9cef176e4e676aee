"""Plain fragments of markup to text, without building a tree.

Most of what people write is paragraphs, line breaks, pictures, code and bold words. Replacing each
tag by what it says is many times as fast as building their tree, and the platforms' JSON is full of
them. Whatever is not plain (a tag that is not listed, an attribute that holds an angle, a link that
may be a button) is left to the tree: the answer here is either the tree's answer or None.
"""

import html
import re
from functools import lru_cache

_BLOCK, _BREAK = "\u2029", "\u2028"
"""Stand for "a new block begins here" and `<br>` until white space is settled."""

_BLOCK_NAMES = """
    p h1 h2 h3 h4 h5 h6 hr div ul ol li blockquote figure figcaption section table tr
"""
_INLINE_NAMES = "b strong i em u s span sup sub code img tbody thead"
_MARKS = {
    **dict.fromkeys(_BLOCK_NAMES.split(), _BLOCK),
    **dict.fromkeys(_INLINE_NAMES.split(), ""),
    **dict.fromkeys(("td", "th"), " "),
    "br": _BREAK,
}
"""What a tag says, by its name."""

_BARE = {
    **_MARKS,
    **{f"/{name}": mark for name, mark in _MARKS.items() if name not in ("br", "hr")},
    **{f"{name}{end}": _MARKS[name] for name in ("br", "hr", "img") for end in ("/", " /")},
}
"""What tags without attributes say, as they stand between their angles: most tags are bare."""

_ODD_LINKS = ("comment_", "video-box", "link-card", "fold")
_FOLD_WORD = re.compile(r".{0,4}(?:展开|收起|全文)", re.DOTALL)
_EMOTICON = re.compile(r" (?:alt|title)=([\"']?)(\[[^\[\]\s\"'<>]{1,20}\])\1(?=[ /]|$)")

_NEVER_PLAIN = (
    *(_BLOCK, _BREAK),
    *("wbicon", "replace_tip", "expand", "voice_player", "BDE_Smiley", "image_emoticon", "/i_f"),
)
"""Of Weibo and Tieba: letters of an icon font, captions of a picture viewer, links that fold,
players, and emoticons that are known by their file.
"""

_SHORT = 40
"""Shorter tags come again and again, as those of coloured code do."""

_BLANKS = "\t\r\n\f\xa0"


def plain_fragment(markup: str) -> str | None:
    """Return the text of a plain fragment, white space settled as a browser would; None when the
    fragment is not plain.
    """
    if _BLOCK in markup or _BREAK in markup:
        return None
    text = markup[3:-4] if _is_one_paragraph(markup) else _without_tags(markup)
    if text is None:
        return None
    return _settled(html.unescape(text) if "&" in text else text)


def _is_one_paragraph(markup: str) -> bool:
    """Whether a fragment is a paragraph of words alone, as most comments are."""
    is_framed = markup[:3] == "<p>" and markup[-4:] == "</p>"
    return is_framed and markup.count("<") == 2 == markup.count(">")


def _without_tags(markup: str) -> str | None:
    """Return what is said between the tags and by them; None when one is not plain, or an angle is
    none of a tag's.
    """
    words, *pieces = markup.split("<")
    if markup.count(">") != len(pieces):
        return None
    parts = [words]
    link = 0  # the place after a link that has said nothing so far
    pre = False  # where a line break of the markup is one for the reader, and only there
    rest = iter(pieces)
    for piece in rest:
        tag, _, words = piece.partition(">")
        mark = _BARE.get(tag)
        if mark is None:
            if "link-card" in tag and words and link != len(parts):
                parts += _BLOCK, words
                mark, words = _BLOCK, _after(next(rest, ""), "/a>")
            elif tag[:2] in ("a", "a ", "/a"):
                mark = None if link == len(parts) or _is_odd(tag, words) else ""
                link = 0 if words or tag == "/a" else len(parts) + 2
            elif tag == "noscript" and not words:
                mark, words = "", _after_hidden_picture(next(rest, ""), next(rest, ""))
            elif tag == "/pre" if pre else tag[:4] in ("pre", "pre "):
                mark, pre = _BLOCK, not pre
                words = words.removeprefix("\n") if pre else words  # as every parser does
            else:
                mark = _said(tag) if len(tag) > _SHORT else _said_often(tag)
            if mark is None:
                return None
        parts += mark, words.replace("\n", _BREAK) if pre else words
    text = "".join(parts)
    return None if pre or ">" in text or link == len(parts) else text


def _is_odd(tag: str, words: str) -> bool:
    """Whether a link may be a button, or shows what its text does not say."""
    if tag[0] == "/":
        return tag != "/a"
    return any(sign in tag for sign in _ODD_LINKS) or _is_widget(tag) or _folds(words)


def _folds(words: str) -> bool:
    return _FOLD_WORD.match(words) is not None


def _after_hidden_picture(picture: str, end: str) -> str:
    """What follows a picture for readers without scripts."""
    is_picture = picture.startswith("img ") and picture.endswith(">")
    return _after(end, "/noscript>") if is_picture else ">"


def _after(piece: str, tag: str) -> str:
    """What follows a tag that has to stand here; an angle when another does."""
    return piece[len(tag) :] if piece.startswith(tag) else ">"


def _said(tag: str) -> str | None:
    """What a tag with attributes says; None when it is not plain."""
    name = tag.partition(" ")[0]
    if name == "img" and "[" in tag and (shown := _EMOTICON.search(tag)):
        return None if _is_widget(tag) else shown[2]
    if (name == "img" or "class" in tag) and _is_widget(tag):
        return None
    return _MARKS.get(name)


_said_often = lru_cache(maxsize=4096)(_said)


def _is_widget(tag: str) -> bool:
    for sign in _NEVER_PLAIN:  # noqa: SIM110 (three times as fast as any())
        if sign in tag:
            return True
    return False


def _settled(text: str) -> str:
    """One space, one line break or one empty line, whatever a gap amounts to."""
    for blank in _BLANKS:
        if blank in text:
            text = text.replace(blank, " ")
    text = _shortened(text, "  ", " ")
    if _BREAK in text:
        return _with_breaks(text)
    return "\n".join([bare for block in text.split(_BLOCK) if (bare := block.strip(" "))])


def _with_breaks(text: str) -> str:
    """The blocks of a text in which breaks stand: two of them in one gap are an empty line."""
    lines: list[str] = []
    breaks = 0
    for block in text.split(_BLOCK):
        if not block:
            continue
        for line in block.split(_BREAK):
            if bare := line.strip(" "):
                if breaks > 1:
                    lines.append("")
                lines.append(bare)
                breaks = 0
            breaks += 1
        breaks -= 1
    return "\n".join(lines)


def _shortened(text: str, run: str, shorter: str) -> str:
    """Replacing in pairs halves a run each time, so the longest gap takes few rounds."""
    while run in text:
        text = text.replace(run, shorter)
    return text
