"""Hot words (热词): what the mentions of a brand are about, and what of it is new this week."""

from datetime import datetime

from analysis.hot_words import NOTABLE, hottest, rise
from domain.brand import Brand, Configuration
from domain.ports import BeginWork, MentionStore
from domain.queries import MentionFilter
from domain.sentiment import Label
from monitoring.evidence import ALL_TERMS, CANDIDATES, naming
from monitoring.periods import Period
from monitoring.sight import Sight
from presentation.charts import TermChange

WORDS = 8


def hot_words(
    store: MentionStore,
    begin_reading: BeginWork,
    *,
    brand: Brand,
    configuration: Configuration,
    period: Period,
    now: datetime,
    label: Label | None = None,
) -> tuple[TermChange, ...]:
    """Return the hottest words of a brand in a span, of one sentiment or of all.

    They are compared with the same span a week earlier where that was fully looked at; else no
    change is told, and the most frequent are the hottest.
    """
    found = store.top_terms(_filter(brand, period, label), CANDIDATES)
    told = [(word, count) for word, count in found if not naming(brand, word)]
    earlier = period.week_before
    if not told or not _was_seen(begin_reading, brand, configuration, earlier, now):
        return tuple(TermChange(word, count, None) for word, count in told[:WORDS])
    before = dict(store.top_terms(_filter(brand, earlier, label), ALL_TERMS))
    return tuple(
        TermChange(word, count, was, rose=rise(count, was) >= NOTABLE)
        for word, count in hottest(told, before)[:WORDS]
        for was in [before.get(word, 0)]
    )


def _filter(brand: Brand, period: Period, label: Label | None) -> MentionFilter:
    labels = frozenset({label}) if label else frozenset()
    return MentionFilter(brand_id=brand.id, labels=labels, start=period.start, end=period.end)


def _was_seen(
    begin_reading: BeginWork,
    brand: Brand,
    configuration: Configuration,
    period: Period,
    now: datetime,
) -> bool:
    watches = configuration.watches_of(brand.id)
    with begin_reading() as work:
        rows = work.coverage.rows([w.id for w in watches], start=period.start, end=period.end)
    sight = Sight(rows, configuration, watches, now)
    return bool(sight.platforms) and sight.is_known(period.start, period.end)
