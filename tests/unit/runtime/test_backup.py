"""runtime/backup.py and restore.py: what is kept comes back, and nothing is put at risk for it."""

import io
import json
import shutil
import sqlite3
import stat
import tarfile
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from domain.coverage import CoverageRow, CoverageState
from domain.dead_letter import DeadLetter
from domain.errors import ConfigurationError, KoubeiError, SchemaMismatch, StoreError, Text
from domain.mention import Platform
from domain.outbox import OutboxState
from domain.queries import MentionFilter
from domain.sentiment import Label
from domain.spool import WaitingLook
from monitoring.notify import RelayResult, relay
from monitoring.spool_debts import pay
from runtime import backup as backup_module
from runtime.backup import Plan, is_due, make_backup, peek, scheduled_backup, unpack
from runtime.backup_file import audit_head_of
from runtime.one_service import only_service
from runtime.restore import restore
from runtime.secret_files import make_missing_keys
from runtime.settings import Settings
from runtime.settings_model import Backup
from storage import sealed_file
from storage.sql.database import begin_work
from storage.sqlite.mentions import SqliteMentionStore
from tests.fakes import NOON, FixedClock, a_mention
from tests.fixtures.installation import (
    LOGIN,
    OWN_MODEL,
    PAGES,
    PASSPHRASE,
    PRINT,
    TOWARDS,
    Installation,
)
from tests.fixtures.mails import a_mail
from workflow.corrections import reproject
from workflow.outbox import held_outbox, release_outbox_at_terminal

LATER = NOON + timedelta(hours=3)


@pytest.fixture(autouse=True)
def _cheap(monkeypatch):
    monkeypatch.setattr(sealed_file, "_COSTS", {"n": 1 << 4, "r": 8, "p": 1})


@pytest.fixture(scope="module")
def filled(tmp_path_factory) -> Path:
    """The folder of an installation, of which tests take copies."""
    folder = tmp_path_factory.mktemp("filled")
    Installation(folder).fill()
    return folder


@pytest.fixture
def home(tmp_path, filled) -> Installation:
    shutil.copytree(filled, tmp_path / "home")
    return Installation(tmp_path / "home")


@pytest.fixture(scope="module")
def plain(filled, tmp_path_factory) -> Path:
    """A backup that anybody can read, and write anew."""
    folder = tmp_path_factory.mktemp("plain")
    toml = folder / "koubei.toml"
    toml.write_text("language = 'zh'\n")
    shutil.copytree(filled, folder / "home")  # a backup is noted in what it is of
    settings, plan = Installation(folder / "home").settings, Plan(folder / "kept", None)
    return make_backup(settings, FixedClock(), plan, actor="t", settings_file=toml).path


@pytest.fixture
def away(tmp_path) -> Installation:
    return Installation(tmp_path / "away")


def back_up(home: Installation, folder: Path, **changes: object):
    plan = replace(Plan(folder, PASSPHRASE), **changes)
    return make_backup(home.settings, FixedClock(), plan, actor="cli:test")


def bring_back(away: Installation, path: Path, passphrase: str | None = PASSPHRASE, **how):
    clock = FixedClock(LATER)
    return restore(away.settings, path, passphrase, clock, actor="cli:test", **how)


def test_everything_comes_back_on_an_empty_host(home, away, tmp_path):
    before, mentions, secrets = home.rows(), home.mentions(), home.secrets()
    made = back_up(home, tmp_path / "kept")
    assert made.path.name == "koubei-20261120T040000Z.kbk"
    assert (made.note.verified, made.manifest.mentions, made.note.audit_seq) == (True, 40, 5)
    bring_back(away, made.path)
    after = away.rows()
    assert len(before) > 15
    for table in before.keys() - {"notes", "audit", "corrections", "sessions", "counters"}:
        assert after[table] == before[table], table
    assert after["audit"][:5] == before["audit"]
    assert (away.mentions(), away.secrets()) == (mentions, secrets)


OF_LATE = ("platform_sessions", "assessments", "surface_counts", "drift_episodes", "model_runs")


