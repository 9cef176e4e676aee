"""A real index becomes one of the next version while people read and a process writes."""

import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from elasticsearch import ApiError

from domain.errors import SchemaMismatch, StoreError, StoreUnavailable, Text
from domain.mention import Flag
from domain.queries import MentionFilter, Sort
from storage.elasticsearch import migration
from storage.elasticsearch.client import connect
from storage.elasticsearch.cluster import Cluster
from storage.elasticsearch.mentions import ElasticsearchMentionStore
from storage.elasticsearch.schema import Step, apply, check, find, make_index, plan
from storage.elasticsearch.switching import remove_replaced, replaced, switch
from tests.fakes import a_mention
from tests.fixtures.elasticsearch import Server
from tests.fixtures.mention_writer import a_look
from tests.fixtures.next_version import NEXT, migrate, next_form

pytestmark = pytest.mark.elasticsearch

ROOT = Path(__file__).resolve().parents[2]
EVERYTHING = MentionFilter(public_voice_only=False)
MENTIONS = 4000


@pytest.fixture(params=[1, 3], ids=["one shard", "three shards"])
def cluster(elasticsearch_server: Server, request: pytest.FixtureRequest) -> Iterator[Cluster]:
    if elasticsearch_server.users:
        pytest.skip("its processes log in as nobody; mend: a server without users")
    index = f"koubei-{secrets.token_hex(6)}"
    made = Cluster(elasticsearch_server.url, index=index, shards=request.param, replicas=0)
    with connect(made) as client:
        apply(client, made)
        yield made
        for name in client.indices.get(index=f"{index}-v*"):
            client.indices.delete(index=name)


@pytest.fixture
def client(cluster: Cluster):
    with connect(cluster) as client:
        yield client


@pytest.fixture
def store(cluster: Cluster):
    with closing(ElasticsearchMentionStore(cluster)) as store:
        yield store


def fill(cluster: Cluster, mentions: int = MENTIONS) -> None:
    with closing(ElasticsearchMentionStore(cluster)) as store:
        store.add(a_look(number, 0) for number in range(mentions))


@dataclass
class Reader:
    """Somebody who looks all the time and notes every error, and a number that fell."""

    cluster: Cluster
    errors: list[str] = field(default_factory=list)
    looks: int = 0

    def __post_init__(self) -> None:
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def end(self) -> None:
        self._ended.set()
        self._thread.join()

    def _read(self) -> None:
        with closing(ElasticsearchMentionStore(self.cluster)) as store:
            while not self._ended.is_set():
                try:
                    self._look(store)
                except StoreError as error:
                    self.errors.append(str(error))
                self.looks += 1

    def _look(self, store: ElasticsearchMentionStore) -> None:
        # what the writer removes and adds again is a few: half of all would be an empty index
        if store.count(EVERYTHING) < MENTIONS // 2:
            self.errors.append("mentions were missing")
        page = store.search(EVERYTHING, limit=20, sort=Sort.NEWEST)
        store.search(EVERYTHING, limit=20, sort=Sort.NEWEST, after=page.after)
        store.summary(replace(EVERYTHING, words=("奶茶",)))


@dataclass
class Writing:
    """The process that writes, and what it said was done."""

    process: subprocess.Popen[str]
    told: Path

    @classmethod
    def begin(cls, cluster: Cluster, seed: int, folder: Path) -> "Writing":
        told = folder / "told"
        command = ["tests.fixtures.mention_writer", cluster.url, cluster.index, str(seed)]
        with told.open("w") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=ROOT,
                text=True,
                stdin=subprocess.PIPE,
                stdout=out,
            )
        while not told.stat().st_size:
            assert process.poll() is None
            time.sleep(0.05)
        return cls(process, told)

    def end(self) -> list[list[str]]:
        self.process.communicate(timeout=120)
        assert self.process.returncode == 0
        return [line.split() for line in self.told.read_text().splitlines()]


