"""Sentiment: three classes with calibrated probabilities, per target."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

WHOLE_TEXT = ""
"""The target that stands for the text as a whole (see `Mention.sentiment`)."""


class Label(StrEnum):
    """The three classes (负面, 中性, 正面)."""

    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"


class Judge(StrEnum):
    """Who decided a label. A person's label is never overwritten by a model."""

    MODEL = "model"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Probabilities:
    """P(negative), P(neutral), P(positive); they add up to 1.

    `decided` is the label where an engine has a rule of its own, None for the most probable class.
    """

    negative: float
    neutral: float
    positive: float
    decided: Label | None = None

    @property
    def label(self) -> Label:
        """The class decided, else the most probable one; a tie goes to the more negative one, which
        is the safe side.
        """
        if self.decided is not None:
            return self.decided
        best = max(self.negative, self.neutral, self.positive)
        if self.negative == best:
            return Label.NEGATIVE
        return Label.NEUTRAL if self.neutral == best else Label.POSITIVE

    @property
    def score(self) -> float:
        """P(positive) + ½ P(neutral), 0 to 1."""
        return self.positive + self.neutral / 2

    @property
    def polarity(self) -> float:
        """2 · score − 1, −1 to 1."""
        return 2 * self.score - 1

    @property
    def confidence(self) -> float:
        """The probability of the label, 0 to 1."""
        label = self.label
        if label is Label.NEGATIVE:
            return self.negative
        return self.neutral if label is Label.NEUTRAL else self.positive


@dataclass(frozen=True, slots=True)
class Sentiment:
    """A judgement about one target: `polarity` −1 to 1, `confidence` 0 to 1, `model` its id or "".

    `model` names the scorer, or the person's account when `by` is a person. `run` counts up with
    every change of the model in use (`domain.model_run`); 0: nobody counted yet.
    """

    label: Label
    polarity: float
    confidence: float
    model: str
    by: Judge = Judge.MODEL
    run: int = 0

    @classmethod
    def from_probabilities(
        cls, probabilities: Probabilities, model: str, run: int = 0
    ) -> "Sentiment":
        """The model's judgement as it is stored."""
        return cls(
            label=probabilities.label,
            polarity=round(probabilities.polarity, 6),
            confidence=round(probabilities.confidence, 6),
            model=model,
            run=run,
        )

    @property
    def sure(self) -> int | None:
        """How sure the model was in whole percent, rounded down; None where a person judged."""
        return int(self.confidence * 100) if self.by is Judge.MODEL else None


@dataclass(frozen=True, slots=True)
class ScoreRequest:
    """A text to score. `platform` is weibo, zhihu, tieba, forum, news, review or "".

    `targets` maps a brand id to the words that name the brand in the text.
    """

    text: str
    platform: str = ""
    targets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scores:
    """What a scorer answers: the whole text, and each target it can tell apart from it."""

    text: Probabilities
    by_target: Mapping[str, Probabilities] = field(default_factory=dict)
