"""What an alert mail says, part by part: a signal and its context become words.

Templates only place these words. Everything crawled (terms, excerpts, names, addresses) leaves the
parts cleaned, cut and defanged; escaping is the template's.
"""

from dataclasses import dataclass
from typing import Self

from delivery.alert_chart import Chart
from delivery.alert_facts import AlertFacts
from delivery.alert_heading import Heading
from delivery.alert_notes import Notes
from delivery.alert_numbers import Numbers
from delivery.alert_posts import Posts
from delivery.alert_story import Story
from delivery.alert_tasks import Tasks


@dataclass(frozen=True, slots=True)
class AlertWords:
    """Every text of one alert mail in one language, computed from frozen facts."""

    facts: AlertFacts
    heading: Heading
    story: Story
    tasks: Tasks
    numbers: Numbers
    chart: Chart
    posts: Posts
    notes: Notes

    @property
    def brief(self) -> str:
        """The alert for a group's robot: a sentence, the numbers, what is asked, the link. Plain
        text, well below 2 KB.
        """
        story, tasks = self.story, self.tasks
        lines = [
            tasks.reminder,
            story.sentence,
            self.facts_in_a_line,
            "" if self.facts.is_over else tasks.next_deadline,
            self.heading.t(f"值班：{tasks.on_duty}", f"On duty: {tasks.on_duty}")
            if tasks.on_duty
            else "",
            self.heading.t("演示数据，均为虚构", "demo data, invented")
            if self.facts.context.demo
            else "",
            tasks.page or f"koubei explain {self.facts.signal.id}",
        ]
        return "\n".join(line for line in lines if line) + "\n"

    @property
    def facts_in_a_line(self) -> str:
        """`负面 / 小时 47（平时 7.6±2.4） · 独立作者 39 · 微博 45`: the numbers side by side."""
        shown = [f"{f.label} {f.value}" for f in self.numbers.figures]
        return " · ".join([*shown, self.numbers.platforms])

    @classmethod
    def about(cls, facts: AlertFacts) -> Self:
        """The words for these facts."""
        numbers, posts, tasks = Numbers(facts), Posts(facts), Tasks(facts)
        story = Story(facts, numbers, posts)
        return cls(
            facts=facts,
            heading=Heading(facts, story, numbers, posts, tasks),
            story=story,
            tasks=tasks,
            numbers=numbers,
            chart=Chart(facts),
            posts=posts,
            notes=Notes(facts),
        )
