"""What the recipe takes out of its collections before it learns from them."""

import numpy as np
import pytest

from analysis.polarity.recipe import GATE_EVENS, Lot, evened, experts_of, unbiased


def lot(name, expert, count):
    labels = np.arange(count, dtype=np.int64) % 2 * 2
    return Lot(name, expert, "review", ("字",) * count, labels)


def test_the_gate_favours_no_collection_for_being_large():
    lots = [lot("waimai_10k", "deliveries", 900), lot("dianping_absa", "restaurants", 100)]
    large, small = unbiased(experts_of(lots), lots)
    assert small.bias - large.bias == pytest.approx(GATE_EVENS * np.log(9), abs=1e-3)


def test_a_collection_labelled_for_polarity_is_favoured_twice():
    lots = [lot("weibo2018", "weibo2018", 50), lot("cluemotion2020", "weibo_emotions", 50)]
    favoured, other = unbiased(experts_of(lots), lots)
    assert favoured.bias - other.bias == pytest.approx(np.log(2), abs=1e-3)


def test_the_rarer_of_negative_and_positive_counts_more_and_neutral_as_it_is():
    labels = np.array([0] * 90 + [2] * 10 + [1] * 5, dtype=np.int64)
    weights = evened(labels)
    assert weights[-6] / weights[0] == pytest.approx(3.0)
    assert set(weights[-5:]) == {1.0}


def test_labels_of_one_pole_alone_are_left_as_they_are():
    assert set(evened(np.array([0, 0, 1], dtype=np.int64))) == {1.0}