def test_logins_sheets_drift_runs_and_models_come_back(home, away, tmp_path):
    before = home.rows()
    assert set(OF_LATE) <= before.keys()
    bring_back(away, back_up(home, tmp_path / "kept").path)
    after = away.rows()
    for table in OF_LATE:
        assert before[table], table
        assert after[table] == before[table], table
    assert away.login() == LOGIN.decode()
    assert away.models() == OWN_MODEL
    asked = away.mentions()[1]
    assert (asked.terms, asked.sentiment["tea"]) == (("虫子", "门店"), TOWARDS)
    store = SqliteMentionStore(away.settings.mention_store_path)
    near = store.near([PRINT], since=NOON - timedelta(days=30), distance=3)
    assert {each.mention_id for each in near} >= {"weibo:0", "weibo:1", "weibo:2"}
    assert store.count(MentionFilter(brand_id="tea", labels=frozenset({Label.NEGATIVE}))) == 20
    store.close()


def test_a_login_cannot_be_opened_with_another_key(home, away, tmp_path):
    bring_back(away, back_up(home, tmp_path / "kept").path)
    (away.settings.secrets_dir / "seal_key").unlink()
    make_missing_keys(away.settings.secrets_dir)
    with pytest.raises(KoubeiError):
        away.login()
    assert LOGIN not in back_up(home, tmp_path / "open", passphrase=None).path.read_bytes()


def test_models_of_the_former_data_are_moved_aside(home, away, tmp_path):
    path = back_up(home, tmp_path / "kept").path
    away.fill()
    (away.settings.data_dir / "models" / "koubei-12345678.npz").write_bytes(b"another")
    bring_back(away, path, force=True)
    assert away.models() == OWN_MODEL
    [aside] = away.settings.data_dir.glob("before-restore-*/models")
    assert (aside / "koubei-12345678.npz").read_bytes() == b"another"


def test_a_backup_of_before_leaves_the_models_alone(home, away, tmp_path):
    path = back_up(home, tmp_path / "kept", passphrase=None).path
    away.fill()
    older = rewritten(path, of_format_1)
    bring_back(away, older, None, force=True)
    assert away.models() == OWN_MODEL
    assert away.mentions() == home.mentions()


def of_format_1(name: str, content: bytes):
    if name.startswith("models/"):
        return []
    if name != "manifest.json":
        return content
    told = json.loads(content)
    told["files"] = {n: f for n, f in told["files"].items() if not n.startswith("models/")}
    return json.dumps({**told, "format": 1}).encode()


def test_only_pages_that_are_needed_come_along_unless_all_are_wanted(home, away, tmp_path):
    named, other = (home.archive().put(page) for page in PAGES)
    bring_back(away, back_up(home, tmp_path / "kept").path)
    assert (away.archive().get(named), away.archive().get(other)) == (PAGES[0], None)
    everything = Installation(tmp_path / "everything")
    bring_back(everything, back_up(home, tmp_path / "all", pages="all").path)
    assert everything.archive().get(other) == PAGES[1]
    nothing = Installation(tmp_path / "nothing")
    bring_back(nothing, back_up(home, tmp_path / "none", pages="none").path)
    assert list(nothing.archive().hashes()) == []


def test_a_page_is_as_old_after_the_restore_as_before(home, away, tmp_path):
    sha256 = next(iter(home.archive().hashes()))
    bring_back(away, back_up(home, tmp_path / "kept", pages="all").path)
    (_, put_at), (_, was) = away.archive().packed(sha256), home.archive().packed(sha256)
    assert put_at == was == NOON


def test_the_file_is_its_owners_and_says_nothing_of_what_is_in_it(home, tmp_path):
    made = back_up(home, tmp_path / "kept")
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(made.path.parent.stat().st_mode) == 0o700
    assert "云栈".encode() not in made.path.read_bytes()
    assert audit_head_of(made.path) == (5, made.note.audit_head)
    assert [p.name for p in made.path.parent.iterdir()] == [made.path.name]
    assert list((home.settings.data_dir / "backup-work").iterdir()) == []


def test_an_open_backup_is_a_plain_tar_that_its_owner_alone_can_read(home, away, tmp_path):
    made = back_up(home, tmp_path / "kept", passphrase=None)
    assert made.path.name.endswith(".tar.gz")
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    with tarfile.open(made.path) as tar:
        manifest = json.load(tar.extractfile("manifest.json"))
    assert (manifest["mentions"], manifest["rows"]["accounts"]) == (40, 2)
    bring_back(away, made.path, None)
    assert away.mentions() == home.mentions()


