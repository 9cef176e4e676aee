"""delivery/folder.py: mails as files."""

import email
import os
import stat
from email.policy import default

import pytest

from delivery.folder import FolderMailer
from delivery.message import Sender
from domain.errors import DeliveryError
from tests.fakes import FixedClock
from tests.fixtures.mails import a_mail

SENDER = Sender("koubei@example.com", "koubei.example.com")


def test_a_mail_becomes_one_file_named_by_its_time_and_id(tmp_path):
    mailer = FolderMailer(tmp_path / "outbox", SENDER, FixedClock())
    mailer.send(a_mail())
    [file] = (tmp_path / "outbox").iterdir()
    assert file == mailer.path_of(a_mail())
    assert file.name.startswith("20261120T040000Z-")
    assert file.suffix == ".eml"
    message = email.message_from_bytes(file.read_bytes(), policy=default)
    assert message["Subject"] == "主题"
    assert file.stem.partition("-")[2] in str(message["Message-ID"])


def test_the_same_key_again_replaces_its_file(tmp_path):
    mailer = FolderMailer(tmp_path, SENDER, FixedClock())
    mailer.send(a_mail())
    mailer.send(a_mail(may_repeat=True))
    [file] = tmp_path.iterdir()
    assert b"X-Koubei-Possible-Duplicate" in file.read_bytes()


def test_two_keys_of_one_moment_are_two_files(tmp_path):
    mailer = FolderMailer(tmp_path, SENDER, FixedClock())
    mailer.send(a_mail("one"))
    mailer.send(a_mail("two"))
    assert len(list(tmp_path.iterdir())) == 2


def test_a_folder_that_cannot_be_written_is_tried_again(tmp_path):
    (tmp_path / "file").touch()
    mailer = FolderMailer(tmp_path / "file", SENDER, FixedClock())
    with pytest.raises(DeliveryError) as caught:
        mailer.send(a_mail())
    assert caught.value.retry
    assert not caught.value.uncertain


def test_nobody_else_can_read_the_mails_or_their_names(tmp_path):
    before = os.umask(0)
    try:
        FolderMailer(tmp_path / "outbox", SENDER, FixedClock()).send(a_mail())
    finally:
        os.umask(before)
    [file] = (tmp_path / "outbox").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
