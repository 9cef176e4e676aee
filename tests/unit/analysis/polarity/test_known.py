"""Known grams have a row of their own; all others share one that weighs nothing."""

import json
from dataclasses import replace

import numpy as np
import pytest

from analysis.polarity.grams import bucket_count, coarser, grams_of_plain
from analysis.polarity.known import Known, often
from analysis.polarity.mixture import Mixture, kinds_of
from analysis.polarity.scorer import KoubeiScorer
from analysis.polarity.weights import KINDS, Calibration, Expert, Squeezed, Weights, load, save

BITS = 12
SEEN = ("不好吃", "很好吃", "好吃好吃")


def known_of(texts=SEEN, least=1):
    return Known(often([grams_of_plain(texts, BITS)], BITS, least), BITS)


def test_a_gram_counts_once_a_text_and_lots_are_added_up():
    once, thrice = grams_of_plain(["好"], BITS), grams_of_plain(["好好好"], BITS)
    assert len(often([thrice], BITS, 2)) == 0
    of_both = often([once, thrice], BITS, 2)
    assert grams_of_plain(["好"], BITS).buckets[3] in of_both
    assert len(of_both) < len(np.unique(thrice.buckets))


def test_each_known_gram_has_its_row_and_all_others_row_nought():
    known = known_of()
    seen, strange = grams_of_plain(SEEN, BITS), grams_of_plain(["某某某"], BITS)
    rows = known.rows(seen).buckets
    assert rows.min() > 0
    assert rows.max() == len(known) - 1
    assert len(np.unique(rows)) == len(np.unique(seen.buckets))
    assert list(known.rows(strange).sizes) == list(strange.sizes)
    assert (known.rows(strange).buckets == 0).any()


def test_the_rows_of_views_come_last():
    known = known_of()
    assert 1 < known.first_of_views < len(known)
    of_views = known.buckets[known.first_of_views - 1 :]
    assert of_views.min() >= 1 << BITS > known.buckets[known.first_of_views - 2]
    assert known_of(["好吃"]).first_of_views == len(known_of(["好吃"]))


def test_fewer_bits_are_the_first_of_more():
    texts = [*SEEN, "味道没有不好，但是贵"]
    assert list(coarser(grams_of_plain(texts, BITS), 4).buckets) == list(
        grams_of_plain(texts, BITS - 4).buckets
    )


def weights_with(known, own=None):
    """A model whose every known gram says positive, as loud as it can."""
    levels = np.zeros((len(known), 9), dtype=np.int8)
    levels[1:, 2] = 15
    table = Squeezed(levels, np.full(9, 1e-3))
    near = Squeezed(np.zeros((len(known), 6), np.int8), np.ones(6))
    plain = {kind: Calibration() for kind in KINDS}
    expert = Expert("one", "weibo", (0, 1, 2))
    return Weights(BITS, table, (expert,), plain, near, plain, own=own, known=known)


def said(weights, text):
    mixture = Mixture(weights)
    return mixture.probabilities(mixture.logits([text]), kinds_of(["weibo"]))[0]


def test_what_is_not_known_says_nothing():
    known = Known(often([grams_of_plain(["好"], BITS)], BITS, 1)[1:2], BITS)
    strange = next(
        text
        for text in ("甲", "乙", "丙", "丁")
        if not known.rows(grams_of_plain([text], BITS)).buckets.any()
    )
    assert list(said(weights_with(known), strange)) == pytest.approx([1 / 3] * 3)
    assert said(weights_with(known_of([strange])), strange)[2] > 1 / 3


def test_what_a_team_taught_needs_no_known_gram():
    columns = np.zeros((bucket_count(8), 2), dtype=np.int8)
    columns[:, 0] = 15
    taught = weights_with(known_of(["好"]), own=Squeezed(columns, np.full(2, 0.01)))
    assert taught.own_bits == 8
    assert said(taught, "窜仓")[0] > said(replace(taught, own=None), "窜仓")[0]


def test_known_grams_survive_their_file(tmp_path):
    weights = weights_with(known_of())
    save(weights, tmp_path / "one.npz")
    back = load(tmp_path / "one.npz")
    assert back.known is not None
    assert list(back.known.buckets) == list(known_of().buckets)
    assert list(said(back, "很好吃")) == list(said(weights, "很好吃"))


def towards(weights, platform):
    whole = np.array([[0.9, 0.09, 0.01]])
    return KoubeiScorer(weights).towards(["好"], [platform], [("某",)], whole)[0][0]


def test_a_whole_post_counts_more_than_a_whole_article():
    weights = replace(
        weights_with(known_of()), roots={"weibo": 1, "talk": 2, "review": 1, "any": 3}
    )
    of_post, of_article = towards(weights, "weibo"), towards(weights, "news")
    assert of_post[0] / of_post[1] == pytest.approx(10**0.5)
    assert of_article[0] / of_article[1] == pytest.approx(10**0.25)


def test_a_file_of_the_form_before_is_read_as_it_was(tmp_path):
    weights = replace(weights_with(known_of()), known=None)
    columns = np.zeros((bucket_count(BITS), 9), dtype=np.int8)
    weights = replace(
        weights, table=Squeezed(columns, np.ones(9)), near=Squeezed(columns[:, :6], np.ones(6))
    )
    save(weights, tmp_path / "new.npz")
    with np.load(tmp_path / "new.npz") as file:
        arrays = {name: file[name] for name in file.files}
    card = json.loads(arrays["card"].tobytes())
    del card["roots"]
    arrays["card"] = np.frombuffer(json.dumps({**card, "format": 3}).encode(), dtype=np.uint8)
    np.savez_compressed(tmp_path / "old.npz", **arrays)
    old = load(tmp_path / "old.npz")
    said_before = towards(old, "weibo")
    assert said_before[0] / said_before[1] == pytest.approx(10**0.125)
    assert list(said(old, "好")) == pytest.approx([1 / 3] * 3)
