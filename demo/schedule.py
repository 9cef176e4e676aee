"""How many voices there are in each hour: the daily rhythm, the wave and the crisis.

Pure and deterministic: an hour's calm voices depend on the seed and on that hour alone, so two
worlds of one seed agree wherever their spans overlap.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from random import Random

from domain.mention import Platform
from domain.times import CHINA

HOUR = timedelta(hours=1)
SERIALS = 100_000
"""Serial numbers of one moment are smaller than this."""

DAYS_AHEAD = 14
"""So long after its birth does a world go on talking."""

CALM_PER_HOUR: Mapping[Platform, float] = {
    Platform.WEIBO: 4.4,
    Platform.ZHIHU: 1.05,
    Platform.TIEBA: 1.2,
}
RHYTHM = (
    0.35, 0.2, 0.12, 0.1, 0.1, 0.15, 0.3, 0.6, 0.9, 1.1, 1.3, 1.7,
    1.9, 1.5, 1.2, 1.2, 1.3, 1.4, 1.5, 1.7, 1.9, 1.8, 1.3, 0.7,
)  # fmt: skip
"""Weight of each hour of day in China: low at night, peaks at noon and in the evening."""

WAVE_DAY = 5
WAVE_HOURS = 5
WAVE_BEGINS_AT = 14
WAVE_FACTOR = 6.0
CRISIS_CURVE = (1, 2, 4, 9, 20, 38, 46, 44, 36, 26, 17, 10, 6, 3, 2, 1)
"""Negative posts in each hour since the first one, over all platforms."""

CHAPTERS = ("first_post", "insect", "expired", "anger")
"""What a crisis is about, one thing after the other: its first post, the cup, expired ingredients,
how the company answers."""

_CHAPTER_WEIGHTS: Mapping[int, tuple[int, int, int, int]] = {
    0: (1, 0, 0, 0),
    1: (0, 1, 0, 0),
    3: (0, 5, 5, 0),
    5: (0, 3, 5, 2),
    7: (0, 2, 4, 4),
}
"""From which hour on the chapters are spoken of how often."""

CRISIS_FOLLOWERS: Mapping[Platform, int] = {
    Platform.WEIBO: 0,
    Platform.TIEBA: 2,
    Platform.ZHIHU: 3,
}
"""From which hour of the crisis on a platform takes part."""


class Mood(StrEnum):
    """What the writer means; the product's scorer may read it differently."""

    POSITIVE = "positive"
    NEUTRAL = "neutral"
    NEGATIVE = "negative"


class Story(StrEnum):
    """Why a post exists."""

    CALM = "calm"
    WAVE = "wave"
    CRISIS = "crisis"
    ADVERT = "advert"
    OWN = "own"
    COLLISION = "collision"


@dataclass(frozen=True, slots=True)
class Cue:
    """One voice to come: when (aware, UTC), where, in which mood and story.

    `serial` is unique among the cues of one hour; ids are made of it. `chapter` says how far the
    crisis has come, "" in other stories.
    """

    at: datetime
    platform: Platform
    mood: Mood
    story: Story
    serial: int
    chapter: str = ""


def cues(seed: int, born: datetime, *, days: int, crisis_begins: datetime) -> Iterator[Cue]:
    """Yield every voice from `days` before `born` until DAYS_AHEAD after it, in no order."""
    begin, end = born - timedelta(days=days), born + timedelta(days=DAYS_AHEAD)
    wave = wave_begins(born, days)
    hour = begin.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    while hour < end:
        random = Random(f"{seed}|calm|{hour.isoformat()}")  # noqa: S311  # a play, not a secret
        voices = list(_calm_hour(random, hour))
        if wave is not None and wave <= hour < wave + WAVE_HOURS * HOUR:
            voices += _wave_hour(random, hour)
        yield from (cue for cue in voices if begin <= cue.at < end)
        hour += HOUR
    yield from _crisis(seed, crisis_begins)
    yield from _statements(crisis_begins)


