"""Ingest over the real embedded stores, with a scorer that is quick and predictable."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import pytest

from domain.brand import Brand, Configuration, OwnAccount, Watch, WatchRule
from domain.mention import Platform
from domain.sentiment import Probabilities, ScoreRequest, Scores
from monitoring.ingest import Ingest
from storage.identity import KeyedMasker
from storage.sql.database import begin_work
from storage.sqlite.mentions import SqliteMentionStore
from tests.fakes import NOON
from tests.fixtures.databases import new_workflow_database

WATCH = Watch(
    "tea",
    "云栈口碑",
    ("tea",),
    ("云栈",),
    ("weibo",),
    rule=WatchRule(any_words=("云栈",), none_words=("云栈道",)),
)
CONFIGURATION = Configuration(
    brands=(
        Brand("tea", "云栈", own_accounts=(OwnAccount(Platform.WEIBO, "777"),)),
        Brand("rival", "半山茶事"),
    ),
    watches=(WATCH,),
)


@dataclass
class WordScorer:
    """Negative when the text holds 虫, else positive; notes what it was asked."""

    asked: list[str] = field(default_factory=list)
    model_id: str = "words-1"

    def score(self, requests: Sequence[ScoreRequest]) -> list[Scores]:
        self.asked += [request.text for request in requests]
        bad, good = Probabilities(0.9, 0.05, 0.05), Probabilities(0.05, 0.05, 0.9)
        return [Scores(bad if "虫" in request.text else good) for request in requests]


@pytest.fixture
def begin(tmp_path):
    engine = new_workflow_database(tmp_path / "workflow.sqlite")
    begin = begin_work(engine)
    with begin() as work:
        work.configuration.save(
            CONFIGURATION, expected_version=0, actor="test", at=NOON, origin="test"
        )
        work.commit()
    yield begin
    engine.dispose()


@pytest.fixture
def store(tmp_path):
    store = SqliteMentionStore(tmp_path / "mentions.sqlite")
    yield store
    store.close()


@pytest.fixture
def scorer():
    return WordScorer()


@pytest.fixture
def ingest(store, begin, scorer):
    return Ingest(store, begin, scorer, KeyedMasker(b"a" * 32, b"s" * 32))


@pytest.fixture
def zone():
    return ZoneInfo("Asia/Shanghai")
