"""The embedded mention store: one SQLite file, full text for Chinese, exact hourly counts.

Readers are never blocked by a writer, nor by another process's. Layout: schema.py.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

import orjson

from domain.errors import StoreError
from domain.mention import Mention
from domain.merge import same_content
from domain.queries import (
    AddResult,
    Bucket,
    MentionFilter,
    MentionPage,
    Near,
    Refused,
    Sort,
    StoreStatus,
    Summary,
    TimelinePoint,
)
from storage.sqlite.conditions import (
    compile_filter,
    first_at,
    is_in_rollup,
    rollup_clauses,
    whole_hours,
)
from storage.sqlite.connections import Connections
from storage.sqlite.near import Probe
from storage.sqlite.paging import places, token
from storage.sqlite.rows import LABELS, PLATFORMS, Row, Unstorable, decode, encode, moment
from storage.sqlite.schema import SCHEMA_VERSION, TIE_BITS, migrate
from storage.sqlite.writing import Changes, Stored, load, load_at, meet

BATCH = 500
"""Mentions in one transaction: about 40 ms of lock."""

_SCAN_PAGE = 500
_ONE_BIN = "0"

_Encoded = tuple[Mention, Row]


class SqliteMentionStore:
    """`domain.ports.MentionStore` in the file at `path`, made or migrated when opened.

    StoreUnavailable when the file cannot be opened, SchemaMismatch when it is of a newer program or
    another database. May be used by several threads, and beside other processes.
    """

    def __init__(self, path: Path) -> None:
        self._connections = Connections(path)
        try:
            with self._connections.writing() as connection:
                migrate(connection, str(path))
        except StoreError:
            self.close()
            raise

    def add(self, mentions: Iterable[Mention]) -> AddResult:
        """See MentionStore. Each BATCH is a transaction; those before a failure stay stored."""
        outcomes = _Outcomes()
        remaining = iter(mentions)
        while batch := list(islice(remaining, BATCH)):
            encoded = outcomes.encode(batch)
            with self._connections.writing() as connection:
                done = _add_batch(connection, encoded)
            outcomes.take(done)
        return outcomes.result()

    def amend(self, mention_id: str, change: Callable[[Mention], Mention]) -> Mention | None:
        """See MentionStore. ValueError when `change` gives another id or what cannot be stored."""
        with self._connections.writing() as connection:
            stored = load(connection, [mention_id]).get(mention_id)
            if stored is None:
                return None
            amended = change(decode(stored.row))
            if amended.id != mention_id:
                raise ValueError(f"amend must keep the id {mention_id}")
            try:
                row = encode(amended)
            except Unstorable as error:
                raise ValueError(f"{mention_id}: {error}") from error
            changes = Changes(connection)
            changes.replace(stored, row, amended)
            changes.write()
        return amended

    def get(self, mention_ids: Iterable[str]) -> dict[str, Mention]:
        """See MentionStore."""
        with self._connections.reading() as connection:
            found = load(connection, mention_ids)
        return {mention_id: decode(stored.row) for mention_id, stored in found.items()}

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
            mentions = tuple(load_at(connection, (place.at for place in page)))
        return MentionPage(mentions, token(page[-1].key) if len(found) > limit else None)

    def count(self, wanted: MentionFilter) -> int:
        """See MentionStore."""
        with self._connections.reading() as connection:
            return sum(_tally(connection, wanted).values())

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
        return sorted(
            (
                TimelinePoint(moment(start * 1_000_000), PLATFORMS[platform], LABELS[label], count)
                for (start, platform, label), count in tally.items()
                if label in LABELS
            ),
            key=lambda point: (point.start, point.platform, point.label),
        )

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
        0 to 3.
        """
        probe = Probe(fingerprints, distance)
        with self._connections.reading() as connection:
            rows = connection.execute(
                "SELECT at, fingerprint FROM mention WHERE at >= ? AND fingerprint IS NOT NULL",
                (first_at(since),),
            )
            hits = [(at, asked, bits) for at, value in rows for asked, bits in probe.hits(value)]
            mentions = load_at(connection, (at for at, _, _ in hits))
        found = [
            Near(asked, mention.id, mention.cluster_id, mention.published_at, bits)
            for mention, (_, asked, bits) in zip(mentions, hits, strict=True)
            if mention.published_at >= since
        ]
        return sorted(found, key=lambda near: (near.published_at, near.mention_id))

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


def _published(at: int, fraction: int) -> datetime:
    return moment((at >> TIE_BITS) * 1_000_000 + fraction)


