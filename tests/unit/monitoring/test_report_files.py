"""The files of a report: what cannot be made is named, what is wrong is an error."""

from dataclasses import replace

import pytest

from domain.errors import BrowserMissing, ConfigurationError, Text
from domain.report import Report, ReportKind, report_id
from monitoring import report_files
from monitoring.report import build_snapshot
from monitoring.report_files import Look, build_files
from tests.fixtures.report_world import CONFIGURATION, MONDAY_MORNING, WEEK, a_usual_week, a_world

LOOK = Look(public_url="https://koubei.example")


@pytest.fixture(name="world")
def make_world(tmp_path):
    with a_world(tmp_path) as world:
        a_usual_week(world)
        yield world


def a_report(world):
    snapshot = build_snapshot(world.store, world.reading, WEEK, "tea", MONDAY_MORNING)
    return Report(report_id(WEEK, "tea"), snapshot, MONDAY_MORNING)


def no_browser(html):
    raise BrowserMissing(Text("没有找到 Chromium", "no Chromium was found"))


def test_all_files_are_named_after_the_report(world):
    built = build_files(
        a_report(world), CONFIGURATION, world.store, LOOK, lambda html: html[:9].encode()
    )
    endings = ("html", "docx", "pdf", "xlsx")
    assert list(built.files) == [f"R-2026-W46-tea.{ending}" for ending in endings]
    assert built.left_out == []
    assert all(built.files.values())


def test_without_a_browser_the_pdf_is_left_out_and_the_rest_is_there(world):
    built = build_files(a_report(world), CONFIGURATION, world.store, LOOK, no_browser)
    assert "R-2026-W46-tea.pdf" not in built.files
    assert len(built.files) == 3
    ((part, why),) = built.left_out
    assert part == "pdf"
    assert "Chromium" in why.zh


def test_without_the_renderer_the_charts_are_left_out_and_said(world, monkeypatch):
    monkeypatch.setattr(report_files, "pictures_of", lambda *_: ())
    built = build_files(a_report(world), CONFIGURATION, world.store, LOOK, lambda _: b"%PDF")
    assert [part for part, _ in built.left_out] == ["PNG"]
    assert len(built.files) == 4


def test_a_wrong_template_is_an_error_and_not_a_missing_file(world, tmp_path):
    look = replace(LOOK, template=tmp_path / "none.docx")
    with pytest.raises(ConfigurationError):
        build_files(a_report(world), CONFIGURATION, world.store, look, no_browser)


def test_the_reminder_opens_the_report_and_says_who_has_to_do_what(world):
    report = a_report(world)
    assert report.kind is ReportKind.WEEK
    account = world.account("ana")
    mail = LOOK.reminder(report, account)
    assert "研判与建议" in mail.text
    assert "https://koubei.example/reports?id=R-2026-W46-tea" in mail.text
