"""The feed (信息流): mentions by any filter, near copies folded, page by page."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from domain.mention import Flag, Kind, Mention, Platform
from domain.ports import MentionStore
from domain.queries import MentionFilter, Sort
from domain.sentiment import Label
from monitoring.uncounted import read_uncounted

PAGE_SIZE = 20
LAST_PAGE = 100
"""Nobody reads further: narrower filters, or an export."""

WAITING = 3
"""Mentions that are put before people at once: a glance, and the list still begins in sight."""

_UNDER_POSTS = frozenset({Kind.COMMENT, Kind.REPLY})


@dataclass(frozen=True, slots=True)
class FeedQuery:
    """What a reader asks for; every part that is set narrows. `hidden` shows spam and own accounts
    too, `cluster_id` the copies of one text, `unsure_below` what the model was less sure of (in
    percent) and no person judged, `uncounted` nothing but what counts nowhere for these reasons.
    """

    brand_id: str = ""
    watch_id: str = ""
    platforms: tuple[Platform, ...] = ()
    labels: tuple[Label, ...] = ()
    kinds: tuple[Kind, ...] = ()
    start: datetime | None = None
    end: datetime | None = None
    collected_start: datetime | None = None
    collected_end: datetime | None = None
    words: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    cluster_id: str = ""
    hidden: bool = False
    unsure_below: int | None = None
    uncounted: tuple[Flag, ...] = ()
    sort: Sort = Sort.NEWEST

    @property
    def filter(self) -> MentionFilter:
        """The same as a question to the store."""
        return MentionFilter(
            brand_id=self.brand_id or None,
            watch_id=self.watch_id or None,
            platforms=frozenset(self.platforms),
            labels=frozenset(self.labels),
            kinds=frozenset(self.kinds),
            start=self.start,
            end=self.end,
            collected_start=self.collected_start,
            collected_end=self.collected_end,
            words=self.words,
            without=self.without,
            cluster_id=self.cluster_id or None,
            public_voice_only=not self.shows_uncounted,
            unsure_below=self.unsure_below,
            uncounted_as=frozenset(self.uncounted),
        )

    @property
    def shows_uncounted(self) -> bool:
        """Whether what counts nowhere is in the list."""
        # who asks for comments means them: most count nowhere, and none would be shown
        asks_for_comments = bool(self.kinds) and set(self.kinds) <= _UNDER_POSTS
        return self.hidden or bool(self.uncounted) or asks_for_comments


@dataclass(frozen=True, slots=True)
class Entry:
    """One card: a mention and how many others of the same filter say nearly the same."""

    mention: Mention
    copies: int = 0


@dataclass(frozen=True, slots=True)
class FeedPage:
    """One page of cards. `after` continues, None at the end."""

    entries: tuple[Entry, ...]
    after: str | None


@dataclass(frozen=True, slots=True)
class FeedTotals:
    """How many there are in all, how many of them negative, when the newest was said, and how many
    wait for a person to judge (待复核).
    """

    count: int
    negative: int
    newest_at: datetime | None
    unsure: int = 0


@dataclass(frozen=True, slots=True)
class NotListed:
    """What a list does not show one by one: `folded` near copies stand behind the first of them,
    `uncounted` are stored and in no chart, by the reason.
    """

    folded: int
    uncounted: Mapping[Flag, int]


def read_not_listed(store: MentionStore, query: FeedQuery) -> NotListed:
    """Return what a filter leaves unsaid, over all its pages."""
    wanted = query.filter
    copies = store.summary(wanted) if not query.cluster_id else None
    return NotListed(
        folded=copies.in_clusters - copies.clusters if copies else 0,
        uncounted={} if query.shows_uncounted else read_uncounted(store, wanted),
    )


def read_page(store: MentionStore, query: FeedQuery, after: str | None = None) -> FeedPage:
    """Return the page that begins at `after`, with the copies of a text folded into its first."""
    found = store.search(query.filter, sort=query.sort, limit=PAGE_SIZE, after=after)
    seen: set[str] = set()
    entries = []
    for mention in found.mentions:
        cluster = mention.cluster_id
        if cluster is None or query.cluster_id:
            entries.append(Entry(mention))
        elif cluster not in seen:
            seen.add(cluster)
            copies = store.count(replace(query.filter, cluster_id=cluster)) - 1
            entries.append(Entry(mention, copies))
    return FeedPage(tuple(entries), found.after)


def read_waiting(store: MentionStore, query: FeedQuery, review_below: int) -> tuple[Mention, ...]:
    """Return the newest mentions of a filter that the model is not sure of and no person judged."""
    wanted = replace(query.filter, unsure_below=review_below)
    return store.search(wanted, sort=Sort.NEWEST, limit=WAITING).mentions


def read_totals(store: MentionStore, query: FeedQuery, review_below: int = 0) -> FeedTotals:
    """Return the totals of a filter, over all its pages and copies; `review_below` is the percent
    below which the model is not sure.
    """
    wanted = query.filter
    only_negative = Label.NEGATIVE in query.labels or not query.labels
    newest = store.search(wanted, sort=Sort.NEWEST, limit=1).mentions
    return FeedTotals(
        count=store.count(wanted),
        negative=store.count(replace(wanted, labels=frozenset({Label.NEGATIVE})))
        if only_negative
        else 0,
        newest_at=newest[0].published_at if newest else None,
        unsure=store.count(replace(wanted, unsure_below=review_below)) if review_below else 0,
    )
