"""Sentiment of texts: our engine against stock SnowNLP, on the same texts in one run.

The texts are sentences of our own, put together to the length of posts. Each engine scores them in
batches as ingest does; stock SnowNLP gets a part of them, because it would take hours.
"""

import random
import time
from typing import Annotated, Final

import typer

from analysis.polarity.lessons import lessons
from analysis.polarity.scorer import KoubeiScorer
from analysis.sentiment import RetrainedSnowNlpScorer, StockSnowNlpScorer
from benchmarks.goals import at_least
from cli.terminal import pick, progress, show_table
from domain.ports import Scorer
from domain.sentiment import ScoreRequest

LEAST_RATIO: Final = 100.0
_LENGTH: Final = 70
_BATCH: Final = 500


def register(bench: typer.Typer) -> None:
    """Add `koubei bench text`."""

    @bench.command("text")
    def text(
        texts: Annotated[int, typer.Option(min=1000, help="条数。How many texts.")] = 20_000,
        stock: Annotated[
            int, typer.Option(min=20, help="SnowNLP 的条数。How many for SnowNLP.")
        ] = 300,
    ) -> None:
        """情感评分速度，对照原版 SnowNLP。Texts a second, against stock SnowNLP."""
        some = posts(texts)
        sides: list[tuple[Scorer, int]] = [
            (KoubeiScorer.shipped(), texts),
            (RetrainedSnowNlpScorer(), min(texts, 5_000)),
            (StockSnowNlpScorer(), min(texts, stock)),
        ]
        rates: list[float] = []
        with progress("测量", "measuring", len(sides)) as advance:
            for scorer, count in sides:
                rates.append(rate(scorer, some[:count]))
                advance()
        show_table(
            ["", pick("条/CPU秒", "texts/CPU-s"), pick("倍数", "ratio"), pick("目标", "goal"), ""],
            [
                _row(scorer.model_id, each, each / rates[-1], judged=place == 0)
                for place, ((scorer, _), each) in enumerate(zip(sides, rates, strict=True))
            ],
        )


def _row(name: str, each: float, ratio: float, *, judged: bool) -> list[str]:
    if not judged:
        return [name, f"{each:,.0f}", f"{ratio:.1f}×", "", ""]
    score = at_least(LEAST_RATIO, ratio)
    return [name, f"{each:,.0f}", score.ratio, score.goal, score.verdict or ""]


def posts(count: int) -> list[str]:
    """Return texts of about 70 characters, the same every time."""
    choose = random.Random(7)
    sentences = [sentence for sentence, _ in lessons(7)]
    made = []
    for _ in range(count):
        parts: list[str] = []
        while sum(map(len, parts)) < _LENGTH:
            parts.append(choose.choice(sentences))
        made.append("，".join(parts))
    return made


def rate(scorer: Scorer, texts: list[str]) -> float:
    """Return texts a CPU second; loading is not counted."""
    scorer.score([ScoreRequest("加载模型不计时")])
    begun = time.process_time()
    for first in range(0, len(texts), _BATCH):
        scorer.score([ScoreRequest(one, "weibo") for one in texts[first : first + _BATCH]])
    return len(texts) / (time.process_time() - begun)
