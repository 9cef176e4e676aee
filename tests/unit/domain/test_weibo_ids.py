"""mid and bid are two spellings of one number."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.weibo_ids import bid_of, mid_of, time_of

PAIRS = [
    ("4497642253759082", "IEY7vfLUm"),
    ("5277908669302546", "QwGL8D214"),
    ("4159845923618149", "Fp6RGfbff"),
    ("4916126087910326", "N6LvOxbPU"),
]
"""Public ids of real posts of 2017 to 2026, both spellings as Weibo gave them."""


@pytest.mark.parametrize(("mid", "bid"), PAIRS)
def test_real_ids_convert_both_ways(mid, bid):
    assert bid_of(mid) == bid
    assert mid_of(bid) == mid


@given(st.integers(10**15, 10**18 - 1).map(str))
def test_every_mid_comes_back(mid):
    bid = bid_of(mid)
    assert bid is not None
    assert mid_of(bid) == mid


@pytest.mark.parametrize(
    "text", ["", "abc", "12", "４４９７６４２２５３７５９０８２", "-4497642253759082"]
)
def test_what_is_no_mid_has_no_bid(text):
    assert bid_of(text) is None


@pytest.mark.parametrize("text", ["", "a", "IEY7vf-Um", "ZZZZZZZZZ", "IEY7vfLUm/", "微博"])
def test_what_is_no_bid_has_no_mid(text):
    assert mid_of(text) is None


NOW = datetime(2026, 11, 20, 4, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("mid", "shown"),
    [
        ("4159845923618149", datetime(2017, 10, 6, 5, 33, 37, tzinfo=UTC)),
        ("4497642253759082", datetime(2020, 4, 25, 8, 55, 38, tzinfo=UTC)),
        ("4916126087910326", datetime(2023, 6, 24, 4, 0, 59, tzinfo=UTC)),
    ],
)
def test_a_mid_tells_the_time_that_weibo_shows(mid, shown):
    told = time_of(mid, now=NOW)
    assert told is not None
    assert abs(told - shown) <= timedelta(seconds=1)


@pytest.mark.parametrize(
    "mid", ["", "730379578", "20110061812539159", "5999999999999999", "9" * 19, "x"]
)
def test_a_number_of_another_age_or_of_the_future_tells_no_time(mid):
    assert time_of(mid, now=NOW) is None


@given(st.integers(0, 10**20))
def test_a_time_is_never_in_the_future(number):
    told = time_of(str(number), now=NOW)
    assert told is None or told <= NOW + timedelta(minutes=10)
