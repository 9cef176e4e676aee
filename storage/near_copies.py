"""Which of many 64-bit fingerprints share one of four 16-bit bands with the asked ones.

Four dictionaries of the asked values find every stored one that does, however many are asked at
once. Two values that differ in at most three bits always share a band (pigeonhole; Manku, Jain, Das
Sarma: Detecting Near-Duplicates for Web Crawling, 2007).
"""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

_MASK = 0xFFFF
_SHIFTS = (0, 16, 32, 48)
_MOST_BITS = 64


class Probe:
    """The asked fingerprints (unsigned), ready to meet stored ones."""

    def __init__(self, fingerprints: Iterable[int], distance: int) -> None:
        if not 0 <= distance <= _MOST_BITS:
            raise ValueError(f"distance must be 0 to {_MOST_BITS}, not {distance}")
        self._distance = distance
        self._bands: tuple[dict[int, list[int]], ...] = ({}, {}, {}, {})
        for asked in dict.fromkeys(fingerprints):
            for band, shift in zip(self._bands, _SHIFTS, strict=True):
                band.setdefault(asked >> shift & _MASK, []).append(asked)

    def sharing(self, stored: NDArray[np.int64]) -> NDArray[np.intp]:
        """Return the places of the stored fingerprints (signed) that share a band with an asked
        one, which is quick for many: the others have no hits.
        """
        bands = stored.astype("<i8").view("<u2").reshape(-1, len(_SHIFTS))
        found = np.zeros(len(stored), dtype=np.bool_)
        for number, band in enumerate(self._bands):
            asked = np.zeros(_MASK + 1, dtype=np.bool_)
            asked[list(band)] = True
            found |= asked.take(bands[:, number])
        return np.flatnonzero(found)

    def hits(self, stored: int) -> Iterator[tuple[int, int]]:
        """Yield each asked fingerprint that shares a band with the stored one (signed or not) and
        is within the distance, and how many bits apart.
        """
        first, second, third, fourth = self._bands
        a, b = stored & _MASK, stored >> 16 & _MASK
        c, d = stored >> 32 & _MASK, stored >> 48 & _MASK
        if not (a in first or b in second or c in third or d in fourth):
            return
        candidates = {
            *first.get(a, ()),
            *second.get(b, ()),
            *third.get(c, ()),
            *fourth.get(d, ()),
        }
        for asked in sorted(candidates):
            bits = ((asked ^ stored) & 0xFFFFFFFFFFFFFFFF).bit_count()
            if bits <= self._distance:
                yield asked, bits
