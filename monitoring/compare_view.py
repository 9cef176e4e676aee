"""Share of voice (竞品声量占比): the brands side by side over the same span, counted alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.brand import Brand, Configuration
from domain.mention import Platform
from domain.ports import BeginWork, MentionStore
from domain.queries import MentionFilter, Summary
from domain.sentiment import Label
from monitoring.hot_words import hot_words
from monitoring.periods import Period
from presentation.charts import TermChange


@dataclass(frozen=True, slots=True)
class BrandVoice:
    """What was said of one brand: `now` over the span, `before` over the one just before it,
    `terms` its hottest words.

    `watched` is False for a brand that no watch looks for: it appears only where it stands beside
    one that is, and its figures are too low.
    """

    brand: Brand
    now: Summary
    before: Summary
    terms: tuple[TermChange, ...]
    watched: bool

    @property
    def negative_share(self) -> float | None:
        """Part of negatives, None when nothing was said."""
        return self.now.by_label.get(Label.NEGATIVE, 0) / self.now.count if self.now.count else None

    @property
    def change(self) -> float | None:
        """How much more (0.2 is a fifth more) than before, None where nothing was said before."""
        return self.now.count / self.before.count - 1 if self.before.count else None

    @property
    def by_platform(self) -> Mapping[Platform, Mapping[Label, int]]:
        """Counts by platform and label, of platforms where something was said."""
        found: dict[Platform, dict[Label, int]] = {}
        for (platform, label), number in self.now.by_platform_label.items():
            found.setdefault(platform, {})[label] = number
        return found


def compare(
    store: MentionStore,
    begin_reading: BeginWork,
    *,
    configuration: Configuration,
    period: Period,
    now: datetime,
) -> list[BrandVoice]:
    """Return every brand, the most spoken of first."""

    def voice_of(brand: Brand) -> BrandVoice:
        terms = hot_words(
            store,
            begin_reading,
            brand=brand,
            configuration=configuration,
            period=period,
            now=now,
        )
        return _voice(store, configuration, brand, period, terms)

    voices = [voice_of(brand) for brand in configuration.brands]
    return sorted(voices, key=lambda voice: -voice.now.count)


def shares(voices: Sequence[BrandVoice]) -> Mapping[str, float]:
    """Return each brand's part of all voices, by brand id; they add up to 1, or there are none."""
    total = sum(voice.now.count for voice in voices)
    return {v.brand.id: v.now.count / total for v in voices} if total else {}


def _voice(
    store: MentionStore,
    configuration: Configuration,
    brand: Brand,
    period: Period,
    terms: tuple[TermChange, ...],
) -> BrandVoice:
    wanted = MentionFilter(brand_id=brand.id, start=period.start, end=period.end)
    before = period.previous
    return BrandVoice(
        brand=brand,
        now=store.summary(wanted),
        before=store.summary(MentionFilter(brand_id=brand.id, start=before.start, end=before.end)),
        terms=terms,
        watched=bool(configuration.watches_of(brand.id)),
    )
