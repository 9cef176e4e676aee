"""storage/sqlite/proximity.py"""

from hypothesis import given
from hypothesis import strategies as st

from analysis.matching import is_near as any_words_are_near
from domain.brand import Proximity
from storage.sqlite.proximity import is_near

texts = st.text("ab茶", max_size=12)
words = st.text("ab茶", max_size=3)


@given(texts, words, words, st.integers(0, 6))
def test_two_words_are_near_as_in_a_rule_of_a_watch(text, one, other, distance):
    expected = any_words_are_near(Proximity((one, other), distance), text)
    assert is_near(text, one, other, distance) == expected


def test_a_long_run_of_one_character_is_read_once():
    text = "哈" * 200_000
    assert is_near(text + "退", "哈哈", "退", 0)
    assert not is_near(text, "哈哈", "退", 5)
