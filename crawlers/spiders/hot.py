"""What the spiders of hot lists share: one look at what is hot now, of which the watch keeps what
its rule takes.
"""

from abc import abstractmethod
from collections.abc import Sequence

from crawlers.browser_search import Reach, total
from crawlers.frontier import PageRequest
from crawlers.pipelines import Taken
from crawlers.plan import Outcome, Series, Tally
from crawlers.run import Step
from crawlers.spiders.base import WatchSpider
from crawlers.spiders.follow import own_pages
from crawlers.windows import Window


class HotSpider(WatchSpider):
    """Reads a hot list, which is whole on one page and has no history."""

    gone_ends_run = False

    def windows(self, planned: tuple[Window, ...]) -> tuple[Window, ...]:
        """The present only."""
        return planned[:1]

    def make_series(self, windows: tuple[Window, ...]) -> tuple[Series, ...]:
        """One page."""
        return (Series(self.name, (0,), self.list_url()),)

    @abstractmethod
    def list_url(self) -> str:
        """Return the address of the list."""

    def next_step(self, request: PageRequest, taken: Taken, tally: Tally) -> Step:
        """The list is whole."""
        return Outcome.seen(tally)

    def reach(self) -> Reach:
        """The first reply is the list."""
        return self

    def after_reply(self, seen: Sequence[Taken], series: int) -> Outcome | None:
        """The list is whole."""
        return Outcome.seen(total(seen))

    def cut_off(self, seen: Sequence[Taken], series: int) -> Outcome:
        """The list is whole."""
        return Outcome.seen(total(seen))

    def details(self, taken: Taken) -> Sequence[str]:
        """The own pages of what the watch would take, where the list tells no time."""
        site = self.source.base_url.rstrip("/")
        return own_pages(site, self.intake.lacking_time(taken.page))
