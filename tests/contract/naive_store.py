"""A mention store that is obviously right: a dictionary and comprehensions. What the contract
compares every adapter with, and a fake for whoever needs a store in memory.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from analysis.matching import is_near
from domain.han import fold
from domain.mention import Mention
from domain.merge import merge, same_content
from domain.queries import (
    AddResult,
    Bucket,
    MentionFilter,
    MentionPage,
    Near,
    Sort,
    StoreStatus,
    Summary,
    TimelinePoint,
)
from domain.sentiment import WHOLE_TEXT

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class NaiveMentionStore:
    """Everything by scanning all mentions."""

    def __init__(self) -> None:
        self.mentions: dict[str, Mention] = {}

    def add(self, mentions: Iterable[Mention]) -> AddResult:
        before = dict(self.mentions)
        ids = []
        for mention in mentions:
            known = self.mentions.get(mention.id)
            self.mentions[mention.id] = merge(known, mention) if known else mention
            ids.append(mention.id)
        ids = list(dict.fromkeys(ids))
        same = [i for i in ids if i in before and same_content(before[i], self.mentions[i])]
        return AddResult(
            new=tuple(i for i in ids if i not in before),
            changed=tuple(i for i in ids if i in before and i not in same),
            unchanged=tuple(same),
        )

    def amend(self, mention_id: str, change: Callable[[Mention], Mention]) -> Mention | None:
        if mention_id not in self.mentions:
            return None
        self.mentions[mention_id] = change(self.mentions[mention_id])
        return self.mentions[mention_id]

    def amend_many(
        self, mention_ids: Iterable[str], change: Callable[[Mention], Mention]
    ) -> dict[str, Mention]:
        amended = {i: self.amend(i, change) for i in mention_ids}
        return {i: mention for i, mention in amended.items() if mention is not None}

    def get(self, mention_ids: Iterable[str]) -> dict[str, Mention]:
        return {i: self.mentions[i] for i in mention_ids if i in self.mentions}

    def remove(self, mention_ids: Iterable[str]) -> int:
        return sum(self.mentions.pop(i, None) is not None for i in mention_ids)

    def search(
        self,
        wanted: MentionFilter,
        *,
        sort: Sort = Sort.NEWEST,
        limit: int = 50,
        after: str | None = None,
    ) -> MentionPage:
        ordered = sorted(self._hits(wanted), key=lambda m: (_value(m, wanted, sort), m.id))
        first = int(after) if after else 0
        more = len(ordered) > first + limit
        return MentionPage(
            tuple(ordered[first : first + limit]), str(first + limit) if more else None
        )

    def count(self, wanted: MentionFilter) -> int:
        return len(self._hits(wanted))

    def timeline(
        self, wanted: MentionFilter, bucket: Bucket, *, day_offset: timedelta = timedelta(0)
    ) -> list[TimelinePoint]:
        offset = day_offset if bucket is Bucket.DAY else timedelta(0)
        width = timedelta(seconds=bucket.seconds)
        counts: Counter[tuple] = Counter()
        for mention in self._hits(wanted):
            label = mention.label_towards(wanted.brand_id or WHOLE_TEXT)
            if label:
                bins = (mention.published_at - EPOCH + offset) // width
                counts[EPOCH + bins * width - offset, mention.platform, label] += 1
        return [TimelinePoint(*key, count) for key, count in sorted(counts.items())]

    def summary(self, wanted: MentionFilter) -> Summary:
        hits = self._hits(wanted)
        judged = [(m, m.label_towards(wanted.brand_id or WHOLE_TEXT)) for m in hits]
        clusters = Counter(m.cluster_id for m in hits if m.cluster_id is not None)
        sizes = [size for size in clusters.values() if size > 1]
        return Summary(
            count=len(hits),
            by_label=dict(Counter(label for _, label in judged if label)),
            by_platform=dict(Counter(m.platform for m in hits)),
            by_platform_label=dict(Counter((m.platform, label) for m, label in judged if label)),
            distinct_authors=len({m.author_key for m in hits if m.author_key is not None}),
            unknown_authors=sum(m.author_key is None for m in hits),
            clusters=len(sizes),
            in_clusters=sum(sizes),
            interactions=sum(m.interactions for m in hits),
        )

    def top_terms(self, wanted: MentionFilter, limit: int = 30) -> list[tuple[str, int]]:
        counts = Counter(term for m in self._hits(wanted) for term in set(m.terms))
        return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:limit]

    def near(self, fingerprints: Sequence[int], *, since: datetime, distance: int) -> list[Near]:
        found = [
            Near(asked, m.id, m.cluster_id, m.published_at, (asked ^ m.fingerprint).bit_count())
            for asked in set(fingerprints)
            for m in self.mentions.values()
            if m.fingerprint is not None
            and m.published_at >= since
            and (asked ^ m.fingerprint).bit_count() <= distance
            and any((asked ^ m.fingerprint) >> shift & 0xFFFF == 0 for shift in (0, 16, 32, 48))
        ]
        return sorted(found, key=lambda n: (n.published_at, n.mention_id, n.fingerprint))

    def scan(self, wanted: MentionFilter) -> Iterator[Mention]:
        yield from sorted(self._hits(wanted), key=lambda m: (m.published_at, m.id))

    def status(self) -> StoreStatus:
        times = [m.published_at for m in self.mentions.values()]
        return StoreStatus("naive", len(times), max(times, default=None), None, 1)

    def close(self) -> None:
        pass

    def _hits(self, wanted: MentionFilter) -> list[Mention]:
        return [m for m in self.mentions.values() if matches(wanted, m)]


def matches(wanted: MentionFilter, mention: Mention) -> bool:
    """What MentionFilter says, field by field."""
    text = fold(f"{mention.title}\n{mention.text}")
    label = mention.label_towards(wanted.brand_id or WHOLE_TEXT)
    return all(
        (
            wanted.brand_id is None or wanted.brand_id in mention.brand_ids,
            wanted.watch_id is None or wanted.watch_id in mention.watch_ids,
            not wanted.platforms or mention.platform in wanted.platforms,
            not wanted.kinds or mention.kind in wanted.kinds,
            not wanted.labels or label in wanted.labels,
            wanted.start is None or wanted.start <= mention.published_at,
            wanted.end is None or mention.published_at < wanted.end,
            wanted.collected_start is None or wanted.collected_start <= mention.collected_at,
            wanted.collected_end is None or mention.collected_at < wanted.collected_end,
            all(fold(word) in text for word in wanted.words),
            not any(fold(word) in text for word in wanted.without if fold(word)),
            all(is_near(proximity, text) for proximity in wanted.near),
            wanted.author_key is None or wanted.author_key == mention.author_key,
            wanted.cluster_id is None or wanted.cluster_id == mention.cluster_id,
            wanted.source is None or wanted.source == mention.source,
            not wanted.public_voice_only or mention.is_public_voice,
            wanted.unsure_below is None or _is_unsure(wanted, mention),
            not wanted.uncounted_as or mention.uncounted_as in wanted.uncounted_as,
        )
    )


def _is_unsure(wanted: MentionFilter, mention: Mention) -> bool:
    judgement = mention.sentiment_towards(wanted.brand_id or WHOLE_TEXT)
    sure = judgement.sure if judgement else None
    return sure is not None and wanted.unsure_below is not None and sure < wanted.unsure_below


def _value(mention: Mention, wanted: MentionFilter, sort: Sort) -> float | timedelta:
    match sort:
        case Sort.NEWEST:
            return EPOCH - mention.published_at
        case Sort.OLDEST:
            return mention.published_at - EPOCH
        case Sort.REACH:
            return -mention.interactions
    judgement = mention.sentiment_towards(wanted.brand_id or WHOLE_TEXT)
    return judgement.polarity if judgement else 2.0


def relabelled(mention: Mention, target: str, sentiment: object) -> Mention:
    """Return the mention with another judgement about a target."""
    return replace(mention, sentiment={**mention.sentiment, target: sentiment})
