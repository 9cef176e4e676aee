"""What one collection adds to a table that is there: as much as its texts tell, else nothing."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.polarity.grams import bucket_count, grams_of_plain
from analysis.polarity.learning import Lessons, answer, log_ratios, settle

BITS = 12
GOOD, BAD = ("很好吃", "真好喝", "好极了"), ("很难吃", "真难喝", "差极了")


def lesson(**changes):
    grams = grams_of_plain([*GOOD, *BAD], BITS)
    labels = np.array([2] * len(GOOD) + [0] * len(BAD), dtype=np.int64)
    return replace(Lessons(grams, labels, (0,), (0, 2)), **changes)


def scale(lessons):
    pairs = [(lessons.grams, lessons.labels)]
    return log_ratios(pairs, rows=bucket_count(BITS), classes=3)[0].astype(np.float32)


def test_what_was_settled_tells_the_texts_apart():
    one = lesson()
    table = settle([one], scale(one), classes=3, strength=0.01)
    said = answer(one.grams, [table])
    assert list(said[:, [0, 2]].argmax(axis=1)) == [1, 1, 1, 0, 0, 0]


def test_a_class_that_the_texts_lack_is_left_alone():
    one = lesson()
    table = settle([one], scale(one), classes=3, strength=0.01)
    assert not table[:, 1].any()


def test_the_stronger_it_is_held_the_less_is_added():
    one = lesson()
    sizes = [
        float(np.abs(settle([one], scale(one), classes=3, strength=held)).max())
        for held in (0.01, 1.0, 100.0)
    ]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[2] < sizes[0] / 10


def test_what_the_offsets_know_already_is_not_learnt_again():
    one = lesson()
    known = np.zeros((6, 3), dtype=np.float32)
    known[np.arange(6), one.labels] = 12.0
    table = settle([replace(one, offsets=known)], scale(one), classes=3, strength=0.01)
    assert float(np.abs(table).max()) < 0.01


def test_grams_of_scale_nought_learn_nothing():
    one = lesson()
    table = settle([one], np.zeros(bucket_count(BITS), np.float32), classes=3, strength=0.01)
    assert not table.any()


def test_a_gram_of_one_class_alone_has_the_largest_ratio():
    one = lesson()
    ratios = scale(one)
    of_praise = grams_of_plain(["好"], BITS).buckets[3]
    of_both = grams_of_plain(["很"], BITS).buckets[3]
    assert ratios[of_praise] > ratios[of_both]
    assert ratios.max() == pytest.approx(float(ratios[of_praise]), rel=0.5)
