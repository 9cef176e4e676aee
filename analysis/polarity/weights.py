"""What was learnt, as a file: small whole numbers, and what turns their sums into probabilities.

A weight is kept as a signed number q of −15 to 15 that stands for q·|q| steps of its column: fine
where most weights are, coarse where few are. A file is a NumPy archive without pickles.
"""

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Self
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from analysis.polarity.grams import ORDERS, Grams, bucket_count
from analysis.polarity.known import Known
from domain.errors import ConfigurationError, Text

FORMAT: Final = 4
_BEFORE: Final = 3
"""Had no known grams, and the eighth root of what the whole text says; read as it was."""

LEVELS: Final = 15
KINDS: Final = ("weibo", "talk", "review", "any")
"""Kinds of platform: microblogs; forums and news; reviews; what is not known."""

KIND_OF: Final[Mapping[str, str]] = {
    "weibo": "weibo",
    "forum": "talk",
    "news": "talk",
    "review": "review",
}
"""Platform → kind; any other platform is read by all experts."""

_LANES: Final = 4
_BIAS: Final = LEVELS**2
_LONGEST_RUN: Final = 48
"""Triples of grams added up in 16 bits: 48 · 3 · 2 · 15² is below 2^16."""

Whole = NDArray[np.int8]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Squeezed:
    """A table of weights as whole numbers: `levels[bucket, column]`, −15 to 15."""

    levels: Whole
    steps: Floats

    @classmethod
    def of(cls, table: NDArray[np.float32], *, cut: float = 0.9999, least: int = 0) -> Self:
        """Squeeze a table; of each column what lies beyond a share `cut` of sizes is cut off, and
        what is below the level `least` becomes 0, which packs well.
        """
        tops = np.quantile(np.abs(table), cut, axis=0).astype(np.float64)
        steps = np.maximum(tops, 1e-6) / LEVELS**2
        size = np.minimum(np.rint(np.sqrt(np.abs(table) / steps)), LEVELS)
        size[size < least] = 0
        return cls((np.sign(table) * size).astype(np.int8), steps)

    @classmethod
    def beside(cls, parts: Sequence[Self]) -> Self:
        """Return tables of the same buckets as one."""
        levels = np.concatenate([part.levels for part in parts], axis=1)
        return cls(levels, np.concatenate([part.steps for part in parts]))


