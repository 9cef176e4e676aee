"""`koubei doctor`: lines, JSON and exit codes."""

import json

import pytest
import typer
from typer.testing import CliRunner

import cli.doctor
from cli.terminal import EXIT_DONE, EXIT_FAILED, EXIT_PARTIAL
from domain.errors import Text
from runtime.checks import Check, Mark

GOOD = Check(Text("磁盘", "disk"), Mark.OK, Text("可用", "free"))
TOLD = Check(Text("邮件", "mail"), Mark.NOTE, Text("存入文件夹", "to a folder"))
LESS = Check(
    Text("浏览器", "browser"), Mark.OPTIONAL, Text("没有", "none"), Text("安装", "get one")
)
BAD = Check(Text("密钥", "keys"), Mark.FAILED, Text("他人可读", "readable"), Text("改", "chmod"))


def doctor(monkeypatch, checks, *words):
    monkeypatch.setattr(cli.doctor, "all_checks", lambda: iter(checks))
    monkeypatch.delenv("KOUBEI_LANGUAGE", raising=False)
    app = typer.Typer()
    cli.doctor.register(app)
    return CliRunner().invoke(app, words)


@pytest.mark.parametrize(
    ("checks", "code"),
    [
        ([GOOD, TOLD], EXIT_DONE),
        ([GOOD, LESS], EXIT_PARTIAL),
        ([GOOD, LESS, BAD], EXIT_FAILED),
    ],
)
def test_the_exit_code_tells_broken_from_incomplete(monkeypatch, checks, code):
    assert doctor(monkeypatch, checks).exit_code == code
    assert doctor(monkeypatch, checks, "--json").exit_code == code


def test_each_line_has_its_sign_and_each_cross_its_mend(monkeypatch):
    lines = doctor(monkeypatch, [GOOD, TOLD, LESS, BAD]).output.splitlines()
    assert lines[:4] == [
        "✓ 磁盘：可用",
        "! 邮件：存入文件夹",
        "✗ 浏览器：没有  → 安装",
        "✗ 密钥：他人可读  → 改",
    ]


def test_json_has_one_object_a_check(monkeypatch):
    rows = json.loads(doctor(monkeypatch, [LESS], "--json").output)
    assert rows == [{"name": "browser", "mark": "optional", "fact": "没有", "mend": "安装"}]


def test_settings_that_cannot_be_used_are_a_check_of_their_own(monkeypatch, tmp_path):
    (tmp_path / "koubei.toml").write_text("[web]\nport = 0\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    *_, last = cli.doctor.all_checks()
    assert (last.name.en, last.mark) == ("settings", Mark.FAILED)
    assert last.fact.en == "koubei.toml:2: web.port = 0: must be at least 1"


def test_everything_is_looked_at_on_a_machine_before_its_first_start(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KOUBEI_BROWSER__ENABLED", "false")
    names = {check.name.en for check in cli.doctor.all_checks()}
    assert names == {
        "Python", "packages", "SQLite", "data folder", "disk", "keys", "Chinese fonts",
        "mention store", "workflow database", "mail", "browser", "dashboard parts", "report parts",
    }  # fmt: skip
    assert list(tmp_path.iterdir()) == []
