"""Orders of a search and the tokens that continue one.

A token holds the sort value and the id of the last mention of a page; the next page begins after
it, whatever was written in between.
"""

import base64
import sqlite3
from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from typing import NamedTuple

import orjson

from domain.queries import MentionFilter, Sort
from storage.sqlite.conditions import compile_filter
from storage.sqlite.schema import TIE_BITS

_UNSCORED_POLARITY = 2.0
"""Sorts mentions without a judgement after the most positive one."""

_VALUES = {
    Sort.REACH: "-m.reach",
    Sort.MOST_NEGATIVE: f"coalesce(t.polarity, {_UNSCORED_POLARITY})",
}


class Key(NamedTuple):
    """Where a mention stands in an order: ascending by `value`, then by id."""

    value: float
    mention_id: str


class Place(NamedTuple):
    """A hit: its key and where its row lies."""

    key: Key
    at: int


def places(
    connection: sqlite3.Connection,
    wanted: MentionFilter,
    sort: Sort,
    limit: int,
    after: str | None,
) -> list[Place]:
    """Return the first `limit` hits after a token, in order."""
    begin = read_token(after) if after is not None else None
    if sort in _VALUES:
        return _by_value(connection, wanted, _VALUES[sort], limit, begin)
    return list(islice(_by_time(connection, wanted, sort is Sort.NEWEST, begin), limit))


def token(key: Key) -> str:
    """Return the token that continues after `key`."""
    return base64.urlsafe_b64encode(orjson.dumps(tuple(key))).decode()


def read_token(text: str) -> Key:
    """Return the key of a token; ValueError when it is none."""
    try:
        value, mention_id = orjson.loads(base64.urlsafe_b64decode(text))
        return Key(value + 0, mention_id + "")  # the sums refuse other types
    except (ValueError, TypeError) as error:
        raise ValueError("not a token of a search") from error


def _by_value(
    connection: sqlite3.Connection,
    wanted: MentionFilter,
    value: str,
    limit: int,
    begin: Key | None,
) -> list[Place]:
    query = compile_filter(wanted, with_mention=True)
    beyond, parameters = "", query.parameters
    if begin is not None:
        beyond = f" AND ({value}, m.id) > (?, ?)"
        parameters += begin
    statement = (
        f"SELECT {value}, m.id, t.at FROM {query.source} WHERE {query.where}{beyond}"  # noqa: S608
        f" ORDER BY 1, 2 LIMIT ?"
    )
    rows = connection.execute(statement, (*parameters, limit))
    return [Place(Key(found, mention_id), at) for found, mention_id, at in rows]


def _by_time(
    connection: sqlite3.Connection, wanted: MentionFilter, newest: bool, begin: Key | None
) -> Iterator[Place]:
    """Yield hits in order of time.

    Rows come in order of seconds from the index; only those of one second are sorted here.
    """
    query = compile_filter(wanted, with_mention=True)
    direction, sign = ("DESC", -1) if newest else ("ASC", 1)
    where, parameters = query.where, query.parameters
    if begin is not None:
        second = abs(int(begin.value)) // 1_000_000
        where += f" AND {query.at} {'<' if newest else '>='} ?"
        parameters += (second + 1 << TIE_BITS if newest else second << TIE_BITS,)
    statement = (
        f"SELECT t.at, m.micros, m.id FROM {query.source} WHERE {where}"  # noqa: S608
        f" ORDER BY {query.at} {direction}"
    )
    rows = connection.execute(statement, parameters)
    for place in _seconds_sorted(rows, sign):
        if begin is None or place.key > begin:
            yield place


def _seconds_sorted(rows: Iterable[tuple[int, int, str]], sign: int) -> Iterator[Place]:
    for second, ties in groupby(rows, key=lambda row: row[0] >> TIE_BITS):
        yield from sorted(
            Place(Key(sign * (second * 1_000_000 + micros), mention_id), at)
            for at, micros, mention_id in ties
        )
