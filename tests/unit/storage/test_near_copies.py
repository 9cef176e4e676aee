"""storage/near_copies.py"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.near_copies import Probe

prints = st.integers(0, 2**64 - 1)


@given(prints, st.lists(st.integers(0, 63), max_size=9), st.lists(prints), st.integers(0, 64))
def test_a_probe_finds_exactly_what_a_comparison_finds(stored, flips, others, distance):
    near = stored
    for flip in flips:
        near ^= 1 << flip
    asked = [near, *others]
    expected = {
        (one, bits)
        for one in asked
        if (bits := (one ^ stored).bit_count()) <= distance
        and any((one ^ stored) >> shift & 0xFFFF == 0 for shift in (0, 16, 32, 48))
    }
    shares = any(
        (one ^ stored) >> shift & 0xFFFF == 0 for one in asked for shift in (0, 16, 32, 48)
    )
    signed = stored - 2**64 if stored >= 2**63 else stored
    together = np.array([signed, signed], dtype=np.int64)
    assert list(Probe(asked, distance).sharing(together)) == ([0, 1] if shares else [])
    for value in (stored, signed):
        found = list(Probe(asked, distance).hits(value))
        assert set(found) == expected
        assert len(found) == len(expected)


@pytest.mark.parametrize("distance", [-1, 65])
def test_a_distance_is_one_that_64_bits_can_have(distance):
    with pytest.raises(ValueError, match="distance"):
        Probe([1], distance)
