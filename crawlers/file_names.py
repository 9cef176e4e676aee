"""File names made of addresses: readable, and never a path."""

import hashlib
import re


def file_name_of(address: str) -> str:
    """Return a short file name that is unique to an address."""
    readable = re.sub(r"[^A-Za-z0-9.]+", "_", address).strip("._")[:60]
    return f"{readable}-{hashlib.sha256(address.encode()).hexdigest()[:8]}"
