"""What one write transaction changes, gathered first and then written table by table."""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from domain.errors import StoreError, Text
from domain.han import fold
from domain.mention import Mention
from domain.merge import merge, same_content
from storage.sqlite import prints
from storage.sqlite.connections import MOST_VARIABLES, bindable
from storage.sqlite.grams import tokens
from storage.sqlite.rows import Row, Target, decode, encode, targets
from storage.sqlite.schema import TIE_BITS

_TargetRow = tuple[str, int, int, int, int, int, float | None, int | None]

_TIES = (1 << TIE_BITS) - 1

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
_PUT_TARGET = "INSERT OR REPLACE INTO target VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_INSERT_GRAM = "INSERT INTO gram (rowid, tokens) VALUES (?, ?)"
_DELETE_GRAM = "INSERT INTO gram (gram, rowid, tokens) VALUES ('delete', ?, ?)"
_ADD_TO_ROLLUP = """
INSERT INTO rollup (brand, platform, label, hour, mentions) VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET mentions = mentions + excluded.mentions
"""
_DROP_FROM_ROLLUP = """
DELETE FROM rollup WHERE brand = ? AND platform = ? AND label = ? AND hour = ? AND mentions = 0
"""
_LAST_PLACES = f"""
WITH asked (second) AS (VALUES {{}})
SELECT second, (
    SELECT max(at) FROM mention
    WHERE at BETWEEN second << {TIE_BITS} AND second << {TIE_BITS} | {_TIES}
) FROM asked
"""  # noqa: S608  # constants of ours


class Held:
    """A mention and its row; either is made from the other when it is first asked for.

    `at` is the place where it lies, None while it is not stored.
    """

    def __init__(self, row: Row, mention: Mention | None = None, at: int | None = None) -> None:
        self.row = row
        self.at = at
        self._mention = mention

    @property
    def mention(self) -> Mention:
        """The mention."""
        if self._mention is None:
            self._mention = decode(self.row)
        return self._mention


def load(connection: sqlite3.Connection, ids: Iterable[str]) -> dict[str, Held]:
    """Return those of the mentions that are stored, by id."""
    held = _load(connection, "m.id", list(dict.fromkeys(ids)))
    return {one.row.id: one for one in held}


def load_at(connection: sqlite3.Connection, places: Sequence[int]) -> list[Mention]:
    """Return the mentions at these places, in this order."""
    found = {one.at: one.mention for one in _load(connection, "m.at", places)}
    return [found[at] for at in places]


def _load(connection: sqlite3.Connection, column: str, keys: Sequence[object]) -> Iterator[Held]:
    for first in range(0, len(keys), MOST_VARIABLES):
        part = keys[first : first + MOST_VARIABLES]
        places = ", ".join("?" * len(part))
        rows = connection.execute(
            f"{_LOAD} WHERE {column} IN ({places})", list(map(bindable, part))
        )
        for at, *columns in rows:
            yield Held(Row._make(columns), at=at)


def meet(known: Held, look: Held) -> tuple[Held, bool]:
    """Return what `merge` makes of the two, and whether the look said anything new.

    A look that saw what is known takes the short way: nothing is decoded, merged or encoded.
    """
    before, after = known.row, look.row
    if before.content == after.content and before.revisions is None:
        *_, collected_at, first_seen_at, source = after
        seen = max((before.collected_at, before.source), (collected_at, source))
        first_seen_at = min(before.first_seen_at, first_seen_at)
        return Held(Row._make((*before[:9], seen[0], first_seen_at, seen[1]))), False
    merged = merge(known.mention, look.mention)
    row = encode(merged)
    # a row without revisions tells by itself that nothing changed
    is_same = row.content == before.content and same_content(known.mention, merged)
    return Held(row, merged), not is_same


