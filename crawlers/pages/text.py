"""Markup to text as a person reads it: emoticons by name, line breaks kept, no buttons, no icons.

Facts about the platforms' markup: Weibo's `i.wbicon` holds letters of an icon font; `展开`, `收起`
and `全文` are links that fold a post; emoticons are images whose `alt`
is `[doge]`. Zhihu's `<em>` marks the search word; its formulas are images, which are no text here;
its link cards name their title beside empty boxes (`data-text`), and its video boxes show an
address that nobody reads. Tieba's `.replace_tip` is the caption of a picture viewer; its emoticons
have no `alt` and are known by their file.
"""

import html
import re
from collections.abc import Sequence

from selectolax.lexbor import LexborNode

from crawlers.pages import tieba_emoticons
from crawlers.pages.document import attribute, first, parse_markup
from crawlers.pages.fragments import plain_fragment

_BLOCK = "\u2029"
"""Stands for "a new block begins here" until whitespace is settled."""

_END_OF_PRE = f"{_BLOCK} "
"""Ends a block like any other, and the place where a line break of the markup is one to read."""

_TEXT = "-text"
"""What the parser calls a node of text."""

_BLOCK_NAMES = """
    address article aside blockquote dd details div dl dt fieldset figcaption figure footer form
    h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section summary table tr ul
"""
_CLOSINGS = dict.fromkeys(_BLOCK_NAMES.split(), _BLOCK) | {
    "pre": _END_OF_PRE,
    "td": " ",
    "th": " ",
}
"""What is said where an element ends, of those whose end is heard; where it begins, the same."""

_OPENINGS = {"td": "", "th": ""}
"""But a cell of a table begins without a word."""

_NOT_TEXT_NAMES = """
    script style template noscript svg button iframe select textarea video audio object canvas
    head title
"""
_NOT_TEXT = frozenset(_NOT_TEXT_NAMES.split())
_WIDGET_NAMES = """
    wbicon replace_tip ContentItem-more comment_img comment_gif
    voice_player j_voice_player voice_player_mini voice_player_inner
"""
_WIDGET_CLASSES = frozenset(_WIDGET_NAMES.split())
_CARD_CLASS = "video-box"
_FOLD_ACTIONS = frozenset({"fl_unfold", "fl_fold"})
_FOLD_WORDS = frozenset({"展开", "收起", "全文", "展开全文", "收起全文", "阅读全文"})
_EMOTICON = re.compile(r"\[[^\[\]\s]{1,20}\]")

_SPACES = re.compile(r"[ \t\r\n\f\xa0\u2028\u2029]+")
_GAPS = re.compile(r"[ \n\u2029]{2,}|\u2029")
_MARKS = re.compile(r"</?(?:em|hl|mark)(?: [^<>]*)?>")
_TAGS = re.compile(r"<[^<>]*>")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ue000-\uf8ff\u2028\u2029]")
_EDGES = " \t\n\u3000\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"


def node_text(node: LexborNode | None) -> str:
    """Return the text of an element of a page; "" for None."""
    child = node.child if node is not None else None
    if child is None:
        return ""
    if child.tag == _TEXT and child.next is None:  # as most names, times and counts are
        return _one_line(child.text_content or "")
    parts: list[str] = []
    _walk(child, parts)
    return _read(parts)


def nodes_text(nodes: Sequence[LexborNode]) -> str:
    """Return the text of neighbours on a page, in their order."""
    parts: list[str] = []
    for node in nodes:
        _walk(node, parts, alone=True)
    return _read(parts)


def _read(parts: list[str]) -> str:
    return clean(_GAPS.sub(_settle, "".join(parts)))


def _one_line(text: str) -> str:
    """A text in which no line break of the markup is one to read."""
    if text.isprintable() and "  " not in text:
        return text.strip(_EDGES)
    return clean(_SPACES.sub(" ", text))


def markup_text(markup: object) -> str:
    """Return the text of an HTML fragment, as the platforms' JSON carries it; "" if it is no text.

    Markup that no browser would build loses its tags and keeps its words.
    """
    if not isinstance(markup, str):
        return ""
    if "<" not in markup and "&" not in markup:
        return _one_line(markup)
    plain = plain_fragment(markup)
    if plain is not None:
        return clean(plain)
    tree = parse_markup(markup)
    if tree is None:
        return clean(_SPACES.sub(" ", html.unescape(_TAGS.sub(" ", markup))))
    return node_text(tree.body)


