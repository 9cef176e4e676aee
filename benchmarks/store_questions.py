"""What the dashboard, the detector and the crawlers ask a mention store, with their own limits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from benchmarks import corpus
from benchmarks.corpus import END, START
from domain.brand import Proximity
from domain.errors import Text
from domain.mention import Mention
from domain.ports import MentionStore
from domain.queries import Bucket, MentionFilter, Sort
from domain.sentiment import Label

CHINA = timedelta(hours=8)
_HOUR, _DAY, _WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
_NEGATIVE = frozenset({Label.NEGATIVE})


@dataclass(frozen=True, slots=True)
class Question:
    """One kind of query. `ask` takes a store and a brand's id, and returns the whole answer."""

    what: Text
    ask: Callable[[MentionStore, str], object]


def questions(sample: Sequence[Mention]) -> list[Question]:
    """Return every kind of query, by the screen that asks it. `sample`: stored mentions."""
    return [
        *_overview(),
        *_feed(),
        *_alert(),
        *_comparison(),
        *_spread(),
        *_watches(),
        *_report(),
        *_machine(sample),
    ]


def _page(store: MentionStore, wanted: MentionFilter, **how: Any) -> tuple[object, bool]:
    """Return a page's mentions and whether it is the last one; tokens are each store's own."""
    page = store.search(wanted, **how)
    return page.mentions, page.after is None


def _of(brand: str, length: timedelta, **narrowed: Any) -> MentionFilter:
    """Return the filter of a brand's newest mentions over a span."""
    return replace(MentionFilter(brand_id=brand, start=END - length, end=END), **narrowed)


def _overview() -> list[Question]:
    return [
        Question(
            Text("总览：24 小时时间线", "overview: timeline of a day"),
            lambda store, brand: store.timeline(_of(brand, _DAY), Bucket.HOUR),
        ),
        Question(
            Text("总览：7 天时间线", "overview: timeline of a week"),
            lambda store, brand: store.timeline(_of(brand, _WEEK), Bucket.HOUR),
        ),
        Question(
            Text("总览：90 天时间线，按日", "overview: timeline of 90 days, by day"),
            lambda store, brand: store.timeline(
                _of(brand, 90 * _DAY), Bucket.DAY, day_offset=CHINA
            ),
        ),
        Question(
            Text("总览：最新负面", "overview: newest negative"),
            lambda store, brand: _page(store, _of(brand, _WEEK, labels=_NEGATIVE), limit=5),
        ),
        Question(
            Text("总览：7 天关键词", "overview: terms of a week"),
            lambda store, brand: store.top_terms(_of(brand, _WEEK), 2_000),
        ),
    ]


def _feed() -> list[Question]:
    everything = 90 * _DAY
    return [
        Question(
            Text("信息流：最新 50 条", "feed: newest 50"),
            lambda store, brand: _page(store, _of(brand, everything)),
        ),
        Question(
            Text("信息流：第二页", "feed: second page"),
            lambda store, brand: _page(
                store,
                _of(brand, everything),
                after=store.search(_of(brand, everything), limit=5).after,
            ),
        ),
        Question(
            Text("信息流：检索两字词", "feed: a word of two characters"),
            lambda store, brand: _page(store, _of(brand, everything, words=("难喝",))),
        ),
        Question(
            Text("信息流：检索长词并排除", "feed: a long word without another"),
            lambda store, brand: _page(
                store, _of(brand, everything, words=(corpus.signature(0),), without=("转：",))
            ),
        ),
        Question(
            Text("信息流：两词相近", "feed: two words near each other"),
            lambda store, brand: _page(
                store, _of(brand, everything, near=(Proximity(("排队", "分钟"), 8),))
            ),
        ),
        Question(
            Text("信息流：检索单字，计数", "feed: count of one character"),
            lambda store, brand: store.count(_of(brand, everything, words=("茶",))),
        ),
        Question(
            Text("信息流：传播最广", "feed: furthest reach"),
            lambda store, brand: _page(store, _of(brand, _WEEK), sort=Sort.REACH),
        ),
        Question(
            Text("信息流：最负面", "feed: most negative"),
            lambda store, brand: _page(store, _of(brand, _WEEK), sort=Sort.MOST_NEGATIVE),
        ),
        Question(
            Text("信息流：总数", "feed: total"),
            lambda store, brand: store.count(_of(brand, everything)),
        ),
        Question(
            Text("信息流：负面总数", "feed: negative total"),
            lambda store, brand: store.count(_of(brand, everything, labels=_NEGATIVE)),
        ),
    ]


