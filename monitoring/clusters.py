"""Near-copy clusters (相似内容): a cluster's id is the id of its earliest member.

The store names the candidates by their fingerprints; their texts decide, so that nothing is folded
which only looked alike.
"""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import timedelta
from operator import attrgetter

from analysis.near_copies import ANY_DISTANCE, are_copies, letters
from domain.mention import Mention
from domain.ports import MentionStore
from domain.queries import MentionFilter, Near

WINDOW = timedelta(days=14)
"""Two near copies further apart than this are told as two stories."""

MOST_READ = 8
"""Clusters whose text is compared with one mention's, those with the closest fingerprint first. A
copy that shares a single band with its original can be missed among more."""


def fold_near_copies(store: MentionStore, new: Sequence[Mention]) -> None:
    """Put newly stored mentions into clusters, moving known members when an earlier one turns up.

    A repost belongs to its original's cluster whatever its own words are. Calling it again changes
    nothing.
    """
    groups = _Groups()
    origins = set()
    for mention in new:
        if mention.repost_of:
            groups.join(mention.id, mention.repost_of)
            origins.add(mention.repost_of)
    for mention, hit in copies_of(store, [m for m in new if m.fingerprint is not None]):
        groups.join(mention.id, hit.mention_id)
        if hit.cluster_id:
            groups.join(mention.id, hit.cluster_id)
            origins.add(hit.cluster_id)
    moves = _moves(store, groups.sets(), origins)
    if moves:
        store.amend_many(moves, lambda m: _moved(m, moves[m.id]))


def copies_of(store: MentionStore, mentions: Sequence[Mention]) -> Iterator[tuple[Mention, Near]]:
    """Yield each mention with one stored member of every cluster that it is a copy of."""
    if not mentions:
        return
    candidates = _candidates(store, mentions)
    wanted = {hit.mention_id for hits in candidates.values() for hit in hits}
    said = {mention.id: _said(mention) for mention in mentions}
    said |= {each.id: _said(each) for each in store.get(wanted - said.keys()).values()}
    for mention in mentions:
        for hit in candidates[mention.id]:
            if are_copies(said[mention.id], said.get(hit.mention_id, "")):
                yield mention, hit


def _candidates(store: MentionStore, mentions: Sequence[Mention]) -> Mapping[str, Sequence[Near]]:
    """Return what may be copied, by mention: the closest of each cluster, the closest first."""
    since = min(m.published_at for m in mentions) - WINDOW
    prints = sorted({m.fingerprint for m in mentions if m.fingerprint is not None})
    by_print: dict[int | None, list[Near]] = {}
    for hit in store.near(prints, since=since, distance=ANY_DISTANCE):
        by_print.setdefault(hit.fingerprint, []).append(hit)
    found: dict[str, Sequence[Near]] = {}
    for hits in by_print.values():
        hits.sort(key=attrgetter("distance"))  # they come in order of publication, then id
    for mention in mentions:
        closest: dict[str, Near] = {}
        for hit in by_print.get(mention.fingerprint, ()):
            together = hit.cluster_id is not None and hit.cluster_id == mention.cluster_id
            if hit.mention_id != mention.id and not together:
                closest.setdefault(hit.cluster_id or hit.mention_id, hit)
            if len(closest) == MOST_READ:
                break
        found[mention.id] = tuple(closest.values())
    return found


def _said(mention: Mention) -> str:
    return letters(f"{mention.title}\n{mention.text}")


def _moves(
    store: MentionStore, groups: Sequence[Sequence[str]], origins: AbstractSet[str]
) -> dict[str, str]:
    """Return the cluster of every mention that has to move, as if one group after the other did."""
    stored = store.get({member for group in groups for member in group})
    clusters = {mention.id: mention.cluster_id for mention in stored.values()}
    moves: dict[str, str] = {}
    for group in groups:
        members = [stored[member] for member in group if member in stored]
        # an original that was never stored itself still gives its id to the reposts of it
        unseen = sorted((origins & set(group)) - stored.keys())
        if not members or len(members) + len(unseen) < 2:
            continue
        first = min(members, key=lambda m: (m.published_at, m.id))
        cluster_id = unseen[0] if unseen else first.id
        going = [member.id for member in members]
        former = {old for member in going if (old := clusters[member])} - {cluster_id}
        for old in sorted(former):
            everyone = store.scan(MentionFilter(cluster_id=old, public_voice_only=False))
            going += [m.id for m in everyone if clusters.setdefault(m.id, old) == old]
            going += [member for member, new in moves.items() if new == old]
        for member in going:
            if clusters[member] != cluster_id:
                clusters[member] = moves[member] = cluster_id
    return moves


def _moved(mention: Mention, cluster_id: str) -> Mention:
    return mention if mention.cluster_id == cluster_id else replace(mention, cluster_id=cluster_id)


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
