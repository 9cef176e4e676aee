"""Units that only read: one moment, no waiting, no writing."""

import pytest

from domain.crawl import Slot
from domain.errors import StoreError
from storage.sql.database import begin_reading, begin_work
from tests.fakes import NOON
from tests.fixtures.databases import new_workflow_database


@pytest.fixture
def engine(tmp_path):
    engine = new_workflow_database(tmp_path / "workflow.sqlite")
    yield engine
    engine.dispose()


def slots(begin) -> list[Slot]:
    with begin() as work:
        return work.slots.latest()


def test_a_reader_does_not_wait_for_a_writer_and_sees_what_was_committed(engine):
    reading, writing = begin_reading(engine), begin_work(engine)
    with writing() as work:
        work.slots.ensure("detect", NOON)
        assert slots(reading) == []
        work.commit()
    assert [slot.job for slot in slots(reading)] == ["detect"]


def test_a_reader_sees_one_moment(engine):
    with begin_reading(engine)() as reader:
        assert reader.slots.latest() == []
        with begin_work(engine)() as work:
            work.slots.ensure("detect", NOON)
            work.commit()
        assert reader.slots.latest() == []


def test_a_reader_cannot_write(engine):
    with begin_reading(engine)() as reader, pytest.raises(StoreError):
        reader.slots.ensure("detect", NOON)
