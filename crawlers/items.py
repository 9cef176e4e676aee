"""Which posts are read again: those that are evidence of an open case, then the recent negative
ones of a watch, each in its turn. The choice is pure; what it chooses from is read here, too.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from crawlers.services import Services
from domain.brand import Watch
from domain.case import CaseQuery
from domain.case_table import ACTIVE
from domain.crawl import Sighting
from domain.mention import Flag, Kind, Mention, Platform, Revision
from domain.ports import MentionStore
from domain.queries import MentionFilter, Sort
from domain.sentiment import Label

RECENT = timedelta(days=7)
"""A post older than this hardly moves any more: on these platforms attention lasts for hours, a
case is watched for three days at most (`LevelClocks.watch_window`), and a week holds both."""
ITEMS_PER_RUN = 6
"""At ten pages each and the politest floor (8 s a page) a run then takes eight minutes at most, and
ends before its wall clock of ten does it."""
PAGES_PER_ITEM = 10
"""Some two hundred comments: what a case needs. A post with thousands would hold up all others."""
POOL = 60
"""So many posts take turns. The next one is less read than any of them, and makes room for them."""
FOR_CASES = 4
"""So many of a run's items are evidence of open cases before anything else has its turn: a case
with many posts must not hide what is new."""
CASE_EVERY = timedelta(hours=1)
"""Evidence is read again as often: whoever writes the answer has to know what is said under it
now, and the first answer to a red case is due after four hours."""
MOST_CASES = 200
"""So many of a brand's open cases are looked at, the newest ones."""
HALF_LIFE = timedelta(days=1)
"""A post of yesterday counts half as much as one of today with the same figures."""
READABLE = frozenset(
    {
        Kind.POST,
        Kind.ANSWER,
        Kind.ARTICLE,
        Kind.QUESTION,
        Kind.PIN,
        Kind.VIDEO,
        Kind.THREAD,
        Kind.FLOOR,
    }
)
"""What has a page of its own with something under it; a comment is read with its post."""


@dataclass(frozen=True, slots=True)
class Item:
    """A mention that may be read again. `read_at`: when its page was last read in depth;
    `finished_at`: when everything under it was, up to page `read_to`. None: never.
    """

    mention: Mention
    read_at: datetime | None = None
    finished_at: datetime | None = None
    read_to: int = 1


@dataclass(frozen=True, slots=True)
class Opened:
    """The addresses that a page leads to. `on` continue what the page began, in turn with what is
    ahead already, so that a post with many comments does not hide its reposts; `later` come when
    nothing else is left.
    """

    on: tuple[str, ...] = ()
    later: tuple[str, ...] = ()


def choose(
    items: Iterable[Item],
    *,
    now: datetime,
    urgent: Collection[str] = (),
    evidence: Collection[str] = (),
    most: int = ITEMS_PER_RUN,
    pool: int = POOL,
) -> tuple[Item, ...]:
    """Return the items that a run reads, at most `most`.

    `evidence` of open cases (by id) comes before all others, however old, when it was not read for
    CASE_EVERY; it takes FOR_CASES places, and those that nothing else wants. Then the `pool` that
    matters most takes turns: those of an open alert (`urgent`) first, then by interactions, which
    fade with age. Everywhere, what was never read goes first, then what was read the longest time
    ago. What the platform has deleted, and what is too old, is not asked for.
    """
    there = [item for item in items if has_page(item.mention)]
    due = [item for item in there if item.mention.id in evidence and _is_due(item, now)]
    due.sort(key=lambda item: (_last_read(item), -heat(item.mention, now)))
    first, waiting = due[:FOR_CASES], due[FOR_CASES:]
    alive = [i for i in there if i not in first and now - i.mention.published_at <= RECENT]
    alive.sort(key=lambda item: (item.mention.id not in urgent, -heat(item.mention, now)))
    turn = sorted(enumerate(alive[:pool]), key=lambda placed: (_last_read(placed[1]), placed[0]))
    in_order = [*first, *(item for _, item in turn), *waiting]
    chosen = {item.mention.id: item for item in in_order}
    return tuple(chosen.values())[:most]


def has_page(mention: Mention) -> bool:
    """Whether a mention is there and has a page of its own."""
    return mention.kind in READABLE and Flag.DELETED_UPSTREAM not in mention.flags


