"""The engine `koubei`: what the experts say of a text, each as far as the text is of its kind.

An expert is what one collection of texts taught (reviews of goods, posts of one year, ...). A gate
tells from the same letters which collection a text resembles, within its kind of platform, and the
experts' probabilities are mixed by it. An expert is what its kind of platform says and what its own
collection adds; whether a text is neutral, an expert that never saw such texts leaves mostly to its
kind. Calibration makes frequencies of all this.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.polarity import exact
from analysis.polarity.clauses import plain_words, views
from analysis.polarity.grams import Grams, coarser, grams_of_plain
from analysis.polarity.letters import plain
from analysis.polarity.views import NEAR, shifted
from analysis.polarity.weights import KIND_OF, KINDS, Calibration, Floats, Sums, Weights, load
from domain.sentiment import Label, Probabilities, ScoreRequest, Scores

SHIPPED: Final = Path(__file__).with_name("koubei.npz")
LABELS: Final = (Label.NEGATIVE, Label.NEUTRAL, Label.POSITIVE)
NOTHING_TO_SCORE: Final = Probabilities(negative=0.0, neutral=1.0, positive=0.0)
BATCH: Final = 1_024
_CLOSED: Final = -1e6
_BETWEEN: Final = "\uf8fa"
_SPEAKS: Final = re.compile("[^\\W_]|[\ue000-\uefff\u2600-\u27bf\U0001f000-\U0001faff]")
"""A letter, a digit, an emoticon or an emoji: what a text without any says is neutral."""


class KoubeiScorer:
    """Three calibrated probabilities a text and target. Holds the tables and nothing else."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._mixture = Mixture(weights)
        self._known = weights.known
        self._near = Sums(weights.near)

    @classmethod
    def shipped(cls) -> "KoubeiScorer":
        """Return the scorer with the weights that come with the product."""
        return cls(load(SHIPPED))

    @property
    def model_id(self) -> str:
        """`koubei-1-` and the digest of its weights."""
        return f"koubei-{self._weights.digest}"

    def score(self, requests: Sequence[ScoreRequest]) -> list[Scores]:
        """Return what the text says as a whole and, where it has targets, of each of them."""
        answers: list[Scores] = []
        for first in range(0, len(requests), BATCH):
            answers += self._scores(requests[first : first + BATCH])
        return answers

    def _scores(self, requests: Sequence[ScoreRequest]) -> Iterator[Scores]:
        # each text is read once, for itself and for all of its targets
        read = plain([request.text for request in requests])
        kinds = kinds_of([request.platform for request in requests])
        logits = self._mixture.logits(read)
        wholes, ruled = self._calibrated(self._mixture.probabilities(logits, kinds), kinds, read)
        pairs = [(n, name) for n, request in enumerate(requests) for name in request.targets]
        by_target: dict[int, dict[str, Probabilities]] = {}
        for first in range(0, len(pairs), BATCH):
            part = pairs[first : first + BATCH]
            of = np.array([n for n, _ in part])
            judged, near_ruled = self._near_part(
                [read[n] for n, _ in part],
                [requests[n].targets[name] for n, name in part],
                kinds[of],
                self._mixture.resemblance(logits[0][of], kinds[of]),
                wholes[of],
            )
            for (n, name), row, rule in zip(
                part, judged.tolist(), near_ruled.tolist(), strict=True
            ):
                by_target.setdefault(n, {})[name] = _answer(row, rule)
        for n, (row, rule) in enumerate(zip(wholes.tolist(), ruled.tolist(), strict=True)):
            yield Scores(_answer(row, rule), by_target.get(n, {}))

    def probabilities(
        self, texts: Sequence[str], platforms: Sequence[str]
    ) -> tuple[Floats, NDArray[np.int64]]:
        """Return rows of P(negative), P(neutral), P(positive), and the number of each label."""
        rows = np.empty((len(texts), 3))
        labels = np.empty(len(texts), dtype=np.int64)
        for first in range(0, len(texts), BATCH):
            part = slice(first, first + BATCH)
            rows[part], labels[part] = self._batch(texts[part], platforms[part])
        return rows, labels

    def _batch(
        self, texts: Sequence[str], platforms: Sequence[str]
    ) -> tuple[Floats, NDArray[np.int64]]:
        read = plain(texts)
        kinds = kinds_of(platforms)
        mixed = self._mixture.probabilities(self._mixture.logits(read), kinds)
        return self._calibrated(mixed, kinds, read)

    def _calibrated(
        self, mixed: Floats, kinds: NDArray[np.int64], read: Sequence[str]
    ) -> tuple[Floats, NDArray[np.int64]]:
        return _calibrated(mixed, kinds, self._weights.calibration, read)

    def towards(
        self,
        texts: Sequence[str],
        platforms: Sequence[str],
        names: Sequence[Sequence[str]],
        wholes: Floats,
    ) -> tuple[Floats, NDArray[np.int64]]:
        """Return the same of what each text says about a target, given its names and what
        the text says as a whole.
        """
        rows = np.empty((len(texts), 3))
        labels = np.empty(len(texts), dtype=np.int64)
        for first in range(0, len(texts), BATCH):
            part = slice(first, first + BATCH)
            read = plain(texts[part])
            kinds = kinds_of(platforms[part])
            rows[part], labels[part] = self._near_part(
                read,
                names[part],
                kinds,
                self._mixture.resemblance(self._mixture.logits(read)[0], kinds),
                wholes[part],
            )
        return rows, labels

    def _near_part(
        self,
        read: Sequence[str],
        names: Sequence[Sequence[str]],
        kinds: NDArray[np.int64],
        resemblance: Floats,
        wholes: Floats,
    ) -> tuple[Floats, NDArray[np.int64]]:
        near = near_grams(read, names, self._weights.bits)
        logits = self._near.logits(near if self._known is None else self._known.rows(near))
        rooted = np.empty_like(wholes)
        for number, kind in enumerate(KINDS):
            of_kind = kinds == number
            rooted[of_kind] = root(wholes[of_kind], self._weights.roots[kind])
        mixed = with_whole(logits, resemblance, rooted)
        return _calibrated(mixed, kinds, self._weights.near_calibration, read)


