"""Watches on Chinese text: all, any, none, phrases, proximity; folded on both sides."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.matching import is_near, judge, matches, named_brands
from domain.brand import Brand, Proximity, WatchRule

TEA = WatchRule(any_words=("云栈", "雲棧奶茶"), none_words=("云栈道",))


@pytest.mark.parametrize(
    ("text", "matched"),
    [
        ("今天喝了云栈奶茶", True),
        ("今天喝了雲棧奶茶", True),
        ("云栈道徒步攻略", False),
        ("半山茶事新品", False),
        ("", False),
    ],
)
def test_any_and_none_words_see_through_traditional_characters(text, matched):
    assert matches(TEA, text) is matched


def test_all_words_are_all_needed_and_the_missing_one_is_named():
    rule = WatchRule(all_words=("云栈", "退款"))
    assert judge(rule, "云栈不给退款").matched
    assert judge(rule, "云栈真好喝").reason == "all_words:退款"


def test_ascii_is_found_inside_words_in_any_width_and_case():
    rule = WatchRule(any_words=("phone",))
    assert matches(rule, "我的ＩＰＨＯＮＥ１５坏了")


def test_a_phrase_is_literal():
    rule = WatchRule(phrases=("异物",))
    assert matches(rule, "喝出异物")
    assert judge(rule, "奇异的食物").reason == "phrases:异物"


@pytest.mark.parametrize(
    ("text", "distance", "near"),
    [
        ("云栈的客服失联了", 4, True),
        ("云栈的客服失联了", 2, False),
        ("失联的是云栈", 2, True),
        ("云栈" + "很" * 50 + "失联。云栈失联", 0, True),
        ("云栈云栈", 10, False),
    ],
)
def test_proximity_counts_the_characters_between(text, distance, near):
    assert is_near(Proximity(("云栈", "失联"), distance), text) is near


def test_proximity_of_three_words_spans_first_to_last():
    close = Proximity(("甲", "乙", "丙"), 3)
    assert is_near(close, "甲1乙2丙")
    assert not is_near(close, "甲12乙34丙")


@given(st.text(max_size=60), st.text(min_size=1, max_size=4))
def test_a_word_that_was_put_in_is_found_wherever_it_stands(text, word):
    assert matches(WatchRule(all_words=("云栈",)), text + "云栈" + word)


def test_brands_are_named_by_any_of_their_words():
    brands = [Brand("tea", "云栈", ("云栈奶茶",)), Brand("rival", "半山茶事", ("半山",))]
    assert named_brands(brands, "半山比云栈好喝") == {"tea", "rival"}
    assert named_brands(brands, "今天下雨") == frozenset()
