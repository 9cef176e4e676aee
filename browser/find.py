"""Finding a Chromium that Playwright can drive, on whatever machine this is.

The operator's choice comes first and is never gone around; then Playwright's own download, what is
on PATH, and the applications of a Mac. Ubuntu's snap package is passed over: its confinement keeps
DevTools from the browser, so it starts and then answers nothing.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from domain.errors import BrowserMissing, Text

PROGRAMS = (
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
    "microsoft-edge-stable",
    "microsoft-edge",
)
MAC_APPLICATIONS = ("Chromium", "Google Chrome", "Microsoft Edge")
_OWN_PATTERNS = (
    "chromium-*/chrome-linux*/chrome",
    "chromium-*/chrome-mac*/*.app/Contents/MacOS/*",
    "chromium_headless_shell-*/chrome-*/*headless*shell",
)
_VERSION = re.compile(r"\b\d+(?:\.\d+){1,3}\b")
_SCRIPT_HEAD = 4096
_SECONDS = 15.0

MEND = Text(
    "Debian：sudo apt-get install chromium；Ubuntu（不要用 snap）：安装 Google Chrome 的 .deb；"
    "macOS：安装 Google Chrome；或 playwright install chromium；或用 KOUBEI_BROWSER 指定路径",
    "Debian: sudo apt-get install chromium; Ubuntu (not the snap): the .deb of Google Chrome; "
    "macOS: Google Chrome; or playwright install chromium; or name one with KOUBEI_BROWSER",
)


@dataclass(frozen=True, slots=True)
class FoundBrowser:
    """A Chromium that answered: its path, its version, and arguments this machine calls for."""

    path: str
    version: str
    arguments: tuple[str, ...] = ()

    @property
    def sandboxed(self) -> bool:
        """Whether pages run in the browser's sandbox; not so for root, who cannot have one."""
        return "--no-sandbox" not in self.arguments


def find_browser(
    configured: str | None = None,
    *,
    environ: Mapping[str, str] = os.environ,
    which: Callable[[str], str | None] = shutil.which,
    ask_version: Callable[[str], str | None] | None = None,
    is_root: bool | None = None,
) -> FoundBrowser:
    """Return the first Chromium that tells its version.

    `configured` is the operator's choice (`browser.path`, KOUBEI_BROWSER). Raises BrowserMissing
    with what was passed over and what helps; also when the configured one does not work, because
    another one than asked for would be a surprise.
    """
    version_of = ask_version or ask_for_version
    root = os.geteuid() == 0 if is_root is None else is_root
    passed_over: list[str] = []
    for path in [configured] if configured else _candidates(environ, which):
        if is_snap(Path(path)):
            passed_over.append(f"{path} (snap)")
        elif version := version_of(path):
            return FoundBrowser(path, version, ("--no-sandbox",) if root else ())
        else:
            passed_over.append(path)
    raise _missing(configured, passed_over)


def is_snap(path: Path) -> bool:
    """Whether a program lies in a snap, or is a script that starts one."""
    if "snap" in path.parts[:2] or "snap" in _resolved(path).parts[:3]:
        return True
    try:
        with path.open("rb") as file:
            head = file.read(_SCRIPT_HEAD)
    except OSError:
        return False
    return head.startswith(b"#!") and b"/snap/bin/" in head


def ask_for_version(path: str) -> str | None:
    """Return what `PROGRAM --version` tells, None when it does not run or tells none."""
    try:
        done = subprocess.run(  # noqa: S603  # the program that is looked for, no shell
            [path, "--version"], capture_output=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = _VERSION.search(done.stdout.decode(errors="replace"))
    return found[0] if found and done.returncode == 0 else None


def _candidates(environ: Mapping[str, str], which: Callable[[str], str | None]) -> Iterator[str]:
    yield from _playwright_s_own(environ)
    yield from filter(None, map(which, PROGRAMS))
    if sys.platform == "darwin":
        for folder in (Path("/Applications"), Path.home() / "Applications"):
            for name in MAC_APPLICATIONS:
                program = folder / f"{name}.app" / "Contents" / "MacOS" / name
                if program.exists():
                    yield str(program)


def _playwright_s_own(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield what `playwright install` downloaded, newest first, whole browsers before shells."""
    home = Path(environ.get("HOME", "~")).expanduser()
    caches = "Library/Caches" if sys.platform == "darwin" else ".cache"
    folder = environ.get("PLAYWRIGHT_BROWSERS_PATH") or str(home / caches / "ms-playwright")
    for pattern in _OWN_PATTERNS:
        found = sorted(Path(folder).glob(pattern), key=_revision, reverse=True)
        yield from map(str, found)


def _revision(path: Path) -> int:
    numbers = re.findall(r"chromium\w*-(\d+)", str(path))
    return int(numbers[-1]) if numbers else 0


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # a loop of links
        return path


def _missing(configured: str | None, passed_over: list[str]) -> BrowserMissing:
    names = ", ".join(passed_over)
    if configured:
        fact = Text(
            f"指定的浏览器无法使用：{names}", f"the browser that is named does not work: {names}"
        )
    elif passed_over:
        fact = Text(
            f"没有可驱动的 Chromium（已跳过：{names}）",
            f"no Chromium that can be driven (passed over: {names})",
        )
    else:
        fact = Text("没有找到 Chromium", "no Chromium was found")
    return BrowserMissing(fact, mend=MEND)