def _alert() -> list[Question]:
    return [
        Question(
            Text("预警：一小时汇总", "alert: summary of an hour"),
            lambda store, brand: store.summary(_of(brand, _HOUR, labels=_NEGATIVE)),
        ),
        Question(
            Text("预警：传播最广的负面", "alert: furthest negative posts"),
            lambda store, brand: _page(
                store, _of(brand, _DAY, labels=_NEGATIVE), sort=Sort.REACH, limit=50
            ),
        ),
        Question(
            Text("预警：最早一条", "alert: first post"),
            lambda store, brand: _page(
                store, _of(brand, _DAY, labels=_NEGATIVE), sort=Sort.OLDEST, limit=1
            ),
        ),
        Question(
            Text("预警：关键词", "alert: terms"),
            lambda store, brand: store.top_terms(_of(brand, _DAY, labels=_NEGATIVE), 20),
        ),
    ]


def _comparison() -> list[Question]:
    return [
        Question(
            Text("竞品：7 天汇总", "comparison: summary of a week"),
            lambda store, brand: store.summary(_of(brand, _WEEK)),
        ),
        Question(
            Text("竞品：30 天汇总", "comparison: summary of 30 days"),
            lambda store, brand: store.summary(_of(brand, 30 * _DAY)),
        ),
    ]


def _spread() -> list[Question]:
    return [
        Question(
            Text("传播：最早 12 条", "spread: oldest 12"),
            lambda store, brand: _page(store, _of(brand, _WEEK), sort=Sort.OLDEST, limit=12),
        ),
        Question(
            Text("传播：最广 500 条", "spread: furthest 500"),
            lambda store, brand: _page(store, _of(brand, _WEEK), sort=Sort.REACH, limit=500),
        ),
    ]


def _watches() -> list[Question]:
    return [
        Question(
            Text("方案：14 天时间线", "watches: timeline of 14 days"),
            lambda store, brand: store.timeline(
                MentionFilter(
                    watch_id=f"watch-{brand}",
                    start=END - 14 * _DAY,
                    end=END,
                    public_voice_only=False,
                ),
                Bucket.DAY,
                day_offset=CHINA,
            ),
        ),
        Question(
            Text("方案：试算 500 条", "watches: trial of 500"),
            lambda store, brand: _page(
                store, MentionFilter(start=END - _WEEK, end=END, public_voice_only=False), limit=500
            ),
        ),
    ]


def _report() -> list[Question]:
    return [
        Question(
            Text("报告：话题汇总", "report: summary of a topic"),
            lambda store, brand: store.summary(_of(brand, _WEEK, words=("排队",))),
        ),
        Question(
            Text("报告：通读一周", "report: every mention of a week"),
            lambda store, brand: sum(1 for _ in store.scan(_of(brand, _WEEK))),
        ),
    ]


def _machine(sample: Sequence[Mention]) -> list[Question]:
    """What crawls and the detector ask; they look at all brands' mentions or at given ids."""
    ids = [mention.id for mention in sample]
    prints = [m.fingerprint for m in sample if m.fingerprint is not None]
    return [
        Question(
            Text("检测：4 周时间线，按时", "detection: timeline of 4 weeks, by hour"),
            lambda store, brand: store.timeline(_of(brand, 4 * _WEEK), Bucket.HOUR),
        ),
        Question(
            Text("检测：1 天时间线，按刻", "detection: timeline of a day, by quarter"),
            lambda store, brand: store.timeline(_of(brand, _DAY), Bucket.QUARTER_HOUR),
        ),
        Question(
            Text(f"入库：查 {len(ids)} 个编号", f"ingest: look up {len(ids)} ids"),
            lambda store, _: store.get(ids),
        ),
        Question(
            Text(f"入库：{len(prints)} 条的近似文本", f"ingest: near copies of {len(prints)}"),
            lambda store, _: sorted(
                (near.fingerprint, near.mention_id, near.distance)
                for near in store.near(prints, since=START, distance=3)
            ),
        ),
        Question(
            Text("概况：条数与最新", "status: size and freshness"),
            lambda store, _: (store.status().mentions, store.status().newest_published_at),
        ),
    ]
