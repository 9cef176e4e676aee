"""Pictures that people hand in: known by their bytes, kept without what they tell of their maker.

A file is what its structure says, not its name. What is copied is the picture alone: text chunks,
EXIF (place, device, author), XMP, comments, and whatever hangs behind the end are left out. That
also ends files that are two things at once. EXIF's rotation goes too; a screenshot has none.
"""

import hashlib
import struct
import zlib
from collections.abc import Callable, Mapping

from domain.errors import ImportRefused, Text
from domain.lead import ImageKind, Screenshot
from domain.ports import PageArchive

LARGEST = 20 * 1024 * 1024
MOST = 9
"""Pictures of one report."""

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = frozenset({b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"pHYs", b"sBIT", b"bKGD"})
_JPEG_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})
_JPEG_DROPPED = frozenset({*range(0xE1, 0xEE), 0xEF, 0xFE})
"""APP1 to APP13, APP15 and comments; APP0 (JFIF) and APP14 (Adobe) say how to show the colours."""
_SOS, _EOI = 0xDA, b"\xff\xd9"
_WEBP_DROPPED = frozenset({b"EXIF", b"XMP "})
_WEBP_TELLS = 0x08 | 0x04
"""The bits of VP8X that announce EXIF and XMP."""


class _Broken(ValueError):
    """The bytes are not a whole picture of the kind they begin as."""


def keep_screenshot(archive: PageArchive, body: bytes) -> Screenshot:
    """Put a picture into the archive and return what it is called; ImportRefused when it is not a
    PNG, JPEG or WebP picture of at most 20 MB.
    """
    kind, picture = read_picture(body)
    return Screenshot(archive.put(picture), kind, len(picture), hashlib.sha256(body).hexdigest())


def read_picture(body: bytes) -> tuple[ImageKind, bytes]:
    """Return the kind of a picture and its bytes without metadata; ImportRefused for others."""
    if len(body) > LARGEST:
        raise _refused(Text("图片超过 20 MB", "the picture is larger than 20 MB"))
    kind = _kind(body)
    if kind is None:
        raise _refused(Text("文件不是 PNG、JPEG 或 WebP 图片", "not a PNG, JPEG or WebP picture"))
    try:
        return kind, _COPIES[kind](body)
    except (_Broken, struct.error, IndexError) as error:
        raise _refused(Text("图片不完整或已损坏", "the picture is broken or cut off")) from error


def _kind(body: bytes) -> ImageKind | None:
    if body.startswith(_PNG):
        return ImageKind.PNG
    if body.startswith(b"\xff\xd8\xff"):
        return ImageKind.JPEG
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return ImageKind.WEBP
    return None


def _png(body: bytes) -> bytes:
    kept, at, name = [_PNG], len(_PNG), b""
    while name != b"IEND":
        length, name = struct.unpack(">I4s", body[at : at + 8])
        chunk = body[at : at + 12 + length]
        whole = len(chunk) == 12 + length
        if not whole or zlib.crc32(chunk[4:-4]) != struct.unpack(">I", chunk[-4:])[0]:
            raise _Broken
        if at == len(_PNG) and (name != b"IHDR" or 0 in struct.unpack(">II", chunk[8:16])):
            raise _Broken
        is_critical = not name[0] & 0x20
        if is_critical or name in _PNG_KEPT:
            kept.append(chunk)
        at += 12 + length
    if not any(chunk[4:8] == b"IDAT" for chunk in kept[1:]):
        raise _Broken
    return b"".join(kept)


def _jpeg(body: bytes) -> bytes:
    kept, at = [body[:2]], 2
    while True:
        if body[at] != 0xFF:
            raise _Broken
        marker = body[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        if marker in _JPEG_ALONE:
            at += 2
            continue
        (length,) = struct.unpack(">H", body[at + 2 : at + 4])
        segment = body[at : at + 2 + length]
        if length < 2 or len(segment) != 2 + length:
            raise _Broken
        if marker == _SOS:
            break
        if marker not in _JPEG_DROPPED:
            kept.append(segment)
        at += 2 + length
    end = body.rfind(_EOI)
    if end < at + 2 + length:
        raise _Broken
    return b"".join([*kept, body[at:end], _EOI])


def _webp(body: bytes) -> bytes:
    (size,) = struct.unpack("<I", body[4:8])
    end = 8 + size
    if size < 12 or end > len(body):
        raise _Broken
    kept, at, has_picture = [], 12, False
    while at < end:
        name, length = struct.unpack("<4sI", body[at : at + 8])
        chunk = body[at : at + 8 + length + length % 2]
        if len(chunk) < 8 + length or at + 8 + length > end:
            raise _Broken
        if name == b"VP8X":
            chunk = chunk[:8] + bytes([chunk[8] & ~_WEBP_TELLS & 0xFF]) + chunk[9:]
        has_picture = has_picture or name in {b"VP8 ", b"VP8L", b"ANMF"}
        if name not in _WEBP_DROPPED:
            kept.append(chunk.ljust(8 + length + length % 2, b"\0"))
        at += 8 + length + length % 2
    if not has_picture:
        raise _Broken
    content = b"WEBP" + b"".join(kept)
    return b"RIFF" + struct.pack("<I", len(content)) + content


_COPIES: Mapping[ImageKind, Callable[[bytes], bytes]] = {
    ImageKind.PNG: _png,
    ImageKind.JPEG: _jpeg,
    ImageKind.WEBP: _webp,
}


def _refused(text: Text) -> ImportRefused:
    return ImportRefused(
        text,
        mend=Text(
            "请上传 PNG、JPEG 或 WebP 截图，每张不超过 20 MB",
            "hand in PNG, JPEG or WebP screenshots of at most 20 MB each",
        ),
    )
