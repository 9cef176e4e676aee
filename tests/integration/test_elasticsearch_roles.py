"""The roles that `koubei doctor --elasticsearch-roles` prints, on servers with TLS and login."""

import json
import secrets
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from cli.main import run
from domain.errors import StoreError, StoreUnavailable
from domain.mention import Flag
from domain.queries import Bucket, MentionFilter, Sort
from runtime import clusters
from runtime.check_cluster import cluster_checks
from runtime.checks import Mark
from storage.elasticsearch.client import connect
from storage.elasticsearch.cluster import Cluster, Login, nobody
from storage.elasticsearch.mentions import ElasticsearchMentionStore
from storage.elasticsearch.roles import ADMIN, READER, WRITER, roles
from storage.elasticsearch.schema import MAPPING_VERSION, apply
from tests.fakes import NOON, a_mention
from tests.fixtures.elasticsearch import VERSIONS, StartedServer, User, running

pytestmark = pytest.mark.elasticsearch

ROLES = (ADMIN, WRITER, READER)
INDEX = "koubei-mentions"
OTHER = "payroll"
WINDOW = MentionFilter(start=NOON - timedelta(days=2), end=NOON + timedelta(days=1))


@pytest.fixture(scope="module", params=VERSIONS)
def server(request: pytest.FixtureRequest) -> Iterator[StartedServer]:
    users = [
        User("root", secrets.token_urlsafe(12), ("superuser",)),
        *(User(role, f"口令 {secrets.token_urlsafe(12)}", (role,)) for role in ROLES),
    ]
    with running(request.param, *users, roles=roles(INDEX)) as server:
        server.request("PUT", f"/{OTHER}/_doc/1?refresh=true", {"salary": 1}).raise_for_status()
        yield server


def cluster(server: StartedServer, who: str, **more: object) -> Cluster:
    user = server.users[who]
    login = Login(user.name, user.password)
    made = Cluster(server.url, ca_file=server.ca_file, credentials=lambda: login, replicas=0)
    return replace(made, **more)


@pytest.fixture
def prepared(server: StartedServer) -> Iterator[StartedServer]:
    """A server whose index the administrator's role made."""
    clusters.prepare(cluster(server, ADMIN))
    yield server
    server.request("DELETE", f"/{INDEX}-v2").raise_for_status()


def opened(server: StartedServer, who: str, **more: object):
    return closing(ElasticsearchMentionStore(cluster(server, who, **more)))


def test_the_writer_can_do_everything_that_a_store_does(prepared):
    with opened(prepared, WRITER) as store:
        assert len(store.add(a_mention(str(n), fingerprint=n) for n in range(5)).new) == 5
        assert store.add([a_mention("1", likes=3, collected_at=NOON)]).changed == ("weibo:1",)
        assert store.amend("weibo:2", lambda m: replace(m, flags=frozenset({Flag.SPAM})))
        assert store.remove(["weibo:4"]) == 1
        assert store.get(["weibo:1"])["weibo:1"].likes == 3
        assert store.count(WINDOW) == 3
        assert len(store.search(WINDOW, sort=Sort.REACH).mentions) == 3
        assert store.timeline(WINDOW, Bucket.HOUR) == []
        assert store.summary(WINDOW).count == 3
        assert store.top_terms(WINDOW) == []
        assert store.near([1], since=NOON - timedelta(days=2), distance=0)
        assert len(list(store.scan(WINDOW))) == 3
        assert store.status().mentions == 4
    assert clusters.tend(cluster(prepared, WRITER), datetime.now(UTC), removed=True) == {
        "unexpunged": 0
    }


def test_the_reader_sees_everything_and_writes_nothing(prepared):
    with opened(prepared, WRITER) as store:
        store.add([a_mention("1")])
    with opened(prepared, READER) as store:
        assert store.get(["weibo:1"]).keys() == {"weibo:1"}
        assert store.count(WINDOW) == len(list(store.scan(WINDOW))) == 1
        assert store.summary(WINDOW).count == 1
        assert store.status().mentions == 1
        for write in (
            lambda: store.add([a_mention("2")]),
            lambda: store.amend("weibo:1", lambda m: replace(m, likes=9)),
            lambda: store.remove(["weibo:1"]),
        ):
            with pytest.raises(StoreError, match="privilege is missing") as caught:
                write()
            assert not caught.value.retry
        assert store.get(["weibo:1"])["weibo:1"] == a_mention("1")


