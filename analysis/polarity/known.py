"""The grams that are known: those in texts enough to say something.

Of the grams of some hundred thousand texts most stand in one text alone. Hashed into a table they
learn nothing that carries over, and take the place of those that would; and a gram that was never
seen is answered with another's weight. So grams are hashed to many buckets, of which few are known
and have a row; row 0, of all others, weighs nothing.
"""

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.polarity.grams import Grams, bucket_count

_AT_ONCE: Final = 4_096

Buckets = NDArray[np.int32]


class Known:
    """The buckets that have a row of their own, of `bucket_count(bits)`."""

    def __init__(self, buckets: Buckets, bits: int) -> None:
        """Take the buckets in rising order."""
        self.buckets = buckets
        self.first_of_views = 1 + int(np.searchsorted(buckets, 1 << bits))
        """The row from which on they are of letters around negations and after turns."""
        self._row = np.zeros(bucket_count(bits), dtype=np.int32)
        self._row[buckets] = np.arange(1, len(buckets) + 1)

    def __len__(self) -> int:
        """Return how many rows a table of them has, row 0 too."""
        return 1 + len(self.buckets)

    def rows(self, grams: Grams) -> Grams:
        """Return grams by row instead of bucket."""
        return Grams(self._row.take(grams.buckets), grams.starts, grams.sizes)


def often(bags: Iterable[Grams], bits: int, least: int) -> Buckets:
    """Return the buckets that at least so many of the texts have."""
    size = bucket_count(bits)
    texts = np.zeros(size, dtype=np.int64)
    for bag in bags:
        for first in range(0, len(bag), _AT_ONCE):
            some = bag.pick(np.arange(first, min(first + _AT_ONCE, len(bag))))
            owners = np.repeat(np.arange(len(some)), some.sizes)
            texts += np.bincount(np.unique(owners * size + some.buckets) % size, minlength=size)
    return np.flatnonzero(texts >= least).astype(np.int32)
