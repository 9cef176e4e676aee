"""Pictures: what is one, and what of it is kept."""

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import ImportRefused
from domain.lead import ImageKind
from storage.archive import FilePageArchive
from tests.fakes import FixedClock
from workflow.screenshots import LARGEST, keep_screenshot, read_picture


def png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


HEAD = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
PIXELS = png_chunk(b"IDAT", zlib.compress(b"\0\1\2\3"))
END = png_chunk(b"IEND", b"")
SIGN = b"\x89PNG\r\n\x1a\n"
BARE_PNG = SIGN + HEAD + png_chunk(b"sRGB", b"\0") + PIXELS + END
PNG = (
    SIGN
    + HEAD
    + png_chunk(b"sRGB", b"\0")
    + png_chunk(b"tEXt", b"Author\0Wang Xiaoming")
    + png_chunk(b"eXIf", b"GPS 31.2,121.4")
    + PIXELS
    + png_chunk(b"tIME", b"1234567")
    + END
    + b"<script>alert(1)</script>"
)


def jpeg_segment(marker: int, data: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


SCAN = jpeg_segment(0xDA, b"\1\1\0\0\x3f\0") + b"\x12\xff\x00\x34\xff\xd0\x56"
TABLES = jpeg_segment(0xDB, b"q" * 65) + jpeg_segment(0xC0, b"\x08\0\1\0\1\1\1\x11\0")
BARE_JPEG = b"\xff\xd8" + jpeg_segment(0xE0, b"JFIF\0") + TABLES + SCAN + b"\xff\xd9"
JPEG = (
    b"\xff\xd8"
    + jpeg_segment(0xE0, b"JFIF\0")
    + jpeg_segment(0xE1, b"Exif\0\0GPS 31.2,121.4")
    + jpeg_segment(0xFE, b"Wang Xiaoming")
    + TABLES
    + SCAN
    + b"\xff\xd9"
    + b"PK\x03\x04 a zip behind it"
)


def webp(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"WEBP" + b"".join(
        name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
        for name, data in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


WEBP = webp((b"VP8X", b"\x0c" + b"\0" * 9), (b"VP8 ", b"picture"), (b"EXIF", b"GPS 31.2"))
BARE_WEBP = webp((b"VP8X", b"\x00" + b"\0" * 9), (b"VP8 ", b"picture"))


@pytest.mark.parametrize(
    ("body", "kind", "kept"),
    [
        (PNG, ImageKind.PNG, BARE_PNG),
        (JPEG, ImageKind.JPEG, BARE_JPEG),
        (WEBP, ImageKind.WEBP, BARE_WEBP),
        (BARE_PNG, ImageKind.PNG, BARE_PNG),
        (BARE_JPEG, ImageKind.JPEG, BARE_JPEG),
        (BARE_WEBP, ImageKind.WEBP, BARE_WEBP),
    ],
)
def test_the_picture_stays_and_what_it_tells_goes(body, kind, kept):
    assert read_picture(body) == (kind, kept)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<svg onload='alert(1)'/>",
        b"GIF89a...",
        b"%PDF-1.7",
        b"PK\x03\x04",
        SIGN,
        SIGN + HEAD + END,
        SIGN + PIXELS + END,
        PNG[:-60],
        BARE_PNG[:-20],
        BARE_PNG.replace(b"IDAT", b"IDAX"),
        b"\xff\xd8\xff",
        BARE_JPEG[:-2],
        BARE_JPEG[:40],
        b"RIFF\0\0\0\0WEBP",
        WEBP[:-9],
        webp((b"EXIF", b"only that")),
    ],
)
def test_what_is_no_whole_picture_is_refused(body):
    with pytest.raises(ImportRefused) as refusal:
        read_picture(body)
    assert "PNG" in refusal.value.mend.zh


def test_a_picture_that_is_too_large_is_refused():
    with pytest.raises(ImportRefused, match="larger than 20 MB"):
        read_picture(BARE_PNG + b"\0" * LARGEST)


@given(st.sampled_from([PNG, JPEG, WEBP]), st.integers(0, 200), st.binary(max_size=8))
def test_damage_is_refused_or_harmless_and_never_an_error(body, at, other):
    damaged = body[:at] + other + body[at + len(other) :]
    try:
        _, kept = read_picture(damaged)
    except ImportRefused:
        return
    assert read_picture(kept)[1] == kept


def test_a_picture_lies_in_the_archive_by_the_hash_of_what_is_kept(tmp_path):
    archive = FilePageArchive(tmp_path, FixedClock())
    kept = keep_screenshot(archive, PNG)
    assert archive.get(kept.sha256) == BARE_PNG
    assert (kept.kind, kept.size) == (ImageKind.PNG, len(BARE_PNG))
    assert kept.original_sha256 != kept.sha256
