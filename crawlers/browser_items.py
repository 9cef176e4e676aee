"""An item in a browser: its own page, and what that calls for when its comments are opened.

Where the page itself says something (Zhihu), it is taken first; a frame without content (Tieba) is
only listened to. Every reply is kept and stored as it comes. Addresses beside an item's own page
are opened and read as they are (`BrowserSearch`): Chrome shows JSON inside `<pre>`, which the
readers know.
"""

import asyncio
import re
from dataclasses import dataclass, replace
from typing import Protocol

from playwright.async_api import Page as BrowserPage
from scrapy.http import Response

from crawlers.browser_search import PATIENCE, SCROLL_PAUSE, BrowserSearch, total
from crawlers.browsing import Replies, scroll_boxes
from crawlers.endings import failed
from crawlers.frontier import PageRequest
from crawlers.items import PAGES_PER_ITEM, Item, Opened
from crawlers.pipelines import Taken
from crawlers.plan import Outcome, Tally
from domain.coverage import CoverageState
from domain.crawl import FrontierEntry
from domain.page import PageState

UNFOLD_PATIENCE = 5.0
"""Seconds to wait for the replies behind a button."""


@dataclass(frozen=True, slots=True)
class Panel:
    """How an item's page shows what hangs under it: `call` is part of the address that it asks,
    `opens` names the button that begins it (None: the page does by itself), `unfolds` the buttons
    behind which the rest of the replies to a comment stands.
    """

    call: str
    opens: re.Pattern[str] | None = None
    unfolds: re.Pattern[str] | None = None


class Items(Protocol):
    """The spider, as far as the browser asks it."""

    items: dict[int, Item]

    def opens(self, url: str, taken: Taken, item: Item) -> Opened:
        """Where a page leads to."""

    def has_more(self, taken: Taken, item: Item) -> bool:
        """Whether the page of an item says that something new hangs under it."""

    def next_step(self, request: PageRequest, taken: Taken, tally: Tally) -> PageRequest | Outcome:
        """What follows a page that is read as it is."""

    def go_on(self, request: PageRequest, opened: Opened, tally: Tally) -> PageRequest | Outcome:
        """What follows when this is all that is left to ask."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserItems(BrowserSearch):
    """Items of one run. `items` is the spider, which knows what to ask next."""

    panel: Panel
    items: Items

    async def _listen(self, page: BrowserPage, response: Response, entry: FrontierEntry) -> None:
        """Take the page of an item, then what it calls for."""
        request = self.run.frontier.request_of(entry)
        body, url, status = self._landed(response)
        kept = self.run.frontier.fetched(entry, body, url=url, status=status)
        own = self.run.take(kept, request)
        if own is None:
            return
        if await self._begins(page, own, self.items.items[request.series]):
            then = await self._what_is_called(page, response.meta["replies"], request, own)
        else:
            then = self._as_it_is(request, own)
        if then is not None:
            self.run.goes_on(kept, then)

    async def _begins(self, page: BrowserPage, own: Taken, item: Item) -> bool:
        """Whether the page calls for what hangs under the item; its button is pressed for that."""
        if self.panel.opens is None:
            return own.page.state is PageState.NOT_CONTENT
        if own.page.state is not PageState.OK or not self.items.has_more(own, item):
            return False
        await page.get_by_role("button", name=self.panel.opens).first.click()
        return True

    def _as_it_is(self, request: PageRequest, own: Taken) -> PageRequest | Outcome:
        tally = request.tally.plus(own.tally)
        if self.panel.opens is not None and own.page.state is PageState.OK:
            return self.items.go_on(request, Opened(), tally)
        return self.items.next_step(request, own, tally)

    async def _what_is_called(
        self, page: BrowserPage, replies: Replies, request: PageRequest, own: Taken
    ) -> PageRequest | Outcome | None:
        """Take the replies while scrolling, then those behind buttons; None when one of them, or
        their absence, ended the run.
        """
        item = self.items.items[request.series]
        seen, cut = [own], list[str]()
        opened = Opened(on=(request.url,))
        while opened.on and len(seen) < PAGES_PER_ITEM:
            reply = await replies.next(PATIENCE)
            if reply is None:
                return await self._nothing_came(page, request, seen)
            taken = self._captured(request, len(seen) + 1, reply)
            if taken is None:
                return None
            seen.append(taken)
            opened = self.items.opens(reply[1], taken, item)
            cut += opened.later
            if opened.on:
                await self._pause()
                await scroll_boxes(page)
        if self.panel.unfolds is not None:
            cut = []  # these addresses are the page's own to ask
            if not await self._unfold(page, replies, request, seen):
                return None
        tally = request.tally.plus(total(seen))
        last = replace(request, page=len(seen))
        return self.items.go_on(last, Opened(on=opened.on, later=tuple(cut)), tally)

    async def _unfold(
        self, page: BrowserPage, replies: Replies, request: PageRequest, seen: list[Taken]
    ) -> bool:
        """Press the buttons behind which replies stand; False when what came ended the run."""
        button = page.get_by_role("button", name=self.panel.unfolds).first
        while len(seen) < PAGES_PER_ITEM and await button.count():
            await self._pause()
            await button.click()
            reply = await replies.next(UNFOLD_PATIENCE)
            if reply is None:
                return True
            taken = self._captured(request, len(seen) + 1, reply)
            if taken is None:
                return False
            seen.append(taken)
        return True

    async def _nothing_came(
        self, page: BrowserPage, request: PageRequest, seen: list[Taken]
    ) -> Outcome | None:
        """The page made no (further) call. When it made none at all, what it shows says why."""
        if len(seen) > 1:
            tally = request.tally.plus(total(seen))
            return Outcome(CoverageState.PARTIAL, "timeout", tally)
        wall = self._wall_in((await page.content()).encode(), page.url, 200)
        self.run.halt(wall or failed("timeout"), request)
        return None

    async def _pause(self) -> None:
        if self.conduct.pace:
            await asyncio.sleep(SCROLL_PAUSE)
