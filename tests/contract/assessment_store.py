"""What every workflow database does with signed sheets; a subclass gives `engine`."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from domain.assessment import Assessment
from domain.errors import VersionConflict
from domain.ports import BeginWork
from storage.sql.database import begin_work
from tests.fakes import NOON
from tests.fixtures.sheets import a_sheet, a_snapshot, a_source

DAY = timedelta(days=1)


def sheet(number: int, **changes: object) -> Assessment:
    at = NOON + number * DAY
    values = {"id": f"P-{number:02}", "signed_at": at, "valid_until": at + 180 * DAY, **changes}
    return a_sheet(**values)


class AssessmentStoreContract:
    @pytest.fixture
    def begin(self, engine: Engine) -> BeginWork:
        return begin_work(engine)

    def test_a_sheet_comes_back_whole(self, begin: BeginWork) -> None:
        signed = sheet(1, robots=a_snapshot("User-agent: *\r\n# 中文\x00\nDisallow: /\n"))
        with begin() as work:
            work.assessments.add(signed)
            work.commit()
        with begin() as work:
            assert work.assessments.get("P-01") == signed
            assert work.assessments.get("P-02") is None
            assert work.assessments.current("nosuch") is None

    def test_the_newest_sheet_of_a_source_speaks_for_it(self, begin: BeginWork) -> None:
        other = a_source(id="zhihu-search")
        with begin() as work:
            for one in (sheet(2), sheet(3), sheet(1)):
                work.assessments.add(one)
            work.assessments.add(a_sheet(other, id="P-09", signed_at=NOON))
            current = work.assessments.current("weibo-search")
            assert current is not None
            assert current.id == "P-03"
            assert [s.id for s in work.assessments.history("weibo-search")] == [
                "P-03",
                "P-02",
                "P-01",
            ]
            assert [s.id for s in work.assessments.newest()] == ["P-03", "P-09"]

    def test_a_withdrawal_is_written_once(self, begin: BeginWork) -> None:
        with begin() as work:
            work.assessments.add(sheet(1))
            read = work.assessments.get("P-01")
            assert read is not None
            gone = replace(read, withdrawn_at=NOON, withdrawn_by="lin", withdrawn_reason="停止监测")
            assert work.assessments.save(gone).version == 1
            with pytest.raises(VersionConflict):
                work.assessments.save(gone)
            with pytest.raises(VersionConflict):
                work.assessments.add(sheet(1))
            assert work.assessments.current("weibo-search") == replace(gone, version=1)

    def test_numbers_are_given_out_by_day(self, begin: BeginWork) -> None:
        with begin() as work:
            assert work.assessments.next_id("20261121") == "P-20261121-01"
            assert work.assessments.next_id("20261121") == "P-20261121-02"
            assert work.assessments.next_id("20261122") == "P-20261122-01"

    def test_a_sheet_goes_when_it_has_been_over_long_enough(self, begin: BeginWork) -> None:
        withdrawn = sheet(3, withdrawn_at=NOON + 4 * DAY)
        with begin() as work:
            for one in (sheet(1), sheet(2), withdrawn):
                work.assessments.add(one)
            assert work.assessments.prune(NOON + 5 * DAY) == 1
            assert work.assessments.prune(NOON + 182 * DAY) == 1
            assert [s.id for s in work.assessments.history("weibo-search")] == ["P-02"]
