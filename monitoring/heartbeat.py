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
from urllib.error import URLError

from domain.crawl import Slot, SlotState
from domain.errors import CrawlError, Text
from domain.ports import BeginWork

STALE_AFTER: Final = timedelta(minutes=20)
_VITAL_JOBS: Final = ("detect", "relay")
_PING_TIMEOUT_SECONDS: Final = 10


def beat(
    begin_work: BeginWork, now: datetime, *, file: Path, url: str | None
) -> Mapping[str, object]:
    """Write the file and ping the url; CrawlError when detection or mail has not run in time."""
    with begin_work() as work:
        slots = {slot.job: slot for slot in work.slots.latest()}
    stale = [job for job in _VITAL_JOBS if _is_stale(slots.get(job), now)]
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


def _is_stale(slot: Slot | None, now: datetime) -> bool:
    if slot is None:
        return False  # a service in its first minute has not come to it yet
    if slot.state is SlotState.DONE:
        return now - slot.slot_at > STALE_AFTER
    return now - (slot.started_at or slot.slot_at) > STALE_AFTER


def _write(file: Path, content: Mapping[str, object]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    # a name that nobody can have laid a link under, where the folder is a shared one
    handle, name = tempfile.mkstemp(prefix=f".{file.name}-", dir=file.parent)
    unfinished = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as writing:
            writing.write(json.dumps(content) + "\n")
            os.fchmod(writing.fileno(), 0o644)  # the watchdog is somebody else; no secret is in it
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)


def _ping(url: str) -> bool:
    if not url.startswith(("http://", "https://")):
        raise ValueError("heartbeat url: only http and https")
    request = urllib.request.Request(url, headers={"User-Agent": "Koubei heartbeat"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=_PING_TIMEOUT_SECONDS) as answer:  # noqa: S310
            return bool(200 <= answer.status < 300)
    except (URLError, HTTPException, OSError, ValueError) as error:
        raise CrawlError(
            Text("心跳地址没有响应", f"heartbeat url does not answer ({type(error).__name__})"),
            place="heartbeat.url",
        ) from error
