"""The topics and the posts of a report: what was said, quoted short and masked."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from analysis.hot_words import risen
from domain.brand import Brand
from domain.mention import Mention
from domain.ports import MentionStore
from domain.queries import MentionFilter, Sort
from domain.report import CaseLine, NegativePost, Period, Query, Tally, Topic
from domain.sentiment import Label
from domain.signal import Signal, TopPost
from monitoring.evidence import as_post, telling_terms
from monitoring.report_scan import Scan
from monitoring.series import HOUR
from presentation.masking import mask_name

TOPICS = 5
COMPANION_SHARE = 0.3
COMPANIONS = 3
VIEWS = 2
NEGATIVES = 10
_CANDIDATES = 5_000
_SAMPLE = 200


def topics(store: MentionStore, brand: Brand, period: Period, read: Scan) -> tuple[Topic, ...]:
    """Return up to five topics, the most telling first.

    A topic is a word that rose, the hottest first (`analysis.hot_words`), against its share of the
    period before: a week's talk, not the words that the trade always uses. The next one is chosen
    among the mentions that no topic holds yet. Its figures are those of all mentions that hold the
    word.
    """
    before = period.back(1)
    earlier = MentionFilter(brand_id=brand.id, start=before.start, end=before.end)
    scale = len(read.words) / max(1, store.count(earlier))
    usual = {word: n * scale for word, n in store.top_terms(earlier, _CANDIDATES)}
    found = []
    for word, companions in _telling(read.words, usual, brand):
        whole = Query(brand.id, period.start, period.end, words=(word,))
        topic = _topic(store, whole, companions, store.count(replace(earlier, words=(word,))))
        if topic is not None:
            found.append(topic)
    return tuple(sorted(found, key=lambda topic: -topic.tally.total))


def _telling(
    mentions: Iterable[tuple[str, ...]], usual: Mapping[str, float], brand: Brand
) -> Iterable[tuple[str, tuple[str, ...]]]:
    left = list(mentions)
    for _ in range(TOPICS):
        counts = Counter(word for words in left for word in words)
        best = telling_terms(risen(sorted(counts.items()), usual), brand)
        if not best:
            return
        word = best[0][0]
        inside = [words for words in left if word in words]
        beside = Counter(other for words in inside for other in words if other != word)
        frequent = [(w, n) for w, n in beside.most_common() if n >= COMPANION_SHARE * len(inside)]
        yield word, tuple(w for w, _ in telling_terms(frequent, brand)[:COMPANIONS])
        left = [words for words in left if word not in words]


def _topic(
    store: MentionStore, query: Query, companions: tuple[str, ...], before: int
) -> Topic | None:
    """Return what a store tells of a word; None when its mentions are gone by now."""
    wanted = query.as_filter()
    found = store.summary(wanted)
    first = store.search(wanted, sort=Sort.OLDEST, limit=1).mentions
    last = store.search(wanted, sort=Sort.NEWEST, limit=1).mentions
    if not first or not last:
        return None
    loudest = store.search(wanted, sort=Sort.REACH, limit=_SAMPLE).mentions
    views = [m for m in _one_a_cluster(loudest) if m.id != first[0].id][:VIEWS]
    return Topic(
        word=query.words[0],
        companions=companions,
        tally=Tally.counted(query, found),
        before=before,
        first_at=first[0].published_at,
        last_at=last[0].published_at,
        first_post=_quoted(first[0], query.brand_id),
        views=tuple(_quoted(view, query.brand_id) for view in views),
        near_copies=found.in_clusters - found.clusters,
    )


def most_negative(
    store: MentionStore,
    brand_id: str,
    period: Period,
    signals: Sequence[Signal],
    cases: Sequence[CaseLine],
) -> tuple[NegativePost, ...]:
    """Return the ten negative posts with the highest reach, one a near-copy cluster."""
    wanted = MentionFilter(
        brand_id=brand_id,
        labels=frozenset({Label.NEGATIVE}),
        start=period.start,
        end=period.end,
    )
    loudest = store.search(wanted, sort=Sort.REACH, limit=_SAMPLE).mentions
    return tuple(
        _negative_post(store, wanted, mention, signals, cases)
        for mention in _one_a_cluster(loudest)[:NEGATIVES]
    )


def _negative_post(
    store: MentionStore,
    wanted: MentionFilter,
    mention: Mention,
    signals: Sequence[Signal],
    cases: Sequence[CaseLine],
) -> NegativePost:
    copies = 0
    if mention.cluster_id:
        copies = store.count(replace(wanted, cluster_id=mention.cluster_id)) - 1
    post = _quoted(mention, wanted.brand_id or "", max(0, copies))
    signal = min((s for s in signals if _tells_of(s, mention)), key=_gravity, default=None)
    case = next(
        (
            case
            for case in cases
            if mention.id in case.mention_ids or (signal and signal.id in case.signal_ids)
        ),
        None,
    )
    return NegativePost(
        post,
        case.level if case else signal.level if signal else None,
        signal.id if signal else None,
        case.id if case else None,
        case.state if case else None,
    )


def _tells_of(signal: Signal, mention: Mention) -> bool:
    """Whether a mention is quoted by a signal, or was said while the signal's spike lasted."""
    quoted = {post.mention_id for post in signal.top_posts}
    if signal.first_post:
        quoted.add(signal.first_post.mention_id)
    end = signal.quiet_since or signal.closed_at or signal.updated_at
    during = signal.onset_at - HOUR <= mention.published_at <= end
    return mention.id in quoted or (during and mention.platform in signal.platforms)


def _gravity(signal: Signal) -> int:
    return signal.level.rank


def _one_a_cluster(mentions: Iterable[Mention]) -> list[Mention]:
    first: dict[str, Mention] = {}
    for mention in mentions:
        first.setdefault(mention.cluster_id or mention.id, mention)
    return list(first.values())


def _quoted(mention: Mention, brand_id: str, near_copies: int = 0) -> TopPost:
    """Return a mention as it may be kept in a report: masked once more, whoever stored it."""
    post = as_post(mention, brand_id, near_copies)
    return replace(post, author=mask_name(post.author))
