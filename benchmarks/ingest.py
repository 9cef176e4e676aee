"""From page to stored mention: our ingest against a plain loop, on the same pages in one run.

The plain loop is what one writes first: read the page, SnowNLP on each text, one INSERT and one
commit a row, nothing matched, masked, folded or counted. Both read pages with the same reader; the
plain loop scores with stock SnowNLP, ours with the engine that is shipped. Known pages are the same
pages once more, which is what a crawl mostly sees; the last row leaves sentiment out on both sides
and so shows what the rest of each costs.

Each side runs in a process of its own; memory is its peak (ru_maxrss).
"""

import argparse
import json
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import quote

import typer

from analysis.polarity.scorer import KoubeiScorer
from analysis.sentiment import StockSnowNlpScorer
from analysis.terms import keywords
from cli.terminal import out, pick, progress, show_table
from crawlers.pages import weibo_search
from demo.configuration import demo_configuration
from demo.phrases import BRAND
from domain.page import FoundMention
from domain.ports import Scorer
from domain.sentiment import Probabilities, ScoreRequest, Scores
from monitoring.ingest import Ingest
from storage.identity import KeyedMasker
from storage.sql.database import begin_work, migrate, open_database
from storage.sqlite.mentions import SqliteMentionStore

_NOW: Final = datetime(2026, 11, 20, 4, tzinfo=UTC)
_NOBODY = "http://127.0.0.1:1"


class _NoScorer:
    """Says neutral at once: takes sentiment out of a comparison."""

    model_id = "none"

    def score(self, requests: Sequence[ScoreRequest]) -> list[Scores]:
        return [Scores(Probabilities(0.0, 1.0, 0.0)) for _ in requests]


@dataclass(frozen=True, slots=True)
class Measured:
    """One side: mentions it stored, wall and CPU seconds, peak memory in MB."""

    mentions: int
    seconds: float
    cpu_seconds: float
    peak_mb: float

    @property
    def rate(self) -> float:
        """Mentions a CPU second, the figure that a busy machine disturbs least."""
        return self.mentions / self.cpu_seconds


def register(bench: typer.Typer) -> None:
    """Add `koubei bench ingest`."""

    @bench.command("ingest")
    def ingest(
        mentions: Annotated[int, typer.Option(help="条数。How many mentions.")] = 2000,
    ) -> None:
        """从页面到入库的速度与内存，对照逐行写入。Page to stored, against a plain loop."""
        with tempfile.TemporaryDirectory() as folder:
            save_pages(Path(folder), mentions)
            sides = ("plain", "ours", "ours-known", "plain-unscored", "ours-unscored")
            measured: dict[str, Measured] = {}
            with progress("测量", "measuring", len(sides)) as advance:
                for side in sides:
                    measured[side] = measure(side, Path(folder))
                    advance()
        show(measured)


