"""The embedded store passes the contract; so does the naive one, which shows that it is no more
than the port says.
"""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from storage.sqlite.mentions import SqliteMentionStore
from tests.contract.mention_store import MentionStoreContract, MentionStoreModel


@pytest.fixture
def new_store(tmp_path: Path) -> Iterator[Callable[[], SqliteMentionStore]]:
    stores: list[SqliteMentionStore] = []
    numbers = count()

    def make() -> SqliteMentionStore:
        stores.append(SqliteMentionStore(tmp_path / f"mentions-{next(numbers)}.db"))
        return stores[-1]

    yield make
    for store in stores:
        store.close()


class TestSqliteMentions(MentionStoreContract):
    """Examples."""


class TestSqliteMentionsAgainstTheModel(MentionStoreModel):
    """Random histories."""