def plain_text(text: object) -> str:
    """Return plain text whose only markup is entities and the marks of the search word."""
    if not isinstance(text, str):
        return ""
    if "<" in text:
        text = _MARKS.sub("", text)
    return clean(html.unescape(text) if "&" in text else text)


def clean(text: str) -> str:
    """Return `text` without what nobody sees: control and private-use characters, lone surrogates,
    and white space and zero-width characters at its edges. Line breaks stay.
    """
    if text.isprintable():  # most are, and it is known ten times sooner
        return text.strip(_EDGES)
    return _UNPRINTABLE.sub("", text.replace("\r\n", "\n")).strip(_EDGES)


def _walk(start: LexborNode, parts: list[str], *, alone: bool = False) -> None:
    """Collect what `start` and, unless it stands `alone`, the neighbours after it say.

    Without recursion, as markup may nest deeper than calls. A string among what waits is said when
    its turn comes: what stands after an element that is left.
    """
    waiting: list[LexborNode | str | None] = []
    item: LexborNode | str | None = start
    pre = 0
    while True:
        if item is None:
            if not waiting:
                return
            item = waiting.pop()
        elif isinstance(item, str):
            pre -= item == _END_OF_PRE
            parts.append(item)
            item = None
        else:
            following = None if alone and item is start else item.next
            tag = item.tag or ""
            if tag == _TEXT:
                parts.append(_words(item.text_content or "", keeps_lines=pre > 0))
                item = following
                continue
            inner = _enter(item, tag, parts)
            if inner is None:
                item = following
                continue
            waiting.append(following)
            if tag in _CLOSINGS:
                waiting.append(_CLOSINGS[tag])
                pre += tag == "pre"
            item = inner


def _enter(node: LexborNode, tag: str, parts: list[str]) -> LexborNode | None:
    """Say what an element says by itself; return the first node inside when that is to be read."""
    if tag == "br":
        parts.append("\n")
    elif tag == "img":
        parts.append(_emoticon(node))
    elif tag in _NOT_TEXT or tag[0] in "-#" or _is_widget(node, tag):
        return None
    elif tag == "a" and (card := _card_title(node)):
        parts.append(_BLOCK + card + _BLOCK)
    else:
        child = node.child
        if tag in _CLOSINGS:
            parts.append(_OPENINGS.get(tag, _BLOCK))
            if child is None:
                parts.append(_CLOSINGS[tag])
        elif tag == "a" and child is None:
            parts.append(attribute(node, "data-text") or attribute(node, "title"))
        return child
    return None


def _words(text: str, *, keeps_lines: bool) -> str:
    """A text node. Inside `pre`, and only there, a line break of the markup is one to read."""
    if not keeps_lines:
        return _SPACES.sub(" ", text)
    return "\n".join(_SPACES.sub(" ", line) for line in text.split("\n"))


def _card_title(link: LexborNode) -> str:
    """The title of a link that Zhihu shows as a box of its own; "" for any other link. A video
    without a title is a space, so that its address is not read.
    """
    is_video = _CARD_CLASS in attribute(link, "class").split()
    if not is_video and attribute(link, "data-draft-type") != "link-card":
        return ""
    shown = first(link, ".title, .LinkCard-title") or (None if is_video else link)
    title = shown.text().strip() if shown else ""
    return title or attribute(link, "data-name" if is_video else "data-text") or " " * is_video


def _is_widget(node: LexborNode, tag: str) -> bool:
    classes = attribute(node, "class")
    if classes and not _WIDGET_CLASSES.isdisjoint(classes.split()):
        return True
    if tag != "a":
        return False
    if attribute(node, "action-type") in _FOLD_ACTIONS:
        return True
    if node.text(deep=True).strip(_EDGES) in _FOLD_WORDS:
        return True
    # the arrow beside the word is a letter of the icon font, in an element of its own
    return node.text(deep=False).strip(_EDGES) in _FOLD_WORDS


def _emoticon(image: LexborNode) -> str:
    told = image.attributes
    for shown in (told.get("alt"), told.get("title")):
        if shown and _EMOTICON.fullmatch(shown):
            return shown
    if named := tieba_emoticons.by_file(told.get("src") or ""):
        return named
    return tieba_emoticons.UNNAMED if "BDE_Smiley" in (told.get("class") or "") else ""


def _settle(gap: re.Match[str]) -> str:
    """One space, one line break or one empty line, whatever the gap amounts to."""
    breaks = gap[0].count("\n")
    if not breaks:
        return "\n" if _BLOCK in gap[0] else " "
    return "\n" * min(breaks, 2)
