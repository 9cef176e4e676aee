"""The health check of the machine: how each finding is marked, and what mends it."""

import sqlite3
from pathlib import Path

import pytest

from domain.errors import Text
from runtime import checks
from runtime.checks import (
    Mark,
    check_data_folder,
    check_disk,
    check_extra,
    check_fonts,
    check_keys,
    check_packages,
    check_python,
    check_sqlite,
)
from runtime.secret_files import make_missing_keys
from runtime.settings import Settings

LOCK = """
# made by a tool
alpha==1.0 \\
    --hash=sha256:aa
    # via koubei
only-elsewhere==3.0 ; sys_platform == 'plan9' \\
    --hash=sha256:bb
"""


@pytest.fixture
def locks(tmp_path) -> Path:
    (tmp_path / "core.lock").write_text(LOCK, encoding="utf-8")
    (tmp_path / "run.lock").write_text(LOCK + "beta==2.0 \\\n", encoding="utf-8")
    return tmp_path


def with_installed(monkeypatch, **packages: str) -> None:
    monkeypatch.setattr(checks, "_installed", packages.get)


class TestPackages:
    def test_what_is_as_locked_is_fine_and_other_platforms_do_not_count(self, locks, monkeypatch):
        with_installed(monkeypatch, alpha="1.0", beta="2.0")
        check = check_packages(locks)
        assert (check.mark, check.fact.en) == (Mark.OK, "2, as locked")

    def test_a_missing_core_package_is_a_failure_with_the_command_that_mends_it(
        self, locks, monkeypatch
    ):
        with_installed(monkeypatch, beta="2.0")
        check = check_packages(locks)
        assert (check.mark, check.fact.en) == (Mark.FAILED, "missing: alpha")
        assert "run.py setup" in check.mend.en

    def test_a_missing_extra_is_an_optional_part(self, locks, monkeypatch):
        with_installed(monkeypatch, alpha="1.0")
        assert check_packages(locks).mark is Mark.OPTIONAL

    def test_another_version_is_told(self, locks, monkeypatch):
        with_installed(monkeypatch, alpha="1.1", beta="2.0")
        check = check_packages(locks)
        assert (check.mark, check.fact.en) == (Mark.NOTE, "not as locked: alpha 1.1 ≠ 1.0")

    def test_without_lock_files_nothing_is_claimed(self, tmp_path):
        assert check_packages(tmp_path).mark is Mark.NOTE

    def test_the_real_lock_files_are_understood(self):
        locked = checks._locked(checks.ROOT / "requirements" / "run.lock")
        assert locked["pydantic"].everywhere
        assert locked["tzdata"].everywhere, "Debian without its package has no time zones"
        assert not locked["colorama"].everywhere


@pytest.mark.parametrize(
    ("version", "mark"),
    [((3, 11, 0), Mark.OK), ((3, 14, 1), Mark.OK), ((3, 10, 9), Mark.FAILED)],
)
def test_python_is_new_enough_or_not(version, mark):
    assert check_python(version).mark is mark


def test_sqlite_without_full_text_search_is_a_failure(monkeypatch):
    assert check_sqlite().mark is Mark.OK
    real = sqlite3.connect

    class Poor(sqlite3.Connection):
        def execute(self, *_):
            raise sqlite3.OperationalError("no such module: fts5")

    monkeypatch.setattr(checks.sqlite3, "connect", lambda name: real(name, factory=Poor))
    assert check_sqlite().mark is Mark.FAILED


@pytest.mark.parametrize(
    ("free", "mark"),
    [(100 * 1024**3, Mark.OK), (2 * 1024**3, Mark.NOTE), (1024**2, Mark.FAILED)],
)
def test_little_room_is_told_before_there_is_none(tmp_path, free, mark):
    assert check_disk(tmp_path / "not" / "yet", lambda _: free).mark is mark


class TestDataFolder:
    def test_one_that_is_not_there_yet_is_no_failure(self, tmp_path):
        assert check_data_folder(tmp_path / "a" / "b").mark is Mark.NOTE

    def test_a_private_one_is_fine_and_an_open_one_is_told(self, tmp_path):
        folder = tmp_path / "var"
        folder.mkdir(0o700)
        assert check_data_folder(folder).mark is Mark.OK
        folder.chmod(0o755)
        check = check_data_folder(folder)
        assert (check.mark, check.mend.en) == (Mark.NOTE, f"chmod 700 {folder}")

    def test_one_that_cannot_be_written_is_a_failure(self, tmp_path, monkeypatch):
        monkeypatch.setattr(checks.os, "access", lambda *_: False)
        assert "chown" in check_data_folder(tmp_path).mend.en
        assert check_data_folder(tmp_path / "new").mark is Mark.FAILED


class TestKeys:
    def test_before_the_first_start_they_need_not_be_there(self, tmp_path):
        assert check_keys(Settings(data_dir=tmp_path)).mark is Mark.NOTE

    def test_with_data_but_without_keys_something_was_lost(self, tmp_path):
        (tmp_path / "mentions.sqlite").touch()
        assert check_keys(Settings(data_dir=tmp_path)).mark is Mark.FAILED

    def test_their_owner_s_alone_is_fine_and_anything_else_names_the_mend(self, tmp_path):
        settings = Settings(data_dir=tmp_path)
        [author, _] = make_missing_keys(settings.secrets_dir)
        assert check_keys(settings).mark is Mark.OK
        author.chmod(0o644)
        check = check_keys(settings)
        assert check.mark is Mark.FAILED
        assert f"chmod 600 {author}" in check.fact.en


def test_missing_fonts_are_only_told():
    check = check_fonts(lambda _: None)
    assert check.mark in {Mark.NOTE, Mark.OK}  # a Mac has them
    assert check.mark is Mark.OK or "screenshots" in check.fact.en


def test_an_optional_part_that_is_not_installed_is_named():
    name = Text("报告组件", "report parts")
    absent = check_extra("report", name, find=lambda module: None)
    assert (absent.mark, absent.fact.en) == (Mark.OPTIONAL, "absent: docxtpl, vl_convert")
    assert check_extra("report", name, find=lambda module: module).mark is Mark.OK
