"""How the engines read the demo: not alike on calm days, but each sees the crisis."""

from collections.abc import Callable, Sequence
from random import Random

import pytest

from analysis.polarity.scorer import KoubeiScorer
from demo.schedule import Mood, Story
from demo.world import Post, build_world, is_relevant
from domain.mention import Platform
from domain.sentiment import Label, ScoreRequest
from tests.fakes import NOON

pytestmark = pytest.mark.integration


NAMES = {"yunzhan": ("云栈", "云栈茶饮")}

Judge = Callable[[Sequence[Post]], list[bool]]


def said(post: Post) -> str:
    return f"{post.title}\n{post.text}" if post.title else post.text


@pytest.fixture(scope="module")
def posts() -> list[Post]:
    world = build_world(7, NOON)
    return [p for x in Platform for p in world.until(NOON, x) if is_relevant(p)]


def of(posts: Sequence[Post], *stories: Story) -> list[Post]:
    found = [p for p in posts if p.story in stories]
    return Random(1).sample(found, min(len(found), 400))


def meant(posts: Sequence[Post]) -> list[Post]:
    return [p for p in posts if p.mood is Mood.NEGATIVE]


def share(judged: list[bool]) -> float:
    """How many of the posts read negative, 0 to 1."""
    return sum(judged) / len(judged)


def test_stock_snownlp_sees_the_crisis_and_little_else(posts):
    snownlp = pytest.importorskip("snownlp", reason="needs the extra `analysis`")

    def judged(some: Sequence[Post]) -> list[bool]:
        return [bool(1 - snownlp.SnowNLP(said(post)).sentiments >= 0.5) for post in some]

    calm = of(posts, Story.CALM, Story.ADVERT)
    assert share(judged(of(posts, Story.CRISIS))) >= 0.9
    assert share(judged(of(posts, Story.WAVE))) <= 0.05
    assert 0.06 <= share(judged(calm)) <= 0.13
    assert share(judged(meant(calm))) >= 0.9


def test_the_engine_of_our_own_sees_the_crisis_and_every_complaint_before_it(posts):
    scorer = KoubeiScorer.shipped()

    def judged(some: Sequence[Post]) -> list[bool]:
        asked = [ScoreRequest(said(post), post.platform.value, NAMES) for post in some]
        answers = [each.by_target.get("yunzhan", each.text) for each in scorer.score(asked)]
        return [answer.label is Label.NEGATIVE for answer in answers]

    calm = of(posts, Story.CALM, Story.ADVERT)
    assert share(judged(of(posts, Story.CRISIS))) >= 0.95
    assert share(judged(of(posts, Story.WAVE))) <= 0.08
    assert share(judged(calm)) <= 0.2
    assert share(judged(meant(calm))) >= 0.9
