"""`koubei login` without a browser: files, status, removal, and whose login it is."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import login as command
from cli.main import build_app
from domain.account import Account, AccountState, Role
from domain.brand import Configuration, Source, Transport
from domain.errors import ConfigurationError, DependencyMissing, InputRefused
from domain.mention import Platform
from domain.session import DOORS
from runtime.secret_files import make_missing_keys
from runtime.settings import load_settings
from runtime.wiring import open_services
from tests.fakes import NOON
from tests.fixtures.databases import lay_workflow_database
from tests.fixtures.sessions import SECRET, told_cookie

LATER = 4_000_000_000


@pytest.fixture(autouse=True)
def house(tmp_path, monkeypatch):
    """An empty installation in the present folder."""
    monkeypatch.chdir(tmp_path)
    lay_workflow_database(tmp_path / "var" / "workflow.sqlite")
    monkeypatch.setenv("KOUBEI_LANGUAGE", "zh")
    monkeypatch.setenv("COLUMNS", "200")
    settings = load_settings()
    make_missing_keys(settings.secrets_dir)
    with open_services(settings) as services:
        yield services


@pytest.fixture
def state(tmp_path) -> Path:
    """A file with a login at Weibo and what else a browser held."""
    file = tmp_path / "state.json"
    cookies = [told_cookie(expires=LATER), told_cookie("bank", ".bank.example", expires=LATER)]
    file.write_text(json.dumps({"cookies": cookies, "origins": []}), encoding="utf-8")
    return file


def run(*arguments: object):
    return CliRunner().invoke(
        build_app(["login"]), ["login", *map(str, arguments)], catch_exceptions=True
    )


def test_a_file_is_taken_but_only_what_is_the_platforms(house, state):
    result = run("weibo", "--state", state)
    assert result.exit_code == 0, result.exception
    assert "未采用 bank.example：1 项" in result.stderr
    assert "✓ 已保存微博登录" in result.stdout
    opened = house.session_desk.open(Platform.WEIBO, house.clock.now())
    assert [cookie.name for cookie in opened.state.cookies] == ["SUB"]
    assert SECRET not in result.output
    with house.begin_work() as work:
        [row] = work.audit.of("session:weibo")
    assert row.actor.startswith("cli:")
    assert json.loads(row.payload)["way"] == "file"


def test_how_it_stands_is_shown_for_all_and_removal_destroys(house, state):
    assert "未登录·以访客读取" in run("--status").stdout
    run("weibo", "--state", state)
    told = run("--status").stdout
    assert "有效" in told
    assert "koubei login zhihu" in told
    assert run("weibo", "--remove").exit_code == 0
    assert run("weibo", "--remove").exit_code == 3
    assert house.session_desk.open(Platform.WEIBO, house.clock.now()) is None
    assert "有效" not in run("weibo", "--status").stdout


def test_why_it_ended_is_told_with_the_step(house, state):
    run("weibo", "--state", state)
    with house.begin_work() as work:
        session = work.sessions.get(Platform.WEIBO)
    house.session_desk.end(session, "login_wall", at=house.clock.now())
    told = run("weibo", "--status").stdout
    assert "已失效" in told
    assert "微博要求登录 → koubei login weibo" in told


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("weibo", "--qr", "--status"), ConfigurationError),
        (("weibo", "--remove", "--state", "x"), ConfigurationError),
        ((), ConfigurationError),
        (("--qr",), ConfigurationError),
        (("weibo", "--state", "missing.json"), FileNotFoundError),
        (("weibo", "--owner", "nobody", "--state", "x"), InputRefused),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments, error):
    assert isinstance(run(*arguments).exception, error)


@pytest.mark.parametrize("text", [SECRET, '{"cookies": []}', "\x00", "{" * 100])
def test_a_file_that_is_no_login_is_refused_without_repeating_it(tmp_path, text):
    file = tmp_path / "bad.json"
    file.write_text(text, encoding="utf-8")
    refusal = run("weibo", "--state", file).exception
    assert isinstance(refusal, InputRefused)
    assert SECRET not in refusal.sentence("zh")


def test_a_file_of_any_size_or_coding_is_refused(tmp_path):
    big, binary = tmp_path / "big.json", tmp_path / "binary.json"
    big.write_bytes(b" " * (command.LARGEST_FILE + 1))
    binary.write_bytes(b"\xff\xfe\x00")
    for file in (big, binary):
        assert isinstance(run("weibo", "--state", file).exception, InputRefused)


def test_without_a_display_the_other_two_ways_are_named(monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr(command.sys, "platform", "linux")
    refusal = run("weibo").exception
    assert isinstance(refusal, DependencyMissing)
    assert "--qr" in refusal.sentence("zh")
    assert "--state" in refusal.sentence("zh")


class TestWhoseItIs:
    def add(self, house, login, *roles, state=AccountState.ACTIVE):
        with house.begin_work() as work:
            work.accounts.add(
                Account(f"id-{login}", login, login, frozenset(roles), NOON, state=state)
            )
            work.commit()

    def owner(self, house, named=None):
        with house.begin_work() as work:
            return command.owner_of(work, named)

    def test_the_account_that_is_named_else_ones_own_else_the_only_admin(self, house, monkeypatch):
        monkeypatch.setattr(command, "_machine_user", lambda: "ops")
        assert self.owner(house).startswith("cli:")
        self.add(house, "lin", Role.ADMIN)
        assert self.owner(house) == "id-lin"
        self.add(house, "chen", Role.ADMIN)
        assert self.owner(house).startswith("cli:"), "which of two admins is not guessed"
        self.add(house, "ops", Role.ANALYST)
        assert self.owner(house) == "id-ops"
        assert self.owner(house, "chen") == "id-chen"

    def test_nobody_who_left(self, house):
        self.add(house, "gone", Role.ADMIN, state=AccountState.DISABLED)
        with pytest.raises(InputRefused):
            self.owner(house, "gone")
        assert self.owner(house).startswith("cli:")


def a_source(number: int, base_url: str) -> Source:
    return Source(f"s{number}", "weibo_search", Platform.WEIBO, Transport.HTTP, base_url)


@pytest.mark.parametrize(
    ("urls", "begins"),
    [
        ((), "https://passport.weibo.com/"),
        (("https://s.weibo.com/",), "https://passport.weibo.com/"),
        (("http://127.0.0.1:8511",), "http://127.0.0.1:8511/sso/signin"),
        (("http://127.0.0.1:8511", "https://s.weibo.com/"), "https://passport.weibo.com/"),
        (("https://evil.example/",), "https://passport.weibo.com/"),
    ],
)
def test_one_logs_in_at_the_platform_unless_all_of_it_is_on_this_machine(urls, begins):
    sources = tuple(a_source(number, url) for number, url in enumerate(urls))
    door = command.door_to(Configuration(sources=sources), Platform.WEIBO)
    assert door.login_url.startswith(begins)
    assert door.mark == DOORS[Platform.WEIBO].mark
