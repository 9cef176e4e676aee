"""The health check (体检): every dependency looked at again, each ✗ with what mends it.

Here are the checks of the machine and of the program itself; those of stores, mail and browser are
in `runtime.check_services`. A check changes nothing and never raises: what is wrong is its result.
"""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from domain.errors import NO_MEND, ConfigurationError, KoubeiError, Text
from runtime.extras import EXTRAS
from runtime.secret_files import KEY_NAMES, load_keys
from runtime.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
SETUP = Text("python3 run.py setup", "python3 run.py setup")
_OLDEST_PYTHON = (3, 11)
_GIGABYTE = 1024**3
_LITTLE_SPACE = 5 * _GIGABYTE
_NO_SPACE = _GIGABYTE // 2
_LOCKED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)\s*(?:;\s*([^\\]+?))?\s*\\?$", re.MULTILINE)


class Mark(StrEnum):
    """How a check ended."""

    OK = "ok"
    NOTE = "note"
    """Works, with something to know."""
    OPTIONAL = "optional"
    """A part is missing that the rest does without."""
    FAILED = "failed"

    @property
    def sign(self) -> str:
        """The sign in front of a line."""
        return {"ok": "✓", "note": "!"}.get(self.value, "✗")


@dataclass(frozen=True, slots=True)
class Check:
    """One result: what was looked at, how it is, and what helps."""

    name: Text
    mark: Mark
    fact: Text
    mend: Text = NO_MEND


def machine_checks(settings: Settings) -> Iterator[Check]:
    """Yield the checks of Python, packages, folders, keys, disk and fonts."""
    yield check_python()
    yield check_packages(ROOT / "requirements")
    yield check_sqlite()
    yield check_data_folder(settings.data_dir)
    yield check_disk(settings.data_dir)
    yield check_keys(settings)
    yield check_fonts()
    yield check_extra("dashboard", Text("看板组件", "dashboard parts"))
    yield check_extra("report", Text("报告组件", "report parts"))


def check_python(version: tuple[int, ...] = sys.version_info[:3]) -> Check:
    """Whether this Python is new enough."""
    shown = ".".join(map(str, version))
    name = Text("Python", "Python")
    if version >= _OLDEST_PYTHON:
        return Check(name, Mark.OK, Text(shown, shown))
    return Check(
        name,
        Mark.FAILED,
        Text(f"{shown}，需要 ≥ 3.11", f"{shown}, 3.11 or newer is needed"),
        Text("apt-get install python3.11 python3.11-venv", "apt-get install python3.11"),
    )


def check_packages(locks: Path) -> Check:
    """Whether the packages installed here are those of the lock files.

    `core.lock` is what every host needs; what only `run.lock` names (crawling, scoring, Excel,
    PostgreSQL) may be missing on a host that shows pages.
    """
    name = Text("依赖包", "packages")
    try:
        core, whole = (_locked(locks / f"{lock}.lock") for lock in ("core", "run"))
    except OSError:
        return Check(
            name,
            Mark.NOTE,
            Text("没有锁定文件，未比对", "no lock files here: not compared"),
        )
    missing = {name for name, lock in whole.items() if lock.everywhere and not _installed(name)}
    if broken := sorted(missing & core.keys()):
        return Check(name, Mark.FAILED, _listed(broken, "缺少", "missing"), SETUP)
    other = sorted(
        f"{package} {found} ≠ {'/'.join(sorted(lock.versions))}"
        for package, lock in whole.items()
        if (found := _installed(package)) not in {None, *lock.versions}
    )
    if other:
        return Check(name, Mark.NOTE, _listed(other, "与锁定的版本不同", "not as locked"), SETUP)
    if missing:
        return Check(name, Mark.OPTIONAL, _listed(sorted(missing), "未安装", "absent"), SETUP)
    count = sum(_installed(package) is not None for package in whole)
    return Check(name, Mark.OK, Text(f"{count} 个，与锁定一致", f"{count}, as locked"))


def check_sqlite() -> Check:
    """Whether this SQLite has full text search."""
    version = sqlite3.sqlite_version
    try:
        with sqlite3.connect(":memory:") as db:
            db.execute("CREATE VIRTUAL TABLE t USING fts5(x)")
        db.close()
    except sqlite3.Error:
        return Check(
            Text("SQLite", "SQLite"),
            Mark.FAILED,
            Text(f"{version} 没有全文检索（FTS5）", f"{version} has no full text search (FTS5)"),
            Text("使用系统自带的 python3", "use the system's own python3"),
        )
    return Check(Text("SQLite", "SQLite"), Mark.OK, Text(version, version))


