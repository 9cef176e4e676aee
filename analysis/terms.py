"""Keywords of a text, for «高频词» in mails, charts and reports."""

import re
from functools import cache
from pathlib import Path
from typing import Final

import rjieba

from domain.han import fold

METHOD: Final = "rjieba-1"
"""Changes when `keywords` gives another answer: stored ones are then made again."""

MOST: Final = 12
_LONGEST_TEXT = 5_000
_NOT_CONTENT = re.compile(r"https?://\S+|\[[^\[\]]{1,12}\]|@[\w·-]{1,40}")
_WORD = re.compile(r"[\w]{2,12}")
_STOP_FILE = Path(__file__).with_name("stop_words.txt")


@cache
def _stop_words() -> frozenset[str]:
    lines = _STOP_FILE.read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


def keywords(text: str) -> tuple[str, ...]:
    """Return up to 12 different words of two characters or more, in order of appearance.

    Folded; without numbers, stop words, emoticons, links and names of people.
    """
    clean = fold(_NOT_CONTENT.sub(" ", text[:_LONGEST_TEXT]))
    seen: dict[str, None] = {}
    for word in rjieba.cut(clean):
        if len(seen) == MOST:
            break
        if _WORD.fullmatch(word) and not word.isdigit() and word not in _stop_words():
            seen.setdefault(word)
    return tuple(seen)
