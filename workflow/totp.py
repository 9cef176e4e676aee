"""Time-based one-time codes: RFC 6238 over HMAC-SHA-1, six digits, thirty seconds.

Those are the values that every authenticator app knows without being told.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
import struct
from collections.abc import Callable
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlencode

STEP_SECONDS: Final = 30
DIGITS: Final = 6
_SECRET_BYTES: Final = 20
"""As long as the hash (RFC 4226 §4 R6 recommends 160 bits)."""
_DRIFT: Final = 1
"""One step to either side: clocks differ, and typing takes a while (RFC 6238 §5.2)."""


def new_secret(random_bytes: Callable[[int], bytes] = secrets.token_bytes) -> str:
    """Return a new secret in base32, as apps take it."""
    return base64.b32encode(random_bytes(_SECRET_BYTES)).decode("ascii")


def code_at(secret: str, step: int, *, digits: int = DIGITS) -> str:
    """Return the code of a time step (RFC 4226 §5.3); ValueError when the secret is no base32."""
    try:
        key = base64.b32decode(secret, casefold=True)
    except binascii.Error as error:
        raise ValueError("the secret is not base32") from error
    digest = hmac.new(key, struct.pack(">Q", step), hashlib.sha1).digest()
    start = digest[-1] & 0x0F
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFF_FFFF
    return str(number % 10**digits).zfill(digits)


def step_of(at: datetime) -> int:
    """Return the time step that a moment lies in."""
    return int(at.timestamp()) // STEP_SECONDS


def matching_step(secret: str, code: str, at: datetime) -> int | None:
    """Return the time step whose code this is, None when it is of none near `at`.

    Blanks in the code do not count; every candidate is compared, in constant time.
    """
    given = "".join(code.split()).encode()
    now, found = step_of(at), None
    for step in range(now - _DRIFT, now + _DRIFT + 1):
        if hmac.compare_digest(code_at(secret, step).encode(), given):
            found = step
    return found


def setup_address(secret: str, *, login: str, issuer: str) -> str:
    """Return the `otpauth:` address that an app on a phone opens (Key URI format)."""
    label = quote(f"{issuer}:{login}", safe="")
    return f"otpauth://totp/{label}?{urlencode({'secret': secret, 'issuer': issuer})}"
