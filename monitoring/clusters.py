"""Near-copy clusters (相似内容): a cluster's id is the id of its earliest member."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from analysis.near_copies import DISTANCE
from domain.mention import Mention
from domain.ports import MentionStore
from domain.queries import MentionFilter, Near

WINDOW = timedelta(days=14)
"""Two near copies further apart than this are told as two stories."""


def fold_near_copies(store: MentionStore, new: Sequence[Mention]) -> None:
    """Put newly stored mentions into clusters, moving known members when an earlier one turns up.

    A repost belongs to its original's cluster whatever its own words are. Calling it again changes
    nothing.
    """
    groups = _Groups()
    for mention in new:
        if mention.repost_of:
            groups.join(mention.id, mention.repost_of)
    for mention, hit in _near_pairs(store, [m for m in new if m.fingerprint is not None]):
        groups.join(mention.id, hit.mention_id)
        if hit.cluster_id:
            groups.join(mention.id, hit.cluster_id)
    for members in groups.sets():
        _settle(store, members)


def _near_pairs(store: MentionStore, mentions: Sequence[Mention]) -> Iterator[tuple[Mention, Near]]:
    if not mentions:
        return
    since = min(m.published_at for m in mentions) - WINDOW
    prints = sorted({m.fingerprint for m in mentions if m.fingerprint is not None})
    near = store.near(prints, since=since, distance=DISTANCE)
    for mention in mentions:
        for hit in near:
            if hit.mention_id != mention.id and _close(hit.fingerprint, mention.fingerprint):
                yield mention, hit


def _close(one: int, other: int | None) -> bool:
    return other is not None and (one ^ other).bit_count() <= DISTANCE


def _settle(store: MentionStore, member_ids: Iterable[str]) -> None:
    members = store.get(member_ids)
    if not members:
        return
    first = min(members.values(), key=lambda m: (m.published_at, m.id))
    # an original that was never stored itself still gives its id to the reposts of it
    cluster_id = first.repost_of if first.repost_of and first.repost_of not in members else first.id
    former = {m.cluster_id for m in members.values() if m.cluster_id} - {cluster_id}
    for old in sorted(former):
        everyone = store.scan(MentionFilter(cluster_id=old, public_voice_only=False))
        members |= {mention.id: mention for mention in everyone}
    for mention in members.values():
        if mention.cluster_id != cluster_id:
            store.amend(mention.id, lambda m: replace(m, cluster_id=cluster_id))


class _Groups:
    """Union-find over mention ids."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def join(self, one: str, other: str) -> None:
        self._parent[self._root(one)] = self._root(other)

    def sets(self) -> list[list[str]]:
        members: dict[str, list[str]] = {}
        for mention_id in list(self._parent):
            members.setdefault(self._root(mention_id), []).append(mention_id)
        return list(members.values())

    def _root(self, mention_id: str) -> str:
        self._parent.setdefault(mention_id, mention_id)
        while self._parent[mention_id] != mention_id:
            mention_id = self._parent[mention_id]
        return mention_id
