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

_PRE, _END_OF_PRE = f" {_BLOCK}", f"{_BLOCK} "
"""Begin a new block like any other, and say where a line break of the markup is one to read."""

_BLOCK_NAMES = """
    address article aside blockquote dd details div dl dt fieldset figcaption figure footer form
    h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section summary table tr ul
"""
_BLOCKS = frozenset(_BLOCK_NAMES.split())
_NOT_TEXT_NAMES = """
    script style template noscript svg button iframe select textarea video audio object canvas
    head title
"""
_NOT_TEXT = frozenset(_NOT_TEXT_NAMES.split())
_WIDGET_CLASSES = ("wbicon", "replace_tip", "ContentItem-more", "comment_img", "comment_gif")
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
    return "" if node is None else _read(_children(node))


def nodes_text(nodes: Sequence[LexborNode]) -> str:
    """Return the text of neighbours on a page, in their order."""
    return _read(list(reversed(nodes)))


def _read(waiting: list[LexborNode | str]) -> str:
    """The text of nodes, the first of them last in the list."""
    parts: list[str] = []
    inside_pre = 0
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            inside_pre += (item == _PRE) - (item == _END_OF_PRE)
            parts.append(item)
        elif item.is_text_node:
            parts.append(_words(item.text_content or "", keeps_lines=inside_pre > 0))
        elif item.is_element_node:
            _enter(item, parts, waiting)
    return clean(_GAPS.sub(_settle, "".join(parts)))


def markup_text(markup: object) -> str:
    """Return the text of an HTML fragment, as the platforms' JSON carries it; "" if it is no text.

    Markup that no browser would build loses its tags and keeps its words.
    """
    if not isinstance(markup, str):
        return ""
    if "<" not in markup and "&" not in markup:
        if markup.isprintable() and "  " not in markup:
            return markup.strip(" ")
        return clean(_SPACES.sub(" ", markup))
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


def _children(node: LexborNode) -> list[LexborNode | str]:
    children: list[LexborNode | str] = []
    child = node.last_child
    while child is not None:
        children.append(child)
        child = child.prev
    return children


def _enter(node: LexborNode, parts: list[str], waiting: list[LexborNode | str]) -> None:
    tag = node.tag or ""
    if tag == "br":
        parts.append("\n")
    elif tag == "img":
        parts.append(_emoticon(node))
    elif tag in _NOT_TEXT or _is_widget(node, tag):
        return
    elif tag == "pre":
        waiting.extend((_END_OF_PRE, *_children(node), _PRE))
    elif tag in ("td", "th"):
        waiting.append(" ")
        waiting.extend(_children(node))
    elif tag == "a" and (card := _card_title(node)):
        parts.append(_BLOCK + card + _BLOCK)
    elif tag in _BLOCKS:
        parts.append(_BLOCK)
        waiting.append(_BLOCK)
        waiting.extend(_children(node))
    elif tag == "a" and node.child is None:
        parts.append(attribute(node, "data-text") or attribute(node, "title"))
    else:
        waiting.extend(_children(node))


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
    if classes and any(name in _WIDGET_CLASSES for name in classes.split()):
        return True
    if tag != "a":
        return False
    if attribute(node, "action-type") in _FOLD_ACTIONS:
        return True
    # the arrow beside the word is a letter of the icon font, in an element of its own
    return any(node.text(deep=deep).strip(_EDGES) in _FOLD_WORDS for deep in (False, True))


def _emoticon(image: LexborNode) -> str:
    for name in ("alt", "title"):
        shown = attribute(image, name)
        if _EMOTICON.fullmatch(shown):
            return shown
    if named := tieba_emoticons.by_file(attribute(image, "src")):
        return named
    return tieba_emoticons.UNNAMED if "BDE_Smiley" in attribute(image, "class") else ""


def _settle(gap: re.Match[str]) -> str:
    """One space, one line break or one empty line, whatever the gap amounts to."""
    breaks = gap[0].count("\n")
    if not breaks:
        return "\n" if _BLOCK in gap[0] else " "
    return "\n" * min(breaks, 2)
