"""`koubei bench store --elasticsearch URL`: both mention stores in one run, on the same mentions.

Wall time, since most of the work is the server's. Two indices are made on the cluster and removed
at the end; nothing else that it holds is touched.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import orjson
from elasticsearch import Elasticsearch, helpers

from benchmarks import corpus
from benchmarks.corpus import BRANDS
from benchmarks.goals import Finding, Score, Timing, Verdict, met_if, milliseconds, timed
from benchmarks.store_questions import Question, questions
from cli.terminal import progress
from domain.errors import Text
from domain.mention import Mention
from domain.ports import MentionStore
from domain.queries import MentionFilter
from storage.elasticsearch import schema
from storage.elasticsearch.client import connect
from storage.elasticsearch.cluster import Cluster, Login
from storage.elasticsearch.documents import encode
from storage.elasticsearch.mentions import ElasticsearchMentionStore
from storage.sqlite.mentions import SqliteMentionStore

CHUNK: Final = 20_000
"""Mentions that each side is given in turn, so that the machine's moods meet all of them."""
RAW_BATCH: Final = 1_000
"""Documents in a request of `helpers.bulk`."""
GOAL: Final = 0.8
"""Ingest against `helpers.bulk`."""

_LOOK, _LOOKS = 100, 20
_SAMPLE = 50
_BRANDS_ASKED = (BRANDS[0], BRANDS[9], BRANDS[-1])
_REPEATS, _FEW_REPEATS = 21, 6
_ENOUGH = 30_000
"""Mentions from which speed can be judged."""


def measure(url: str, folder: Path, rows: int) -> Iterator[Finding]:
    """Fill both stores with the same mentions, ask both the same, and yield what it took.

    `url` may hold a name and a password; KOUBEI_TEST_ES_CA names the file of its certificates'
    authority. Raises StoreUnavailable when the cluster is away.
    """
    with _opened(url, folder) as both:
        yield from _ingest(both, rows)
        yield from _crawls(both)
        yield from _sizes(both)
        yield from _asked(both, _REPEATS if rows >= _ENOUGH else _FEW_REPEATS)


@dataclass(frozen=True, slots=True)
class _Both:
    """The two stores, and an index that `helpers.bulk` fills with the same documents."""

    embedded: SqliteMentionStore
    cluster: ElasticsearchMentionStore
    client: Elasticsearch
    raw_index: str

    def bulk(self, documents: Sequence[dict[str, Any]]) -> None:
        """Do what people do without a store."""
        actions = (
            {"_op_type": "create", "_index": self.raw_index, "_id": d["event"]["id"], "_source": d}
            for d in documents
        )
        helpers.bulk(self.client, actions, chunk_size=RAW_BATCH)

    def refresh(self) -> None:
        """Let searches see them, as our store has done when it returns."""
        self.client.indices.refresh(index=self.raw_index)


@contextmanager
def _opened(url: str, folder: Path) -> Iterator[_Both]:
    parts = urlsplit(url)
    login = (
        Login(unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    )
    ca_file = os.environ.get("KOUBEI_TEST_ES_CA")
    cluster = Cluster(
        f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}",
        index=f"koubei-bench-{uuid4().hex[:8]}",
        ca_file=Path(ca_file) if ca_file else None,
        credentials=lambda: login,
    )
    raw = f"{cluster.index}-raw"
    with ExitStack() as stack:
        client = connect(cluster).options(request_timeout=120)
        stack.callback(client.close)
        names = f"{schema.index_name(cluster)},{raw}"
        stack.callback(partial(client.indices.delete, index=names, ignore_unavailable=True))
        schema.apply(client, cluster)
        schema.make_index(client, raw)
        embedded = SqliteMentionStore(folder / "embedded.db")
        stack.callback(embedded.close)
        store = ElasticsearchMentionStore(cluster)
        stack.callback(store.close)
        yield _Both(embedded, store, client, raw)


# --- writing


@dataclass(slots=True)
class _Fed:
    """Seconds that each chunk took, by who took it."""

    embedded: list[float] = field(default_factory=list)
    cluster: list[float] = field(default_factory=list)
    raw: list[float] = field(default_factory=list)
    refresh: list[float] = field(default_factory=list)


def _ingest(both: _Both, rows: int) -> Iterator[Finding]:
    fed = _Fed()
    mentions = corpus.mentions(rows)
    if rows >= _ENOUGH:
        _warm_up(both)
    with progress("写入", "ingest", rows) as advance:
        turn = 0
        while chunk := list(islice(mentions, CHUNK)):
            _feed(both, chunk, fed, raw_first=bool(turn % 2))
            turn += 1
            advance(len(chunk))
    took = sum(fed.cluster)
    for raw, added in (
        (sum(fed.raw), Text("", "")),
        (sum(fed.raw) + sum(fed.refresh), Text("，再 refresh", ", then refresh")),
    ):
        yield Finding(
            what=Text("写入至可查（墙钟）", "ingest until searches see it (wall)"),
            measured=f"Elasticsearch {rows / took:,.0f}/s",
            peer=Text(
                f"helpers.bulk 同样的文档{added.zh}：{rows / raw:,.0f}/s",
                f"helpers.bulk of the same documents{added.en}: {rows / raw:,.0f}/s",
            ),
            score=met_if(raw / took >= GOAL, raw / took, f"≥ {GOAL:g}×", judged=rows >= _ENOUGH),
        )
    embedded = sum(fed.embedded)
    yield Finding(
        what=Text("写入至可查（墙钟）", "ingest until searches see it (wall)"),
        measured=f"Elasticsearch {rows / took:,.0f}/s",
        peer=Text(f"SQLite {rows / embedded:,.0f}/s", f"SQLite {rows / embedded:,.0f}/s"),
        score=Score(f"{embedded / took:.2g}×"),
    )


