"""What is done to the index of a cluster: made, brought up to date, filled from a file, tended.

Imported where it is used: the client takes half a second, and may not be installed.
"""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from elasticsearch import Elasticsearch, NotFoundError

from domain.errors import KoubeiError, StoreError, Text
from domain.ports import Clock
from monitoring.moving import copy
from storage.elasticsearch.client import connect, translated
from storage.elasticsearch.cluster import Cluster
from storage.elasticsearch.documents import decode, encode
from storage.elasticsearch.expunging import expunge
from storage.elasticsearch.mentions import ElasticsearchMentionStore
from storage.elasticsearch.migration import STEPS, Migrated, Migration, Rewrite, Source
from storage.elasticsearch.schema import (
    SchemaChange,
    Step,
    apply,
    find,
    index_name,
    make_index,
    our_form,
    plan,
)
from storage.elasticsearch.switching import (
    KEPT,
    has_lifecycles,
    put_policy,
    remove_replaced,
    replaced,
    switch,
)
from storage.sqlite.mentions import SqliteMentionStore


@dataclass(frozen=True, slots=True)
class Prepared:
    """What `prepare` found and did: the differences, whether the cluster has lifecycle policies,
    and whether ours was stored.
    """

    changes: tuple[SchemaChange, ...]
    has_lifecycles: bool
    policy_stored: bool

    @property
    def needs_migration(self) -> bool:
        """Whether the index is of an older version, which `koubei migrate` replaces."""
        return any(change.step is Step.MIGRATE for change in self.changes)


def prepare(cluster: Cluster, *, dry_run: bool = False) -> Prepared:
    """Bring index, alias, settings and lifecycle policy to what our files say, as far as that needs
    no copy. SchemaMismatch when the index is of a newer program, or not ours.
    """
    with _client(cluster) as client:
        if dry_run:
            found = plan(client, cluster)
            return Prepared(tuple(found), has_lifecycles(client, cluster), policy_stored=False)
        changes = apply(client, cluster)
        lifecycles = has_lifecycles(client, cluster)
        stored = put_policy(client, cluster) if lifecycles else False
        return Prepared(tuple(changes), lifecycles, stored)


def mentions_in(cluster: Cluster) -> int | None:
    """Return how many mentions the index in use holds, None when there is no index."""
    with _client(cluster) as client:
        if find(client, cluster) is None:
            return None
        with translated(cluster.place):
            try:
                client.indices.refresh(index=cluster.index)
                return int(client.count(index=cluster.index)["count"])
            except NotFoundError:  # removed meanwhile
                return None


@contextmanager
def filled_index(
    cluster: Cluster, file: Path, at: datetime, stored: Callable[[int], None]
) -> Iterator[Callable[[], str | None]]:
    """Fill a new index with the mentions of an SQLite file; give what puts it in use and returns
    the name of the one that was. What is not put in use is gone when the block ends.
    """
    with _client(cluster) as client:
        name = _new_name(client, cluster, at)
        for_now = f"{name}-arriving"  # mentions are written through an alias only
        with translated(cluster.place):
            make_index(client, name, alias=for_now, form=our_form(cluster))
        in_use = False

        def put_in_use() -> str | None:
            nonlocal in_use
            before = switch(client, cluster, name, at).before
            in_use = True
            return before

        try:
            _fill(replace(cluster, index=for_now), file, stored)
            with translated(cluster.place):
                client.indices.delete_alias(index=name, name=for_now)
            yield put_in_use
        finally:
            if not in_use:
                with translated(cluster.place):
                    client.options(ignore_status=404).indices.delete(index=name)


def migrate_index(
    cluster: Cluster,
    clock: Clock,
    *,
    renew: Callable[[], None],
    told: Callable[[int, int], None],
) -> Migrated | None:
    """Copy the mentions into an index of this program's version and put it in use; None when the
    one in use is. See `storage.elasticsearch.migration`. Differences that need no copy are applied
    first.
    """
    prepare(cluster)
    with _client(cluster) as client:
        remove_replaced(client, cluster, clock.now() - KEPT)
        migration = Migration(
            client,
            cluster,
            our_form(cluster),
            rewriting,
            clock.now,
            renew=renew,
            told=told,
        )
        return migration.run()


@dataclass(frozen=True, slots=True)
class TakenBack:
    """Which index is in use again in place of which, since when the other one was, and how many
    mentions were seen since then: those are in the other one only.
    """

    before: str
    after: str
    since: datetime
    newer: int


def take_back(cluster: Cluster, now: datetime) -> TakenBack:
    """Put the index in use again that was replaced last; KoubeiError when there is none."""
    with _client(cluster) as client:
        former = replaced(client, cluster)
        if not former:
            raise KoubeiError(
                Text("没有可以改回的索引", "no replaced index is there any more"),
                place=cluster.place,
                mend=Text("从备份恢复：koubei restore", "restore a backup: koubei restore"),
            )
        since = former[0].since
        with translated(cluster.place):
            client.indices.refresh(index=cluster.index)
            seen = {"range": {"event.ingested": {"gte": since.isoformat()}}}
            newer = int(client.count(index=cluster.index, query=seen)["count"])
        before = switch(client, cluster, former[0].name, now).before
    return TakenBack(before or "", former[0].name, since, newer)


def rewriting(version: int) -> Rewrite:
    """Return what makes a document of this program's version of one that an index of an older
    version keeps.
    """

    def rewrite(source: Source) -> bytes:
        for step in STEPS[version - 1 :]:
            source = step(source)
        return encode(decode(dict(source))).body

    return rewrite


def tend(cluster: Cluster, now: datetime, *, removed: bool) -> dict[str, object]:
    """Do what housekeeping does to a cluster: make removals real, and remove indices that were
    replaced long ago. Returns figures.

    The writer of the roles that we print may not remove an index: it is then counted as left over,
    for the cluster's lifecycle policy or `koubei migrate`.
    """
    figures: dict[str, object] = {}
    with _client(cluster) as client:
        if removed:
            figures["unexpunged"] = expunge(client, cluster)
        old = [one for one in replaced(client, cluster) if one.since < now - KEPT]
        if old:
            try:
                figures["replaced_indices"] = len(remove_replaced(client, cluster, now - KEPT))
            except StoreError as error:
                if error.retry:
                    raise
                figures["replaced_indices_left"] = len(old)
    return figures


def _fill(cluster: Cluster, file: Path, stored: Callable[[int], None]) -> None:
    with (
        closing(SqliteMentionStore(file)) as source,
        closing(ElasticsearchMentionStore(cluster)) as target,
    ):
        refused = copy(source, target, stored)
        expected, found = source.status().mentions, target.status().mentions
    if refused or expected != found:
        raise StoreError(
            Text(
                f"集群只接受了 {expected} 条中的 {found} 条，未启用",
                f"the cluster took {found} of {expected} mentions; they were not put in use",
            ),
            place=cluster.place,
            mend=Text("koubei doctor", "koubei doctor"),
        )


def _new_name(client: Elasticsearch, cluster: Cluster, at: datetime) -> str:
    name = index_name(cluster)
    with translated(cluster.place):
        if not client.indices.exists(index=name):
            return name
    return f"{name}-{at:%Y%m%d%H%M%S}"


@contextmanager
def _client(cluster: Cluster) -> Iterator[Elasticsearch]:
    client = connect(cluster)
    try:
        yield client
    finally:
        client.close()
