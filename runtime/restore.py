"""Bringing a backup back: checked whole, put in place at once, nothing deleted, mail held.

The backup is unpacked and checked beside the data before anything is touched. What was there is
moved aside (SQLite files and keys into `before-restore-…`, a PostgreSQL schema under another name).
The outbox comes back held: its mails may have been sent since the backup was made, and only a
person can know.
"""

import os
import secrets as randomness
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from domain.crawl import SlotState
from domain.errors import KoubeiError, StoreUnavailable, Text
from domain.keeping import OutboxHold
from domain.ports import Clock
from runtime.backup import Bar, no_bar, unpack, work_folder
from runtime.backup_file import (
    MENTIONS,
    MODELS,
    SECRETS,
    SETTINGS,
    WITH_MODELS,
    WORKFLOW,
    Manifest,
)
from runtime.extras import require
from runtime.one_service import only_service
from runtime.scorers import model_folder
from runtime.secret_files import make_private_folder
from runtime.settings import Settings
from storage.archive import FilePageArchive
from storage.elasticsearch.cluster import Cluster
from storage.spool import SPOOL_FILE
from storage.sql.accounts import SqlAccountRepository
from storage.sql.audit import SqlAuditRepository
from storage.sql.copying import load
from storage.sql.corrections import SqlCorrectionRepository
from storage.sql.database import begin_work, open_database
from storage.sql.notes import SqlNoteRepository
from storage.sql.schema import bring_up_to_date, newest_revision, require_utf8, schema_version
from storage.sql.spooled import SqlSpooledRepository

