"""How a cluster and our index on it are, as far as who asks may see."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from elasticsearch import ApiError, Elasticsearch

from storage.elasticsearch.client import translated
from storage.elasticsearch.cluster import Cluster
from storage.elasticsearch.schema import Found

_NOT_FOR_US = frozenset({400, 403, 404, 405})
_LOW = "cluster.routing.allocation.disk.watermark.low"


@dataclass(frozen=True, slots=True)
class Disk:
    """The fullest data node: its name and what share of its disk is in use (0 to 1)."""

    node: str
    used: float


@dataclass(frozen=True, slots=True)
class Health:
    """What can be seen. None: may not be seen by who asks, or the server does not tell."""

    version: str | None
    status: str | None
    """`green`, `yellow` (a copy of a shard is missing) or `red` (a shard is missing)."""
    disk: Disk | None
    low_watermark: str | None
    """From here on no shards are put on a node: `85%`, or how much must be free."""


def look(client: Elasticsearch, cluster: Cluster, found: Found | None) -> Health:
    """Ask the cluster how it is; raises where it cannot be reached or who asks may not log in."""
    version = _version(client, cluster)
    status = None
    if found is not None:
        health = _asked(
            client,
            cluster,
            "GET",
            f"/_cluster/health/{found.name}?timeout=5s&filter_path=status",
        )
        status = str(health["status"]) if health else None
    return Health(version, status, _disk(client, cluster), _watermark(client, cluster))


def is_out_of_disk(found: Found) -> bool:
    """Whether the cluster lets the index only be read because a disk is nearly full."""
    return found.settings.get("index.blocks.read_only_allow_delete") == "true"


def is_blocked(found: Found) -> bool:
    """Whether writes to the index are blocked: a migration is at its end, or was killed there."""
    return found.settings.get("index.blocks.write") == "true"


def _version(client: Elasticsearch, cluster: Cluster) -> str | None:
    """Return the version of the node that answers; the small servers of tests have no `GET /`."""
    nodes = _asked(client, cluster, "GET", "/_nodes/_local?filter_path=nodes.*.version")
    if nodes and nodes.get("nodes"):
        return str(next(iter(nodes["nodes"].values()))["version"])
    main = _asked(client, cluster, "GET", "/")
    return str(main["version"]["number"]) if main and "version" in main else None


def _disk(client: Elasticsearch, cluster: Cluster) -> Disk | None:
    path = "/_nodes/data:true/stats/fs?filter_path=nodes.*.name,nodes.*.fs.total"
    answer = _asked(client, cluster, "GET", path)
    if not answer or not answer.get("nodes"):
        return None
    disks = []
    for node in answer["nodes"].values():
        total = node["fs"]["total"]
        used = 1 - total["available_in_bytes"] / total["total_in_bytes"]
        disks.append(Disk(str(node["name"]), used))
    return max(disks, key=lambda disk: disk.used)


def _watermark(client: Elasticsearch, cluster: Cluster) -> str | None:
    path = "/_cluster/settings?include_defaults=true&flat_settings=true"
    answer = _asked(client, cluster, "GET", path)
    if not answer:
        return None
    for layer in ("transient", "persistent", "defaults"):
        if value := answer.get(layer, {}).get(_LOW):
            return str(value)
    return None


def _asked(
    client: Elasticsearch, cluster: Cluster, method: str, path: str
) -> Mapping[str, Any] | None:
    """Return an answer, None where this is not for who asks."""
    with translated(cluster.place):
        try:
            answer = client.perform_request(method, path, headers={"accept": "application/json"})
        except ApiError as error:
            if error.meta.status in _NOT_FOR_US:
                return None
            raise
    body: Mapping[str, Any] = answer.body
    return body