@dataclass(slots=True)
class Changes:
    """Rows to insert, alter and erase in one transaction."""

    connection: sqlite3.Connection
    _touched: list[tuple[int, int, str, int]] = field(default_factory=list)
    _erased: list[tuple[int, Mention]] = field(default_factory=list)
    _inserted: list[Held] = field(default_factory=list)
    _altered: list[tuple[int, Held, Held]] = field(default_factory=list)
    _rollup: Counter[tuple[str, int, int, int]] = field(default_factory=Counter)
    _gone_prints: list[int] = field(default_factory=list)
    _new_prints: list[tuple[int, int]] = field(default_factory=list)

    def put(self, before: Held | None, after: Held) -> None:
        """What is stored as `before` (None: nothing yet) becomes `after`; costs what differs."""
        if before is None or before.at is None:
            self._inserted.append(after)
        elif before.row == after.row:
            return
        elif before.row[:9] == after.row[:9]:
            row = after.row
            self._touched.append((row.collected_at, row.first_seen_at, row.source, before.at))
        elif _second(after.row) == before.at >> TIE_BITS and _indexed(before) == _indexed(after):
            self._altered.append((before.at, before, after))
        else:
            self.erase(before)
            self._inserted.append(after)

    def erase(self, held: Held) -> None:
        """A stored mention goes, from every table."""
        if held.at is not None:
            self._erased.append((held.at, held.mention))

    def write(self) -> None:
        """Write everything, rollups by their differences."""
        self.connection.executemany(_TOUCH, self._touched)
        self._write_erased()
        self._write_altered()
        self._write_inserted()
        self._write_rollup()
        prints.change(self.connection, self._gone_prints, self._new_prints)

    def _write_erased(self) -> None:
        if not self._erased:
            return
        grams, brands, watches = [], [], []
        for at, mention in self._erased:
            grams.append((at, tokens(_folded(mention), mention.brand_ids)))
            about = targets(mention)
            brands += [(target.brand, at) for target in about]
            watches += [(watch, at) for watch in mention.watch_ids]
            self._count(mention, -1, about)
        places = [(at,) for at, _ in self._erased]
        self._gone_prints += [at for at, mention in self._erased if mention.fingerprint is not None]
        run = self.connection.executemany
        run(_DELETE_GRAM, grams)
        run("DELETE FROM target WHERE brand = ? AND at = ?", brands)
        run("DELETE FROM watched WHERE watch = ? AND at = ?", watches)
        run("DELETE FROM body WHERE at = ?", places)
        run("DELETE FROM mention WHERE at = ?", places)

    def _write_altered(self) -> None:
        if not self._altered:
            return
        said: list[_TargetRow] = []
        seen, unseen = [], []
        for at, before, after in self._altered:
            then, now = targets(before.mention), targets(after.mention)
            if then != now:
                said += [_target_row(at, target) for target in now]
                self._count(before.mention, -1, then)
                self._count(after.mention, +1, now)
            old, new = before.mention.watch_ids, after.mention.watch_ids
            if before.row.fingerprint != after.row.fingerprint:
                self._gone_prints.append(at)
                self._put_print(at, after.row)
            seen += [(watch, at) for watch in new - old]
            unseen += [(watch, at) for watch in old - new]
        rows = [(at, after.row) for at, _, after in self._altered]
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
        held = sorted(self._inserted, key=lambda one: one.row.published)
        places = _places(self.connection, [_second(one.row) for one in held])
        placed = [(at, one.row, one.mention) for at, one in zip(places, held, strict=True)]
        bodies, grams, seen = [], [], []
        said: list[_TargetRow] = []
        for at, row, mention in placed:
            folded = _folded(mention)
            bodies.append((at, folded, row.document, row.revisions))
            grams.append((at, tokens(folded, mention.brand_ids)))
            about = targets(mention)
            said += [_target_row(at, target) for target in about]
            seen += [(watch, at) for watch in mention.watch_ids]
            self._put_print(at, row)
            self._count(mention, +1, about)
        run = self.connection.executemany
        run(_INSERT_MENTION, [_mention_row(at, row) for at, row, _ in placed])
        run(_INSERT_BODY, bodies)
        run(_PUT_TARGET, sorted(said))
        run("INSERT INTO watched VALUES (?, ?)", sorted(seen))
        run(_INSERT_GRAM, grams)

    def _put_print(self, at: int, row: Row) -> None:
        if row.fingerprint is not None:
            self._new_prints.append((at, row.fingerprint))

    def _count(self, mention: Mention, step: int, about: Sequence[Target]) -> None:
        if not mention.is_public_voice:
            return
        hour = int(mention.published_at.timestamp()) // 3600
        for target in about:
            self._rollup[target.brand, target.platform, target.label, hour] += step

    def _write_rollup(self) -> None:
        differences = {key: step for key, step in sorted(self._rollup.items()) if step}
        shrunk = [key for key, step in differences.items() if step < 0]
        run = self.connection.executemany
        run(_ADD_TO_ROLLUP, [(*key, step) for key, step in differences.items()])
        run(_DROP_FROM_ROLLUP, shrunk)


def _places(connection: sqlite3.Connection, seconds: Sequence[int]) -> Iterator[int]:
    """Yield a free place (`at`) for each, within its second and after the last that is taken."""
    last = _last_places(connection, list(dict.fromkeys(seconds)))
    for second in seconds:
        before = last[second]
        at = second << TIE_BITS if before is None else before + 1
        if at > second << TIE_BITS | _TIES:
            raise StoreError(
                Text(
                    f"同一秒的提及超过 {_TIES + 1} 条",
                    f"more than {_TIES + 1} mentions were published in one second",
                )
            )
        last[second] = at
        yield at


def _last_places(connection: sqlite3.Connection, seconds: Sequence[int]) -> dict[int, int | None]:
    found: dict[int, int | None] = {}
    for first in range(0, len(seconds), MOST_VARIABLES):
        part = seconds[first : first + MOST_VARIABLES]
        asked = ", ".join(["(?)"] * len(part))
        found.update(connection.execute(_LAST_PLACES.format(asked), part))
    return found


def _second(row: Row) -> int:
    return row.published // 1_000_000


def _folded(mention: Mention) -> str:
    return fold(f"{mention.title}\n{mention.text}")


def _indexed(held: Held) -> tuple[object, ...]:
    """What the full-text entry is made of."""
    return held.mention.title, held.mention.text, held.mention.brand_ids


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


def _target_row(at: int, target: Target) -> _TargetRow:
    return (target.brand, at, *target[1:])
