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
from analysis.polarity.grams import Grams, grams_of_plain
from analysis.polarity.letters import plain
from analysis.polarity.mixture import Mixture, kinds_of
from analysis.polarity.views import NEAR, shifted
from analysis.polarity.weights import KINDS, Calibration, Floats, Sums, Weights, load
from domain.sentiment import Label, Probabilities, ScoreRequest, Scores

SHIPPED: Final = Path(__file__).with_name("koubei.npz")
LABELS: Final = (Label.NEGATIVE, Label.NEUTRAL, Label.POSITIVE)
NOTHING_TO_SCORE: Final = Probabilities(negative=0.0, neutral=1.0, positive=0.0)
BATCH: Final = 1_024
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
        """`koubei-` and the digest of its weights."""
        return f"koubei-{self._weights.digest}"

    def score(self, requests: Sequence[ScoreRequest]) -> list[Scores]:
        """Return what the text says as a whole and, where it has targets, of each of them."""
        return [scores for lot in _lots(requests) for scores in self._scores(lot)]

    def _scores(self, requests: Sequence[ScoreRequest]) -> Iterator[Scores]:
        # each text is read once, for itself and for all of its targets
        read = plain([request.text for request in requests])
        kinds = kinds_of([request.platform for request in requests])
        pairs = [(n, name) for n, request in enumerate(requests) for name in request.targets]
        aimed = [read[n] for n, _ in pairs]
        near = near_texts(aimed, [requests[n].targets[name] for n, name in pairs])
        grams = grams_of_plain([*read, *near], self._weights.bits)
        whole_grams, aimed_grams = grams.split(len(read))
        logits = self._mixture.logits_of(whole_grams)
        wholes, ruled = self._calibrated(self._mixture.probabilities(logits, kinds), kinds, read)
        by_target: list[dict[str, Probabilities]] = [{} for _ in requests]
        if pairs:
            of = np.array([n for n, _ in pairs])
            judged = self._towards(aimed, aimed_grams, kinds[of], logits[0][of], wholes[of])
            for (n, name), answer in zip(pairs, _answers(*judged), strict=True):
                by_target[n][name] = answer
        for answer, towards in zip(_answers(wholes, ruled), by_target, strict=True):
            yield Scores(answer, towards)

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
            rows[part], labels[part] = self._towards(
                read,
                near_grams(read, names[part], self._weights.bits),
                kinds,
                self._mixture.logits(read)[0],
                wholes[part],
            )
        return rows, labels

    def _towards(
        self,
        read: Sequence[str],
        near: Grams,
        kinds: NDArray[np.int64],
        gate: Floats,
        wholes: Floats,
    ) -> tuple[Floats, NDArray[np.int64]]:
        logits = self._near.logits(near if self._known is None else self._known.rows(near))
        rooted = np.empty_like(wholes)
        for number, kind in enumerate(KINDS):
            of_kind = kinds == number
            rooted[of_kind] = root(wholes[of_kind], self._weights.roots[kind])
        mixed = with_whole(logits, self._mixture.resemblance(gate, kinds), rooted)
        return _calibrated(mixed, kinds, self._weights.near_calibration, read)


def near_texts(read: Sequence[str], names: Sequence[Sequence[str]]) -> list[str]:
    """Return what plain texts say about targets: both views of `clauses.views`, as one text."""
    both = [views(text, plain_words(words)) for text, words in zip(read, names, strict=True)]
    near = shifted([clauses for clauses, _ in both], NEAR)
    return [f"{close}{_BETWEEN}{whole}" for close, (_, whole) in zip(near, both, strict=True)]


def near_grams(read: Sequence[str], names: Sequence[Sequence[str]], bits: int) -> Grams:
    """Return the grams of what plain texts say about targets."""
    return grams_of_plain(near_texts(read, names), bits)


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


def _lots(requests: Sequence[ScoreRequest]) -> Iterator[Sequence[ScoreRequest]]:
    """Cut into lots of some BATCH texts and targets together, of one request at least."""
    first, size = 0, 0
    for number, request in enumerate(requests):
        own = 1 + len(request.targets)
        if size and size + own > BATCH:
            yield requests[first:number]
            first, size = number, 0
        size += own
    if size:
        yield requests[first:]


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


def _answers(rows: Floats, labels: NDArray[np.int64]) -> Iterator[Probabilities]:
    for (negative, neutral, positive), label in zip(rows.tolist(), labels.tolist(), strict=True):
        yield Probabilities(negative, neutral, positive, decided=LABELS[label])
