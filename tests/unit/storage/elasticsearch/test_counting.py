"""storage/elasticsearch/counting.py: how often is asked, and for how much at once."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.errors import StoreError, StoreUnavailable
from domain.mention import Platform
from domain.queries import Bucket, MentionFilter, TimelinePoint
from domain.sentiment import Label
from storage.elasticsearch.client import whole
from storage.elasticsearch.counting import Counts
from tests.fakes import NOON

WEEK = MentionFilter(start=NOON - timedelta(days=7), end=NOON)
TOO_MUCH = {
    "error": {
        "type": "search_phase_execution_exception",
        "root_cause": [],
        "caused_by": {"type": "too_many_buckets_exception", "max_buckets": 9},
    },
    "status": 400,
}


class Asked:
    """Answers each search by `answer`, and remembers the searches of each request."""

    def __init__(self, answer) -> None:
        self.requests: list[Sequence[dict[str, Any]]] = []
        self._answer = answer

    def search(self, body):
        return self.searches([body])[0]

    def searches(self, bodies, unsent=()):
        self.requests.append(bodies)
        return [self._answer(body) for body in bodies]

    def checked(self, answers):
        whole({"responses": answers})
        return answers


def windows(request: Sequence[dict[str, Any]]) -> list[tuple[int, int]]:
    """The time that each search of a request is about."""
    clauses = [clause for body in request for clause in body["query"]["bool"]["filter"]]
    ranges = [clause["range"]["koubei.published_us"] for clause in clauses if "range" in clause]
    return [(one["gte"], one["lt"]) for one in ranges]


def no_bins(body):
    return {"aggregations": {"platforms": {"buckets": []}}}


def values(authors: int = 0, other: int = 0, error: int = 0, clusters: int = 1):
    told = {"sum_other_doc_count": other, "doc_count_error_upper_bound": error}
    return {
        "hits": {"total": {"value": 5}},
        "aggregations": {
            "authors": told,
            "clusters": {"sum_other_doc_count": 5, "doc_count_error_upper_bound": 0},
            "in_authors": {"count": authors},
            "in_clusters": {"count": clusters, "sum": 2.0 * clusters},
            "unknown": {"doc_count": 1},
            "high": {"value": 3.0},
            "low": {"value": 7.0},
            "platforms": {"buckets": []},
        },
    }


def test_a_usual_timeline_is_one_search():
    asked = Asked(no_bins)
    for bucket in Bucket:
        assert Counts(asked).timeline(WEEK, bucket, timedelta(hours=8)) == []
    assert [len(request) for request in asked.requests] == [1, 1, 1, 1]
    assert windows(asked.requests[0]) == [
        (int(WEEK.start.timestamp()) * 10**6, int(WEEK.end.timestamp()) * 10**6)
    ]


def test_a_long_timeline_is_cut_between_bins_and_still_one_request():
    asked = Asked(no_bins)
    year = MentionFilter(start=NOON - timedelta(days=365, seconds=7), end=NOON)
    Counts(asked).timeline(year, Bucket.FIVE_MINUTES, timedelta(0))
    (request,) = asked.requests
    assert len(request) == 16
    parts = windows(request)
    assert [end for _, end in parts[:-1]] == [start for start, _ in parts[1:]]
    assert all(start % 300_000_000 == 0 for start, _ in parts[1:])
    assert (parts[0][0], parts[-1][1]) == tuple(
        int(time.timestamp()) * 10**6 for time in (year.start, year.end)
    )


def test_an_endless_timeline_is_few_searches_at_first():
    asked = Asked(no_bins)
    ever = MentionFilter(
        start=datetime.min.replace(tzinfo=UTC), end=datetime.max.replace(tzinfo=UTC)
    )
    for bucket in Bucket:
        Counts(asked).timeline(ever, bucket, timedelta(hours=-11))
    assert all(len(request) <= 64 for request in asked.requests)


@pytest.mark.parametrize("days", [0, -1])
def test_a_window_of_nothing_asks_nothing(days):
    asked = Asked(no_bins)
    empty = MentionFilter(start=NOON, end=NOON + timedelta(days=days))
    assert Counts(asked).timeline(empty, Bucket.HOUR, timedelta(0)) == []
    assert asked.requests == []


def test_a_part_with_too_many_buckets_is_asked_for_in_more_parts():
    def answer(body):
        start, end = windows([body])[0]
        return TOO_MUCH if end - start > 86_400_000_000 else no_bins(body)

    asked = Asked(answer)
    Counts(asked).timeline(WEEK, Bucket.HOUR, timedelta(0))
    assert [len(request) for request in asked.requests] == [1, 2, 4, 8]


def test_a_server_that_makes_no_bucket_at_all_is_an_error_and_not_an_endless_loop():
    with pytest.raises(StoreError):
        Counts(Asked(lambda body: TOO_MUCH)).timeline(WEEK, Bucket.DAY, timedelta(0))
    with pytest.raises(StoreError):
        Counts(Asked(lambda body: TOO_MUCH)).summary(WEEK)


def test_a_part_that_is_missing_is_an_error():
    broken = {"timed_out": True, **no_bins({})}
    with pytest.raises(StoreUnavailable):
        Counts(Asked(lambda body: broken)).timeline(WEEK, Bucket.DAY, timedelta(0))
    failed = {"_shards": {"failed": 1}, **values()}
    with pytest.raises(StoreUnavailable):
        Counts(Asked(lambda body: failed)).summary(WEEK)


def test_points_are_in_order_of_time_platform_and_label():
    hour = 3_600_000
    bins = {"buckets": [{"key": 2 * hour, "doc_count": 3}, {"key": 5 * hour, "doc_count": 1}]}
    labels = {"buckets": [{"key": key, "bins": bins} for key in ("positive:cha", "negative:cha")]}
    found = {"buckets": [{"key": key, "labels": labels} for key in ("weibo", "tieba")]}
    points = Counts(Asked(lambda body: {"aggregations": {"platforms": found}})).timeline(
        WEEK, Bucket.HOUR, timedelta(0)
    )
    assert points == sorted(points, key=lambda p: (p.start, p.platform, p.label))
    first = datetime(1970, 1, 1, 2, tzinfo=UTC)
    assert points[0] == TimelinePoint(first, Platform.TIEBA, Label.NEGATIVE, 3)
    assert len(points) == 8


def test_a_summary_is_one_request_and_remembers_how_many_parts_it_takes():
    def answer(body):
        share = body["aggs"]["authors"]["terms"].get("include", {"num_partitions": 1})
        return values(authors=10, other=0 if share["num_partitions"] >= 16 else 99)

    asked = Asked(answer)
    counts = Counts(asked)
    assert counts.summary(WEEK).distinct_authors == 160
    assert [len(request) for request in asked.requests] == [1, 2, 4, 8, 16]
    assert counts.summary(WEEK).distinct_authors == 160
    assert [len(request) for request in asked.requests] == [1, 2, 4, 8, 16, 16]
    (with_totals, *others) = asked.requests[-1]
    assert "platforms" in with_totals["aggs"]
    assert all("platforms" not in body["aggs"] for body in others)


def test_what_shards_did_not_tell_makes_more_parts_too():
    def answer(body):
        share = body["aggs"]["authors"]["terms"].get("include", {"num_partitions": 1})
        return values(error=0 if share["num_partitions"] >= 4 else 1)

    asked = Asked(answer)
    Counts(asked).summary(WEEK)
    assert [len(request) for request in asked.requests] == [1, 2, 4]


def test_as_many_clusters_as_were_asked_for_may_not_be_all_of_them():
    def answer(body):
        share = body["aggs"]["clusters"]["terms"].get("include", {"num_partitions": 1})
        return values(clusters=20_000 if share["num_partitions"] == 1 else 15_000)

    asked = Asked(answer)
    assert Counts(asked).summary(WEEK).clusters == 30_000
    assert [len(request) for request in asked.requests] == [1, 2]


def terms(buckets, error=0, other=0):
    found = {"doc_count_error_upper_bound": error, "sum_other_doc_count": other}
    listed = [{"key": key, "doc_count": count} for key, count in buckets]
    return {"aggregations": {"terms": {**found, "buckets": listed}}}


def test_top_terms_are_one_search_when_one_shard_knows():
    asked = Asked(lambda body: terms([("贵", 3), ("差", 3)], other=9))
    assert Counts(asked).top_terms(WEEK, 2) == [("差", 3), ("贵", 3)]
    assert len(asked.requests) == 1
    assert Counts(asked).top_terms(WEEK, 0) == []
    assert len(asked.requests) == 1


def test_top_terms_of_several_shards_are_asked_for_in_full_where_that_matters():
    def answer(body):
        wanted = body["aggs"]["terms"]["terms"]
        return terms([("贵", 3)], error=0 if wanted["shard_size"] > 10**9 else 2)

    asked = Asked(answer)
    assert Counts(asked).top_terms(WEEK, 1) == [("贵", 3)]
    assert len(asked.requests) == 2


def test_more_terms_than_one_answer_holds_are_listed_in_parts():
    def answer(body):
        share = body["aggs"]["terms"]["terms"].get("include", {"partition": 0, "num_partitions": 1})
        complete = share["num_partitions"] > 1
        return terms([(f"词{share['partition']}", 1)], other=0 if complete else 9)

    asked = Asked(answer)
    found = Counts(asked).top_terms(WEEK, 1_000_000)
    assert [term for term, _ in found] == ["词0", "词1"]
    assert [len(request) for request in asked.requests] == [1, 2]
