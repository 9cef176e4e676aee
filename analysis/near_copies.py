"""Near copies: a 64-bit SimHash over character 3-grams (Charikar 2002, doi:10.1145/509907.509965).

Two texts whose fingerprints differ in at most three bits (Manku, Jain & Das Sarma 2007,
doi:10.1145/1242572.1242592) are called near copies. Emoticons, links, names and marks do not count,
so that a copy with another greeting or link is still the same text.
"""

import re
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.han import fold

METHOD: Final = "simhash-3g-1"
"""Changes when `fingerprint` gives another answer: stored ones are then made again."""

DISTANCE: Final = 3
SHORTEST: Final = 12
"""Letters that a text must have to be compared; shorter ones («转发微博») are alike by accident."""

_NOT_CONTENT = re.compile(r"https?://\S+|\[[^\[\]]{1,12}\]|//@[^:：\s]{1,40}[:：]?|@[\w·-]{1,40}")
_MARKS = re.compile(r"[\W_]+")
_LONGEST = 20_000


def fingerprint(text: str) -> int | None:
    """Return the unsigned 64-bit fingerprint, None for a text too short to compare."""
    letters = _MARKS.sub("", _NOT_CONTENT.sub(" ", fold(text[:_LONGEST])))
    if len(letters) < SHORTEST:
        return None
    hashes = _mixed(_grams(letters))
    bits = np.unpackbits(hashes.view(np.uint8)).reshape(-1, 64)
    majority = bits.sum(axis=0, dtype=np.int64) * 2 > len(hashes)
    return int.from_bytes(np.packbits(majority).tobytes(), "big")


def _grams(letters: str) -> NDArray[np.uint64]:
    points = np.frombuffer(letters.encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    # code points have at most 21 bits, so three of them fit into one word without a collision
    wide, narrow = np.uint64(42), np.uint64(21)
    packed = (points[:-2] << wide) | (points[1:-1] << narrow) | points[2:]
    return np.unique(packed)


def _mixed(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread each word over 64 bits (the finaliser of splitmix64, Steele et al. 2014)."""
    mixed = words.copy()
    mixed ^= mixed >> 30
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> 27
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> 31
    return mixed
