import pytest

from analysis.grading import severe_posts, suggest_level
from domain.brand import Level
from domain.signal import Figures


def grade(observed=10, mean=3.0, day_mean=3.0, interactions=0, platforms=1, severe=0):
    return suggest_level(
        Figures(observed, observed, mean=mean),
        day_mean=day_mean,
        interactions=interactions,
        platforms=platforms,
        severe=severe,
    )


@pytest.mark.parametrize(
    ("facts", "level"),
    [
        ({}, Level.BLUE),
        ({"observed": 15}, Level.YELLOW),
        ({"observed": 30}, Level.ORANGE),
        ({"observed": 30, "interactions": 10_000}, Level.RED),
        ({"observed": 30, "interactions": 1_000, "platforms": 2}, Level.RED),
        ({"observed": 9, "mean": 0.0, "day_mean": 0.0}, Level.YELLOW),
        ({"severe": 1}, Level.BLUE),
        ({"severe": 2}, Level.ORANGE),
        ({"severe": 2, "observed": 30, "interactions": 10_000}, Level.RED),
    ],
)
def test_levels_follow_the_points(facts, level):
    assert grade(**facts).level is level


def test_a_suggestion_shows_its_parts():
    parts = dict(grade(observed=30, severe=2).parts)

    assert parts == {"multiple": 2, "speed": 1, "interactions": 0, "platforms": 0, "severe": 2}


def test_severe_topics_are_found_in_traditional_characters_too():
    said = ["喝完食物中毒", "資料洩露", "客戶數據泄漏", "涉嫌違法添加", "排队太久"]
    assert severe_posts(said) == 4
