"""What the item spiders share: posts of a watch are read again, each with what hangs under it.

A series is one item: its own page (which refreshes its counts, its text, and whether it is there),
then comments newest first until what is known, reposts, and the replies that previews cut. Which
addresses a page opens is the platform's (`opens`); the rest is here.
"""

from abc import abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import ClassVar
from urllib.parse import urlsplit

from crawlers.browser_items import BrowserItems, Panel
from crawlers.browser_search import BrowserSearch
from crawlers.endings import ITEM_ANSWERS, failed
from crawlers.frontier import PageRequest
from crawlers.item_intake import ItemIntake
from crawlers.items import PAGES_PER_ITEM, Item, Opened, grew, items_to_read, with_history
from crawlers.pairs import find_pair
from crawlers.pipelines import Intake, Read, Taken
from crawlers.plan import Outcome, Series, Tally
from crawlers.run import Report
from crawlers.services import Services
from crawlers.spiders.base import WatchSpider
from crawlers.windows import Window
from domain.coverage import CoverageState
from domain.crawl import Sighting, SightingOutcome, read_to_the_end, taken_by
from domain.hosts import normal_host, port_of
from domain.mention import Flag, Mention
from domain.page import FoundMention, PageState


class ItemSpider(WatchSpider):
    """Read the recent negative posts of one watch again. Arguments: `watch` and `source`."""

    answers: ClassVar[Collection[PageState]] = ITEM_ANSWERS
    gone_ends_run = False
    panel: ClassVar[Panel] = Panel(call="")

    items: dict[int, Item]

    def prepare(self, services: Services, watch: str, source: str, report: Report | None) -> None:
        """Choose the items before the run begins, because it begins in one unit of work; a run that
        is taken over has its own.
        """
        self._services = services
        self.items = {}
        wanted, asked = find_pair(services, self.name, watch, source)
        self._chosen = items_to_read(services, wanted, asked.platform)
        super().prepare(services, watch, source, report)

    # ---- which pages -------------------------------------------------------------------------

    def windows(self, planned: tuple[Window, ...]) -> tuple[Window, ...]:
        """The newest window alone: history is not looked for here."""
        return planned[:1]

    def make_series(self, windows: tuple[Window, ...]) -> tuple[Series, ...]:
        """A chain for each item, which stands where a search has its query."""
        return tuple(
            Series(item.mention.id, (0,), self.address(item.mention)) for item in self._chosen
        )

    def make_intake(self, services: Services, read: Read) -> Intake:
        """Load the items of the plan, which may be that of a run before this one: what was erased
        since then is not asked for, nor read from the archive.
        """
        ids = [series.query for series in self.frontier.plan.series]
        stored = services.store.get(ids)
        known = with_history(services, stored.values())
        by_id = {item.mention.id: item for item in known}
        self.items |= {number: by_id[i] for number, i in enumerate(ids) if i in by_id}
        erased = [number for number, i in enumerate(ids) if i not in by_id]
        self.skipped = sum(self.frontier.skip(number) for number in erased)
        self._pages = ItemIntake(services, self.frontier, self.watch, read, self.items)
        return self._pages

    @abstractmethod
    def address(self, mention: Mention) -> str:
        """Return the address of an item's own page."""

    @abstractmethod
    def opens(self, url: str, taken: Taken, item: Item) -> Opened:
        """Return where a page leads to that has an answer. Pure."""

    def call_of(self, request: PageRequest) -> str:
        """An item's own page is listened to where it calls for what hangs under it; what it leads
        to is read as it is.
        """
        return self.panel.call if request.page == 1 else ""

    def browser(self, read: Read) -> BrowserSearch:
        """The page of an item, and what it calls for."""
        return BrowserItems(
            self.search_run,
            self.conduct,
            self.session,
            read,
            self.panel.call,
            0,
            panel=self.panel,
            items=self,
        )

    # ---- what follows ------------------------------------------------------------------------

    def next_step(self, request: PageRequest, taken: Taken, tally: Tally) -> PageRequest | Outcome:
        """Go on until everything under the item was read, or as much as one look reads."""
        item = self.items[request.series]
        if request.page == 1 and taken.page.state is PageState.GONE:
            return self._gone(item.mention, tally)
        if taken.page.state is PageState.NOT_CONTENT:
            return Outcome(CoverageState.PARTIAL, "not_content", tally)
        return self.go_on(request, self.opens(request.url, taken, item), tally)

    def go_on(self, request: PageRequest, opened: Opened, tally: Tally) -> PageRequest | Outcome:
        """Return the next page of a series, or how it ended."""
        ahead, later = (*request.ahead, *opened.on), (*request.later, *opened.later)
        if not (ahead or later):
            self._finish(request)
            return Outcome.seen(tally)
        if request.page >= PAGES_PER_ITEM:
            self._finish(request)
            return Outcome(CoverageState.PARTIAL, "depth_limit", tally)
        if not ahead:
            ahead, later = later[:1], later[1:]
        first, rest = ahead[0], ahead[1:]
        if not self._is_of_this_site(first):
            return replace(failed("address_refused"), tally=tally)
        return PageRequest(
            request.series, first, page=request.page + 1, tally=tally, ahead=rest, later=later
        )

    def has_more(self, taken: Taken, item: Item) -> bool:
        """Whether the page of an item says that there may be comments that are not known."""
        own = self.refreshed(taken, item)
        count = own.comments if own else None
        return count != 0 and grew(item, count, "comments")

    def reached(self, request: PageRequest) -> int:
        """Return the page at which the next reading of the item may begin."""
        return 1

    @property
    def site(self) -> str:
        """Where the source is asked."""
        return self.source.base_url.rstrip("/")

    def refreshed(self, taken: Taken, item: Item) -> FoundMention | None:
        """Return the item as a page shows it, None where it is not on the page."""
        own = (found for found in taken.page.mentions if found.id == item.mention.id)
        return next(own, None)

    def _is_of_this_site(self, url: str) -> bool:
        """Whether an address, which may be crawled text, lies where the source is asked."""
        own = urlsplit(self.source.base_url)
        try:
            other = urlsplit(url)
            return (normal_host(own), port_of(own)) == (normal_host(other), port_of(other))
        except ValueError:
            return False

    # ---- what is noted -----------------------------------------------------------------------

    def _finish(self, request: PageRequest) -> None:
        """Note that everything under an item was read, so that the next look goes on from here."""
        now, page = self._services.clock.now(), self.reached(request)
        mention_id = self.frontier.plan.series[request.series].query
        with self._services.begin_work() as work:
            looks = (s for s in work.crawls.sightings(mention_id) if s.is_in_depth)
            look = next(looks, None)
            if look is not None and look.read_to is None:
                work.crawls.saw([read_to_the_end(look, page, now)])
                work.commit()

    def _gone(self, mention: Mention, tally: Tally) -> Outcome:
        """The platform has the item no more: it is kept, says so, and is not asked for again.

        A site that has none of the items is not the platform (a wrong base_url): that is believed
        only once another item has answered, and until then the item waits for its next turn.
        """
        now = self._services.clock.now()
        detail = taken_by(mention.watch_ids, in_depth=True)
        sighting = Sighting(
            mention.id, mention.url, self.frontier.run.id, now, SightingOutcome.GONE, detail
        )
        if self._pages.has_answered:
            self._flag_as_gone(mention, now)
        with self._services.begin_work() as work:
            work.crawls.saw([sighting])
            work.commit()
        if self._pages.has_answered:
            return Outcome.seen(tally)
        return Outcome(CoverageState.PARTIAL, "gone", tally)

    def _flag_as_gone(self, mention: Mention, now: datetime) -> None:

        def gone(stored: Mention) -> Mention:
            flags = stored.flags | {Flag.DELETED_UPSTREAM}
            return replace(stored, flags=flags, collected_at=max(stored.collected_at, now))

        self._services.store.amend(mention.id, gone)


def new_only(found: Sequence[FoundMention], known: Collection[str]) -> list[FoundMention]:
    """Return what stands on a page by itself and was not known before."""
    return [mention for mention in found if not mention.embedded and mention.id not in known]


def shown_under(found: Sequence[FoundMention], parent_id: str) -> int:
    """Return how many answers to a comment a page shows."""
    return sum(mention.embedded and mention.parent_id == parent_id for mention in found)
