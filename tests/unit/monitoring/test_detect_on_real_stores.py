"""The detector on the embedded stores and the real mail, as it runs on one machine."""

from concurrent.futures import ThreadPoolExecutor
from zoneinfo import ZoneInfo

import pytest

from delivery.render import render_alert
from domain.audit import first_broken
from monitoring.detect import Detector
from storage.sql.database import begin_work
from storage.sqlite.mentions import SqliteMentionStore
from tests.fixtures.databases import new_workflow_database
from tests.unit.monitoring.test_detect import HOUR, WEIBO, ZHIHU, World


@pytest.fixture(name="services")
def make_services(tmp_path):
    world = World(WEIBO, ZHIHU)
    engine = new_workflow_database(tmp_path / "workflow.db")
    begin = begin_work(engine)
    with begin() as work:
        work.configuration.save(
            world.database.configuration,
            expected_version=0,
            actor="test",
            at=world.clock.now(),
            origin="test",
        )
        work.commit()
    store = SqliteMentionStore(tmp_path / "mentions.db")
    yield world, store, begin
    store.close()
    engine.dispose()


def evaluate(world, store, begin):
    detector = Detector(
        store,
        begin,
        world.clock,
        render=render_alert,
        zone=ZoneInfo("Asia/Shanghai"),
        public_url="https://koubei.example.org",
    )
    return detector.evaluate()


def keep(world, store, begin):
    """Write what happened in the world into the real stores."""
    assert store.add(world.store.mentions).refused == ()
    with begin() as work:
        for row in world.database.coverage:
            work.coverage.record(row)
        work.commit()


def test_a_spike_opens_grows_and_closes_with_a_mail_each(services):
    world, store, begin = services
    for count in (40, 85, *[0] * 8):
        world.pass_hour(weibo=count, zhihu=1)
        keep(world, store, begin)
        evaluate(world, store, begin)

    with begin() as work:
        (signal,) = work.signals.recent()
        mails = [work.outbox.recent()[::-1]][0]
        assert first_broken(work.audit.rows()) is None
    assert (signal.state, signal.epoch, signal.peak_observed) == ("closed", 3, 86)
    assert [mail.epoch for mail in mails] == [1, 2, 3]
    assert [mail.thread for mail in mails] == ["", mails[0].key, mails[0].key]
    assert "云栈奶茶" in mails[0].rendered.subject
    assert all(mail.rendered.html for mail in mails)


def test_two_detectors_at_once_open_one_signal_on_the_real_database(services):
    world, store, begin = services
    world.pass_hour(weibo=40, zhihu=1)
    keep(world, store, begin)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(evaluate, world, store, begin) for _ in range(4)]:
            done.result()

    with begin() as work:
        assert len(work.signals.recent()) == 1
        assert len(work.outbox.recent()) == 1


def test_the_real_store_and_the_fake_give_the_same_decisions(services):
    world, store, begin = services
    world.pass_hour(weibo=40, zhihu=2)
    keep(world, store, begin)
    world.clock.forward(HOUR / 3)

    real, fake = evaluate(world, store, begin), world.evaluate()

    assert [(e.platform, e.bin_end, e.outcome, e.figures) for e in real] == [
        (e.platform, e.bin_end, e.outcome, e.figures) for e in fake
    ]
