"""`koubei bench store`: the embedded mention store against what people use instead.

Ratios of processor time, unless a line says wall: the machine may be busy with other things.
"""

import importlib
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from itertools import cycle, islice
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Annotated, cast

import typer

from benchmarks import corpus
from benchmarks.corpus import BRANDS, END, START
from benchmarks.goals import (
    Finding,
    Score,
    Timing,
    Verdict,
    at_least,
    memory_held,
    met_if,
    milliseconds,
    show,
    timed,
)
from benchmarks.store_peers import PlainTable, upsert_one_by_one
from cli.terminal import EXIT_PARTIAL, progress, say
from domain.errors import StoreError, Text
from domain.mention import Mention, Platform
from domain.queries import Bucket, MentionFilter, TimelinePoint
from domain.sentiment import Label
from runtime.heap import settled_heap
from storage.sqlite.mentions import BATCH, SqliteMentionStore

FULL_ROWS = 1_000_000
QUICK_ROWS = 30_000
PEER_ROWS = 20_000
"""Rows of the row-at-a-time peer, which would take an hour for a million."""

_SMALL_ROWS = 100_000
_TOP, _MIDDLE, _LAST = BRANDS[0], BRANDS[9], BRANDS[-1]
_ROTATION = (_TOP, _MIDDLE, _LAST)
_REPEATS = 15


@dataclass(frozen=True, slots=True)
class _Scale:
    rows: int
    peer_rows: int
    words: int
    seconds: float

    @property
    def is_full(self) -> bool:
        """Whether the goals, which are set for a million rows, can be judged."""
        return self.rows >= FULL_ROWS


def register(bench: typer.Typer) -> None:
    """Add `koubei bench store`."""
    bench.command("store")(store)


