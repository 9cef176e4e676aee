"""A file that opens with a passphrase only: scrypt makes the key, AES-256-GCM seals the bytes.

    KOUBEI-BACKUP-1\\n  {header as one line of JSON}\\n  chunk chunk … last chunk

The header (salt, costs, what the writer tells openly) is not secret but sealed along: it is the
associated data of every chunk. A chunk is 1 MiB of plain bytes and a tag of 16; its nonce is a
random prefix, its number, and whether it is the last. So a chunk that is missing, moved, doubled or
altered, and an end that was cut off, are found (the STREAM construction: Hoang, Reyhanitabar,
Rogaway and Vizár, CRYPTO 2015).
"""

import base64
import hashlib
import io
import json
import os
from collections.abc import Mapping
from typing import Any, BinaryIO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from domain.errors import StoreError, Text

MAGIC: Final = b"KOUBEI-BACKUP-1\n"
CHUNK: Final = 1 << 20
_TAG: Final = 16
_PREFIX: Final = 7
_LONGEST_HEADER: Final = 64 * 1024
_COSTS: Final = {"n": 1 << 17, "r": 8, "p": 1}
"""128 MiB and some 0.4 s a guess (OWASP password storage, 2023: N = 2^17, r = 8, p = 1)."""
_HIGHEST_N: Final = 1 << 20


class SealedWriter(io.RawIOBase):
    """Seals what is written into `file`; `close` writes the end, without which nothing opens."""

    def __init__(self, file: BinaryIO, passphrase: str, told: Mapping[str, object]) -> None:
        """`told` stands in the header for everybody to read."""
        salt, prefix = os.urandom(16), os.urandom(_PREFIX)
        header = {
            "told": told,
            "kdf": {"name": "scrypt", "salt": _text(salt), **_COSTS},
            "prefix": _text(prefix),
        }
        line = json.dumps(header, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"
        file.write(MAGIC + line)
        self._file = file
        self._chunks = _Chunks(_key(passphrase, salt, _COSTS), prefix, line)
        self._pending = bytearray()

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, data: Any) -> int:
        """Take bytes; whole chunks go into the file."""
        self._pending += data
        while len(self._pending) > CHUNK:  # the last chunk may be full, so one is always kept
            self._file.write(self._chunks.seal(bytes(self._pending[:CHUNK]), last=False))
            del self._pending[:CHUNK]
        return len(data)

    def close(self) -> None:
        """Seal what is left as the last chunk. The file itself stays open."""
        if not self.closed:
            self._file.write(self._chunks.seal(bytes(self._pending), last=True))
            self._pending.clear()
        super().close()


class SealedReader(io.RawIOBase):
    """Opens what `SealedWriter` wrote; StoreError when the passphrase or the file is not right."""

    def __init__(self, file: BinaryIO, passphrase: str, place: str) -> None:
        self._file = file
        self._place = place
        header, line = _read_header(file, place)
        try:
            salt, prefix, costs = _read_kdf(header)
            key = _key(passphrase, salt, costs)
        except (KeyError, TypeError, ValueError) as error:
            raise _damaged(place) from error
        self._chunks = _Chunks(key, prefix, line)
        self._ahead = file.read(CHUNK + _TAG)
        self._plain = memoryview(b"")
        self._ended = False
        self._count = 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, target: Any) -> int:
        """Fill `target` from the opened chunks; 0 at the end."""
        while not self._plain and not self._ended:
            self._plain = memoryview(self._next())
        taken = min(len(target), len(self._plain))
        target[:taken] = self._plain[:taken]
        self._plain = self._plain[taken:]
        return taken

    def _next(self) -> bytes:
        sealed, self._ahead = self._ahead, self._file.read(CHUNK + _TAG)
        self._ended = not self._ahead
        try:
            plain = self._chunks.open(sealed, last=self._ended)
        except InvalidTag as error:
            if self._count == 0:
                raise StoreError(
                    Text("口令不对，或文件被改动", "the passphrase is wrong, or the file altered"),
                    place=self._place,
                    mend=Text("核对口令，或换一份备份", "check it, or take another backup"),
                ) from error
            raise _damaged(self._place) from error
        self._count += 1
        return plain


def told_openly(file: BinaryIO, place: str) -> Mapping[str, Any]:
    """Return what the header of a sealed file tells without a passphrase. Nobody vouches for it
    until the file is opened.
    """
    told = _read_header(file, place)[0].get("told")
    if not isinstance(told, dict):
        raise _damaged(place)
    return told


class _Chunks:
    """Seals and opens chunk after chunk."""

    def __init__(self, key: bytes, prefix: bytes, header: bytes) -> None:
        self._cipher = AESGCM(key)
        self._prefix = prefix
        self._header = hashlib.sha256(header).digest()
        self._number = 0

    def seal(self, plain: bytes, *, last: bool) -> bytes:
        return self._cipher.encrypt(self._nonce(last), plain, self._header)

    def open(self, sealed: bytes, *, last: bool) -> bytes:
        return self._cipher.decrypt(self._nonce(last), sealed, self._header)

    def _nonce(self, last: bool) -> bytes:
        nonce = self._prefix + self._number.to_bytes(4, "big") + bytes([last])
        self._number += 1  # OverflowError after 4 PiB
        return nonce


def _read_header(file: BinaryIO, place: str) -> tuple[dict[str, Any], bytes]:
    if file.read(len(MAGIC)) != MAGIC:
        raise StoreError(
            Text("不是口碑的备份文件", "this is no backup of Koubei"),
            place=place,
            mend=Text("选择 koubei backup 生成的文件", "take a file that koubei backup made"),
        )
    line = file.readline(_LONGEST_HEADER)
    try:
        header = json.loads(line)
    except ValueError as error:
        raise _damaged(place) from error
    if not isinstance(header, dict):
        raise _damaged(place)
    return header, line


def _read_kdf(header: Mapping[str, Any]) -> tuple[bytes, bytes, dict[str, int]]:
    """Return salt, nonce prefix and costs; a file must not be able to ask for all the memory."""
    kdf = header["kdf"]
    salt, prefix = base64.b64decode(kdf["salt"]), base64.b64decode(header["prefix"])
    costs = {name: int(kdf[name]) for name in _COSTS}
    fits = len(prefix) == _PREFIX and costs["n"] <= _HIGHEST_N
    if kdf["name"] != "scrypt" or not fits or costs["r"] > 32 or costs["p"] > 16:
        raise ValueError("unusual costs")
    return salt, prefix, costs


def _key(passphrase: str, salt: bytes, costs: Mapping[str, int]) -> bytes:
    return Scrypt(salt=salt, length=32, **costs).derive(passphrase.encode())


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def _damaged(place: str) -> StoreError:
    return StoreError(
        Text("备份文件已损坏或不完整", "the backup is damaged or incomplete"),
        place=place,
        mend=Text("换一份备份", "take another backup"),
    )
