"""presentation/hits.py: searched words are marked as the store finds them."""

from hypothesis import given
from hypothesis import strategies as st

from presentation.hits import Piece, pieces


def marked(text, *words):
    return [piece.text for piece in pieces(text, words) if piece.is_hit]


def test_a_word_is_marked_wherever_it_stands():
    assert marked("云栈又出事，云栈道歉", "云栈") == ["云栈", "云栈"]


def test_a_word_is_found_in_traditional_full_width_and_upper_case():
    assert marked("雲棧 ＡＰＰ 闪退", "云栈", "app") == ["雲棧", "ＡＰＰ"]


def test_overlapping_hits_are_one_piece():
    assert marked("过期原料", "过期原", "期原料") == ["过期原料"]


def test_without_words_nothing_is_marked():
    assert pieces("云栈", ()) == [Piece("云栈")]
    assert pieces("", ("云",)) == []


def test_a_sign_that_folds_to_several_is_marked_whole():
    assert marked("㈱云栈", "株") == ["㈱"]


@given(st.text(max_size=60), st.lists(st.text(max_size=4), max_size=3))
def test_the_pieces_are_the_text(text, words):
    assert "".join(piece.text for piece in pieces(text, words)) == text
