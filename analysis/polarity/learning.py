"""Learning: a multinomial linear model by stochastic gradient descent, in numpy alone.

Adagrad (Duchi, Hazan & Singer, JMLR 12, 2011) over small batches. A text may be learnt by several
tables at once whose answers add up: what all texts share, what a kind of platform shares, what one
collection has for itself (Daumé III, ACL 2007). Classes that a collection does not have are left
out of its loss: that it shows no neutral text does not mean that there are none.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.polarity.grams import Grams, bucket_count

Table = NDArray[np.float32]
Labels = NDArray[np.int64]
_FIRST: Final = np.float32(1e-6)
_NEVER: Final = np.float32(-1e9)


@dataclass(frozen=True, slots=True)
class Lessons:
    """Texts that share their tables and classes: `labels[t]` is the class of text t, `weights[t]`
    how much it counts, `offsets[t]` what is known of its logits before.
    """

    grams: Grams
    labels: Labels
    tables: tuple[int, ...]
    classes: tuple[int, ...]
    weights: NDArray[np.float32] | None = None
    offsets: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """How to learn: passes over the texts, step size, texts a step, and the seed of their order."""

    passes: int = 2
    rate: float = 0.05
    batch: int = 256
    seed: int = 7


def learn(
    lessons: Sequence[Lessons],
    *,
    tables: int,
    bits: int,
    classes: int,
    plan: Plan,
    scales: Sequence[NDArray[np.float32]] | None = None,
    advance: Callable[[int], object] = lambda _: None,
) -> list[Table]:
    """Return the tables, a row a bucket and a column a class.

    `scales` holds for each table how readily each bucket learns (None: all alike; see `telling`).
    `advance` is told of every text that was learnt.
    """
    scales = scales or [np.ones(bucket_count(bits), dtype=np.float32)] * tables
    made = [np.zeros((bucket_count(bits), classes), dtype=np.float32) for _ in range(tables)]
    squares = [np.full((bucket_count(bits), classes), _FIRST) for _ in range(tables)]
    rates = [plan.rate * scale for scale in scales]
    order = np.random.default_rng(plan.seed)
    for _ in range(plan.passes):
        for lesson, texts in _batches(lessons, plan.batch, order):
            _step(lesson, texts, made, squares, rates)
            advance(len(texts))
    return made


def answer(grams: Grams, tables: Sequence[Table]) -> NDArray[np.float32]:
    """Return the logits of the texts: the sum of the tables' answers."""
    count, classes = len(grams), tables[0].shape[1]
    logits = np.zeros((count, classes), dtype=np.float32)
    for first in range(0, count, 4_096):
        texts = np.arange(first, min(first + 4_096, count))
        some = grams.pick(texts)
        logits[texts] = _logits(some, tables)
    return logits


def _batches(
    lessons: Sequence[Lessons], size: int, order: np.random.Generator
) -> list[tuple[Lessons, NDArray[np.int64]]]:
    batches: list[tuple[Lessons, NDArray[np.int64]]] = []
    for lesson in lessons:
        shuffled = order.permutation(len(lesson.grams))
        batches += [(lesson, shuffled[k : k + size]) for k in range(0, len(shuffled), size)]
    return [batches[number] for number in order.permutation(len(batches))]


def _logits(grams: Grams, tables: Sequence[Table]) -> NDArray[np.float32]:
    rows: NDArray[np.float32] = tables[0][grams.buckets]
    for table in tables[1:]:
        rows += table[grams.buckets]
    sums = np.add.reduceat(rows, grams.starts, axis=0)
    roots = np.sqrt(grams.sizes.astype(np.float32))
    return (sums / roots[:, None]).astype(np.float32)


def _step(
    lesson: Lessons,
    texts: NDArray[np.int64],
    tables: Sequence[Table],
    squares: Sequence[Table],
    rates: Sequence[NDArray[np.float32]],
) -> None:
    grams = lesson.grams.pick(texts)
    logits = _logits(grams, [tables[t] for t in lesson.tables])
    if lesson.offsets is not None:
        logits += lesson.offsets[texts]
    missing = [c for c in range(logits.shape[1]) if c not in lesson.classes]
    logits[:, missing] = _NEVER
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    error = powers / powers.sum(axis=1, keepdims=True)
    error[np.arange(len(texts)), lesson.labels[texts]] -= 1
    if lesson.weights is not None:
        error *= lesson.weights[texts][:, None]
    error /= np.sqrt(grams.sizes, dtype=np.float32)[:, None]
    seen, place = np.unique(grams.buckets, return_inverse=True)
    spread = np.repeat(error, grams.sizes, axis=0)
    live = [c for c in range(logits.shape[1]) if c in lesson.classes]
    for column in live:
        slope = np.bincount(place, spread[:, column], minlength=len(seen)).astype(np.float32)
        for number in lesson.tables:
            square = squares[number][seen, column] + slope * slope
            squares[number][seen, column] = square
            tables[number][seen, column] -= rates[number][seen] * slope / np.sqrt(square)


def telling(
    lots: Iterable[tuple[Grams, Labels]], *, bits: int, classes: int
) -> NDArray[np.float32]:
    """Return how much each bucket tells of the classes: the largest log ratio of its frequency in
    a class to that in the others (Wang & Manning, ACL 2012), 1 on the average of occurrences.

    With Adagrad a feature times r learns what the same feature learns at r times the rate.
    """
    counts = np.ones((classes, bucket_count(bits)))
    for grams, labels in lots:
        of_gram = np.repeat(labels, grams.sizes)
        for one in range(classes):
            counts[one] += np.bincount(grams.buckets[of_gram == one], minlength=bucket_count(bits))
    live = counts[counts.sum(axis=1) > bucket_count(bits)]
    seen = counts.sum(axis=0) - classes
    ratios = np.zeros(bucket_count(bits))
    for own in live:
        rest = live.sum(axis=0) - own
        ratios = np.maximum(ratios, np.abs(np.log(own / own.sum()) - np.log(rest / rest.sum())))
    ratios = np.minimum(ratios, np.quantile(ratios, 0.9999))
    scale: NDArray[np.float32] = (ratios / np.sqrt(np.average(ratios**2, weights=seen))).astype(
        np.float32
    )
    return scale
