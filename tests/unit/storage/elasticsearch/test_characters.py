"""storage/elasticsearch/characters.py"""

import sys
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from domain.han import fold
from storage.elasticsearch.characters import NOTHING, contains, is_near, tokens

# What java.lang.Character.isWhitespace calls white space (its documentation, Java 25).
_NO_BREAK = {"\u00a0", "\u2007", "\u202f"}
JAVA_SPACES = {
    character
    for character in map(chr, range(sys.maxunicode + 1))
    if (unicodedata.category(character) in {"Zs", "Zl", "Zp"} and character not in _NO_BREAK)
    or character in "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f"
}


def java_split(text: str) -> list[str]:
    """What the `whitespace` analyser makes of a text."""
    found, token = [], ""
    for character in text:
        if character not in JAVA_SPACES:
            token += character
        elif token:
            found.append(token)
            token = ""
    return [*found, token] if token else found


texts = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from(sorted(JAVA_SPACES)))


@given(texts)
def test_every_character_is_a_token_of_its_own(text):
    folded = fold(text)
    found = java_split(tokens(folded))
    assert len(found) == len(folded)
    assert all(len(token) == 1 for token in found)


@given(texts, texts)
def test_different_texts_have_different_tokens(one, other):
    assert (tokens(fold(one)) == tokens(fold(other))) == (fold(one) == fold(other))


@given(texts, st.integers(0, 20), st.integers(1, 8))
def test_a_substring_is_a_run_of_tokens(text, start, length):
    folded = fold(text)
    word = folded[start : start + length]
    whole, part = java_split(tokens(folded)), java_split(tokens(word))
    runs = [whole[at : at + len(part)] for at in range(len(whole) - len(part) + 1)]
    assert part in runs


def test_a_word_is_a_phrase_and_a_character_a_term():
    assert contains("好吃") == {"match_phrase": {"koubei.characters": "好 吃"}}
    assert contains("差") == {"term": {"koubei.characters": "差"}}
    assert contains("a b") == {"match_phrase": {"koubei.characters": "a Ｊ b"}}
    assert contains("\n") == {"term": {"koubei.characters": "Ｂ"}}


def test_half_a_character_is_in_no_text():
    assert contains("好\ud800") == NOTHING
    assert is_near("好", "\ud800", 3) == NOTHING


def test_near_words_are_two_phrases_with_a_gap():
    query = is_near("奶茶", "差", 7)
    phrase = {"query": "奶 茶", "ordered": True, "max_gaps": 0}
    single = {"query": "差", "ordered": True, "max_gaps": 0}
    rule = {
        "intervals": [{"match": phrase}, {"match": single}],
        "ordered": False,
        "max_gaps": 7,
    }
    assert query == {"intervals": {"koubei.characters": {"all_of": rule}}}


def test_a_word_within_the_other_is_near_wherever_that_is():
    assert is_near("奶", "奶茶", 0) == contains("奶茶")
    assert is_near("奶茶", "奶茶", 3) == contains("奶茶")
    assert is_near("奶茶", "", 3) == NOTHING
