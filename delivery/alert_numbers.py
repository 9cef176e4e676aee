"""The numbers behind an alarm, each beside what is usual."""

from dataclasses import dataclass

from delivery.alert_facts import AlertPart
from domain.mention import Platform
from presentation import formats

HARDLY_ANY = 0.5
"""Below this many an hour a multiple says nothing: 3 instead of 0.05 is not "60 times as much"."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with its name and what to compare it with."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Numbers(AlertPart):
    """The figures, and the parts of sentences that are made of them."""

    @property
    def figures(self) -> list[Figure]:
        """The numbers behind the alarm, each with what is usual."""
        numbers = self.signal.figures
        unknown = self.t("未知", "unknown")
        authors = unknown if numbers.distinct_authors is None else f"{numbers.distinct_authors:,}"
        share = unknown if numbers.share is None else formats.share(numbers.share)
        reach = Figure(
            self.t("代表内容转评赞", "Interactions, top posts"),
            formats.count(
                sum(post.interactions for post in self.signal.top_posts), self.facts.language
            ),
            self.t(f"{len(self.signal.top_posts)} 条合计", f"{len(self.signal.top_posts)} posts"),
        )
        if not self.signal.rule.is_counted:  # one post, seen by a person: nothing was counted
            return [reach]
        return [
            Figure(
                self.t("负面 / 小时", "Negatives / hour"),
                self.facts.observed,
                self._usual_note,
            ),
            Figure(self.t("相当于平时", "Against usual"), self._multiple, self._record_note),
            Figure(self.t("负面占比", "Negative share"), share, self._share_note),
            Figure(self.t("独立作者", "Distinct authors"), authors, self._copies_note),
            reach,
            Figure(
                self.t("开始于", "Since"),
                self.near(self.signal.onset_at),
                self.t(f"峰值 {self.facts.peak} 条/小时", f"peak {self.facts.peak} an hour"),
            ),
        ]

    @property
    def platforms(self) -> str:
        """`微博 44 · 知乎 2 · 贴吧 未能采集`: a platform that was not read never shows a zero."""
        missing = {note.platform for note in self.context.coverage}
        parts = []
        for platform in sorted(
            {*self.signal.platform_counts, *missing},
            key=lambda p: (-self.signal.platform_counts.get(p, 0), list(Platform).index(p)),
        ):
            name = self.word(platform)
            told = self.signal.platform_counts.get(platform, 0)
            if platform not in missing:
                parts.append(f"{name} {told:,}")
            elif told:
                parts.append(f"{name} ≥ {told:,}" + self.t("（未采全）", " (not fully read)"))
            else:
                parts.append(name + self.t(" 未能采集", " not read"))
        return " · ".join(parts)

    @property
    def usual(self) -> str:
        """`平时约 6.9 条`, or that it is still being learnt."""
        mean = self.signal.figures.mean
        if mean is None:
            return self.t("基线仍在学习", "the baseline is still being learnt")
        usual = formats.decimal(mean)
        return self.t(f"平时约 {usual} 条", f"usually about {usual}")

    @property
    def record(self) -> str:
        """`为 12 天来最高`; since the record began when it was never as high."""
        numbers = self.signal.figures
        over = self.facts.is_over
        if over or numbers.record_days is None or numbers.record_days < 1:
            return ""
        if numbers.record_days >= numbers.history_days > 0:
            span = formats.days(numbers.history_days, self.facts.language)
            return self.t(f"为有记录的 {span}来最高", f"the highest in all {span} on record")
        span = formats.days(numbers.record_days, self.facts.language)
        return self.t(f"为 {span}来最高", f"the highest in {span}")

    @property
    def count_against_usual(self) -> str:
        """`1 小时 46 条负面（平时 6.9）`."""
        numbers = self.signal.figures
        count = self.t(
            f"1 小时 {self.facts.observed} 条负面", f"{self.facts.observed} negatives in 1 h"
        )
        if numbers.mean is None:
            return count
        usual = formats.decimal(numbers.mean)
        return count + self.t(f"（平时 {usual}）", f" (usually {usual})")

    @property
    def _multiple(self) -> str:
        numbers = self.signal.figures
        if numbers.multiple is None or (numbers.mean or 0) < HARDLY_ANY:
            return self.t("学习中", "learning") if numbers.mean is None else "—"
        times = formats.multiple(numbers.multiple, self.facts.language)
        return formats.at_least(times, numbers.lower_bound)

    @property
    def _usual_note(self) -> str:
        numbers = self.signal.figures
        band = numbers.expected_band
        if numbers.mean is None or band is None:
            return self.t("基线学习中", "baseline learning")
        usual, low, high = (formats.decimal(value) for value in (numbers.mean, *band))
        return self.t(f"平时 {usual}，常见 {low}–{high}", f"usually {usual}, range {low}–{high}")

    @property
    def _record_note(self) -> str:
        return self.record.removeprefix("为 ").removeprefix("为")

    @property
    def _share_note(self) -> str:
        numbers = self.signal.figures
        total = formats.count(numbers.total, self.facts.language)
        all_voices = self.t(f"同期声量 {total}", f"of {total} voices")
        if numbers.usual_share is None:
            return all_voices
        usual = formats.share(numbers.usual_share)
        return self.t(f"平时 {usual}，", f"usually {usual}, ") + all_voices

    @property
    def _copies_note(self) -> str:
        copies = self.signal.figures.near_copy_share
        if copies is None:
            return ""
        return self.t(f"近似文本 {formats.share(copies)}", f"near copies {formats.share(copies)}")
