"""The drill with a real mail server: alerts, a backup, a lost host, a restore: no mail twice."""

import json
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import cli.audit
import cli.backup
from delivery.mail import Security, SmtpMailer, SmtpServer
from delivery.message import Sender
from domain.errors import ConfigurationError, KoubeiError
from monitoring.notify import relay
from runtime.wiring import SystemClock, open_services
from storage import sealed_file
from tests.fixtures.installation import PASSPHRASE, Installation
from tests.fixtures.mails import a_mail
from tests.fixtures.smtp import Faults, mail_server

pytestmark = pytest.mark.integration
CLOCK = SystemClock()


@pytest.fixture(autouse=True)
def _at_home(monkeypatch, tmp_path):
    monkeypatch.setattr(sealed_file, "_COSTS", {"n": 1 << 4, "r": 8, "p": 1})
    monkeypatch.delenv("KOUBEI_LANGUAGE", raising=False)
    (tmp_path / "passphrase").write_text(PASSPHRASE)
    (tmp_path / "passphrase").chmod(0o600)
    monkeypatch.setenv("KOUBEI_BACKUP__PASSPHRASE_FILE", str(tmp_path / "passphrase"))


def koubei(*words: str, answer: str | None = None, fails: bool = False):
    """Type a command; what it raises is raised."""
    app = typer.Typer()
    cli.backup.register(app)
    cli.audit.register(app)
    result = CliRunner().invoke(app, words, input=answer)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert (result.exit_code != 0) is fails, result.output
    return result


def a_service(folder: Path, monkeypatch) -> Installation:
    """An installation in a folder of its own, with settings, in which commands are typed."""
    folder.mkdir(parents=True)
    (folder / "koubei.toml").write_text('data_dir = "var"\n', encoding="utf-8")
    monkeypatch.chdir(folder)
    return Installation(folder)


def server_at(port: int) -> SmtpMailer:
    server = SmtpServer("127.0.0.1", port, Security.NONE, timeout=timedelta(seconds=5))
    return SmtpMailer(server, Sender("koubei@example.com", "koubei.example.com"), CLOCK)


def write_mails(home: Installation, *keys: str) -> None:
    engine = home.engine()
    now = CLOCK.now()
    with home.begin(engine)() as work:
        for key in keys:
            work.outbox.add(a_mail(key, created_at=now, next_attempt_at=now))
        work.commit()
    engine.dispose()


def send(home: Installation, port: int):
    with open_services(home.settings) as services:
        return relay(services.begin_work, server_at(port), CLOCK, "relay")


@pytest.mark.parametrize("verdict", ["drop", "send"])
def test_a_restore_repeats_no_mail_unless_a_person_says_so(tmp_path, monkeypatch, verdict):
    home = a_service(tmp_path / "home", monkeypatch).fill()
    faults = Faults()
    with mail_server(faults) as port:
        assert send(home, port).sent == 2
        write_mails(home, "before-1", "before-2")
        koubei("backup", "--to", str(tmp_path / "kept"))
        assert send(home, port).sent == 2  # sent after the backup was made
        (backup,) = (tmp_path / "kept").iterdir()
        # the host is lost; a new one has an empty folder
        (tmp_path / "new").mkdir()
        monkeypatch.chdir(tmp_path / "new")
        told = koubei("restore", str(backup)).output
        assert "koubei outbox release" in told
        new = Installation(tmp_path / "new")
        write_mails(new, "since")
        for _ in range(3):
            assert send(new, port).held
        assert len(faults.accepted) == 4
        shown = json.loads(koubei("outbox", "show", "--json").output)
        assert [mail["key"] for mail in shown["restored"]] == ["before-1", "before-2"]
        assert [mail["key"] for mail in shown["written"]] == ["since"]
        koubei("outbox", "release", "--restored", verdict, "--reason", "问过收件人")
        assert send(new, port).sent == (1 if verdict == "drop" else 3)
    ids = Counter(str(item.message["Message-ID"]) for item in faults.accepted)
    repeated = sum(count - 1 for count in ids.values())
    assert (len(ids), repeated) == (5, 0 if verdict == "drop" else 2)
    assert new.secrets() == home.secrets()
    assert json.loads(koubei("audit", "verify", "--json").output)["whole"]


