"""The shipped model on labelled texts that it did not learn: no worse than what was promised."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from analysis.polarity.measures import calibration_error, measure, reliability
from analysis.polarity.recipe import NAMES, SOURCES, TARGETED, read_rows, read_targeted
from analysis.polarity.scorer import KoubeiScorer

pytestmark = [pytest.mark.shared, pytest.mark.integration]

FLOORS = {"macro_f1": 0.785, "polar_accuracy": 0.865, "negative_precision": 0.77}
SOURCE_FLOORS = {"weibo2018": ("polar_accuracy", 0.83), "smp2020_usual": ("macro_f1", 0.81)}
TARGET_FLOORS = {"finnsp_entity": ("accuracy", 0.84), "bdci2016_brand": ("macro_f1", 0.67)}


@pytest.fixture(scope="module")
def scorer() -> KoubeiScorer:
    return KoubeiScorer.shipped()


@pytest.fixture(scope="module")
def answers(shared, scorer) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    return dict(_answers(shared / "data" / "sentiment", scorer))


def _answers(folder: Path, scorer: KoubeiScorer) -> Iterator[tuple[str, tuple[np.ndarray, ...]]]:
    for name, source in SOURCES.items():
        rows = list(read_rows(folder / "dev" / f"{name}.csv.gz"))
        said, labels = scorer.probabilities(
            [row["text"] for row in rows], [source.platform] * len(rows)
        )
        yield name, (np.array([NAMES[row["label"]] for row in rows]), said, labels)


@pytest.mark.parametrize(("figure", "floor"), FLOORS.items())
def test_the_mean_of_all_sources_is_above_its_floor(answers, figure, floor):
    found = [
        getattr(measure(gold, labels, said[:, 2] + said[:, 1] / 2), figure)
        for gold, said, labels in answers.values()
    ]
    known = [one for one in found if one is not None]
    assert sum(known) / len(known) >= floor


@pytest.mark.parametrize("name", SOURCE_FLOORS)
def test_posts_of_two_hand_labelled_collections_are_above_their_floors(answers, name):
    figure, floor = SOURCE_FLOORS[name]
    gold, said, labels = answers[name]
    assert getattr(measure(gold, labels, said[:, 2] + said[:, 1] / 2), figure) >= floor


def test_probabilities_of_negatives_are_frequencies(answers):
    gold = np.concatenate([one for one, _, _ in answers.values()])
    said = np.concatenate([one for _, one, _ in answers.values()])
    assert calibration_error(reliability(gold, said, 0)) <= 0.05


@pytest.mark.parametrize("name", TARGET_FLOORS)
def test_what_is_said_about_targets_is_above_its_floor(shared, scorer, name):
    figure, floor = TARGET_FLOORS[name]
    lot = read_targeted(shared / "data" / "sentiment", "dev", name, TARGETED[name])
    nowhere = [""] * len(lot.texts)
    wholes, _ = scorer.probabilities(lot.texts, nowhere)
    said, labels = scorer.towards(lot.texts, nowhere, lot.names, wholes)
    found = measure(lot.labels, labels, said[:, 2] + said[:, 1] / 2)
    assert getattr(found, figure) >= floor
