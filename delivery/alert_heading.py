"""What a mail program shows of an alert before it is opened, and the band on top of it."""

from dataclasses import dataclass

from delivery.alert_facts import AlertPart
from delivery.alert_numbers import Numbers
from delivery.alert_posts import Posts
from delivery.alert_story import Story
from delivery.alert_tasks import Tasks
from domain.alert import MailStage
from presentation import formats
from presentation.hostile import clean_line, excerpt
from presentation.wording import ROMAN

SUBJECT_LIMIT = 78


@dataclass(frozen=True, slots=True)
class Heading(AlertPart):
    """Subject, preheader, badge, grade, colours and time."""

    story: Story
    numbers: Numbers
    posts: Posts
    tasks: Tasks

    @property
    def tone(self) -> str:
        """Which colours the band has: the level's, or `calm` for the closing mail."""
        return "calm" if self.facts.is_over else self.signal.level.value

    @property
    def badge(self) -> str:
        """`橙色预警`, `橙色预警·更新`, `解除`: the level in words, colour is never alone."""
        level = self.word(self.signal.level)
        if self.facts.is_over:
            return self.t("解除", "All clear")
        if self.facts.stage is MailStage.UPDATE:
            return level + self.t("·更新", ", update")
        step = self.context.step
        if self.facts.stage is MailStage.REMINDER and step:
            return level + self.t(f"·第 {step} 次提醒", f", reminder {step}")
        return level

    @property
    def grade(self) -> str:
        """`Ⅱ 级`; for the closing mail the level that the alert had."""
        if self.facts.is_over:
            return self.t("原", "was ") + self.word(self.signal.level)
        return self.t(f"{ROMAN[self.signal.level]} 级", f"grade {ROMAN[self.signal.level]}")

    @property
    def when(self) -> str:
        """The local time of what happened, with its zone."""
        moment = {
            MailStage.OPENING: self.signal.opened_at,
            MailStage.UPDATE: self.signal.updated_at,
            MailStage.CLOSING: self.signal.closed_at or self.signal.updated_at,
            MailStage.REMINDER: self.context.written_at or self.signal.updated_at,
        }[self.facts.stage]
        zone = self.facts.zone
        return f"{formats.full_time(moment, zone)} {formats.zone_mark(moment, zone)}"

    @property
    def subject(self) -> str:
        """At most 78 signs; the topic is cut first, the brand next, the alert's id never."""
        end = f"|{clean_line(self.signal.id)}"
        for place in (self._place(18), self._place(6), self.facts.main_platform, ""):
            line = self._subject_start(self.facts.brand) + (f"|{place}" if place else "") + end
            if len(line) <= SUBJECT_LIMIT:
                return line
        return self._subject_start(excerpt(self.facts.brand, 8))[: SUBJECT_LIMIT - len(end)] + end

    @property
    def preheader(self) -> str:
        """The line that mail programs show under the subject."""
        if self.facts.is_over:
            return self.story.sentence
        parts = [
            self.numbers.count_against_usual,
            self.posts.first_seen,
            self.word(self.signal.state),
            self.tasks.next_deadline,
        ]
        return self.t("，", ", ").join(part for part in parts if part)

    def _subject_start(self, brand: str) -> str:
        if self.facts.is_over:
            return self.t(
                f"【解除】{brand}负面已回落，峰值 {self.facts.peak} 条/小时",
                f"[All clear] {brand}: negatives subsided, peak {self.facts.peak} an hour",
            )
        told = self.story.growth_or_rise
        return self.t(f"【{self.badge}】{brand}{told}", f"[{self.badge}] {brand}: {told}")

    def _place(self, topic_signs: int) -> str:
        """`微博「异物 腹泻」`: where, and about what."""
        topic = excerpt(self.story.topic, topic_signs)
        quoted = self.t(f"「{topic}」", f" “{topic}”") if topic else ""
        return (self.facts.main_platform + quoted).strip()
