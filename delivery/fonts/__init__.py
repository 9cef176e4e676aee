"""The Chinese font that Koubei brings along, so that charts look alike everywhere."""

from functools import cache
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent
FAMILY: Final = "Koubei Sans SC"
REGULAR: Final = FOLDER / "KoubeiSansSC-Regular.otf"
BOLD: Final = FOLDER / "KoubeiSansSC-Bold.otf"
GETA: Final = "〓"
"""What printers have always set where a sign is missing: seen, and not mistaken for another."""

_LINE_SIGNS: Final = frozenset("\n\t")


@cache
def signs() -> frozenset[str]:
    """Return every sign that the font can draw."""
    listed = (FOLDER / "signs.txt").read_text(encoding="utf-8")
    return frozenset(listed) - _LINE_SIGNS | {" "}


def with_missing_drawn(text: str) -> str:
    """Return `text` with `〓` for each sign the font has not got, so that none is dropped.

    A sign made of several code points (an emoji with its modifiers) may become several `〓`.
    """
    known = signs()
    return "".join(s if s in known or s in _LINE_SIGNS else GETA for s in text)


def missing(text: str) -> int:
    """Return how many signs of `text` the font has not got."""
    known = signs()
    return sum(sign not in known and sign not in _LINE_SIGNS for sign in text)
