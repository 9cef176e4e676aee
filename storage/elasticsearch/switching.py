"""Putting another index in use, and what becomes of the one before.

The alias moves in one step, so that no query finds none or both. The index that was in use takes no
writes any more, says since when in its `_meta`, and stays for a while as the way back.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from elasticsearch import ApiError, Elasticsearch, NotFoundError

from storage.elasticsearch.client import translated
from storage.elasticsearch.cluster import Cluster
from storage.elasticsearch.schema import PROGRAM, find, policy

_PASSING: Final = frozenset({"replaced_at", "copied_from", "copied_to"})
KEPT: Final = timedelta(days=14)
"""How long an index that was replaced stays."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """An index that is not in use any more, since when, and its version."""

    name: str
    version: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Switched:
    """Which index was in use before, if any, and for how long nothing could be written."""

    before: str | None
    blocked: timedelta


def switch(
    client: Elasticsearch,
    cluster: Cluster,
    name: str,
    at: datetime,
    last: Callable[[], None] = lambda: None,
) -> Switched:
    """Put the index `name` in use and retire the one that was; return which that is.

    `last` is done when nothing is written any more and before the alias moves. If it fails, or the
    move does, everything is as it was.
    """
    before = find(client, cluster)
    with translated(cluster.place):
        client.indices.put_settings(index=name, settings={"blocks.write": None})
        if before is None:
            last()
            client.indices.update_aliases(actions=[_use(cluster, name)])
            _forget(client, name)
            return Switched(None, timedelta(0))
        # said before it is so: one that is in use counts as in use whatever it says
        retired = {**_meta_of(client, before.name), "replaced_at": at.isoformat()}
        client.indices.put_mapping(index=before.name, meta=retired)
        began = time.monotonic()
        with _no_writes(client, before.name):
            last()
            let_go = {"index": before.name, "alias": cluster.index, "must_exist": True}
            client.indices.update_aliases(actions=[_use(cluster, name), {"remove": let_go}])
        blocked = timedelta(seconds=time.monotonic() - began)
        _forget(client, name)
        _let_age(client, cluster, before.name, at)
    return Switched(before.name, blocked)


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


@contextmanager
def _no_writes(client: Elasticsearch, name: str) -> Iterator[None]:
    """Let nothing be written to an index from here on, unless the block fails."""
    try:
        client.indices.add_block(index=name, block="write")
        yield
    except BaseException:
        client.indices.put_settings(index=name, settings={"blocks.write": None})
        raise


def _use(cluster: Cluster, name: str) -> dict[str, Any]:
    return {"add": {"index": name, "alias": cluster.index, "is_write_index": True}}


def _forget(client: Elasticsearch, name: str) -> None:
    """Let an index that is in use say no more of where it came from."""
    meta = _meta_of(client, name)
    kept = {key: value for key, value in meta.items() if key not in _PASSING}
    if kept != meta:
        client.indices.put_mapping(index=name, meta=kept)


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
