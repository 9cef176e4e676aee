"""What may be stored of an author: a keyed hash of the uid, and the name sealed with another key.

The keys live outside every database (environment or 0600 files). Without the first, an `author_key`
cannot be traced back to an account even by trying all uids; without the second, a sealed name is
noise: destroying a key destroys what it protects.
"""

import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.errors import StoreError, Text
from domain.mention import Platform

KEY_BYTES = 32
_NONCE_BYTES = 12


class KeyedMasker:
    """HMAC-SHA-256 for uids, AES-256-GCM for names. Both keys are 32 bytes."""

    def __init__(self, author_key: bytes, seal_key: bytes) -> None:
        for name, key in (("author_key", author_key), ("seal_key", seal_key)):
            if len(key) != KEY_BYTES:
                raise ValueError(f"{name} must have {KEY_BYTES} bytes, not {len(key)}")
        self._author_key = author_key
        self._cipher = AESGCM(seal_key)

    def author_key(self, platform: Platform, uid: str) -> str:
        """Return 32 hex digits: the same for the same account as long as the key lives."""
        digest = hmac.digest(self._author_key, f"{platform.value}:{uid}".encode(), "sha256")
        return digest.hex()[:32]

    def seal(self, name: str) -> bytes:
        """Encrypt a display name; the nonce stands in front."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, name.encode(), None)

    def unseal(self, sealed: bytes) -> str:
        """Decrypt a sealed name; StoreError when the key is another one or the bytes were
        changed.
        """
        try:
            plain = self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None)
        except InvalidTag as error:
            raise StoreError(
                Text(
                    "封存的作者名无法解开：密钥不符或数据被改动",
                    "sealed name: wrong key or altered",
                )
            ) from error
        return plain.decode()
