import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from cli.spikes import ROW_COLUMNS, read_rows, register
from domain.errors import ConfigurationError, ImportRefused


@pytest.fixture(name="run")
def make_run():
    app = typer.Typer()
    register(app)

    def run(*arguments, rows=""):
        return CliRunner().invoke(app, list(arguments), input=rows)

    return run


def five_minutes(values, start=0):
    return "".join(
        f"2026-11-{1 + m // 1440:02d} {m // 60 % 24:02d}:{m % 60:02d}:00,{v}\n"
        for m, v in ((5 * (start + i), v) for i, v in enumerate(values))
    )


def test_one_score_a_row_and_none_for_the_header(run):
    result = run("spikes", rows="timestamp,value\n" + five_minutes([1] * 30))

    assert result.exit_code == 0
    assert result.stdout.splitlines() == ["0.000000"] * 30


def test_rows_prints_every_column(run):
    values = [i % 3 for i in range(12 * 24 * 6)] + [40] * 12
    lines = run("spikes", "--rows", rows=five_minutes(values)).stdout.splitlines()

    assert lines[0] == ROW_COLUMNS
    assert len(lines) == len(values) + 1
    assert {line.count(",") for line in lines} == {ROW_COLUMNS.count(",")}
    assert sum(line.endswith(",opened") for line in lines) == 1


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("2026-11-01 00:00:00,1\nyesterday,2\n", "line 2: its time"),
        ("2026-11-01 00:00:00,1\n2026-11-01 00:05:00,many\n", "line 2: its value"),
        ("2026-11-01 00:00:00,1\n2026-11-01 00:05:00,-1\n", "line 2: its value"),
        ("2026-11-01 00:00:00,1\n2026-11-01 00:05:00,nan\n", "line 2: its value"),
        ("2026-11-01 00:00:00,1\n2026-11-01 00:00:00,1\n", "line 2: its time is not after"),
        ("2026-11-01 00:00:00,1\n2026-11-01 00:05:00\n", "line 2: expected"),
        ("2026-11-01 00:00:00,\n\n2026-11-01 00:05:00,1,2\n", "line 3: expected"),
        ("yesterday,2\n", "line 1: its time"),
    ],
)
def test_a_bad_row_ends_it_with_its_line_named(rows, told):
    with pytest.raises(ImportRefused, match=told):
        list(read_rows(rows.splitlines(), "stdin"))


def test_an_empty_value_is_unknown(run):
    rows = list(read_rows(["2026-11-01T00:00:00+08:00, "], "stdin"))

    assert rows[0].value is None


def test_replay_of_a_file_lists_alerts_and_how_many_a_month(run, tmp_path, monkeypatch):
    monkeypatch.setenv("KOUBEI_LANGUAGE", "en")
    file = tmp_path / "rows.csv"
    file.write_text(five_minutes([i % 3 for i in range(12 * 24 * 6)] + [40] * 12))

    result = run("replay", "--file", str(file))

    assert result.exit_code == 0
    assert "2026-11-07" in result.stdout
    assert "1 alerts in 6 days (6 known), about 5.1 a month" in result.stdout


def test_a_brand_and_a_file_do_not_go_together(run, tmp_path):
    (tmp_path / "rows.csv").touch()

    result = run("replay", "--file", str(tmp_path / "rows.csv"), "--brand", "x")
    assert isinstance(result.exception, ConfigurationError)


def test_a_file_without_rows_is_refused_rather_than_called_calm(run, tmp_path):
    (tmp_path / "rows.csv").write_text("timestamp,value\n", encoding="utf-8")

    result = run("replay", "--file", str(tmp_path / "rows.csv"))
    assert isinstance(result.exception, ImportRefused)


def test_every_answer_is_flushed_before_the_next_row_is_read():
    program = "import typer; from cli.spikes import register; a=typer.Typer(); register(a); a()"
    with subprocess.Popen(
        [sys.executable, "-c", program, "spikes"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    ) as process:
        for line in five_minutes([1, 2, 3]).splitlines():
            process.stdin.write(line + "\n")
            process.stdin.flush()
            assert process.stdout.readline() == "0.000000\n"
        process.stdin.close()
        assert process.wait(timeout=20) == 0
