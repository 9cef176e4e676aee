"""A mail that is a heading, some sentences, a table and a button: what most mails are.

What is placed may have been typed by anybody or come from a page; it is cleaned and cut here, and
escaped by the template.
"""

from dataclasses import dataclass

from delivery.templating import render_page, render_text
from domain.errors import Text
from domain.outbox import Rendered
from presentation.hostile import defang, excerpt, safe_link

SUBJECT_LIMIT = 78
_LINE = 600
_ROW = 1000


@dataclass(frozen=True, slots=True)
class Letter:
    """The words of a mail in one language. `tone` is a level's value or `calm`: the colour of the
    band; `rows` are (label, value); `notes` stand small at its end. `url` "" gives no button.
    """

    language: str
    subject: str
    tone: str
    badge: str
    mark: str
    headline: str
    sentences: tuple[str, ...] = ()
    rows: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    button: str = ""
    url: str = ""
    demo: bool = False


def render_letter(letter: Letter) -> Rendered:
    """Return the mail; the same words give the same bytes."""
    subject = excerpt(letter.subject, SUBJECT_LIMIT)
    words: dict[str, object] = {
        "letter": letter,
        "subject": subject,
        "headline": _line(letter.headline, 120),
        "sentences": [_line(sentence, _LINE) for sentence in letter.sentences],
        "rows": [(label, _lines(value)) for label, value in letter.rows if value.strip()],
        "notes": [_line(note, _LINE) for note in letter.notes],
        "link": safe_link(letter.url) if letter.url else None,
        "t": lambda zh, en: Text(zh, en).in_language(letter.language),
    }
    return Rendered(
        subject,
        render_text("letter.txt.j2", **words),
        render_page("letter.html.j2", **words),
    )


def _line(text: str, limit: int) -> str:
    return defang(excerpt(text, limit))


def _lines(text: str) -> list[str]:
    """The lines of a longer text, each cleaned, all of them cut to what a mail can hold."""
    kept = [_line(line, _ROW) for line in text[: 4 * _ROW].splitlines()]
    return [line for line in kept if line][:40]