def test_a_wrong_passphrase_or_none_restores_nothing(home, away, tmp_path):
    path = back_up(home, tmp_path / "kept").path
    with pytest.raises(StoreError, match="passphrase is wrong"):
        bring_back(away, path, "six black dogs in the cellar")
    with pytest.raises(ConfigurationError, match="needs its passphrase"):
        bring_back(away, path, None)
    assert not away.settings.mention_store_path.exists()


def test_a_damaged_or_cut_backup_restores_nothing(home, away, tmp_path):
    path = back_up(home, tmp_path / "kept", passphrase=None).path
    content = path.read_bytes()
    for broken in (content[:-200], content[: len(content) // 2], content[:300], b""):
        path.write_bytes(broken)
        with pytest.raises(StoreError):
            bring_back(away, path, None)
    assert not away.settings.mention_store_path.exists()
    assert not Path(away.settings.workflow_url.removeprefix("sqlite:///")).exists()


def rewritten(path: Path, change) -> Path:
    """Write a plain backup anew, with what `change` makes of each member (None: leave it out)."""
    target = path.with_name("forged.tar.gz")
    with tarfile.open(path) as old, tarfile.open(target, "w:gz") as new:
        for member in old:
            content = change(member.name, old.extractfile(member).read())
            for name, body in content if isinstance(content, list) else [(member.name, content)]:
                if body is not None:
                    member.name, member.size = name, len(body)
                    new.addfile(member, io.BytesIO(body))
    return target


@pytest.mark.parametrize(
    "change",
    [
        lambda n, b: b.replace(b"m1", b"m9") if n == "workflow.jsonl" else b,
        lambda n, b: None if n == "mentions.sqlite" else b,
        lambda n, b: None if n == "end.json" else b,
        lambda n, b: None if n == "secrets/author_key" else b,
        lambda n, b: [("../evil", b)] if n == "koubei.toml" else b,
        lambda n, b: [(n, b), ("secrets/../../evil", b"x")] if n == "manifest.json" else b,
        lambda n, b: [(n, b), ("extra", b"x")] if n == "manifest.json" else b,
        lambda n, b: [(n, b), (n, b)] if n == "mentions.sqlite" else b,
        lambda n, b: [(n, b), ("models/../../evil", b"x")] if n == "manifest.json" else b,
        lambda n, b: b + b"x" if n.endswith(".npz") else b,
        lambda n, b: b.replace(b'"mentions": 40', b'"mentions": 41') if n == "manifest.json" else b,
        lambda n, b: b.replace(b'"audit_seq": 5', b'"audit_seq": 4') if n == "manifest.json" else b,
        lambda n, b: b.replace(b'"format": 2', b'"format": 9') if n == "manifest.json" else b,
    ],
    ids=[
        "rows", "no mentions", "no end", "no key", "path", "path in secrets", "extra", "twice",
        "path in models", "model", "count", "head", "format",
    ],
)  # fmt: skip
def test_a_forged_backup_restores_nothing(plain, away, tmp_path, change):
    path = shutil.copy(plain, tmp_path)
    with pytest.raises(StoreError):
        bring_back(away, rewritten(Path(path), change), None)
    assert not away.settings.mention_store_path.exists()
    assert not (tmp_path / "evil").exists()


def test_a_changed_audit_row_is_found_even_when_all_hashes_were_made_anew(home, tmp_path):
    """Somebody altered the trail in the living database: the backup of it does not pass."""
    with sqlite3.connect(home.settings.workflow_url.removeprefix("sqlite:///")) as db:
        db.execute("DROP TRIGGER audit_is_not_changed")
        db.execute("UPDATE audit SET reason = '改' WHERE seq = 3")
    with pytest.raises(StoreError, match=r"audit trail .* \(row 3\)"):
        back_up(home, tmp_path / "kept")
    assert list((tmp_path / "kept").iterdir()) == []


def test_what_cannot_be_restored_gets_no_name(home, tmp_path, monkeypatch):
    def broken(*_: object, **__: object) -> None:
        raise StoreError(Text("坏", "bad"))

    monkeypatch.setattr(backup_module, "unpack", broken)
    with pytest.raises(StoreError):
        back_up(home, tmp_path / "kept")
    assert list((tmp_path / "kept").iterdir()) == []
    assert back_up(home, tmp_path / "kept", verify=False).note.verified is False


def test_it_is_made_while_others_write_and_is_of_one_moment(home, away, tmp_path):
    """A writer adds a mention and a mail at a time; the copy holds a beginning of each."""
    stopping = threading.Event()
    written = 0

    def write() -> None:
        nonlocal written
        store = SqliteMentionStore(home.settings.mention_store_path)
        engine = home.engine()
        while not stopping.is_set():
            written += 1
            store.add([a_mention(f"9{written:05d}")])
            with home.begin(engine)() as work:
                work.outbox.add(a_mail(f"busy-{written:05d}"))
                work.commit()
        store.close()
        engine.dispose()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        made = [back_up(home, tmp_path / f"kept-{n}") for n in range(3)][-1]
    finally:
        stopping.set()
        writer.join()
    bring_back(away, made.path)
    keys = sorted(row[1] for row in away.rows()["outbox"] if str(row[1]).startswith("busy"))
    assert keys == [f"busy-{n + 1:05d}" for n in range(len(keys))]
    assert 0 < len(keys) < written
    assert made.manifest.mentions - 40 >= len(keys)


def test_only_so_many_are_kept_and_nothing_else_is_touched(home, tmp_path):
    folder = tmp_path / "kept"
    folder.mkdir()
    for name in ("koubei-20261101T000000Z.kbk", "koubei-20261102T000000Z.tar.gz", "mine.kbk"):
        (folder / name).write_text("x")
    made = back_up(home, folder, keep=2)
    assert [path.name for path in made.removed] == ["koubei-20261101T000000Z.kbk"]
    assert sorted(p.name for p in folder.iterdir()) == [
        "koubei-20261102T000000Z.tar.gz",
        "koubei-20261120T040000Z.kbk",
        "mine.kbk",
    ]


def test_there_is_one_backup_at_a_time(home, tmp_path):
    with (
        backup_module.work_folder(home.settings.data_dir),
        pytest.raises(KoubeiError, match="another backup"),
    ):
        back_up(home, tmp_path / "kept")


def test_nothing_to_back_up_is_said_and_makes_no_stores(away, tmp_path):
    with pytest.raises(ConfigurationError, match="nothing to back up"):
        back_up(away, tmp_path / "kept")
    assert not away.settings.data_dir.exists()


def test_the_trail_tells_of_backup_and_restore(home, away, tmp_path):
    made = back_up(home, tmp_path / "kept")
    assert [row[3] for row in home.rows()["audit"]][-1] == "backup.made"
    bring_back(away, made.path)
    last = away.rows()["audit"][-1]
    assert (last[0], last[2], last[3]) == (6, "cli:test", "backup.restored")


def test_after_a_restore_no_mail_leaves_until_a_person_releases_it(home, away, tmp_path):
    bring_back(away, back_up(home, tmp_path / "kept").path)
    sent: list[str] = []

    class Server:
        def send(self, mail):
            sent.append(mail.key)

    engine = away.engine()
    begin = away.begin(engine)
    clock = FixedClock(LATER + timedelta(minutes=1))
    with begin() as work:
        work.outbox.add(a_mail("new", created_at=clock.time, next_attempt_at=clock.time))
        work.commit()
    assert relay(begin, Server(), clock, "r") == RelayResult(held=True)
    held = held_outbox(begin)
    assert [mail.key for mail in held.restored] == ["m1", "m2"]
    assert [mail.key for mail in held.written] == ["new"]
    with pytest.raises(KoubeiError, match="has changed"):
        release_outbox_at_terminal(begin, "cli:t", drop=[], seen=["m1"], reason="", at=clock.time)
    done = release_outbox_at_terminal(
        begin, "cli:t", drop=["m1"], seen=["m1", "m2"], reason="已发过", at=clock.time
    )
    assert (done.to_send, done.dropped) == (2, 1)
    assert relay(begin, Server(), clock, "r").sent == 2
    assert sent == ["m2", "new"]
    with begin() as work:
        dropped = work.outbox.get("m1")
    assert (dropped.state, dropped.last_error) == (OutboxState.DROPPED, "已发过")
    engine.dispose()


def test_logins_do_not_come_back_to_life(home, away, tmp_path):
    bring_back(away, back_up(home, tmp_path / "kept").path)
    engine = away.engine()
    with away.begin(engine)() as work:
        assert work.accounts.sessions_of("anna") == []
        assert work.accounts.get("anna") is not None
    engine.dispose()


def test_what_people_corrected_is_shown_again(home, away, tmp_path):
    bring_back(away, back_up(home, tmp_path / "kept").path)
    engine = away.engine()
    store = SqliteMentionStore(away.settings.mention_store_path)
    assert reproject(away.begin(engine), store) == 1
    assert store.get(["weibo:1"])["weibo:1"].label_towards("cha") is Label.NEGATIVE
    store.close()
    engine.dispose()


def test_data_that_are_there_are_refused_or_moved_aside_and_never_lost(home, tmp_path):
    path = back_up(home, tmp_path / "kept").path
    with pytest.raises(KoubeiError, match="data here already"):
        bring_back(home, path)
    store = SqliteMentionStore(home.settings.mention_store_path)
    store.add([a_mention("later")])
    store.close()
    (home.settings.secrets_dir / "seal_key").write_text("another\n")
    restored = bring_back(home, path, force=True)
    aside = Path(restored.aside)
    assert aside.name == "before-restore-20261120T070000Z"
    former = SqliteMentionStore(aside / "mentions.sqlite")
    assert "weibo:later" in former.get(["weibo:later"])
    former.close()
    assert (aside / "workflow.sqlite").exists()
    assert (aside / "secrets" / "seal_key").read_text() == "another\n"
    assert len(home.mentions()) == 40


def test_a_damaged_backup_leaves_what_is_there_even_with_force(home, tmp_path):
    path = back_up(home, tmp_path / "kept").path
    before = home.rows()
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(StoreError):
        bring_back(home, path, force=True)
    assert home.rows() == before


def test_a_running_service_is_not_pulled_away_from(home, tmp_path):
    path = back_up(home, tmp_path / "kept").path
    with (
        only_service(home.settings.data_dir),
        pytest.raises(KoubeiError, match="runs here already"),
    ):
        bring_back(home, path, force=True)
    engine = home.engine()
    with home.begin(engine)() as work:
        work.slots.ensure("relay", NOON)
        assert work.slots.claim("other-host:7", LATER, timedelta(minutes=1), ["relay"])
        work.commit()
    engine.dispose()
    with pytest.raises(KoubeiError, match="other-host:7"):
        bring_back(home, path, force=True)


def test_settings_that_differ_are_laid_beside_those_in_use(home, away, tmp_path):
    toml = tmp_path / "koubei.toml"
    toml.write_text("language = 'zh'\n")
    plan = Plan(tmp_path / "kept", PASSPHRASE)
    path = make_backup(home.settings, FixedClock(), plan, actor="t", settings_file=toml).path
    small = peek(path, PASSPHRASE)
    assert small["koubei.toml"] == b"language = 'zh'\n"
    assert set(small) == {
        "koubei.toml", "secrets/access_key", "secrets/author_key", "secrets/seal_key",
    }  # fmt: skip
    toml.write_text("language = 'en'\n")
    restored = bring_back(away, path, settings_file=toml)
    assert toml.read_text() == "language = 'en'\n"
    assert restored.kept_settings == tmp_path / "koubei.toml.from-backup"
    assert restored.kept_settings.read_text() == "language = 'zh'\n"


def test_keys_of_the_environment_come_along_and_the_passphrase_does_not(home, tmp_path):
    own = home.settings.secrets_dir / "backup_passphrase"
    own.write_text(PASSPHRASE)
    own.chmod(0o600)
    settings = Settings(
        data_dir=home.folder / "var", author_key="A" * 43 + "=", backup={"passphrase_file": own}
    )
    plan = Plan(tmp_path / "kept", PASSPHRASE)
    made = make_backup(settings, FixedClock(), plan, actor="t")
    small = peek(made.path, PASSPHRASE)
    assert small["secrets/author_key"] == b"A" * 43 + b"=\n"
    assert "secrets/backup_passphrase" not in small
    assert made.manifest.left_out == (str(own),)


def test_a_backup_of_a_newer_program_is_refused_with_its_mend(home, away, tmp_path):
    engine = home.engine()
    with engine.begin() as db:
        db.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    path = back_up(home, tmp_path / "kept", verify=False).path
    with pytest.raises(SchemaMismatch, match="newer version"):
        bring_back(away, path)
    with pytest.raises(SchemaMismatch):
        unpack(path, PASSPHRASE, tmp_path / "there")


# --- by itself


def automatic(home: Installation, folder: Path, **changes: object) -> Settings:
    backup = Backup(**{"folder": folder, "passphrase": PASSPHRASE, "keep": 2, **changes})
    return home.settings.model_copy(update={"backup": backup})


def test_the_service_makes_one_when_the_last_is_older_than_it_should_be(home, tmp_path):
    settings = automatic(home, tmp_path / "kept")
    engine, clock = home.engine(), FixedClock()
    begin = home.begin(engine)
    first = scheduled_backup(settings, begin, clock)
    assert (first["name"], first["mentions"]) == ("koubei-20261120T040000Z.kbk", 40)
    clock.forward(timedelta(hours=23, minutes=59))
    assert scheduled_backup(settings, begin, clock) == {"due": False}
    clock.forward(timedelta(minutes=1))
    assert scheduled_backup(settings, begin, clock)["removed"] == 0
    clock.forward(timedelta(days=1))
    assert scheduled_backup(settings, begin, clock)["removed"] == 1
    (tmp_path / "kept" / "koubei-20261122T040000Z.kbk").unlink()
    assert is_due(settings, begin, clock.time)
    assert is_due(automatic(home, tmp_path / "elsewhere"), begin, clock.time)
    assert not is_due(home.settings, begin, clock.time)
    engine.dispose()


def test_the_service_makes_no_open_backup_by_itself(home, tmp_path):
    settings = automatic(home, tmp_path / "kept", passphrase=None)
    engine = home.engine()
    with pytest.raises(ConfigurationError, match="no passphrase"):
        scheduled_backup(settings, home.begin(engine), FixedClock())
    with pytest.raises(ConfigurationError, match="at least"):
        scheduled_backup(
            automatic(home, tmp_path / "kept", passphrase="kurz"), home.begin(engine), FixedClock()
        )
    engine.dispose()


def test_dead_letters_come_back_and_what_waited_in_a_spool_is_crawled_again(home, away, tmp_path):
    why = Text("字段不符", "field")
    engine = home.engine()
    with begin_work(engine)() as work:
        work.dead_letters.put([DeadLetter(a_mention("77"), why, "run-1", NOON, NOON)])
        work.spooled.add(WaitingLook("look-1", "house-1", "run-1", "run-1", "tea", NOON, NOON, 3))
        row = CoverageRow(
            watch_id="tea",
            source_id="weibo",
            platform=Platform.WEIBO,
            window_start=NOON - timedelta(hours=1),
            window_end=NOON,
            observed_at=NOON,
            state=CoverageState.OK,
            run_id="run-1",
        )
        work.spooled.owe("run-1", "run-1", [row])
        work.commit()
    engine.dispose()
    path = back_up(home, tmp_path / "kept").path
    (home.settings.data_dir / "spool.sqlite").write_bytes(b"of the former data")
    bring_back(home, path, force=True)
    assert not (home.settings.data_dir / "spool.sqlite").exists()
    assert list(home.settings.data_dir.glob("before-restore-*/spool.sqlite"))
    bring_back(away, path)
    for place in (home, away):
        engine = place.engine()
        with begin_work(engine)() as work:
            assert work.dead_letters.ids() == ["weibo:77"]
            assert work.spooled.waiting() == []
            assert pay(work) == 1
            (found,) = work.coverage.latest()
        engine.dispose()
        assert (found.state, found.reason) == (CoverageState.FAILED, "spool_lost")
