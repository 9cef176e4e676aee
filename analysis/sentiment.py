"""The engines behind the `Scorer` port. So far one: SnowNLP as it ships."""

from collections.abc import Sequence
from importlib import metadata
from typing import Final

from snownlp import SnowNLP

from domain.sentiment import Probabilities, ScoreRequest, Scores

NOTHING_TO_SCORE: Final = Probabilities(negative=0.0, neutral=1.0, positive=0.0)
_LONGEST_TEXT: Final = 1_000


class StockSnowNlpScorer:
    """SnowNLP's own model: P(positive) of two classes. It has no neutral and is over-confident.

    Texts are cut to 1,000 characters, because its segmenter takes about 0.1 ms a character. A text
    without a letter or digit is neutral by definition: SnowNLP itself would answer its prior.
    """

    @property
    def model_id(self) -> str:
        """`snownlp-0.12.3-stock`."""
        return f"snownlp-{metadata.version('snownlp')}-stock"

    def score(self, requests: Sequence[ScoreRequest]) -> list[Scores]:
        """Return the probabilities of each text; there is no judgement by target in this engine."""
        return [Scores(text=_probabilities(request.text)) for request in requests]


def _probabilities(text: str) -> Probabilities:
    cut = text[:_LONGEST_TEXT]
    if not any(character.isalnum() for character in cut):
        return NOTHING_TO_SCORE
    positive = min(1.0, max(0.0, float(SnowNLP(cut).sentiments)))
    return Probabilities(negative=1.0 - positive, neutral=0.0, positive=positive)