def check_data_folder(folder: Path) -> Check:
    """Whether the data folder can be written and others are kept out."""
    name = Text("数据目录", "data folder")
    if not folder.exists():
        parent = next((p for p in folder.parents if p.exists()), Path("/"))
        if os.access(parent, os.W_OK | os.X_OK):
            return Check(
                name,
                Mark.NOTE,
                Text(f"{folder} 尚未建立，首次启动时建立", f"{folder} is made at the first start"),
            )
        return Check(
            name,
            Mark.FAILED,
            Text(f"无法在 {parent} 下建立 {folder}", f"{folder} cannot be made below {parent}"),
            Text("在 koubei.toml 里改 data_dir", "set another data_dir in koubei.toml"),
        )
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        owner = folder.owner() if hasattr(folder, "owner") else ""
        return Check(
            name,
            Mark.FAILED,
            Text(f"{folder} 不可写（属于 {owner}）", f"{folder} is not writable (owner {owner})"),
            Text(f"sudo chown -R $USER {folder}", f"sudo chown -R $USER {folder}"),
        )
    if stat.S_IMODE(folder.stat().st_mode) & 0o077:
        return Check(
            name,
            Mark.NOTE,
            Text(f"{folder} 他人可进入", f"others can enter {folder}"),
            Text(f"chmod 700 {folder}", f"chmod 700 {folder}"),
        )
    return Check(name, Mark.OK, Text(str(folder), str(folder)))


def check_disk(
    folder: Path, free_bytes: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free
) -> Check:
    """Whether there is room to grow."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free = free_bytes(existing)
    shown = f"{free / _GIGABYTE:.1f} GB"
    fact = Text(f"可用 {shown}", f"{shown} free")
    mend = Text(
        "清理磁盘，或把 data_dir 移到更大的盘", "make room, or move data_dir to a larger disk"
    )
    if free < _NO_SPACE:
        return Check(Text("磁盘", "disk"), Mark.FAILED, fact, mend)
    mark = Mark.NOTE if free < _LITTLE_SPACE else Mark.OK
    return Check(Text("磁盘", "disk"), mark, fact, mend if mark is Mark.NOTE else NO_MEND)


def check_keys(settings: Settings) -> Check:
    """Whether both keys are there and their owner's alone."""
    name = Text("密钥", "keys")
    folder = settings.secrets_dir
    files = [folder / key for key in KEY_NAMES if getattr(settings, key) is None]
    if files and not any(file.exists() for file in files) and not _has_data(settings):
        return Check(
            name,
            Mark.NOTE,
            Text("尚未生成", "not made yet"),
            Text("koubei init，或首次启动时生成", "koubei init makes them, or the first start"),
        )
    try:
        load_keys(folder, author_key=settings.author_key, seal_key=settings.seal_key)
    except ConfigurationError as error:
        return failed(name, error)
    where = (
        Text(str(folder), str(folder)) if files else Text("来自环境变量", "from the environment")
    )
    return Check(name, Mark.OK, where)


def check_fonts(which: Callable[[str], str | None] = shutil.which) -> Check:
    """Whether the machine can draw Chinese: only screenshots and PDF pages need it."""
    name = Text("中文字体", "Chinese fonts")
    program = which("fc-list")
    if program:
        done = subprocess.run(  # noqa: S603  # a fixed program with fixed arguments
            [program, ":lang=zh", "family"], capture_output=True, timeout=20, check=False
        )
        if done.stdout.strip():
            return Check(name, Mark.OK, Text("已安装", "installed"))
    if sys.platform == "darwin":
        return Check(name, Mark.OK, Text("系统自带", "part of the system"))
    return Check(
        name,
        Mark.NOTE,
        Text("未找到，只影响截图", "none found: only screenshots need them"),
        Text("sudo apt-get install fonts-noto-cjk", "sudo apt-get install fonts-noto-cjk"),
    )


def check_extra(
    extra: str, name: Text, find: Callable[[str], object] = importlib.util.find_spec
) -> Check:
    """Whether an optional part (see `runtime.extras`) is installed."""
    missing = [module for module in EXTRAS[extra] if find(module) is None]
    if missing:
        return Check(name, Mark.OPTIONAL, _listed(missing, "未安装", "absent"), SETUP)
    return Check(name, Mark.OK, Text("已安装", "installed"))


def failed(name: Text, error: KoubeiError, mark: Mark = Mark.FAILED) -> Check:
    """Return an error of ours as a result."""
    place_zh, place_en = (f"{error.place}：", f"{error.place}: ") if error.place else ("", "")
    return Check(name, mark, Text(place_zh + error.text.zh, place_en + error.text.en), error.mend)


def _has_data(settings: Settings) -> bool:
    path = settings.mention_store_path
    return path is not None and path.exists()


@dataclass(slots=True)
class _Locked:
    """A package in a lock file: its versions, and whether every platform needs it."""

    versions: set[str] = field(default_factory=set)
    everywhere: bool = False


def _locked(lock: Path) -> dict[str, _Locked]:
    """Return what a lock file holds; entries with a marker are for some platforms only."""
    packages: dict[str, _Locked] = {}
    for name, version, marker in _LOCKED.findall(lock.read_text(encoding="utf-8")):
        package = packages.setdefault(name, _Locked())
        package.versions.add(version)
        package.everywhere |= not marker
    return packages


def _installed(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _listed(items: list[str], zh: str, en: str) -> Text:
    """Name the first few of a list and how many more there are."""
    few, more = items[:4], len(items) - 4
    return Text(
        f"{zh}：{'、'.join(few)}{f' 等 {len(items)} 个' if more > 0 else ''}",
        f"{en}: {', '.join(few)}{f' and {more} more' if more > 0 else ''}",
    )
