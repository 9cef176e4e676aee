"""`koubei score`, `evaluate` and `train` as they are typed."""

import json
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from cli import evaluate, score, train
from domain.errors import ConfigurationError, ImportRefused
from tests.fixtures.labels import labels_file


@pytest.fixture(name="run")
def make_run(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KOUBEI_LANGUAGE", "en")

    def run(module, *arguments):
        app = typer.Typer()
        module.register(app)
        app.callback()(lambda: None)
        name = module.__name__.rpartition(".")[2]
        return CliRunner().invoke(app, [name, *map(str, arguments)])

    return run


def piped(tmp_path, data, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "cli", "score", *arguments],
        input=data,
        capture_output=True,
        check=False,
        env={"PYTHONPATH": ":".join(sys.path), "KOUBEI_LANGUAGE": "en", "PATH": ""},
        cwd=tmp_path,
    )


def test_lines_are_answered_in_order_and_bad_ones_say_so(tmp_path):
    asked = [
        json.dumps({"text": "太差了，难喝", "platform": "weibo"}),
        "",
        "not json",
        json.dumps({"text": 7}),
        json.dumps({"text": "很好喝，推荐", "target": "茶"}),
        json.dumps({"text": "half a pair \ud83d"}),
        json.dumps({"text": "好", "platform": ["weibo"]}),
        json.dumps({"text": ""}),
    ]
    done = piped(tmp_path, "\n".join(asked).encode("utf-8", "surrogatepass"))
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [a["label"] for a in answers] == [
        "negative", None, None, "positive", answers[4]["label"], None, "neutral",
    ]  # fmt: skip
    assert "line 3" in answers[1]["error"]
    assert "line 4" in answers[2]["error"]
    assert 0 <= answers[0]["score"] < 0.5 < answers[3]["score"] <= 1
    assert 0 < answers[0]["confidence"] <= 1
    assert done.returncode == 3


def test_an_answer_comes_while_the_input_is_still_open(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-m", "cli", "score"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": ":".join(sys.path), "PATH": ""},
        cwd=tmp_path,
    ) as process:
        for _ in range(2):
            process.stdin.write(b'{"text": "\xe5\xa5\xbd"}\n')
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["label"]
        process.stdin.close()
        assert process.wait() == 0


def test_an_unknown_engine_is_refused(run):
    assert isinstance(run(score, "--engine", "oracle").exception, ConfigurationError)


def test_evaluate_prints_a_row_a_file_and_the_mean(run, tmp_path):
    path = labels_file(
        tmp_path / "tea.csv", [("太差了", "negative"), ("很好喝", "positive"), ("难喝", "negative")]
    )
    result = run(evaluate, path, "--no-stock", "--markdown")
    rows = [line for line in result.stdout.splitlines() if line.startswith("| tea")]
    assert rows == ["| tea | 3 | 1.000 | 1.000 | 1.000 | 1.000 | 1.000 | 1.000 |"]


def test_evaluate_refuses_what_is_no_table_of_labels(run, tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n")
    assert isinstance(run(evaluate, path, "--no-stock").exception, ImportRefused)


def test_evaluate_measures_the_probes(run):
    result = run(evaluate, "--probes", "--no-stock")
    assert result.exit_code == 0
    assert "negation" in result.stdout


def jargon(path):
    rows = [(f"这批货{word}{n}次了", label) for n in range(40) for word, label in (
        ("飞单", "负面"), ("窜仓", "negative"), ("爆单", "正面"))]  # fmt: skip
    return labels_file(path, [*rows, ("坏行", "?")])


def test_train_installs_a_better_model_and_gives_it_back(run, tmp_path):
    path = jargon(tmp_path / "own.csv")
    result = run(train, path)
    assert result.exit_code == 3
    assert "row 122 label" in result.stderr
    models = tmp_path / "var" / "models"
    assert len(list(models.glob("koubei-*.npz"))) == 1
    assert run(train, "--back").exit_code == 0
    assert json.loads((models / "installed.json").read_text())["models"] == [""]


def test_train_installs_nothing_in_a_dry_run(run, tmp_path):
    run(train, jargon(tmp_path / "own.csv"), "--dry-run")
    assert not (tmp_path / "var" / "models").exists()


def test_train_does_not_install_a_worse_model(run, tmp_path, monkeypatch):
    monkeypatch.setattr("analysis.polarity.teaching.Trial.is_worse", True)
    result = run(train, jargon(tmp_path / "own.csv"))
    assert result.exit_code == 1
    assert "was not installed" in result.stderr
    assert not (tmp_path / "var" / "models").exists()


def test_train_wants_enough_labels(run, tmp_path):
    path = labels_file(tmp_path / "few.csv", [("好", "positive")])
    assert isinstance(run(train, path).exception, ImportRefused)
