"""Near copies: which texts may be the same one (a fingerprint to look up), and which are.

The fingerprint is four MinHash values of 16 bits (Broder 1997, doi:10.1109/SEQUEN.1997.666900) of
the text's character 4-grams, side by side in 64 bits. Two texts share a given value about as often
as their 4-grams overlap (Jaccard), so of the copies of a post of 20 to 70 characters 95 of 100
share one of the four at least, which is what a store looks up by its bands. Texts that share one
are candidates; `is_copy` reads both and decides. Figures: docs/decisions.

Emoticons, links, names, hashtags and marks do not count, so that a copy with another greeting or
hashtag is still the same text.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.han import fold

METHOD: Final = "minhash-4x16-char4.1"
"""Names what `fingerprint` computes. Values of different methods never meet but by accident."""

ANY_DISTANCE: Final = 64
"""How far apart the fingerprints of candidates may be: sharing a value is what counts. The distance
orders them, as two texts that share two values differ in 16 of the other bits on average, those
that share one in 24."""

SHORTEST: Final = 12
"""Letters that a text must have to be compared; shorter ones («转发微博») are alike by accident."""

MOST_CHANGED: Final = 0.2
"""The part of the shorter text's letters that may be changed in a copy."""

LEAST_COVERED: Final = 0.5
"""The part of the longer text that the shorter one must amount to: what adds more says more."""

_NOT_CONTENT = re.compile(r"https?://\S+|\[[^\[\]]{1,12}\]|//@[^:：\s]{1,40}[:：]?|@[\w·-]{1,40}")
_HASHTAG = re.compile(r"#[^#\n]{1,40}#")
_MARKS = re.compile(r"[\W_]+")
_LONGEST = 20_000
_REMEMBERED = 500
"""Characters of a text whose letters are remembered: a wave is compared with the same texts."""
_AT_ONCE = 256
"""Texts that are fingerprinted at once: their grams stay in the cache of a core."""
_GRAM = 4
_BETWEEN = " " * (_GRAM - 1)
_UNIT, _PAIR = np.uint64(16), np.uint64(32)
_SEEDS = np.array([[0], [0x9E3779B97F4A7C15]], dtype=np.uint64)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)

_LONGEST_COMPARED = 2_000
_SHORT = 140
"""In a text of up to so many letters one other number or negation makes it another statement."""
_NUMERALS = frozenset("0123456789零〇一二三四五六七八九十百千万亿两半")
_TURNS = frozenset("不没无未非别否莫勿难好差坏真假涨跌升降")
"""Letters that turn a statement round when they alone change."""
_FEW = 3


def letters(text: str) -> str:
    """Return what counts of a text, `fold`ed. Hashtags count only where there is little else."""
    return _remembered(text) if len(text) <= _REMEMBERED else _letters(text)


def _letters(text: str) -> str:
    clean = _NOT_CONTENT.sub(" ", fold(text[:_LONGEST]))
    own = _MARKS.sub("", _HASHTAG.sub(" ", clean))
    return own if len(own) >= SHORTEST else _MARKS.sub("", clean)


_remembered = lru_cache(maxsize=4_096)(_letters)


def fingerprint(text: str) -> int | None:
    """Return the unsigned 64-bit fingerprint, None for a text too short to compare."""
    return fingerprints([text])[0]


def fingerprints(texts: Sequence[str]) -> list[int | None]:
    """Return the fingerprint of each text."""
    counted = [letters(text) for text in texts]
    found: list[int | None] = [None] * len(counted)
    long_enough = [number for number, each in enumerate(counted) if len(each) >= SHORTEST]
    for first in range(0, len(long_enough), _AT_ONCE):
        some = long_enough[first : first + _AT_ONCE]
        for number, print_ in zip(some, _prints([counted[n] for n in some]), strict=True):
            found[number] = print_
    return found


