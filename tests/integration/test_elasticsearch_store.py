"""storage/elasticsearch on real servers: what tests/contract does not ask of every store."""

import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import elastic_transport
import pytest

from domain.errors import SchemaMismatch, StoreError, StoreUnavailable
from domain.mention import Mention
from domain.queries import Bucket, MentionFilter, Sort
from domain.sentiment import WHOLE_TEXT
from storage.elasticsearch import counting, mentions, schema
from storage.elasticsearch.bulk import Sender, creation, replacement
from storage.elasticsearch.client import Cluster, connect
from storage.elasticsearch.documents import encode
from storage.elasticsearch.index import Index
from storage.elasticsearch.mentions import ElasticsearchMentionStore
from tests.contract.mention_store import assert_same_answers, negative
from tests.contract.naive_store import NaiveMentionStore
from tests.fakes import NOON, a_mention
from tests.fixtures import fault_proxy
from tests.fixtures.elasticsearch import READER, WRITER, Server
from tests.fixtures.elasticsearch_stores import cluster_of, new_index, open_store
from tests.integration.adding_process import MODEL, PERSON

pytestmark = [pytest.mark.elasticsearch, pytest.mark.integration]

ALL = MentionFilter(public_voice_only=False)
DAY = timedelta(days=1)
ROOT = Path(__file__).parents[2]


@pytest.fixture
def cluster(elasticsearch_server: Server) -> Iterator[Cluster]:
    with new_index(elasticsearch_server) as cluster:
        yield cluster