_SQLITE = "sqlite:///"
_BESIDE = ("", "-wal", "-shm")


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored. `aside` is where the former data lie now (None: there were none), `kept`
    the settings of the backup, where others are in use.
    """

    manifest: Manifest
    aside: str | None
    kept_settings: Path | None


def restore(
    settings: Settings,
    file: Path,
    passphrase: str | None,
    clock: Clock,
    *,
    actor: str,
    force: bool = False,
    settings_file: Path | None = None,
    bar: Bar = no_bar,
) -> Restored:
    """Restore a backup to where the settings say, and return what it was.

    KoubeiError when data are there (`force` moves them aside), or a service is running here or on
    the database; StoreError, SchemaMismatch, ConfigurationError for the backup itself. Whatever is
    raised, what was there is as it was.
    """
    make_private_folder(settings.data_dir)
    with only_service(settings.data_dir), work_folder(settings.data_dir) as scratch:
        there = _occupied(settings)
        if there and not force:
            raise KoubeiError(
                Text("这里已有数据，没有恢复", "there are data here already; nothing was restored"),
                place="、".join(there),
                mend=Text(
                    "确认后加 --force：现有数据会移到一旁，不会删除",
                    "if that is meant add --force: they are moved aside, not deleted",
                ),
            )
        _refuse_running_service(settings, clock.now())
        archive = FilePageArchive(settings.data_dir / "pages", clock)
        manifest = unpack(file, passphrase, scratch, pages=archive, bar=bar)
        now = clock.now().astimezone(UTC)
        mark = _Mark(now, manifest, file.name, actor)
        with (
            _translated(settings.data_dir),
            _arriving(settings, scratch / MENTIONS, mark, bar) as put_mentions,
        ):
            aside = _put_in_place(settings, scratch, mark, put_mentions)
            kept = _keep_settings(scratch / SETTINGS, settings_file)
    return Restored(manifest, aside, kept)


@dataclass(frozen=True, slots=True)
class _Mark:
    """Of which restore this is."""

    at: datetime
    manifest: Manifest
    backup: str
    actor: str

    @property
    def aside(self) -> str:
        return f"before-restore-{self.at:%Y%m%dT%H%M%SZ}"


def put_secrets(folder: Path, small: Mapping[str, bytes]) -> None:
    """Write the secrets of a backup (see `runtime.backup.peek`) into a folder that has none."""
    make_private_folder(folder.parent)
    make_private_folder(folder)
    for name, content in small.items():
        if name.startswith(SECRETS):
            target = folder / name.removeprefix(SECRETS)
            handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(content)


def _occupied(settings: Settings) -> list[str]:
    """Return what is there that a restore would replace."""
    there = []
    if _workflow_file(settings) is None or _workflow_file(settings, existing=True):
        engine = open_database(settings.workflow_url)
        try:
            if inspect(engine).get_table_names():
                there.append(_place_of(engine))
        finally:
            engine.dispose()
    file, cluster = settings.mention_store_path, settings.cluster
    if file is not None and file.exists():
        there.append(str(file))
    if cluster is not None and _mentions_in(cluster):
        there.append(f"{cluster.place} ({cluster.index})")
    return there


def _refuse_running_service(settings: Settings, now: datetime) -> None:
    """Raise KoubeiError when somebody holds a lease in the database, on whichever machine."""
    if _workflow_file(settings) and not _workflow_file(settings, existing=True):
        return
    engine = open_database(settings.workflow_url)
    try:
        if schema_version(engine) != newest_revision():
            return
        with begin_work(engine)() as work:
            running = [
                slot
                for slot in work.slots.latest()
                if slot.state is SlotState.RUNNING and slot.lease_until and slot.lease_until > now
            ]
    finally:
        engine.dispose()
    if running:
        owner = running[0].owner
        raise KoubeiError(
            Text(f"还有服务在使用这个数据库（{owner}）", f"a service uses this database ({owner})"),
            place="workflow database",
            mend=Text(
                "先停止所有 koubei up；被强行终止的服务要等一分钟",
                "stop every koubei up; one that was killed needs a minute",
            ),
        )


@contextmanager
def _arriving(
    settings: Settings, mentions: Path, mark: _Mark, bar: Bar
) -> Iterator[Callable[[], list[str]]]:
    """Give what puts the restored mentions in use and returns where the former lie. On a cluster
    they are stored first, in an index of their own, so that what can go wrong does so before.
    """
    file, cluster = settings.mention_store_path, settings.cluster
    if cluster is None or file is not None:

        def put_file() -> list[str]:
            if file is not None:
                _move_in(mentions, file)
            return []

        yield put_file
        return
    require("elasticsearch")
    from runtime import clusters

    total = mark.manifest.mentions
    with (
        bar("写入集群", "writing to the cluster", total) as advance,
        clusters.filled_index(cluster, mentions, mark.at, advance) as put_in_use,
    ):

        def put_index() -> list[str]:
            before = put_in_use()
            return [f"{cluster.place} ({before})"] if before else []

        yield put_index


def _mentions_in(cluster: Cluster) -> int | None:
    require("elasticsearch")
    from runtime import clusters

    return clusters.mentions_in(cluster)


def _put_in_place(
    settings: Settings, scratch: Path, mark: _Mark, put_mentions: Callable[[], list[str]]
) -> str | None:
    """Move what was there aside and the restored data in; return where the former lie."""
    target = _workflow_file(settings)
    moved: list[str] = []
    if target is None:
        moved += _fill_server(settings, scratch / WORKFLOW, mark)
    else:
        engine = open_database(f"{_SQLITE}{scratch / 'workflow.sqlite'}")
        try:
            with engine.begin() as db:
                _settle(db, mark)
        finally:
            engine.dispose()  # the last connection moves the log into the file
    aside = settings.data_dir / mark.aside
    # what waits in the spool belongs to the former data, and may be sealed with their key
    spool = settings.data_dir / SPOOL_FILE
    for file in filter(None, (settings.mention_store_path, spool, target)):
        moved += _move_aside(file, aside)
    # what it remembers of the trail is that of the former data
    if settings.heartbeat.file.exists():
        make_private_folder(aside)
        shutil.move(settings.heartbeat.file, aside / settings.heartbeat.file.name)
    moved += _replace_secrets(settings.secrets_dir, scratch / SECRETS, aside)
    if mark.manifest.format >= WITH_MODELS:
        moved += _replace_models(model_folder(settings), scratch / MODELS, aside)
    moved += put_mentions()
    if target:
        _move_in(scratch / "workflow.sqlite", target)
    return "、".join(dict.fromkeys(moved)) or None


def _settle(db: Connection, mark: _Mark) -> None:
    """Make restored tables safe to start on: no mail leaves, no login lives on, mentions are made
    to show once more what people said of them, and what waited in a spool is a gap that is crawled
    again: spools are not in a backup.
    """
    SqlNoteRepository(db).hold_outbox(
        OutboxHold(since=mark.at, backed_up_at=mark.manifest.made_at, backup=mark.backup)
    )
    SqlCorrectionRepository(db).project_all_again()
    spooled = SqlSpooledRepository(db)
    spooled.lose([look for spool in spooled.waiting() for look in spooled.of_spool(spool.name)])
    accounts = SqlAccountRepository(db)
    for account in accounts.all():
        accounts.end_sessions_of(account.id, mark.at)
    SqlAuditRepository(db, _random_salt).append(
        at=mark.at,
        actor=mark.actor,
        action="backup.restored",
        object_id=f"backup:{mark.backup}",
        reason="",
        payload={
            "made_at": mark.manifest.made_at.isoformat(),
            "mentions": mark.manifest.mentions,
            "audit_seq": mark.manifest.audit_seq,
            "audit_head": mark.manifest.audit_head,
        },
    )


def _fill_server(settings: Settings, dumped: Path, mark: _Mark) -> list[str]:
    """Fill a PostgreSQL database in one transaction; tables that are there keep living in a schema
    of another name. Return that name, if any.
    """
    engine = open_database(settings.workflow_url)
    moved = []
    try:
        with engine.begin() as db, dumped.open(encoding="utf-8") as lines:
            require_utf8(db)
            if inspect(db).get_table_names():
                former = mark.aside.replace("-", "_").lower()
                schema = db.dialect.identifier_preparer.quote(
                    db.scalar(text("SELECT current_schema()"))
                )
                db.execute(text(f"ALTER SCHEMA {schema} RENAME TO {former}"))
                db.execute(text(f"CREATE SCHEMA {schema}"))
                moved.append(f"{_place_of(engine)} ({former})")
            load(db, lines, lambda _: None)
            bring_up_to_date(db)
            _settle(db, mark)
    finally:
        engine.dispose()
    return moved


def _move_aside(file: Path, aside: Path) -> list[str]:
    moved = []
    for ending in _BESIDE:
        part = file.with_name(file.name + ending)
        if part.exists():
            make_private_folder(aside)
            shutil.move(part, aside / part.name)
            moved.append(str(aside))
    return moved


def _move_in(restored: Path, target: Path) -> None:
    make_private_folder(target.parent)
    arriving = target.with_name(f".{target.name}.restoring")
    shutil.move(restored, arriving)  # may come from another disk
    arriving.replace(target)


def _replace_secrets(folder: Path, restored: Path, aside: Path) -> list[str]:
    """Put the restored keys in place; keys that are there and differ are moved aside."""
    make_private_folder(folder)
    moved = []
    for key in sorted(restored.iterdir()) if restored.exists() else ():
        there = folder / key.name
        if there.exists():
            if there.read_bytes() == key.read_bytes():
                continue
            make_private_folder(aside / "secrets")
            shutil.move(there, aside / "secrets" / key.name)
            moved.append(str(aside))
        shutil.move(key, there)
    return moved


def _replace_models(folder: Path, restored: Path, aside: Path) -> list[str]:
    """Put the restored models in the place of those that are there; without any in the backup the
    shipped one judges again, as it did then.
    """
    moved = []
    if folder.exists():
        make_private_folder(aside)
        shutil.move(folder, aside / folder.name)
        moved.append(str(aside))
    if restored.exists():
        shutil.move(restored, folder)
    return moved


def _keep_settings(restored: Path, settings_file: Path | None) -> Path | None:
    """Lay the settings of the backup beside those in use, where they differ; return where."""
    if settings_file is None or not restored.exists():
        return None
    if restored.read_bytes() == settings_file.read_bytes():
        return None
    beside = settings_file.with_name(f"{settings_file.name}.from-backup")
    shutil.copyfile(restored, beside)
    beside.chmod(0o600)
    return beside


def _workflow_file(settings: Settings, *, existing: bool = False) -> Path | None:
    """Return the SQLite file of the workflow database; None on a server, or (`existing`) when
    there is none yet.
    """
    url = settings.workflow_url
    if not url.startswith(_SQLITE):
        return None
    path = Path(url.removeprefix(_SQLITE))
    return path if path.exists() or not existing else None


def _place_of(engine: Engine) -> str:
    """Return where a database is, without its password."""
    return str(engine.url.database) if engine.dialect.name == "sqlite" else repr(engine.url)


def _random_salt() -> str:
    return randomness.token_hex(16)


@contextmanager
def _translated(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreUnavailable(
            Text(f"恢复未完成：{error.strerror}", f"the restore did not end: {error.strerror}"),
            place=str(error.filename or folder),
            mend=Text(
                "检查磁盘空间与权限后再恢复一次（加 --force）",
                "check disk space and permissions, then restore once more (--force)",
            ),
        ) from error
