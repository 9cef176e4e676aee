"""What becomes of skipped tests: listed at the end with their mend, or failures when asked for.

`--strict-skips` (what `run.py test --strict` and CI use) fails every test that was skipped, except
those that need ../shared where it is absent: a clone never has it.
"""

from collections import Counter
from collections.abc import Generator
from typing import Any

import pytest

from tests import conftest

SKIPS = pytest.StashKey[Counter[str]]()
STRICT = "--strict-skips"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addoption(STRICT, action="store_true", help="a skipped test is a failure")


def pytest_configure(config: pytest.Config) -> None:
    """Begin to count."""
    config.stash[SKIPS] = Counter()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Count a skip, and turn it into a failure where that is asked for."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail"):
        _judge(item.config, report, excused=_needs_absent_folder(item))
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Do the same for a module that skips itself as a whole."""
    report = yield
    if report.skipped:
        _judge(collector.config, report, excused=False)
    return report


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """List each reason once, with how many tests it kept from running."""
    skips = config.stash[SKIPS]
    if not skips:
        return
    terminalreporter.section("跳过的测试与办法 / skipped, and what helps")
    for reason, count in skips.most_common():
        terminalreporter.line(f"{count:5}  {reason}")


def _judge(
    config: pytest.Config, report: pytest.TestReport | pytest.CollectReport, *, excused: bool
) -> None:
    reason = _reason(report)
    config.stash[SKIPS][reason] += 1
    if config.getoption(STRICT) and not excused:
        report.outcome = "failed"
        report.longrepr = f"skipped, which {STRICT} makes a failure: {reason}"


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    about = report.longrepr
    text = about[2] if isinstance(about, tuple) else str(about)
    return text.removeprefix("Skipped: ")


def _needs_absent_folder(item: pytest.Item) -> bool:
    needs = "shared" in getattr(item, "fixturenames", ()) or item.get_closest_marker("shared")
    return bool(needs) and not conftest.has_shared()
