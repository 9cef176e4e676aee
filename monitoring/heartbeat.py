"""A sign of life for an outside watchdog, because a dead process cannot report itself.

The file's age (or a ping that stops coming) is the alarm. It is only written while the work that
matters is being done: a scheduler that lives but can no longer detect is dead to its users.
"""

import json
import os
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from http.client import HTTPException
from pathlib import Path
from typing import Final

import structlog

from domain.audit import AuditRow, KnownHead
from domain.errors import CrawlError, StoreError, StoreUnavailable, Text
from domain.ports import BeginWork
from monitoring.audit_trail import head_of_heartbeat

STALE_AFTER: Final = timedelta(minutes=20)
_log = structlog.get_logger("heartbeat")
_VITAL_JOBS: Final = ("detect", "relay")
_PING_TIMEOUT_SECONDS: Final = 10


def beat(
    begin_work: BeginWork, now: datetime, *, file: Path, url: str | None
) -> Mapping[str, object]:
    """Write the file, ping the url and return whether that was answered.

    CrawlError when detection or mail has not been done in time, or the url does not answer;
    StoreError when the audit trail lost or changed what the file remembers of it, StoreUnavailable
    when the file cannot be written.
    """
    remembered = _remembered(file)
    with begin_work() as work:
        since = {job: work.slots.not_done_since(job) for job in _VITAL_JOBS}
        seq, head = work.audit.head()
        if remembered is not None and remembered.seq:
            _require_same(work.audit.rows(after_seq=remembered.seq - 1), remembered)
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
    # the head of the audit trail, outside of its database: in the file, and in the log
    trail = {"audit_seq": seq, "audit_head": head}
    _write(file, {"at": now.isoformat(), "pid": os.getpid(), **trail})
    return {"pinged": _ping(url) if url else False, **trail}


def _remembered(file: Path) -> KnownHead | None:
    try:
        return head_of_heartbeat(file)
    except StoreError as error:
        # a power cut can leave it so: the sign of life goes on, the loss is told
        _log.error("heartbeat_file_unreadable", place=error.place)
        return None


def _require_same(rows: Iterator[AuditRow], remembered: KnownHead) -> None:
    row = next(rows, None)
    if row is None or (row.seq, row.row_hash) != (remembered.seq, remembered.row_hash):
        raise StoreError(
            Text(
                f"审计记录与心跳文件记得的不符（第 {remembered.seq} 条），心跳停止",
                f"the audit trail is not what the heartbeat file remembers (row {remembered.seq}): "
                "heartbeat withheld",
            ),
            place=remembered.place,
            mend=Text(
                "koubei audit verify 查明；若是有意换回旧数据，删除此文件",
                "find out with koubei audit verify; if older data were put back on purpose, delete "
                "the file",
            ),
        )


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
