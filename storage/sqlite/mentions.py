"""The embedded mention store: one SQLite file, full text for Chinese, exact hourly counts.

Readers are never blocked by a writer, nor by another process's. Layout: schema.py.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

import orjson

from domain.errors import StoreError
from domain.mention import Mention
from domain.queries import (
    AddResult,
    Bucket,
    MentionFilter,
    MentionPage,
    Near,
    Sort,
    StoreStatus,
    Summary,
    TimelinePoint,
)
from storage.near_copies import Probe
from storage.outcomes import Outcome, Outcomes
from storage.sqlite import prints
from storage.sqlite.conditions import (
    compile_filter,
    first_at,
    is_in_rollup,
    rollup_clauses,
    whole_hours,
)
from storage.sqlite.connections import MOST_VARIABLES, Connections
from storage.sqlite.paging import places, token
from storage.sqlite.rows import (
    LABELS,
    PLATFORM_CODES,
    PLATFORMS,
    UNSCORED,
    encode,
)
from storage.sqlite.schema import SCHEMA_VERSION, TIE_BITS, is_current, migrate
from storage.sqlite.writing import Changes, Held, load, load_at, meet
from storage.storable import Unstorable, moment

BATCH = 500
"""Mentions in one transaction: about 40 ms of lock."""

_SCAN_PAGE = 500
_Count = tuple[int, int, int, int]
"""Start of a bin in seconds, code of a platform, code of a label, how many."""

# Points are sorted as numbers, which is three times as fast as by names; the codes of the labels
# are in the order of their names.
_PLATFORMS = sorted(PLATFORM_CODES)
_PLATFORM_ORDER = {code: _PLATFORMS.index(name) for name, code in PLATFORM_CODES.items()}


class SqliteMentionStore:
    """`domain.ports.MentionStore` in the file at `path`, made or migrated when opened.

    StoreUnavailable when the file cannot be opened, SchemaMismatch when it is of a newer program or
    another database. May be used by several threads, and beside other processes.
    """

    def __init__(self, path: Path) -> None:
        self._connections = Connections(path)
        try:
            with self._connections.reading() as connection:
                current = is_current(connection)
            if not current:
                with self._connections.writing() as connection:
                    migrate(connection, str(path))
        except StoreError:
            self.close()
            raise

    def add(self, mentions: Iterable[Mention]) -> AddResult:
        """See MentionStore. Each BATCH is a transaction; those before a failure stay stored."""
        outcomes = Outcomes()
        remaining = iter(mentions)
        while batch := list(islice(remaining, BATCH)):
            looks = _encode(batch, outcomes)
            with self._connections.writing() as connection:
                _add_batch(connection, looks, outcomes)
        return outcomes.result()

    def amend(self, mention_id: str, change: Callable[[Mention], Mention]) -> Mention | None:
        """See MentionStore. ValueError when `change` gives another id or what cannot be stored."""
        with self._connections.writing() as connection:
            stored = load(connection, [mention_id]).get(mention_id)
            if stored is None:
                return None
            changed = _changed(stored, change)
            changes = Changes(connection)
            changes.put(stored, changed)
            changes.write()
        return changed.mention

    def amend_many(
        self, mention_ids: Iterable[str], change: Callable[[Mention], Mention]
    ) -> dict[str, Mention]:
        """See MentionStore. Each BATCH is a transaction. ValueError as `amend`."""
        amended: dict[str, Mention] = {}
        remaining = iter(mention_ids)
        while batch := list(islice(remaining, BATCH)):
            with self._connections.writing() as connection:
                changes = Changes(connection)
                for held in load(connection, batch).values():
                    changed = _changed(held, change)
                    changes.put(held, changed)
                    amended[changed.row.id] = changed.mention
                changes.write()
        return amended

    def get(self, mention_ids: Iterable[str]) -> dict[str, Mention]:
        """See MentionStore."""
        with self._connections.reading() as connection:
            found = load(connection, mention_ids)
        return {mention_id: held.mention for mention_id, held in found.items()}

    def remove(self, mention_ids: Iterable[str]) -> int:
        """See MentionStore. The bytes are overwritten in the file too.

        Full-text entries hold no text; their overwritten numbers go with FTS5's next merges.
        """
        removed, remaining = 0, iter(mention_ids)
        while batch := list(islice(remaining, BATCH)):
            with self._connections.erasing() as connection:
                found = load(connection, batch)
                changes = Changes(connection)
                for stored in found.values():
                    changes.erase(stored)
                changes.write()
            removed += len(found)
        if removed:
            self._connections.empty_log()
        return removed

    def search(
        self,
        wanted: MentionFilter,
        *,
        sort: Sort = Sort.NEWEST,
        limit: int = 50,
        after: str | None = None,
    ) -> MentionPage:
        """See MentionStore. ValueError when `limit` < 1 or `after` is no token."""
        if limit < 1:
            raise ValueError("limit must be at least 1")
        with self._connections.reading() as connection:
            found = places(connection, wanted, sort, limit + 1, after)
            page = found[:limit]
            mentions = tuple(load_at(connection, [place.at for place in page]))
        return MentionPage(mentions, token(page[-1].key) if len(found) > limit else None)

    def count(self, wanted: MentionFilter) -> int:
        """See MentionStore."""
        with self._connections.reading() as connection:
            return sum(count for *_, count in _tally(connection, wanted))

    def timeline(
        self, wanted: MentionFilter, bucket: Bucket, *, day_offset: timedelta = timedelta(0)
    ) -> list[TimelinePoint]:
        """See MentionStore. Mentions without a judgement are in no bin. ValueError without start
        and end.
        """
        if wanted.start is None or wanted.end is None:
            raise ValueError("a timeline needs start and end")
        offset = int(day_offset.total_seconds()) if bucket is Bucket.DAY else 0
        with self._connections.reading() as connection:
            tally = _tally(connection, wanted, bucket.seconds, offset)
        in_order = sorted(
            (start, _PLATFORM_ORDER[platform], label, count)
            for start, platform, label, count in tally
            if label != UNSCORED
        )
        starts = {start: moment(start * 1_000_000) for start in {point[0] for point in in_order}}
        return [
            TimelinePoint(starts[start], _PLATFORMS[platform], LABELS[label], count)
            for start, platform, label, count in in_order
        ]

    def summary(self, wanted: MentionFilter) -> Summary:
        """See MentionStore. Mentions without a judgement are in `count` and `by_platform` only."""
        query = compile_filter(wanted, with_mention=True)
        rows = f"FROM {query.source} WHERE {query.where}"
        with self._connections.reading() as connection:
            tally = _tally(connection, wanted)
            authors, unknown, reach = connection.execute(
                "SELECT count(DISTINCT m.author_key), count(*) - count(m.author_key),"
                f" coalesce(sum(m.reach), 0) {rows}",
                query.parameters,
            ).fetchone()
            clusters, members = connection.execute(
                f"SELECT count(*), coalesce(sum(size), 0) FROM (SELECT count(*) AS size {rows}"  # noqa: S608
                " AND m.cluster_id IS NOT NULL GROUP BY m.cluster_id HAVING size > 1)",
                query.parameters,
            ).fetchone()
        return _summary(tally, authors, unknown, clusters, members, reach)

    def top_terms(self, wanted: MentionFilter, limit: int = 30) -> list[tuple[str, int]]:
        """See MentionStore."""
        query = compile_filter(wanted, with_mention=True)
        statement = f"SELECT m.terms FROM {query.source} WHERE {query.where}"  # noqa: S608
        counts: Counter[str] = Counter()
        with self._connections.reading() as connection:
            for (terms,) in connection.execute(statement, query.parameters):
                counts.update(set(orjson.loads(terms)))
        return sorted(counts.items(), key=lambda term: (-term[1], term[0]))[:limit]

    def near(self, fingerprints: Sequence[int], *, since: datetime, distance: int) -> list[Near]:
        """See MentionStore. In order of publication, then id; ValueError when `distance` is not
        0 to 64.
        """
        probe = Probe(fingerprints, distance)
        with self._connections.reading() as connection:
            window = prints.window(connection, first_at(since))
            hits = {
                at: near
                for at, value in window[probe.sharing(window[:, 1])].tolist()
                if (near := list(probe.hits(value)))
            }
            spots = list(_spots(connection, hits))
        found = [
            (published, spot.id, spot)
            for spot in spots
            if (published := _published(spot.at, spot.micros)) >= since
        ]
        return [
            Near(asked, mention_id, spot.cluster_id, published, bits)
            for published, mention_id, spot in sorted(found)
            for asked, bits in hits[spot.at]
        ]

    def scan(self, wanted: MentionFilter) -> Iterator[Mention]:
        """See MentionStore. Read page by page, so that a slow consumer holds no transaction."""
        after: str | None = None
        while True:
            page = self.search(wanted, sort=Sort.OLDEST, limit=_SCAN_PAGE, after=after)
            yield from page.mentions
            after = page.after
            if after is None:
                return

    def status(self) -> StoreStatus:
        """See MentionStore."""
        with self._connections.reading() as connection:
            (mentions,) = connection.execute("SELECT count(*) FROM mention").fetchone()
            newest = connection.execute(
                "SELECT at, micros FROM mention ORDER BY at DESC LIMIT 1"
            ).fetchone()
        path = self._connections.path
        files = (path, path.with_name(f"{path.name}-wal"))
        return StoreStatus(
            adapter="sqlite",
            mentions=mentions,
            newest_published_at=_published(*newest) if newest else None,
            bytes_on_disk=sum(file.stat().st_size for file in files if file.exists()),
            schema_version=SCHEMA_VERSION,
        )

    def close(self) -> None:
        """See MentionStore."""
        self._connections.close()


class _Spot(NamedTuple):
    """Where a mention stands: the columns of its row that say so."""

    at: int
    id: str
    cluster_id: str | None
    micros: int


def _spots(connection: sqlite3.Connection, places: Iterable[int]) -> Iterator[_Spot]:
    wanted = sorted(places)
    for first in range(0, len(wanted), MOST_VARIABLES):
        part = wanted[first : first + MOST_VARIABLES]
        marks = ", ".join("?" * len(part))
        yield from map(
            _Spot._make,
            connection.execute(
                f"SELECT at, id, cluster_id, micros FROM mention WHERE at IN ({marks})",  # noqa: S608
                part,
            ),
        )


def _published(at: int, fraction: int) -> datetime:
    return moment((at >> TIE_BITS) * 1_000_000 + fraction)


def _changed(stored: Held, change: Callable[[Mention], Mention]) -> Held:
    mention_id = stored.row.id
    amended = change(stored.mention)
    if amended is stored.mention:
        return stored
    if amended.id != mention_id:
        raise ValueError(f"amend must keep the id {mention_id}")
    try:
        return Held(encode(amended), amended)
    except Unstorable as error:
        raise ValueError(f"{mention_id}: {error}") from error


def _encode(mentions: Iterable[Mention], outcomes: Outcomes) -> list[Held]:
    looks = []
    for mention in mentions:
        try:
            looks.append(Held(encode(mention), mention))
        except Unstorable as problem:
            outcomes.refuse(mention.id, problem.text)
    return looks


def _add_batch(connection: sqlite3.Connection, looks: Sequence[Held], outcomes: Outcomes) -> None:
    stored = load(connection, (look.row.id for look in looks))
    results: dict[str, Held] = {}
    for look in looks:
        mention_id = look.row.id
        known = results.get(mention_id) or stored.get(mention_id)
        if known is None:
            results[mention_id] = look
            outcomes.note(mention_id, Outcome.NEW)
            continue
        try:
            results[mention_id], is_news = meet(known, look)
            outcomes.note(mention_id, Outcome.CHANGED if is_news else Outcome.UNCHANGED)
        except Unstorable as problem:
            outcomes.refuse(mention_id, problem.text)
    changes = Changes(connection)
    for mention_id, held in results.items():
        changes.put(stored.get(mention_id), held)
    changes.write()


def _tally(
    connection: sqlite3.Connection, wanted: MentionFilter, width: int = 0, offset: int = 0
) -> Iterable[_Count]:
    """Return counts by bin (its start in seconds; 0 when `width` is 0), platform and label.

    Whole hours come from the rollup where it can tell, the rest from the rows.
    """
    hours: MentionFilter | None = None
    rests: Sequence[MentionFilter] = [wanted]
    if is_in_rollup(wanted) and width % 3600 == 0 and offset % 3600 == 0:
        hours, rests = whole_hours(wanted)
    parts = [_count_rows(connection, rest, width, offset) for rest in rests]
    if hours is not None:
        parts.append(_count_hours(connection, hours, width, offset))
    if len(parts) == 1:
        return parts[0]
    sums: Counter[tuple[int, int, int]] = Counter()
    for start, platform, label, count in chain.from_iterable(parts):
        sums[start, platform, label] += count
    return [(*key, count) for key, count in sums.items()]


def _count_hours(
    connection: sqlite3.Connection, wanted: MentionFilter, width: int, offset: int
) -> list[_Count]:
    where, parameters = rollup_clauses(wanted)
    if width == Bucket.HOUR.seconds:
        columns, group = "hour * 3600, platform, label, mentions", ""
    else:
        columns = f"{_bins('hour * 3600', width, offset)} AS bin, platform, label, sum(mentions)"
        group = " GROUP BY platform, label, bin" if width else " GROUP BY platform, label"
    statement = f"SELECT {columns} FROM rollup WHERE {where}{group}"  # noqa: S608
    return connection.execute(statement, parameters).fetchall()


def _count_rows(
    connection: sqlite3.Connection, wanted: MentionFilter, width: int, offset: int
) -> list[_Count]:
    query = compile_filter(wanted)
    bins = _bins(f"({query.at} >> {TIE_BITS})", width, offset)
    statement = (
        f"SELECT {bins}, t.platform, t.label, count(*) FROM {query.source}"  # noqa: S608
        f" WHERE {query.where} GROUP BY 1, 2, 3"
    )
    return connection.execute(statement, query.parameters).fetchall()


def _bins(seconds: str, width: int, offset: int) -> str:
    return f"({seconds} + {offset}) / {width} * {width} - {offset}" if width else "0"


def _summary(
    tally: Iterable[_Count],
    authors: int,
    unknown: int,
    clusters: int,
    members: int,
    reach: int,
) -> Summary:
    summary = Summary(
        count=sum(count for *_, count in tally),
        distinct_authors=authors,
        unknown_authors=unknown,
        clusters=clusters,
        in_clusters=members,
        interactions=reach,
    )
    for _, platform_code, label_code, count in sorted(tally):
        platform, label = PLATFORMS[platform_code], LABELS.get(label_code)
        by_platform = summary.by_platform
        by_platform[platform] = by_platform.get(platform, 0) + count
        if label is not None:
            summary.by_label[label] = summary.by_label.get(label, 0) + count
            summary.by_platform_label[platform, label] = count
    return summary
