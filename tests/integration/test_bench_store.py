"""`koubei bench store` runs to its end and compares what it says it compares."""

import pytest
import typer
from typer.testing import CliRunner

from cli import bench
from cli.terminal import EXIT_DONE, EXIT_PARTIAL

pytestmark = pytest.mark.integration


def test_a_small_run_prints_every_comparison(monkeypatch):
    monkeypatch.setenv("KOUBEI_LANGUAGE", "en")
    monkeypatch.setenv("COLUMNS", "200")
    app = typer.Typer()
    bench.register(app)
    result = CliRunner().invoke(app, ["bench", "store", "--quick", "--rows", "3000"])
    assert result.exit_code in {EXIT_DONE, EXIT_PARTIAL}, result.output
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
