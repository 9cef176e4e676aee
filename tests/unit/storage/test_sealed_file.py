"""storage/sealed_file.py: opens with the passphrase, whole and in order, or not at all."""

import io

import pytest

from domain.errors import StoreError
from storage import sealed_file
from storage.sealed_file import CHUNK, MAGIC, SealedReader, SealedWriter, told_openly

PASSPHRASE = "correct horse battery staple"


@pytest.fixture(autouse=True)
def _cheap(monkeypatch):
    monkeypatch.setattr(sealed_file, "_COSTS", {"n": 1 << 4, "r": 8, "p": 1})
    monkeypatch.setattr(sealed_file, "CHUNK", 64)


def sealed(content: bytes, passphrase: str = PASSPHRASE) -> bytes:
    file = io.BytesIO()
    with SealedWriter(file, passphrase, {"made": "now"}) as writer:
        for start in range(0, len(content), 7):
            writer.write(content[start : start + 7])
    return file.getvalue()


def opened(file: bytes, passphrase: str = PASSPHRASE) -> bytes:
    return io.BufferedReader(SealedReader(io.BytesIO(file), passphrase, "b.kbk")).read()


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 127, 128, 129, 1000])
def test_what_goes_in_comes_out(size):
    content = bytes(range(256)) * 4
    assert opened(sealed(content[:size])) == content[:size]


def test_nothing_of_it_can_be_read_and_no_two_are_alike():
    secret = b"author_key=0123456789abcdef" * 9
    one, other = sealed(secret), sealed(secret)
    assert b"author_key" not in one
    assert one.partition(b"}\n")[2] != other.partition(b"}\n")[2]


def test_another_passphrase_opens_nothing():
    with pytest.raises(StoreError, match="passphrase is wrong"):
        opened(sealed(b"x" * 300), "correct horse battery stable")


def body_of(file: bytes) -> int:
    return file.index(b"\n", len(MAGIC)) + 1


@pytest.mark.parametrize("where", ["told", "first chunk", "last chunk", "tag at the end"])
def test_a_changed_byte_is_found(where):
    file = bytearray(sealed(b"x" * 300))
    body = body_of(file)
    at = {
        "told": file.index(b"now"),
        "first chunk": body + 3,
        "last chunk": len(file) - 20,
        "tag at the end": len(file) - 1,
    }[where]
    file[at] ^= 1
    with pytest.raises(StoreError):
        opened(bytes(file))


def test_a_missing_end_a_missing_chunk_and_a_doubled_one_are_found():
    file = sealed(b"x" * 300)
    body, step = body_of(file), 64 + 16
    for broken in (
        file[: body + 2 * step],
        file[:-1],
        file[:body],
        file[:body] + file[body + step :],
        file[: body + step] + file[body:],
        file + b"x",
    ):
        with pytest.raises(StoreError):
            opened(broken)


def test_what_is_told_openly_needs_no_passphrase():
    assert told_openly(io.BytesIO(sealed(b"")), "b.kbk") == {"made": "now"}


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"PK\3\4",
        MAGIC,
        MAGIC + b"[]\n",
        MAGIC + b"{}\n",
        MAGIC + b'{"prefix":"AAAAAAAAAA==","kdf":{"name":"scrypt","salt":"AA==","n":1073741824,'
        b'"r":8,"p":1}}\nxx',
    ],
)
def test_another_file_is_refused(file):
    with pytest.raises(StoreError):
        opened(file)


def test_a_chunk_is_a_mebibyte():
    assert CHUNK == 1 << 20
