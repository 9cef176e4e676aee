"""Removal that is real: what was removed is not in the files of the cluster either.

A removed document is only marked in its segment until a merge writes the segment anew, which for a
large one may be never. So after removals that must be final every segment with one is written anew.
The history that a shard keeps for copies of itself holds them too, until it was synced.
"""

from elasticsearch import Elasticsearch

from storage.elasticsearch.client import translated, whole
from storage.elasticsearch.cluster import Cluster


def expunge(client: Elasticsearch, cluster: Cluster) -> int:
    """Write every segment that holds removed documents anew; return how many removed documents
    are left in the files (0, or those that a copy of a shard still needs: the next call gets them).
    """
    with translated(cluster.place):
        whole(client.indices.refresh(index=cluster.index))
        # without a flush the log of the last writes, and the history behind it, stay
        whole(client.indices.flush(index=cluster.index, force=True, wait_if_ongoing=True))
        whole(
            client.options(request_timeout=3600).indices.forcemerge(
                index=cluster.index, only_expunge_deletes=True
            )
        )
        whole(client.indices.flush(index=cluster.index, force=True, wait_if_ongoing=True))
        stats = whole(client.indices.stats(index=cluster.index, metric="docs"))
    return int(stats["_all"]["total"]["docs"]["deleted"])
