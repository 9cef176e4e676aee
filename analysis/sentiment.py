"""SnowNLP behind the `Scorer` port: as it ships, and retrained. Our own engine is `polarity`."""

from collections.abc import Sequence
from functools import cache
from importlib import import_module, metadata
from importlib.util import find_spec
from typing import Any, Final

from domain.errors import DependencyMissing, Text
from domain.sentiment import Probabilities, ScoreRequest, Scores

NOTHING_TO_SCORE: Final = Probabilities(negative=0.0, neutral=1.0, positive=0.0)
_LONGEST_TEXT: Final = 1_000


class StockSnowNlpScorer:
    """SnowNLP's own model: P(positive) of two classes. It has no neutral and is over-confident.

    Texts are cut to 1,000 characters, because its segmenter takes about 0.1 ms a character. A text
    without a letter or digit is neutral by definition: SnowNLP itself would answer its prior.

    The model (2 s, 150 MB) is loaded at the first text; DependencyMissing when it is not installed.
    """

    def __init__(self) -> None:
        if find_spec("snownlp") is None:
            raise DependencyMissing(
                Text("本机未安装 SnowNLP", "SnowNLP is not installed here"),
                mend=Text("python3 run.py setup 补齐组件", "python3 run.py setup installs it"),
            )

    @property
    def model_id(self) -> str:
        """`snownlp-0.12.3-stock`."""
        return f"snownlp-{metadata.version('snownlp')}-stock"

    def score(self, requests: Sequence[ScoreRequest]) -> list[Scores]:
        """Return the probabilities of each text; there is no judgement by target in this engine."""
        return [Scores(text=_probabilities(request.text)) for request in requests]


class RetrainedSnowNlpScorer:
    """SnowNLP's own Bayes with counts of ours (see `analysis.snownlp_counts`). Two classes.

    DependencyMissing when SnowNLP or rjieba is not installed; loaded at the first text.
    """

    def __init__(self) -> None:
        for package in ("snownlp", "rjieba"):
            if find_spec(package) is None:
                raise DependencyMissing(
                    Text(f"本机未安装 {package}", f"{package} is not installed here"),
                    mend=Text("python3 run.py setup 补齐组件", "python3 run.py setup installs it"),
                )

    @property
    def model_id(self) -> str:
        """`snownlp-0.12.3-retrained-1`."""
        return f"snownlp-{metadata.version('snownlp')}-retrained-1"

    def score(self, requests: Sequence[ScoreRequest]) -> list[Scores]:
        """Return the probabilities of each text; there is no judgement by target in this engine."""
        # imported here because a process that only reads scores never pays for the model
        counts = import_module("analysis.snownlp_counts")
        classifier = _retrained()
        answers = []
        for request in requests:
            words = counts.words(request.text)
            if not any(any(map(str.isalnum, word)) for word in words):
                answers.append(Scores(text=NOTHING_TO_SCORE))
                continue
            label, probability = classifier.classify(words)
            positive = float(probability if label == "pos" else 1 - probability)
            answers.append(Scores(text=_two_classes(positive)))
        return answers


@cache
def _retrained() -> Any:
    return import_module("analysis.snownlp_counts").read_classifier()


def _probabilities(text: str) -> Probabilities:
    cut = text[:_LONGEST_TEXT]
    if not any(character.isalnum() for character in cut):
        return NOTHING_TO_SCORE
    # imported here because a process that only reads scores never pays for the model
    engine = import_module("snownlp").SnowNLP
    return _two_classes(float(engine(cut).sentiments))


def _two_classes(value: float) -> Probabilities:
    positive = min(1.0, max(0.0, value))
    return Probabilities(negative=1.0 - positive, neutral=0.0, positive=positive)
