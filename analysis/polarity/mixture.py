"""The experts and their gate: what each says of a text, and how they are mixed.

All experts are reckoned at once, since a page has some fifteen texts only and a call of numpy costs
more than the numbers in it. Each number goes through the same operations as alone.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.polarity import exact
from analysis.polarity.grams import Grams, coarser, grams_of_plain
from analysis.polarity.weights import KIND_OF, KINDS, Floats, Sums, Weights

_CLOSED: Final = -1e6
_TWO_SIDES: Final = (0, 2)
_ANY: Final = KINDS.index("any")

Logits = tuple[Floats, Floats]
"""Of each text the gate's logit of each expert; and by class what each known kind gives, then what
each expert does.
"""


class Mixture:
    """The experts and their gate."""

    def __init__(self, weights: Weights) -> None:
        experts = weights.experts
        self._bits = weights.bits
        self._experts = experts
        self._sums = Sums(weights.table)
        self._known = weights.known
        self._own = Sums(weights.own) if weights.own is not None else None
        self._coarser = weights.bits - weights.own_bits
        self._bias = np.array([expert.bias for expert in experts])
        self._unseen = float(np.log(np.float64(weights.unseen)))
        self._unseen_neutral = weights.unseen_neutral
        self._kinds = np.array([KINDS.index(expert.kind) for expert in experts])
        self._open = np.array(
            [[kind in ("any", expert.kind) for expert in experts] for kind in KINDS]
        )
        self._temperature = np.array([weights.calibration[kind].temperature for kind in KINDS])
        self._has_three = np.array([len(expert.classes) == len(KINDS) - 1 for expert in experts])
        self._has_no_neutral = np.array([expert.classes == _TWO_SIDES for expert in experts])
        # an expert's columns of classes stand behind those of the gate and of the kinds
        widths = [len(expert.classes) - 1 for expert in experts]
        first = len(experts) + 2 * (len(KINDS) - 1)
        self._columns = first + np.cumsum(widths) - widths

    def logits(self, read: Sequence[str]) -> Logits:
        """Return what is said of plain texts."""
        return self.logits_of(grams_of_plain(read, self._bits))

    def logits_of(self, grams: Grams) -> Logits:
        """Return what is said of texts, given their grams."""
        sums = self._sums.logits(grams if self._known is None else self._known.rows(grams))
        count, known = len(self._experts), len(KINDS) - 1
        classes = np.zeros((len(grams), known + count, 3))
        classes[:, :known, 0] = sums[:, count : count + 2 * known : 2]
        classes[:, :known, 2] = sums[:, count + 1 : count + 2 * known : 2]
        if self._own is not None:
            taught = self._own.logits(coarser(grams, self._coarser))
            classes[:, :known, 0] += taught[:, :1]
            classes[:, :known, 2] += taught[:, 1:]
        self._add_three(classes, sums)
        self._add_two(classes, sums)
        return sums[:, :count] + self._bias, classes

    def _add_three(self, classes: Floats, sums: Floats) -> None:
        numbers = np.flatnonzero(self._has_three)
        kinds, columns = self._kinds[numbers], self._columns[numbers]
        places = len(KINDS) - 1 + numbers
        classes[:, places, 0] = classes[:, kinds, 0] + sums[:, columns]
        classes[:, places, 2] = classes[:, kinds, 2] + sums[:, columns + 1]

    def _add_two(self, classes: Floats, sums: Floats) -> None:
        numbers = np.flatnonzero(~self._has_three)
        if not len(numbers):
            return
        kinds, columns = self._kinds[numbers], self._columns[numbers]
        places = len(KINDS) - 1 + numbers
        first, second = np.array([self._experts[number].classes for number in numbers]).T
        apart = classes[:, kinds, second] - classes[:, kinds, first] + sums[:, columns]
        classes[:, places, first] = apart / -2
        classes[:, places, second] = apart / 2

    def resemblance(self, gate: Floats, kinds: NDArray[np.int64]) -> Floats:
        """Return how far each text is of each known kind, given the gate's logits: wholly, where
        its platform says so, else as the gate says.
        """
        shares = np.zeros((len(kinds), len(KINDS) - 1))
        unknown = np.flatnonzero(kinds == _ANY)
        known = np.flatnonzero(kinds != _ANY)
        shares[known, kinds[known]] = 1.0
        if len(unknown):
            gates = exact.softmax(gate[unknown])
            for number, kind in enumerate(self._kinds):
                shares[unknown, kind] = shares[unknown, kind] + gates[:, number]
        return shares

    def probabilities(self, logits: Logits, kinds: NDArray[np.int64]) -> Floats:
        """Mix the experts that are open to the kind of platform."""
        gate, classes = logits
        gates = exact.softmax(np.where(self._open[kinds], gate, _CLOSED))
        classes = classes / self._temperature[kinds][:, None, None]
        asked = np.flatnonzero(self._open[kinds].any(axis=0))
        said = self._said(classes, asked)
        mixed = np.zeros((len(kinds), 3))
        for place, number in enumerate(asked):
            mixed = mixed + gates[:, number, None] * said[:, place]
        return mixed

    def _said(self, classes: Floats, asked: NDArray[np.int64]) -> Floats:
        """Return the probabilities that the asked experts give."""
        own = classes[:, len(KINDS) - 1 + asked]
        for place, number in enumerate(asked):
            for missing in {0, 1, 2} - set(self._experts[number].classes):
                own[:, place, missing] = self._unseen
        said = exact.softmax(own)
        halves = np.flatnonzero(self._has_no_neutral[asked])
        if len(halves):
            general = classes[:, self._kinds[asked[halves]]]
            said[:, halves] = self._with_neutral(own[:, halves], general)
        return said

    def _with_neutral(self, own: Floats, general: Floats) -> Floats:
        """Return what experts of two classes say, neutral being as their kinds have it."""
        negative, neutral, positive = np.moveaxis(exact.softmax(general), -1, 0)
        said = np.zeros_like(own)
        said[..., [0, 2]] = exact.softmax(own[..., [0, 2]])
        # no division by nothing: `exact.exp` is never 0
        said[..., 1] = self._unseen_neutral * np.sqrt(neutral / (negative + positive))
        return exact.shares(said)


def kinds_of(platforms: Sequence[str]) -> NDArray[np.int64]:
    """Return the number of each platform's kind."""
    return np.array([KINDS.index(KIND_OF.get(p, "any")) for p in platforms], dtype=np.int64)
