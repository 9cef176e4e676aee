"""Making a backup while the service runs, and looking whether it can be restored.

Crash order: copies lie in a private folder inside `data_dir`, the file is written beside its final
name, read back, restored into a temporary place and checked, and only then gets its name. So a file
with a name is a backup that was restored once. A backup never migrates what it copies.
"""

import importlib.metadata
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final, Protocol

from sqlalchemy import Engine

from domain.audit import first_broken
from domain.errors import ConfigurationError, KoubeiError, StoreError, StoreUnavailable, Text
from domain.keeping import BackupNote
from domain.ports import BeginWork, Clock, MentionStore
from monitoring.moving import copy
from runtime.backup_file import (
    END,
    MANIFEST,
    MENTIONS,
    MODEL_NAME,
    MODELS,
    NAMES,
    PAGES,
    SECRET_NAME,
    SECRETS,
    SETTINGS,
    WORKFLOW,
    BackupWriter,
    FileFact,
    Manifest,
    damaged,
    members,
)
from runtime.one_service import only_one
from runtime.scorers import LIST_OF_MODELS, model_folder
from runtime.secret_files import make_private_folder
from runtime.settings import Settings
from runtime.settings_model import sqlite_path
from runtime.wiring import open_mention_store
from storage.archive import FilePageArchive, check_page
from storage.sql.audit import SqlAuditRepository
from storage.sql.copying import Dumped, dump, load
from storage.sql.database import begin_work, open_database
from storage.sql.schema import bring_up_to_date, newest_revision, schema_version
from storage.sqlite.copying import copy_store, inspect_copy, without_log
from storage.sqlite.mentions import SqliteMentionStore

SHORTEST_PASSPHRASE: Final = 10
_WORK_FOLDER: Final = "backup-work"
_SHA256: Final = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_MEGABYTE: Final = 1 << 20
_LARGEST_SMALL: Final = 16 * _MEGABYTE
"""Members that are read into memory are smaller."""


class Advance(Protocol):
    """Moves a bar on."""

    def __call__(self, steps: int = 1, *, total: int | None = None) -> None: ...


Bar = Callable[[str, str, int | None], AbstractContextManager[Advance]]
"""Shows that something long goes on: `cli.terminal.progress`, or `no_bar`."""


@contextmanager
def no_bar(_zh: str, _en: str, _total: int | None) -> Iterator[Advance]:
    """Show nothing."""

    def advance(steps: int = 1, *, total: int | None = None) -> None:
        """Nobody looks."""

    yield advance


