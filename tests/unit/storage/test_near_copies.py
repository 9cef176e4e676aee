"""storage/near_copies.py"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.near_copies import Probe

prints = st.integers(0, 2**64 - 1)


@given(prints, st.lists(st.integers(0, 63), max_size=5), st.lists(prints), st.integers(0, 3))
def test_a_probe_finds_exactly_what_a_comparison_finds(stored, flips, others, distance):
    near = stored
    for flip in flips:
        near ^= 1 << flip
    asked = [near, *others]
    expected = {(one, bits) for one in asked if (bits := (one ^ stored).bit_count()) <= distance}
    signed = stored - 2**64 if stored >= 2**63 else stored
    for value in (stored, signed):
        found = list(Probe(asked, distance).hits(value))
        assert set(found) == expected
        assert len(found) == len(expected)


@pytest.mark.parametrize("distance", [-1, 4])
def test_four_bands_promise_no_more_than_three_bits(distance):
    with pytest.raises(ValueError, match="distance"):
        Probe([1], distance)
