"""What one write transaction changes, gathered first and then written table by table."""

import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from domain.errors import StoreError, Text
from domain.han import fold
from domain.mention import Mention
from domain.merge import merge
from storage.sqlite.grams import tokens
from storage.sqlite.rows import Row, Target, decode, encode, targets
from storage.sqlite.schema import TIE_BITS

_TIES = (1 << TIE_BITS) - 1
MOST_VARIABLES = 500
"""Ids in one statement; SQLite allowed 999 before 3.32 and its error would be ours to explain."""

_LOAD = f"""
SELECT m.at, m.id, (m.at >> {TIE_BITS}) * 1000000 + m.micros, m.reach, m.author_key, m.cluster_id,
       m.fingerprint, m.terms, b.document, b.revisions, m.collected_at, m.first_seen_at, m.source
FROM mention m CROSS JOIN body b ON b.at = m.at
"""  # noqa: S608  # a constant of ours
_INSERT_MENTION = """
INSERT INTO mention (at, id, fingerprint, micros, reach, collected_at, first_seen_at, cluster_id,
                     author_key, source, terms)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_UPDATE_MENTION = """
UPDATE mention
SET id = ?2, fingerprint = ?3, micros = ?4, reach = ?5, collected_at = ?6, first_seen_at = ?7,
    cluster_id = ?8, author_key = ?9, source = ?10, terms = ?11
