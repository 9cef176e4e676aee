"""Teaching: what a team's labels add, without forgetting; kept, and given back."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.polarity.grams import bucket_count, grams
from analysis.polarity.installed import MOST_KEPT, Installed, open_installed
from analysis.polarity.learning import Lessons, Plan, answer, learn
from analysis.polarity.measures import auc, calibration_error, measure, reliability
from analysis.polarity.scorer import SHIPPED, KoubeiScorer
from analysis.polarity.teaching import LEAST, Labelled, is_held_back, teach, try_teaching
from analysis.polarity.weights import Squeezed, load, save
from domain.errors import ConfigurationError
from domain.sentiment import Label, ScoreRequest

WEIGHTS = load(SHIPPED)
JARGON = [
    Labelled(f"这批货{word}{n}次了", "weibo", Label.NEGATIVE)
    for n in range(40)
    for word in ("飞单", "窜仓")
] + [
    Labelled(f"这批货{word}{n}次了", "weibo", Label.POSITIVE)
    for n in range(40)
    for word in ("爆单",)
]


def label_of(weights, text):
    return KoubeiScorer(weights).score([ScoreRequest(text, "weibo")])[0].text.label


def test_a_word_of_the_trade_is_learnt():
    taught = teach(WEIGHTS, JARGON, seed=1)
    assert label_of(taught, "这批货飞单99次了") is Label.NEGATIVE
    assert label_of(taught, "这批货爆单99次了") is Label.POSITIVE


def test_the_same_seed_teaches_the_same_weights():
    one, other = teach(WEIGHTS, JARGON, seed=1), teach(WEIGHTS, JARGON, seed=1)
    assert one.digest == other.digest != WEIGHTS.digest


def test_a_trial_compares_on_what_was_held_back():
    trial = try_teaching(WEIGHTS, KoubeiScorer(WEIGHTS), JARGON, seed=1)
    held = sum(is_held_back(one.text) for one in JARGON)
    assert trial.before.count == trial.after.count == held > 0
    assert trial.learnt == len(JARGON) - held
    assert trial.after.accuracy >= trial.before.accuracy


def test_a_model_that_is_worse_anywhere_is_worse():
    trial = try_teaching(WEIGHTS, KoubeiScorer(WEIGHTS), JARGON, seed=1)
    assert not trial.is_worse
    assert replace(trial, probes_after=trial.probes_before - 1).is_worse
    assert replace(trial, after=replace(trial.before, accuracy=-1.0)).is_worse
    assert replace(trial, after=replace(trial.before, macro_f1=-1.0)).is_worse


def test_too_few_labels_are_refused():
    with pytest.raises(ValueError, match=str(LEAST)):
        try_teaching(WEIGHTS, KoubeiScorer(WEIGHTS), JARGON[: LEAST - 1], seed=1)


def test_models_are_installed_and_given_back(tmp_path):
    folder = tmp_path / "models"
    assert open_installed(folder).model_id == KoubeiScorer(WEIGHTS).model_id
    first = replace(WEIGHTS, card={"n": 1})
    second = replace(WEIGHTS, card={"n": 2})
    Installed.of(folder).install(first)
    Installed.of(folder).install(second)
    assert open_installed(folder).model_id == KoubeiScorer(second).model_id
    assert open_installed_after_back(folder) == KoubeiScorer(first).model_id
    assert open_installed_after_back(folder) == KoubeiScorer(WEIGHTS).model_id
    assert open_installed_after_back(folder) == KoubeiScorer(WEIGHTS).model_id


def open_installed_after_back(folder):
    Installed.of(folder).back()
    return open_installed(folder).model_id


def test_only_the_newest_models_are_kept(tmp_path):
    tiny = replace(WEIGHTS, table=small(WEIGHTS.table), near=small(WEIGHTS.near))
    for number in range(MOST_KEPT + 2):
        Installed.of(tmp_path).install(replace(tiny, card={"n": number}))
    assert len(list(tmp_path.glob("koubei-*.npz"))) == MOST_KEPT


def small(squeezed):
    return Squeezed(squeezed.levels[:4], squeezed.steps)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no archive"])
def test_a_broken_model_file_is_named(tmp_path, content):
    path = tmp_path / "koubei-x.npz"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match="koubei-x"):
        load(path)


def test_weights_survive_their_file(tmp_path):
    taught = teach(WEIGHTS, JARGON, seed=1)
    save(taught, tmp_path / "m.npz")
    again = load(tmp_path / "m.npz")
    assert again.digest == taught.digest
    assert label_of(again, "这批货飞单99次了") is Label.NEGATIVE


def test_squeezing_keeps_order_and_sign():
    table = np.array([[0.5], [-2.0], [0.0], [1.0]], dtype=np.float32)
    levels = Squeezed.of(table, cut=1.0).levels[:, 0].tolist()
    assert levels == [8, -15, 0, 11]


def test_a_class_that_a_lot_does_not_have_is_left_alone():
    texts, labels = ["好", "坏"] * 40, np.array([2, 0] * 40)
    lesson = Lessons(grams(texts, 12), labels, (0,), (0, 2))
    table = learn([lesson], tables=1, rows=bucket_count(12), classes=3, plan=Plan(3, 0.1, 16, 1))[0]
    assert not table[:, 1].any()
    logits = answer(grams(["好", "坏"], 12), [table])
    assert logits[0, 2] > logits[0, 0]
    assert logits[1, 0] > logits[1, 2]


def test_measures_of_a_small_table():
    gold = np.array([0, 0, 1, 2])
    found = measure(gold, np.array([0, 1, 1, 2]), np.array([0.1, 0.4, 0.5, 0.9]))
    assert found.accuracy == 0.75
    assert found.negative_precision == 1.0
    assert found.negative_recall == 0.5
    assert found.polar_accuracy == 1.0
    assert found.auc == 1.0
    assert found.macro_f1 == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)


def test_a_source_of_negative_or_not_counts_positive_as_not():
    gold, labels = np.array([0, 1]), np.array([0, 2])
    assert measure(gold, labels, np.array([0.0, 1.0])).accuracy == 1.0


def test_auc_counts_ties_half():
    assert auc(np.array([True, False]), np.array([0.5, 0.5])) == 0.5


def test_reliability_compares_said_and_found():
    gold = np.array([0, 0, 1, 1])
    said = np.array([[0.95, 0, 0.05], [0.95, 0, 0.05], [0.05, 0.95, 0], [0.95, 0.05, 0]])
    bins = reliability(gold, said, 0)
    assert [b.count for b in bins] == [1, 3]
    assert bins[1].found == pytest.approx(2 / 3)
    assert calibration_error(bins) == pytest.approx((0.05 + 3 * (0.95 - 2 / 3)) / 4)
