"""From a page's mentions to stored ones: our ingest against the stock path, in one run.

The stock path is what one writes first: jieba for keywords and SnowNLP for sentiment. The goals are
set for analysis and store alone: the same mentions through either engine into the same store, in
batches. Ingest does more, of which the stock path has no part: it matches watches, masks, tells
brands apart, folds copies, and notes all of it in the workflow database. It is measured as a
whole, in pages of ten to twenty as crawls bring them, the same pages once more, and in bulk as
`koubei import` does.

Page readers are measured by `koubei bench pages` and not here. Each side runs in a process of its
own, loads its models before the clock starts, and is judged by CPU time, which a busy machine
disturbs least. Where the time goes is told by clocks around each step. What the sides stored is
compared by SHA-256: batches must change nothing.
"""

import argparse
import csv
import gzip
import hashlib
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import wraps
from importlib import import_module
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer

from analysis.near_copies import fingerprints
from analysis.polarity.scorer import KoubeiScorer
from analysis.sentiment import StockSnowNlpScorer
from analysis.terms import keywords, names_of
from benchmarks import corpus
from benchmarks.goals import at_least
from cli.terminal import out, pick, progress, show_table
from domain.brand import Brand, Configuration, Watch, WatchRule
from domain.errors import DependencyMissing, Text
from domain.mention import Mention
from domain.page import FoundMention
from domain.ports import MentionStore
from domain.queries import MentionFilter
from domain.sentiment import ScoreRequest, Sentiment
from monitoring import ingest as ingesting
from monitoring.deriving import judgements
from monitoring.ingest import Ingest
from runtime.heap import settled_heap
from storage.identity import KeyedMasker
from storage.sql.database import begin_work, migrate, open_database
from storage.sqlite.mentions import SqliteMentionStore

LEAST_RATIO: Final = 40.0
GOAL_RATIO: Final = 120.0
_BATCH: Final = 500
_PAGE: Final = (10, 20)
_BRANDS: Final = 5
_MOST_WORDS: Final = 12
_SIDES: Final = ("stock", "analysis", "pages", "known", "bulk")
_EVERYTHING: Final = MentionFilter(public_voice_only=False)


@dataclass(frozen=True, slots=True)
class Measured:
    """One side: mentions it took, CPU seconds, peak memory in MB, the SHA-256 of what is stored
    (with and without clusters), and CPU seconds by step.
    """

    mentions: int
    cpu_seconds: float
    peak_mb: float
    digest: str = ""
    without_clusters: str = ""
    steps: dict[str, float] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Mentions a CPU second."""
        return self.mentions / self.cpu_seconds

    @property
    def micros(self) -> float:
        """Microseconds of CPU a mention."""
        return 1e6 / self.rate


def register(bench: typer.Typer) -> None:
    """Add `koubei bench ingest`."""

    @bench.command("ingest")
    def ingest(
        mentions: Annotated[int, typer.Option(min=100, help="条数。How many mentions.")] = 5_000,
        stock: Annotated[
            int, typer.Option(min=20, help="原版路径的条数。How many for the stock path.")
        ] = 300,
        folder: Annotated[
            Path | None,
            typer.Option(help="真实文本（*.csv.gz，列 text）。Real texts, not invented ones."),
        ] = None,
    ) -> None:
        """从找到到入库的速度与各步耗时，对照 jieba + SnowNLP。Found to stored, by step."""
        require_jieba()
        measured: dict[str, Measured] = {}
        with progress("测量", "measuring", len(_SIDES)) as advance:
            for side in _SIDES:
                measured[side] = measure(side, stock if side == "stock" else mentions, folder)
                advance()
        show(measured)
        if not same(measured):
            raise typer.Exit(1)


def require_jieba() -> None:
    """Return when jieba is here; DependencyMissing else."""
    if find_spec("jieba") is None:
        raise DependencyMissing(
            Text(
                "原版路径要用 jieba，本机未安装", "the stock path needs jieba, not installed here"
            ),
            mend=Text("pip install jieba", "pip install jieba"),
        )


def measure(side: str, mentions: int, folder: Path | None = None) -> Measured:
    """Run one side in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.ingest", side, str(mentions)]
    command += ["--folder", str(folder)] if folder else []
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def show(measured: dict[str, Measured]) -> None:
    """Print the comparison, then the steps of each of our sides."""
    stock = measured["stock"]
    parts = {"stock": "jieba + SnowNLP", "analysis": "koubei"}
    whole = {
        "pages": pick("新页面", "new pages"),
        "known": pick("已知页面", "known pages"),
        "bulk": pick("批量导入", "bulk"),
    }
    rate, ratio, goal = pick("条/CPU秒", "/CPU-s"), pick("倍数", "ratio"), pick("目标", "goal")
    show_table(
        [pick("分析与入库", "analysis and store"), rate, "µs", ratio, goal, "", "MB"],
        [
            _row(parts["stock"], stock, stock),
            _row(parts["analysis"], measured["analysis"], stock, LEAST_RATIO),
        ],
    )
    show_table(
        [pick("整个入库步骤", "the whole of ingest"), rate, "µs", ratio, "", "", "MB"],
        [_row(name, measured[side], stock) for side, name in whole.items()],
    )
    show_table(
        [pick("µs/条", "µs a mention"), *whole.values()],
        [
            [step, *(f"{_micros(measured[side], step):,.0f}" for side in whole)]
            for step in measured["bulk"].steps
        ],
    )
    out().print(
        pick("按页与批量的入库内容相同 ✓", "pages and bulk stored the same ✓")
        if same(measured)
        else pick("按页与批量的入库内容不同 ✗", "pages and bulk did not store the same ✗")
    )


