"""The store of a team passes the contract on real servers of both majors."""

import secrets
from collections.abc import Callable, Iterator

import pytest

pytest.register_assert_rewrite("tests.contract.mention_store")

from storage.elasticsearch import schema  # noqa: E402
from storage.elasticsearch.client import Cluster, Credentials, Login, connect  # noqa: E402
from storage.elasticsearch.mentions import ElasticsearchMentionStore  # noqa: E402
from tests.contract.mention_store import MentionStoreContract, MentionStoreModel  # noqa: E402
from tests.fixtures.elasticsearch import Server  # noqa: E402

pytestmark = pytest.mark.elasticsearch

NewStore = Callable[[], ElasticsearchMentionStore]


def cluster_of(server: Server, *, user: str | None = None, shards: int = 1) -> Cluster:
    """An index of its own on a server, as one of its users, else the first one."""
    known = server.users.get(user) if user else next(iter(server.users.values()), None)

    def credentials() -> Credentials | None:
        return Login(known.name, known.password) if known else None

    return Cluster(
        url=server.url,
        index=f"koubei-{secrets.token_hex(6)}",
        ca_file=server.ca_file,
        credentials=credentials,
        shards=shards,
        replicas=0,
    )


@pytest.fixture(params=[1, 3], ids=["one shard", "three shards"])
def shards(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def new_store(elasticsearch_server: Server, shards: int) -> Iterator[NewStore]:
    stores: list[ElasticsearchMentionStore] = []
    clusters: list[Cluster] = []

    def make() -> ElasticsearchMentionStore:
        cluster = cluster_of(elasticsearch_server, shards=shards)
        clusters.append(cluster)
        with connect(cluster) as client:
            schema.apply(client, cluster)
        stores.append(ElasticsearchMentionStore(cluster))
        return stores[-1]

    yield make
    for store in stores:
        store.close()
    for cluster in clusters:
        with connect(cluster) as client:
            client.indices.delete(index=schema.index_name(cluster))


class TestElasticsearchMentions(MentionStoreContract):
    """Examples."""


class TestElasticsearchMentionsAgainstTheModel(MentionStoreModel):
    """Random histories."""
