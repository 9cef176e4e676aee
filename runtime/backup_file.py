"""What lies in a backup file, and in which order.

A tar in gzip, sealed with a passphrase (`.kbk`), or as it is (`.tar.gz`) for who asked for that:

    manifest.json     versions, counts, head of the audit trail, size and hash of what follows
    koubei.toml       the settings, where there is a file of them
    secrets/NAME      the keys
    workflow.jsonl    the workflow database, see `storage.sql.copying`
    mentions.sqlite   the mention store
    models/NAME       what the team trained, and the list of it (format 2)
    pages/SHA256      raw pages as they lie in the archive
    end.json          how many pages there were; without it the file is not whole
"""

import gzip
import hashlib
import io
import json
import re
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, BinaryIO, Final, cast

from domain.errors import ConfigurationError, StoreError, Text
from storage.sealed_file import MAGIC, SealedReader, SealedWriter, told_openly

FORMAT: Final = 2
WITH_MODELS: Final = 2
"""The format from which on a backup holds the models; one before says nothing of them."""
MANIFEST: Final = "manifest.json"
SETTINGS: Final = "koubei.toml"
SECRETS: Final = "secrets/"
WORKFLOW: Final = "workflow.jsonl"
MENTIONS: Final = "mentions.sqlite"
MODELS: Final = "models/"
PAGES: Final = "pages/"
END: Final = "end.json"

NAMES: Final = re.compile(r"koubei-\d{8}T\d{6}Z\.(?:kbk|tar\.gz)")
SECRET_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
MODEL_NAME: Final = re.compile(r"installed\.json|koubei-[0-9a-f]{4,64}\.npz")
_PAGE_NAME: Final = re.compile(r"[0-9a-f]{64}")
_GZIP: Final = b"\x1f\x8b"
_QUICK: Final = 1
"""Compression: databases shrink to a third at this level, and no other is worth its time."""
_BROKEN = (tarfile.TarError, zlib.error, EOFError, gzip.BadGzipFile)


