"""How the first scorer, stock SnowNLP, reads the demo: poorly, but it sees the crisis."""

from collections.abc import Callable
from random import Random

import pytest

from demo.schedule import Mood, Story
from demo.world import Post, build_world, is_relevant
from domain.mention import Platform
from tests.fakes import NOON

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def is_negative() -> Callable[[Post], bool]:
    snownlp = pytest.importorskip("snownlp", reason="needs the extra `analysis`")

    def judge(post: Post) -> bool:
        said = f"{post.title}\n{post.text}" if post.title else post.text
        return bool(1 - snownlp.SnowNLP(said).sentiments >= 0.5)

    return judge


def test_the_crisis_reads_negative_and_the_rest_does_not(is_negative):
    world = build_world(7, NOON)
    posts = [p for x in Platform for p in world.until(NOON, x) if is_relevant(p)]

    def judged(*stories: Story) -> list[tuple[Post, bool]]:
        said = [p for p in posts if p.story in stories]
        return [(p, is_negative(p)) for p in Random(1).sample(said, min(len(said), 400))]

    crisis, wave = judged(Story.CRISIS), judged(Story.WAVE)
    calm = judged(Story.CALM, Story.ADVERT)
    assert share(crisis) >= 0.9
    assert share(wave) <= 0.05
    assert 0.06 <= share(calm) <= 0.13
    assert share([(p, judgement) for p, judgement in calm if p.mood is Mood.NEGATIVE]) >= 0.9


def share(judged: list[tuple[Post, bool]]) -> float:
    """How many of the posts read negative, 0 to 1."""
    return sum(judgement for _, judgement in judged) / len(judged)
