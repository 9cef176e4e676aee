"""HTML of our own with texts of others in it: every value is escaped unless it is our markup.

Streamlit's Markdown is never given a text of others: it fetches pictures and reads `$x$` and
`:name:` as commands. `st.text` and this module are the two ways crawled text reaches a page.
"""

from collections.abc import Iterable

import streamlit as st
from markupsafe import Markup

from presentation.hostile import clean_line, defang, link_host, safe_link

NOTHING = Markup("")


def fill(template: str, **values: object) -> Markup:
    """Return the template (ours, a constant) with its values escaped; markup goes in as it is."""
    return Markup(template).format(**values)  # noqa: S704  # templates are constants of this code


def join(parts: Iterable[Markup], between: str = "") -> Markup:
    """Return the parts side by side."""
    return Markup(between).join(parts)  # noqa: S704  # as above


def show(markup: Markup) -> None:
    """Put markup onto the page."""
    st.html(str(markup))


def outside_link(url: str, words: str) -> Markup:
    """Return a link to a crawled address, opened without a way back, with its host shown.

    An address that is not plain http(s) is told and not linked.
    """
    link = safe_link(url)
    if link is None:
        return fill('<span class="kb-quiet">链接不可用</span>')
    return fill(
        '<a href="{url}" target="_blank" rel="noopener noreferrer">{words}</a>'
        '<span class="kb-host">{host}</span>',
        url=link,
        words=words,
        host=link_host(link),
    )


_WORD_JOINER = "\u2060"
"""Drawn as nothing."""
_MARKDOWN = frozenset("\\`*_{}[]()<>#+-.!|~$:^&")


def plain_label(words: str) -> str:
    """Return words of others as a label that Streamlit reads as Markdown: shown as they are.

    Escaping alone is not enough: addresses become links and `:material/name:` an icon all the same.
    So addresses are written as in a mail, and no name stands directly behind a colon.
    """
    said = defang(clean_line(words))
    escaped = "".join(f"\\{sign}" if sign in _MARKDOWN else sign for sign in said)
    return escaped.replace(":", f":{_WORD_JOINER}")
