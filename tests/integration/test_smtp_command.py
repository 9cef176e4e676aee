"""`koubei mail` as a person types it: real settings, a real database, a real SMTP conversation."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from domain.brand import Configuration, Recipient
from domain.outbox import OutboxState, Rendered
from storage.sql.database import begin_work, migrate, open_database
from tests.fakes import NOON
from tests.fixtures.mails import a_mail
from tests.fixtures.smtp import Faults, free_port, mail_server

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[2]


def koubei(home: Path, *words: str, **settings: object) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KOUBEI_")}
    wanted = {f"KOUBEI_{name.upper()}": str(value) for name, value in settings.items()}
    environment = clean | {"PYTHONPATH": str(ROOT), "COLUMNS": "200"} | wanted
    return subprocess.run(
        [sys.executable, "-m", "cli", "mail", *words],
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def smtp(port: int) -> dict[str, object]:
    return {
        "smtp__host": "127.0.0.1",
        "smtp__port": port,
        "smtp__security": "none",
        "smtp__sender": "koubei@example.com",
    }


def database_of(home: Path):
    (home / "var").mkdir(exist_ok=True, mode=0o700)
    url = f"sqlite:///{home / 'var' / 'workflow.db'}"
    engine = open_database(url)
    migrate(engine)
    return begin_work(engine), url


def test_a_test_mail_arrives_and_the_command_says_so(tmp_path):
    faults = Faults()
    with mail_server(faults) as port:
        done = koubei(tmp_path, "test", "--to", "a@example.com", **smtp(port))
    assert done.returncode == 0, done.stderr
    assert "✓ a@example.com  邮件服务器已接受" in done.stdout
    [got] = faults.accepted
    assert got.recipients == ["a@example.com"]
    assert "测试邮件" in got.message["Subject"]


def test_without_a_mail_server_it_says_where_the_file_lies(tmp_path):
    done = koubei(tmp_path, "test", "--to", "a@example.com")
    assert done.returncode == 0, done.stderr
    [file] = (tmp_path / "var" / "outbox").iterdir()
    assert file.name in done.stdout.replace("\n", "")
    assert "未配置邮件服务器" in done.stdout


def test_without_anybody_to_write_to_it_says_what_to_do(tmp_path):
    done = koubei(tmp_path, "test")
    assert done.returncode == 2
    assert "--to" in done.stderr
    assert "Traceback" not in done.stderr


def test_every_registered_recipient_gets_one_and_a_refusal_is_part_missing(tmp_path):
    begin, url = database_of(tmp_path)
    people = (Recipient("a", "甲", "a@example.com"), Recipient("b", "乙", "b@example.com"))
    with begin() as work:
        work.configuration.save(
            Configuration(recipients=people), expected_version=0, actor="t", at=NOON, origin="test"
        )
        work.commit()
    faults = Faults(refused={"b@example.com": "550 5.1.1 No such user"})
    with mail_server(faults) as port:
        done = koubei(tmp_path, "test", workflow_url=url, **smtp(port))
    assert done.returncode == 3
    assert "✓ a@example.com" in done.stdout
    assert "✗ b@example.com" in done.stderr
    assert "550" in done.stderr
    assert len(faults.accepted) == 1


def test_a_server_that_is_not_there_is_one_line_with_its_mend(tmp_path):
    done = koubei(tmp_path, "test", "--to", "a@example.com", **smtp(free_port()))
    assert done.returncode == 1
    assert "smtp.host" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_list_shows_state_attempts_and_last_error_and_warns_of_given_up_mails(tmp_path):
    begin, url = database_of(tmp_path)
    with begin() as work:
        for key in ("waiting", "dead"):
            work.outbox.add(a_mail(key, rendered=Rendered(f"主题 {key}", "t", "<body></body>")))
        work.commit()
    with begin() as work:
        mail = work.outbox.claim("t", NOON, timedelta(minutes=2))
        assert mail is not None
        work.outbox.settle(mail.key, "t", OutboxState.DEAD, at=NOON, error="550 查无此人")
        work.commit()
    done = koubei(tmp_path, "list", workflow_url=url)
    assert done.returncode == 0, done.stderr
    assert "已放弃" in done.stdout
    assert "550 查无此人" in done.stdout
    assert "待发送" in done.stdout
    assert "1 封邮件已放弃" in done.stderr

    only = koubei(tmp_path, "list", "--state", "dead", "--json", workflow_url=url)
    document = json.loads(only.stdout)
    assert [(m["state"], m["attempts"]) for m in document["mails"]] == [("dead", 1)]
    assert document["counts"]["pending"] == 1


def test_an_empty_outbox_says_that_it_is_empty(tmp_path):
    _, url = database_of(tmp_path)
    done = koubei(tmp_path, "list", workflow_url=url)
    assert done.returncode == 0, done.stderr
    assert "发件箱是空的" in done.stdout
