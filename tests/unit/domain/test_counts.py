"""Counts as the platforms write them; unknown is None and never 0."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.counts import read_count


@pytest.mark.parametrize(
    ("value", "count"),
    [
        (0, 0),
        (1261, 1261),
        (36.0, 36),
        ("0", 0),
        ("2007", 2007),
        (" 36 ", 36),
        ("100万+", 1_000_000),
        ("100万＋", 1_000_000),
        ("145.5万", 1_455_000),
        ("1.2 万", 12_000),
        ("1.2W", 12_000),
        ("22w", 220_000),
        ("3亿", 300_000_000),
        ("1.15亿", 115_000_000),
        ("1.5k", 1500),
        ("１２３", 123),
        ("１.２万", 12_000),
        ("12,345", 12_345),
        ("1.23456万", 12_345),
        ("999+", 999),
    ],
)
def test_every_form_of_the_platforms_is_read(value, count):
    assert read_count(value) == count


@pytest.mark.parametrize(
    "value",
    [
        "",
        "赞",
        "转发",
        "评论 3",
        "-1",
        -1,
        "1.5",
        1.5,
        "1,23",
        "万",
        float("nan"),
        float("inf"),
        float("-inf"),
        True,
        False,
        None,
        [],
        {},
        b"5",
        10**16,
        "9" * 31,
        "9" * 10_000,
        "٣",
        "1e5",
        "0x10",
        "第3",
    ],
)
def test_what_is_no_count_is_none_and_not_zero(value):
    assert read_count(value) is None


@given(st.integers(0, 10**15))
def test_a_written_count_is_read_back(count):
    assert read_count(count) == read_count(str(count)) == read_count(f"{count:,}") == count


@given(st.integers(0, 9999), st.integers(0, 9))
def test_ten_thousands_are_exact(whole, tenth):
    assert read_count(f"{whole}.{tenth}万") == whole * 10_000 + tenth * 1000


@given(st.one_of(st.text(), st.floats(), st.integers(), st.binary(), st.lists(st.integers())))
def test_nothing_makes_it_raise_or_go_below_zero(value):
    count = read_count(value)
    assert count is None or (type(count) is int and count >= 0)