def _is_due(item: Item, now: datetime) -> bool:
    return item.read_at is None or now - item.read_at >= CASE_EVERY


def heat(mention: Mention, now: datetime) -> float:
    """Return how much a mention matters now: its interactions, halved with each HALF_LIFE."""
    age = max(now - mention.published_at, timedelta(0))
    return float((1 + mention.interactions) * 0.5 ** (age / HALF_LIFE))


def grew(item: Item, refreshed: int | None, name: str) -> bool:
    """Whether a count (`comments`, `reposts`) says that there may be something new under an item:
    it is unknown, or not the one that the last complete reading saw.
    """
    if item.finished_at is None or refreshed is None:
        return True
    return bool(getattr(_look_at(item.mention, item.finished_at), name) != refreshed)


def _look_at(mention: Mention, moment: datetime) -> Revision:
    """What was known of a mention at a moment."""
    looks = [look for look in mention.revisions if look.collected_at <= moment]
    return max(looks, key=lambda look: look.collected_at, default=mention.as_revision())


def _last_read(item: Item) -> float:
    return item.read_at.timestamp() if item.read_at else 0.0


def items_to_read(services: Services, watch: Watch, platform: Platform) -> tuple[Item, ...]:
    """Return what a run of this watch on a platform reads again; StoreError when it is away."""
    now = services.clock.now()
    urgent = _in_open_alerts(services, watch)
    mentions = _negative(services.store, watch, platform, now)
    known = services.store.get(urgent - mentions.keys())
    mentions |= {
        i: m for i, m in known.items() if m.platform is platform and watch.id in m.watch_ids
    }
    evidence = _in_open_cases(services, watch, platform)
    mentions |= evidence
    items = with_history(services, mentions.values())
    return choose(items, now=now, urgent=urgent, evidence=evidence)


def with_history(services: Services, mentions: Iterable[Mention]) -> list[Item]:
    """Return mentions with when they were read in depth, as their sightings tell."""
    with services.begin_work() as work:
        return [_item(mention, work.crawls.sightings(mention.id)) for mention in mentions]


def _item(mention: Mention, sightings: Sequence[Sighting]) -> Item:
    read = next((sighting for sighting in sightings if sighting.is_in_depth), None)
    finished = next((sighting for sighting in sightings if sighting.read_to is not None), None)
    return Item(
        mention,
        read_at=read.seen_at if read else None,
        finished_at=finished.seen_at if finished else None,
        read_to=finished.read_to or 1 if finished else 1,
    )


def _negative(
    store: MentionStore, watch: Watch, platform: Platform, now: datetime
) -> dict[str, Mention]:
    """The watch's recent negative mentions that are most spread and those that are newest, towards
    any of its brands.
    """
    found: dict[str, Mention] = {}
    for brand_id in watch.brand_ids:
        wanted = MentionFilter(
            brand_id=brand_id,
            watch_id=watch.id,
            platforms=frozenset({platform}),
            kinds=READABLE,
            labels=frozenset({Label.NEGATIVE}),
            start=now - RECENT,
        )
        for sort in (Sort.REACH, Sort.NEWEST):
            found |= {m.id: m for m in store.search(wanted, sort=sort, limit=POOL).mentions}
    return found


def _in_open_alerts(services: Services, watch: Watch) -> set[str]:
    with services.begin_work() as work:
        signals = [s for s in work.signals.unclosed() if s.brand_id in watch.brand_ids]
    return {post.mention_id for signal in signals for post in signal.top_posts}


def _in_open_cases(services: Services, watch: Watch, platform: Platform) -> dict[str, Mention]:
    """The watch's mentions on a platform that open cases of its brands are about; in the place of a
    comment, which has no page, what it hangs under.
    """
    with services.begin_work() as work:
        ids = {
            mention_id
            for brand_id in watch.brand_ids
            for case in work.cases.search(
                CaseQuery(states=ACTIVE, brand_id=brand_id), limit=MOST_CASES
            ).cases
            for mention_id in case.mention_ids
        }
    found = dict(services.store.get(ids))
    roots = {m.root_id for m in found.values() if m.kind not in READABLE and m.root_id}
    found |= services.store.get(roots - found.keys())
    return {
        i: m
        for i, m in found.items()
        if m.kind in READABLE and m.platform is platform and watch.id in m.watch_ids
    }
