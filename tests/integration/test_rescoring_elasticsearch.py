"""Judging history again in a cluster: people's labels kept, counts equal to a scan."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from analysis.near_copies import fingerprint
from analysis.terms import keywords
from domain.queries import Bucket, MentionFilter
from domain.sentiment import WHOLE_TEXT, Judge, Label, Sentiment
from monitoring.deriving import Deriving, Method
from monitoring.rescoring import Rescoring
from storage.sql.database import begin_work
from tests.contract.naive_store import NaiveMentionStore
from tests.fakes import NOON, FixedClock, a_mention
from tests.fixtures.databases import new_workflow_database
from tests.fixtures.elasticsearch import Server
from tests.fixtures.elasticsearch_stores import NewStore, making_stores
from tests.fixtures.rescoring_process import Model

pytestmark = [pytest.mark.elasticsearch, pytest.mark.integration]

ALL = MentionFilter(public_voice_only=False)
PERSON = Sentiment(Label.NEUTRAL, 0.0, 1.0, "anna", Judge.PERSON)
OLD = Sentiment(Label.POSITIVE, 0.5, 0.8, "old")


@pytest.fixture
def new_store(elasticsearch_server: Server) -> Iterator[NewStore]:
    with making_stores(elasticsearch_server) as make:
        yield make


def test_a_cut_run_goes_on_and_the_counts_are_those_of_a_scan(new_store, tmp_path: Path) -> None:
    store = new_store()
    store.add(
        a_mention(
            str(i),
            text="云栈太贵" if i % 3 == 0 else "云栈好喝",
            published_at=NOON - i * timedelta(seconds=97),
            brand_ids=frozenset({"tea"}),
            sentiment={WHOLE_TEXT: PERSON if i % 50 == 0 else OLD},
        )
        for i in range(1_000)
    )
    engine = new_workflow_database(tmp_path / "workflow.sqlite")
    begin, clock = begin_work(engine), FixedClock(NOON)
    deriving = Deriving(
        store, Model("new"), Method("m1", lambda text, _: keywords(text), fingerprint)
    )
    rescoring = Rescoring(store, begin, clock, deriving, NOON, "test")
    first = rescoring.run_in_use()
    assert first is not None
    cut = rescoring.go_on(first, rest=lambda _: False)
    assert (cut.seen, cut.total) == (200, 1_000)
    # meanwhile a machine with the earlier model sees one of those again
    seen_again = replace(store.get(["weibo:3"])["weibo:3"], likes=5, sentiment={WHOLE_TEXT: OLD})
    store.add([replace(seen_again, collected_at=NOON + timedelta(hours=1))])
    done = rescoring.go_on(cut)
    engine.dispose()
    assert done.finished_at is not None
    found = list(store.scan(ALL))
    assert len(found) == 1_000
    for mention in found:
        number = int(mention.id.partition(":")[2])
        said = mention.sentiment[WHOLE_TEXT]
        assert said == PERSON if number % 50 == 0 else (said.model, said.run) == ("new", 1)
    assert store.get(["weibo:3"])["weibo:3"].likes == 5
    naive = NaiveMentionStore()
    naive.add(found)
    window = MentionFilter("tea", start=NOON - timedelta(days=2), end=NOON + timedelta(hours=1))
    assert store.timeline(window, Bucket.HOUR) == naive.timeline(window, Bucket.HOUR)
    assert store.summary(window).by_label == naive.summary(window).by_label
