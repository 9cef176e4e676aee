"""Counts as aggregations, exact ones: as many as whoever reads all the mentions would count.

What the server only estimates (`cardinality`) or may cut off (the tail of `terms`) is not taken.
It makes no more than `search.max_buckets` buckets for one search (65,536, unless its admin says
otherwise), so what may need more is asked for in parts, all of them in one request: a timeline by
time, distinct values by their hash.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from domain.errors import StoreError, Text
from domain.mention import Platform
from domain.queries import Bucket, MentionFilter, Summary, TimelinePoint
from domain.sentiment import Label
from storage.elasticsearch.documents import LOW_BITS, verdict
from storage.elasticsearch.index import Answer, Body, Index
from storage.elasticsearch.queries import query_of
from storage.storable import moment

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MORE = 2
"""How many parts a part becomes that was too much."""
_MOST_PARTS = 1 << 12
_MOST_BINS = 7_000
"""Bins in one part, each with up to nine buckets: a platform and a label."""
_FIRST_PARTS = 64
"""Parts of a timeline at first, however long it is: most of a long one is empty."""
_MOST_AUTHORS = 45_000
_MOST_CLUSTERS = 20_000
"""Distinct values in one part, which counts both."""
_MOST_TERMS = 60_000
"""Keywords listed in one part."""
_EVERYTHING = 2**31 - 1
_VALUES = ("authors", "clusters")


class Counts:
    """Counting in an index. For several threads."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._value_parts = 1
        """Of the distinct values: as many as were needed before, so that it is found out once."""

    def count(self, wanted: MentionFilter) -> int:
        """Return how many mentions there are."""
        body = {"query": query_of(wanted), "size": 0, "track_total_hits": True}
        return int(self._index.search(body)["hits"]["total"]["value"])

    def timeline(
        self, wanted: MentionFilter, bucket: Bucket, day_offset: timedelta
    ) -> list[TimelinePoint]:
        """Return the non-empty bins of a filter that has start and end, in order."""
        bins = _Bins(wanted, bucket, day_offset)
        if not bins.number:
            return []
        parts = min(_FIRST_PARTS, -(-bins.number // _MOST_BINS))
        answers = self._ask(lambda n: [_timeline_body(part, bins) for part in bins.cut(n)], parts)
        points = [point for answer in answers for point in _points(answer)]
        return sorted(points, key=lambda p: (p.start, p.platform, p.label))

    def summary(self, wanted: MentionFilter) -> Summary:
        """Return the totals of a filter."""
        query = query_of(wanted)

        def bodies(parts: int) -> list[Body]:
            found = [_values_body(query, part, parts) for part in range(parts)]
            found[0]["aggs"] |= _totals(wanted.brand_id)
            return [{**found[0], "track_total_hits": True}, *found[1:]]

        answers = self._ask(bodies, self._value_parts, is_cut_off=_has_more_values)
        self._value_parts = max(self._value_parts, len(answers))
        return _summary([answer["aggregations"] for answer in answers], _total(answers[0]))

    def top_terms(self, wanted: MentionFilter, limit: int) -> list[tuple[str, int]]:
        """Return the most frequent keywords, most frequent first, ties by the word."""
        if limit < 1:
            return []
        size = min(limit, _MOST_TERMS)
        query = query_of(wanted)

        def ask(shard_size: int) -> Sequence[Answer]:
            return self._ask(
                lambda n: [_terms_body(query, size, shard_size, part, n) for part in range(n)],
                is_cut_off=_has_more_terms if size < limit else None,
            )

        answers = ask(size)
        if any(_terms(answer)["doc_count_error_upper_bound"] for answer in answers):
            # several shards, each with more terms than it told: then all of them are needed
            answers = ask(_EVERYTHING)
        counts = [
            (bucket["key"], bucket["doc_count"])
            for answer in answers
            for bucket in _terms(answer)["buckets"]
        ]
        return sorted(counts, key=lambda term: (-term[1], term[0]))[:limit]

    def _ask(
        self,
        bodies: Callable[[int], list[Body]],
        parts: int = 1,
        is_cut_off: Callable[[Answer], bool] | None = None,
    ) -> Sequence[Answer]:
        """Return the answers of all parts, in as many parts as it takes."""
        while parts <= _MOST_PARTS:
            asked = bodies(parts)
            answers = self._index.searches(asked, unsent=_VALUES)
            # a timeline of fewer bins than parts cannot be cut any more
            if len(asked) < parts or not any(map(_is_too_much, answers)):
                self._index.checked(answers)
                if is_cut_off is None or not any(map(is_cut_off, answers)):
                    return answers
            parts *= _MORE
        raise StoreError(
            Text("集群允许的分桶太少，无法精确统计", "the cluster makes too few buckets to count"),
            place="search.max_buckets",
            mend=Text("恢复默认值 65536", "set it back to 65536, which is the default"),
        )


class _Bins:
    """The bins of a timeline."""

    def __init__(self, wanted: MentionFilter, bucket: Bucket, day_offset: timedelta) -> None:
        if wanted.start is None or wanted.end is None:
            raise ValueError("a timeline needs start and end")
        self.width = timedelta(seconds=bucket.seconds)
        self.offset = timedelta(0)
        if bucket is Bucket.DAY:
            self.offset = timedelta(seconds=int(day_offset.total_seconds()))
        self._wanted = wanted
        self._start, self._end = max(wanted.start, _EPOCH), max(wanted.end, _EPOCH)
        self._first = self._bin_of(self._start)
        self.number = 0
        if self._start < self._end:
            self.number = self._bin_of(self._end) - self._first + 1

    def cut(self, parts: int) -> list[MentionFilter]:
        """Return filters of as many parts, cut between bins, as there are bins at most."""
        each = -(-self.number // parts)
        inner = range(self._first + each, self._first + self.number, each)
        edges = [self._start, *(self._begin(number) for number in inner), self._end]
        return [replace(self._wanted, start=start, end=end) for start, end in pairwise(edges)]

    def _bin_of(self, time: datetime) -> int:
        return (time - _EPOCH + self.offset) // self.width

    def _begin(self, number: int) -> datetime:
        return _EPOCH + number * self.width - self.offset


def _timeline_body(wanted: MentionFilter, bins: _Bins) -> Body:
    histogram = {
        "field": "@timestamp",
        "fixed_interval": f"{int(bins.width.total_seconds())}s",
        "offset": f"{-int(bins.offset.total_seconds())}s",
        "min_doc_count": 1,
    }
    aggs = _by_platform_and_label(wanted.brand_id, {"bins": {"date_histogram": histogram}})
    return {"query": query_of(wanted), "size": 0, "track_total_hits": False, "aggs": aggs}


def _points(answer: Answer) -> list[TimelinePoint]:
    return [
        TimelinePoint(
            start=moment(found["key"] * 1000),
            platform=Platform(platform["key"]),
            label=_label(label["key"]),
            count=found["doc_count"],
        )
        for platform in answer["aggregations"]["platforms"]["buckets"]
        for label in platform["labels"]["buckets"]
        for found in label["bins"]["buckets"]
    ]


def _by_platform_and_label(brand_id: str | None, within: Body | None = None) -> Body:
    tokens = [verdict(label, brand_id) for label in Label]
    labels: Body = {"terms": {"field": "koubei.verdicts", "include": tokens, "size": len(tokens)}}
    if within:
        labels["aggs"] = within
    platforms = {"field": "koubei.platform", "size": len(Platform)}
    return {"platforms": {"terms": platforms, "aggs": {"labels": labels}}}


def _label(token: str) -> Label:
    return Label(token.partition(":")[0])


def _totals(brand_id: str | None) -> Body:
    return {
        **_by_platform_and_label(brand_id),
        "unknown": {"missing": {"field": "user.id"}},
        "high": {"sum": {"field": "koubei.interactions_high"}},
        "low": {"sum": {"field": "koubei.interactions_low"}},
    }


def _values_body(query: Body, part: int, parts: int) -> Body:
    """The search that counts authors, and clusters of two or more. The buckets stay on the server:
    what it tells of them is how many there are, and how many mentions they hold.
    """
    share = _share(part, parts)
    authors = {"field": "user.id", **_most(_MOST_AUTHORS), **share}
    clusters = {"field": "koubei.cluster_id", **_most(_MOST_CLUSTERS), **share}
    aggs = {
        "authors": {"terms": authors},
        "clusters": {"terms": {**clusters, "min_doc_count": 2}},
        "in_authors": {"stats_bucket": {"buckets_path": "authors>_count"}},
        "in_clusters": {"stats_bucket": {"buckets_path": "clusters>_count"}},
    }
    return {"query": query, "size": 0, "track_total_hits": False, "aggs": aggs}


def _has_more_values(answer: Answer) -> bool:
    found = answer["aggregations"]
    return bool(
        found["authors"]["sum_other_doc_count"]
        # the largest come first, so what is left out has one member, unless all that came have two
        or found["in_clusters"]["count"] >= _MOST_CLUSTERS
        # several shards left something out, and what has one member here may have one there
        or any(found[name]["doc_count_error_upper_bound"] for name in _VALUES)
    )


def _terms_body(query: Body, size: int, shard_size: int, part: int, parts: int) -> Body:
    terms = {
        "field": "koubei.terms",
        "size": size,
        "shard_size": shard_size,
        "order": [{"_count": "desc"}, {"_key": "asc"}],
        **_share(part, parts),
    }
    aggs = {"terms": {"terms": terms}}
    return {"query": query, "size": 0, "track_total_hits": False, "aggs": aggs}


def _most(values: int) -> Body:
    return {"size": values, "shard_size": values}


def _has_more_terms(answer: Answer) -> bool:
    return bool(_terms(answer)["sum_other_doc_count"])


def _terms(answer: Answer) -> Any:
    return answer["aggregations"]["terms"]


def _share(part: int, parts: int) -> Body:
    return {"include": {"partition": part, "num_partitions": parts}} if parts > 1 else {}


def _total(answer: Answer) -> int:
    return int(answer["hits"]["total"]["value"])


def _summary(parts: Sequence[Any], count: int) -> Summary:
    totals = parts[0]
    summary = Summary(
        count=count,
        distinct_authors=sum(part["in_authors"]["count"] for part in parts),
        unknown_authors=totals["unknown"]["doc_count"],
        clusters=sum(part["in_clusters"]["count"] for part in parts),
        in_clusters=sum(int(part["in_clusters"]["sum"]) for part in parts),
        interactions=(int(totals["high"]["value"]) << LOW_BITS) + int(totals["low"]["value"]),
    )
    for found in totals["platforms"]["buckets"]:
        platform = Platform(found["key"])
        summary.by_platform[platform] = found["doc_count"]
        for judged in found["labels"]["buckets"]:
            label, number = _label(judged["key"]), judged["doc_count"]
            summary.by_platform_label[platform, label] = number
            summary.by_label[label] = summary.by_label.get(label, 0) + number
    return summary


def _is_too_much(answer: Answer) -> bool:
    return "error" in answer and "too_many_buckets_exception" in _kinds(answer["error"])


def _kinds(error: object) -> Iterator[object]:
    """Yield the type of an error and of everything that caused it."""
    if isinstance(error, Mapping):
        yield error.get("type")
        for inner in error.values():
            yield from _kinds(inner)
    elif isinstance(error, list):
        for one in error:
            yield from _kinds(one)