class Mixture:
    """The experts and their gate."""

    def __init__(self, weights: Weights) -> None:
        self._bits = weights.bits
        self._experts = weights.experts
        self._sums = Sums(weights.table)
        self._known = weights.known
        self._own = Sums(weights.own) if weights.own is not None else None
        self._coarser = weights.bits - weights.own_bits
        self._bias = np.array([expert.bias for expert in weights.experts])
        self._unseen = float(np.log(np.float64(weights.unseen)))
        self._unseen_neutral = weights.unseen_neutral
        self._kinds = [KINDS.index(expert.kind) for expert in weights.experts]
        self._open = np.array(
            [[kind in ("any", expert.kind) for expert in weights.experts] for kind in KINDS]
        )
        self._temperature = np.array([weights.calibration[kind].temperature for kind in KINDS])

    def logits(self, read: Sequence[str]) -> tuple[Floats, Floats]:
        """Return of plain texts the gate's logits, and those of the classes that each known kind
        gives, and then each expert.
        """
        grams = grams_of_plain(read, self._bits)
        sums = self._sums.logits(grams if self._known is None else self._known.rows(grams))
        count, known = len(self._experts), len(KINDS) - 1
        classes = np.zeros((len(grams), known + count, 3))
        column = count
        for kind in range(known):
            classes[:, kind, 0] = sums[:, column]
            classes[:, kind, 2] = sums[:, column + 1]
            column += 2
        if self._own is not None:
            taught = self._own.logits(coarser(grams, self._coarser))
            classes[:, :known, 0] += taught[:, :1]
            classes[:, :known, 2] += taught[:, 1:]
        for number, expert in enumerate(self._experts):
            general, own = classes[:, self._kinds[number]], classes[:, known + number]
            if len(expert.classes) == 3:
                own[:, 0] = general[:, 0] + sums[:, column]
                own[:, 2] = general[:, 2] + sums[:, column + 1]
                column += 2
            else:
                first, second = expert.classes
                apart = general[:, second] - general[:, first] + sums[:, column]
                own[:, first] = apart / -2
                own[:, second] = apart / 2
                column += 1
        return sums[:, :count] + self._bias, classes

    def resemblance(self, gate: Floats, kinds: NDArray[np.int64]) -> Floats:
        """Return how far each text is of each known kind, given the gate's logits: wholly, where
        its platform says so, else as the gate says.
        """
        shares = np.zeros((len(kinds), len(KINDS) - 1))
        unknown = np.flatnonzero(kinds == KINDS.index("any"))
        known = np.flatnonzero(kinds != KINDS.index("any"))
        shares[known, kinds[known]] = 1.0
        if len(unknown):
            gates = exact.softmax(gate[unknown])
            for number, expert in enumerate(self._experts):
                kind = KINDS.index(expert.kind)
                shares[unknown, kind] = shares[unknown, kind] + gates[:, number]
        return shares

    def probabilities(self, logits: tuple[Floats, Floats], kinds: NDArray[np.int64]) -> Floats:
        """Mix the experts that are open to the kind of platform."""
        gate, classes = logits
        gates = exact.softmax(np.where(self._open[kinds], gate, _CLOSED))
        classes = classes / self._temperature[kinds][:, None, None]
        known = len(KINDS) - 1
        mixed = np.zeros((len(kinds), 3))
        for number, expert in enumerate(self._experts):
            if not self._open[kinds, number].any():
                continue
            own = classes[:, known + number]
            if expert.classes == (0, 2):
                said = self._with_neutral(own, classes[:, self._kinds[number]])
            else:
                for missing in {0, 1, 2} - set(expert.classes):
                    own[:, missing] = self._unseen
                said = exact.softmax(own)
            mixed = mixed + gates[:, number, None] * said
        return mixed

    def _with_neutral(self, own: Floats, general: Floats) -> Floats:
        """Return what an expert of two classes says, neutral being as its kind has it."""
        negative, neutral, positive = np.moveaxis(exact.softmax(general), -1, 0)
        said = np.zeros_like(own)
        said[:, [0, 2]] = exact.softmax(own[:, [0, 2]])
        # no division by nothing: `exact.exp` is never 0
        said[:, 1] = self._unseen_neutral * np.sqrt(neutral / (negative + positive))
        return exact.shares(said)


