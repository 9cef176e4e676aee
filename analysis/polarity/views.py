"""What a text denies and where it turns: copies of some of its letters that count for themselves.

Grams of three letters see 不好 and 没问题, but not that 没有让我失望 denies 失望, nor that what
comes after 但是 is what is meant. So the letters around a negation, and those after the last turn,
are read a second time as other letters, with weights of their own.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.polarity.letters import BREAK, Codes

DENIED: Final = 0x20000
TURNED: Final = 0x40000
NEAR: Final = 0x80000
"""What is added to a code point in each view; no letter of Chinese or emoji is moved onto another
one that a text is likely to have.
"""

_BEFORE: Final = 4
_AFTER: Final = 6
_GAP: Final = 1
_NEGATIONS: Final = "不没别无未非莫勿"
_CLAUSE_ENDS: Final = ",.!?;。、…~"
_TURNS: Final = ("但", "却", "不过", "可惜", "然而", "只是", "就是", "结果", "可是", "除了")

_View = tuple[NDArray[np.int64], Codes]


def _among(letters: str) -> NDArray[np.bool_]:
    """Return by code point whether it is among the letters."""
    among = np.zeros(0x110000, dtype=np.bool_)
    among[[ord(letter) for letter in letters]] = True
    return among


_IS_NEGATION: Final = _among(_NEGATIONS)
_ENDS_CLAUSE: Final = _among(_CLAUSE_ENDS + "\0")


def denied(codes: Codes) -> _View:
    """Return the letters around negations, within their clause, and which texts have any."""
    place = np.arange(len(codes))
    negation = _IS_NEGATION.take(codes)
    if not negation.any():
        return _nothing()
    clause = np.cumsum(_ENDS_CLAUSE.take(codes))
    at = np.flatnonzero(negation)
    after = np.searchsorted(at, place, side="right") - 1
    before = np.minimum(after + 1, len(at) - 1)
    last, following = at[np.maximum(after, 0)], at[before]
    near = ((after >= 0) & (place - last <= _AFTER) & (clause[last] == clause)) | (
        (following >= place) & (following - place <= _BEFORE) & (clause[following] == clause)
    )
    near &= codes != 0
    return _masked(codes, near, DENIED)


def turned(codes: Codes) -> _View:
    """Return the letters after the last turn of a text, and which texts have one."""
    turn = np.zeros(len(codes), dtype=np.bool_)
    for word in _TURNS:
        first = codes == ord(word[0])
        if len(word) == 2:
            first[:-1] &= codes[1:] == ord(word[1])
            first[-1:] = False
        turn |= first
    if not turn.any():
        return _nothing()
    text = np.cumsum(codes == 0)
    last = np.zeros(int(text[-1]) + 1, dtype=np.int64)
    last[:] = len(codes)
    at = np.flatnonzero(turn)
    last[text[at]] = at
    return _masked(codes, (np.arange(len(codes)) >= last[text]) & (codes != 0), TURNED)


def _nothing() -> _View:
    return np.empty(0, np.int64), np.empty(0, np.uint32)


def _masked(codes: Codes, mask: NDArray[np.bool_], shift: int) -> _View:
    """Return the masked letters of the texts that have any, a gap between parts that are apart."""
    text = np.cumsum(codes == 0)
    has = np.zeros(int(text[-1]) + 1, dtype=np.bool_)
    has[text[mask]] = True
    numbers = np.flatnonzero(has)
    moved = np.where(mask, codes | np.uint32(shift), np.uint32(_GAP))
    moved[codes == 0] = 0
    keep = mask.copy()
    keep[1:] |= mask[:-1]
    keep[codes == 0] = False
    # a break stays between two texts that are kept: before each but the first
    wanted = (codes == 0) & has[text] & (text != numbers[0])
    return numbers, moved[keep | wanted]


def shifted(texts: Sequence[str], shift: int) -> list[str]:
    """Return plain texts as letters of a view."""
    codes = np.frombuffer(BREAK.join(texts).encode("utf-32-le"), dtype=np.uint32)
    moved = np.where(codes == 0, codes, codes | np.uint32(shift))
    return moved.tobytes().decode("utf-32-le").split(BREAK) if texts else []
