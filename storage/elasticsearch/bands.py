"""Fingerprints as terms: what is near an asked one shares a 16-bit band with it (see
`storage.near_copies`).
"""

from collections.abc import Iterable
from typing import Any

FIELD = "koubei.bands"


def bands(fingerprint: int) -> list[str]:
    """Return the four bands of a fingerprint, each with its place: `2:0f0f`."""
    return [f"{place}:{fingerprint >> 16 * place & 0xFFFF:04x}" for place in range(4)]


def may_be_near(fingerprints: Iterable[int]) -> dict[str, Any]:
    """Return the query for every mention whose fingerprint may be near one of these."""
    return {"terms": {FIELD: sorted({band for one in fingerprints for band in bands(one)})}}