def test_one_mail_of_the_backup_can_be_sent_and_another_dropped(tmp_path, monkeypatch):
    home = a_service(tmp_path / "home", monkeypatch).fill()
    koubei("backup", "--to", str(tmp_path / "kept"))
    (backup,) = (tmp_path / "kept").iterdir()
    koubei("restore", str(backup), "--force")
    write_mails(home, "n1", "n2")
    with pytest.raises(ConfigurationError, match="no such mail"):
        koubei("outbox", "release", "--restored", "drop", "--send", "m7")
    with pytest.raises(ConfigurationError, match="was not said"):
        koubei("outbox", "release")
    koubei("outbox", "release", "--restored", "drop", "--send", "m2", "--drop", "n1")
    assert "没有被暂停" in koubei("outbox", "release").output
    assert "没有被暂停" in koubei("outbox", "show").output
    engine = home.engine()
    with home.begin(engine)() as work:
        assert [mail.key for mail in work.outbox.waiting()] == ["m2", "n2"]
    engine.dispose()


def test_the_commands_refuse_what_would_be_a_mistake(tmp_path, monkeypatch):
    home = a_service(tmp_path / "home", monkeypatch).fill()
    with pytest.raises(ConfigurationError, match="no folder"):
        koubei("backup")
    monkeypatch.delenv("KOUBEI_BACKUP__PASSPHRASE_FILE")
    with pytest.raises(ConfigurationError, match="no passphrase"):
        koubei("backup", "--to", "kept")
    (tmp_path / "short").write_text("kurz")
    (tmp_path / "short").chmod(0o600)
    with pytest.raises(ConfigurationError, match="at least 10"):
        koubei("backup", "--to", "kept", "--passphrase-file", str(tmp_path / "short"))
    (tmp_path / "short").chmod(0o644)
    with pytest.raises(ConfigurationError, match="others can read"):
        koubei("backup", "--to", "kept", "--passphrase-file", str(tmp_path / "short"))
    told = koubei("backup", "--to", "kept", "--plain").output
    assert "未加密" in told
    (backup,) = (tmp_path / "home" / "kept").iterdir()
    with pytest.raises(KoubeiError, match="data here already"):
        koubei("restore", str(backup))
    assert "before-restore" in koubei("restore", str(backup), "--force").output
    with pytest.raises(ConfigurationError, match="no such file"):
        koubei("restore", "nowhere.kbk")
    assert len(home.mentions()) == 40


def test_the_trail_is_verified_and_exported_from_the_terminal(tmp_path, monkeypatch):
    home = a_service(tmp_path / "home", monkeypatch).fill()
    koubei("backup", "--to", "kept")
    told = koubei("audit", "verify").output
    assert "6 条，完整" in told
    assert "koubei-" in told  # the head in the backup's header
    head = json.loads(koubei("audit", "verify", "--json").output)
    koubei("audit", "export", "trail.jsonl")
    koubei("audit", "verify", "--file", "trail.jsonl", "--head", f"{head['seq']}:{head['head']}")
    koubei("audit", "verify", "--file", "trail.jsonl", "--head", f"5:{'f' * 64}", fails=True)
    koubei("audit", "export", "one.jsonl", "--case", "weibo:3")
    assert "没有关于 weibo:77" in koubei("audit", "export", "no.jsonl", "--case", "weibo:77").output
    with pytest.raises(ConfigurationError, match="SEQ:HASH"):
        koubei("audit", "verify", "--head", "7")
    engine = home.engine()
    with engine.begin() as db:
        db.exec_driver_sql("DROP TRIGGER audit_is_not_deleted")
        db.exec_driver_sql("DELETE FROM audit WHERE seq > 4")
        db.exec_driver_sql("UPDATE counters SET value = 4 WHERE name = 'audit'")
    engine.dispose()
    told = koubei("audit", "verify", fails=True).output
    assert "末尾的记录缺失" in told