def save_pages(folder: Path, mentions: int) -> None:
    """Save every search page of a demo world with that many posts."""
    command = [sys.executable, "-m", "demo", "--now", _NOW.isoformat(), "--frozen"]
    with subprocess.Popen(  # noqa: S603  # our own module
        [*command, "--mentions", str(mentions)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as demo:
        assert demo.stdout  # noqa: S101  # a pipe was asked for
        base = json.loads(demo.stdout.readline())["weibo"]
        number = 1
        while True:
            url = f"{base}/realtime?q={quote(BRAND)}&page={number}"
            with urllib.request.urlopen(url) as answer:  # noqa: S310  # the demo's own address
                body = answer.read()
            (folder / f"{number:05}.html").write_bytes(body)
            page = weibo_search.parse(body, url=url, status=200, fetched_at=_NOW)
            if page.next is None:
                break
            number += 1
        demo.terminate()


def measure(side: str, folder: Path) -> Measured:
    """Run one side in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.ingest", side, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def show(measured: dict[str, Measured]) -> None:
    """Print the comparison, ratios last."""
    pairs = (
        (pick("新页面", "new pages"), "ours", "plain"),
        (pick("已知页面", "known pages"), "ours-known", "plain"),
        (pick("新页面，不评情感", "new pages, no sentiment"), "ours-unscored", "plain-unscored"),
    )
    show_table(
        [
            "",
            pick("口碑 条/CPU秒", "Koubei /CPU-s"),
            pick("逐行 条/CPU秒", "plain /CPU-s"),
            pick("倍数", "ratio"),
            pick("口碑 MB", "Koubei MB"),
            pick("逐行 MB", "plain MB"),
        ],
        [
            [
                name,
                f"{measured[ours].rate:,.0f}",
                f"{measured[plain].rate:,.0f}",
                f"{measured[ours].rate / measured[plain].rate:.2f}",
                f"{measured[ours].peak_mb:.0f}",
                f"{measured[plain].peak_mb:.0f}",
            ]
            for name, ours, plain in pairs
        ],
    )
    stored = measured["ours"].mentions, measured["plain"].mentions
    out().print(pick(f"入库条数 {stored[0]} / {stored[1]}", f"stored {stored[0]} / {stored[1]}"))


def _pages(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(folder.glob("*.html"))]


def _read(body: bytes) -> tuple[FoundMention, ...]:
    return weibo_search.parse(body, url=_NOBODY, status=200, fetched_at=_NOW).mentions


def _plain(folder: Path, home: Path, scorer: Scorer) -> tuple[int, float, float]:
    db = sqlite3.connect(home / "plain.sqlite")
    db.execute(
        "CREATE TABLE mention (id TEXT PRIMARY KEY, text TEXT, author TEXT, at TEXT, s REAL)"
    )
    pages = _pages(folder)
    scorer.score([ScoreRequest("加载模型不计时")])

    def run() -> int:
        for body in pages:
            for found in _read(body):
                score = scorer.score([ScoreRequest(found.text)])[0].text.score
                row = (found.id, found.text, found.author, str(found.published_at), score)
                db.execute("INSERT OR REPLACE INTO mention VALUES (?,?,?,?,?)", row)
                db.commit()
        return int(db.execute("SELECT count(*) FROM mention").fetchone()[0])

    return _timed(run)


def _ours(folder: Path, home: Path, scorer: Scorer, *, known: bool) -> tuple[int, float, float]:
    engine = open_database(f"sqlite:///{home}/workflow.sqlite")
    migrate(engine)
    begin = begin_work(engine)
    configuration = demo_configuration(_NOBODY, _NOBODY, _NOBODY, _NOBODY, _NOBODY)
    with begin() as work:
        work.configuration.save(
            configuration, expected_version=0, actor="bench", at=_NOW, origin="bench"
        )
        work.commit()
    store = SqliteMentionStore(home / "mentions.sqlite")
    ingest = Ingest(store, begin, scorer, KeyedMasker(b"a" * 32, b"s" * 32))
    pages = _pages(folder)
    scorer.score([ScoreRequest("加载模型不计时")])
    keywords("加载词典不计时")

    def run(minutes: int = 0) -> int:
        at = _NOW + timedelta(minutes=minutes)
        watch = configuration.watches[0]
        for body in pages:
            ingest.take(_read(body), watch=watch, run_id=f"run-{minutes}", collected_at=at)
        return store.status().mentions

    if known:
        run()
        return _timed(lambda: run(15))
    return _timed(run)


def _timed(run: Callable[[], int]) -> tuple[int, float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    mentions = run()
    return mentions, time.perf_counter() - wall, time.process_time() - cpu


def _scorer(side: str) -> Scorer:
    if side.endswith("unscored"):
        return _NoScorer()
    return StockSnowNlpScorer() if side.startswith("plain") else KoubeiScorer.shipped()


def main() -> None:
    """Run one side and print its figures as JSON."""
    parser = argparse.ArgumentParser(prog="benchmarks.ingest")
    parser.add_argument("side")
    parser.add_argument("folder", type=Path)
    wanted = parser.parse_args()
    scorer = _scorer(wanted.side)
    with tempfile.TemporaryDirectory() as home:
        if wanted.side.startswith("plain"):
            mentions, seconds, cpu = _plain(wanted.folder, Path(home), scorer)
        else:
            known = wanted.side.endswith("known")
            mentions, seconds, cpu = _ours(wanted.folder, Path(home), scorer, known=known)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak_mb = peak / (1024 if sys.platform != "darwin" else 1024 * 1024)
    figures = (mentions, seconds, cpu, peak_mb)
    sys.stdout.write(json.dumps(dict(zip(Measured.__slots__, figures, strict=True))))


if __name__ == "__main__":
    main()