@pytest.fixture
def store(cluster: Cluster) -> Iterator[ElasticsearchMentionStore]:
    with open_store(cluster) as store:
        yield store


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every HTTP request that is sent, as method and path."""
    sent: list[str] = []
    perform = elastic_transport.Transport.perform_request

    def noted(self, method, target, **options):
        sent.append(f"{method} {target.partition('?')[0]}")
        return perform(self, method, target, **options)

    monkeypatch.setattr(elastic_transport.Transport, "perform_request", noted)
    return sent


def some(number: int, **changes: object) -> list[Mention]:
    """Mentions of many authors, clusters and terms, five minutes apart."""
    return [
        a_mention(
            str(place),
            published_at=NOON - timedelta(minutes=5 * place),
            author_key=f"author-{place}",
            cluster_id=f"weibo:{place // 2}",
            terms=(f"词{place}", f"词{place // 3}"),
            brand_ids=frozenset({"cha"}),
            fingerprint=place,
            sentiment=negative(),
            likes=place,
            **changes,
        )
        for place in range(number)
    ]


QUERIES: dict[str, Callable[[ElasticsearchMentionStore, MentionFilter], object]] = {
    "count": lambda store, wanted: store.count(wanted),
    "search": lambda store, wanted: store.search(wanted, limit=500),
    "most negative": lambda store, wanted: store.search(wanted, sort=Sort.MOST_NEGATIVE),
    "timeline by hour": lambda store, wanted: store.timeline(wanted, Bucket.HOUR),
    "timeline by day": lambda store, wanted: store.timeline(
        wanted, Bucket.DAY, day_offset=timedelta(hours=8)
    ),
    "year in five minutes": lambda store, wanted: store.timeline(
        replace(wanted, start=NOON - 365 * DAY), Bucket.FIVE_MINUTES
    ),
    "summary": lambda store, wanted: store.summary(wanted),
    "terms": lambda store, wanted: store.top_terms(wanted),
    "many terms": lambda store, wanted: store.top_terms(wanted, 2_000),
    "near": lambda store, wanted: store.near([1, 2, 3], since=NOON - DAY, distance=3),
    "get": lambda store, wanted: store.get([f"weibo:{place}" for place in range(500)]),
}


@pytest.mark.parametrize("query", QUERIES)
def test_every_query_is_one_request(store, requests, query):
    store.add(some(600))
    wanted = MentionFilter(brand_id="cha", start=NOON - 7 * DAY, end=NOON, words=("排队",))
    requests.clear()
    assert QUERIES[query](store, wanted)
    assert len(requests) == 1, requests


def test_new_mentions_are_not_read_back(store, requests):
    requests.clear()
    store.add(some(2_500))
    assert Counter(path.rpartition("/")[2] for path in requests) == {"_bulk": 3, "_refresh": 1}
    requests.clear()
    store.add(some(100, views=1))
    assert [path.rpartition("/")[2] for path in requests] == ["_bulk", "_mget", "_bulk", "_refresh"]
    requests.clear()
    store.add(some(100, views=1))  # the same looks again
    assert [path.rpartition("/")[2] for path in requests] == ["_bulk", "_mget", "_refresh"]


def test_a_mention_is_got_before_a_search_can_see_it(store, cluster):
    document = encode(a_mention("1"))
    with connect(cluster) as client:
        client.indices.put_settings(index=cluster.index, settings={"refresh_interval": -1})
        with closing(Index(cluster)) as index:
            Sender(index, lambda seconds: None, lambda: 0.0).send([creation(document)])
        assert store.count(ALL) == 0
        assert store.get(["weibo:1"]) == {"weibo:1": document.mention}
        assert store.amend("weibo:1", lambda m: replace(m, likes=3)).likes == 3
    assert store.count(ALL) == 1


def test_what_is_written_is_seen_by_another_client_at_once(store, cluster):
    with connect(cluster) as client:
        client.indices.put_settings(index=cluster.index, settings={"refresh_interval": -1})
    with open_store(cluster) as other:
        for number in range(1, 6):
            store.add([a_mention(str(number))])
            assert other.count(ALL) == number
        store.amend("weibo:1", lambda m: replace(m, watch_ids=frozenset({"w"})))
        assert other.count(replace(ALL, watch_id="w")) == 1
        store.remove(["weibo:1"])
        assert other.count(ALL) == 4


def test_a_shard_that_is_away_is_an_error_and_no_smaller_number(elasticsearch_server):
    cluster = cluster_of(elasticsearch_server, "koubei-part-away", shards=3)
    name, form = schema.index_name(cluster), schema.our_form(cluster)
    two_of_three = {**form.settings, "routing.allocation.total_shards_per_node": 2}
    window = replace(ALL, start=NOON - 30 * DAY, end=NOON + DAY)
    with connect(cluster) as client:
        client.indices.create(
            index=name,
            mappings=form.mapping,
            settings=two_of_three,
            aliases={cluster.index: {"is_write_index": True}},
            wait_for_active_shards=0,
        )
        try:
            with open_store(cluster) as store:
                for query in (*QUERIES.values(), lambda store, wanted: list(store.scan(wanted))):
                    with pytest.raises(StoreUnavailable):
                        query(store, window)
                with pytest.raises(StoreUnavailable):
                    store.status()
                client.indices.put_settings(
                    index=name, settings={"routing.allocation.total_shards_per_node": 3}
                )
                client.cluster.health(index=name, wait_for_status="green", timeout="9s")
                assert store.count(window) == 0
                assert len(store.add(some(30)).new) == store.count(window) == 30
        finally:
            client.indices.delete(index=name)


def test_answers_stay_exact_where_the_server_makes_few_buckets(elasticsearch_server):
    # three shards: what each tells is cut off somewhere else
    with new_index(elasticsearch_server, shards=3) as cluster, open_store(cluster) as store:
        added = some(900)
        store.add(added)
        expected = NaiveMentionStore()
        expected.add(added)
        with connect(cluster) as client:
            client.cluster.put_settings(transient={"search.max_buckets": 150})
            try:
                assert_same_answers(store, expected, [ALL, MentionFilter(brand_id="cha")])
                assert_same_answers(store, expected, [ALL])
            finally:
                client.cluster.put_settings(transient={"search.max_buckets": None})


def test_answers_stay_exact_in_parts(elasticsearch_server, monkeypatch):
    monkeypatch.setattr(counting, "_MOST_AUTHORS", 40)
    monkeypatch.setattr(counting, "_MOST_CLUSTERS", 30)
    monkeypatch.setattr(counting, "_MOST_TERMS", 25)
    monkeypatch.setattr(counting, "_MOST_BINS", 9)
    for shards in (1, 3):
        with (
            new_index(elasticsearch_server, shards=shards) as cluster,
            open_store(cluster) as store,
        ):
            added = some(400)
            store.add(added)
            expected = NaiveMentionStore()
            expected.add(added)
            assert_same_answers(store, expected, [ALL, MentionFilter(words=("排队",))])
            for limit in (1, 24, 26, 399, 1_000):
                assert store.top_terms(ALL, limit) == expected.top_terms(ALL, limit)


def test_pages_larger_than_an_answer_are_asked_for_in_several(store, monkeypatch):
    monkeypatch.setattr(mentions, "LARGEST", 7)
    added = some(40)
    store.add(added)
    for limit in (6, 7, 8, 20, 39, 40, 41):
        page = store.search(ALL, limit=limit)
        assert list(page.mentions) == added[:limit]
        assert (page.after is None) == (limit >= 40)
        if page.after:
            assert list(store.search(ALL, limit=99, after=page.after).mentions) == added[limit:]


def test_a_scan_sees_one_moment(store):
    store.add(some(2_100))
    scan = store.scan(ALL)
    first = next(scan)
    store.remove(["weibo:0"])
    store.add([a_mention("new", published_at=NOON - timedelta(minutes=1))])
    rest = [mention.id for mention in scan]
    assert len(rest) == 2_099
    assert "weibo:0" in rest
    assert "weibo:new" not in rest
    assert first.id == "weibo:2099"


def test_a_scan_goes_on_where_the_server_lost_the_moment(store, monkeypatch):
    store.add(some(2_100))
    points: list[str] = []
    open_point = Index.open_point

    def noted(self) -> str:
        points.append(open_point(self))
        return points[-1]

    monkeypatch.setattr(Index, "open_point", noted)
    seen = []
    for place, mention in enumerate(store.scan(ALL)):
        seen.append(mention.id)
        if place == 500:
            store._index.close_point(points[0])
    assert seen == [f"weibo:{place}" for place in reversed(range(2_100))]
    assert len(points) == 2


def test_a_scan_that_nobody_ends_is_given_back(store, cluster):
    store.add(some(10))
    scan = store.scan(ALL)
    next(scan)
    scan.close()
    with connect(cluster) as client:
        stats = client.indices.stats(index=cluster.index, metric="search")
    assert stats["_all"]["total"]["search"]["open_contexts"] == 0


def test_removed_and_added_again_within_a_minute(store):
    mention = a_mention("1", likes=1)
    for number in range(1, 5):
        again = replace(mention, likes=number)
        assert store.add([again]).new == ("weibo:1",)
        assert store.get(["weibo:1"]) == {"weibo:1": again}
        store.amend("weibo:1", lambda m: replace(m, views=9))
        assert store.remove(["weibo:1"]) == 1
        assert store.count(ALL) == 0


def test_a_writer_that_read_before_a_removal_brings_nothing_back(store, cluster):
    mention = a_mention("1", text="要删除的话")
    store.add([mention])
    store.amend("weibo:1", lambda m: replace(m, likes=1))
    with closing(Index(cluster)) as index:
        held = index.stored(["weibo:1"])["weibo:1"]
        store.remove(["weibo:1"])
        late = replacement(encode(held.mention), held.version + 1)
        (result,) = Sender(index, lambda seconds: None, lambda: 0.0).send([late])
    assert result.status == 409
    assert store.get(["weibo:1"]) == {}

    def remove_first(known: Mention) -> Mention:
        store.remove(["weibo:1"])
        return replace(known, likes=5)

    store.add([mention])
    assert store.amend("weibo:1", remove_first) is None
    assert store.get(["weibo:1"]) == {}


@pytest.mark.timeout(180)
def test_two_processes_lose_nothing(cluster):
    number = 400
    command = [sys.executable, "-m", "tests.integration.adding_process", cluster.url, cluster.index]
    writers = [
        subprocess.Popen([*command, watch, str(number)], cwd=ROOT) for watch in ("a", "b", "c")
    ]
    assert [writer.wait(timeout=150) for writer in writers] == [0, 0, 0]
    with open_store(cluster) as store:
        stored = {mention.id: mention for mention in store.scan(ALL)}
        assert store.count(ALL) == len(stored) == number
    for place in range(number):
        mention = stored[f"weibo:{place}"]
        assert mention.watch_ids == {"a", "b", "c"}
        assert mention.likes == 30  # the newest look's, whoever wrote last
        # three people labelled it twice each, and no model came over it
        label = MODEL if place % 10 else replace(PERSON, polarity=6.0)
        assert mention.sentiment[WHOLE_TEXT] == label


def test_threads_of_one_store_lose_nothing(store):
    def add(watch: str) -> None:
        for first in range(0, 300, 60):
            looks = some(300, watch_ids=frozenset({watch}))
            store.add(looks[first : first + 60])

    threads = [threading.Thread(target=add, args=(watch,)) for watch in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for watch in "abcd":
        assert store.count(replace(ALL, watch_id=watch)) == 300


def test_a_text_of_ten_megabytes_is_stored_or_refused_and_holds_up_no_other(store):
    long = a_mention("long", text="长文abc，" * 1_048_576 + "这里是结尾")
    result = store.add([a_mention("1"), long, a_mention("2")])
    assert {"weibo:1", "weibo:2"} <= set(result.new)
    if result.refused:  # the server's memory decides
        (refused,) = result.refused
        assert refused.mention_id == "weibo:long"
        assert "larger" in refused.text.en
        assert store.count(ALL) == 2
    else:
        assert store.count(replace(ALL, words=("这里是结尾",))) == 1


@pytest.mark.timeout(180)
def test_half_busy_and_a_tenth_unreadable_loses_nothing(elasticsearch_server, cluster):
    faults = fault_proxy.Faults(busy=0.5, busy_items=0.1, spoiled_items=0.1, retry_after=(None,))
    added = some(1_500)
    with fault_proxy.before(elasticsearch_server.url, faults) as proxy:
        naps: list[float] = []
        store = ElasticsearchMentionStore(
            replace(cluster, url=proxy.url), sleep=naps.append, jitter=lambda: 0.5
        )
        result = store.add(added)
        store.close()
    assert naps
    refused = {one.mention_id for one in result.refused}
    assert refused == proxy.spoiled
    assert all("@timestamp" in one.text.en for one in result.refused)
    assert refused | set(result.new) == {mention.id for mention in added}
    with open_store(cluster) as direct:
        assert {mention.id for mention in direct.scan(ALL)} == set(result.new)


def test_an_answer_that_never_came_is_told_and_calling_again_is_safe(elasticsearch_server, cluster):
    faults = fault_proxy.Faults(unanswered=1.0)
    with fault_proxy.before(elasticsearch_server.url, faults) as proxy:
        store = ElasticsearchMentionStore(replace(cluster, url=proxy.url))
        with pytest.raises(StoreUnavailable):
            store.add(some(50))
        proxy.faults = fault_proxy.Faults()
        result = store.add(some(50))
        assert len(result.unchanged) == 50  # it had arrived
        assert store.count(ALL) == 50
        store.close()


def test_no_index_is_made_by_writing(cluster, elasticsearch_server):
    with open_store(cluster) as store:
        with connect(cluster) as client:
            client.indices.delete(index=schema.index_name(cluster))
        for attempt in (
            lambda: store.add([a_mention("1")]),
            lambda: store.count(ALL),
            lambda: store.status(),
            lambda: store.get(["weibo:1"]),
            lambda: list(store.scan(ALL)),
        ):
            with pytest.raises(SchemaMismatch):
                attempt()
    assert elasticsearch_server.request("GET", f"/{cluster.index}").status_code == 404


def test_a_store_without_its_index_is_not_opened(elasticsearch_server):
    with pytest.raises(SchemaMismatch):
        ElasticsearchMentionStore(cluster_of(elasticsearch_server, "koubei-nowhere"))


def test_a_server_that_is_away_is_told(cluster):
    with open_store(replace(cluster, url="http://127.0.0.1:9")) as store:
        window = replace(ALL, start=NOON - DAY, end=NOON)
        for query in QUERIES.values():
            with pytest.raises(StoreUnavailable):
                query(store, window)
        with pytest.raises(StoreUnavailable):
            store.add(some(1))


def test_who_may_only_read_reads_and_writes_nothing(secured_elasticsearch):
    users = secured_elasticsearch.users
    with new_index(secured_elasticsearch, user=users[WRITER]) as writers:
        with open_store(writers) as store:
            store.add(some(20))
        readers = cluster_of(secured_elasticsearch, writers.index, user=users[READER])
        with open_store(readers) as store:
            window = replace(ALL, start=NOON - DAY, end=NOON)
            assert all(query(store, window) for query in QUERIES.values())
            assert len(list(store.scan(ALL))) == store.status().mentions == 20
            for attempt in (
                lambda: store.add([a_mention("new")]),
                lambda: store.amend("weibo:1", lambda m: replace(m, likes=7)),
                lambda: store.remove(["weibo:1"]),
            ):
                with pytest.raises(StoreError) as refusal:
                    attempt()
                assert not refusal.value.retry


def test_the_form_of_the_index_is_what_the_server_says_it_is(cluster):
    with connect(cluster) as client:
        assert schema.plan(client, cluster) == []
