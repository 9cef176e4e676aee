"""What every workflow database has to do with reports."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from domain.errors import VersionConflict
from domain.ports import BeginWork
from domain.report import Report, ReportKind, ReportState
from tests.fakes import NOON
from tests.fixtures.reports import WEEK, a_report
from tests.fixtures.strategies import values_of


class ReportContract:
    """Reports: one a period and brand, changed only from the version that was read."""

    def test_a_report_comes_back_whole(self, begin: BeginWork) -> None:
        with begin() as work:
            assert work.reports.add(a_report())
            work.commit()
        with begin() as work:
            assert work.reports.get(a_report().id) == a_report()
            assert work.reports.exists(a_report().id)
            assert work.reports.get("R-2026-W01-yunzhan") is None
            assert not work.reports.exists("R-2026-W01-yunzhan")

    def test_a_period_and_brand_have_one_report_and_the_first_stays(self, begin: BeginWork) -> None:
        with begin() as work:
            assert work.reports.add(a_report())
            assert not work.reports.add(a_report(created_at=NOON))
            assert not work.reports.add(a_report(id="another"))
            assert work.reports.recent() == [a_report()]

    def test_saving_over_somebody_elses_version_is_a_conflict(self, begin: BeginWork) -> None:
        with begin() as work:
            work.reports.add(a_report())
            saved = work.reports.save(a_report(state=ReportState.REVIEWED))
            assert saved.version == 1
            assert work.reports.get(saved.id) == saved
            with pytest.raises(VersionConflict) as conflict:
                work.reports.save(a_report(state=ReportState.SENT))
            assert (conflict.value.expected, conflict.value.found) == (0, 1)
            with pytest.raises(VersionConflict):
                work.reports.save(a_report(id="nobody"))

    def test_reports_are_listed_newest_period_first_and_by_kind(self, begin: BeginWork) -> None:
        reports = [a_report(WEEK.back(n)) for n in (2, 0, 1)]
        day = replace(WEEK, kind=ReportKind.DAY)
        with begin() as work:
            for report in (*reports, a_report(day, id="R-day")):
                work.reports.add(report)
            weeks = work.reports.recent(kind=ReportKind.WEEK)
            assert [r.id for r in weeks] == [reports[1].id, reports[2].id, reports[0].id]
            assert len(work.reports.recent()) == 4
            assert len(work.reports.recent(limit=2)) == 2

    @settings(
        max_examples=15,
        deadline=None,
        suppress_health_check=[
            HealthCheck.differing_executors,
            HealthCheck.function_scoped_fixture,
            HealthCheck.too_slow,
            HealthCheck.data_too_large,
        ],
    )
    @given(report=values_of(Report))
    def test_every_field_of_a_report_comes_back(self, begin: BeginWork, report: Report) -> None:
        with begin() as work:
            work.reports.add(report)
            assert work.reports.get(report.id) == report
