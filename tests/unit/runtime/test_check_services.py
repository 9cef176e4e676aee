"""The health check of stores, sources, clock, mail and browser."""

import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from browser.find import FoundBrowser
from delivery.mail import SmtpMailer
from domain.brand import Brand, Configuration, Source, Transport, Watch
from domain.dead_letter import DeadLetter
from domain.errors import BrowserMissing, DeliveryError, Text
from domain.keeping import BackupNote, OutboxHold
from domain.mention import Platform
from domain.session import PlatformSession
from domain.spool import SpoolState, WaitingLook
from runtime import check_services
from runtime.check_services import (
    check_audit,
    check_backup,
    check_browser,
    check_letters,
    check_logins,
    check_mail,
    check_mention_store,
    check_outbox,
    check_sources,
    check_spool,
    check_workflow,
)
from runtime.checks import Mark
from runtime.secret_files import load_keys, make_missing_keys
from runtime.settings import Settings
from storage.identity import KeyedMasker
from storage.sql.database import begin_work, migrate, open_database
from storage.sqlite.mentions import SqliteMentionStore
from tests.fakes import NOON, FixedClock, a_mention
from tests.fixtures.databases import new_workflow_database

SOURCE = Source("s", "weibo_search", Platform.WEIBO, Transport.HTTP, "http://127.0.0.1:8600/w")
TEAM = Configuration(
    brands=(Brand("cha", "云栈奶茶"),),
    sources=(SOURCE,),
    watches=(Watch("w", "主词", ("cha",), ("云栈",), ("s",)),),
)


def marks(settings: Settings, clock: FixedClock | None = None) -> dict[str, Mark]:
    found = check_workflow(settings, clock or FixedClock())
    return {check.name.en: check.mark for check in found}


class TestMentionStore:
    def test_one_that_is_not_there_yet_is_not_made(self, tmp_path):
        path = tmp_path / "m.sqlite"
        assert check_mention_store(path).mark is Mark.NOTE
        assert not path.exists()

    def test_one_that_answers_is_fine(self, tmp_path):
        SqliteMentionStore(tmp_path / "m.sqlite").close()
        check = check_mention_store(tmp_path / "m.sqlite")
        assert check.mark is Mark.OK
        assert "0 mentions" in check.fact.en

    def test_an_older_one_is_left_as_it_is(self, tmp_path, monkeypatch):
        path = tmp_path / "m.sqlite"
        SqliteMentionStore(path).close()
        monkeypatch.setattr(check_services, "SCHEMA_VERSION", 99)
        assert "next start updates it" in check_mention_store(path).fact.en

    def test_another_file_is_a_failure_with_a_mend(self, tmp_path):
        path = tmp_path / "m.sqlite"
        path.write_bytes(b"this is no database at all" * 100)
        assert check_mention_store(path).mark is Mark.FAILED


