"""Fingerprints packed by the hour of publication, so that weeks of them are read at once.

A row a mention, or an index by bands, costs a hundred times as much to read or many times as much
to write (docs/decisions). In an hour's blob stand pairs of little-endian signed 64-bit numbers: the
place of a mention and its fingerprint, in no order.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from storage.sqlite.schema import TIE_BITS

_PAIR = np.dtype("<i8")
_PUT = "INSERT OR REPLACE INTO print (hour, held) VALUES (?, ?)"


def window(connection: sqlite3.Connection, first: int) -> NDArray[np.int64]:
    """Return rows of place and fingerprint, from the place `first` on."""
    blobs = connection.execute("SELECT held FROM print WHERE hour >= ?", (_hour(first),))
    pairs = _pairs(b"".join(held for (held,) in blobs))
    return pairs[pairs[:, 0] >= first]


def change(
    connection: sqlite3.Connection, gone: Iterable[int], new: Iterable[tuple[int, int]]
) -> None:
    """Take out places, then put in pairs of place and fingerprint."""
    out: dict[int, list[int]] = defaultdict(list)
    into: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for at in gone:
        out[_hour(at)].append(at)
    for pair in new:
        into[_hour(pair[0])].append(pair)
    for hour in sorted(out.keys() | into.keys()):
        row = connection.execute("SELECT held FROM print WHERE hour = ?", (hour,)).fetchone()
        held: bytes = row[0] if row else b""
        if hour in out:
            pairs = _pairs(held)
            held = pairs[~np.isin(pairs[:, 0], out[hour])].tobytes()
        if hour in into:
            held += np.array(into[hour], dtype=_PAIR).tobytes()
        if held:
            connection.execute(_PUT, (hour, held))
        elif row:
            connection.execute("DELETE FROM print WHERE hour = ?", (hour,))


def _hour(at: int) -> int:
    return (at >> TIE_BITS) // 3600


def _pairs(held: bytes) -> NDArray[np.int64]:
    return np.frombuffer(held, dtype=_PAIR).reshape(-1, 2)
