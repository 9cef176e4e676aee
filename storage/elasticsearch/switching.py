"""Putting another index in use, and what becomes of the one before.

The alias moves in one step, so that no query finds none or both. The index that was in use takes no
writes any more, says since when in its `_meta`, and stays for a while as the way back.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from elasticsearch import ApiError, Elasticsearch, NotFoundError

from storage.elasticsearch.client import translated
from storage.elasticsearch.cluster import Cluster
from storage.elasticsearch.schema import PROGRAM, find, policy

KEPT: Final = timedelta(days=14)
"""How long an index that was replaced stays."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """An index that is not in use any more, since when, and its version."""

    name: str
    version: int
    since: datetime


def switch(client: Elasticsearch, cluster: Cluster, name: str, at: datetime) -> str | None:
    """Put the index `name` in use and retire the one that was; return the name of that.

    What is written from here on goes to `name`. The other one takes no writes before it is let go.
    """
    before = find(client, cluster)
    with translated(cluster.place):
        meta = _meta_of(client, name)
        for old in ("replaced_at", "copied_from", "copied_to"):
            meta.pop(old, None)
        actions: list[dict[str, Any]] = [
            {"add": {"index": name, "alias": cluster.index, "is_write_index": True}}
        ]
        if before is not None:
            client.indices.add_block(index=before.name, block="write")
            retired = {**_meta_of(client, before.name), "replaced_at": at.isoformat()}
            client.indices.put_mapping(index=before.name, meta=retired)
            actions.append(
                {"remove": {"index": before.name, "alias": cluster.index, "must_exist": True}}
            )
        client.indices.put_settings(index=name, settings={"blocks.write": None})
        client.indices.put_mapping(index=name, meta=meta)
        client.indices.update_aliases(actions=actions)
        if before is None:
            return None
        _let_age(client, cluster, before.name, at)
    return before.name


def replaced(client: Elasticsearch, cluster: Cluster) -> list[Replaced]:
    """Return the indices of ours that were replaced and are still there, newest first."""
    in_use = find(client, cluster)
    with translated(cluster.place):
        answer = client.indices.get_mapping(index=f"{cluster.index}-v*")
    found = []
    for name, index in answer.items():
        meta = index["mappings"].get("_meta", {})
        is_in_use = in_use is not None and in_use.name == name
        if meta.get("program") == PROGRAM and "replaced_at" in meta and not is_in_use:
            since = datetime.fromisoformat(meta["replaced_at"])
            found.append(Replaced(name, int(meta["version"]), since))
    return sorted(found, key=lambda one: one.since, reverse=True)


def remove_replaced(client: Elasticsearch, cluster: Cluster, before: datetime) -> list[str]:
    """Remove the indices that were replaced before a moment; return their names."""
    gone = [one.name for one in replaced(client, cluster) if one.since < before]
    with translated(cluster.place):
        for name in gone:
            client.options(ignore_status=404).indices.delete(index=name)
    return gone


def has_lifecycles(client: Elasticsearch, cluster: Cluster) -> bool:
    """Whether the cluster has lifecycle policies, and lets us see them."""
    with translated(cluster.place):
        try:
            client.ilm.get_status()
        except ApiError as error:
            if error.meta.status in {400, 403, 404, 405, 410}:
                return False
            raise
    return True


def put_policy(client: Elasticsearch, cluster: Cluster) -> bool:
    """Store the policy that removes replaced indices, where the cluster has policies; return
    whether it differed from the one that was there.
    """
    name = policy_name(cluster)
    wanted = policy(KEPT)
    with translated(cluster.place):
        try:
            known = client.ilm.get_lifecycle(name=name)
        except NotFoundError:
            known = None
        if known is not None and known[name]["policy"].get("_meta") == wanted["_meta"]:
            return False
        client.ilm.put_lifecycle(name=name, policy=wanted)
    return True


def policy_name(cluster: Cluster) -> str:
    """Return the name of the policy that removes replaced indices."""
    return f"{cluster.index}-replaced"


def _let_age(client: Elasticsearch, cluster: Cluster, name: str, at: datetime) -> None:
    """Let the cluster remove a replaced index by itself, where it can; housekeeping does too."""
    if has_lifecycles(client, cluster):
        put_policy(client, cluster)
        age = {
            "index.lifecycle.name": policy_name(cluster),
            # the age of a policy counts from here, not from when the index was made
            "index.lifecycle.origination_date": int(at.timestamp() * 1000),
        }
        client.indices.put_settings(index=name, settings=age)


def _meta_of(client: Elasticsearch, name: str) -> dict[str, Any]:
    answer = client.indices.get_mapping(index=name)
    return dict(answer[name]["mappings"].get("_meta", {}))