def test_nothing_is_lost_doubled_or_unread_while_everybody_goes_on(
    cluster, client, store, tmp_path
):
    fill(cluster)
    writing, reader = Writing.begin(cluster, 7, tmp_path), Reader(cluster)
    done = migrate(cluster)
    told = writing.end()
    reader.end()
    assert reader.errors == []
    assert reader.looks > 5
    assert done is not None
    assert done.after == f"{cluster.index}-v{NEXT}"
    assert done.blocked < timedelta(seconds=30)
    assert len(told) > 100
    assert_same(store, told)
    lengths = client.search(
        index=done.after,
        query={"bool": {"must_not": {"exists": {"field": "koubei.length"}}}},
        size=0,
        track_total_hits=True,
    )
    written_since = lengths["hits"]["total"]["value"]
    assert client.count(index=cluster.index)["count"] - written_since >= MENTIONS // 2
    with pytest.raises(SchemaMismatch, match="this program knows"):
        check(client, cluster)


def assert_same(store: ElasticsearchMentionStore, told: list[list[str]]) -> None:
    """Whether the store holds what the writer was told that it holds, and each once."""
    likes = {f"weibo:{number}": 0 for number in range(MENTIONS)}
    spam: set[str] = set()
    for sign, mention_id, *more in told:
        if sign == "+":
            likes[mention_id] = int(more[0])
        elif sign == "~":
            spam.add(mention_id)
        else:
            likes.pop(mention_id, None)
            spam.discard(mention_id)
    held = list(store.scan(EVERYTHING))
    ids = [mention.id for mention in held]
    assert len(ids) == len(set(ids))
    assert {mention.id: mention.likes for mention in held} == likes
    assert {m.id for m in held if Flag.SPAM in m.flags} >= spam & set(ids)


def test_a_migration_that_was_killed_goes_on_where_it_was(cluster, client, store):
    fill(cluster, 6000)
    command = [sys.executable, "-m", "tests.fixtures.next_version", cluster.url, cluster.index]
    for lines in (3, 9):
        process = subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE)
        assert process.stdout is not None
        for _ in range(lines):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert find(client, cluster).version == NEXT - 1
    store.remove(["weibo:5"])
    store.add([a_look(6, 9), a_mention("9999999")])
    copied: list[int] = []
    done = migrate(cluster, told=lambda more, _: copied.append(more))
    assert done is not None
    assert done.mentions == 6000
    assert sum(copied) < 6000 + migration.BATCH
    assert store.get(["weibo:5", "weibo:6"]).keys() == {"weibo:6"}
    assert store.get(["weibo:6"])["weibo:6"].likes == 9
    assert client.indices.get_mapping(index=done.after)[done.after]["mappings"]["_meta"] == {
        "program": "koubei",
        "version": NEXT,
    }