@dataclass(frozen=True, slots=True)
class FileFact:
    """Size and SHA-256 of a member."""

    bytes: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> "FileFact":
        """Look at a file."""
        with path.open("rb") as file:
            return cls(path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself.

    `revision` is that of the workflow tables, `rows` their sizes; `audit_seq` and `audit_head` are
    the last row of the trail and its hash. `left_out` names what has to be kept by other means.
    """

    made_at: datetime
    program: str
    dialect: str
    revision: str
    rows: Mapping[str, int]
    audit_seq: int
    audit_head: str
    mention_schema: int
    mentions: int
    files: Mapping[str, FileFact]
    left_out: tuple[str, ...] = ()
    format: int = field(default=FORMAT)

    def as_json(self) -> bytes:
        """Return it as it lies in the file."""
        values = {**asdict(self), "made_at": self.made_at.isoformat()}
        return json.dumps(values, ensure_ascii=False, indent=1).encode()

    @classmethod
    def from_json(cls, content: bytes, place: str) -> "Manifest":
        """Read it; StoreError when it is damaged or of a newer program."""
        try:
            values = json.loads(content)
            if values["format"] > FORMAT:
                raise _newer(place)
            files = {name: FileFact(**fact) for name, fact in values.pop("files").items()}
            made_at = datetime.fromisoformat(values.pop("made_at")).astimezone(UTC)
            left_out = tuple(values.pop("left_out"))
            return cls(**values, files=files, made_at=made_at, left_out=left_out)
        except (ValueError, KeyError, TypeError) as error:
            raise damaged(place) from error


class BackupWriter:
    """Writes members one after the other into an open file."""

    def __init__(self, file: BinaryIO, passphrase: str | None, told: Mapping[str, object]) -> None:
        self._sealed = None if passphrase is None else SealedWriter(file, passphrase, told)
        below = cast("IO[bytes]", self._sealed or file)
        self._gzip = gzip.GzipFile(fileobj=below, mode="wb", compresslevel=_QUICK, mtime=0)
        self._tar = tarfile.TarFile.open(fileobj=self._gzip, mode="w|", format=tarfile.PAX_FORMAT)

    def add(self, name: str, content: bytes, at: datetime) -> None:
        """Add a member out of memory."""
        self._tar.addfile(_member(name, len(content), at), io.BytesIO(content))

    def add_file(self, name: str, path: Path, at: datetime) -> None:
        """Add a member out of a file."""
        with path.open("rb") as file:
            self._tar.addfile(_member(name, path.stat().st_size, at), file)

    def close(self) -> None:
        """Write the end; the file itself stays open."""
        self._tar.close()
        self._gzip.close()
        if self._sealed:
            self._sealed.close()


def is_sealed(path: Path) -> bool:
    """Whether a backup needs a passphrase."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def audit_head_of(path: Path) -> tuple[int, str] | None:
    """Return the last row of the audit trail that a sealed backup tells of openly, and its hash;
    None for one that is not sealed, or tells none. StoreError for a damaged one.
    """
    if path.suffix != ".kbk" and not is_sealed(path):
        return None
    with path.open("rb") as file:
        told = told_openly(file, path.name)
    seq, head = told.get("audit_seq"), told.get("audit_head")
    return (seq, head) if isinstance(seq, int) and isinstance(head, str) else None


Member = tuple[str, tarfile.TarInfo, IO[bytes]]
"""Name, description, content; the content can be read until the next member is asked for."""


@contextmanager
def members(path: Path, passphrase: str | None) -> Iterator[Iterator[Member]]:
    """Give the members of a backup in order.

    Only names that a backup can hold are given; StoreError for others, for a wrong passphrase and
    for a file that is damaged or cut. ConfigurationError when it is sealed and there is none.
    """
    with path.open("rb") as file:
        start = file.read(len(MAGIC))
        file.seek(0)
        below: Any = file
        if start == MAGIC:
            if passphrase is None:
                raise ConfigurationError(
                    Text("备份已加密，需要口令", "the backup is sealed: it needs its passphrase"),
                    place=path.name,
                    mend=Text(
                        "设置 KOUBEI_BACKUP__PASSPHRASE 或 backup.passphrase_file，或在终端输入",
                        "set KOUBEI_BACKUP__PASSPHRASE or backup.passphrase_file, or type it",
                    ),
                )
            below = io.BufferedReader(SealedReader(file, passphrase, path.name), 1 << 20)
        elif not start.startswith(_GZIP):
            told_openly(file, path.name)  # raises: this is no backup
        try:
            with (
                gzip.GzipFile(fileobj=below, mode="rb") as unpacked,
                tarfile.open(fileobj=unpacked, mode="r|") as tar,
            ):
                yield _given(tar, path.name)
        except _BROKEN as error:
            raise damaged(path.name) from error


def damaged(place: str) -> StoreError:
    """Return the error for a backup that cannot be used."""
    return StoreError(
        Text("备份文件已损坏或不完整", "the backup is damaged or incomplete"),
        place=place,
        mend=Text("换一份备份", "take another backup"),
    )


def _given(tar: tarfile.TarFile, place: str) -> Iterator[Member]:
    for member in tar:
        content = tar.extractfile(member) if member.isreg() else None
        if content is None or not _is_ours(member.name):
            raise damaged(place)
        yield member.name, member, content


def _is_ours(name: str) -> bool:
    if name.startswith(SECRETS):
        return SECRET_NAME.fullmatch(name.removeprefix(SECRETS)) is not None
    if name.startswith(PAGES):
        return _PAGE_NAME.fullmatch(name.removeprefix(PAGES)) is not None
    if name.startswith(MODELS):
        return MODEL_NAME.fullmatch(name.removeprefix(MODELS)) is not None
    return name in {MANIFEST, SETTINGS, WORKFLOW, MENTIONS, END}


def _member(name: str, size: int, at: datetime) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = size, 0o600, int(at.timestamp())
    return member


def _newer(place: str) -> StoreError:
    return StoreError(
        Text("备份由更新版本的程序生成", "a newer version of this program made the backup"),
        place=place,
        mend=Text("更新程序后再恢复", "update the program, then restore"),
    )
