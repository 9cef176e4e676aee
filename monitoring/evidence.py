"""What stands behind a spike: who wrote, what was said, what was seen. Asked for only when a mail
is due: six store queries a brand.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from analysis.grading import severe_posts
from analysis.hot_words import hottest
from domain.brand import Brand
from domain.han import fold
from domain.mention import Mention, Platform
from domain.ports import MentionStore
from domain.queries import MentionFilter, Sort, Summary
from domain.sentiment import Label
from domain.signal import Figures, TopPost
from monitoring.periods import Period
from monitoring.series import HOUR
from presentation.masking import mask_speakers

TOP_POSTS = 3
EXCERPT = 80
TERMS = 8
CANDIDATES = 100
"""Words that are looked at: what is rarer now cannot be among the hottest."""
ALL_TERMS = 5_000
SAMPLE = 50
ONE_TEXT_SHARE = 0.5
"""From this part of near-copies on, a spike is a wave of one text and is labelled so."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The posts behind a spike: totals of the hour that alerts, and the posts since its onset."""

    hour: Summary
    top_posts: tuple[TopPost, ...]
    first_post: TopPost | None
    terms: tuple[tuple[str, int], ...]
    severe: int

    @property
    def authors(self) -> int:
        """How many people wrote, where an unknown author counts as one of their own."""
        return self.hour.distinct_authors + self.hour.unknown_authors

    @property
    def near_copy_share(self) -> float:
        """Part of the hour's posts that repeat one that is there already."""
        repeats = self.hour.in_clusters - self.hour.clusters
        return repeats / self.hour.count if self.hour.count else 0.0

    @property
    def one_text_wave(self) -> bool:
        """Whether most of it is one text, spread."""
        return self.near_copy_share >= ONE_TEXT_SHARE

    @property
    def platform_counts(self) -> Mapping[Platform, int]:
        """Negatives of the hour by platform."""
        return dict(self.hour.by_platform)

    def complete(self, figures: Figures) -> Figures:
        """Return the figures with what only the posts can tell."""
        return replace(
            figures,
            distinct_authors=self.hour.distinct_authors,
            near_copy_share=self.near_copy_share,
        )


def gather(store: MentionStore, brand: Brand, onset: datetime, end: datetime) -> Evidence:
    """Read what stands behind a brand's spike: the hour before `end`, the posts from `onset`."""
    brand_id = brand.id
    negatives = MentionFilter(brand_id=brand_id, labels=frozenset({Label.NEGATIVE}), end=end)
    hour = store.summary(replace(negatives, start=end - HOUR))
    start = min(onset, end - HOUR)
    incident = replace(negatives, start=start)
    loudest = store.search(incident, sort=Sort.REACH, limit=SAMPLE).mentions
    earliest = store.search(incident, sort=Sort.OLDEST, limit=1).mentions
    return Evidence(
        hour=hour,
        top_posts=top_posts(loudest, brand_id),
        first_post=as_post(earliest[0], brand_id) if earliest else None,
        terms=telling_terms(_hottest(store, incident, Period(start, end)), brand),
        severe=severe_posts(f"{m.title}\n{m.text}" for m in loudest),
    )


def _hottest(store: MentionStore, incident: MentionFilter, span: Period) -> list[tuple[str, int]]:
    """Return an incident's words, the hottest first: against the negatives a week earlier. Where
    nothing was read then, that is their frequency.
    """
    earlier = span.week_before
    usual = replace(incident, start=earlier.start, end=earlier.end)
    before = dict(store.top_terms(usual, ALL_TERMS))
    return hottest(store.top_terms(incident, CANDIDATES), before)


def telling_terms(terms: Iterable[tuple[str, int]], brand: Brand) -> tuple[tuple[str, int], ...]:
    """Return the first terms without those that only name the brand."""
    return tuple([(t, n) for t, n in terms if not naming(brand, t)][:TERMS])


def naming(brand: Brand, term: str) -> bool:
    """Return whether a term is the brand's name or a part of it."""
    return any(fold(term) in fold(word) for word in brand.words)


def top_posts(by_reach: tuple[Mention, ...], brand_id: str) -> tuple[TopPost, ...]:
    """Return the posts with the highest reach, one a near-copy cluster, with the copies seen."""
    first: dict[str, Mention] = {}
    copies: dict[str, int] = {}
    for mention in by_reach:
        cluster = mention.cluster_id or mention.id
        first.setdefault(cluster, mention)
        copies[cluster] = copies.get(cluster, 0) + 1
    return tuple(
        as_post(mention, brand_id, copies[cluster] - 1)
        for cluster, mention in list(first.items())[:TOP_POSTS]
    )


def as_post(mention: Mention, brand_id: str, near_copies: int = 0) -> TopPost:
    """Return a mention as it may stand in a mail: cut to 80 characters, its author masked."""
    judgement = mention.sentiment_towards(brand_id)
    return TopPost(
        mention_id=mention.id,
        platform=mention.platform,
        published_at=mention.published_at,
        author=mention.author,
        excerpt=excerpt(mask_speakers(f"{mention.title} {mention.text}")),
        url=mention.url,
        interactions=mention.interactions,
        confidence=judgement.confidence if judgement else 0.0,
        near_copies=near_copies,
    )


def excerpt(text: str) -> str:
    """Return the text in one line of at most 80 characters."""
    line = " ".join(text.split())
    return line if len(line) <= EXCERPT else line[: EXCERPT - 1] + "…"