def same(measured: dict[str, Measured]) -> bool:
    """Whether pages and bulk stored the same. Clusters are left out: among texts that share their
    phrases a copy may be found from one side only, and who is looked up first depends on the batch.
    """
    return measured["pages"].without_clusters == measured["bulk"].without_clusters


def _row(name: str, side: Measured, stock: Measured, least: float | None = None) -> list[str]:
    ratio = side.rate / stock.rate
    cells = [name, f"{side.rate:,.0f}", f"{side.micros:,.0f}"]
    if least is None:
        cells += [f"{ratio:.1f}×", "", ""]
    else:
        score = at_least(least, ratio)
        cells += [score.ratio, f"{score.goal} ({GOAL_RATIO:g}×)", score.verdict or ""]
    return [*cells, f"{side.peak_mb:.0f}"]


def _micros(side: Measured, step: str) -> float:
    return side.steps.get(step, 0.0) * 1e6 / side.mentions


def found_mentions(count: int, folder: Path | None = None, seed: int = 7) -> Iterator[FoundMention]:
    """Yield what pages would show of so many posts about five brands, oldest first; 12 % copy.

    Their sentences are ours, filled with words, so that they share more phrases than people's do;
    with a folder they are the texts that lie there (gzip CSV with a column `text`).
    """
    names = random.Random(seed)
    texts = iter(_texts(folder, count, names)) if folder else None
    wanted = set(corpus.BRANDS[:_BRANDS])
    about = (m for m in corpus.mentions(count * 3 + 100, seed) if m.brand_ids & wanted)
    for mention in islice(about, count):
        said = mention.text if texts is None else next(texts)
        yield FoundMention(
            id=mention.id,
            platform=mention.platform,
            kind=mention.kind,
            url=mention.url,
            text=f"{said}#{corpus.name(next(iter(mention.brand_ids)))}#",
            published_at=mention.published_at,
            author=f"用户{names.randrange(corpus.AUTHORS):06}",
            author_uid=mention.author_key,
            likes=mention.likes,
            comments=mention.comments,
            reposts=mention.reposts,
        )


def _texts(folder: Path, count: int, chance: random.Random) -> list[str]:
    found: set[str] = set()
    for path in sorted(folder.rglob("*.csv.gz")):
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            found.update(row["text"] for row in csv.DictReader(file) if row.get("text"))
    if len(found) < count:
        raise typer.BadParameter(f"{folder}: {len(found)} < {count}")
    return chance.sample(sorted(found), count)


