"""Copying the mentions into an index of a newer version while everything goes on.

Elasticsearch numbers the writes of each shard (`_seq_no`), and a search can ask for what was
written after a number. So the new index is filled in passes: first everything, then what was
written meanwhile, until little is left; then the old index takes no writes for a moment, the rest
follows, both are compared, and the alias moves. Removals leave nothing to search for: they are
found by comparing the counts of each day, and the ids of the days that differ.

How far a copy came lies in the new index itself (`_meta`), so that a killed one goes on anywhere.
What it copies once more does no harm: documents keep the version they had. Only the copy writes
into the new index before the alias moves; two copies at once would not do, see `Lease`.

Needs no more than search, bulk and index administration: no `_reindex`, no scripts.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from elasticsearch import Elasticsearch

from domain.errors import StoreError, StoreUnavailable, Text
from storage.elasticsearch.client import error_type, is_passing, translated, whole
from storage.elasticsearch.cluster import Cluster
from storage.elasticsearch.schema import Form, Found, find, index_name, make_index
from storage.elasticsearch.switching import switch

BATCH: Final = 500
"""Documents of one request."""
LITTLE: Final = 1000
"""So many documents are left to the last pass, while nothing can be written."""
MOST_PASSES: Final = 20
LONGEST_BLOCK: Final = timedelta(seconds=60)
"""After so long without writes the copy gives up for now and lets them go on."""

_KEPT_OPEN: Final = "5m"
_SAVED_EVERY: Final = 20
_MOST_IDS: Final = 10_000
_TRIES: Final = 8
_FILLING: Final = {"refresh_interval": "-1"}

Source = Mapping[str, Any]
Rewrite = Callable[[Source], Source | bytes]
"""Makes a document of the older version one of the newer."""

STEPS: Final[Sequence[Callable[[Source], Source]]] = ()
"""Step n makes what an index of version n + 1 keeps of a document what one of version n + 2 does.
Steps are only ever added."""


@dataclass(frozen=True, slots=True)
class Migrated:
    """What a migration did: from which index to which, how many documents were copied in all and
    while nothing could be written, how many removals followed, and how long that took.
    """

    before: str
    after: str
    mentions: int
    copied: int
    removed: int
    passes: int
    blocked: timedelta


@dataclass(slots=True)
class Migration:
    """One copy. `rewrite` gives what is done to documents of a version, `now` is the time. `renew`
    says that this copy is still the only one, and raises when it is not; `told` gets how many
    documents were copied and how many there are in all.
    """

    client: Elasticsearch
    cluster: Cluster
    form: Form
    rewrite: Callable[[int], Rewrite]
    now: Callable[[], datetime]
    renew: Callable[[], None] = lambda: None
    told: Callable[[int, int], None] = lambda _copied, _total: None
    sleep: Callable[[float], None] = time.sleep
    _rewrite: Rewrite = field(init=False)
    _reached: dict[str, int] = field(default_factory=dict)
    _copied: int = 0
    _removed: int = 0
    _mentions: int = 0
    _until: float | None = None

    def run(self) -> Migrated | None:
        """Copy everything and put the new index in use; None when nothing is to be done.

        StoreUnavailable when the cluster went away, or writes could not wait any longer: running it
        again goes on. StoreError when the new index does not take a document.
        """
        source = find(self.client, self.cluster)
        if source is None or source.version >= self.form.version:
            return None
        self._rewrite = self.rewrite(source.version)
        with translated(self.cluster.place):
            target = self._target(source)
            return self._migrate(source, target)

    def _migrate(self, source: Found, target: str) -> Migrated:
        passes = 2
        while self._catch_up(source.name, target) > LITTLE and passes < MOST_PASSES:
            passes += 1
        self._follow_removals(source.name, target)
        self._finish_settings(target)
        self._catch_up(source.name, target)  # so that the last one is short
        last = partial(self._last_pass, source.name, target)
        switched = switch(self.client, self.cluster, target, self.now(), last)
        return Migrated(
            before=source.name,
            after=target,
            mentions=self._mentions,
            copied=self._copied,
            removed=self._removed,
            passes=passes + 1,
            blocked=switched.blocked,
        )

    def _last_pass(self, source: str, target: str) -> None:
        """Do the rest, while nothing is written, and see that both hold the same."""
        self._until = time.monotonic() + LONGEST_BLOCK.total_seconds()
        try:
            self._catch_up(source, target, save=False)
            self._follow_removals(source, target)
            self._mentions = self._compare(source, target)
        finally:
            self._until = None

    # --- the new index

    def _target(self, source: Found) -> str:
        """Return the index to fill: one that an earlier run began, else a new one."""
        pattern = f"{index_name(self.cluster, self.form.version)}*"
        there = self.client.indices.get_mapping(index=pattern)
        for name, index in there.items():
            meta = index["mappings"].get("_meta", {})
            if meta.get("copied_from") == source.name and meta.get("version") == self.form.version:
                self._reached = {shard: int(at) for shard, at in meta["copied_to"].items()}
                return str(name)
        name = index_name(self.cluster, self.form.version)
        if name in there:  # of an earlier migration that was taken back
            name = f"{name}-{self.now():%Y%m%d%H%M%S}"
        mapping = {**self.form.mapping, "_meta": self._meta(source.name)}
        make_index(self.client, name, form=Form(mapping, {**self.form.settings, **_FILLING}))
        return name

    def _meta(self, source: str) -> dict[str, Any]:
        meta = dict(self.form.mapping["_meta"])
        return {**meta, "copied_from": source, "copied_to": dict(self._reached)}

    def _save(self, source: str, target: str) -> None:
        self.client.indices.put_mapping(index=target, meta=self._meta(source))

    def _finish_settings(self, target: str) -> None:
        wanted = {name: self.form.settings.get(name) for name in _FILLING}
        self.client.indices.put_settings(index=target, settings=wanted)

    # --- copying

    def _catch_up(self, source: str, target: str, *, save: bool = True) -> int:
        """Copy what was written since the last pass; return how many documents that were."""
        applied_by_shard = self._applied(source)
        total = self._count(source)
        copied = 0
        for shard, applied in applied_by_shard.items():
            for number, hits in enumerate(self._written(source, shard), start=1):
                self.renew()
                self._check_block()
                self._write(target, hits)
                copied += len(hits)
                self._copied += len(hits)
                # a write below this number may not have been visible yet
                self._reached[shard] = min(int(hits[-1]["_seq_no"]), applied)
                if save and number % _SAVED_EVERY == 0:
                    self._save(source, target)
                self.told(len(hits), total)
            self._reached[shard] = max(self._reached.get(shard, -1), applied)
        if save:
            self._save(source, target)
        return copied

    def _applied(self, source: str) -> dict[str, int]:
        """Return up to which number each shard has all writes, and a refresh shows them.

        Numbers are given out before a write is done: one that is still under way may have a lower
        number than the last one that a search finds.
        """
        answer = self.client.indices.stats(index=source, level="shards", metric="docs")
        shards = whole(answer)["indices"][source]["shards"]
        applied = {
            shard: int(copy["seq_no"]["local_checkpoint"])
            for shard, copies in shards.items()
            for copy in copies
            if copy["routing"]["primary"]
        }
        whole(self.client.indices.refresh(index=source))
        return applied

    def _written(self, source: str, shard: str) -> Iterator[list[dict[str, Any]]]:
        """Yield what was written to a shard after the number reached, in that order, in batches."""
        opened = self.client.open_point_in_time(
            index=source, keep_alive=_KEPT_OPEN, preference=f"_shards:{shard}"
        )
        pit = opened["id"]
        after: list[Any] | None = None
        try:
            while True:
                answer = whole(
                    self.client.search(
                        pit={"id": pit, "keep_alive": _KEPT_OPEN},
                        query={"range": {"_seq_no": {"gt": self._reached.get(shard, -1)}}}
                        if after is None
                        else {"match_all": {}},
                        sort=[{"_seq_no": "asc"}],
                        search_after=after,
                        size=BATCH,
                        version=True,
                        seq_no_primary_term=True,
                        track_total_hits=False,
                        allow_partial_search_results=False,
                    )
                )
                pit = answer.get("pit_id", pit)
                hits = answer["hits"]["hits"]
                if not hits:
                    return
                after = hits[-1]["sort"]
                yield hits
        finally:
            self.client.options(ignore_status=404).close_point_in_time(id=pit)

    def _write(self, target: str, hits: Sequence[Mapping[str, Any]]) -> None:
        """Store documents under the version they have, in place of what an earlier pass stored.

        A version that is higher there is that of a document which was removed and came again, so
        that its versions began anew: the newer document replaces it whatever its number.
        """
        left = [_indexing(hit, self._rewrite(hit["_source"])) for hit in hits]
        for attempt in range(_TRIES):
            left = self._write_once(target, left)
            if not left:
                return
            self.sleep(min(0.1 * 2**attempt, 5.0))
        raise StoreUnavailable(
            Text("集群不接受新索引的写入", "the cluster does not take the copy now"),
            place=self.cluster.place,
            mend=Text("稍后再次运行，会从中断处继续", "run it again later: it goes on"),
        )

    def _write_once(self, target: str, items: Sequence["_Item"]) -> list["_Item"]:
        # what is bytes already goes as it is (elasticsearch-py: NdjsonSerializer)
        operations: list[Any] = [part for item in items for part in item.operation]
        answer = self.client.bulk(index=target, operations=operations)
        again = []
        for item, outcome in zip(items, answer["items"], strict=True):
            status = int(outcome["index"]["status"])
            if status < 300:
                continue
            kind = error_type(outcome["index"])
            if status == 409:
                again.append(item.whatever_its_version)
            elif is_passing(status, kind):
                again.append(item)
            else:
                raise _not_taken(self.cluster.place, item.mention_id, kind)
        return again

    # --- removals and the end

    def _follow_removals(self, source: str, target: str) -> None:
        """Remove from the new index what the old one does not have any more."""
        for index in (source, target):
            whole(self.client.indices.refresh(index=index))
        if self._count(source) == self._count(target):
            return
        there, here = self._days(target), self._days(source)
        for day in sorted(there):
            if there[day] != here.get(day, 0):
                self._remove_surplus(source, target, day)
        whole(self.client.indices.refresh(index=target))

    def _remove_surplus(self, source: str, target: str, day: int) -> None:
        known = set(self._ids(source, day))
        surplus = [mention_id for mention_id in self._ids(target, day) if mention_id not in known]
        for first in range(0, len(surplus), BATCH):
            self.renew()
            part = surplus[first : first + BATCH]
            # one whose time was corrected lies on another day
            found = self.client.mget(index=source, ids=part, source=False)["docs"]
            gone = [doc["_id"] for doc in found if not doc.get("found")]
            if gone:
                answer = self.client.bulk(
                    index=target, operations=[{"delete": {"_id": one}} for one in gone]
                )
                self._removed += sum(
                    int(item["delete"]["status"]) == 200 for item in answer["items"]
                )

    def _days(self, index: str) -> dict[int, int]:
        """Return how many documents each day (UTC, in milliseconds) has."""
        answer = whole(
            self.client.search(
                index=index,
                size=0,
                track_total_hits=False,
                allow_partial_search_results=False,
                aggregations={
                    "days": {
                        "date_histogram": {
                            "field": "@timestamp",
                            "fixed_interval": "1d",
                            "min_doc_count": 1,
                        }
                    }
                },
            )
        )
        buckets = answer["aggregations"]["days"]["buckets"]
        return {int(bucket["key"]): int(bucket["doc_count"]) for bucket in buckets}

    def _ids(self, index: str, day: int) -> Iterator[str]:
        """Yield the ids of a day."""
        pit = self.client.open_point_in_time(index=index, keep_alive=_KEPT_OPEN)["id"]
        after: list[Any] | None = None
        within = {"gte": day, "lt": day + 86_400_000, "format": "epoch_millis"}
        try:
            while True:
                answer = whole(
                    self.client.search(
                        pit={"id": pit, "keep_alive": _KEPT_OPEN},
                        query={"range": {"@timestamp": within}},
                        sort=[{"_shard_doc": "asc"}],
                        search_after=after,
                        size=_MOST_IDS,
                        source=False,
                        track_total_hits=False,
                        allow_partial_search_results=False,
                    )
                )
                pit = answer.get("pit_id", pit)
                hits = answer["hits"]["hits"]
                if not hits:
                    return
                yield from (str(hit["_id"]) for hit in hits)
                after = hits[-1]["sort"]
        finally:
            self.client.options(ignore_status=404).close_point_in_time(id=pit)

    def _compare(self, source: str, target: str) -> int:
        """Return how many mentions both have; StoreError when they differ: nothing is switched."""
        here, there = self._count(source), self._count(target)
        if here != there or self._days(source) != self._days(target):
            raise StoreError(
                Text(
                    f"两个索引的条数不同（{here} ≠ {there}），未切换",
                    f"the indices do not hold the same ({here} ≠ {there}): not switched",
                ),
                place=self.cluster.place,
                mend=Text("再次运行 koubei migrate", "run koubei migrate again"),
            )
        return here

    def _count(self, index: str) -> int:
        return int(whole(self.client.count(index=index))["count"])

    def _check_block(self) -> None:
        if self._until is not None and time.monotonic() > self._until:
            raise StoreUnavailable(
                Text("写入等待过久，已放开", "writes waited too long and go on now"),
                place=self.cluster.place,
                mend=Text("再次运行 koubei migrate", "run koubei migrate again"),
            )


@dataclass(frozen=True, slots=True)
class _Item:
    """A document to store, and under which version."""

    mention_id: str
    version: int | None
    document: Source | bytes

    @property
    def operation(self) -> Iterable[Mapping[str, Any] | bytes]:
        action: dict[str, Any] = {"_id": self.mention_id}
        if self.version is not None:
            action |= {"version": self.version, "version_type": "external_gte"}
        return ({"index": action}, self.document)

    @property
    def whatever_its_version(self) -> "_Item":
        return _Item(self.mention_id, None, self.document)


def _indexing(hit: Mapping[str, Any], document: Source | bytes) -> _Item:
    return _Item(str(hit["_id"]), int(hit["_version"]), document)


def _not_taken(place: str, mention_id: str, kind: str) -> StoreError:
    return StoreError(
        Text(
            f"新索引不接受 {mention_id}（{kind}）", f"the new index refuses {mention_id} ({kind})"
        ),
        place=place,
        mend=Text("旧索引仍在使用；请报告此问题", "the old index stays in use; report this"),
    )
