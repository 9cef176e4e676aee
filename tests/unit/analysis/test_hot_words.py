"""Hot words: what rose stands first, and few mentions are no rise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.hot_words import NOTABLE, heat, hottest, rise, risen

counts = st.integers(0, 100_000)


@pytest.mark.parametrize(
    ("now", "before", "rose"),
    [(1, 0, False), (4, 0, False), (5, 0, True), (40, 10, True), (40, 38, False), (4, 2, False)],
)
def test_few_mentions_are_no_rise(now, before, rose):
    assert (rise(now, before) >= NOTABLE) is rose


def test_what_came_up_stands_before_what_is_always_said():
    assert heat(20, 2) > heat(45, 44)
    assert heat(45, 44) > heat(3, 0)


def test_without_a_comparison_the_most_frequent_is_the_hottest():
    assert heat(7, None) == 7


@given(counts, counts)
def test_more_now_is_hotter_and_more_before_is_not(now, before):
    assert rise(now + 1, before) > rise(now, before) > rise(now, before + 1)
    assert heat(now + 1, before) > heat(now, before) >= heat(now, before + 1)
    assert heat(now, before) >= now


def test_words_stand_by_heat_and_equally_hot_ones_as_they_came():
    now = [("店员", 45), ("虫子", 20), ("排队", 3), ("外卖", 3)]
    before = {"店员": 44, "虫子": 2}
    assert [w for w, _ in hottest(now, before)] == ["虫子", "店员", "排队", "外卖"]
    assert hottest(now, None) == now
    assert risen(now, before) == [("虫子", 20)]
