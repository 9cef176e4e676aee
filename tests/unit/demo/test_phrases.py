"""The sentences of the demo: enough of them, all of them usable."""

import re
from pathlib import Path
from random import Random

import pytest

import demo.phrases
from demo.phrases import BRAND, PATH, Speaker, lines, named

NAMES = sorted(p.stem for p in (Path(demo.phrases.__file__).parent / "texts").glob("*.txt"))
MOODS = {
    "positive": ("positive", "wave"),
    "neutral": ("neutral", "asks"),
    "negative": ("negative", "crisis_insect", "crisis_expired", "crisis_anger"),
}


@pytest.mark.parametrize("mood", MOODS)
def test_each_mood_has_150_different_sentences(mood):
    sentences = {line for name in MOODS[mood] for line in lines(name)}
    assert len(sentences) >= 150


@pytest.mark.parametrize("name", NAMES)
def test_every_sentence_is_said_once_and_fills_completely(name):
    speaker = Speaker(Random(1), hour=12)
    assert len(set(lines(name))) == len(lines(name))
    for line in lines(name):
        assert not re.search(r"[{}]|\s$", speaker.fill(line)), line


def test_a_sentence_without_the_brand_gets_it_where_a_person_would_say_it():
    assert named("松间明月好喝") == "云栈松间明月好喝"
    assert named("雲棧的茶好喝") == "雲棧的茶好喝"
    assert named("好喝").startswith(BRAND)


def test_the_time_of_day_fits_the_hour():
    assert Speaker(Random(1), hour=3).fill("{when}") == "凌晨"
    assert Speaker(Random(1), hour=12).fill("{when}") == "中午"
    assert Speaker(Random(1), hour=23).fill("{when}") == "晚上"


def test_only_walkers_speak_of_the_mountain_path_and_always_by_its_full_name():
    for name in NAMES:
        for line in lines(name):
            assert (PATH in line.replace("雲棧", BRAND)) == (name == "collision"), line
