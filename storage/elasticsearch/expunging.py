"""Removal that is real: what was removed is not in the files of the cluster either.

A removed document is only marked in its segment until a merge writes the segment anew, which for a
large one may be never. So after removals that must be final every segment that holds one is written
anew (`merge.policy.expunge_deletes_allowed` of settings.json: by default a tenth may stay). A shard
also keeps the history of its writes for copies of itself; how far those are it asks every 30 s, so
that this takes up to so long (seen on 8.19.9 and 9.2.4, 2026-11-21).
"""

import time
from collections.abc import Callable
from typing import Final

from elasticsearch import Elasticsearch

from storage.elasticsearch.client import translated, whole
from storage.elasticsearch.cluster import Cluster

_EVERY_SECONDS: Final = 5.0
_TRIES: Final = 14
_LONGEST_MERGE_SECONDS: Final = 3600


def expunge(
    client: Elasticsearch, cluster: Cluster, sleep: Callable[[float], None] = time.sleep
) -> int:
    """Return when no removed document is in the files any more, after a minute at most; return how
    many are left (a copy of a shard that is away still needs them: the next call gets them).
    """
    for attempt in range(_TRIES):
        if attempt:
            sleep(_EVERY_SECONDS)
        with translated(cluster.place):
            left = _expunge_once(client, cluster.index)
        if not left:
            return 0
    return left


def _expunge_once(client: Elasticsearch, index: str) -> int:
    whole(client.indices.refresh(index=index))
    # without a flush the log of the last writes stays, and the history behind it
    whole(client.indices.flush(index=index, force=True, wait_if_ongoing=True))
    merging = client.options(request_timeout=_LONGEST_MERGE_SECONDS)
    whole(merging.indices.forcemerge(index=index, only_expunge_deletes=True))
    whole(client.indices.flush(index=index, force=True, wait_if_ongoing=True))
    stats = whole(client.indices.stats(index=index, metric="docs"))
    return int(stats["_all"]["total"]["docs"]["deleted"])
