"""One service in a data folder: a second one says so instead of sharing ports and keys with it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from domain.errors import KoubeiError, Text


@contextmanager
def only_service(folder: Path) -> Iterator[None]:
    """Hold a folder while the block lasts; KoubeiError when another process holds it.

    The lock is on the folder itself and the kernel's: no file is left behind, and a process that
    was killed holds nothing. Children do not inherit it.
    """
    held = KoubeiError(
        Text("已有一个 koubei up 在这里运行", "a koubei up runs here already"),
        place=str(folder),
        mend=Text(
            "koubei status 查看；要重新启动，先用 Ctrl-C 停止它",
            "koubei status shows it; to start anew, stop it with Ctrl-C",
        ),
    )
    with only_one(folder, otherwise=held):
        yield


@contextmanager
def only_one(folder: Path, *, otherwise: KoubeiError) -> Iterator[None]:
    """Hold a folder while the block lasts; `otherwise` is raised when another process holds it."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise otherwise from None
        yield
    finally:
        os.close(handle)
