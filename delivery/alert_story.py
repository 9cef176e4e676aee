"""The account of an alarm: what is the case, how it compares, how it grew, how it ended."""

from dataclasses import dataclass

from delivery.alert_facts import AlertPart
from delivery.alert_numbers import HARDLY_ANY, Numbers
from delivery.alert_posts import TERM_SIGNS, Posts
from domain.alert import MailStage
from presentation import formats, wording
from presentation.hostile import quotation

_TOPIC_TERMS, _TOPIC_SIGNS = 2, 14


@dataclass(frozen=True, slots=True)
class Story(AlertPart):
    """Headline, sentence, and the phrases that the subject shares with them."""

    numbers: Numbers
    posts: Posts

    @property
    def headline(self) -> str:
        """The mail in one short line."""
        if self.facts.is_over:
            told = self.t("负面已回落", "negatives have subsided")
        else:
            told = self.growth_or_rise
            if self.facts.stage is MailStage.UPDATE and self.raised:
                told = self.t("，", ", ").join((told, self.raised))
        return self.facts.brand + self.t("：", ": ") + told

    @property
    def sentence(self) -> str:
        """What is the case, with numbers, and who said it first."""
        told = self._over if self.facts.is_over else self._burning
        if not self.posts.first_seen:
            return told
        return told + self.t(f"{self.posts.first_seen}。", f" F{self.posts.first_seen[1:]}.")

    @property
    def rise(self) -> str:
        """The heart of subject and headline: a multiple where there is one to speak of."""
        if not self.signal.rule.is_counted:
            return self.word(self.signal.rule)
        numbers = self.signal.figures
        if numbers.multiple is not None and numbers.mean is not None and numbers.mean >= HARDLY_ANY:
            times = formats.multiple(numbers.multiple, self.facts.language)
            times = formats.at_least(times, numbers.lower_bound)
            return self.t(f"负面升至基线 {times}", f"negatives at {times} the baseline")
        count = self.facts.observed
        if numbers.mean is None:
            return self.t(
                f"1 小时负面 {count} 条（基线学习中）",
                f"{count} negatives in an hour (baseline still learning)",
            )
        return self.t(
            f"1 小时负面 {count} 条（平时几乎没有）",
            f"{count} negatives in an hour (usually hardly any)",
        )

    @property
    def growth_or_rise(self) -> str:
        """What is new: for an update how it grew, where that is known, else how high it is."""
        return (self.facts.stage is MailStage.UPDATE and self.growth) or self.rise

    @property
    def growth(self) -> str:
        """How it grew since the mail before; "" when the context does not tell."""
        before, now = self.context.told_observed, self.signal.figures.observed
        told = self.context.told_platforms or self.signal.platforms
        spiking = self.signal.alerted_platforms or self.signal.platforms
        fresh = [platform for platform in spiking if platform not in told]
        parts = []
        if before is not None and now > before:
            parts.append(
                self.t(
                    f"负面由 {before:,} 增至 {self.facts.observed} 条/小时",
                    f"{before:,} → {self.facts.observed} an hour",
                )
            )
        if fresh:
            names = self.t("、", ", ").join(self.word(p) for p in fresh)
            parts.append(self.t(f"扩散到{names}", f"spread to {names}"))
        return self.t("，", ", ").join(parts)

    @property
    def raised(self) -> str:
        """That the level is higher than the mail before told; "" when it is not."""
        before, now = self.context.told_level, self.signal.level
        if before is None or now.rank >= before.rank:
            return ""
        was, has_become = wording.word(before), wording.word(now)
        return self.t(
            f"级别由{was.zh}升为{has_become.zh}",
            f"raised from {was.en.lower()} to {has_become.en.lower()}",
        )

    @property
    def topic(self) -> str:
        """What it is about: the most frequent words, else the first post's; "" when unknown."""
        words = [quotation(term, TERM_SIGNS) for term, _ in self.signal.terms[:_TOPIC_TERMS]]
        if not any(words) and self.signal.first_post:
            words = [quotation(self.signal.first_post.excerpt, _TOPIC_SIGNS)]
        return " ".join(filter(None, words))

    @property
    def _raised_by_hand(self) -> str:
        who = quotation(self.context.raised_by, 20) or self.t("同事", "A colleague")
        told = self.t(
            f"{who}于 {self.near(self.signal.opened_at)} 人工发出预警",
            f"{who} raised this by hand at {self.near(self.signal.opened_at)}",
        )
        note = quotation(self.context.note, 200)
        return told + (self.t(f"：{note}", f": {note}") if note else "") + self.t("。", ".")

    @property
    def _burning(self) -> str:
        if not self.signal.rule.is_counted:
            return self._raised_by_hand
        numbers = self.signal.figures
        since = self.near(self.signal.onset_at)
        topic = self.topic
        about = self.t(f"「{topic}」相关", f" about “{topic}”") if topic else ""
        told = self.t(
            f"{since} 起，{self.facts.main_platform}集中出现{about}负面："
            f"最近 1 小时 {self.facts.observed} 条",
            f"Since {since}, negatives{about} gather on {self.facts.main_platform}: "
            f"{self.facts.observed} in the last hour",
        )
        if numbers.lower_bound:
            told += self.t(
                "（该小时未采全，实际只多不少）", " (not fully read: the truth is higher)"
            )
        parts = [told, self.numbers.usual, self.numbers.record]
        told = self.t("，", ", ").join(part for part in parts if part)
        if numbers.share is not None:
            told += self.t(
                f"；占同期声量 {formats.share(numbers.share)}",
                f"; {formats.share(numbers.share)} of all voices",
            )
        told += self.t("。", ".")
        if self.signal.one_text_wave and numbers.near_copy_share is not None:
            copies = formats.share(numbers.near_copy_share)
            told += self.t(
                f"其中 {copies} 是同一文本的转发或近似内容。",
                f" {copies} of it is one text, reposted or nearly copied.",
            )
        return told

    @property
    def _over(self) -> str:
        end = self.signal.closed_at or self.signal.updated_at
        since = formats.near_time(self.signal.onset_at, end, self.facts.zone)
        lasted = formats.duration(end - self.signal.onset_at, self.facts.language)
        told = self.t(
            f"{since} 开始的负面突增历时 {lasted}，峰值 {self.facts.peak} 条/小时，"
            f"最近 1 小时 {self.signal.figures.observed:,} 条",
            f"The spike that began at {since} lasted {lasted}; peak {self.facts.peak} an hour, "
            f"{self.signal.figures.observed:,} in the last one",
        )
        if self.signal.quiet_since:
            quiet = formats.duration(end - self.signal.quiet_since, self.facts.language)
            told += self.t(
                f"，低于峰值三分之一已满 {quiet}", f", below a third of the peak for {quiet}"
            )
        return told + self.t("。", ".")
