"""The frozen facts of one alert mail, and the words that every part of it shares."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from domain.alert import AlertContext, MailStage
from domain.brand import Recipient
from domain.errors import Text
from domain.signal import Signal
from presentation import formats, wording
from presentation.hostile import quotation


@dataclass(frozen=True, slots=True)
class AlertFacts:
    """What is told, to whom, and in which language (`zh` or `en`)."""

    signal: Signal
    stage: MailStage
    context: AlertContext
    recipient: Recipient
    language: str = "zh"

    @property
    def is_over(self) -> bool:
        """Whether this is the closing mail."""
        return self.stage is MailStage.CLOSING

    @property
    def brand(self) -> str:
        """The brand's name, short enough for a subject."""
        return quotation(self.context.brand_name, 24)

    @property
    def main_platform(self) -> str:
        """Where most of it is said; "" while no platform is known."""
        counts = self.signal.platform_counts
        top = max(counts, key=lambda p: counts[p]) if counts else None
        top = top or (self.signal.platforms[0] if self.signal.platforms else None)
        return self.word(top) if top else ""

    @property
    def peak(self) -> str:
        """The most negatives that one hour had."""
        return f"{max(self.signal.peak_observed, self.signal.figures.observed):,}"

    @property
    def observed(self) -> str:
        """The negatives of the hour; `≥ 47` where not all of it was seen."""
        numbers = self.signal.figures
        return formats.at_least(f"{numbers.observed:,}", numbers.lower_bound)

    @property
    def zone(self) -> ZoneInfo:
        """The zone of every time in the mail."""
        return ZoneInfo(self.context.zone_name)

    def word(self, term: StrEnum) -> str:
        """Return what a level, platform, state, rule or sensitivity is called."""
        return wording.word(term).in_language(self.language)


@dataclass(frozen=True, slots=True)
class AlertPart:
    """A part of the mail: words made of the facts, and of parts before it."""

    facts: AlertFacts

    @property
    def signal(self) -> Signal:
        """The signal that is told of."""
        return self.facts.signal

    @property
    def context(self) -> AlertContext:
        """What surrounds the signal."""
        return self.facts.context

    def t(self, zh: str, en: str) -> str:
        """Return the sentence in the language of this mail."""
        return Text(zh, en).in_language(self.facts.language)

    def word(self, term: StrEnum) -> str:
        """Return what a level, platform, state, rule or sensitivity is called."""
        return self.facts.word(term)

    def near(self, moment: datetime) -> str:
        """Return a local time as it is told beside the newest data: the day only where it helps."""
        return formats.near_time(moment, self.context.data_until, self.facts.zone)
