"""The way down: it ends at the lowest point, and never higher than it began."""

import numpy as np
import pytest

from analysis.polarity.descent import lowest

RUGGED = np.array([1.0, 10.0, 1_000.0])


def bowl(place):
    """A bowl that is a thousand times steeper one way, lowest at (1, 2, 3)."""
    away = place - np.array([1.0, 2.0, 3.0])
    return float(away @ (RUGGED * away)) / 2 + 1.0, RUGGED * away


def test_the_lowest_point_of_a_rugged_bowl_is_found():
    assert lowest(bowl, np.zeros(3), steps=60) == pytest.approx([1.0, 2.0, 3.0], abs=0.05)


def test_few_steps_go_down_and_no_step_stays():
    start = np.array([30.0, -20.0, 5.0])
    assert bowl(lowest(bowl, start, steps=2))[0] < bowl(start)[0]
    assert list(lowest(bowl, start, steps=0)) == list(start)


def test_a_slope_that_lies_ends_the_search_where_it_is():
    assert list(lowest(lambda place: (1.0, np.ones(2)), np.zeros(2), steps=5)) == [0.0, 0.0]
