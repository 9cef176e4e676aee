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