@dataclass(frozen=True, slots=True)
class Plan:
    """What is wanted: where to, sealed with what (None: not sealed), which pages (`named`, `all`,
    `none`), how many backups stay in the folder (None: all), and whether it is restored once.

    `named` are the pages that the workflow database names by their hash: evidence of cases, and
    what a crawl fetched and did not store yet.
    """

    folder: Path
    passphrase: str | None
    pages: str = "named"
    keep: int | None = None
    verify: bool = True


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was made: the file, what it says, and the backups that made room for it."""

    path: Path
    manifest: Manifest
    note: BackupNote
    removed: tuple[Path, ...]


def passphrase_of(settings: Settings) -> str | None:
    """Return the passphrase of the settings; ConfigurationError when its file cannot be used or it
    is too short to be one.
    """
    secret = settings.backup.secret()
    return None if secret is None else checked_passphrase(secret)


def checked_passphrase(secret: str) -> str:
    """Return a passphrase that is long enough; ConfigurationError for another."""
    if len(secret) < SHORTEST_PASSPHRASE:
        raise ConfigurationError(
            Text(
                f"备份口令至少 {SHORTEST_PASSPHRASE} 个字符",
                f"a backup's passphrase has at least {SHORTEST_PASSPHRASE} characters",
            ),
            place="backup.passphrase",
            mend=Text("用几个不相干的词，并另行保管", "take some unrelated words, kept elsewhere"),
        )
    return secret


def make_backup(
    settings: Settings,
    clock: Clock,
    plan: Plan,
    *,
    actor: str,
    settings_file: Path | None = None,
    bar: Bar = no_bar,
) -> Made:
    """Make a backup of everything, note it in the trail, and return it.

    ConfigurationError when there is nothing to back up; StoreError when what was written could not
    be restored; StoreUnavailable when the disk says no; KoubeiError when another backup is running.
    """
    began = time.monotonic()
    require_data(settings)
    with _translated(plan.folder):
        make_private_folder(plan.folder)
    with work_folder(settings.data_dir) as scratch, _translated(plan.folder):
        engine = open_database(settings.workflow_url)
        try:
            made_at = clock.now().astimezone(UTC).replace(microsecond=0)
            manifest, pages = _copy(settings, engine, plan, scratch, made_at, settings_file, bar)
            suffix = "tar.gz" if plan.passphrase is None else "kbk"
            path = plan.folder / f"koubei-{made_at:%Y%m%dT%H%M%SZ}.{suffix}"
            unfinished = path.with_name(f".{path.name}.part")
            try:
                _write(settings, plan, scratch, manifest, pages, unfinished, clock, bar)
                if plan.verify:
                    with tempfile.TemporaryDirectory(dir=scratch) as place:
                        unpack(unfinished, plan.passphrase, Path(place), bar=bar)
                unfinished.replace(path)
                _sync(plan.folder)
            finally:
                unfinished.unlink(missing_ok=True)
            note = BackupNote(
                name=path.name,
                folder=str(plan.folder),
                made_at=made_at,
                verified=plan.verify,
                bytes=path.stat().st_size,
                seconds=round(time.monotonic() - began, 1),
                audit_seq=manifest.audit_seq,
                audit_head=manifest.audit_head,
            )
            _note(engine, note, plan, actor)
        finally:
            engine.dispose()
        removed = _make_room(plan, path)
    return Made(path, manifest, note, removed)


def is_due(settings: Settings, begin: BeginWork, now: datetime) -> bool:
    """Whether the service should make a backup by itself now."""
    backup = settings.backup
    if backup.folder is None:
        return False
    with begin() as work:
        last = work.notes.last_backup()
    if last is None or not last.verified or Path(last.folder) != backup.folder:
        return True
    return now - last.made_at >= backup.every or not (backup.folder / last.name).exists()


def scheduled_backup(
    settings: Settings, begin: BeginWork, clock: Clock, settings_file: Path | None = None
) -> Mapping[str, object]:
    """Make the backup that is due, if one is; return figures for the log.

    ConfigurationError when no passphrase is set: a backup with keys is not left open by itself.
    """
    backup = settings.backup
    if backup.folder is None or not is_due(settings, begin, clock.now()):
        return {"due": False}
    passphrase = passphrase_of(settings)
    if passphrase is None:
        raise ConfigurationError(
            Text("没有设置备份口令，未备份", "no passphrase is set: no backup was made"),
            place="backup.passphrase_file",
            mend=Text(
                "把口令放进权限 0600 的文件并设置 backup.passphrase_file",
                "put one into a file of mode 0600 and set backup.passphrase_file",
            ),
        )
    plan = Plan(backup.folder, passphrase, backup.pages, backup.keep)
    made = make_backup(settings, clock, plan, actor="system:scheduler", settings_file=settings_file)
    return {
        "name": made.path.name,
        "bytes": made.note.bytes,
        "took": made.note.seconds,
        "mentions": made.manifest.mentions,
        "removed": len(made.removed),
    }


def unpack(
    path: Path,
    passphrase: str | None,
    folder: Path,
    *,
    pages: FilePageArchive | None = None,
    bar: Bar = no_bar,
) -> Manifest:
    """Restore a backup into an empty folder and check all of it; return its manifest.

    Afterwards `folder` holds `workflow.sqlite` (of this program's version), `workflow.jsonl`,
    `mentions.sqlite`, `koubei.toml`, `secrets/` and `models/`. Raw pages go into `pages`, or are
    only checked. Checked are: every size and hash, the integrity of the mention store, the rows of
    every table, and the audit trail from its first row to the head that the manifest names.
    """
    size = _megabytes(path.stat().st_size)
    with (
        bar("读出备份", "reading the backup", size) as advance,
        members(path, passphrase) as given,
    ):
        manifest, found = None, 0
        ended = None
        for name, member, content in given:
            if manifest is None:
                if name != MANIFEST:
                    raise damaged(path.name)
                manifest = Manifest.from_json(content.read(_LARGEST_SMALL), path.name)
            elif name.startswith(PAGES):
                put_at = datetime.fromtimestamp(member.mtime, UTC)
                _take_page(name.removeprefix(PAGES), content.read(), put_at, pages)
                found += 1
            elif name == END:
                ended = content.read(_LARGEST_SMALL)
            else:
                _take_file(folder / name, content, manifest.files.get(name), path.name)
        advance(size)
    if manifest is None or ended != _end(found):
        raise damaged(path.name)
    if any(not (folder / name).exists() for name in manifest.files):
        raise damaged(path.name)
    _check(folder, manifest, path.name, bar)
    return manifest


def peek(path: Path, passphrase: str | None) -> Mapping[str, bytes]:
    """Return the settings and secrets of a backup by name, without reading the rest."""
    small: dict[str, bytes] = {}
    with members(path, passphrase) as given:
        for name, _, content in given:
            if name in {WORKFLOW, MENTIONS, END} or name.startswith(PAGES):
                break
            if name != MANIFEST:
                small[name] = content.read(_LARGEST_SMALL)
    return small


@contextmanager
def work_folder(data_dir: Path) -> Iterator[Path]:
    """Give a private folder beside the data for the time of one backup or restore.

    What a killed one left there is removed first. KoubeiError when another one is running.
    """
    folder = data_dir / _WORK_FOLDER
    make_private_folder(folder)
    busy = KoubeiError(
        Text("另一个备份或恢复正在进行", "another backup or restore is running"),
        place=str(folder),
        mend=Text("等它结束", "wait for it to end"),
    )
    with only_one(folder, otherwise=busy):
        for left in folder.iterdir():
            shutil.rmtree(left)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            yield Path(scratch)


def require_data(settings: Settings) -> None:
    """ConfigurationError when there is nothing to back up yet."""
    url = settings.workflow_url
    for file in (settings.mention_store_path, sqlite_path(url)):
        if file is not None and not file.exists():
            raise ConfigurationError(
                Text("这里还没有数据，没有可备份的", "no data here yet: nothing to back up"),
                place=str(file),
                mend=Text(
                    "进入 koubei.toml 所在的目录（或设置 KOUBEI_CONFIG）再运行",
                    "run it in the folder of koubei.toml (or set KOUBEI_CONFIG)",
                ),
            )


def _copy(
    settings: Settings,
    engine: Engine,
    plan: Plan,
    scratch: Path,
    made_at: datetime,
    settings_file: Path | None,
    bar: Bar,
) -> tuple[Manifest, list[str]]:
    """Copy settings, keys and both databases into `scratch`; return the manifest and the pages.

    The workflow database is copied first: a mention too many is harmless, a note about a mention
    that is not there is not.
    """
    left_out = _copy_small(settings, scratch, settings_file)
    dumped, named = _dump_workflow(engine, scratch / WORKFLOW, bar)
    _copy_mentions(settings, scratch / MENTIONS, bar)
    schema, mentions = inspect_copy(scratch / MENTIONS, thorough=False)
    copied = sorted(p for p in scratch.rglob("*") if p.is_file())
    manifest = Manifest(
        made_at=made_at,
        program=_program(),
        dialect=engine.dialect.name,
        revision=dumped.revision,
        rows=dumped.rows,
        audit_seq=dumped.audit_seq,
        audit_head=dumped.audit_head,
        mention_schema=schema,
        mentions=mentions,
        files={str(p.relative_to(scratch)): FileFact.of(p) for p in copied},
        left_out=left_out,
    )
    return manifest, _pages(settings, plan, named)


def _copy_mentions(settings: Settings, target: Path, bar: Bar) -> None:
    """Copy the mentions into a file, as they are at one moment, wherever they lie."""
    path = settings.mention_store_path
    with bar("复制内容库", "copying the mention store", None) as advance:
        done = 0

        def moved(more: int, total: int) -> None:
            nonlocal done
            before, done = _megabytes(done), done + more
            advance(_megabytes(done) - before, total=_megabytes(total))

        if path is not None:
            copy_store(path, target, moved)
            return
        with closing(open_mention_store(settings)) as store:
            advance(0, total=store.status().mentions)
            copy_mentions(store, target, advance)


def copy_mentions(store: MentionStore, target: Path, advance: Callable[[int], None]) -> None:
    """Write every mention of a store into the new SQLite file `target`; StoreError when the file
    does not take one: a copy without it is none.
    """
    with closing(SqliteMentionStore(target)) as file:
        refused = copy(store, file, advance)
    if refused:
        raise StoreError(
            Text(
                f"{len(refused)} 条提及无法写入副本，首先是 {refused[0].mention_id}",
                f"{len(refused)} mentions cannot be copied, the first is {refused[0].mention_id}",
            ),
            place=target.name,
        )
    without_log(target)


def _copy_small(settings: Settings, scratch: Path, settings_file: Path | None) -> tuple[str, ...]:
    """Copy settings, secrets and models; return what of them lies elsewhere and stays there."""
    if settings_file is not None:
        shutil.copyfile(settings_file, scratch / SETTINGS)
    secrets = scratch / SECRETS
    make_private_folder(secrets)
    own = settings.backup.passphrase_file
    if settings.secrets_dir.exists():
        for file in sorted(settings.secrets_dir.iterdir()):
            # the passphrase of the backup is the one secret that must not lie in it
            if file.is_file() and SECRET_NAME.fullmatch(file.name) and file != own:
                shutil.copyfile(file, secrets / file.name)
    _copy_models(model_folder(settings), scratch / MODELS)
    for name in ("author_key", "seal_key"):
        if given := getattr(settings, name):
            (secrets / name).write_text(given.get_secret_value() + "\n", encoding="ascii")
    table = settings.elasticsearch
    named = [
        settings.smtp.password_file if settings.smtp else None,
        *(access.api_key_file for access in (table, table.reader)),
        *(access.password_file for access in (table, table.reader)),
        table.ca_file,
    ]
    outside = [own] if own else []
    outside += [file for file in named if file and file.parent != settings.secrets_dir]
    return tuple(str(path) for path in outside)


def _copy_models(models: Path, target: Path) -> None:
    """Copy what the team trained: the list first, for a model that it names is there already."""
    if not (models / LIST_OF_MODELS).is_file():
        return
    make_private_folder(target)
    shutil.copyfile(models / LIST_OF_MODELS, target / LIST_OF_MODELS)
    for file in sorted(models.iterdir()):
        if file.name != LIST_OF_MODELS and MODEL_NAME.fullmatch(file.name):
            shutil.copyfile(file, target / file.name)


def _dump_workflow(engine: Engine, target: Path, bar: Bar) -> tuple[Dumped, set[str]]:
    """Write the workflow database to a file; return its facts and every hash that stands in it."""
    named: set[str] = set()
    with (
        bar("复制流程库", "copying the workflow database", None) as advance,
        target.open("w", encoding="utf-8") as file,
    ):

        def write(line: str) -> None:
            named.update(_SHA256.findall(line))
            file.write(line)

        dumped = dump(engine, write, advance)
    return dumped, named


def _pages(settings: Settings, plan: Plan, named: set[str]) -> list[str]:
    folder = settings.data_dir / "pages"
    if plan.pages == "none" or not folder.exists():
        return []
    there = FilePageArchive(folder, _Never()).hashes()
    return [sha256 for sha256 in there if plan.pages == "all" or sha256 in named]


class _Never:
    """The clock of an archive that is only read."""

    def now(self) -> datetime:
        """Not to be asked."""
        raise RuntimeError("a page would be put")


def _write(
    settings: Settings,
    plan: Plan,
    scratch: Path,
    manifest: Manifest,
    pages: list[str],
    target: Path,
    clock: Clock,
    bar: Bar,
) -> None:
    told = {
        "made_at": manifest.made_at.isoformat(),
        "audit_seq": manifest.audit_seq,
        "audit_head": manifest.audit_head,
    }
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with (
        os.fdopen(handle, "wb") as file,
        bar("写入备份", "writing the backup", len(manifest.files) + len(pages)) as advance,
    ):
        os.fchmod(handle, 0o600)
        writer = BackupWriter(file, plan.passphrase, told)
        writer.add(MANIFEST, manifest.as_json(), manifest.made_at)
        for name in sorted(manifest.files, key=_order):
            writer.add_file(name, scratch / name, manifest.made_at)
            advance()
        archive = FilePageArchive(settings.data_dir / "pages", clock) if pages else None
        written = 0
        for sha256 in pages:
            page = archive.packed(sha256) if archive else None
            if page is not None:  # housekeeping may have been faster
                writer.add(f"{PAGES}{sha256}", *page)
                written += 1
            advance()
        writer.add(END, _end(written), manifest.made_at)
        writer.close()
        file.flush()
        os.fsync(handle)


def _order(name: str) -> tuple[int, str]:
    """Small members first, so that `peek` need not read the rest."""
    if name.startswith(MODELS):
        return (4, name)
    return ({SETTINGS: 0, WORKFLOW: 2, MENTIONS: 3}.get(name, 1), name)


def _end(pages: int) -> bytes:
    return b'{"pages":%d}' % pages


def _take_page(sha256: str, packed: bytes, put_at: datetime, pages: FilePageArchive | None) -> None:
    if pages is None:
        check_page(sha256, packed, sha256)
    else:
        pages.take(sha256, packed, put_at)


def _take_file(target: Path, content: IO[bytes], fact: FileFact | None, place: str) -> None:
    if fact is None or target.exists():
        raise damaged(place)
    make_private_folder(target.parent)
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        shutil.copyfileobj(content, file, _MEGABYTE)
    if FileFact.of(target) != fact:
        raise damaged(place)


def _check(folder: Path, manifest: Manifest, place: str, bar: Bar) -> None:
    """Load the workflow database and look at everything."""
    with bar("校验备份", "checking the backup", sum(manifest.rows.values())) as advance:
        schema, mentions = inspect_copy(folder / MENTIONS, thorough=True)
        if (schema, mentions) != (manifest.mention_schema, manifest.mentions):
            raise damaged(place)
        engine = open_database(f"sqlite:///{folder / 'workflow.sqlite'}")
        try:
            with engine.begin() as db, (folder / WORKFLOW).open(encoding="utf-8") as lines:
                loaded = load(db, lines, advance)
                bring_up_to_date(db)
                broken = first_broken(SqlAuditRepository(db, _no_salt).rows())
        finally:
            engine.dispose()
    head = (loaded.audit_seq, loaded.audit_head)
    if dict(loaded.rows) != dict(manifest.rows) or loaded.revision != manifest.revision:
        raise damaged(place)
    if broken is not None or head != (manifest.audit_seq, manifest.audit_head):
        raise StoreError(
            Text(
                f"备份中的审计记录不完整（第 {broken or head[0]} 行）",
                f"the audit trail in the backup is not whole (row {broken or head[0]})",
            ),
            place=place,
            mend=Text(
                "koubei audit verify 查看现有记录", "look at the trail with koubei audit verify"
            ),
        )


def _no_salt() -> str:
    raise RuntimeError("a copy is only read")


def _note(engine: Engine, note: BackupNote, plan: Plan, actor: str) -> None:
    """Note the backup in the trail, where this program knows the tables: a backup before an upgrade
    changes nothing in the old database.
    """
    if schema_version(engine) != newest_revision():
        return
    with begin_work(engine)() as work:
        work.notes.note_backup(note)
        work.audit.append(
            at=note.made_at,
            actor=actor,
            action="backup.made",
            object_id=f"backup:{note.name}",
            reason="",
            payload={
                "folder": note.folder,
                "bytes": note.bytes,
                "sealed": plan.passphrase is not None,
                "verified": note.verified,
                "audit_seq": note.audit_seq,
                "audit_head": note.audit_head,
            },
        )
        work.commit()


def _make_room(plan: Plan, newest: Path) -> tuple[Path, ...]:
    """Remove the oldest backups beyond `keep`; only files that are named as ours are looked at."""
    if plan.keep is None:
        return ()
    ours = sorted(p for p in plan.folder.iterdir() if NAMES.fullmatch(p.name) and p != newest)
    surplus = ours[: max(0, len(ours) + 1 - plan.keep)]
    for path in surplus:
        path.unlink()
    return tuple(surplus)


def _megabytes(count: int) -> int:
    """Return bytes as megabytes, rounded up."""
    return -(-count // _MEGABYTE)


def _program() -> str:
    try:
        return importlib.metadata.version("koubei")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _translated(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreUnavailable(
            Text(f"备份写入失败：{error.strerror}", f"no backup was written: {error.strerror}"),
            place=str(error.filename or folder),
            mend=Text("检查磁盘空间与目录权限", "check disk space and folder permissions"),
        ) from error
