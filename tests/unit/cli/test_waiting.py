"""`koubei spool` and `koubei dead-letters`: what is not in the store, and what becomes of it."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import typer
from typer.testing import CliRunner

from cli import dead_letters, spool, status, up
from domain.brand import Brand, Configuration, Watch
from domain.dead_letter import DeadLetter
from domain.errors import ConfigurationError, Text
from domain.mention import Kind, Platform
from domain.page import FoundMention
from domain.spool import Look, WaitingLook
from runtime.secret_files import make_missing_keys
from runtime.settings import load_settings
from runtime.wiring import open_services
from tests.fakes import a_mention
from tests.fixtures.away import FickleStore
from tests.fixtures.databases import lay_workflow_database

NOW = datetime.now(UTC).replace(microsecond=0)
WHY = Text("字段 likes 类型不符", "mapper_parsing_exception: likes")
PAGE = Look(
    (
        FoundMention(
            id="weibo:1",
            platform=Platform.WEIBO,
            kind=Kind.POST,
            url="",
            text="云栈里有虫",
            published_at=NOW - timedelta(hours=1),
        ),
    ),
    "tea",
    "run-1",
    NOW,
)


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A folder with stores in which something waits and something was refused."""
    monkeypatch.chdir(tmp_path)
    lay_workflow_database(tmp_path / "var" / "workflow.sqlite")
    monkeypatch.setenv("KOUBEI_LANGUAGE", "zh")
    (tmp_path / "koubei.toml").write_text("")
    with open_services(load_settings()) as services:
        make_missing_keys(services.settings.secrets_dir)
        watch = Watch("tea", "云栈", ("tea",), ("云栈",), ())
        configuration = Configuration((Brand("tea", "云栈"),), watches=(watch,))
        with services.begin_work() as work:
            work.configuration.save(
                configuration, expected_version=0, actor="t", at=NOW, origin="t"
            )
            work.dead_letters.put(
                DeadLetter(a_mention(n, text="云栈\x1b[31m红字"), WHY, "run-1", NOW, NOW)
                for n in ("7", "8")
            )
            other = WaitingLook("l9", "crawler-2", "run-9", "", "tea", NOW, NOW, 5)
            own = WaitingLook(PAGE.id, services.spool.name, "run-1", "", "tea", NOW, NOW, 1)
            work.spooled.add(other)
            work.spooled.add(own)
            work.commit()
        services.spool.put(PAGE, 1)
    return tmp_path


def run(*arguments, given=""):
    app = typer.Typer()
    for module in (dead_letters, spool, status):
        module.register(app)
    return CliRunner().invoke(app, list(arguments), input=given)


def letters():
    with open_services(load_settings()) as services, services.begin_work() as work:
        return work.dead_letters.ids()


def test_what_waits_is_listed_by_machine(house):
    shown = run("spool", "show")
    assert shown.exit_code == 3
    assert "crawler-2" in shown.output
    assert "（本机）" in shown.output
    told = json.loads(run("spool", "show", "--json").output)
    assert [(one["name"] == "crawler-2", one["looks"]) for one in told["spools"]] in (
        [(True, 1), (False, 1)],
        [(False, 1), (True, 1)],
    )
    assert (told["here"]["looks"], told["here"]["set_aside"]) == (1, 0)


def test_what_waits_here_is_stored_at_once(house):
    drained = run("spool", "drain")
    assert (drained.exit_code, drained.output) == (0, "✓ 补入 1 次抓取，新增 1 条，剩余 0 次\n")
    told = json.loads(run("spool", "show", "--json").output)
    assert [one["name"] for one in told["spools"]] == ["crawler-2"]


def test_a_machine_that_is_lost_is_given_up_by_name_and_no_other(house):
    own = json.loads(run("spool", "show", "--json").output)["here"]["name"]
    assert "这是本机的暂存" in str(run("spool", "lost", own).exception.text.zh)
    assert "没有这个暂存" in run("spool", "lost", "nobody").exception.text.zh
    assert run("spool", "lost", "crawler-2", "--reason", "磁盘坏了").exit_code == 0
    with open_services(load_settings()) as services, services.begin_work() as work:
        (row,) = work.audit.of("spool:crawler-2")
        assert [one.name for one in work.spooled.waiting()] == [own]
    assert (row.action, row.reason, row.payload) == ("spool.given_up", "磁盘坏了", '{"looks":1}')


def test_what_was_set_aside_is_tried_again(house):
    assert run("spool", "retry").output == "✓ 0 次抓取重新排队\n"


def test_dead_letters_are_listed_with_their_reason_and_harmless(house):
    shown = run("dead-letters", "list")
    assert "字段 likes 类型不符" in shown.output
    assert "weibo:7" in shown.output
    assert "\x1b" not in shown.output
    assert "共 2 条" in run("dead-letters", "list", "--limit", "1").output
    (first, _) = json.loads(run("dead-letters", "list", "--json").output)
    assert first["mention"]["text"] == "云栈\x1b[31m红字"


def test_they_are_tried_again_by_id_or_all(house):
    assert run("dead-letters", "replay", "weibo:7").exit_code == 0
    assert letters() == ["weibo:8"]
    assert run("dead-letters", "replay", "--all").exit_code == 0
    assert letters() == []
    assert "✓ 没有无法入库的内容" in run("dead-letters", "list").output


@pytest.mark.parametrize(
    "arguments", [(), ("weibo:7", "--all"), ("weibo:99",), ("weibo:7", "weibo:99")]
)
def test_what_is_meant_has_to_be_said(house, arguments):
    for act in ("replay", "drop"):
        assert "koubei dead-letters list" in str(run("dead-letters", act, *arguments).exception)
    assert letters() == ["weibo:7", "weibo:8"]


def test_dropping_asks_unless_told_not_to(house):
    assert "--yes" in str(run("dead-letters", "drop", "weibo:7").exception)
    assert letters() == ["weibo:7", "weibo:8"]
    assert run("dead-letters", "drop", "weibo:7", "--yes", "--reason", "广告").exit_code == 0
    assert letters() == ["weibo:8"]


def test_status_says_what_waits_and_what_was_refused(house):
    shown = run("status")
    assert shown.exit_code == 3
    assert "2 次抓取结果正在补入内容库" in shown.output
    assert "2 条内容被内容库拒收，原文已保存" in shown.output
    told = json.loads(run("status", "--json").output)
    assert (told["store_up"], told["dead_letters"], len(told["spools"])) == (True, 2, 2)


def test_the_service_starts_while_the_store_is_away_with_the_keys_that_are_there(house):
    with open_services(load_settings()) as services:
        services.store = FickleStore(services.store, away=True)
        up._make_keys(services, needed=True)
        for key in services.settings.secrets_dir.iterdir():
            key.unlink()
        with pytest.raises(ConfigurationError):
            up._make_keys(services, needed=True)
        assert not list(services.settings.secrets_dir.iterdir()), "no new keys over unknown data"
