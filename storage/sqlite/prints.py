"""Fingerprints packed by the hour of publication, so that weeks of them are read at once.

A row a mention, or an index by bands, costs a hundred times as much to read or many times as much
to write (docs/decisions). In an hour's blob stand pairs of little-endian signed 64-bit numbers: the
place of a mention and its fingerprint, in no order.
"""

import sqlite3
import struct
from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from storage.sqlite.connections import MOST_VARIABLES
from storage.sqlite.schema import TIE_BITS

_PAIR = np.dtype("<i8")
_PACK = struct.Struct("<qq").pack
_GET = "SELECT hour, held FROM print WHERE hour IN ({})"
_PUT = "INSERT OR REPLACE INTO print (hour, held) VALUES (?, ?)"
_DROP = "DELETE FROM print WHERE hour = ?"


def window(connection: sqlite3.Connection, first: int) -> NDArray[np.int64]:
    """Return rows of place and fingerprint, from the hour of the place `first` on."""
    blobs = connection.execute("SELECT held FROM print WHERE hour >= ?", (_hour(first),))
    return _pairs(b"".join(held for (held,) in blobs))


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
    hours = sorted(out.keys() | into.keys())
    before = _held(connection, hours)
    after: dict[int, bytes] = {}
    for hour in hours:
        held = before.get(hour, b"")
        if hour in out:
            pairs = _pairs(held)
            held = pairs[~np.isin(pairs[:, 0], out[hour])].tobytes()
        after[hour] = held + b"".join(_PACK(*pair) for pair in into[hour])
    connection.executemany(_PUT, [(hour, held) for hour, held in after.items() if held])
    connection.executemany(_DROP, [(hour,) for hour, held in after.items() if not held])


def _held(connection: sqlite3.Connection, hours: Sequence[int]) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    for first in range(0, len(hours), MOST_VARIABLES):
        part = hours[first : first + MOST_VARIABLES]
        found.update(connection.execute(_GET.format(", ".join("?" * len(part))), part))
    return found


def _hour(at: int) -> int:
    return (at >> TIE_BITS) // 3600


def _pairs(held: bytes) -> NDArray[np.int64]:
    return np.frombuffer(held, dtype=_PAIR).reshape(-1, 2)
