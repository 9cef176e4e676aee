"""A cluster of three nodes: one of them dies while it is written to, and nobody notices."""

import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from benchmarks import corpus
from domain.queries import MentionFilter
from storage.elasticsearch import schema
from storage.elasticsearch.client import Cluster, connect
from storage.elasticsearch.mentions import ElasticsearchMentionStore
from tests.fixtures.elasticsearch import StartedServer
from tests.fixtures.elasticsearch_files import Unavailable
from tests.fixtures.image import free_port

pytestmark = [pytest.mark.integration, pytest.mark.elasticsearch, pytest.mark.timeout(600)]

VERSION = "9.2.4"
NODES = ("es1", "es2", "es3")
MENTIONS, BATCH = 6_000, 500
EVERYTHING = MentionFilter(public_voice_only=False)


class Node(StartedServer):
    """One of several nodes that find each other."""

    def join(self, name: str, http: int, transport: int, everybody: list[int]) -> None:
        """Be configured as docs/elasticsearch.md says, but for TLS."""
        del self._settings["discovery.type"]
        self._settings |= {
            "node.name": name,
            "http.port": http,
            "transport.port": transport,
            "discovery.seed_hosts": [f"127.0.0.1:{port}" for port in everybody],
            "cluster.initial_master_nodes": list(NODES),
        }
        self._write("elasticsearch.yml", self._settings)
        self._give_away()


@pytest.fixture
def nodes() -> Iterator[dict[str, Node]]:
    started: dict[str, Node] = {}
    everybody = [free_port() for _ in NODES]
    with ExitStack() as stack:
        for name, transport in zip(NODES, everybody, strict=True):
            folder = Path(tempfile.mkdtemp(prefix="koubei-es-"))
            folder.chmod(0o755)
            try:
                node = Node(VERSION, folder, roles={}, heap="512m", quick=True)
            except Unavailable as missing:
                shutil.rmtree(folder, ignore_errors=True)
                pytest.skip(str(missing))
            stack.callback(node.leave)
            node.join(name, free_port(), transport, everybody)
            started[name] = node
        with ThreadPoolExecutor(len(NODES)) as pool:  # none is ready before two of them are
            list(pool.map(Node.start, started.values()))
        yield started


def holders(node: Node) -> dict[str, str]:
    """Return which node holds which copy of the shard: `p` the primary, `r` the replica."""
    told = node.request("GET", "/_cat/shards/koubei-mentions-v*?h=prirep,node,state").text
    rows = (line.split() for line in told.splitlines())
    return {row[0]: row[1] for row in rows if row[-1] == "STARTED"}


def wait_for_green(node: Node, count: int) -> None:
    wanted = f"wait_for_status=green&wait_for_nodes={count}&timeout=50s"
    assert node.request("GET", f"/_cluster/health?{wanted}").status_code == 200


def test_the_death_of_the_node_that_is_written_to_costs_nothing_and_is_no_error(nodes):
    cluster = Cluster(",".join(node.url for node in nodes.values()))
    with ExitStack() as stack:
        client = connect(cluster)
        stack.callback(client.close)
        schema.apply(client, cluster)
        store = ElasticsearchMentionStore(cluster)
        stack.callback(store.close)
        wait_for_green(nodes["es1"], 3)
        # a node that left might come back: else a minute is waited for it
        at_once = {"index.unassigned.node_left.delayed_timeout": "0"}
        nodes["es1"].request("PUT", "/koubei-mentions/_settings", at_once).raise_for_status()
        before = holders(nodes["es1"])
        assert set(before) == {"p", "r"}, "a copy from the first day on"
        mentions = list(corpus.mentions(MENTIONS))
        for start in range(0, MENTIONS, BATCH):
            if start == MENTIONS // 2:
                nodes.pop(before["p"]).kill()
            result = store.add(mentions[start : start + BATCH])
            assert len(result.refused) == 0
            assert store.count(EVERYTHING) == start + BATCH
        left = next(iter(nodes.values()))
        wait_for_green(left, 2)
        after = holders(left)
        assert set(after) == {"p", "r"}, "the copy was made anew"
        assert before["p"] not in after.values()
        stored = {mention.id for mention in store.scan(EVERYTHING)}
        assert stored == {mention.id for mention in mentions}
