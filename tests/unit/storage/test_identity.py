"""Keyed hashes and sealed names."""

import pytest

from domain.errors import StoreError
from domain.mention import Platform
from storage.identity import KeyedMasker

MASKER = KeyedMasker(b"a" * 32, b"s" * 32)


def test_the_same_account_has_the_same_key_on_its_platform_only():
    key = MASKER.author_key(Platform.WEIBO, "123")
    assert key == MASKER.author_key(Platform.WEIBO, "123")
    assert key != MASKER.author_key(Platform.ZHIHU, "123")
    assert key != KeyedMasker(b"b" * 32, b"s" * 32).author_key(Platform.WEIBO, "123")


def test_a_sealed_name_comes_back_and_never_looks_the_same_twice():
    assert MASKER.unseal(MASKER.seal("王小明😀")) == "王小明😀"
    assert MASKER.seal("王小明") != MASKER.seal("王小明")


def test_another_key_or_a_changed_byte_cannot_open_it():
    sealed = MASKER.seal("王小明")
    with pytest.raises(StoreError):
        KeyedMasker(b"a" * 32, b"t" * 32).unseal(sealed)
    with pytest.raises(StoreError):
        MASKER.unseal(sealed[:-1] + bytes([sealed[-1] ^ 1]))


def test_a_short_key_is_refused():
    with pytest.raises(ValueError, match="32 bytes"):
        KeyedMasker(b"short", b"s" * 32)