def store(
    rows: Annotated[int, typer.Option(min=2_000, help="提及条数。How many mentions.")] = FULL_ROWS,
    quick: Annotated[
        bool, typer.Option("--quick", help="小规模快跑，约一分钟。A small run, about a minute.")
    ] = False,
    elasticsearch: Annotated[
        str,
        typer.Option(
            envvar="KOUBEI_TEST_ES_URL",
            help="集群网址：改为两种提及库对比。A cluster's address: both stores in one run.",
        ),
    ] = "",
) -> None:
    """提及库：写入、重采、检索、统计、并发，与同类做法对比。The mention store against its peers."""
    scale = (
        _Scale(min(rows, QUICK_ROWS), PEER_ROWS // 10, 30, 3.0)
        if quick
        else _Scale(rows, PEER_ROWS, 90, 12.0)
    )
    with tempfile.TemporaryDirectory(prefix="koubei-bench-") as folder:
        findings = list(_findings(Path(folder), scale, elasticsearch))
    show(findings)
    clock = ("墙钟", "wall") if elasticsearch else ("CPU ", "CPU")
    say(
        f"{scale.rows} 条合成提及；比值按{clock[0]}时间，另注「墙钟」的除外；"
        "– 表示规模不足，不作判断",
        f"{scale.rows} synthetic mentions; ratios of {clock[1]} time unless marked wall; "
        "– too few rows",
    )
    if any(finding.score.verdict is Verdict.MISSED for finding in findings):
        raise typer.Exit(EXIT_PARTIAL)


def _findings(folder: Path, scale: _Scale, elasticsearch: str) -> Iterator[Finding]:
    if not elasticsearch:
        return _measure(folder, scale)
    # the client is an extra, which a host without a cluster need not have
    both = importlib.import_module("benchmarks.store_both")
    return cast("Iterator[Finding]", both.measure(elasticsearch, folder, scale.rows))


def _measure(folder: Path, scale: _Scale) -> Iterator[Finding]:
    yield _one_by_one(folder, scale.peer_rows)
    own, plain = SqliteMentionStore(folder / "own.db"), PlainTable(folder / "plain.db")
    fed = _feed(own, plain, scale)
    yield _ingest(own, scale, fed)
    with settled_heap():
        yield from _again(own, fed)
    fed.tail.clear()
    yield from _words(own, plain, scale)
    yield from _counts(own, plain, scale)
    if scale.rows > _SMALL_ROWS:
        yield from _growth(own, folder)
    own.close()
    plain.close()
    yield from _beside_a_writer(folder / "own.db", scale)


# --- row 1: writing


def _one_by_one(folder: Path, rows: int) -> Finding:
    mentions = list(corpus.mentions(rows))
    with progress("逐条写入的对照", "the row-at-a-time peer", None):
        _, peer = _once(lambda: upsert_one_by_one(folder / "peer.db", mentions))
    store = SqliteMentionStore(folder / "first.db")
    _, own = _once(lambda: store.add(mentions))
    store.close()
    return Finding(
        what=Text("写入（墙钟）", "ingest (wall)"),
        measured=f"{rows / own:,.0f}/s",
        peer=Text(
            f"ORM 逐条 select/insert/commit：{rows / peer:,.0f}/s",
            f"ORM select/insert/commit per item: {rows / peer:,.0f}/s",
        ),
        score=at_least(20, peer / own),
    )


@dataclass(slots=True)
class _Fed:
    """What writing everything took, a batch each, and the newest mentions, to be seen again."""

    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    tail: list[Mention] = field(default_factory=list)
    memory: int = 0

    @property
    def cpu_of_tail_row(self) -> float:
        """Processor time that each of the newest mentions took when it was new."""
        batches = -(-len(self.tail) // BATCH)
        return sum(self.cpu[-batches:]) / len(self.tail)


def _feed(own: SqliteMentionStore, plain: PlainTable, scale: _Scale) -> _Fed:
    fed, rows = _Fed(), 0
    tail_from = scale.rows - max(BATCH, min(scale.rows // 10, PEER_ROWS))
    with progress("写入", "ingest", scale.rows) as advance:
        for chunk in _chunks(corpus.mentions(scale.rows)):
            cpu, wall = _once(partial(own.add, chunk))
            fed.cpu.append(cpu)
            fed.wall.append(wall)
            plain.insert(chunk)
            if rows >= tail_from:
                fed.tail += chunk
            rows += len(chunk)
            advance(len(chunk))
    fed.memory = memory_held()
    return fed


def _ingest(store: SqliteMentionStore, scale: _Scale, fed: _Fed) -> Finding:
    cpu, wall = sum(fed.cpu), sum(fed.wall)
    size = store.status().bytes_on_disk or 0
    return Finding(
        what=Text("写入全部（每批 500）", "ingest of all, batches of 500"),
        measured=(
            f"{scale.rows / wall:,.0f}/s wall, {scale.rows / cpu:,.0f}/s CPU; a batch p50 "
            f"{milliseconds(statistics.median(fed.wall))}, max {milliseconds(max(fed.wall))}; "
            f"{size / 1e6:,.0f} MB; memory {fed.memory / 1e6:,.0f} MB"
        ),
    )


# --- row 3: seeing it again


def _again(store: SqliteMentionStore, fed: _Fed) -> Iterator[Finding]:
    """Look twice at the newest mentions, a batch at a time as a crawl does."""
    new = fed.cpu_of_tail_row
    for what, every, goal in (
        (Text("重采已知，内容未变", "known again, nothing new"), 0, 4),
        (Text("重采已知，一成有新计数", "known again, 10 % with new counts"), 10, None),
    ):
        cpu, changed = 0.0, 0
        for chunk in _chunks(iter(fed.tail)):
            looks = [
                _look_again(mention, new_count=bool(every) and number % every == 0)
                for number, mention in enumerate(chunk)
            ]
            begin = time.process_time()
            result = store.add(looks)
            cpu += time.process_time() - begin
            changed += len(result.changed)
            assert not result.new  # noqa: S101  # else the figure would be another one
        ratio = new * len(fed.tail) / cpu
        yield Finding(
            what=what,
            measured=f"{len(fed.tail) / cpu:,.0f}/s CPU ({changed:,} changed)",
            peer=Text(
                f"同库写入新提及：{1 / new:,.0f}/s", f"new rows, same store: {1 / new:,.0f}/s"
            ),
            score=at_least(goal, ratio) if goal else Score(f"{ratio:.1f}×"),
        )


def _look_again(mention: Mention, *, new_count: bool) -> Mention:
    at = mention.collected_at + timedelta(hours=2 if new_count else 1)
    likes = (mention.likes or 0) + new_count
    return replace(mention, collected_at=at, first_seen_at=at, source="run-again", likes=likes)


# --- row 4: words


def _words(own: SqliteMentionStore, plain: PlainTable, scale: _Scale) -> Iterator[Finding]:
    asked = [(word, _ROTATION[number % 3]) for number, word in enumerate(corpus.words(scale.words))]

    def search(word: str, brand: str) -> list[str]:
        wanted = MentionFilter(brand_id=brand, words=(word,))
        return [mention.id for mention in own.search(wanted).mentions]

    # compared first, so that both sides are timed with their pages in memory
    missing = sum(
        search(word, brand) != plain.newest_with(word, brand, like=False) for word, brand in asked
    )
    mine = timed(_calls(search, asked))
    for name, like in (("instr", False), ("LIKE '%…%'", True)):
        peer = timed(_calls(partial(plain.newest_with, like=like), asked))
        ratio = peer.cpu_mean / mine.cpu_mean
        yield Finding(
            what=Text("检索词＋品牌，最新 50 条", "word + brand, newest 50"),
            measured=(
                f"mean {milliseconds(mine.cpu_mean)}, p50 {milliseconds(mine.cpu_median)}; "
                f"{missing} of {len(asked)} differ"
            ),
            peer=Text(
                f"{name} 扫描：{milliseconds(peer.cpu_mean)}",
                f"{name} scan: {milliseconds(peer.cpu_mean)}",
            ),
            score=at_least(40, 0.0 if missing else ratio, judged=scale.is_full),
        )
    absent = [(corpus.signature(0), _LAST)] * _REPEATS
    search(*absent[0])
    worst = timed(_calls(search, absent))
    peer = timed(_calls(partial(plain.newest_with, like=False), absent))
    yield Finding(
        what=Text("常见词，品牌内无此词", "frequent word, brand without it"),
        measured=f"p95 {milliseconds(worst.cpu_p95)}",
        peer=Text(
            f"instr 扫描：{milliseconds(peer.cpu_mean)}",
            f"instr scan: {milliseconds(peer.cpu_mean)}",
        ),
        score=met_if(
            worst.cpu_p95 <= 0.005,
            peer.cpu_mean / worst.cpu_mean,
            "p95 ≤ 5 ms",
            judged=scale.is_full,
        ),
    )


# --- row 6: counts


_COUNTS = {
    "timeline": Text("时间线：90 天×小时，最大品牌", "timeline: 90 days by hour, top brand"),
    "matrix": Text("平台×情感：90 天，全部", "platform × label: 90 days, all"),
}


def _matrix(store: SqliteMentionStore) -> dict[tuple[Platform, Label], int]:
    """Count every pair of platform and label over all days."""
    return {
        (platform, label): store.count(
            MentionFilter(
                platforms=frozenset({platform}), labels=frozenset({label}), start=START, end=END
            )
        )
        for platform in Platform
        for label in Label
    }


def _counting(store: SqliteMentionStore) -> dict[str, Timing]:
    with settled_heap():
        return {
            "timeline": timed([partial(_hours, store)] * _REPEATS),
            "matrix": timed([partial(_matrix, store)] * _REPEATS),
        }


def _hours(store: SqliteMentionStore) -> list[TimelinePoint]:
    """Count the top brand by hour, platform and label over all days."""
    top = MentionFilter(brand_id=_TOP, start=START, end=END)
    return store.timeline(top, Bucket.HOUR)


def _counts(own: SqliteMentionStore, plain: PlainTable, scale: _Scale) -> Iterator[Finding]:
    mine = _counting(own)
    peers = {
        "timeline": timed([partial(plain.timeline, _TOP, START, END)] * 5),
        "matrix": timed([partial(plain.matrix, START, END)] * 5),
    }
    assert _matrix(own) == plain.matrix(START, END)  # noqa: S101  # else nothing is compared
    for name, goal in (("timeline", 10), ("matrix", 100)):
        took, peer = mine[name].cpu_median, peers[name].cpu_median
        yield Finding(
            what=_COUNTS[name],
            measured=f"p50 {milliseconds(took)}",
            peer=Text(
                f"逐行 GROUP BY：{milliseconds(peer)}", f"GROUP BY on rows: {milliseconds(peer)}"
            ),
            score=at_least(goal, peer / took, judged=scale.is_full),
        )


def _growth(own: SqliteMentionStore, folder: Path) -> Iterator[Finding]:
    """Compare with a store of the same 90 days and fewer mentions."""
    small = SqliteMentionStore(folder / "small.db")
    with progress("小库", "small store", _SMALL_ROWS) as advance:
        for chunk in _chunks(corpus.mentions(_SMALL_ROWS)):
            small.add(chunk)
            advance(len(chunk))
    before, after = _counting(small), _counting(own)
    # a fuller store has fewer empty hours, so its timeline has more points to return
    sizes = {"timeline": len(_hours(own)) / len(_hours(small)), "matrix": 1.0}
    small.close()
    for name, what in _COUNTS.items():
        took, then = after[name].cpu_median, before[name].cpu_median
        growth = took / then / sizes[name]
        yield Finding(
            what=what,
            measured=f"p50 {milliseconds(took)}, {sizes[name]:.2g}× points",
            peer=Text(
                f"{_SMALL_ROWS:,} 条时：{milliseconds(then)}",
                f"with {_SMALL_ROWS:,} rows: {milliseconds(then)}",
            ),
            score=met_if(growth <= 1.5, growth, "≤ 1.5× / 点 point"),
        )


# --- row 8: reading beside a writer


def _beside_a_writer(path: Path, scale: _Scale) -> Iterator[Finding]:
    alone = _read_for(path, scale.seconds / 2)
    context = multiprocessing.get_context("spawn")
    begun, stop = context.Event(), context.Event()
    writer = context.Process(target=_write_until, args=(path, begun, stop), daemon=True)
    writer.start()
    try:
        begun.wait(timeout=60)
        beside = _read_for(path, scale.seconds)
    finally:
        stop.set()
        writer.join(timeout=60)
    for name, timing in alone.timings.items():
        busy = beside.timings[name]
        ratio = busy.wall_median / timing.wall_median
        slowest = max(busy.wall)
        met = not beside.errors and ratio <= 4 and slowest <= 0.1
        yield Finding(
            what=Text(f"写入时读：{name}（墙钟）", f"read beside a writer: {name} (wall)"),
            measured=(
                f"{beside.errors} lock errors; p50 {milliseconds(busy.wall_median)}, "
                f"max {milliseconds(slowest)}; {len(busy.wall)} reads"
            ),
            peer=Text(
                f"无写入时：{milliseconds(timing.wall_median)}",
                f"reader alone: {milliseconds(timing.wall_median)}",
            ),
            score=met_if(met, ratio, "0; ≤ 4×; ≤ 100 ms"),
        )


@dataclass(frozen=True, slots=True)
class _Reading:
    timings: dict[str, Timing]
    errors: int


def _read_for(path: Path, seconds: float) -> _Reading:
    store = SqliteMentionStore(path)
    week = MentionFilter(brand_id=_TOP, start=END - timedelta(days=7), end=END)
    queries: dict[str, Callable[[], object]] = {
        "timeline 7 d": lambda: store.timeline(week, Bucket.HOUR),
        "search 2": lambda: store.search(replace(week, words=("难喝",), start=START)),
        "newest negative": lambda: store.search(
            MentionFilter(brand_id=_TOP, labels=frozenset({Label.NEGATIVE}))
        ),
    }
    waits: dict[str, list[float]] = {name: [] for name in queries}
    errors = 0
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for name, query in queries.items():
            begin = time.perf_counter()
            try:
                query()
            except StoreError:
                errors += 1
            waits[name].append(time.perf_counter() - begin)
    store.close()
    return _Reading({name: Timing([], walls) for name, walls in waits.items()}, errors)


def _write_until(path: Path, begun: Event, stop: Event) -> None:
    """Add mentions never seen before as fast as possible; runs in its own process."""
    store = SqliteMentionStore(path)
    later = timedelta(days=corpus.DAYS)
    chunks = list(_chunks(corpus.mentions(PEER_ROWS, seed=8)))
    for number, chunk in enumerate(cycle(chunks)):
        if stop.is_set():
            break
        store.add(
            replace(m, id=f"{m.id}-{number}", published_at=m.published_at + later) for m in chunk
        )
        begun.set()
    store.close()


# --- shared


def _chunks(mentions: Iterator[Mention]) -> Iterator[list[Mention]]:
    while chunk := list(islice(mentions, BATCH)):
        yield chunk


def _once(call: Callable[[], object]) -> tuple[float, float]:
    timing = timed([call])
    return timing.cpu[0], timing.wall[0]


def _calls(
    query: Callable[..., object], asked: Sequence[tuple[str, str]]
) -> Iterator[Callable[[], object]]:
    for word, brand in asked:
        yield partial(query, word, brand)
