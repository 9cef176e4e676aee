import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.sql.columns import storable


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("", ""),
        ("plain", "plain"),
        ("奶茶😀", "奶茶😀"),
        ("a\0b", "a\ufffdb"),
        ("奶\0", "奶\ufffd"),
        ("\ud83d", "\ufffd"),
        ("\ude00\ud83d x", "\ufffd\ufffd x"),
    ],
)
def test_what_no_database_holds_is_replaced(text: str, stored: str) -> None:
    assert storable(text) == stored


@given(st.text(alphabet=st.characters()))
def test_what_is_stored_is_always_utf8_without_nul_and_stays(text: str) -> None:
    stored = storable(text)
    assert b"\0" not in stored.encode()
    assert storable(stored) == stored


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0")))
def test_whole_text_is_not_touched(text: str) -> None:
    assert storable(text) == text
