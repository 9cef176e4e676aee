"""What a team's own labels add to the shipped weights: two columns that every expert adds.

Learning starts from what the shipped model answers and changes it where the labels disagree; what
it answers to the sentences of `lessons` is learnt along, so that the rest stays as it was. A fifth
of the labels, chosen by a hash of their text, is held back; on it and on the probes the new model
must not be worse than the present one.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.polarity.grams import Grams, bucket_count, grams
from analysis.polarity.learning import Lessons, Plan, learn
from analysis.polarity.lessons import lessons
from analysis.polarity.measures import Measured, measure
from analysis.polarity.probes import probe
from analysis.polarity.scorer import LABELS, KoubeiScorer
from analysis.polarity.weights import Squeezed, Weights
from domain.sentiment import Label

LEAST: Final = 50
"""Labels that learning needs: of fewer, the fifth held back says nothing."""

BITS: Final = 18
"""A team's words are few, and need not be known: each gram has a bucket of 2^18."""

_PARTS: Final = 5
_REHEARSAL: Final = 0.3
_PLAN: Final = Plan(passes=10, rate=0.1, batch=64)


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text with the label that a person gave it."""

    text: str
    platform: str
    label: Label


@dataclass(frozen=True, slots=True)
class Trial:
    """A new model beside the present one: on the labels held back, and on the probes."""

    weights: Weights
    learnt: int
    before: Measured
    after: Measured
    probes: int
    probes_before: int
    probes_after: int

    @property
    def is_worse(self) -> bool:
        """Whether it got worse anywhere: in accuracy or macro-F1 held back, or on the probes."""
        return (
            self.after.accuracy < self.before.accuracy
            or self.after.macro_f1 < self.before.macro_f1
            or self.probes_after < self.probes_before
        )


def try_teaching(
    shipped: Weights, present: KoubeiScorer, labelled: Sequence[Labelled], seed: int
) -> Trial:
    """Teach the shipped weights and compare with the present scorer. The same labels and seed give
    the same weights. ValueError with fewer than `LEAST` labels.
    """
    if len(labelled) < LEAST:
        raise ValueError(f"{len(labelled)} labels, {LEAST} are needed")
    held = [one for one in labelled if is_held_back(one.text)]
    learnt = [one for one in labelled if not is_held_back(one.text)]
    if not held or not learnt:
        raise ValueError("no labels on one side of the split")
    taught = teach(shipped, learnt, seed)
    new = KoubeiScorer(taught)
    old_probes, new_probes = probe(present), probe(new)
    return Trial(
        weights=taught,
        learnt=len(learnt),
        before=_measured(present, held),
        after=_measured(new, held),
        probes=sum(kind.count for kind in old_probes),
        probes_before=sum(kind.right for kind in old_probes),
        probes_after=sum(kind.right for kind in new_probes),
    )


def is_held_back(text: str) -> bool:
    """Whether a text is of the fifth that is never learnt, whatever else is in the lot."""
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()[0] % _PARTS == 0


def teach(shipped: Weights, labelled: Sequence[Labelled], seed: int) -> Weights:
    """Return the shipped weights with two columns that labels taught."""
    base = KoubeiScorer(replace(shipped, own=None))
    own = [one.text for one in labelled]
    known = [text for text, _ in lessons(seed, copies=2)]
    nowhere = [""] * len(known)
    _, answers = base.probabilities(known, nowhere)
    lots = [
        (own, [one.platform for one in labelled], [one.label for one in labelled], 1.0),
        (known, nowhere, [LABELS[int(number)] for number in answers], _REHEARSAL),
    ]
    table = learn(
        [_lesson(base, *lot) for lot in lots],
        tables=1,
        rows=bucket_count(BITS),
        classes=3,
        plan=replace(_PLAN, seed=seed),
    )[0]
    card = {**shipped.card, "taught": len(labelled), "taught_seed": seed}
    columns = table[:, [0, 2]] - table[:, [1]]
    return replace(shipped, own=Squeezed.of(columns, cut=1.0), card=card)


def _lesson(
    base: KoubeiScorer,
    texts: Sequence[str],
    platforms: Sequence[str],
    labels: Sequence[Label],
    weight: float,
) -> Lessons:
    said, _ = base.probabilities(texts, platforms)
    bags: Grams = grams(texts, BITS)
    offsets: NDArray[np.float32] = np.log(np.maximum(said, 1e-4)).astype(np.float32)
    return Lessons(
        bags,
        np.array([LABELS.index(label) for label in labels], dtype=np.int64),
        (0,),
        (0, 1, 2),
        weights=np.full(len(texts), weight, dtype=np.float32),
        offsets=offsets,
    )


def _measured(scorer: KoubeiScorer, labelled: Sequence[Labelled]) -> Measured:
    rows, labels = scorer.probabilities(
        [one.text for one in labelled], [one.platform for one in labelled]
    )
    gold = np.array([LABELS.index(one.label) for one in labelled], dtype=np.int64)
    return measure(gold, labels, rows[:, 2] + rows[:, 1] / 2)