def wave_begins(born: datetime, days: int) -> datetime | None:
    """Return when the innocent wave begins: 14:00 in China within day 5; None in shorter worlds."""
    if days < WAVE_DAY:
        return None
    day = (born - timedelta(days=days - WAVE_DAY + 1)).astimezone(CHINA)
    afternoon = day.replace(hour=WAVE_BEGINS_AT, minute=0, second=0, microsecond=0)
    return (afternoon if afternoon >= day else afternoon + timedelta(days=1)).astimezone(UTC)


def hourly_rate(platform: Platform, hour: datetime) -> float:
    """Return how many calm voices the hour of day brings on average."""
    weight = RHYTHM[hour.astimezone(CHINA).hour] * len(RHYTHM) / sum(RHYTHM)
    return CALM_PER_HOUR[platform] * weight


def _calm_hour(random: Random, hour: datetime) -> Iterator[Cue]:
    serial = 0
    for platform in Platform:
        for _ in range(_poisson(random, hourly_rate(platform, hour))):
            mood, story = _calm_kind(random, platform)
            yield Cue(_within(random, hour), platform, mood, story, serial)
            serial += 1


def _calm_kind(random: Random, platform: Platform) -> tuple[Mood, Story]:
    draw = random.random()
    if platform is not Platform.ZHIHU:  # Zhihu's invented people write answers about tea only
        if draw < 0.05:
            return Mood.NEUTRAL, Story.COLLISION
        if draw < 0.065 and platform is Platform.WEIBO:
            return Mood.POSITIVE, Story.OWN
        if draw < 0.1:
            return Mood.NEUTRAL, Story.ADVERT
    weights = (46, 47, 7)
    return random.choices(tuple(Mood), weights)[0], Story.CALM


def _wave_hour(random: Random, hour: datetime) -> Iterator[Cue]:
    serial = 20_000
    for platform in Platform:
        for _ in range(_poisson(random, hourly_rate(platform, hour) * (WAVE_FACTOR - 1))):
            mood = random.choices(tuple(Mood), (95, 4, 1))[0]
            yield Cue(_within(random, hour), platform, mood, Story.WAVE, serial)
            serial += 1


def _crisis(seed: int, begins: datetime) -> Iterator[Cue]:
    random = Random(f"{seed}|crisis")  # noqa: S311  # a play, not a secret
    for hours_in, count in enumerate(CRISIS_CURVE):
        weights = _CHAPTER_WEIGHTS[max(hour for hour in _CHAPTER_WEIGHTS if hour <= hours_in)]
        for place in range(count):
            at = _within(random, begins + hours_in * HOUR) if hours_in else begins
            platform = _crisis_platform(random, hours_in)
            chapter = random.choices(CHAPTERS, weights)[0]
            serial = 40_000 + hours_in * 100 + place
            yield Cue(at, platform, Mood.NEGATIVE, Story.CRISIS, serial, chapter)


def _crisis_platform(random: Random, hours_in: int) -> Platform:
    shares = {Platform.WEIBO: 74, Platform.TIEBA: 15, Platform.ZHIHU: 11}
    open_to = [p for p in shares if CRISIS_FOLLOWERS[p] <= hours_in]
    return random.choices(open_to, [shares[p] for p in open_to])[0]


def _statements(crisis_begins: datetime) -> Iterator[Cue]:
    for serial, hours_in in enumerate((5.5, 9.0)):
        at = crisis_begins + hours_in * HOUR
        yield Cue(at, Platform.WEIBO, Mood.NEUTRAL, Story.OWN, 60_000 + serial)


def _within(random: Random, hour: datetime) -> datetime:
    return hour + timedelta(seconds=random.randrange(3600))


def _poisson(random: Random, mean: float) -> int:
    """Knuth's method; the means here stay below 50."""
    limit, product, count = math.exp(-mean), random.random(), 0
    while product > limit:
        product *= random.random()
        count += 1
    return count
