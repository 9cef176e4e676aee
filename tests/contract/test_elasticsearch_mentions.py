"""The store of a team passes the contract on real servers of both majors: as whoever comes on one
shard, and over TLS as a user who may only write the index, on three.
"""

from collections.abc import Iterator

import pytest

from tests.contract.mention_store import MentionStoreContract, MentionStoreModel
from tests.fixtures.elasticsearch import WRITER, Server
from tests.fixtures.elasticsearch_stores import NewStore, making_stores

pytestmark = pytest.mark.elasticsearch


class OnAPlainServer:
    """One shard, no login."""

    is_model = False

    @pytest.fixture
    def new_store(self, elasticsearch_server: Server) -> Iterator[NewStore]:
        with making_stores(elasticsearch_server, one_at_a_time=self.is_model) as make:
            yield make


class OverTls:
    """Three shards, as who may write this index and nothing else."""

    is_model = False

    @pytest.fixture
    def new_store(self, secured_elasticsearch: Server) -> Iterator[NewStore]:
        user = secured_elasticsearch.users[WRITER]
        with making_stores(
            secured_elasticsearch, user=user, shards=3, one_at_a_time=self.is_model
        ) as make:
            yield make


class TestElasticsearchMentions(OnAPlainServer, MentionStoreContract):
    """Examples."""


class TestElasticsearchMentionsOverTls(OverTls, MentionStoreContract):
    """Examples."""


@pytest.mark.timeout(900)
class TestElasticsearchMentionsAgainstTheModel(OnAPlainServer, MentionStoreModel):
    """Random histories."""

    is_model = True
    examples = 15


@pytest.mark.timeout(900)
class TestElasticsearchMentionsOverTlsAgainstTheModel(OverTls, MentionStoreModel):
    """Random histories."""

    is_model = True
    examples = 15
