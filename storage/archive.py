"""Raw pages by content hash: what evidence and re-reading need.

`ab/cd/abcd….zlib` in folders that only the service's account can read. A page is complete under its
name or not there at all. The file's modification time is when the page was last put, which is what
`prune` goes by.
"""

import fcntl
import hashlib
import os
import re
import tempfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from domain.errors import StoreError, StoreUnavailable, Text
from domain.ports import Clock

_SUFFIX = ".zlib"
_UNFINISHED = ".part"
_HASH = re.compile(r"[0-9a-f]{64}")
_FOLDER_MODE = 0o700


class FilePageArchive:
    """`domain.ports.PageArchive` in a folder, shared by the processes of a machine.

    StoreUnavailable when the disk says no.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        with self._translated():
            folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)

    def put(self, body: bytes) -> str:
        """See PageArchive. On disk, not just handed over, when it returns."""
        sha256 = hashlib.sha256(body).hexdigest()
        path = self._path(sha256)
        with self._translated(), self._locked(fcntl.LOCK_SH):
            try:
                self._touch(path)
            except FileNotFoundError:
                self._write(path, zlib.compress(body))
        return sha256

    def get(self, sha256: str) -> bytes | None:
        """See PageArchive. StoreError when the file does not hold what its name says; ValueError
        when `sha256` is no hash.
        """
        path = self._path(sha256)
        with self._translated():
            try:
                packed = path.read_bytes()
            except FileNotFoundError:
                return None
        try:
            body = zlib.decompress(packed)
        except zlib.error as error:
            raise _damaged(path) from error
        if hashlib.sha256(body).hexdigest() != sha256:
            raise _damaged(path)
        return body

    def prune(self, before: datetime, keep: Collection[str] = ()) -> int:
        """See PageArchive. Half-written files of killed processes go too, uncounted."""
        pruned, held = 0, frozenset(keep)
        with self._translated(), self._locked(fcntl.LOCK_EX):
            for path in self._folder.glob("??/??/*"):
                if path.stem not in held and path.stat().st_mtime < before.timestamp():
                    path.unlink()
                    pruned += path.suffix == _SUFFIX
        return pruned

    def hashes(self) -> Iterator[str]:
        """Yield the hash of every page that is there, in order."""
        for folder in sorted(self._folder.glob("??/??")):
            yield from sorted(path.stem for path in folder.glob(f"*{_SUFFIX}"))

    def packed(self, sha256: str) -> tuple[bytes, datetime] | None:
        """Return a page as it lies on disk (zlib) and when it was last put; None when it is not
        (or no longer) there.
        """
        path = self._path(sha256)
        with self._translated():
            try:
                return path.read_bytes(), datetime.fromtimestamp(path.stat().st_mtime, UTC)
            except FileNotFoundError:
                return None

    def take(self, sha256: str, packed: bytes, put_at: datetime) -> None:
        """Put a page back as `packed` gave it, as old as it was; one that is there stays.

        StoreError when the bytes are not what the hash says.
        """
        path = self._path(sha256)
        check_page(sha256, packed, path.name)
        with self._translated(), self._locked(fcntl.LOCK_SH):
            if not path.exists():
                self._write(path, packed)
                os.utime(path, (put_at.timestamp(), put_at.timestamp()))

    def _path(self, sha256: str) -> Path:
        if not _HASH.fullmatch(sha256):
            raise ValueError("not a SHA-256 in hex")
        return self._folder / sha256[:2] / sha256[2:4] / f"{sha256}{_SUFFIX}"

    def _touch(self, path: Path) -> None:
        now = self._clock.now().timestamp()
        os.utime(path, (now, now))

    def _write(self, path: Path, packed: bytes) -> None:
        for folder in (path.parent.parent, path.parent):
            if not folder.exists():
                folder.mkdir(mode=_FOLDER_MODE, exist_ok=True)
                _sync_folder(folder.parent)
        # mkstemp makes the file readable by its owner only
        descriptor, name = tempfile.mkstemp(suffix=_UNFINISHED, dir=path.parent)
        unfinished = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(packed)
                file.flush()
                os.fsync(file.fileno())
            self._touch(unfinished)
            unfinished.replace(path)
        except OSError:
            unfinished.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)

    @contextmanager
    def _locked(self, kind: int) -> Iterator[None]:
        """Keep `prune` from deleting a page that is being put again (the lock goes with its
        process).
        """
        descriptor = os.open(self._folder / ".lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(descriptor, kind)
            yield
        finally:
            os.close(descriptor)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreUnavailable(
                Text(
                    f"读写页面存档失败：{error.strerror}",
                    f"the page archive cannot be read or written: {error.strerror}",
                ),
                place=str(self._folder),
                mend=Text("检查磁盘空间与目录权限", "check disk space and folder permissions"),
            ) from error


def check_page(sha256: str, packed: bytes, place: str) -> None:
    """Raise StoreError unless the packed bytes are the page of this hash."""
    try:
        body = zlib.decompress(packed)
    except zlib.error as error:
        raise _damaged(Path(place)) from error
    if hashlib.sha256(body).hexdigest() != sha256:
        raise _damaged(Path(place))


def _damaged(path: Path) -> StoreError:
    return StoreError(
        Text(
            "存档页面已损坏，内容与文件名不符", "the page is damaged: it is not what its name says"
        ),
        place=str(path),
        mend=Text(
            "从备份恢复此文件，或删除后重新抓取", "restore the file from a backup, or delete it"
        ),
    )


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
