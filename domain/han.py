"""How text is compared: one normal form for both sides of every search and every watch.

NFKC, case folded, and traditional characters replaced by their simplified ones **one by one**: a
phrase table (as in OpenCC's full conversion) would make the form of a character depend on its
neighbours, and then a substring of a text would no longer be a substring of its normal form.
"""

import re
import unicodedata
from functools import cache, lru_cache
from pathlib import Path

# Nearly every Chinese text has these, and a text with none that NFKC would change is known to be
# normal ten times sooner. To write what NFKC makes of a character in its place changes no result.
_PUNCTUATION = tuple((wide, unicodedata.normalize("NFKC", wide)) for wide in "，！？：；（）～")

_NORMAL = re.compile(r"[\0-@\[-~、。《》〈〉【】「」“”‘’—·一-鿿]*")
"""What NFKC and case folding leave as it is, and of which four of five Chinese texts consist."""

_SHORT = 500
"""Characters of a text whose normal form is remembered for a while: the steps of ingest ask for the
same one several times, and rules for the same words again and again."""

_PAIRS_FILE = Path(__file__).with_name("traditional_simplified.txt")


@cache
def _table() -> dict[int, str]:
    lines = _PAIRS_FILE.read_text(encoding="utf-8").splitlines()
    pairs = (pair for line in lines if not line.startswith("#") for pair in line.split())
    return {ord(pair[0]): pair[1] for pair in pairs}


@cache
def _may_be_traditional() -> re.Pattern[str]:
    # a class that names letters of the higher planes one by one is searched a hundred times slower
    low = "".join(letter for letter in map(chr, _table()) if letter <= "\uffff")
    return re.compile(f"[{low}\U00020000-\U0003ffff]")


def fold(text: str) -> str:
    """Return the normal form of `text`; folding twice changes nothing."""
    return _remembered(text) if len(text) <= _SHORT else _folded(text)


def _folded(text: str) -> str:
    for wide, plain in _PUNCTUATION:
        text = text.replace(wide, plain)
    folded = text if _NORMAL.fullmatch(text) else _nfkc(_nfkc(text).casefold())
    if _may_be_traditional().search(folded) is None:
        return folded
    return _nfkc(folded.translate(_table()))


_remembered = lru_cache(maxsize=4_096)(_folded)


def _nfkc(text: str) -> str:
    return unicodedata.normalize("NFKC", text)
