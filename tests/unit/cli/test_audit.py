"""`koubei audit verify`: a witness that cannot be read is told, never left out."""

import pytest
import typer
from typer.testing import CliRunner

import cli.audit
from cli.terminal import EXIT_DONE, EXIT_PARTIAL
from runtime.settings import load_settings
from runtime.wiring import open_services
from tests.fixtures.databases import lay_workflow_database


@pytest.fixture(autouse=True)
def house(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lay_workflow_database(tmp_path / "var" / "workflow.sqlite")
    monkeypatch.setenv("KOUBEI_BACKUP__FOLDER", str(tmp_path / "backups"))
    monkeypatch.delenv("KOUBEI_LANGUAGE", raising=False)
    with open_services(load_settings()):
        pass
    return load_settings()


def verify() -> tuple[int, str]:
    app = typer.Typer()
    app.callback()(lambda: None)
    cli.audit.register(app)
    result = CliRunner().invoke(app, ["audit", "verify"])
    return result.exit_code, result.output


def test_without_witnesses_the_chain_alone_is_checked(house):
    code, told = verify()
    assert code == EXIT_DONE
    assert "!" not in told


def test_a_damaged_heartbeat_is_told(house):
    house.heartbeat.file.write_text("")
    code, told = verify()
    assert code == EXIT_PARTIAL
    assert "心跳文件无法读取或已损坏" in told


def test_a_damaged_backup_is_told(house, tmp_path):
    (tmp_path / "backups").mkdir()
    (tmp_path / "backups" / "koubei-20261120T120000Z.kbk").write_bytes(b"KOUBEI-SEALED")
    code, told = verify()
    assert code == EXIT_PARTIAL
    assert "koubei-20261120T120000Z.kbk" in told