class TestWorkflow:
    @pytest.fixture
    def settings(self, tmp_path) -> Settings:
        settings = Settings(data_dir=tmp_path)
        engine = open_database(settings.workflow_url)
        migrate(engine)
        engine.dispose()
        return settings

    @pytest.mark.parametrize(
        "tampering",
        [
            "UPDATE audit SET actor = 'nobody' WHERE seq = 1",
            "UPDATE audit SET payload = '{}' WHERE seq = 2",
            "DELETE FROM audit WHERE seq = 1",
            "DELETE FROM audit WHERE seq = 3",
        ],
    )
    def test_an_audit_trail_that_was_tampered_with_is_a_failure(self, settings, tampering):
        engine = open_database(settings.workflow_url)
        for number in range(3):
            with begin_work(engine)() as work:
                work.audit.append(
                    at=NOON, actor="a", action="b", object_id="c", reason="d", payload={"n": number}
                )
                work.commit()
        engine.dispose()
        assert Mark.FAILED not in marks(settings).values()
        with sqlite3.connect(settings.data_dir / "workflow.sqlite") as db:
            for (trigger,) in db.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            ).fetchall():
                db.execute(f"DROP TRIGGER {trigger}")
            db.execute(tampering)
        db.close()
        assert Mark.FAILED in marks(settings).values()

    def save(self, settings: Settings, configuration: Configuration) -> None:
        engine = open_database(settings.workflow_url)
        with begin_work(engine)() as work:
            work.configuration.save(
                configuration, expected_version=0, actor="a", at=NOON, origin="test"
            )
            work.commit()
        engine.dispose()

    def test_one_that_is_not_there_yet_is_not_made(self, tmp_path):
        settings = Settings(data_dir=tmp_path)
        assert marks(settings) == {"workflow database": Mark.NOTE}
        assert list(tmp_path.iterdir()) == []

    def test_a_good_one_is_writable_and_nothing_of_the_trial_stays(self, settings):
        assert marks(settings) == {
            "workflow database": Mark.OK, "audit trail": Mark.OK, "outbox": Mark.OK,
            "spool": Mark.OK, "dead letters": Mark.OK, "layout": Mark.OK,
            "backup": Mark.NOTE, "clock": Mark.OK, "sources": Mark.NOTE,
        }  # fmt: skip
        with sqlite3.connect(settings.data_dir / "workflow.sqlite") as db:
            [(rows,)] = db.execute("SELECT count(*) FROM audit")
        db.close()
        assert rows == 0

    def test_a_newer_one_is_a_failure(self, settings):
        with sqlite3.connect(settings.data_dir / "workflow.sqlite") as db:
            db.execute("UPDATE alembic_version SET version_num = '9999'")
        db.close()
        assert marks(settings) == {"workflow database": Mark.FAILED}

    def test_a_private_source_that_is_not_allowed_is_found(self, settings):
        self.save(settings, TEAM)
        assert marks(settings)["sources"] is Mark.FAILED


def on(begin, act):
    with begin() as work:
        act(work)
        work.commit()


class TestKeeping:
    @pytest.fixture
    def begin(self, tmp_path):
        engine = new_workflow_database(tmp_path / "w.sqlite")
        yield begin_work(engine)
        engine.dispose()

    def test_a_held_outbox_is_a_failure_that_names_its_release(self, begin):
        assert check_outbox(begin).mark is Mark.OK
        on(begin, lambda work: work.notes.hold_outbox(OutboxHold(NOON, NOON, "b.kbk")))
        held = check_outbox(begin)
        assert (held.mark, held.mend.en) == (Mark.FAILED, "koubei outbox release")

    def test_what_waits_is_a_note_and_what_was_set_aside_a_failure(self, begin):
        assert check_spool(begin, None).mark is Mark.OK
        on(
            begin,
            lambda work: work.spooled.add(WaitingLook("l", "s", "r", "", "w", NOON, NOON, 3)),
        )
        waiting = check_spool(begin, SpoolState("s", waiting=1))
        assert (waiting.mark, waiting.mend.en) == (Mark.NOTE, "koubei spool show")
        for own in (SpoolState("s", aside=1), SpoolState("s", damaged=("f",))):
            assert check_spool(begin, own).mark is Mark.FAILED

    def test_dead_letters_are_a_note(self, begin):
        assert check_letters(begin).mark is Mark.OK
        letter = DeadLetter(a_mention(), Text("字段", "field"), "r", NOON, NOON)
        on(begin, lambda work: work.dead_letters.put([letter]))
        assert check_letters(begin).mend.en == "koubei dead-letters list"

    def test_a_trail_shorter_than_the_heartbeat_remembers_is_a_failure(self, begin, tmp_path):
        beat = tmp_path / "beat"
        assert check_audit(begin, beat).mark is Mark.OK
        beat.write_text('{"audit_seq": 7, "audit_head": "%s"}' % ("f" * 64))
        cut = check_audit(begin, beat)
        assert (cut.mark, cut.fact.en) == (Mark.FAILED, "row 7: rows at the end are missing")

    def test_a_heartbeat_that_cannot_be_read_is_a_failure_and_not_none(self, begin, tmp_path):
        beat = tmp_path / "beat"
        beat.write_text("\x00")
        assert check_audit(begin, beat).mark is Mark.FAILED

    @pytest.mark.parametrize(
        ("folder", "hours", "verified", "there", "mark"),
        [
            (True, 47, True, True, Mark.OK),
            (True, 49, True, True, Mark.FAILED),
            (False, 49, True, True, Mark.NOTE),
            (True, 1, False, True, Mark.NOTE),
            (True, 1, True, False, Mark.FAILED),
            (False, 1, True, True, Mark.OK),
        ],
    )
    def test_the_backup_is_judged_by_age_proof_and_presence(
        self, begin, tmp_path, folder, hours, verified, there, mark
    ):
        made = NOON - timedelta(hours=hours)
        note = BackupNote("koubei.kbk", str(tmp_path), made, verified, 1, 1.0, 1, "f" * 64)
        on(begin, lambda work: work.notes.note_backup(note))
        if there:
            (tmp_path / "koubei.kbk").touch()
        settings = Settings(data_dir=tmp_path, backup={"folder": tmp_path} if folder else {})
        assert check_backup(begin, settings, NOON).mark is mark

    def test_none_at_all_is_a_failure_only_where_one_was_meant(self, begin, tmp_path):
        settings = Settings(data_dir=tmp_path)
        assert check_backup(begin, settings, NOON).mark is Mark.NOTE
        meant = Settings(data_dir=tmp_path, backup={"folder": tmp_path})
        assert check_backup(begin, meant, NOON).mark is Mark.FAILED


