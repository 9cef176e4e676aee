"""`koubei bench store` runs to its end and compares what it says it compares."""

import re
from collections.abc import Sequence

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from cli import bench
from cli.terminal import EXIT_DONE, EXIT_PARTIAL
from tests.fixtures.elasticsearch import Server

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def _one_language_wide_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KOUBEI_LANGUAGE", "en")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("KOUBEI_TEST_ES_URL", raising=False)


def run(arguments: Sequence[str]) -> Result:
    app = typer.Typer()
    bench.register(app)
    result = CliRunner().invoke(app, ["bench", "store", "--quick", *arguments])
    assert result.exit_code in {EXIT_DONE, EXIT_PARTIAL}, result.output
    return result


def test_a_small_run_prints_every_comparison() -> None:
    result = run(["--rows", "3000"])
    for line in (
        "ingest (wall)",
        "known again, nothing new",
        "word + brand, newest 50",
        "timeline: 90 days by hour",
        "platform × label",
        "read beside a writer",
    ):
        assert line in result.output
    assert "0 of 30 differ" in result.output
    assert "0 lock errors" in result.output


@pytest.mark.elasticsearch
def test_both_stores_in_one_run_answer_alike_and_leave_nothing(
    elasticsearch_server: Server,
) -> None:
    if elasticsearch_server.users:
        pytest.skip("compares with a server without login; mend: unset KOUBEI_TEST_ES_URL")
    result = run(["--rows", "4000", "--elasticsearch", elasticsearch_server.url])
    for line in (
        "ingest until searches see it (wall)",
        "helpers.bulk of the same documents",
        ", then refresh",
        "one look of a crawl, 100 known",
        "disk",
        "feed: a word of two characters",
        "feed: most negative",
        "alert: summary of an hour",
        "report: every mention of a week",
    ):
        assert line in result.output
    assert re.search(r" 0 of \d+ differ", result.output), result.output
    left = elasticsearch_server.request("GET", "/_cat/indices/koubei-bench-*?format=json")
    assert left.json() == []
