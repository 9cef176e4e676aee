"""presentation/masking.py: names are shown by their first sign alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presentation.masking import mask_name, mask_speakers


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("王小明", "王**"),
        ("王小", "王**"),
        ("欧阳小明", "欧**"),
        ("Alice Lee", "A**"),
        ("Émile", "É**"),
        ("E\u0301mile", "É**"),
        ("13800001111", "1**"),
        ("🍵小茶", "🍵**"),
        ("👨‍👩‍👧一家三口", "👨‍👩‍👧**"),
        ("🇨🇳加油", "🇨🇳**"),
        ("👍🏽好评", "👍🏽**"),
        ("王", "**"),
        ("🍵", "**"),
        ("", ""),
        (" \u200b\u202e", "**"),
        ("\u202e明小王", "明**"),
        ("\u200b王小明", "王**"),
        ("王\n小明", "王**"),
        ("*王小明", "**"),
        ("\ud83d王小明", "王**"),
    ],
)
def test_a_name_shows_its_first_sign_alone(name, masked):
    assert mask_name(name) == masked


@given(st.text())
def test_masking_twice_changes_nothing_and_never_shows_a_whole_name(name):
    masked = mask_name(name)
    assert mask_name(masked) == masked
    assert masked == "" if name == "" else masked.endswith("**")
    assert len(masked) <= 40


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("脏得很//@想放假小透明1209:杯底有虫", "脏得很//@想**:杯底有虫"),
        ("回复@王小明：我也是", "回复@王**：我也是"),
        ("@云栈茶饮 出来解释", "@云栈茶饮 出来解释"),
        ("写信到 a@example.org", "写信到 a@example.org"),
    ],
)
def test_a_name_with_words_put_into_its_mouth_is_masked(text, shown):
    assert mask_speakers(text) == shown