class TestSources:
    def test_a_private_address_has_to_be_named_and_the_mend_names_it(self):
        check = check_sources(TEAM, ())
        assert check.mark is Mark.FAILED
        assert 'allowed_hosts = ["127.0.0.1:8600"]' in check.mend.en
        assert check_sources(TEAM, ("127.0.0.1:8600",)).mark is Mark.OK

    @pytest.mark.parametrize(
        ("url", "is_private"),
        [
            ("https://s.weibo.com", False),
            ("https://93.184.216.34", False),
            ("http://localhost:1", True),
            ("http://10.0.0.1", True),
            ("http://[::1]:80", True),
            ("http://169.254.169.254", True),
            ("http://[64:ff9b::a00:5]", True),  # NAT64 of 10.0.0.5: the guard says no to it
        ],
    )
    def test_which_addresses_are_private(self, url, is_private):
        team = replace(TEAM, sources=(replace(SOURCE, base_url=url),))
        assert (check_sources(team, ()).mark is Mark.FAILED) is is_private

    def test_a_source_that_nobody_asks_does_not_count(self):
        team = replace(TEAM, sources=(replace(SOURCE, enabled=False),))
        assert check_sources(team, ()).mark is Mark.NOTE


class TestClock:
    @pytest.mark.parametrize(
        ("ahead", "mark"), [(timedelta(minutes=1), Mark.OK), (timedelta(hours=1), Mark.FAILED)]
    )
    def test_a_crawl_from_the_future_means_that_the_clock_went_back(self, ahead, mark):
        class Work:
            coverage = property(lambda self: self)

            def __enter__(self):
                return self

            def __exit__(self, *_):
                pass

            def latest(self):
                return [type("Row", (), {"observed_at": NOON + ahead})]

        check = check_services.check_clock(Work, FixedClock(), "Asia/Shanghai")
        assert check.mark is mark


SMTP = {"host": "127.0.0.1", "security": "none", "port": 2525, "sender": "a@b.example"}


class TestMail:
    def test_without_a_server_the_folder_is_named(self, tmp_path):
        check = check_mail(Settings(data_dir=tmp_path), FixedClock())
        assert check.mark is Mark.NOTE
        assert str(tmp_path / "outbox") in check.fact.en

    @pytest.mark.parametrize("refuses", [False, True])
    def test_a_server_lets_us_in_or_says_why_not(self, monkeypatch, refuses):
        def check(self):
            if refuses:
                raise DeliveryError(Text("密码错误", "wrong password"), retry=False, place="SMTP")

        monkeypatch.setattr(SmtpMailer, "check", check)
        found = check_mail(Settings(smtp=SMTP), FixedClock())
        assert found.mark is (Mark.FAILED if refuses else Mark.OK)
        assert not refuses or (found.fact.en == "SMTP: wrong password" and found.mend.en)


