"""A sign of life for an outside watchdog, because a dead process cannot report itself.

The file's age (or a ping that stops coming) is the alarm. It is only written while the work that
matters is being done: a scheduler that lives but can no longer detect is dead to its users.
"""

import json
import os
import tempfile
import urllib.request
from collections.abc import Mapping
from datetime import datetime, timedelta
from http.client import HTTPException
from pathlib import Path
from typing import Final

from domain.errors import CrawlError, StoreUnavailable, Text
from domain.ports import BeginWork

STALE_AFTER: Final = timedelta(minutes=20)
_VITAL_JOBS: Final = ("detect", "relay")
_PING_TIMEOUT_SECONDS: Final = 10


def beat(
    begin_work: BeginWork, now: datetime, *, file: Path, url: str | None
) -> Mapping[str, object]:
    """Write the file, ping the url and return whether that was answered.

    CrawlError when detection or mail has not been done in time, or the url does not answer;
    StoreUnavailable when the file cannot be written.
    """
    with begin_work() as work:
        since = {job: work.slots.not_done_since(job) for job in _VITAL_JOBS}
    # a job without a slot: a service in its first minute has not come to it yet
    stale = [job for job, at in since.items() if at is not None and now - at > STALE_AFTER]
    if stale:
        raise CrawlError(
            Text(
                f"{'、'.join(stale)} 超过 20 分钟没有完成，心跳停止",
                f"{', '.join(stale)} not done for 20 minutes: heartbeat withheld",
            ),
            place="heartbeat",
        )
    _write(file, {"at": now.isoformat(), "pid": os.getpid()})
    return {"pinged": _ping(url) if url else False}


def _write(file: Path, content: Mapping[str, object]) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        # a name of its own: two services may share the folder, and somebody a link to lay
        handle, name = tempfile.mkstemp(prefix=f".{file.name}-", dir=file.parent)
        unfinished = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as writing:
                writing.write(json.dumps(content) + "\n")
                os.fchmod(writing.fileno(), 0o644)  # the watchdog is somebody else; nothing secret
            unfinished.replace(file)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise StoreUnavailable(
            Text(
                f"心跳文件无法写入：{error.strerror}",
                f"the heartbeat file cannot be written: {error.strerror}",
            ),
            place=str(file),
            mend=Text("检查磁盘空间与目录权限", "check disk space and folder permissions"),
        ) from error


def _ping(url: str) -> bool:
    # S310 fears other schemes than http and https: the settings take no other
    request = urllib.request.Request(url, headers={"User-Agent": "Koubei heartbeat"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=_PING_TIMEOUT_SECONDS) as answer:  # noqa: S310
            return bool(200 <= answer.status < 300)
    except (OSError, HTTPException, ValueError) as error:  # URLError and timeouts are OSErrors
        raise CrawlError(
            Text("心跳地址没有响应", f"heartbeat url does not answer ({type(error).__name__})"),
            place="heartbeat.url",
        ) from error
