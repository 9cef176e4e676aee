"""One pass over a period's mentions: words by day, hours of the week, and who judged.

The store's own questions give the totals; this gives what it has no question for.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from analysis.hot_words import risen
from domain.brand import Brand
from domain.mention import Mention, Platform, Precision
from domain.ports import MentionStore
from domain.queries import MentionFilter
from domain.report import HeatCell, Period
from domain.sentiment import Judge
from monitoring.evidence import telling_terms
from monitoring.series import HOUR

PEAK_WORDS = 3
IsKnown = Callable[[Iterable[Platform], datetime], bool]
"""Whether the hour from a moment on was looked at on all of some platforms."""


@dataclass
class Scan:
    """What the pass found. `words` holds the keywords of each mention; `by_hour` counts mentions by
    the hours since the period began, without those that have a day and no hour; `looked_at` are the
    mentions that a person judged.
    """

    words: list[tuple[str, ...]] = field(default_factory=list)
    words_by_day: dict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    mentions_by_day: Counter[int] = field(default_factory=Counter)
    by_hour: Counter[int] = field(default_factory=Counter)
    models: Counter[str] = field(default_factory=Counter)
    looked_at: set[str] = field(default_factory=set)

    @property
    def by_person(self) -> int:
        """How many carry a person's label."""
        return len(self.looked_at)

    def heat(
        self, period: Period, platforms: Iterable[Platform], is_known: IsKnown
    ) -> tuple[HeatCell, ...]:
        """Return the hours of the period; one that was not looked at everywhere is not known."""
        chosen = tuple(platforms)
        return tuple(
            HeatCell(
                weekday,
                hour,
                self.by_hour[(start + HOUR * hour - period.start) // HOUR],
                known=is_known(chosen, start + HOUR * hour),
            )
            for weekday, (start, _) in enumerate(period.days())
            for hour in range(24)
        )

    def words_of_the_loudest_day(self, brand: Brand) -> tuple[str, ...]:
        """Return the words that rose on the loudest day, the hottest first."""
        if not self.mentions_by_day:
            return ()
        loudest = self.mentions_by_day.most_common(1)[0][0]
        others = [day for day in self.mentions_by_day if day != loudest]
        said = self.words_by_day[loudest]
        usual = {
            word: sum(self.words_by_day[day][word] for day in others) / max(1, len(others))
            for word in said
        }
        told = telling_terms(risen(sorted(said.items()), usual), brand)
        return tuple(word for word, _ in told[:PEAK_WORDS])


def scan(store: MentionStore, brand: Brand, period: Period) -> Scan:
    """Read every mention of a brand in a period once."""
    read = Scan()
    days = [start for start, _ in period.days()]
    wanted = MentionFilter(brand_id=brand.id, start=period.start, end=period.end)
    for mention in store.scan(wanted):
        day = bisect_right(days, mention.published_at) - 1
        hour = (mention.published_at - period.start) // HOUR
        _take(read, mention, brand, day, hour)
    return read


def _take(read: Scan, mention: Mention, brand: Brand, day: int, hour: int) -> None:
    words = mention.terms
    read.words.append(words)
    read.words_by_day[day].update(words)
    read.mentions_by_day[day] += 1
    if mention.published_precision is not Precision.DAY:
        read.by_hour[hour] += 1
    judged = mention.sentiment_towards(brand.id)
    if judged is not None and judged.by is Judge.PERSON:
        read.looked_at.add(mention.id)
    elif judged is not None:
        read.models[judged.model] += 1
