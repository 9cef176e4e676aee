"""Short messages of our own: a few plain sentences, the same as text and as HTML.

Nothing in them is markup: every line is escaped, and what came from outside is quoted by whoever
writes the line.
"""

from collections.abc import Sequence
from html import escape

from domain.errors import Text
from domain.outbox import Rendered
from presentation.hostile import clean_line, safe_link

_STYLE = "font-family:'PingFang SC','Microsoft YaHei',sans-serif;font-size:15px;line-height:1.6"
_AUTOMATIC = Text("自动邮件，请勿回复。", "Automatic mail, please do not answer.")


def notice(
    subject: Text, lines: Sequence[Text], *, language: str = "zh", link: str = ""
) -> Rendered:
    """Return a message of sentences, with a link to where one can act (left out when unsafe)."""
    told = [line.in_language(language) for line in lines]
    address = safe_link(link)
    told += [address] if address else []
    told.append(_AUTOMATIC.in_language(language))
    return Rendered(
        subject=clean_line(subject.in_language(language)),
        text="\n".join(told) + "\n",
        html=_page(told, address, language),
    )


def _page(lines: Sequence[str], address: str | None, language: str) -> str:
    spoken = "en" if language.startswith("en") else "zh-CN"
    body = "".join(f"<p>{_linked(line, address)}</p>\n" for line in lines)
    return (
        f'<!doctype html>\n<html lang="{spoken}">\n<head><meta charset="utf-8"></head>\n'
        f'<body style="{_STYLE}">\n{body}</body>\n</html>\n'
    )


def _linked(line: str, address: str | None) -> str:
    if line != address:
        return escape(line)
    return f'<a href="{escape(line)}" rel="noopener noreferrer">{escape(line)}</a>'