WHERE at = ?1
"""
_TOUCH = "UPDATE mention SET collected_at = ?, first_seen_at = ?, source = ? WHERE at = ?"
_INSERT_BODY = "INSERT INTO body (at, folded, document, revisions) VALUES (?, ?, ?, ?)"
_UPDATE_BODY = "UPDATE body SET document = ?2, revisions = ?3 WHERE at = ?1"
_PUT_TARGET = "INSERT OR REPLACE INTO target VALUES (?, ?, ?, ?, ?, ?, ?)"
_INSERT_GRAM = "INSERT INTO gram (rowid, tokens) VALUES (?, ?)"
_DELETE_GRAM = "INSERT INTO gram (gram, rowid, tokens) VALUES ('delete', ?, ?)"
_ADD_TO_ROLLUP = """
INSERT INTO rollup VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET mentions = mentions + excluded.mentions
"""
_DROP_FROM_ROLLUP = """
DELETE FROM rollup WHERE brand = ? AND hour = ? AND platform = ? AND label = ? AND mentions = 0
"""


class Stored(NamedTuple):
    """A row and the place where it lies."""

    at: int
    row: Row


def load(connection: sqlite3.Connection, ids: Iterable[str]) -> dict[str, Stored]:
    """Return those of the rows that are stored, by id."""
    wanted = list(dict.fromkeys(ids))
    found: dict[str, Stored] = {}
    for first in range(0, len(wanted), MOST_VARIABLES):
        part = wanted[first : first + MOST_VARIABLES]
        places = ", ".join("?" * len(part))
        for at, *columns in connection.execute(f"{_LOAD} WHERE m.id IN ({places})", part):
            row = Row(*columns)
            found[row.id] = Stored(at, row)
    return found


def load_at(connection: sqlite3.Connection, places: Iterable[int]) -> list[Mention]:
    """Return the mentions at these places, in this order."""
    found = []
    for at in places:
        (_, *columns) = connection.execute(f"{_LOAD} WHERE m.at = ?", (at,)).fetchone()
        found.append(decode(Row(*columns)))
    return found


def meet(known: Row, row: Row, mention: Mention) -> tuple[Mention, Row]:
    """Return what `merge` makes of a known row and a look, whose row is `row`, and its row.

    A look that saw nothing new takes the short way: nothing is decoded, merged or encoded, and the
    mention returned is the look, which says the same.
    """
    if known.content == row.content and known.revisions is None:
        latest = max(known, row, key=lambda one: (one.collected_at, one.source))
        first_seen_at = min(known.first_seen_at, row.first_seen_at)
        return mention, latest._replace(first_seen_at=first_seen_at)
    merged = merge(decode(known), mention)
    return merged, encode(merged)


@dataclass(slots=True)
class Changes:
    """Rows to insert, alter and erase in one transaction."""

    connection: sqlite3.Connection
    _touched: list[tuple[int, int, str, int]] = field(default_factory=list)
    _erased: list[tuple[int, Mention]] = field(default_factory=list)
    _inserted: list[tuple[Row, Mention]] = field(default_factory=list)
    _altered: list[tuple[int, Row, Mention, Mention]] = field(default_factory=list)
    _rollup: Counter[tuple[str, int, int, int]] = field(default_factory=Counter)

    def insert(self, row: Row, mention: Mention) -> None:
        """A mention that is not stored yet, and its row."""
        self._inserted.append((row, mention))

    def erase(self, stored: Stored) -> None:
        """A mention that goes, from every table."""
        self._erased.append((stored.at, decode(stored.row)))

    def replace(self, stored: Stored, row: Row, after: Mention) -> None:
        """A stored mention that becomes `after`, whose row is `row`; costs what differs."""
        if row == stored.row:
            return
        if row.content == stored.row.content:
            self._touched.append((row.collected_at, row.first_seen_at, row.source, stored.at))
            return
        before = decode(stored.row)
        if _second(row) == stored.at >> TIE_BITS and _indexed(before) == _indexed(after):
            self._altered.append((stored.at, row, before, after))
        else:
            self._erased.append((stored.at, before))
            self._inserted.append((row, after))

    def write(self) -> None:
        """Write everything, rollups by their differences."""
        self.connection.executemany(_TOUCH, self._touched)
        self._write_erased()
        self._write_altered()
        self._write_inserted()
        self._write_rollup()

    def _write_erased(self) -> None:
        if not self._erased:
            return
        grams, brands, watches = [], [], []
        for at, mention in self._erased:
            grams.append((at, tokens(_folded(mention), mention.brand_ids)))
            brands += [(target.brand, at) for target in targets(mention)]
            watches += [(watch, at) for watch in mention.watch_ids]
            self._count(mention, -1)
        places = [(at,) for at, _ in self._erased]
        run = self.connection.executemany
        run(_DELETE_GRAM, grams)
        run("DELETE FROM target WHERE brand = ? AND at = ?", brands)
        run("DELETE FROM watched WHERE watch = ? AND at = ?", watches)
        run("DELETE FROM body WHERE at = ?", places)
        run("DELETE FROM mention WHERE at = ?", places)

    def _write_altered(self) -> None:
        if not self._altered:
            return
        said, seen, unseen = [], [], []
        for at, _, before, after in self._altered:
            self._count(before, -1)
            self._count(after, +1)
            said += [_target_row(at, t) for t in set(targets(after)) - set(targets(before))]
            seen += [(watch, at) for watch in after.watch_ids - before.watch_ids]
            unseen += [(watch, at) for watch in before.watch_ids - after.watch_ids]
        rows = [(at, row) for at, row, _, _ in self._altered]
        run = self.connection.executemany
        run(_UPDATE_MENTION, [_mention_row(at, row) for at, row in rows])
        run(_UPDATE_BODY, [(at, row.document, row.revisions) for at, row in rows])
        run(_PUT_TARGET, said)
        run("INSERT INTO watched VALUES (?, ?)", seen)
        run("DELETE FROM watched WHERE watch = ? AND at = ?", unseen)

    def _write_inserted(self) -> None:
        if not self._inserted:
            return
        # in order of time, so that neighbours in the tables are written together
        places = _Places(self.connection)
        placed = [
            (places.take(_second(row)), row, mention)
            for row, mention in sorted(self._inserted, key=lambda pair: pair[0].published)
        ]
        bodies, grams, said, seen = [], [], [], []
        for at, row, mention in placed:
            folded = _folded(mention)
            bodies.append((at, folded, row.document, row.revisions))
            grams.append((at, tokens(folded, mention.brand_ids)))
            said += [_target_row(at, target) for target in targets(mention)]
            seen += [(watch, at) for watch in mention.watch_ids]
            self._count(mention, +1)
        run = self.connection.executemany
        run(_INSERT_MENTION, [_mention_row(at, row) for at, row, _ in placed])
        run(_INSERT_BODY, bodies)
        run(_PUT_TARGET, sorted(said))
        run("INSERT INTO watched VALUES (?, ?)", sorted(seen))
        run(_INSERT_GRAM, grams)

    def _count(self, mention: Mention, step: int) -> None:
        if not mention.is_public_voice:
            return
        hour = int(mention.published_at.timestamp()) // 3600
        for target in targets(mention):
            self._rollup[target.brand, hour, target.platform, target.label] += step

    def _write_rollup(self) -> None:
        differences = {key: step for key, step in sorted(self._rollup.items()) if step}
        shrunk = [key for key, step in differences.items() if step < 0]
        run = self.connection.executemany
        run(_ADD_TO_ROLLUP, [(*key, step) for key, step in differences.items()])
        run(_DROP_FROM_ROLLUP, shrunk)


class _Places:
    """Hands out free places (`at`) within a second, after the last one that is taken."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._last: dict[int, int] = {}

    def take(self, second: int) -> int:
        first = second << TIE_BITS
        last = self._last.get(second)
        if last is None:
            bounds = (first, first | _TIES)
            query = "SELECT max(at) FROM mention WHERE at BETWEEN ? AND ?"
            (last,) = self._connection.execute(query, bounds).fetchone()
        place = first if last is None else last + 1
        if place > first | _TIES:
            raise StoreError(
                Text(
                    f"同一秒的提及超过 {_TIES + 1} 条",
                    f"more than {_TIES + 1} mentions were published in one second",
                )
            )
        self._last[second] = place
        return place


def _second(row: Row) -> int:
    return row.published // 1_000_000


def _folded(mention: Mention) -> str:
    return fold(f"{mention.title}\n{mention.text}")


def _indexed(mention: Mention) -> tuple[object, ...]:
    """What the full-text entry is made of."""
    return mention.title, mention.text, mention.brand_ids


def _mention_row(at: int, row: Row) -> tuple[object, ...]:
    return (
        at,
        row.id,
        row.fingerprint,
        row.published % 1_000_000,
        row.reach,
        row.collected_at,
        row.first_seen_at,
        row.cluster_id,
        row.author_key,
        row.source,
        row.terms,
    )


def _target_row(at: int, target: Target) -> tuple[str, int, int, int, int, bool, float | None]:
    return (target.brand, at, *target[1:])
