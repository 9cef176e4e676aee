"""The server is killed again and again while 100,000 mentions are written: none is lost, none is
doubled, and what was acknowledged is there right after the restart.
"""

import hashlib
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import islice

import pytest

from benchmarks import corpus
from domain.errors import StoreUnavailable
from domain.mention import Mention
from domain.queries import Bucket, MentionFilter
from storage.elasticsearch.documents import encode
from storage.elasticsearch.mentions import ElasticsearchMentionStore
from tests.fixtures.elasticsearch import VERSIONS, StartedServer, running
from tests.fixtures.elasticsearch_stores import new_index, open_store

pytestmark = [pytest.mark.integration, pytest.mark.elasticsearch, pytest.mark.timeout(1500)]

ROWS = int(os.environ.get("KOUBEI_TEST_INGEST_ROWS", "100000"))
KILLS = 3
BATCH = 500
ALL = MentionFilter(public_voice_only=False)


def test_a_killed_server_loses_and_doubles_nothing(figure: Callable[[str], None]) -> None:
    version = VERSIONS[-1]
    with running(version, heap="1g") as server, ExitStack() as stack:
        store = stack.enter_context(open_store(stack.enter_context(new_index(server))))
        writer = Writer(store)
        killer = Killer(server, writer)
        killer.start()
        began = time.monotonic()
        writer.write(corpus.mentions(ROWS))
        took = time.monotonic() - began
        killer.join()
        assert killer.kills == KILLS
        assert writer.retries >= 1, "no write met a server that was away"
        written = checksum(corpus.mentions(ROWS))
        stored = checksum(store.scan(ALL))
        assert Counter(stored) == Counter(written)
        assert store.count(ALL) == store.status().mentions == ROWS
        assert hours(store) == hours_of(corpus.mentions(ROWS))
    figure(
        f"{version}: {ROWS:,} mentions written in {took:.0f} s through {killer.kills} kill -9 "
        f"({writer.retries} calls repeated); 0 lost, 0 doubled; SHA-256 "
        f"{digest(stored)} read, {digest(written)} written"
    )


class Writer:
    """Writes as an ingest does: what was not acknowledged is written again."""

    def __init__(self, store: ElasticsearchMentionStore) -> None:
        self.store = store
        self.acknowledged = 0
        self.retries = 0
        self.last: list[Mention] = []

    def write(self, mentions: Iterator[Mention]) -> None:
        while batch := list(islice(mentions, BATCH)):
            self.add(batch)
            self.acknowledged += len(batch)
            self.last = batch

    def add(self, batch: list[Mention]) -> None:
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            try:
                result = self.store.add(batch)
            except StoreUnavailable:
                self.retries += 1
                self.check_last()
            else:
                assert not result.refused
                return
        raise AssertionError("the server did not come back")

    def check_last(self) -> None:
        """Wait for the server, and see that what it acknowledged before it died is there."""
        while True:
            try:
                found = self.store.get(mention.id for mention in self.last)
            except StoreUnavailable:
                time.sleep(0.2)
            else:
                assert found.keys() == {mention.id for mention in self.last}
                return


class Killer(threading.Thread):
    """Kills the server at moments of its own choice, and starts it again."""

    def __init__(self, server: StartedServer, writer: Writer) -> None:
        super().__init__()
        self.server = server
        self.writer = writer
        self.kills = 0

    def run(self) -> None:
        chance = random.Random(20261121)
        for kill in range(1, KILLS + 1):
            while self.writer.acknowledged < ROWS * kill // (KILLS + 1):
                time.sleep(0.02)
            time.sleep(chance.uniform(0.0, 0.4))
            self.server.kill()
            self.kills += 1
            self.server.start()


def checksum(mentions: Iterator[Mention]) -> list[tuple[str, str]]:
    """Return each mention's id with the hash of all that it says, by id."""
    return sorted((m.id, hashlib.sha256(encode(m).body).hexdigest()) for m in mentions)


def digest(sums: list[tuple[str, str]]) -> str:
    return hashlib.sha256(repr(sums).encode()).hexdigest()[:16]


def hours(store: ElasticsearchMentionStore) -> Counter[tuple[object, ...]]:
    window = MentionFilter(start=corpus.START, end=corpus.END, public_voice_only=False)
    points = store.timeline(window, Bucket.HOUR)
    return Counter({(p.start, p.platform, p.label): p.count for p in points})


def hours_of(mentions: Iterator[Mention]) -> Counter[tuple[object, ...]]:
    return Counter(
        (m.published_at.replace(minute=0, second=0), m.platform, m.label_towards(""))
        for m in mentions
    )
