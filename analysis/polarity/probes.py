"""The probes: short sentences of our own, each a thing that a scorer is likely to get wrong.

They are measured, never learnt. Kinds: plain, negation, contrast, rhetorical, sarcasm, smile (the
hostile one), event (no opinion word), complaint, question, news, advert, emoticon, emoji, slang,
script, target.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from domain.ports import Scorer
from domain.sentiment import Label, Probabilities, ScoreRequest, Scores

FILE: Final = Path(__file__).with_name("probes.csv")


@dataclass(frozen=True, slots=True)
class Probe:
    """A sentence and what it is; `target` where the question is what it says about that."""

    text: str
    target: str
    label: Label
    kind: str

    @property
    def request(self) -> ScoreRequest:
        """What a scorer is asked."""
        return ScoreRequest(self.text, targets={self.target: (self.target,)} if self.target else {})

    def answer(self, scores: Scores) -> Probabilities:
        """Return what is judged: what is said about the target, else the whole text."""
        return scores.by_target.get(self.target, scores.text) if self.target else scores.text


@cache
def probes() -> tuple[Probe, ...]:
    """Return all of them."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return tuple(
            Probe(row["text"], row["target"], Label(row["label"]), row["kind"])
            for row in csv.DictReader(file)
        )


@dataclass(frozen=True, slots=True)
class Probed:
    """How many probes of a kind were answered rightly."""

    kind: str
    right: int
    count: int


def probe(scorer: Scorer, asked: Sequence[Probe] | None = None) -> list[Probed]:
    """Return the figures of each kind, in order of first appearance."""
    asked = probes() if asked is None else asked
    found: dict[str, list[bool]] = {}
    for one, scores in zip(asked, scorer.score([p.request for p in asked]), strict=True):
        found.setdefault(one.kind, []).append(one.answer(scores).label is one.label)
    return [Probed(kind, sum(right), len(right)) for kind, right in found.items()]
