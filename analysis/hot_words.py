"""How much a word rose, told with care for small numbers. Pure."""

from typing import Final

USUAL: Final = 10
"""Mentions added to both sides of a rise: 3 after 0 is not endless, and 40 after 10 still tells."""

NOTABLE: Final = 1.5
"""A word rose when it is said this many times as often, after the addition: 5 after 0 at least,
which chance alone brings in 3 of 100 cases."""


def rise(now: int, before: int) -> float:
    """Return by how much a word is said more often: (now + 10) / (before + 10).

    The added mentions pull the rise of rare words towards 1, no change, as a Gamma prior of ten
    mentions does to the ratio of two Poisson counts.
    """
    return (now + USUAL) / (before + USUAL)


def heat(now: int, before: int | None) -> float:
    """Return the order of hot words: how often a word is said, times its rise if it rose. Without
    anything to compare with, how often it is said.
    """
    return now if before is None else now * max(1.0, rise(now, before))
