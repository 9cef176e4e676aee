"""Plain fragments of markup to text, without building a tree.

Most of what people write is paragraphs, line breaks, pictures and bold words. Taking their tags out
is ten times as fast as building their tree, and the platforms' JSON is full of them. Whatever is
not plain (a tag that is not listed, an attribute that holds an angle, a link that may be a button)
is left to the tree: the answer here is either the tree's answer or None.
"""

import html
import re

_BLOCK, _BREAK = "\u2029", "\u2028"
"""Stand for "a new block begins here" and `<br>` until white space is settled."""

_BLOCKS = re.compile(
    r"</?(?:p|h[1-6r]|div|ul|ol|li|blockquote|figure|figcaption|section|table|tr|pre)"
    r"(?: [^<>]*)?/?>"
)
_INLINES = re.compile(
    r"</?(?:b|strong|i|em|u|s|a|span|sup|sub|code|img|tbody|thead)(?: [^<>]*)?/?>"
)
_BREAKS = re.compile(r"<br ?/?>")
_CELLS = re.compile(r"</?t[dh](?: [^<>]*)?>")
_HIDDEN_PICTURE = re.compile(r"<noscript><img [^<>]*></noscript>")
_PRE = re.compile(r"<pre(?:(?!<pre).)*?</pre>", re.DOTALL)
_CARD = re.compile(r"<a (?>[^<>]*?link-card)[^<>]*+>([^<>]++)</a>")
_ODD_LINK = re.compile(
    r"<a(?: [^<>]*)?>(?:</?a[ >]|[^<>]{0,4}(?:展开|收起|全文))|<a [^<>]*(?:comment_|video-box|fold)"
)
_NAME_IN_BRACKETS = re.compile(r"=([\"']?)\[[^\[\]\s\"'<>]{1,20}\]\1[ />]")
_EMOTICON = re.compile(
    r"<img(?= )(?>[^<>]*? (?:alt|title)=([\"']?)(\[[^\[\]\s\"'<>]{1,20}\])\1(?=[ />]))[^<>]*+>"
)

_NEVER_PLAIN = (
    *(_BLOCK, _BREAK),
    *("wbicon", "replace_tip", "expand", "BDE_Smiley", "image_emoticon", "/i_f"),
)
"""Of Weibo and Tieba: letters of an icon font, captions of a picture viewer, links that fold, and
emoticons that are known by their file.
"""

_BLANKS = "\t\r\n\f\xa0"


def plain_fragment(markup: str) -> str | None:
    """Return the text of a plain fragment, white space settled as a browser would; None when the
    fragment is not plain.
    """
    if markup[:3] == "<p>" and markup.find("<", 3) == len(markup) - 4 and markup[-4:] == "</p>":
        text = markup[3:-4]  # one paragraph, as most comments are
        return None if ">" in text else _settled(html.unescape(text) if "&" in text else text)
    if any(sign in markup for sign in _NEVER_PLAIN) or _ODD_LINK.search(markup):
        return None
    text = _without_rarities(markup)
    text = _INLINES.sub("", _BREAKS.sub(_BREAK, _BLOCKS.sub(_BLOCK, text)))
    if "<" in text or ">" in text:
        return None
    return _settled(html.unescape(text) if "&" in text else text)


def _without_rarities(text: str) -> str:
    """Take out what few fragments have, each looked for before it costs anything; what is there
    and not plain keeps an angle.
    """
    if "<noscript" in text:
        text = _HIDDEN_PICTURE.sub("", text)
    if "<pre" in text:
        text = _PRE.sub(_lines, text)
    if "[" in text and _NAME_IN_BRACKETS.search(text):
        text = _EMOTICON.sub(r"\2", text)
    if "link-card" in text:
        text = _CARD.sub(rf"{_BLOCK}\1{_BLOCK}", text).replace("link-card", "<")
    return _CELLS.sub(" ", text) if "<t" in text else text


def _lines(block: re.Match[str]) -> str:
    """`pre`: the one place where a line break of the markup is one for the reader."""
    return block[0].replace("\n", "<br>")


def _settled(text: str) -> str:
    """One space, one line break or one empty line, whatever a gap amounts to.

    Replacing in pairs halves a run each time, so the longest gap takes few rounds.
    """
    for blank in _BLANKS:
        if blank in text:
            text = text.replace(blank, " ")
    text = _shortened(text, "  ", " ")
    for mark in (_BLOCK, _BREAK):
        if mark in text:
            text = text.replace(f" {mark}", mark).replace(f"{mark} ", mark)
    text = _shortened(text, _BLOCK * 2, _BLOCK)
    if _BREAK in text:
        text = text.replace(_BLOCK + _BREAK, _BREAK).replace(_BREAK + _BLOCK, _BREAK)
        text = _shortened(text, _BREAK * 3, _BREAK * 2).replace(_BREAK, "\n")
    return text.replace(_BLOCK, "\n")


def _shortened(text: str, run: str, shorter: str) -> str:
    while run in text:
        text = text.replace(run, shorter)
    return text
