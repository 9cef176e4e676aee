"""`koubei evaluate`: how good an engine is on labelled texts, beside stock SnowNLP."""

import csv
import gzip
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import typer

from analysis.polarity.measures import Measured, measure
from analysis.polarity.probes import probe
from analysis.polarity.scorer import LABELS
from analysis.sentiment import StockSnowNlpScorer
from cli.score import EngineOption
from cli.terminal import out, pick, progress, say, show_table
from domain.errors import ImportRefused, Text
from domain.ports import Scorer
from domain.sentiment import ScoreRequest
from runtime.scorers import open_scorer
from runtime.settings import load_settings

_NAMES: Final = {label.value: number for number, label in enumerate(LABELS)}
_AT_ONCE: Final = 2_000
_LONGEST_FIELD: Final = 1 << 24
_EACH: Final = 300
_SEED: Final = 7

Texts = tuple[list[str], list[int]]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("evaluate", help="情感引擎的准确度，与原版 SnowNLP 对照。How good an engine is.")(
        evaluate
    )


def evaluate(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE…", help="CSV 或 CSV.GZ，列 text,label。Labelled CSV files."),
    ] = None,
    engine: EngineOption = None,
    platform: Annotated[
        str, typer.Option("--platform", help="文本来自哪类平台。What platform they are of.")
    ] = "",
    limit: Annotated[
        int,
        typer.Option(
            "--limit",
            min=0,
            help="每个文件最多多少条（固定抽样），0 为全部。At most so many of a file; 0: all.",
        ),
    ] = _EACH,
    probes: Annotated[
        bool, typer.Option("--probes", help="改用自带探针句。Use the shipped probes instead.")
    ] = False,
    stock: Annotated[
        bool,
        typer.Option(
            "--stock/--no-stock", help="是否同时测原版 SnowNLP。Whether to run stock SnowNLP too."
        ),
    ] = True,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="输出 Markdown 表。Print a Markdown table.")
    ] = False,
) -> None:
    """Score labelled texts with an engine and with stock SnowNLP in the same run.

    A row a file: accuracy, macro-F1 over the file's classes, precision and recall of negatives, AUC
    of negatives, and the accuracy of the score's sign where gold is not neutral.
    """
    engines: dict[str, Scorer] = {}
    ours = open_scorer(load_settings(), engine)
    engines[ours.model_id] = ours
    if stock:
        rival = StockSnowNlpScorer()
        engines.setdefault(rival.model_id, rival)
    if probes or not files:
        _show_probes(engines)
        return
    sets = {_name(path): _sample(read_texts(path), limit) for path in files}
    tables: dict[str, dict[str, Measured]] = {}
    speeds: dict[str, float] = {}
    total = len(engines) * sum(len(texts) for texts, _ in sets.values())
    with progress("评分", "scoring", total) as advance:
        for name, scorer in engines.items():
            begun = time.perf_counter()
            tables[name] = {
                key: _measure(scorer, texts, platform, advance) for key, texts in sets.items()
            }
            speeds[name] = total / len(engines) / (time.perf_counter() - begun)
    for name, rows in tables.items():
        say(f"■ {name}：{speeds[name]:,.0f} 条/秒", f"■ {name}: {speeds[name]:,.0f} texts/s")
        _show(rows, markdown=markdown)


def read_texts(path: Path) -> Texts:
    """Return texts and labels of a CSV (gzipped or not) with columns text and label."""
    csv.field_size_limit(_LONGEST_FIELD)
    texts: list[str] = []
    labels: list[int] = []
    try:
        with (
            gzip.open(path, "rt", encoding="utf-8", newline="")
            if path.suffix == ".gz"
            else path.open(encoding="utf-8-sig", newline="")
        ) as file:
            for row in csv.DictReader(file):
                texts.append(row["text"])
                labels.append(_NAMES[row["label"]])
    except (KeyError, UnicodeDecodeError, csv.Error, EOFError, gzip.BadGzipFile) as error:
        raise ImportRefused(
            Text(
                "不是列为 text、label（negative、neutral、positive）的 CSV",
                "is no CSV with text and label (negative, neutral, positive)",
            ),
            place=str(path),
        ) from error
    if not texts:
        raise ImportRefused(Text("没有数据行", "no rows"), place=str(path))
    return texts, labels


def _name(path: Path) -> str:
    return path.name.removesuffix(".gz").removesuffix(".csv")


def _sample(texts: Texts, limit: int) -> Texts:
    if not limit or len(texts[0]) <= limit:
        return texts
    chosen = np.random.default_rng(_SEED).choice(len(texts[0]), limit, replace=False)
    return [texts[0][n] for n in chosen], [texts[1][n] for n in chosen]


def _measure(
    scorer: Scorer, texts: Texts, platform: str, advance: Callable[[int], None]
) -> Measured:
    labels: list[int] = []
    scores: list[float] = []
    for first in range(0, len(texts[0]), _AT_ONCE):
        asked = [ScoreRequest(text, platform) for text in texts[0][first : first + _AT_ONCE]]
        for answer in scorer.score(asked):
            labels.append(LABELS.index(answer.text.label))
            scores.append(answer.text.score)
        advance(len(asked))
    gold = np.array(texts[1], dtype=np.int64)
    return measure(gold, np.array(labels, dtype=np.int64), np.array(scores))


_COLUMNS: Final = (
    "accuracy", "macro_f1", "negative_precision", "negative_recall", "auc", "polar_accuracy",
)  # fmt: skip


def _show(rows: Mapping[str, Measured], *, markdown: bool) -> None:
    heads = [
        pick("来源", "source"), pick("条数", "texts"), pick("准确率", "accuracy"),
        pick("宏平均 F1", "macro-F1"), pick("负面精确率", "neg. precision"),
        pick("负面召回率", "neg. recall"), "AUC", pick("正负准确率", "pos./neg. accuracy"),
    ]  # fmt: skip
    lines = [
        [name, str(row.count), *(_figure(getattr(row, column)) for column in _COLUMNS)]
        for name, row in rows.items()
    ]
    means = [_mean([getattr(row, column) for row in rows.values()]) for column in _COLUMNS]
    lines.append([pick("平均", "mean"), str(len(rows)), *map(_figure, means)])
    if not markdown:
        show_table(heads, lines)
        return
    for line in (heads, ["---"] * len(heads), *lines):
        out().print("| " + " | ".join(line) + " |")


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _show_probes(engines: Mapping[str, Scorer]) -> None:
    found = {name: probe(scorer) for name, scorer in engines.items()}
    kinds = [one.kind for one in next(iter(found.values()))]
    rows = [
        [kind, *(f"{figures[n].right}/{figures[n].count}" for figures in found.values())]
        for n, kind in enumerate(kinds)
    ]
    totals = [
        f"{sum(k.right for k in figures)}/{sum(k.count for k in figures)}"
        for figures in found.values()
    ]
    rows.append([pick("合计", "total"), *totals])
    show_table([pick("探针", "probes"), *found], rows)