def kinds_of(platforms: Sequence[str]) -> NDArray[np.int64]:
    """Return the number of each platform's kind."""
    return np.array([KINDS.index(KIND_OF.get(p, "any")) for p in platforms], dtype=np.int64)


def near_grams(read: Sequence[str], names: Sequence[Sequence[str]], bits: int) -> Grams:
    """Return the grams of what plain texts say about targets: both views of `clauses.views`."""
    both: list[str] = []
    for text, words in zip(read, names, strict=True):
        near, whole = views(text, plain_words(words))
        both.append(shifted(near, NEAR) + _BETWEEN + whole)
    return grams_of_plain(both, bits)


def with_whole(logits: Floats, resemblance: Floats, rooted: Floats) -> Floats:
    """Join what is said about a target with the roots of what the text says as a whole."""
    near = np.zeros((len(rooted), 3))
    for kind in range(resemblance.shape[1]):
        share = resemblance[:, kind]
        near[:, 0] = near[:, 0] + share * logits[:, 2 * kind]
        near[:, 2] = near[:, 2] + share * logits[:, 2 * kind + 1]
    return exact.shares(exact.softmax(near) * rooted)


def root(values: Floats, times: int) -> Floats:
    """Return the square root of the square root …, so many times."""
    for _ in range(times):
        values = np.sqrt(values)
    return values


def _calibrated(
    mixed: Floats,
    kinds: NDArray[np.int64],
    calibration: Mapping[str, Calibration],
    read: Sequence[str],
) -> tuple[Floats, NDArray[np.int64]]:
    weights = np.array([calibration[kind].weights for kind in KINDS])
    rules = np.array([calibration[kind].rule for kind in KINDS])
    rows = exact.shares(mixed * weights[kinds])
    labels = np.argmax(rows * rules[kinds], axis=1)
    for number, text in enumerate(read):
        if _SPEAKS.search(text) is None:
            rows[number] = (0.0, 1.0, 0.0)
            labels[number] = 1
    return rows, labels


def _answer(row: Sequence[float], label: int) -> Probabilities:
    negative, neutral, positive = row
    return Probabilities(negative, neutral, positive, decided=LABELS[label])
