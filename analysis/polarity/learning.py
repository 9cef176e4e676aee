"""Learning: multinomial linear models, in numpy alone. `learn`: by stochastic gradient descent.

Adagrad (Duchi, Hazan & Singer, JMLR 12, 2011) over small batches. A text may be learnt by several
tables at once whose answers add up: what all texts share, what a kind of platform shares, what one
collection has for itself (Daumé III, ACL 2007). Classes that a collection does not have are left
out of its loss: that it shows no neutral text does not mean that there are none.

`settle`: one table more by the whole of its texts, held near nothing, and nearer where a gram tells
little (the NB-scaled regression of Wang & Manning, ACL 2012). A small collection gains by it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.polarity.descent import Floats, lowest
from analysis.polarity.grams import Grams

Table = NDArray[np.float32]
Labels = NDArray[np.int64]
_FIRST: Final = np.float32(1e-6)
_NEVER: Final = np.float32(-1e9)
_PORTION: Final = 4_096
"""Texts that are computed at once."""


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

    def pick(self, texts: NDArray[np.int64]) -> "Lessons":
        """Return the lessons of some of the texts."""
        return replace(
            self,
            grams=self.grams.pick(texts),
            labels=self.labels[texts],
            weights=None if self.weights is None else self.weights[texts],
            offsets=None if self.offsets is None else self.offsets[texts],
        )


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
    rows: int,
    classes: int,
    plan: Plan,
    scales: Sequence[NDArray[np.float32]] | None = None,
    advance: Callable[[int], object] = lambda _: None,
) -> list[Table]:
    """Return the tables of so many rows, the buckets of the grams, and a column a class.

    `scales` holds for each table how readily each row learns (None: all alike; see `telling`).
    `advance` is told of every text that was learnt.
    """
    scales = scales or [np.ones(rows, dtype=np.float32)] * tables
    made = [np.zeros((rows, classes), dtype=np.float32) for _ in range(tables)]
    squares = [np.full((rows, classes), _FIRST) for _ in range(tables)]
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
    for first in range(0, count, _PORTION):
        texts = np.arange(first, min(first + _PORTION, count))
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


def _error(lesson: Lessons, logits: Table) -> tuple[float, Table]:
    """Return what is lost by answers to all texts of a lesson, and its slope a gram of each."""
    if lesson.offsets is not None:
        logits += lesson.offsets
    missing = [c for c in range(logits.shape[1]) if c not in lesson.classes]
    logits[:, missing] = _NEVER
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    error = powers / powers.sum(axis=1, keepdims=True)
    true = (np.arange(len(lesson.labels)), lesson.labels)
    lost = -np.log(np.maximum(error[true], _FIRST))
    error[true] -= 1
    if lesson.weights is not None:
        lost *= lesson.weights
        error *= lesson.weights[:, None]
    error /= np.sqrt(lesson.grams.sizes, dtype=np.float32)[:, None]
    return float(lost.sum(dtype=np.float64)), error


def _step(
    lesson: Lessons,
    texts: NDArray[np.int64],
    tables: Sequence[Table],
    squares: Sequence[Table],
    rates: Sequence[NDArray[np.float32]],
) -> None:
    lesson = lesson.pick(texts)
    grams = lesson.grams
    logits = _logits(grams, [tables[t] for t in lesson.tables])
    _, error = _error(lesson, logits)
    seen, place = np.unique(grams.buckets, return_inverse=True)
    spread = np.repeat(error, grams.sizes, axis=0)
    for column in lesson.classes:
        slope = np.bincount(place, spread[:, column], minlength=len(seen)).astype(np.float32)
        for number in lesson.tables:
            square = squares[number][seen, column] + slope * slope
            squares[number][seen, column] = square
            tables[number][seen, column] -= rates[number][seen] * slope / np.sqrt(square)


def settle(
    lessons: Sequence[Lessons], scale: Table, *, classes: int, strength: float, steps: int = 20
) -> Table:
    """Return the one table that the lessons' offsets lack: of least loss plus half of `strength`
    times the square of its weights, each divided by the `scale` of its bucket; 0 where that is 0.
    """
    live = np.zeros(len(scale), dtype=np.bool_)
    for lesson in lessons:
        live[lesson.grams.buckets] = True
    live &= scale > 0
    count, sizes = int(live.sum()), scale[live, None]
    parts = [
        lesson.pick(np.arange(first, min(first + _PORTION, len(lesson.grams))))
        for lesson in lessons
        for first in range(0, len(lesson.grams), _PORTION)
    ]

    def slope(place: Floats) -> tuple[float, Floats]:
        table = np.zeros((len(scale), classes), dtype=np.float32)
        table[live] = place.reshape(count, classes) * sizes
        height, up = 0.0, np.zeros((classes, len(scale)))
        for part in parts:
            lost, error = _error(part, _logits(part.grams, [table]))
            height += lost
            spread = np.repeat(error, part.grams.sizes, axis=0)
            for column in part.classes:
                up[column] += np.bincount(part.grams.buckets, spread[:, column], len(scale))
        rising = up.T[live] * sizes + strength * place.reshape(count, classes)
        return height + strength / 2 * float(place @ place), rising.reshape(-1)

    found = np.zeros((len(scale), classes), dtype=np.float32)
    place = lowest(slope, np.zeros(count * classes), steps=steps)
    found[live] = place.reshape(count, classes) * sizes
    return found


def telling(
    lots: Iterable[tuple[Grams, Labels]], *, rows: int, classes: int
) -> NDArray[np.float32]:
    """Return how much each bucket tells of the classes (`log_ratios`), 1 on the average of
    occurrences.

    With Adagrad a feature times r learns what the same feature learns at r times the rate.
    """
    ratios, seen = log_ratios(lots, rows=rows, classes=classes)
    scale: Table = (ratios / np.sqrt(np.average(ratios**2, weights=seen))).astype(np.float32)
    return scale


def log_ratios(
    lots: Iterable[tuple[Grams, Labels]], *, rows: int, classes: int
) -> tuple[Floats, Floats]:
    """Return of each bucket the largest log ratio of its frequency in a class to that in the
    others (Wang & Manning, ACL 2012), and how often it occurs.
    """
    counts = np.ones((classes, rows))
    for grams, labels in lots:
        of_gram = np.repeat(labels, grams.sizes)
        for one in range(classes):
            counts[one] += np.bincount(grams.buckets[of_gram == one], minlength=rows)
    live = counts[counts.sum(axis=1) > rows]
    seen = counts.sum(axis=0) - classes
    ratios = np.zeros(rows)
    for own in live:
        rest = live.sum(axis=0) - own
        ratios = np.maximum(ratios, np.abs(np.log(own / own.sum()) - np.log(rest / rest.sum())))
    return np.minimum(ratios, np.quantile(ratios, 0.9999)), seen