def test_a_mention_that_was_removed_and_came_again_is_the_new_one(cluster, client, store):
    """Its versions begin anew, below the one that was copied: the newer document has to win."""
    store.add([a_look(1, 1)])
    for likes in range(2, 6):
        store.add([a_look(1, likes)])
    steps = iter(range(10))

    def renew() -> None:
        if next(steps) == 1:  # between the first pass and the second
            store.remove(["weibo:1"])
            client.indices.put_settings(index=cluster.index, settings={"gc_deletes": "0s"})
            client.indices.refresh(index=cluster.index)
            store.add([a_look(1, 1), a_look(2, 1)])

    store.add([a_look(3, 1)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migration, "LITTLE", 0)
        patch.setattr(migration, "BATCH", 1)
        done = migrate(cluster, renew=renew)
    assert done is not None
    assert store.get(["weibo:1"])["weibo:1"].likes == 1
    assert store.count(EVERYTHING) == 3


def test_writes_go_on_when_the_last_pass_fails_and_the_old_index_stays(
    cluster, client, store, monkeypatch
):
    fill(cluster, 100)

    def refuse(*_: object) -> int:
        raise StoreUnavailable(Text("断了", "gone"))

    monkeypatch.setattr(migration.Migration, "_compare", refuse)
    with pytest.raises(StoreUnavailable):
        migrate(cluster)
    assert store.add([a_mention("new")]).new == ("weibo:new",)
    assert find(client, cluster).version == NEXT - 1
    monkeypatch.undo()
    assert migrate(cluster).mentions == 101


def test_a_document_that_the_new_index_refuses_stops_it_with_its_id_and_no_text(
    cluster, store, monkeypatch
):
    store.add([a_mention("1", text="不能说的话")])
    monkeypatch.setattr(
        "tests.fixtures.next_version.with_length",
        lambda _: lambda source: {**source, "unheard": "不能说的话"},
    )
    with pytest.raises(StoreError, match="refuses weibo:1") as caught:
        migrate(cluster)
    assert "不能说" not in caught.value.sentence("zh")
    assert store.count(EVERYTHING) == 1


def test_a_second_migration_has_nothing_to_do(cluster):
    fill(cluster, 10)
    assert migrate(cluster) is not None
    assert migrate(cluster) is None


def test_the_index_before_stays_as_the_way_back_and_goes_in_time(cluster, client, store):
    fill(cluster, 10)
    done = migrate(cluster)
    assert done is not None
    (before,) = replaced(client, cluster)
    assert (before.name, before.version) == (done.before, NEXT - 1)
    with pytest.raises(ApiError, match="cluster_block_exception"):
        client.index(index=before.name, id="x", document={})
    store.add([a_mention("since")])
    now = datetime.now(UTC)
    switch(client, cluster, before.name, now)
    check(client, cluster)
    assert store.count(EVERYTHING) == 10
    assert store.add([a_mention("again")]).new == ("weibo:again",)
    assert [one.name for one in replaced(client, cluster)] == [done.after]
    assert remove_replaced(client, cluster, now - timedelta(days=1)) == []
    assert remove_replaced(client, cluster, now + timedelta(days=1)) == [done.after]
    assert store.count(EVERYTHING) == 11
    again = migrate(cluster)
    assert again is not None
    assert again.mentions == 11


class TestForm:
    """What `koubei init` finds and does."""

    def test_an_index_is_made_once_and_then_left_as_it_is(self, cluster, client):
        assert plan(client, cluster) == []
        assert apply(client, cluster) == []
        check(client, cluster)

    def test_a_field_more_is_added_in_place(self, cluster, client):
        more = next_form(cluster)
        same_version = {**more.mapping, "_meta": {"program": "koubei", "version": NEXT - 1}}
        form = replace(more, mapping=same_version)
        (change,) = plan(client, cluster, form)
        assert (change.step, change.name) == (Step.ADD, "koubei.length")
        apply(client, cluster, form)
        assert plan(client, cluster, form) == []

    def test_a_setting_that_differs_is_set_and_a_fixed_one_waits(self, cluster, client):
        wanted = replace(cluster, shards=5, replicas=1)
        changes = {change.name: change.step for change in apply(client, wanted)}
        assert changes == {"number_of_shards": Step.DIFFER, "number_of_replicas": Step.SET}
        assert {change.name for change in plan(client, wanted)} == {"number_of_shards"}

    def test_a_field_of_another_kind_waits_for_the_next_version(self, cluster, client):
        more = next_form(cluster)
        message = {"message": {"type": "keyword"}}
        mapping = {
            **more.mapping,
            "_meta": {"program": "koubei", "version": NEXT - 1},
            "properties": {**more.mapping["properties"], **message},
        }
        found = apply(client, cluster, replace(more, mapping=mapping))
        steps = {change.name: change.step for change in found}
        assert steps == {"message": Step.DIFFER, "koubei.length": Step.ADD}

    def test_the_next_version_is_left_to_migrate(self, cluster, client):
        (change,) = apply(client, cluster, next_form(cluster))
        assert (change.step, change.there) == (Step.MIGRATE, f"{cluster.index}-v{NEXT - 1}")

    def test_an_older_program_is_told_to_stay_away(self, cluster, client):
        migrate(cluster)
        for refuse in (plan, apply, check):
            with pytest.raises(SchemaMismatch, match="knows") as caught:
                refuse(client, cluster)
            assert "upgrade koubei" in str(caught.value)

    def test_an_index_that_is_not_there_is_named_with_what_makes_it(self, cluster, client):
        with pytest.raises(SchemaMismatch, match="koubei init"):
            check(client, replace(cluster, index="koubei-nowhere"))

    def test_a_name_that_something_else_has_is_left_alone(self, cluster, client):
        other = f"{cluster.index}-vx"
        make_index(client, other, form=replace(next_form(cluster), mapping={}))
        taken = replace(cluster, index=other)
        for refuse in (plan, apply, check):
            with pytest.raises(SchemaMismatch, match="not ours"):
                refuse(client, taken)
