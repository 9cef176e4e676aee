"""Near copies: candidates by their bands, asked of the index; the distance is told here."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from domain.queries import Near
from storage.elasticsearch.bands import may_be_near
from storage.elasticsearch.index import Body, Index
from storage.elasticsearch.paging import LARGEST
from storage.near_copies import Probe
from storage.storable import micros, moment

_ASKED_AT_ONCE = 10_000
"""Fingerprints in one search: four terms each, and a search takes 65,536."""
_FINGERPRINT, _CLUSTER = "koubei.fingerprint", "koubei.cluster_id"


def near(index: Index, fingerprints: Sequence[int], since: datetime, distance: int) -> list[Near]:
    """Return stored mentions near the asked fingerprints, in order of publication, then id;
    ValueError when `distance` is not 0 to 64.
    """
    asked = list(dict.fromkeys(fingerprints))
    found = []
    Probe((), distance)  # refuses a distance even where nothing is asked
    for first in range(0, len(asked), _ASKED_AT_ONCE):
        part = asked[first : first + _ASKED_AT_ONCE]
        probe = Probe(part, distance)
        found += [near for hit in _candidates(index, part, since) for near in _near(hit, probe)]
    return sorted(found, key=lambda one: (one.published_at, one.mention_id, one.fingerprint))


def _candidates(index: Index, asked: Sequence[int], since: datetime) -> Iterator[Any]:
    published = {"range": {"koubei.published_us": {"gte": micros(since)}}}
    body: Body = {
        "query": {"bool": {"filter": [may_be_near(asked), published]}},
        "sort": [{"koubei.published_us": "asc"}, {"event.id": "asc"}],
        "size": LARGEST,
        "track_total_hits": False,
        "_source": False,
        "docvalue_fields": [_FINGERPRINT, _CLUSTER],
    }
    while True:
        hits = index.search(body).get("hits", {}).get("hits", [])
        yield from hits
        if len(hits) < LARGEST:
            return
        body = {**body, "search_after": hits[-1]["sort"]}


def _near(hit: Any, probe: Probe) -> Iterator[Near]:
    fields = hit["fields"]
    (stored,) = fields[_FINGERPRINT]
    (cluster,) = fields.get(_CLUSTER, [None])
    published, mention_id = hit["sort"]
    for asked, bits in probe.hits(int(stored, 16)):
        yield Near(asked, mention_id, cluster, moment(published), bits)
