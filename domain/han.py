"""How text is compared: one normal form for both sides of every search and every watch.

NFKC, case folded, and traditional characters replaced by their simplified ones **one by one**: a
phrase table (as in OpenCC's full conversion) would make the form of a character depend on its
neighbours, and then a substring of a text would no longer be a substring of its normal form.
"""

import unicodedata
from functools import cache
from pathlib import Path

_PAIRS_FILE = Path(__file__).with_name("traditional_simplified.txt")


@cache
def _table() -> dict[int, str]:
    lines = _PAIRS_FILE.read_text(encoding="utf-8").splitlines()
    pairs = (pair for line in lines if not line.startswith("#") for pair in line.split())
    return {ord(pair[0]): pair[1] for pair in pairs}


def fold(text: str) -> str:
    """Return the normal form of `text`; folding twice changes nothing."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return unicodedata.normalize("NFKC", folded.translate(_table()))