class TestBrowser:
    def found(self, monkeypatch, *arguments: str, answer: object = None) -> None:
        browser = FoundBrowser("/usr/bin/chromium", "156.0", arguments)
        monkeypatch.setattr(check_services, "find_browser", lambda path: browser)
        monkeypatch.setattr(check_services, "_drive", lambda found: answer)

    def test_one_that_can_be_driven_is_fine_and_root_is_told_of_the_sandbox(self, monkeypatch):
        self.found(monkeypatch)
        assert check_browser(Settings()).mark is Mark.OK
        self.found(monkeypatch, "--no-sandbox")
        check = check_browser(Settings())
        assert check.mark is Mark.NOTE
        assert "no sandbox" in check.fact.en

    def test_none_is_a_missing_optional_part(self, monkeypatch):
        def find(path):
            raise BrowserMissing(Text("没有", "none"), mend=Text("安装", "install one"))

        monkeypatch.setattr(check_services, "find_browser", find)
        check = check_browser(Settings())
        assert (check.mark, check.mend.en) == (Mark.OPTIONAL, "install one")

    def test_one_that_is_switched_off_is_not_looked_for(self, monkeypatch):
        monkeypatch.setattr(check_services, "find_browser", None)
        assert check_browser(Settings(browser={"enabled": False})).mark is Mark.NOTE

    @pytest.mark.parametrize(
        ("message", "mend"),
        [("[FATAL] No usable sandbox! If you are…", "AppArmor"), ("boom\nmore", "KOUBEI_BROWSER")],
    )
    def test_why_it_cannot_be_driven_is_told_with_what_helps(self, message, mend):
        check = check_services._undrivable(FoundBrowser("/c", "1.0"), message)
        assert check.mark is Mark.OPTIONAL
        assert mend in check.mend.en
        assert "more" not in check.fact.en


class TestLogins:
    @pytest.fixture
    def house(self, tmp_path):
        settings = Settings(data_dir=tmp_path / "var")
        make_missing_keys(settings.secrets_dir)
        engine = new_workflow_database(tmp_path / "w.db")
        yield settings, begin_work(engine)
        engine.dispose()

    def check(self, house, session: PlatformSession | None, sealed: bytes | None = None):
        settings, begin = house
        if session is not None:
            keys = load_keys(settings.secrets_dir)
            whole = KeyedMasker(keys.author_key, keys.seal_key).seal("weibo\n{}")
            with begin() as work:
                work.sessions.put(session, sealed or whole)
                work.commit()
        [found] = check_logins(begin, TEAM, settings, NOON)
        return found

    @pytest.mark.parametrize(
        ("changes", "mark", "said"),
        [
            ({}, Mark.OK, "有效（root）"),
            ({"expires_at": NOON + timedelta(days=1)}, Mark.NOTE, "即将到期"),
            ({"ended_at": NOON, "ended_reason": "login_wall"}, Mark.FAILED, "已失效"),
            ({"ended_at": NOON, "ended_reason": "removed"}, Mark.NOTE, "未登录·以访客读取"),
        ],
    )
    def test_each_platform_that_is_read_is_told_with_its_step(self, house, changes, mark, said):
        session = PlatformSession(Platform.WEIBO, "cli:root", NOON, **changes)
        check = self.check(house, session)
        assert (check.name.zh, check.mark, check.fact.zh) == ("微博登录", mark, said)
        assert (check.mend.zh == "koubei login weibo") is (mark is not Mark.OK)

    def test_none_at_all_is_a_note(self, house):
        assert self.check(house, None).mark is Mark.NOTE

    def test_one_that_the_key_does_not_open_is_a_failure(self, house):
        other = KeyedMasker(b"a" * 32, b"b" * 32).seal("weibo\n{}")
        check = self.check(house, PlatformSession(Platform.WEIBO, "cli:root", NOON), other)
        assert (check.mark, check.fact.zh) == (Mark.FAILED, "密钥打不开保存的登录")


def test_postgres_that_is_away_is_a_failure_without_its_password(tmp_path: Path):
    url = "postgresql+psycopg://u:s3cret@127.0.0.1:1/koubei"
    found = list(check_workflow(Settings(data_dir=tmp_path, workflow_url=url), FixedClock()))
    assert [check.mark for check in found] == [Mark.FAILED]
    assert "s3cret" not in str(found)
