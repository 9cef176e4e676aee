"""What qualifies an alert: gaps of coverage, the rule, the watches, the age of the data."""

from dataclasses import dataclass

from delivery.alert_facts import AlertPart
from domain.alert import CoverageNote
from domain.brand import Sensitivity
from domain.coverage import CoverageState
from presentation import formats
from presentation.hostile import quotation
from presentation.wording import reason


@dataclass(frozen=True, slots=True)
class Notes(AlertPart):
    """The fine print, which is what makes an alarm one that can be argued with."""

    @property
    def gaps(self) -> list[tuple[str, str]]:
        """(what could not be read and why, the step that mends it) for each source."""
        return [self._gap(note) for note in self.context.coverage]

    @property
    def rule(self) -> str:
        """Which rule, how sensitive, by how much it was passed."""
        sensitivity = quotation(self.context.sensitivity, 20)
        if sensitivity in list(Sensitivity):
            sensitivity = self.word(Sensitivity(sensitivity))
        told = self.word(self.signal.rule)
        told += self.t(f"（灵敏度：{sensitivity}）", f" (sensitivity: {sensitivity})")
        numbers = self.signal.figures
        over = self.facts.is_over
        if not over and numbers.z is not None and numbers.threshold_z is not None:
            z, line = formats.decimal(numbers.z), formats.decimal(numbers.threshold_z)
            told += self.t(
                f"，高出平时 {z} 个标准差，触发线 {line}",
                f", {z} standard deviations above usual, threshold {line}",
            )
        return told

    @property
    def watches(self) -> str:
        """The watches that the alert belongs to."""
        return self.t("、", ", ").join(quotation(name, 20) for name in self.context.watch_names)

    @property
    def why(self) -> str:
        """Why this person got the mail."""
        name = quotation(self.facts.recipient.name or self.facts.recipient.id, 20)
        if self.facts.is_over:
            return self.t(
                f"{name}：您收到过此预警的首封邮件，因此也会收到解除邮件。",
                f"{name}: you got the first mail of this alert, so you get its end.",
            )
        lowest = self.word(self.facts.recipient.min_level)
        brands = (
            self.facts.brand if self.facts.recipient.brand_ids else self.t("全部品牌", "all brands")
        )
        return self.t(
            f"{name}：您登记接收「{brands}」的{lowest}及以上级别。",
            f"{name}: you are registered for {brands}, from {lowest.lower()} upwards.",
        )

    @property
    def freshness(self) -> str:
        """Up to when the data reach, and how old the newest crawl was."""
        until = formats.full_time(self.context.data_until, self.facts.zone)
        if self.context.lag is None:
            return self.t(f"数据截至 {until}，采集延迟未知", f"Data until {until}, lag unknown")
        lag = formats.duration(self.context.lag, self.facts.language)
        return self.t(f"数据截至 {until}，采集延迟 {lag}", f"Data until {until}, lag {lag}")

    @property
    def model(self) -> str:
        """The sentiment model, "" when it was not told."""
        return quotation(self.context.model_id, 60)

    @property
    def similar(self) -> list[str]:
        """Earlier alerts of the kind, one line each."""
        return [quotation(line, 100) for line in self.context.similar]

    def _gap(self, note: CoverageNote) -> tuple[str, str]:
        platform = self.word(note.platform)
        why = reason(note.reason, note.platform)
        state = quotation(note.state, 20)
        if state in list(CoverageState):
            state = self.word(CoverageState(state))
        source = quotation(note.source_id, 40)
        told = self.t(
            f"{platform}（{source}）{state}：{why.text.zh}",
            f"{platform} ({source}) {state}: {why.text.en}",
        )
        return told, why.mend.in_language(self.facts.language)