class _Outcomes:
    """What became of each id: new beats changed, changed beats unchanged."""

    _RANKS = ("unchanged", "changed", "new")

    def __init__(self) -> None:
        self._by_id: dict[str, str] = {}
        self._refused: list[Refused] = []

    def note(self, mention_id: str, outcome: str) -> None:
        known = self._by_id.get(mention_id, outcome)
        self._by_id[mention_id] = max(known, outcome, key=self._RANKS.index)

    def encode(self, mentions: Iterable[Mention]) -> list[_Encoded]:
        """Return the mentions that have a row, with it; refuse the others."""
        encoded = []
        for mention in mentions:
            try:
                encoded.append((mention, encode(mention)))
            except Unstorable as problem:
                self.refuse(mention.id, problem)
        return encoded

    def refuse(self, mention_id: str, problem: Unstorable) -> None:
        self._refused.append(Refused(mention_id, problem.text))

    def take(self, other: "_Outcomes") -> None:
        for mention_id, outcome in other._by_id.items():
            self.note(mention_id, outcome)
        self._refused += other._refused

    def result(self) -> AddResult:
        ids: dict[str, list[str]] = {rank: [] for rank in self._RANKS}
        for mention_id, outcome in self._by_id.items():
            ids[outcome].append(mention_id)
        return AddResult(
            new=tuple(ids["new"]),
            changed=tuple(ids["changed"]),
            unchanged=tuple(ids["unchanged"]),
            refused=tuple(self._refused),
        )


def _add_batch(connection: sqlite3.Connection, batch: Sequence[_Encoded]) -> _Outcomes:
    stored = load(connection, (mention.id for mention, _ in batch))
    results: dict[str, _Encoded] = {}
    outcomes = _Outcomes()
    for mention, row in batch:
        known = results[mention.id][1] if mention.id in results else _row_of(stored, mention.id)
        try:
            results[mention.id] = meet(known, row, mention) if known else (mention, row)
        except Unstorable as problem:
            outcomes.refuse(mention.id, problem)
    changes = Changes(connection)
    for mention_id, (mention, row) in results.items():
        before = stored.get(mention_id)
        if before is None:
            changes.insert(row, mention)
            outcomes.note(mention_id, "new")
        else:
            changes.replace(before, row, mention)
            same = before.row.content == row.content or same_content(decode(before.row), mention)
            outcomes.note(mention_id, "unchanged" if same else "changed")
    changes.write()
    return outcomes


def _row_of(stored: dict[str, Stored], mention_id: str) -> Row | None:
    found = stored.get(mention_id)
    return found.row if found else None


def _tally(
    connection: sqlite3.Connection, wanted: MentionFilter, width: int = 0, offset: int = 0
) -> Counter[tuple[int, int, int]]:
    """Return counts by bin (its start in seconds; 0 when `width` is 0), platform and label.

    Whole hours come from the rollup where it can tell, the rest from the rows.
    """
    tally: Counter[tuple[int, int, int]] = Counter()
    rests: Sequence[MentionFilter] = [wanted]
    if is_in_rollup(wanted) and width % 3600 == 0 and offset % 3600 == 0:
        hours, rests = whole_hours(wanted)
        if hours is not None:
            where, parameters = rollup_clauses(hours)
            bins = _bins("hour * 3600", width, offset)
            statement = (
                f"SELECT {bins}, platform, label, sum(mentions) FROM rollup"  # noqa: S608
                f" WHERE {where} GROUP BY 1, 2, 3"
            )
            _take(tally, connection.execute(statement, parameters))
    for rest in rests:
        query = compile_filter(rest)
        bins = _bins(f"({query.at} >> {TIE_BITS})", width, offset)
        statement = (
            f"SELECT {bins}, t.platform, t.label, count(*) FROM {query.source}"  # noqa: S608
            f" WHERE {query.where} GROUP BY 1, 2, 3"
        )
        _take(tally, connection.execute(statement, query.parameters))
    return tally


def _bins(seconds: str, width: int, offset: int) -> str:
    return f"({seconds} + {offset}) / {width} * {width} - {offset}" if width else _ONE_BIN


def _take(tally: Counter[tuple[int, int, int]], rows: Iterable[tuple[int, int, int, int]]) -> None:
    for start, platform, label, count in rows:
        tally[start, platform, label] += count


def _summary(
    tally: Counter[tuple[int, int, int]],
    authors: int,
    unknown: int,
    clusters: int,
    members: int,
    reach: int,
) -> Summary:
    summary = Summary(
        count=sum(tally.values()),
        distinct_authors=authors,
        unknown_authors=unknown,
        clusters=clusters,
        in_clusters=members,
        interactions=reach,
    )
    for (_, platform_code, label_code), count in sorted(tally.items()):
        platform, label = PLATFORMS[platform_code], LABELS.get(label_code)
        by_platform = summary.by_platform
        by_platform[platform] = by_platform.get(platform, 0) + count
        if label is not None:
            summary.by_label[label] = summary.by_label.get(label, 0) + count
            summary.by_platform_label[platform, label] = count
    return summary
