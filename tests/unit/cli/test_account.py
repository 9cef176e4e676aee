"""`koubei account` as a person at the server types it."""

import json
import re

import pytest
import typer
from typer.testing import CliRunner

import cli.account
from domain.errors import InputRefused, NotPermitted
from runtime.settings import load_settings
from runtime.wiring import open_services
from tests.fixtures.databases import lay_workflow_database
from tests.fixtures.people import PASSWORD, QUICK
from workflow.login import Door, set_password_by_link


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lay_workflow_database(tmp_path / "var" / "workflow.sqlite")
    monkeypatch.delenv("KOUBEI_LANGUAGE", raising=False)
    with open_services(load_settings()):
        pass
    return tmp_path


def koubei(*words: str) -> str:
    app = typer.Typer()
    app.callback()(lambda: None)
    cli.account.register(app)
    result = CliRunner().invoke(app, ["account", *words])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def listed() -> dict[str, dict]:
    return {one["login"]: one for one in json.loads(koubei("list", "--json"))}


def test_an_account_is_added_and_its_link_lets_its_owner_in():
    said = koubei("add", "lin", "--name", "林澜", "--preset", "small:lead")
    link = re.search(r"http://127\.0\.0\.1:8501/welcome\?ticket=([0-9a-f]{64})", said)
    assert link
    assert "admin" in listed()["lin"]["roles"]
    with open_services(load_settings()) as services:
        door = Door(services.begin_work, QUICK)
        at = services.clock.now()
        assert set_password_by_link(door, ticket=link[1], password=PASSWORD, at=at)
    assert listed()["lin"]["sessions"] == 1
    assert "林澜" in koubei("list")


def test_a_lost_admin_comes_back_by_a_reset():
    koubei("add", "lin", "--role", "admin")
    assert "/welcome?ticket=" in koubei("reset", "LIN")


def test_roles_are_replaced_and_the_last_admin_stays():
    koubei("add", "lin", "--role", "admin")
    koubei("add", "chen", "--role", "analyst")
    koubei("roles", "chen", "--role", "drafter", "--role", "verifier")
    assert listed()["chen"]["roles"] == ["drafter", "verifier"]
    with pytest.raises(NotPermitted, match="last admin"):
        koubei("roles", "lin", "--role", "analyst")
    with pytest.raises(NotPermitted, match="last admin"):
        koubei("disable", "lin")


def test_who_left_is_disabled_and_may_come_back():
    koubei("add", "lin", "--role", "admin")
    koubei("add", "chen", "--role", "analyst")
    koubei("disable", "chen", "--reason", "离职")
    assert listed()["chen"]["state"] == "disabled"
    koubei("enable", "chen")
    assert listed()["chen"]["state"] == "active"


def test_what_was_done_here_stands_in_the_trail_as_done_here():
    koubei("add", "lin", "--role", "admin")
    with open_services(load_settings()) as services, services.begin_reading() as work:
        (row,) = work.audit.rows()
    assert row.actor.startswith("operator:")
    assert row.action == "account.invited"


def test_nobody_and_no_position_are_said_so():
    with pytest.raises(InputRefused, match="koubei account list"):
        koubei("reset", "nobody")
    with pytest.raises(InputRefused, match="small:lead"):
        koubei("add", "lin", "--preset", "boss")
    assert "还没有账号" in koubei("list")
