"""A random sample of what was said, to be judged by people who do not see the model's label."""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Final

from domain.mention import Mention
from domain.ports import MentionStore
from domain.queries import Bucket, MentionFilter, Sort
from domain.sentiment import WHOLE_TEXT, Judge, Label

SIZE: Final = 20
SPAN: Final = timedelta(days=7)
_BUCKET: Final = Bucket.FIVE_MINUTES
_WIDTH: Final = timedelta(seconds=_BUCKET.seconds)
_MORE: Final = 3
"""Times the size that is drawn, because what a person judged already is left out."""


def draw(
    store: MentionStore, brand_id: str | None, *, until: datetime, chance: Random, size: int = SIZE
) -> tuple[Mention, ...]:
    """Return up to `size` mentions of the SPAN before `until`, each as likely as any other, that
    the model judged and no person did, in random order.
    """
    wanted = MentionFilter(
        brand_id=brand_id, start=until - SPAN, end=until, labels=frozenset(Label)
    )
    counts: Counter[datetime] = Counter()
    for point in store.timeline(wanted, _BUCKET):
        counts[point.start] += point.count
    starts = sorted(counts)
    ends = list(accumulate(counts[start] for start in starts))
    total = ends[-1] if ends else 0
    ranks = chance.sample(range(total), min(total, size * _MORE))
    places: dict[datetime, list[tuple[int, int]]] = defaultdict(list)
    for order, rank in enumerate(ranks):
        bin_ = bisect_right(ends, rank)
        within = rank - (ends[bin_ - 1] if bin_ else 0)
        places[starts[bin_]].append((order, within))
    drawn: dict[int, Mention] = {}
    for start, asked in places.items():
        found = _bin(store, wanted, start, 1 + max(within for _, within in asked))
        # fewer than were counted: some went meanwhile
        drawn |= {order: found[within] for order, within in asked if within < len(found)}
    in_order = (drawn[order] for order in sorted(drawn))
    return tuple(_of_the_model(in_order, brand_id))[:size]


def _bin(
    store: MentionStore, wanted: MentionFilter, start: datetime, limit: int
) -> tuple[Mention, ...]:
    within = MentionFilter(
        brand_id=wanted.brand_id,
        labels=wanted.labels,
        start=max(start, wanted.start or start),
        end=min(start + _WIDTH, wanted.end or start + _WIDTH),
    )
    return store.search(within, sort=Sort.OLDEST, limit=limit).mentions


def _of_the_model(mentions: Iterable[Mention], brand_id: str | None) -> Iterable[Mention]:
    for mention in mentions:
        said = mention.sentiment_towards(brand_id or WHOLE_TEXT)
        if said is not None and said.by is Judge.MODEL:
            yield mention
