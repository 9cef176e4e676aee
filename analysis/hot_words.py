"""Which words are hot, wherever words are told: 总览, alerts, reports. Pure."""

from collections.abc import Iterable, Mapping
from typing import Final

USUAL: Final = 10
"""Mentions added to both sides of a rise: 3 after 0 is not endless, and 40 after 10 still tells."""

NOTABLE: Final = 1.5
"""A word rose when it is said this many times as often, after the addition: 5 after 0 at least,
which chance alone brings in 3 of 100 cases."""


def rise(now: int, before: float) -> float:
    """Return by how much a word is said more often: (now + 10) / (before + 10).

    The added mentions pull the rise of rare words towards 1, no change, as a Gamma prior of ten
    mentions does to the ratio of two Poisson counts.
    """
    return (now + USUAL) / (before + USUAL)


def heat(now: int, before: float | None) -> float:
    """Return the order of hot words: how often a word is said, times its rise if it rose. Without
    anything to compare with, how often it is said.
    """
    return now if before is None else now * max(1.0, rise(now, before))


def hottest(
    now: Iterable[tuple[str, int]], before: Mapping[str, float] | None
) -> list[tuple[str, int]]:
    """Return words with their counts, the hottest first; equally hot ones as they came. `before`
    holds the counts to compare with, None where there are none to be had.
    """

    def order(each: tuple[str, int]) -> float:
        word, count = each
        return -heat(count, None if before is None else before.get(word, 0))

    return sorted(now, key=order)


def risen(now: Iterable[tuple[str, int]], before: Mapping[str, float]) -> list[tuple[str, int]]:
    """Return those of the words that rose, the hottest first."""
    return hottest([(w, n) for w, n in now if rise(n, before.get(w, 0)) >= NOTABLE], before)
