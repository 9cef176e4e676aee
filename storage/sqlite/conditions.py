"""A MentionFilter as SQL.

Each query has a driver: the table whose index leaves the fewest rows (words, then cluster, watch,
brand). The others are joined to it by `at`; CROSS JOIN keeps SQLite from choosing another order.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from domain.han import fold
from domain.queries import MentionFilter
from domain.sentiment import WHOLE_TEXT
from storage.sqlite.connections import HALVES, bindable
from storage.sqlite.grams import match_expression
from storage.sqlite.rows import (
    COUNTS,
    KIND_CODES,
    LABEL_CODES,
    PLATFORM_CODES,
    UNSCORED,
    VOICE_CODES,
)
from storage.sqlite.schema import TIE_BITS
from storage.storable import micros

_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR = timedelta(hours=1)
_LAST_HOUR = 1 << 40
_LONGEST = 1 << 30
"""More characters than a row can hold."""
_IN_ROLLUP = frozenset({"brand_id", "platforms", "labels", "start", "end"})


@dataclass(frozen=True, slots=True)
class Query:
    """`source` and `where` of a SELECT over `target t` (and `mention m` when `with_mention`).

    `at` is the column to order by time with.
    """

    source: str
    where: str
    parameters: tuple[object, ...]
    at: str


def compile_filter(wanted: MentionFilter, *, with_mention: bool = False) -> Query:
    """Return the query whose rows are the target rows of the mentions that are wanted."""
    words = [folded for word in wanted.words if (folded := _folded(word))]
    without = [folded for word in wanted.without if (folded := _folded(word))]
    neighbours = [_folded(word) for proximity in wanted.near for word in proximity.words]
    indexed = [word for word in (*words, *neighbours) if word]
    about_mention = (wanted.collected_start, wanted.collected_end, wanted.author_key, wanted.source)
    tables: dict[str, str] = {}
    clauses: list[tuple[str, object]] = []
    if indexed:
        tables["g"] = "gram"
        clauses.append(("gram MATCH ?", match_expression(indexed, wanted.brand_id)))
    if wanted.cluster_id is not None:
        tables["m"] = "mention"
        clauses.append(("m.cluster_id = ?", wanted.cluster_id))
    if wanted.watch_id is not None:
        tables["w"] = "watched"
        clauses.append(("w.watch = ?", wanted.watch_id))
    tables["t"] = "target"
    clauses.append(("t.brand = ?", wanted.brand_id or WHOLE_TEXT))
    if with_mention or any(value is not None for value in about_mention):
        tables.setdefault("m", "mention")
    if indexed or without or neighbours:
        tables["b"] = "body"
    driver = next(iter(tables))
    at = f"{driver}.rowid" if driver == "g" else f"{driver}.at"
    joins = [f"{other}.at = {at}" for other in tables if other != driver]
    clauses += _about_target(wanted, at) + _about_mention(wanted)
    clauses += [("instr(b.folded, ?) > 0", word) for word in words]
    clauses += [("instr(b.folded, ?) = 0", word) for word in without]
    clauses += [
        (f"is_near(b.folded, ?, ?, {min(proximity.distance, _LONGEST)})", None)
        for proximity in wanted.near
    ]
    return Query(
        source=" CROSS JOIN ".join(f"{table} {alias}" for alias, table in tables.items()),
        where=" AND ".join([*joins, *(text for text, _ in clauses)]),
        # the two words of each `near` come last, as their clauses do
        parameters=(*(bindable(value) for _, value in clauses if value is not None), *neighbours),
        at=at,
    )


def first_at(moment: datetime) -> int:
    """Return the smallest `at` of the second of a moment."""
    return _micros(moment) // 1_000_000 << TIE_BITS


def is_in_rollup(wanted: MentionFilter) -> bool:
    """Whether the hourly rollup alone can tell how many mentions a filter has."""
    plain = {name: getattr(MentionFilter(), name) for name in MentionFilter.__slots__}
    return all(
        getattr(wanted, name) == value for name, value in plain.items() if name not in _IN_ROLLUP
    )


def whole_hours(wanted: MentionFilter) -> tuple[MentionFilter | None, list[MentionFilter]]:
    """Split a filter in time: what lies in whole hours, and the rests before and after them."""
    start = None if wanted.start is None else _hour_from(wanted.start)
    end = None if wanted.end is None else _hour_until(wanted.end)
    if start is not None and end is not None and start >= end:
        return None, [wanted]
    rests = []
    if start is not None and start != wanted.start:
        rests.append(replace(wanted, end=start))
    if end is not None and end != wanted.end:
        rests.append(replace(wanted, start=end))
    return replace(wanted, start=start, end=end), rests


def rollup_clauses(wanted: MentionFilter) -> tuple[str, tuple[object, ...]]:
    """Return WHERE and parameters over `rollup` for a filter of whole hours."""
    # every platform and label is named, so that the key is used down to the hour
    platforms = [PLATFORM_CODES[p] for p in wanted.platforms] or PLATFORM_CODES.values()
    labels = [LABEL_CODES[label] for label in wanted.labels] or [UNSCORED, *LABEL_CODES.values()]
    hours = (_hour(wanted.start, 0), _hour(wanted.end, _LAST_HOUR))
    where = (
        f"brand = ? AND platform IN ({_listed(platforms)}) AND label IN ({_listed(labels)})"
        " AND hour >= ? AND hour < ?"
    )
    return where, (bindable(wanted.brand_id or WHOLE_TEXT), *hours)


def _about_target(wanted: MentionFilter, at: str) -> list[tuple[str, object]]:
    clauses: list[tuple[str, object]] = []
    if wanted.start is not None:
        clauses.append((f"{at} >= ?", first_at(wanted.start)))
        clauses += _within_second(">=", at, wanted.start)
    if wanted.end is not None:
        last = first_at(wanted.end) + (1 << TIE_BITS if _has_fraction(wanted.end) else 0)
        clauses.append((f"{at} < ?", last))
        clauses += _within_second("<", at, wanted.end)
    clauses += _codes("t.platform", [PLATFORM_CODES[p] for p in wanted.platforms])
    clauses += _codes("t.kind", [KIND_CODES[kind] for kind in wanted.kinds])
    clauses += _codes("t.label", [LABEL_CODES[label] for label in wanted.labels])
    if wanted.public_voice_only:
        clauses.append((f"t.voice = {COUNTS}", None))
    if wanted.unsure_below is not None:
        clauses.append(("t.sure < ?", wanted.unsure_below))
    if wanted.uncounted_as:
        # the first clause lets the index of those few rows in, which is told by the same words
        clauses.append((f"t.voice <> {COUNTS}", None))
        codes = [VOICE_CODES[flag] for flag in wanted.uncounted_as]
        clauses.append((f"t.voice IN ({_listed(codes)})", None))
    return clauses


def _within_second(operator: str, at: str, moment: datetime) -> list[tuple[str, object]]:
    """Compare the fraction too, for those rows alone that share the second of the bound."""
    if not _has_fraction(moment):
        return []
    first = first_at(moment)
    other = f"{at} >= {first + (1 << TIE_BITS)}" if operator == ">=" else f"{at} < {first}"
    fraction = f"(SELECT micros FROM mention f WHERE f.at = {at})"  # noqa: S608  # names of ours
    return [(f"({other} OR {fraction} {operator} ?)", _micros(moment) % 1_000_000)]


def _about_mention(wanted: MentionFilter) -> list[tuple[str, object]]:
    clauses: list[tuple[str, object]] = []
    if wanted.collected_start is not None:
        clauses.append(("m.collected_at >= ?", _micros(wanted.collected_start)))
    if wanted.collected_end is not None:
        clauses.append(("m.collected_at < ?", _micros(wanted.collected_end)))
    if wanted.author_key is not None:
        clauses.append(("m.author_key = ?", wanted.author_key))
    if wanted.source is not None:
        clauses.append(("m.source = ?", wanted.source))
    return clauses


def _codes(column: str, codes: list[int]) -> list[tuple[str, object]]:
    if not codes:
        return []
    if len(codes) == 1:
        return [(f"{column} = ?", codes[0])]
    # the plus keeps an index by this column out: rows of several codes would need sorting by time
    return [(f"+{column} IN ({_listed(codes)})", None)]


def _folded(word: str) -> str:
    # a text in normal form holds no full-width letter, as it holds no half character
    return HALVES.sub("Ａ", fold(word))


def _listed(codes: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(codes)))


def _hour(moment: datetime | None, otherwise: int) -> int:
    return otherwise if moment is None else _micros(moment) // 3_600_000_000


def _hour_from(moment: datetime) -> datetime:
    return _EARLIEST - -(moment - _EARLIEST) // _HOUR * _HOUR


def _hour_until(moment: datetime) -> datetime:
    return _EARLIEST + (moment - _EARLIEST) // _HOUR * _HOUR


def _has_fraction(moment: datetime) -> bool:
    return bool(moment.microsecond)


def _micros(moment: datetime) -> int:
    return micros(max(moment, _EARLIEST))
