"""`python -m benchmarks.cluster_size URL [MENTIONS]`: what a mention costs a cluster.

The figures behind the sizing table of docs/elasticsearch.md: disk after a merge, by field, without
a replica; the heap of a node while it is written to; writing speed of one process. `URL` is that
of a cluster on this machine without login; an index is made on it and removed at the end.
"""

import statistics
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import islice
from typing import Any, Final
from uuid import uuid4

from elasticsearch import Elasticsearch

from benchmarks import corpus
from storage.elasticsearch import schema
from storage.elasticsearch.client import Cluster, connect
from storage.elasticsearch.mentions import ElasticsearchMentionStore

MENTIONS: Final = 100_000
CHUNK: Final = 5_000
_LOOK_SECONDS: Final = 0.5
_LEASE_SECONDS: Final = 70
"""A little over two of index.soft_deletes.retention_lease's rounds of thirty seconds."""
_SHOWN: Final = 12
_MEGABYTE: Final = 1e6


def main(url: str, mentions: int) -> None:
    """Fill an index, and print what it took."""
    cluster = Cluster(url, index=f"koubei-size-{uuid4().hex[:8]}", replicas=0)
    with ExitStack() as stack:
        client = connect(cluster).options(request_timeout=600)
        stack.callback(client.close)
        name = schema.index_name(cluster)
        stack.callback(partial(client.indices.delete, index=name, ignore_unavailable=True))
        schema.apply(client, cluster)
        store = ElasticsearchMentionStore(cluster)
        stack.callback(store.close)
        before = _heap(client)
        with _heap_watched(client) as heaps:
            began = time.perf_counter()
            source = corpus.mentions(mentions)
            while chunk := list(islice(source, CHUNK)):
                store.add(chunk)
            took = time.perf_counter() - began
        _say("written", f"{mentions:,} in {took:.0f} s, {mentions / took:,.0f}/s")
        told = (before, statistics.median(heaps), max(heaps))
        _say("heap", "before {:.0f} MB, median {:.0f} MB, most {:.0f} MB".format(*told))
        client.indices.flush(index=name)
        _say_size(client, name, mentions, "as written")
        # until a lease moves on, merges keep a second copy of every document for replicas
        time.sleep(_LEASE_SECONDS)
        client.indices.forcemerge(index=name, max_num_segments=1)
        client.indices.flush(index=name, force=True)
        _say_size(client, name, mentions, "merged")
        _say_fields(client, name, mentions)


def _say_size(client: Elasticsearch, name: str, mentions: int, when: str) -> None:
    stats = client.indices.stats(index=name, metric="store,segments")["_all"]["primaries"]
    size = stats["store"]["size_in_bytes"]
    segments = stats["segments"]["count"]
    _say(
        f"disk {when}",
        f"{size / _MEGABYTE:.1f} MB, {size / mentions:.0f} B a mention, {segments} segments",
    )


def _say_fields(client: Elasticsearch, name: str, mentions: int) -> None:
    usage = client.indices.disk_usage(index=name, run_expensive_tasks=True, flush=True)
    fields: Mapping[str, Mapping[str, Any]] = usage[name]["fields"]
    largest = sorted(fields.items(), key=lambda item: -item[1]["total_in_bytes"])
    for field, sizes in largest[:_SHOWN]:
        kinds = ", ".join(
            f"{kind.removesuffix('_in_bytes')} {_total(size) / mentions:.0f}"
            for kind, size in sizes.items()
            if kind not in {"total", "total_in_bytes"} and _total(size) / mentions >= 1
        )
        _say(f"  {field}", f"{sizes['total_in_bytes'] / mentions:.0f} B a mention ({kinds})")


def _total(size: object) -> int:
    if isinstance(size, Mapping):
        return int(size.get("total_in_bytes", 0))
    return size if isinstance(size, int) else 0


@contextmanager
def _heap_watched(client: Elasticsearch) -> Iterator[list[float]]:
    """Note the heap that is in use again and again while the block lasts."""
    seen = [_heap(client)]
    over = threading.Event()

    def watch() -> None:
        while not over.wait(_LOOK_SECONDS):
            seen.append(_heap(client))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def _heap(client: Elasticsearch) -> float:
    nodes = client.nodes.stats(metric="jvm")["nodes"].values()
    return float(sum(node["jvm"]["mem"]["heap_used_in_bytes"] for node in nodes)) / _MEGABYTE


def _say(what: str, told: str) -> None:
    print(f"{what:<24} {told}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else MENTIONS)