def _warm_up(both: _Both) -> None:
    """Let the server compile what both sides ask of it: whoever came first would pay for it."""
    documents = [orjson.loads(encode(mention).body) for mention in corpus.mentions(CHUNK)]
    both.bulk(documents)
    both.client.indices.delete(index=both.raw_index)
    schema.make_index(both.client, both.raw_index)


def _feed(both: _Both, chunk: list[Mention], fed: _Fed, *, raw_first: bool) -> None:
    fed.embedded.append(_once(partial(both.embedded.add, chunk)))
    if raw_first:
        _bulk(both, chunk, fed)
    fed.cluster.append(_once(partial(both.cluster.add, chunk)))
    if not raw_first:
        _bulk(both, chunk, fed)


def _bulk(both: _Both, chunk: list[Mention], fed: _Fed) -> None:
    # what helpers.bulk is given is made beforehand, what our store does itself is not; and it is
    # there for this measurement only, as the collector of garbage looks at all that lives
    documents = [orjson.loads(encode(mention).body) for mention in chunk]
    fed.raw.append(_once(partial(both.bulk, documents)))
    # in its own turn: the server would do it some seconds later, in the time of somebody else
    fed.refresh.append(_once(both.refresh))


def _crawls(both: _Both) -> Iterator[Finding]:
    """Write as crawls do: a hundred at a time, new ones and then the same again."""
    later = corpus.mentions(_LOOK * _LOOKS, seed=8)
    looks = [[replace(m, id=f"{m.id}-8") for m in islice(later, _LOOK)] for _ in range(_LOOKS)]
    for what in (
        Text(f"一次抓取 {_LOOK} 条新提及", f"one look of a crawl, {_LOOK} new"),
        Text(f"一次抓取 {_LOOK} 条已知提及", f"one look of a crawl, {_LOOK} known"),
    ):
        yield _side_by_side(
            what,
            timed(partial(both.cluster.add, look) for look in looks),
            timed(partial(both.embedded.add, look) for look in looks),
        )


def _sizes(both: _Both) -> Iterator[Finding]:
    embedded = both.embedded.status().bytes_on_disk or 0
    cluster = both.cluster.status().bytes_on_disk or 0
    yield Finding(
        what=Text("磁盘", "disk"),
        measured=f"Elasticsearch {cluster / 1e6:,.0f} MB",
        peer=Text(f"SQLite {embedded / 1e6:,.0f} MB", f"SQLite {embedded / 1e6:,.0f} MB"),
        score=Score(f"{cluster / embedded:.2g}×"),
    )


# --- asking


def _asked(both: _Both, repeats: int) -> Iterator[Finding]:
    everything = MentionFilter(public_voice_only=False)
    sample = both.embedded.search(everything, limit=_SAMPLE).mentions
    asked = questions(sample)
    differing: list[str] = []
    with progress("查询", "queries", len(asked)) as advance:
        findings = []
        for question in asked:
            # compared first: then both are timed with their pages in memory
            differing += [question.what.en] * _differ(both, question)
            mine = timed(_calls(question, both.cluster, repeats))
            theirs = timed(_calls(question, both.embedded, repeats))
            findings.append(_side_by_side(question.what, mine, theirs))
            advance(1)
    yield from findings
    verdict = Verdict.MISSED if differing else Verdict.MET
    yield Finding(
        what=Text("两库答案相同", "both stores answer alike"),
        measured="; ".join(
            [f"{len(differing)} of {len(asked) * len(_BRANDS_ASKED)} differ", *set(differing)]
        ),
        score=Score("", "0", verdict),
    )


def _differ(both: _Both, question: Question) -> int:
    return sum(
        question.ask(both.cluster, brand) != question.ask(both.embedded, brand)
        for brand in _BRANDS_ASKED
    )


def _calls(question: Question, store: MentionStore, repeats: int) -> Iterator[Callable[[], object]]:
    for number in range(repeats):
        yield partial(question.ask, store, _BRANDS_ASKED[number % len(_BRANDS_ASKED)])


# --- shared


def _once(call: Callable[[], object]) -> float:
    """Return the seconds of a call."""
    return timed([call]).wall[0]


def _side_by_side(what: Text, mine: Timing, theirs: Timing) -> Finding:
    """Return the line of one kind of call on both stores."""
    shown = [
        f"p50 {milliseconds(t.wall_median)}, p95 {milliseconds(t.wall_p95)}" for t in (mine, theirs)
    ]
    return Finding(
        what=what,
        measured=f"Elasticsearch {shown[0]}",
        peer=Text(f"SQLite {shown[1]}", f"SQLite {shown[1]}"),
        score=Score(f"{mine.wall_median / theirs.wall_median:.2g}×"),
    )
