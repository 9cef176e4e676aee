"""A toy token: the page computes it with its own script, a hand-made call does not have it.

It guards nothing; it makes the demo behave like sites whose calls only their own page can make.
"""

import hashlib

_FNV_PRIME = 0x01000193
_FNV_OFFSET = 0x811C9DC5


def nonce_for(*parts: str) -> str:
    """Return the nonce that a page is given: the same page gets the same, so bytes repeat."""
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:16]


def token_for(nonce: str, address: str) -> str:
    """Return FNV-1a (32 bit) of nonce and path with query, in hex, as the page's script does."""
    value = _FNV_OFFSET
    for byte in f"{nonce}{address}".encode():
        value = (value ^ byte) * _FNV_PRIME & 0xFFFFFFFF
    return f"{value:08x}"
