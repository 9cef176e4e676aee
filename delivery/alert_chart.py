"""The last hours as bars, drawn by the template and told in words."""

from dataclasses import dataclass
from datetime import timedelta

from delivery.alert_facts import AlertPart


@dataclass(frozen=True, slots=True)
class Bar:
    """One hour of the chart; `share` 0 to 1 of the highest, `hot` since the onset."""

    label: str
    negative: int
    known: bool
    share: float
    hot: bool


@dataclass(frozen=True, slots=True)
class Chart(AlertPart):
    """Negatives an hour; an hour that was not fully read is a gap, never a zero."""

    @property
    def bars(self) -> list[Bar]:
        """The last hours, scaled to the highest of them and of the usual count."""
        top = self._scale
        return [
            Bar(
                label=f"{hour.start.astimezone(self.facts.zone):%H}",
                negative=hour.negative,
                known=hour.known,
                share=hour.negative / top,
                hot=hour.start + timedelta(hours=1) > self.signal.onset_at,
            )
            for hour in self.context.hours
        ]

    @property
    def usual_bar(self) -> Bar | None:
        """The bar of the usual hour, to compare by eye; None while it is not known."""
        mean = self.signal.figures.mean
        if mean is None:
            return None
        return Bar(self.t("平时", "usual"), round(mean), True, mean / self._scale, False)

    @property
    def _unknown_hours(self) -> int:
        """How many hours of the chart were not fully read."""
        return sum(not bar.known for bar in self.bars)

    @property
    def told(self) -> str:
        """The chart in words, for who cannot see it."""
        known = [bar for bar in self.bars if bar.known]
        peak = max(known, key=lambda bar: bar.negative, default=None)
        if peak is None:
            return self.t("各小时均未完整采集", "no hour was fully read")
        told = self.t(
            f"每小时负面条数，最高 {peak.label} 时 {peak.negative} 条",
            f"negatives per hour, highest {peak.negative} at {peak.label}:00",
        )
        return told + (f"{self.t('；', '; ')}{self.gaps_told}" if self._unknown_hours else "")

    @property
    def gaps_told(self) -> str:
        """What the gaps of the chart mean; "" when there are none."""
        if not self._unknown_hours:
            return ""
        return self.t(
            f"{self._unknown_hours} 个小时未完整采集，画作「?」，不代表 0 条",
            f"{self._unknown_hours} hours were not fully read, drawn as “?”: not known, not zero",
        )

    @property
    def _scale(self) -> float:
        known = [hour.negative for hour in self.context.hours if hour.known]
        return max([1.0, *known, self.signal.figures.mean or 0.0])