def configuration() -> Configuration:
    """Return five brands, each with its watch."""
    brands = tuple(
        Brand(id=each, name=corpus.name(each), aliases=(f"{corpus.name(each)}官方",))
        for each in corpus.BRANDS[:_BRANDS]
    )
    watches = tuple(
        Watch(
            id=f"watch-{brand.id}",
            name=brand.name,
            brand_ids=(brand.id,),
            queries=(brand.name,),
            source_ids=(),
            rule=WatchRule(any_words=brand.words, none_words=(f"{brand.name}村",)),
        )
        for brand in brands
    )
    return Configuration(brands=brands, watches=watches)


def in_pages(found: Sequence[FoundMention], seed: int = 7) -> Iterator[Sequence[FoundMention]]:
    """Cut into pages of ten to twenty."""
    sizes = random.Random(seed)
    first = 0
    while first < len(found):
        size = sizes.randint(*_PAGE)
        yield found[first : first + size]
        first += size


def in_batches(found: Sequence[FoundMention]) -> Iterator[Sequence[FoundMention]]:
    """Cut into the batches of an import."""
    for first in range(0, len(found), _BATCH):
        yield found[first : first + _BATCH]


def stored_digest(store: MentionStore, *, clusters: bool = True) -> str:
    """Return the SHA-256 of all that is stored, in order of ids."""
    digest = hashlib.sha256()
    for mention in sorted(store.scan(_EVERYTHING), key=lambda each: each.id):
        said = mention if clusters else replace(mention, cluster_id=None)
        digest.update(orjson.dumps(asdict(said), default=sorted, option=orjson.OPT_SORT_KEYS))
    return digest.hexdigest()


class Clocks:
    """CPU seconds by step; what runs inside another step counts for itself alone."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._inner: list[float] = [0.0]

    def around(self, step: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return the call with a clock."""

        @wraps(call)
        def clocked(*args: Any, **kwargs: Any) -> Any:
            self._inner.append(0.0)
            begun = time.process_time()
            try:
                return call(*args, **kwargs)
            finally:
                took = time.process_time() - begun
                self.seconds[step] += took - self._inner.pop()
                self._inner[-1] += took

        return clocked

    def on(self, owner: object, **steps: str) -> None:
        """Put clocks on attributes of a module, class or object."""
        for name, step in steps.items():
            setattr(owner, name, self.around(step, getattr(owner, name)))


def _stock(found: Sequence[FoundMention], home: Path) -> Measured:
    """Keywords by jieba, sentiment by SnowNLP, into our store."""
    scorer = StockSnowNlpScorer()
    cut = import_module("jieba").lcut

    def analysed(lot: Sequence[FoundMention]) -> Iterator[Mention]:
        scores = scorer.score([ScoreRequest(item.text) for item in lot])
        for item, score in zip(lot, scores, strict=True):
            words = Counter(word for word in cut(item.text) if len(word) > 1)
            terms = tuple(word for word, _ in words.most_common(_MOST_WORDS))
            yield _mention(item, terms, None, judgements(score, "snownlp", 1))

    return _stored_by(analysed, found, home)


def _analysis(found: Sequence[FoundMention], home: Path) -> Measured:
    """Keywords, fingerprints and sentiment by ours, into our store."""
    scorer, names = KoubeiScorer.shipped(), names_of(configuration())

    def analysed(lot: Sequence[FoundMention]) -> Iterator[Mention]:
        texts = [f"{item.title}\n{item.text}" for item in lot]
        scores = scorer.score([ScoreRequest(item.text, item.platform.value) for item in lot])
        prints = fingerprints(texts)
        for item, text, score, print_ in zip(lot, texts, scores, prints, strict=True):
            yield _mention(item, keywords(text, names), print_, judgements(score, "koubei", 1))

    return _stored_by(analysed, found, home)


def _stored_by(
    analysed: Callable[[Sequence[FoundMention]], Iterable[Mention]],
    found: Sequence[FoundMention],
    home: Path,
) -> Measured:
    list(analysed([replace(found[0], text="加载模型与词典不计时")]))
    store = SqliteMentionStore(home / "mentions.sqlite")

    def run() -> None:
        for lot in in_batches(found):
            store.add(analysed(lot))

    return _timed(run, len(found))


