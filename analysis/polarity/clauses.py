"""What a text says about one of those it names: the clauses around the name."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from analysis.polarity.letters import TARGET, plain

MOST_CLAUSES: Final = 8
_CLAUSE = re.compile(r"[^,.!?;。\n…~、]+[,.!?;。\n…~、]*")
_ABSENT: Final = "\uf8fb"
"""Stands before the name of a target that the text does not name."""


def mark(text: str, words: Sequence[str]) -> str:
    """Return a plain text with the target's names (plain too) as one private letter each."""
    pattern = _pattern(tuple(words))
    return pattern.sub(TARGET, text) if pattern else text


@lru_cache(maxsize=256)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str] | None:
    names = sorted(filter(None, words), key=lambda word: (-len(word), word))
    return re.compile("|".join(map(re.escape, names))) if names else None


def around(marked: str) -> str:
    """Return the clauses that name the target, each with the one after it, "" where none does."""
    clauses = _CLAUSE.findall(marked)
    near: list[str] = []
    last = -1
    for number, clause in enumerate(clauses):
        if TARGET not in clause:
            continue
        near += clauses[max(number, last + 1) : number + 2]
        last = min(number + 1, len(clauses) - 1)
        if len(near) >= MOST_CLAUSES:
            break
    return "".join(near)


def plain_words(words: Iterable[str]) -> tuple[str, ...]:
    """Return names in plain letters, without the empty ones."""
    return _plain_words(tuple(words))


@lru_cache(maxsize=256)
def _plain_words(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for word in (one.strip() for one in plain(words)) if word)


def views(text: str, words: Sequence[str]) -> tuple[str, str]:
    """Return the two views of a plain text that are judged: its clauses around the target, and the
    whole with the target marked. A text that does not name the target begins with the name.
    """
    whole = mark(text, words)
    if TARGET not in whole:
        name = words[0] if words else ""
        return f"{_ABSENT}{name}", f"{_ABSENT}{name}{whole}"
    return around(whole), whole