def test_reads_are_asked_by_the_reader_and_writes_by_the_writer(prepared):
    reader, writer = (cluster(prepared, who).credentials for who in (READER, WRITER))
    with opened(prepared, WRITER, reader=reader) as store:
        store.add([a_mention("1")])
        assert store.count(WINDOW) == 1
    with opened(prepared, READER, reader=writer) as store, pytest.raises(StoreError):
        store.add([a_mention("2")])


@pytest.mark.parametrize("who", [WRITER, READER, ADMIN])
def test_no_role_reaches_another_index(prepared, who):
    user = prepared.users[who]
    for method, path, body in (
        ("GET", f"/{OTHER}/_search", None),
        ("GET", f"/{OTHER}/_doc/1", None),
        ("GET", f"/{OTHER}/_mapping", None),
        ("PUT", f"/{OTHER}/_doc/2", {"salary": 2}),
        ("DELETE", f"/{OTHER}/_doc/1", None),
        ("DELETE", f"/{OTHER}", None),
        ("PUT", "/koubei-mentions-else/_doc/1", {"x": 1}),
        ("PUT", "/_cluster/settings", {"persistent": {"action.auto_create_index": "false"}}),
    ):
        assert prepared.request(method, path, body, user=user).status_code == 403, path
    everything = prepared.request("GET", "/_search?size=100", user=user).json()
    assert {hit["_index"] for hit in everything["hits"]["hits"]} <= {f"{INDEX}-v2"}


@pytest.mark.parametrize("who", [WRITER, READER])
def test_only_the_administrator_makes_or_removes_an_index(prepared, who):
    user = prepared.users[who]
    for method, path, body in (
        ("DELETE", f"/{INDEX}-v2", None),
        ("PUT", f"/{INDEX}-v2", {}),
        ("PUT", f"/{INDEX}/_settings", {"index.blocks.write": True}),
        ("POST", "/_aliases", {"actions": [{"remove_index": {"index": f"{INDEX}-v2"}}]}),
    ):
        assert prepared.request(method, path, body, user=user).status_code == 403, path
    with connect(cluster(prepared, who)) as client, pytest.raises(StoreError, match="privilege"):
        apply(client, cluster(prepared, who, shards=1, replicas=1))


def test_the_administrator_restores_and_takes_back(prepared, tmp_path):
    from storage.sqlite.mentions import SqliteMentionStore

    file = tmp_path / "m.sqlite"
    with closing(SqliteMentionStore(file)) as source:
        source.add(a_mention(str(n)) for n in range(30))
    admin = cluster(prepared, ADMIN)
    now = datetime(2026, 11, 21, 3, 30, tzinfo=UTC)
    with clusters.filled_index(admin, file, now, lambda _: None) as put_in_use:
        assert clusters.mentions_in(admin) == 0
        assert put_in_use() == f"{INDEX}-v2"
    assert clusters.mentions_in(admin) == 30
    taken = clusters.take_back(admin, now)
    assert (taken.before, taken.after) == (f"{INDEX}-v2-20261121033000", f"{INDEX}-v2")
    assert clusters.tend(admin, now + timedelta(days=15), removed=False) == {"replaced_indices": 1}


def test_the_writer_leaves_an_old_index_to_the_administrator_and_says_so(prepared):
    admin, writer = cluster(prepared, ADMIN), cluster(prepared, WRITER)
    with connect(admin) as client:
        meta = {"program": "koubei", "version": 1, "replaced_at": NOON.isoformat()}
        client.indices.create(index=f"{INDEX}-v2-old", mappings={"_meta": meta})
    later = NOON + timedelta(days=15)
    assert clusters.tend(writer, later, removed=False) == {"replaced_indices_left": 1}
    assert clusters.tend(admin, later, removed=False) == {"replaced_indices": 1}
    assert clusters.tend(admin, later, removed=False) == {}