def _prints(counted: Sequence[str]) -> Iterator[int]:
    # three units between two texts: their grams are of both, and are left out of every minimum
    grams = _grams(_BETWEEN.join(counted))
    lengths = np.array([len(each.encode("utf-16-le")) // 2 for each in counted])
    starts = np.cumsum(lengths + len(_BETWEEN)) - lengths - len(_BETWEEN)
    bounds = np.stack((starts, starts + lengths - (_GRAM - 1)), axis=1).reshape(-1)[:-1]
    lanes = _mixed(grams ^ _SEEDS).view(np.uint32).reshape(2, -1, 2)
    smallest = np.minimum.reduceat(lanes, bounds, axis=1)[:, ::2]
    # the upper half of a minimum is small in every text; its lower half tells which gram it was
    halves = (smallest & 0xFFFF).astype("<u2").transpose(1, 0, 2)
    yield from (int.from_bytes(each.tobytes(), "little") for each in halves)


def is_copy(one: str, other: str) -> bool:
    """Whether one text is a copy of the other: with something before or after it, cut short, or
    with at most a fifth of its letters changed, and still saying the same.

    Of short texts, another number («9.9元» and «19.9元») and a turned word («难喝» and «好喝») make
    another statement.
    """
    return are_copies(letters(one), letters(other))


def are_copies(one: str, other: str) -> bool:
    """Return what `is_copy` does, of texts that `letters` returned."""
    short, long = sorted((one, other), key=lambda text: (len(text), text))
    short, long = short[:_LONGEST_COMPARED], long[:_LONGEST_COMPARED]
    if short == long:
        return len(short) >= SHORTEST
    if len(short) < max(SHORTEST, LEAST_COVERED * len(long)):
        return False
    allowed = MOST_CHANGED * len(short)
    # a letter that the other text has nowhere is an edit at least: most pairs end here
    if len(set(short).difference(long)) > allowed or (edits := edits_within(short, long)) > allowed:
        return False
    return len(short) > _SHORT or not _says_otherwise(short, long, edits)


def edits_within(short: str, long: str) -> int:
    """Return how many letters must be added, dropped or replaced to make `short` a part of `long`.

    Myers' bit vectors (1999, doi:10.1145/316542.316550) in one Python integer each.
    """
    if not short:
        return 0
    places: dict[str, int] = defaultdict(int)
    for place, letter in enumerate(short):
        places[letter] |= 1 << place
    everywhere, last = (1 << len(short)) - 1, 1 << (len(short) - 1)
    plus, minus = everywhere, 0
    edits = best = len(short)
    for letter in long:
        equal = places.get(letter, 0)
        down = equal | minus
        across = (((equal & plus) + plus) ^ plus) | equal
        more = minus | (~(across | plus) & everywhere)
        less = plus & across
        edits += bool(more & last) - bool(less & last)
        best = min(best, edits)
        more, less = more << 1, less << 1
        plus = (less | ~(down | more)) & everywhere
        minus = more & down
    return best


def _says_otherwise(one: str, other: str, edits: int) -> bool:
    """Whether a change replaces a number or, being the only one inside, turns a statement round."""
    for kind, a, b, c, d in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        before, after = one[a:b], other[c:d]
        if kind == "equal":
            continue
        if _has_numeral(before) and _has_numeral(after):
            return True
        if min(a, c) == 0 or b == len(one) or d == len(other):
            continue  # something before or after it, or cut short
        if _lengthens_number(one, a, b) or _lengthens_number(other, c, d):
            return True
        if edits <= _FEW and _turned(before, after):
            return True
    return False


def _has_numeral(piece: str) -> bool:
    return not _NUMERALS.isdisjoint(piece)


def _lengthens_number(text: str, start: int, end: int) -> bool:
    """Whether the piece, which the other text has not, is of one number with what is beside it."""
    return start < end and (
        (text[start] in _NUMERALS and text[start - 1] in _NUMERALS)
        or (text[end - 1] in _NUMERALS and text[end] in _NUMERALS)
    )


def _turned(before: str, after: str) -> bool:
    return bool(_TURNS & (set(before) ^ set(after)))


def _grams(counted: str) -> NDArray[np.uint64]:
    """Return the runs of four UTF-16 units, each as one word: no two different ones are equal."""
    units = np.frombuffer(counted.encode("utf-16-le"), dtype="<u2").astype(np.uint64)
    pairs = (units[:-1] << _UNIT) | units[1:]
    return (pairs[:-2] << _PAIR) | pairs[2:]


def _mixed(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread each word over 64 bits (the finaliser of splitmix64, Steele et al. 2014)."""
    mixed = words.copy()
    mixed ^= mixed >> 30
    mixed *= _FIRST
    mixed ^= mixed >> 27
    mixed *= _SECOND
    mixed ^= mixed >> 31
    return mixed
