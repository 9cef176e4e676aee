"""Text in, letters out: the one form in which the engine reads a text, a whole batch at a time.

What a letter becomes is a table of code points, made from Unicode 3.2 (`unicodedata.ucd_3_2_0`),
which is the same in every Python: the newest tables would make a score depend on the machine.

- compatibility forms become plain ones (full width, circled digits, traditional characters),
- Latin, Greek and Cyrillic become lower case, every digit 0, every space or line break a space,
- what has no width (joiners, variation selectors, direction marks, controls, accents) is dropped,
- a link, a @name and an [emoticon] become one private letter each; an emoji is one anyway,
- a letter said three times or more counts twice, spaces once.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from domain.han import fold

HEAD: Final = 2_000
TAIL: Final = 500
"""Of a longer text its first 2,000 and last 500 characters are read: where a verdict stands."""

LINK: Final = "\uf8ff"
NAME: Final = "\uf8fe"
TARGET: Final = "\uf8fd"
"""The private letter of what is judged, where a target is marked."""

_EMOTICONS: Final = (0xE000, 0xF000)
_UCD = unicodedata.ucd_3_2_0
_HAN: Final = (range(0x3400, 0x4DC0), range(0x4E00, 0xA000), range(0xF900, 0xFB00))
_DROPPED: Final = frozenset(("Cc", "Cf", "Cs", "Co", "Mn", "Me"))
_LOWER_CASE_BELOW: Final = 0x0530
BREAK: Final = "\0"
"""What stands between two texts, and in none."""
_MARKED = re.compile(r"\[([^\[\]\0]{1,12})\]|https?://[!-~]+|@[\w·-]{1,30}")

Codes = NDArray[np.uint32]


@cache
def table() -> Codes:
    """Return by code point what a letter becomes; 0 is nothing."""
    become = np.arange(0x110000, dtype=np.uint32)
    for code in range(0x10000):
        if not 0x3400 <= code < 0xE000:
            become[code] = _plain(code)
    for block in _HAN:
        for code in block:
            simple = fold(chr(code))
            become[code] = ord(simple) if len(simple) == 1 else code
    for block in (range(0x1D400, 0x1D800), range(0x2F800, 0x2FA20)):
        for code in block:
            become[code] = _plain(code)
    become[0xD800:0xF900] = 0
    become[0xE0000:0xE0200] = 0
    become.flags.writeable = False
    return become


def _plain(code: int) -> int:
    letter = chr(code)
    category = _UCD.category(letter)
    if letter == "\u200b":  # a space of no width, a separator in the old table
        return 0
    if letter in "\t\n\v\f\r\x85" or category in {"Zs", "Zl", "Zp"}:
        return ord(" ")
    if category in _DROPPED or 0xFE00 <= code < 0xFE10:
        return 0
    plain = _UCD.normalize("NFKC", letter)
    if len(plain) != 1:  # «…», «㎏»: what would become several letters stays the one it is
        return code
    if ord(plain) < _LOWER_CASE_BELOW and len(plain.lower()) == 1:
        plain = plain.lower()
    return ord("0") if _UCD.category(plain) == "Nd" else ord(plain)


def plain(texts: Sequence[str]) -> list[str]:
    """Return the texts in plain letters, cut in length; runs are cut later, by `letters_of`.

    Surrogates without a partner are dropped.
    """
    if not texts:
        return []
    cut = [t if len(t) <= HEAD + TAIL else t[:HEAD] + t[-TAIL:] for t in texts]
    joined = BREAK.join(cut)
    if joined.count(BREAK) != len(cut) - 1:
        joined = BREAK.join([t.replace(BREAK, "") for t in cut])
    raw = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    become = table().take(raw)
    become = become[(become != 0) | (raw == 0)]
    return _MARKED.sub(_one_letter, become.tobytes().decode("utf-32-le")).split(BREAK)


def letters_of(texts: Sequence[str]) -> Codes:
    """Return the letters of plain texts in one array, 0 between two."""
    codes = np.frombuffer(BREAK.join(texts).encode("utf-32-le"), dtype=np.uint32)
    return codes[_kept(codes)]


def _one_letter(found: re.Match[str]) -> str:
    name = found[1]
    if name is not None:
        first, last = _EMOTICONS
        return chr(first + crc32(name.encode()) % (last - first))
    return NAME if found[0][0] == "@" else LINK


def _kept(codes: Codes) -> NDArray[np.bool_]:
    """Which letters stay when a run is cut to two letters, and a run of spaces to one."""
    kept = np.ones(len(codes), dtype=np.bool_)
    same = codes[1:] == codes[:-1]
    kept[2:] &= ~(same[1:] & same[:-1])
    kept[1:] &= ~(same & (codes[1:] == ord(" ")))
    kept |= codes == 0
    return kept
