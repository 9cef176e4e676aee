"""mid and bid are two spellings of one number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.weibo_ids import bid_of, mid_of

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
