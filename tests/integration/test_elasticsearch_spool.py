"""The server is killed during a crawl: that goes on, and all of it is stored when it is back."""

from pathlib import Path

import pytest

from domain.brand import Configuration
from domain.coverage import CoverageState
from storage.sql.database import begin_work, migrate, open_database
from tests.fakes import NOON, FixedClock
from tests.fixtures.elasticsearch import VERSIONS, running
from tests.fixtures.elasticsearch_stores import new_index, open_store
from tests.fixtures.spool_house import a_house, found
from tests.unit.monitoring.conftest import CONFIGURATION, WordScorer

pytestmark = [pytest.mark.elasticsearch, pytest.mark.timeout(600)]


def save(begin, configuration: Configuration) -> None:
    with begin() as work:
        work.configuration.save(
            configuration, expected_version=0, actor="test", at=NOON, origin="test"
        )
        work.commit()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_server_killed_during_a_crawl_costs_nothing_but_time(tmp_path: Path, version: str):
    engine = open_database(f"sqlite:///{tmp_path / 'workflow.db'}")
    migrate(engine)
    begin = begin_work(engine)
    save(begin, CONFIGURATION)
    pages = [[found(f"{page}{post:02d}") for post in range(20)] for page in range(5)]
    with running(version) as server, new_index(server) as cluster, open_store(cluster) as store:
        house = a_house(tmp_path / "one", store, begin, WordScorer(), FixedClock(NOON))
        crawl = house.crawl()
        crawl.read(pages[0], last=False)
        server.kill()
        for number, items in enumerate(pages[1:], start=1):
            crawl.read(items, last=number == 4)
        run = crawl.frontier.close(None)
        assert (run.state, run.reason) == (CoverageState.PARTIAL, "spooled")
        assert house.waiting() == 4
        assert house.step.drain().away
        server.restart()
        house.back()
        done = house.step.drain()
        assert (done.looks, done.new, done.left) == (4, 80, 0)
        assert set(house.stored()) == {item.id for items in pages for item in items}
        assert house.ledger() == [("ok", "", 100, 100, 100)]
        # whoever opens the store while the cluster is away can crawl all the same
        server.kill()
        with open_store(cluster) as opened:
            late = a_house(tmp_path / "two", opened, begin, WordScorer(), house.clock, name="two")
            assert late.take(found("999")).spooled == 1
            server.restart()
            late.back()
            assert late.step.drain().looks == 1
            assert "weibo:999" in late.stored()
    engine.dispose()