class Sums:
    """Adds up the rows of a table, text by text, in whole numbers.

    Four columns are added at once, as parts of one 64-bit number: each weight is made positive by a
    bias, and so few are added that no part overflows into the next.
    """

    def __init__(self, squeezed: Squeezed) -> None:
        buckets, self._columns = squeezed.levels.shape
        wide = squeezed.levels.astype(np.int16)
        padded = np.zeros((buckets, -(-self._columns // _LANES) * _LANES), dtype=np.uint16)
        padded[:, : self._columns] = wide * np.abs(wide) + _BIAS
        self._packed = padded.view(np.uint64)
        self._steps = squeezed.steps

    def logits(self, grams: Grams) -> Floats:
        """Return a row of column sums a text, divided by the root of its number of grams."""
        triples = grams.buckets.reshape(-1, ORDERS)
        # `take` is three times as fast as an index, and this is where a score takes its time
        rows = self._packed.take(triples[:, 0], axis=0)
        for order in range(1, ORDERS):
            rows += self._packed.take(triples[:, order], axis=0)
        sizes, starts = grams.sizes // ORDERS, grams.starts // ORDERS
        runs = (sizes + _LONGEST_RUN - 1) // _LONGEST_RUN
        firsts = np.cumsum(runs) - runs
        within = np.arange(int(runs.sum())) - np.repeat(firsts, runs)
        parts = np.add.reduceat(rows, np.repeat(starts, runs) + within * _LONGEST_RUN, axis=0)
        parted = parts.view(np.uint16)[:, : self._columns]
        sums = np.add.reduceat(parted, firsts, axis=0, dtype=np.int64)
        sums -= _BIAS * grams.sizes[:, None]
        roots = np.sqrt(grams.sizes.astype(np.float64))
        logits: Floats = sums.astype(np.float64) * self._steps / roots[:, None]
        return logits


@dataclass(frozen=True)
class Expert:
    """What one collection of texts taught: its name, kind of platform, and classes (0, 1, 2 for
    negative, neutral, positive). It has a column for the gate and one for each class but one,
    which add to what its kind of platform says. `bias` is added to what the gate says of it.
    """

    name: str
    kind: str
    classes: tuple[int, ...]
    bias: float = 0.0


@dataclass(frozen=True)
class Calibration:
    """Of one kind of platform: temperature of the experts, weight of each class, and what each
    class counts when the label is chosen.
    """

    temperature: float = 1.0
    weights: tuple[float, float, float] = (1.0, 1.0, 1.0)
    rule: tuple[float, float, float] = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Weights:
    """Everything that decides a score.

    `table` has for each expert its gate column; then two columns for each known kind, negative and
    positive against neutral; then each expert's class columns. `near` has for each known kind two
    columns of the same classes for what is said about a target. `own` has two columns that the team
    taught, which every kind adds. What an expert that never saw neutral texts gives neutral is
    `unseen_neutral` times the root of the odds that its kind gives; a class else that an expert
    never saw has `unseen`.

    Rows of `table` and `near` are those of the `known` grams, of 2^bits buckets; without `known`
    they are the buckets themselves, as those of `own` always are (see `own_bits`). Towards a target
    what the whole text says counts after so many square roots as `roots` has for its kind.
    """

    bits: int
    table: Squeezed
    experts: tuple[Expert, ...]
    calibration: Mapping[str, Calibration]
    near: Squeezed
    near_calibration: Mapping[str, Calibration]
    unseen: float = 0.2
    unseen_neutral: float = 0.6
    own: Squeezed | None = None
    known: Known | None = None
    roots: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 3))
    card: Mapping[str, Any] = field(default_factory=dict)

    @property
    def own_bits(self) -> int:
        """The bits of the buckets of `own`, 0 without it."""
        return 0 if self.own is None else len(self.own.levels).bit_length() - 1

    @cached_property
    def digest(self) -> str:
        """Eight letters that tell these weights from all others."""
        return _digest(self.to_bytes())

    def to_bytes(self) -> bytes:
        """Return the file."""
        arrays: dict[str, NDArray[Any]] = {
            # a column after the other packs better than bucket after bucket
            "table": np.ascontiguousarray(self.table.levels.T),
            "table_steps": self.table.steps,
            "near": np.ascontiguousarray(self.near.levels.T),
            "near_steps": self.near.steps,
        }
        if self.own is not None:
            arrays["own"] = np.ascontiguousarray(self.own.levels.T)
            arrays["own_steps"] = self.own.steps
        if self.known is not None:
            marked = np.zeros(bucket_count(self.bits), dtype=np.bool_)
            marked[self.known.buckets] = True
            arrays["known"] = np.packbits(marked)
        arrays["card"] = np.frombuffer(_to_json(self).encode(), dtype=np.uint8)
        file = io.BytesIO()
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
        return file.getvalue()


def save(weights: Weights, path: Path) -> None:
    """Write the file whole or not at all."""
    part = path.with_name(path.name + ".part")
    part.write_bytes(weights.to_bytes())
    part.replace(path)


def load(path: Path) -> Weights:
    """Read a file; ConfigurationError when it is none, or one of another format."""
    try:
        held = path.read_bytes()
        with np.load(io.BytesIO(held), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        weights = _from_json(json.loads(arrays["card"].tobytes()), arrays)
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
        raise ConfigurationError(
            Text("不是可用的情感模型文件", "is not a sentiment model of this version"),
            place=str(path),
            mend=Text(
                "koubei train --back 退回上一个模型，或删除该文件以使用自带模型",
                "koubei train --back returns to the one before; without it the shipped one holds",
            ),
        ) from error
    # the file is what `to_bytes` made: packing it once more would take seconds to tell the same
    weights.__dict__["digest"] = _digest(held)
    return weights


def _digest(held: bytes) -> str:
    return hashlib.sha256(held).hexdigest()[:8]


def _to_json(weights: Weights) -> str:
    document = {
        "format": FORMAT,
        "bits": weights.bits,
        "unseen": weights.unseen,
        "unseen_neutral": weights.unseen_neutral,
        "experts": [[e.name, e.kind, list(e.classes), e.bias] for e in weights.experts],
        "calibration": _calibration_json(weights.calibration),
        "near_calibration": _calibration_json(weights.near_calibration),
        "roots": dict(weights.roots),
        "card": weights.card,
    }
    return json.dumps(document, ensure_ascii=False, sort_keys=True)


def _calibration_json(calibration: Mapping[str, Calibration]) -> dict[str, list[Any]]:
    return {k: [c.temperature, list(c.weights), list(c.rule)] for k, c in calibration.items()}


def _from_json(document: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Weights:
    if document["format"] not in (_BEFORE, FORMAT):
        raise ValueError(f"format {document['format']}")
    own = _squeezed(arrays, "own") if "own" in arrays else None
    known = None
    if "known" in arrays:
        marked = np.flatnonzero(np.unpackbits(arrays["known"]))
        known = Known(marked.astype(np.int32), document["bits"])
    return Weights(
        bits=document["bits"],
        table=_squeezed(arrays, "table"),
        experts=tuple(Expert(n, k, tuple(c), b) for n, k, c, b in document["experts"]),
        calibration=_calibration(document["calibration"]),
        near=_squeezed(arrays, "near"),
        near_calibration=_calibration(document["near_calibration"]),
        unseen=document["unseen"],
        unseen_neutral=document["unseen_neutral"],
        own=own,
        known=known,
        roots=document["roots"] if "roots" in document else dict.fromkeys(KINDS, 3),
        card=document["card"],
    )


def _squeezed(arrays: Mapping[str, NDArray[Any]], name: str) -> Squeezed:
    return Squeezed(np.ascontiguousarray(arrays[name].T), arrays[f"{name}_steps"])


def _calibration(document: Mapping[str, Any]) -> dict[str, Calibration]:
    return {k: Calibration(t, tuple(w), tuple(r)) for k, (t, w, r) in document.items()}