def _mention(
    item: FoundMention,
    terms: tuple[str, ...],
    fingerprint: int | None,
    sentiment: Mapping[str, Sentiment],
) -> Mention:
    return Mention(
        id=item.id,
        platform=item.platform,
        kind=item.kind,
        url=item.url,
        text=item.text,
        published_at=item.published_at or corpus.START,
        published_precision=item.published_precision,
        collected_at=corpus.END,
        first_seen_at=corpus.END,
        source="bench",
        author=item.author,
        brand_ids=frozenset(corpus.BRANDS[:1]),
        terms=terms,
        fingerprint=fingerprint,
        sentiment=sentiment,
    )


def opened(home: Path) -> tuple[Ingest, SqliteMentionStore]:
    """Return an ingest into new stores in a folder, which watches the five brands."""
    engine = open_database(f"sqlite:///{home}/workflow.sqlite")
    migrate(engine)
    begin = begin_work(engine)
    with begin() as work:
        work.configuration.save(
            configuration(), expected_version=0, actor="bench", at=corpus.START, origin="bench"
        )
        work.commit()
    store = SqliteMentionStore(home / "mentions.sqlite")
    masker = KeyedMasker(b"a" * 32, b"s" * 32)
    return Ingest(store, begin, KoubeiScorer.shipped(), masker), store


def take(ingest: Ingest, lots: Iterable[Sequence[FoundMention]]) -> None:
    """Put lots through ingest, all looked at in the same moment."""
    for lot in lots:
        ingest.take(lot, watch=None, run_id="bench", collected_at=corpus.END)


def _ours(found: Sequence[FoundMention], home: Path, side: str) -> Measured:
    ingest, store = opened(home)
    _warm(ingest)
    lots = list(in_batches(found) if side == "bulk" else in_pages(found))
    if side == "known":
        take(ingest, lots)
    clocks = _clocks(store)
    measured = _timed(lambda: take(ingest, lots), len(found), clocks)
    return replace(
        measured,
        digest=stored_digest(store),
        without_clusters=stored_digest(store, clusters=False),
    )


def _warm(ingest: Ingest) -> None:
    """Load models and dictionaries, which is not what is measured."""
    _ = ingest.scorer.model_id
    ingest.scorer.score([ScoreRequest("加载模型不计时", "weibo", {"b": ("模型",)})])
    keywords("加载词典不计时", names_of(configuration()))


def _clocks(store: SqliteMentionStore) -> Clocks:
    clocks = Clocks()
    clocks.on(ingesting, sift="match", keywords="keywords", fingerprints="fingerprint")
    clocks.on(ingesting, advert_kind="adverts", fold_near_copies="copies")
    clocks.on(KoubeiScorer, score="score")
    clocks.on(store, near="copies", get="read", add="write", amend_many="copies")
    clocks.on(Ingest, sort="settings", note="workflow", put="others")
    return clocks


def _timed(run: Callable[[], None], mentions: int, clocks: Clocks | None = None) -> Measured:
    with settled_heap():  # as in a crawl and an import
        begun = time.process_time()
        run()
        took = time.process_time() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak_mb = peak / (1024 if sys.platform != "darwin" else 1024 * 1024)
    steps = dict(clocks.seconds) if clocks else {}
    if clocks:
        steps["others"] = steps.get("others", 0.0) + took - sum(steps.values())
    return Measured(mentions, took, peak_mb, steps=steps)


def main() -> None:
    """Run one side and print its figures as JSON."""
    parser = argparse.ArgumentParser(prog="benchmarks.ingest")
    parser.add_argument("side", choices=_SIDES)
    parser.add_argument("mentions", type=int)
    parser.add_argument("--folder", type=Path)
    wanted = parser.parse_args()
    found = list(found_mentions(wanted.mentions, wanted.folder))
    alone = {"stock": _stock, "analysis": _analysis}
    with tempfile.TemporaryDirectory() as home:
        if wanted.side in alone:
            measured = alone[wanted.side](found, Path(home))
        else:
            measured = _ours(found, Path(home), wanted.side)
    sys.stdout.write(json.dumps(asdict(measured)))


if __name__ == "__main__":
    main()
