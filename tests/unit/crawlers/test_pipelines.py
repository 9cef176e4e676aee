"""Tests of crawlers/pipelines.py: which items of a list have their own pages opened."""

from dataclasses import replace

import pytest

from crawlers.pipelines import Intake
from domain.page import Page, PageState
from storage.sql.database import begin_work
from storage.sqlite.mentions import SqliteMentionStore
from tests.fakes import NOON, FixedClock
from tests.fixtures.away import FickleStore
from tests.fixtures.databases import new_workflow_database
from tests.fixtures.spool_house import WATCH, a_house, found
from tests.unit.monitoring.conftest import WordScorer

UNTIMED = found("2", published_at=None)


@pytest.fixture
def house(tmp_path):
    engine = new_workflow_database(tmp_path / "workflow.sqlite")
    store = SqliteMentionStore(tmp_path / "mentions.sqlite")
    begin, clock = begin_work(engine), FixedClock(NOON)
    yield a_house(tmp_path / "one", FickleStore(store), begin, WordScorer(), clock)
    store.close()
    engine.dispose()


def opened(house, *items):
    """The ids of those whose own pages are opened."""
    crawl = house.crawl()
    intake = Intake(crawl, crawl.frontier, WATCH, None)
    return [one.id for one in intake.lacking_time(Page("weibo_hot", PageState.OK, items))]


def test_what_a_list_does_not_date_has_its_own_page_opened(house):
    others = [
        found("1"),
        found("3", text="别家的茶", published_at=None),
        found("4", published_at=None, embedded=True),
    ]
    assert opened(house, UNTIMED, *others) == [UNTIMED.id]


def test_what_is_stored_is_not_opened_again(house):
    house.take(replace(UNTIMED, published_at=NOON))
    assert opened(house, UNTIMED) == []


def test_without_the_store_an_item_is_opened_once_too_often_rather_than_never(house):
    house.take(replace(UNTIMED, published_at=NOON))
    house.store.away = True
    assert opened(house, UNTIMED) == [UNTIMED.id]
