"""Letters in, buckets out: hashed n-grams of one to three letters, for a whole batch at once.

A text of L letters has L + 3 places: a mark, its letters, two marks. At each place begin a gram of
one, of two and of three letters, so that the beginning and the end of a text are features too. A
gram counts as often as it stands there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.polarity.letters import Codes, letters_of, plain
from analysis.polarity.views import denied, turned

ORDERS: Final = 3
MOST_TEXTS: Final = 4_096
"""Texts that are hashed at once."""

_MULTIPLIERS: Final = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)
_SALTS: Final = (0x27D4EB2F165667C5, 0x85EBCA77C2B2AE63, 0xD6E8FEB86659FD93)


@dataclass(frozen=True, slots=True)
class Grams:
    """The buckets of texts: those of text t are `sizes[t]` from `starts[t]` on.

    Every text has some: that it begins and ends is a gram too.
    """

    buckets: NDArray[np.int32]
    starts: NDArray[np.int64]
    sizes: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.sizes)

    def split(self, texts: int) -> tuple["Grams", "Grams"]:
        """Return those of the first texts, and those of the others; they share their memory."""
        place = int(self.sizes[:texts].sum())
        first = Grams(self.buckets[:place], self.starts[:texts], self.sizes[:texts])
        rest = self.starts[texts:] - place
        return first, Grams(self.buckets[place:], rest, self.sizes[texts:])

    def pick(self, texts: NDArray[np.int64]) -> "Grams":
        """Return the grams of some of the texts, in the order given."""
        sizes = self.sizes[texts]
        starts = np.cumsum(sizes) - sizes
        shift = np.repeat(self.starts[texts] - starts, sizes)
        return Grams(self.buckets[np.arange(len(shift)) + shift], starts, sizes)


def bucket_count(bits: int) -> int:
    """Return how many buckets there are: 2^bits, and a quarter more for what the views show."""
    return (1 << bits) + (1 << (bits - 2))


def grams(texts: Sequence[str], bits: int) -> Grams:
    """Return the grams of the texts as people wrote them, hashed to `bucket_count(bits)`."""
    return joined(list(_chunks(plain(texts), bits)))


def grams_of_plain(texts: Sequence[str], bits: int) -> Grams:
    """Return the grams of texts in plain letters (see `letters.plain`)."""
    return joined(list(_chunks(texts, bits)))


def coarser(grams: Grams, bits: int) -> Grams:
    """Return the same grams hashed to so many bits less."""
    return Grams(grams.buckets >> bits, grams.starts, grams.sizes)


def joined(parts: Sequence[Grams]) -> Grams:
    """Return the grams of several lots of texts as one."""
    if len(parts) == 1:
        return parts[0]
    sizes = np.concatenate([part.sizes for part in parts]) if parts else np.empty(0, np.int64)
    buckets = np.concatenate([part.buckets for part in parts]) if parts else np.empty(0, np.int32)
    return Grams(buckets, np.cumsum(sizes) - sizes, sizes)


def _chunks(texts: Sequence[str], bits: int) -> Iterator[Grams]:
    for first in range(0, len(texts), MOST_TEXTS):
        codes = letters_of(texts[first : first + MOST_TEXTS])
        whole = _hashed(codes, bits, first=0)
        of, seen = _seen(codes)
        yield _together(whole, of, _hashed(seen, bits - 2, first=1 << bits)) if len(of) else whole


def _seen(codes: Codes) -> tuple[NDArray[np.int64], Codes]:
    """Return the texts of the views and of which text each is."""
    seen = [view for view in (denied(codes), turned(codes)) if len(view[0])]
    if len(seen) < 2:
        return seen[0] if seen else (np.empty(0, np.int64), np.empty(0, np.uint32))
    (some, first), (others, second) = seen
    between = np.zeros(1, dtype=np.uint32)
    return np.concatenate((some, others)), np.concatenate((first, between, second))


def _together(whole: Grams, of: NDArray[np.int64], views: Grams) -> Grams:
    """Return the grams of texts and those of views of some of them as one bag a text."""
    count = len(whole)
    owners = np.concatenate((np.arange(count), of))
    parts = joined([whole, views])
    bag = parts.pick(np.argsort(owners, kind="stable"))
    sizes = np.bincount(owners, parts.sizes, minlength=count).astype(np.int64)
    return Grams(bag.buckets, np.cumsum(sizes) - sizes, sizes)


def _hashed(codes: Codes, bits: int, *, first: int) -> Grams:
    begins = np.concatenate(([0], np.flatnonzero(codes == 0) + 1))
    count = len(begins)
    lengths = np.diff(begins, append=len(codes) + 1) - 1
    starts = np.concatenate(([0], np.cumsum(lengths + 3)))
    end = int(starts[-1])
    places = np.zeros(end + 2, dtype=np.uint64)
    letter = codes != 0
    # text t comes after 2t + 1 more marks here than it has breaks before it there
    places[np.flatnonzero(letter) + np.repeat(np.arange(count) * 2 + 1, lengths)] = codes[letter]
    buckets = np.empty((end, ORDERS), dtype=np.int32)
    shift = np.uint64(64 - bits)
    mixed = np.zeros(end, dtype=np.uint64)
    for order in range(ORDERS):
        mixed = (mixed + places[order : end + order]) * np.uint64(_MULTIPLIERS[order])
        mixed ^= mixed >> np.uint64(29)
        spread = (mixed ^ np.uint64(_SALTS[order])) * np.uint64(_MULTIPLIERS[0])
        buckets[:, order] = spread >> shift
    buckets += first
    # the gram of three at a text's last mark would reach into the next text: another replaces it
    buckets[starts[1:] - 1, 2] = buckets[starts[1:] - 1, 1]
    return Grams(buckets.reshape(-1), starts[:-1] * ORDERS, (lengths + 3) * ORDERS)
