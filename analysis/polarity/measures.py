"""How good a scorer is: the figures of the model card. Classes: 0, 1, 2 (see `scorer.LABELS`)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measured:
    """Of `count` judged texts. `macro_f1` is over the classes that the source has, `negative_*` of
    the class negative; `auc` is of negatives against the rest by score, `polar_accuracy` of the
    sign of the score where gold is not neutral; both None where a class for them is missing.

    In a source that only knows negative or not, positive counts as not.
    """

    count: int
    accuracy: float
    macro_f1: float
    negative_precision: float
    negative_recall: float
    auc: float | None
    polar_accuracy: float | None


def measure(gold: Labels, labels: Labels, scores: Floats) -> Measured:
    """Compare labels and scores (0 negative to 1 positive) with gold labels."""
    classes = [int(c) for c in np.unique(gold)]
    if classes == [0, 1]:
        labels = np.where(labels == 0, 0, 1)
    precision, recall, _ = precision_recall_f1(gold, labels, 0)
    polar = gold != 1
    both = 0 in classes and 2 in classes
    return Measured(
        count=len(gold),
        accuracy=float(np.mean(gold == labels)),
        macro_f1=float(np.mean([precision_recall_f1(gold, labels, c)[2] for c in classes])),
        negative_precision=precision,
        negative_recall=recall,
        auc=auc(gold == 0, -scores) if 0 < int(np.sum(gold == 0)) < len(gold) else None,
        polar_accuracy=(
            float(np.mean((scores[polar] >= 0.5) == (gold[polar] == 2))) if both else None
        ),
    )


def precision_recall_f1(gold: Labels, labels: Labels, one: int) -> tuple[float, float, float]:
    """Return the three of a class; 0 where nothing was found."""
    hits = int(np.sum((gold == one) & (labels == one)))
    said, true = int(np.sum(labels == one)), int(np.sum(gold == one))
    precision, recall = hits / said if said else 0.0, hits / true if true else 0.0
    return precision, recall, 2 * hits / (said + true) if said + true else 0.0


def auc(positive: NDArray[np.bool_], scores: Floats) -> float:
    """Return the chance that a positive scores above another, ties half (Mann & Whitney 1947)."""
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    ones = int(positive.sum())
    wins = float(ranks[positive].sum()) - ones * (ones + 1) / 2
    return wins / (ones * (len(scores) - ones))


@dataclass(frozen=True, slots=True)
class Bin:
    """Of `count` texts with a probability in a tenth: its mean, and how many share the class."""

    count: int
    said: float
    found: float


def reliability(gold: Labels, probabilities: Floats, one: int) -> list[Bin]:
    """Return ten bins (empty ones left out) of the probability of a class against its frequency."""
    said = probabilities[:, one]
    tenth = np.minimum((said * 10).astype(np.int64), 9)
    bins = []
    for number in range(10):
        inside = tenth == number
        if inside.any():
            found = float(np.mean(gold[inside] == one))
            bins.append(Bin(int(inside.sum()), float(said[inside].mean()), found))
    return bins


def calibration_error(bins: Sequence[Bin]) -> float:
    """Return the mean gap between said and found, weighted by count."""
    total = sum(b.count for b in bins)
    return sum(b.count * abs(b.said - b.found) for b in bins) / total if total else 0.0
