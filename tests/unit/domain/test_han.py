"""domain/han.py: one normal form on both sides of every comparison."""

import unicodedata
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import han
from domain.han import fold

TRICKY = "ＡａßﬁŒİıſςΣ①㈱㍿½臺台灣間间發髮乾干后後ÅÅéé가각ｶﾞ゛́̈\u200d😡🏻𠮷\x00\n 　."


@given(st.text() | st.text(st.sampled_from(TRICKY)))
def test_folding_twice_changes_nothing(text):
    assert fold(fold(text)) == fold(text)


@given(st.text(st.characters(codec="utf-8")))
def test_every_character_of_the_plane_folds_to_its_final_form_at_once(text):
    assert all(fold(fold(character)) == fold(character) for character in text)


@given(st.text(st.sampled_from("臺灣間髮發後麵乾隻雲棧奶茶好吃不ＡBc１2，。！😡")), st.data())
def test_a_piece_of_a_text_is_a_piece_of_its_normal_form(text, data):
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    assert fold(text[start:end]) in fold(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("這間奶茶店", "这间奶茶店"),
        ("ＩＰＨＯＮＥ　１５", "iphone 15"),
        ("Straße", "STRASSE"),
        ("ﬁn", "FIN"),
        ("好吃！", "好吃!"),
        ("①", "1"),
        ("頭髮", "头发"),
        ("發現", "发现"),
        ("e\u0301", "é"),
        ("ｶﾞ", "ガ"),
    ],
)
def test_ways_of_writing_the_same_are_equal(one, other):
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"), [("好吃", "好 吃"), ("茶", "查"), ("a", "á"), ("1", "一")]
)
def test_different_words_stay_different(one, other):
    assert fold(one) != fold(other)


def test_a_character_does_not_depend_on_its_neighbours():
    assert [fold(word) for word in ("乾", "乾隆", "乾淨")] == ["干", "干隆", "干净"]


def plainly(text: str) -> str:
    """Fold as the docstring of the module says it, without any short cut."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return unicodedata.normalize("NFKC", "".join(_simplified().get(sign, sign) for sign in folded))


@cache
def _simplified() -> dict[str, str]:
    lines = (Path(han.__file__).parent / "traditional_simplified.txt").read_text("utf-8")
    words = [word for line in lines.splitlines() if line[:1] != "#" for word in line.split()]
    return {word[0]: word[1] for word in words}


def test_short_cuts_change_nothing_for_any_character():
    signs = [chr(code) for code in range(0x20000) if not 0xD800 <= code < 0xE000]
    for sign in signs:
        assert fold(sign) == plainly(sign), hex(ord(sign))
        assert fold(f"；{sign}\u0338") == plainly(f"；{sign}\u0338"), hex(ord(sign))


@given(st.text(st.sampled_from(TRICKY + "，！？：；（）～\u0338")))
def test_short_cuts_change_nothing_for_any_text(text):
    assert fold(text) == plainly(text)
