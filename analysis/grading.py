"""The level that a spike suggests. A suggestion only: a person confirms or changes it."""

from collections.abc import Iterable
from dataclasses import dataclass

from domain.brand import Level
from domain.han import fold
from domain.signal import Figures

SEVERE_WORDS = (
    "食品安全",
    "食物中毒",
    "中毒",
    "伤亡",
    "死亡",
    "身亡",
    "遇难",
    "未成年",
    "泄露",
    "泄漏",
    "药品安全",
    "假药",
    "违法",
)
"""Topics that are never below orange: injury and death, food and drug safety, minors, leaked data,
breaches of law."""

SEVERE_POSTS = 2
"""That many posts must name a severe topic: a single one is too easily a figure of speech."""


@dataclass(frozen=True, slots=True)
class Grade:
    """The suggested level and the parts it was made of, by name, in points."""

    level: Level
    parts: tuple[tuple[str, int], ...]


def severe_posts(texts: Iterable[str]) -> int:
    """Return how many texts name a severe topic."""
    return sum(any(word in fold(text) for word in SEVERE_WORDS) for text in texts)


def suggest_level(
    figures: Figures, *, day_mean: float, interactions: int, platforms: int, severe: int
) -> Grade:
    """Return the level of a spike: 0 points blue, 1 to 2 yellow, 3 to 4 orange, from 5 red.

    Points: the usual count times 5 (1) or 10 (2); four times the mean hour of the day before, which
    is speed (1); 1,000 (1) or 10,000 (2) interactions; two (1) or three (2) platforms with a spike
    of their own. `severe` posts on injury, food and drug safety, minors, leaks or breaches of law
    lift it to orange. Who speaks (hot list, central media, verified accounts) is left to the person
    who confirms: mentions do not carry it.
    """
    usual = max(figures.mean or 0.0, 1.0)
    parts: tuple[tuple[str, int], ...] = (
        ("multiple", _points(figures.observed / usual, 5, 10)),
        ("speed", int(figures.observed >= 4 * max(day_mean, 1.0))),
        ("interactions", _points(interactions, 1_000, 10_000)),
        ("platforms", _points(platforms, 2, 3)),
    )
    points = sum(value for _, value in parts)
    level = _level(points)
    if severe >= SEVERE_POSTS:
        parts = (*parts, ("severe", severe))
        level = min(level, Level.ORANGE, key=lambda each: each.rank)
    return Grade(level, parts)


def _points(value: float, one: float, two: float) -> int:
    return 2 if value >= two else int(value >= one)


def _level(points: int) -> Level:
    if points >= 5:
        return Level.RED
    if points >= 3:
        return Level.ORANGE
    return Level.YELLOW if points else Level.BLUE
