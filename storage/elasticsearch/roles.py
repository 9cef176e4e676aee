"""The roles that a cluster's administrator makes for us, and what of them is missing.

Names of privileges: www.elastic.co/guide/en/elasticsearch/reference/8.19/security-privileges.html.
The definitions are what `PUT _security/role/NAME` takes, and as role descriptors an API key.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from elasticsearch import ApiError, Elasticsearch

from storage.elasticsearch.client import translated
from storage.elasticsearch.cluster import Cluster

READS: Final = ("read", "view_index_metadata", "monitor")
"""Search; see fields and version of the index; see its size."""
WRITES: Final = (*READS, "write", "maintenance")
"""And store, replace and remove mentions; make writes visible and removals real."""
MANAGES: Final = (*WRITES, "manage")
"""And make, migrate and remove our indices: `koubei init`, `koubei migrate`, `koubei restore`."""

WRITER: Final = "koubei_writer"
READER: Final = "koubei_reader"
ADMIN: Final = "koubei_admin"


def roles(index: str) -> dict[str, dict[str, Any]]:
    """Return the roles on our indices, and on no other, by name.

    `monitor` of the cluster lets `koubei doctor` see version and disk; nothing else needs it.
    """
    return {
        WRITER: _role(index, WRITES, cluster=["monitor"]),
        READER: _role(index, READS, cluster=[]),
        ADMIN: _role(index, MANAGES, cluster=["monitor", "manage_ilm"]),
    }


def missing(
    client: Elasticsearch, cluster: Cluster, wanted: Sequence[str]
) -> tuple[str, ...] | None:
    """Return the privileges on our index that who asks does not have; None where the server cannot
    tell (it has no security, or not this question).
    """
    names = [cluster.index, f"{cluster.index}-v*"]
    with translated(cluster.place):
        try:
            answer = client.security.has_privileges(
                index=[{"names": names, "privileges": list(wanted)}]
            )
        except ApiError as error:
            if error.meta.status in {400, 404, 405}:
                return None
            raise
    held: Mapping[str, Mapping[str, bool]] = answer["index"]
    return tuple(
        privilege
        for privilege in wanted
        if not all(held[name].get(privilege, False) for name in names)
    )


def _role(index: str, privileges: Sequence[str], *, cluster: list[str]) -> dict[str, Any]:
    names = [index, f"{index}-v*"]
    return {"cluster": cluster, "indices": [{"names": names, "privileges": list(privileges)}]}
