"""Where something began and what carried it: the first post, key nodes, places, who reposted whom.

A repost tree is drawn only where the platform's pages name the parent; the rest is a list by time,
and says so. Persons are never ranked: nodes are posts of one event, their authors masked.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from domain.brand import Brand, Configuration
from domain.mention import Mention, Platform
from domain.ports import BeginWork, MentionStore
from domain.queries import Bucket, MentionFilter, Sort
from domain.sentiment import Label
from monitoring.periods import Period
from monitoring.sight import Sight

NODES = 12
_HOUR = timedelta(hours=1)
_READ = 500
"""Mentions read for tree and places: those that reached furthest."""


@dataclass(frozen=True, slots=True)
class Node:
    """One post that carries others: `children` answer or repost it, `reach` is their interactions
    together with its own; `depth` 0 is where a branch begins.
    """

    mention: Mention
    depth: int
    children: int
    reach: int


@dataclass(frozen=True, slots=True)
class Place:
    """A forum, a question, a topic where it was said."""

    platform: Platform
    name: str
    count: int
    negative: int
    reach: int


@dataclass(frozen=True, slots=True)
class Spread:
    """The page. `first` is the oldest that is known, `oldest` the posts after it by time.

    `tree` are the branches with at least one answer or repost, in order; `linked` how many of
    `looked_at` name a parent. `heat` counts by weekday (0 is Monday) and hour, None where nothing
    was looked at.
    """

    first: Mention | None
    oldest: tuple[Mention, ...]
    nodes: tuple[Mention, ...]
    tree: tuple[Node, ...]
    linked: int
    looked_at: int
    places: tuple[Place, ...]
    heat: Mapping[tuple[int, int], int | None]
    total: int


def read_spread(
    store: MentionStore,
    begin_reading: BeginWork,
    *,
    brand: Brand,
    configuration: Configuration,
    period: Period,
    negative_only: bool,
    now: datetime,
    zone: ZoneInfo,
) -> Spread:
    """Read how the talk of a brand spread over a span."""
    labels = frozenset({Label.NEGATIVE}) if negative_only else frozenset()
    wanted = MentionFilter(brand_id=brand.id, labels=labels, start=period.start, end=period.end)
    oldest = store.search(wanted, sort=Sort.OLDEST, limit=NODES).mentions
    furthest = store.search(wanted, sort=Sort.REACH, limit=_READ).mentions
    parents = store.get({m for each in furthest for m in [_parent(each)] if m})
    known = {each.id: each for each in (*parents.values(), *oldest, *furthest)}
    return Spread(
        first=oldest[0] if oldest else None,
        oldest=oldest[1:],
        nodes=furthest[:NODES],
        tree=tuple(_tree(known)),
        linked=sum(_parent(each) is not None for each in furthest),
        looked_at=len(furthest),
        places=_places(furthest, brand.id),
        heat=_heat(store, begin_reading, brand, configuration, wanted, period, now, zone),
        total=store.count(wanted),
    )


def _parent(mention: Mention) -> str | None:
    return mention.repost_of or mention.parent_id or mention.root_id


def _tree(known: Mapping[str, Mention]) -> list[Node]:
    """Return the branches, each with its answers below it, those that reached furthest first."""
    below: dict[str, list[Mention]] = {}
    for each in known.values():
        parent = _parent(each)
        if parent in known and parent != each.id:
            below.setdefault(str(parent), []).append(each)
    tops = [each for each in known.values() if each.id in below and _parent(each) not in known]
    nodes: list[Node] = []
    for top in sorted(tops, key=lambda each: -_reach(each, below, set())):
        nodes += _branch(top, below, 0, set())
    return nodes[: 3 * NODES]


def _branch(
    mention: Mention, below: Mapping[str, Sequence[Mention]], depth: int, seen: set[str]
) -> list[Node]:
    seen.add(mention.id)  # a page may name a circle
    children = [each for each in below.get(mention.id, ()) if each.id not in seen]
    nodes = [Node(mention, depth, len(children), _reach(mention, below, set()))]
    for child in sorted(children, key=lambda each: -each.interactions)[:NODES]:
        if depth < 4:
            nodes += _branch(child, below, depth + 1, seen)
    return nodes


def _reach(mention: Mention, below: Mapping[str, Sequence[Mention]], seen: set[str]) -> int:
    seen.add(mention.id)
    rest = [each for each in below.get(mention.id, ()) if each.id not in seen]
    return mention.interactions + sum(_reach(each, below, seen) for each in rest)


def _places(mentions: Iterable[Mention], brand_id: str) -> tuple[Place, ...]:
    counts: Counter[tuple[Platform, str]] = Counter()
    negatives: Counter[tuple[Platform, str]] = Counter()
    reach: Counter[tuple[Platform, str]] = Counter()
    for each in mentions:
        name = f"{each.forum}吧" if each.forum else each.topic or ""
        if not name:
            continue
        place = (each.platform, name)
        counts[place] += 1
        reach[place] += each.interactions
        sentiment = each.sentiment_towards(brand_id)
        negatives[place] += sentiment is not None and sentiment.label is Label.NEGATIVE
    return tuple(
        Place(platform, name, counts[platform, name], negatives[platform, name], far)
        for (platform, name), far in reach.most_common(NODES)
    )


def _heat(
    store: MentionStore,
    begin_reading: BeginWork,
    brand: Brand,
    configuration: Configuration,
    wanted: MentionFilter,
    period: Period,
    now: datetime,
    zone: ZoneInfo,
) -> Mapping[tuple[int, int], int | None]:
    watches = configuration.watches_of(brand.id)
    with begin_reading() as work:
        rows = work.coverage.rows([w.id for w in watches], start=period.start, end=period.end)
    sight = Sight(rows, configuration, watches, now)
    heat: dict[tuple[int, int], int | None] = {}
    counted: Counter[datetime] = Counter()
    for point in store.timeline(wanted, Bucket.HOUR):
        counted[point.start] += point.count
    at = period.start.replace(minute=0, second=0, microsecond=0)
    while at < period.end:
        local = at.astimezone(zone)
        cell = (local.weekday(), local.hour)
        if counted[at] or sight.is_known(at, min(at + _HOUR, now)):
            heat[cell] = (heat.get(cell) or 0) + counted[at]
        else:
            heat.setdefault(cell, None)
        at += _HOUR
    return heat
