"""`koubei report` over real stores in a folder."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
import typer
from typer.testing import CliRunner

from cli import report as command
from cli.help import CommandLine
from domain.errors import ConfigurationError
from runtime.settings import load_settings
from runtime.wiring import open_services
from tests.fakes import FixedClock
from tests.fixtures.databases import lay_workflow_database
from tests.fixtures.report_world import CONFIGURATION, MONDAY_MORNING, WEEK, World, a_usual_week
from workflow.reports import NotReady

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture(name="run")
def make_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lay_workflow_database(tmp_path / "var" / "workflow.sqlite")
    monkeypatch.setenv("KOUBEI_LANGUAGE", "zh")
    monkeypatch.setenv("KOUBEI_BROWSER__ENABLED", "false")
    clock = FixedClock(MONDAY_MORNING)
    with open_services(load_settings(), clock) as services:
        world = World(services.store, services.begin_work, services.begin_reading)
        world.configure(lambda _: CONFIGURATION)
        a_usual_week(world)
    monkeypatch.setattr(command, "open_existing", lambda settings: open_services(settings, clock))
    app = CommandLine(name="koubei", help="口碑。Koubei.")
    app.callback()(lambda: None)
    command.register(app)

    def run(*arguments):
        return CliRunner().invoke(app, ["report", *arguments])

    run.clock = clock
    return run


def test_a_week_is_written_as_files_and_says_what_is_missing(run, tmp_path):
    result = run("week", "--out", "papers")
    assert result.exit_code == 3
    written = sorted(path.name for path in (tmp_path / "papers").iterdir())
    assert written == [f"R-2026-W46-tea.{ending}" for ending in ("docx", "html", "xlsx")]
    assert "pdf 略去" in result.output
    assert "browser.enabled = false" in result.output


def test_the_second_run_gives_the_stored_figures_and_says_what_differs(run, tmp_path):
    run("week", "--out", "a")
    with open_services(load_settings(), run.clock) as services:
        world = World(services.store, services.begin_work, services.begin_reading, count=500)
        world.say(WEEK.start + timedelta(hours=1))
    result = run("week", "--out", "b")
    assert "已有（草稿）" in result.output
    assert "tally.total 41→42" in result.output
    pages = [(tmp_path / name / "R-2026-W46-tea.html").read_bytes() for name in "ab"]
    assert pages[0] == pages[1]


def test_a_week_that_is_not_over_is_shown_and_not_stored(run):
    result = run("week", "--date", "2026-11-16")
    assert "还没有结束" in result.output
    with open_services(load_settings(), run.clock) as services, services.begin_work() as work:
        assert work.reports.recent() == []


def test_a_day_is_sent_once_and_a_draft_of_a_week_is_not(run):
    assert "1 位接收人" in run("day", "--send").output
    run("day", "--send")
    with open_services(load_settings(), run.clock) as services, services.begin_work() as work:
        assert [mail.recipient for mail in work.outbox.recent()] == ["duty@example.com"]
    assert isinstance(run("week", "--send").exception, NotReady)


@pytest.mark.parametrize(
    ("arguments", "fact"),
    [
        (("week", "--date", "gestern"), "no date"),
        (("week", "--brand", "nobody"), "no brand"),
        (("day", "--date", "2026-11-16", "--send"), "not over"),
    ],
)
def test_what_cannot_be_done_is_said(run, arguments, fact):
    error = run(*arguments).exception
    assert isinstance(error, ConfigurationError | typer.Exit)
    assert fact in str(error)
