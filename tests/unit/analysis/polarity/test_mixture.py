"""How experts answer together: each adds to its kind, and leaves to it what it never saw."""

from math import sqrt

import numpy as np
import pytest

from analysis.polarity.grams import bucket_count, grams_of_plain
from analysis.polarity.mixture import Mixture, kinds_of
from analysis.polarity.weights import KINDS, Calibration, Expert, Squeezed, Weights

BITS = 8
PLAIN = {kind: Calibration() for kind in KINDS}


def squeezed(*columns):
    levels = np.zeros((bucket_count(BITS), len(columns)), dtype=np.int8)
    for number, level in enumerate(columns):
        levels[:, number] = level
    return Squeezed(levels, np.ones(len(columns)))


def said(classes, kind, own, text="一"):
    """What one expert of a weibo says, each weight of a kind's or its own column being the same."""
    expert = Expert("one", "weibo", classes)
    weights = Weights(
        BITS, squeezed(0, *kind, 0, 0, 0, 0, *own), (expert,), PLAIN, squeezed(0), PLAIN
    )
    mixture = Mixture(weights)
    return mixture.probabilities(mixture.logits([text]), kinds_of(["weibo"]))[0]


def test_an_expert_without_neutral_has_the_root_of_the_odds_of_its_kind():
    negative, neutral, positive = said((0, 2), kind=(0, 0), own=(0,))
    assert negative == positive
    assert neutral / (negative + positive) == pytest.approx(0.6 * sqrt((1 / 3) / (2 / 3)))


def test_it_says_neutral_where_its_kind_does_and_its_own_sign_beside():
    negative, neutral, positive = said((0, 2), kind=(-2, -2), own=(1,))
    assert neutral > 0.9
    assert positive > negative


def test_what_its_kind_says_and_what_it_adds_are_summed():
    together = said((0, 1, 2), kind=(1, 0), own=(-1, 0))
    assert list(together) == pytest.approx([1 / 3] * 3)
    count = len(grams_of_plain(["一"], BITS).buckets)
    rows = said((0, 1, 2), kind=(1, 0), own=(0, 0))
    assert rows[0] / rows[1] == pytest.approx(np.exp(sqrt(count)))


def test_a_class_else_that_an_expert_never_saw_has_a_fixed_weight():
    rows = said((0, 1), kind=(0, 3), own=(0,))
    assert rows[2] / rows[0] == pytest.approx(0.2)


def test_nothing_is_divided_by_nothing_where_a_kind_is_certain():
    rows = said((0, 2), kind=(-15, -15), own=(0,), text="一" * 2 + "二" * 2 + "三四五六七八九十")
    assert np.isfinite(rows).all()
    assert rows.sum() == pytest.approx(1.0)