class TestDoctor:
    """What the check says, and to whom."""

    def checks(self, asked: Cluster) -> dict[str, Mark]:
        return {check.name.en: check.mark for check in cluster_checks(asked)}

    def test_a_writer_finds_all_well(self, prepared):
        reader = cluster(prepared, READER).credentials
        found = {c.name.en: c for c in cluster_checks(cluster(prepared, WRITER, reader=reader))}
        assert found["Elasticsearch"].mark is Mark.OK
        assert prepared.version in found["Elasticsearch"].fact.en
        assert "TLS, user koubei_writer" in found["Elasticsearch"].fact.en
        assert found["mention index"].mark is Mark.OK
        assert found["index privileges"].mark is Mark.OK
        assert found["reader"].mark is Mark.OK
        assert found["cluster's disk"].mark in {Mark.OK, Mark.NOTE}

    def test_a_reader_is_told_what_is_missing(self, prepared):
        found = {c.name.en: c for c in cluster_checks(cluster(prepared, READER))}
        assert found["index privileges"].mark is Mark.FAILED
        assert found["index privileges"].fact.en == "missing: write, maintenance"
        assert "--elasticsearch-roles" in found["index privileges"].mend.en
        assert found["cluster's disk"].mend.en == "cluster privilege monitor"

    def test_a_wrong_password_ends_it_with_what_to_look_at(self, prepared):
        wrong = replace(cluster(prepared, WRITER), credentials=lambda: Login(WRITER, "nö"))
        (check,) = cluster_checks(wrong)
        assert check.mark is Mark.FAILED
        assert "credentials" in check.fact.en
        assert "username/password" in check.mend.en

    def test_nobody_is_asked_to_log_in(self, prepared):
        (check,) = cluster_checks(replace(cluster(prepared, WRITER), credentials=nobody))
        assert "not logged in" in check.fact.en

    def test_a_certificate_of_somebody_else_is_refused(self, prepared, tmp_path):
        file = tmp_path / "other.pem"
        trustme.CA().cert_pem.write_to_path(file)
        (check,) = cluster_checks(replace(cluster(prepared, WRITER), ca_file=file))
        assert check.mark is Mark.FAILED
        assert "certificate" in check.mend.en

    def test_the_system_s_authorities_do_not_vouch_for_it_either(self, prepared):
        asked = replace(cluster(prepared, WRITER), ca_file=None)
        with opened_client(asked) as client, pytest.raises(StoreUnavailable, match="TLS"):
            apply(client, asked)

    def test_a_missing_index_a_blocked_one_and_an_older_one_are_told_apart(self, server):
        admin = cluster(server, ADMIN)
        check = found(admin)
        assert (check.mark, check.mend.en) == (Mark.FAILED, "koubei init")
        clusters.prepare(admin)
        try:
            with connect(admin) as client:
                client.indices.add_block(index=f"{INDEX}-v2", block="write")
                assert found(admin).mend.en == "koubei migrate"
                client.indices.put_settings(index=INDEX, settings={"blocks.write": None})
                older = {"program": "koubei", "version": 99}
                client.indices.put_mapping(index=INDEX, meta=older)
                assert f"this program knows {MAPPING_VERSION}" in found(admin).fact.en
        finally:
            server.request("DELETE", f"/{INDEX}-v2").raise_for_status()


def found(asked: Cluster):
    return next(c for c in cluster_checks(asked) if c.name.en == "mention index")


def opened_client(asked: Cluster):
    return connect(asked)


def test_the_command_prints_what_was_tried_here(capsys, monkeypatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KOUBEI_ELASTICSEARCH__INDEX", "voices")
    assert run(["doctor", "--elasticsearch-roles"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == roles("voices")
    assert printed[WRITER]["indices"][0]["names"] == ["voices", "voices-v*"]
