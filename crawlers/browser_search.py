"""A search that only a browser can make: the replies to the page's own call, read while scrolling.

How a browser page is opened, guarded and listened to: `crawlers.browsing`.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page as BrowserPage
from scrapy import Request
from scrapy.http import Response

from browser.launch import CONTEXT_OPTIONS, guard_page
from crawlers.browsing import PAGE_CLOCK, Replies, ReplyTooLarge, page_rules, scroll_down
from crawlers.conduct import Conduct
from crawlers.endings import failed, wall_of
from crawlers.frontier import PageRequest
from crawlers.pipelines import Read, Taken, oldest
from crawlers.plan import NOTHING, Outcome, Tally
from crawlers.run import SearchRun
from crawlers.sessions import RunSession
from domain.coverage import CoverageState
from domain.crawl import FrontierEntry
from domain.errors import AddressRefused, LayoutChanged, StoreError
from domain.page import PageState

PATIENCE = 15.0
"""Seconds to wait for a page's own call."""
SCROLL_PAUSE = 2.5
"""Seconds between two scrolls on a site that has a pace."""


@dataclass(frozen=True, slots=True)
class BrowserSearch:
    """Searches of one run. `call` is part of the address of the page's own call ("": the page
    itself is read), `max_scrolls` how often it is scrolled for more.
    """

    run: SearchRun
    conduct: Conduct
    session: RunSession
    read: Read
    call: str
    max_scrolls: int

    def equip(self, request: Request, series: int) -> None:
        """Make a request one that opens a guarded browser page, listening from the beginning."""
        rules = page_rules(self.conduct)
        replies = Replies(self.call)

        async def before(page: BrowserPage, _: Request) -> None:
            await guard_page(page, rules)
            if self.call:
                replies.listen(page)

        request.meta.update(
            playwright=True,
            playwright_context=f"search-{series}",
            playwright_context_kwargs={
                **CONTEXT_OPTIONS,
                "user_agent": self.conduct.user_agent,
                **self.session.context_options(),
            },
            playwright_include_page=True,
            playwright_page_init_callback=before,
            replies=replies,
        )

    async def search(self, page: BrowserPage, response: Response, entry: FrontierEntry) -> None:
        """Read what the page shows or brings, within PAGE_CLOCK, and close it."""
        request = self.run.frontier.request_of(entry)
        try:
            async with asyncio.timeout(PAGE_CLOCK):
                if self.call:
                    await self._listen(page, response, entry)
                else:
                    self.run.arrived(entry, *self._landed(response))
        except ReplyTooLarge:
            self.run.halt(failed("body_too_large"), request)
        except (TimeoutError, PlaywrightError):
            self.run.halt(failed("timeout"), request)
        except StoreError as error:
            self.run.abandon(error)
        finally:
            await self.session.leave(page.context)
            await page.context.close()

    def _landed(self, response: Response) -> tuple[bytes, str, int]:
        """Return body, address and status of where a browser page ended up. At an address that it
        may not be at (a redirect led there), an empty 302 as `GuardMiddleware` answers.
        """
        try:
            self.conduct.policy.check_url(response.url)
        except AddressRefused:
            return b"", response.url, 302
        return response.body, response.url, response.status

    async def _listen(self, page: BrowserPage, response: Response, entry: FrontierEntry) -> None:
        """Read the replies to the page's own call while scrolling, then end the series."""
        request = self.run.frontier.request_of(entry)
        wall = self._wall_in(*self._landed(response))
        if wall is not None:
            self.run.halt(wall, request)
            return
        replies: Replies = response.meta["replies"]
        seen: list[Taken] = []
        outcome: Outcome | None = None
        while outcome is None:
            reply = await replies.next(PATIENCE)
            if reply is None:
                outcome = await self._silent(page, request, seen)
                break
            taken = self._captured(request, len(seen) + 1, reply)
            if taken is None:
                return
            seen.append(taken)
            outcome = self._after_reply(seen, request.series)
            if outcome is None:
                if self.conduct.pace:
                    await asyncio.sleep(SCROLL_PAUSE)
                await scroll_down(page)
        if outcome is not None:
            self.run.frontier.advance(entry, outcome)

    def _captured(
        self, request: PageRequest, number: int, reply: tuple[bytes, str, int]
    ) -> Taken | None:
        body, url, status = reply
        captured = PageRequest(request.series, url, page=number, captured=True)
        kept = self.run.frontier.captured(captured, body, url=url, status=status)
        taken = self.run.take(kept, captured)
        if taken is not None:
            self.run.frontier.advance(kept, None)
        return taken

    def _after_reply(self, seen: Sequence[Taken], series: int) -> Outcome | None:
        """Return how the search ended, None when there is more to scroll for."""
        last = seen[-1]
        if last.page.next is None:
            return Outcome.seen(total(seen))
        if is_by_time(seen):
            plan = self.run.frontier.plan
            since = oldest(last.page.mentions)
            start, _ = plan.span(series)
            known = last.all_known and not plan.has_history(series)
            if known or (since is not None and since < start):
                return Outcome.seen(total(seen))
        return self._ceiling(seen, series) if len(seen) > self.max_scrolls else None

    def _ceiling(self, seen: Sequence[Taken], series: int) -> Outcome:
        """There is more than we scroll for. Where what came was in order of time, everything since
        the oldest of it was seen; a ranked list says nothing of the kind.
        """
        tally = total(seen)
        since = tally.oldest if is_by_time(seen) else self.run.frontier.plan.span(series)[1]
        return Outcome(CoverageState.PARTIAL, "result_ceiling", tally, complete_since=since)

    async def _silent(
        self, page: BrowserPage, request: PageRequest, seen: Sequence[Taken]
    ) -> Outcome | None:
        """The page made no (further) call: return how the search ended; None, and the run is
        halted, when it made none at all: what it shows instead says why.
        """
        if seen:
            return self._ceiling(seen, request.series)
        wall = self._wall_in((await page.content()).encode(), page.url, 200)
        self.run.halt(wall or failed("timeout"), request)
        return None

    def _wall_in(self, body: bytes, url: str, status: int) -> Outcome | None:
        """Return the wall that a browser page shows; what else it shows does not matter here."""
        now = self.run.frontier.run.started_at
        try:
            page = self.read(body, url=url, status=status, fetched_at=now)
        except LayoutChanged:
            return wall_of(None, status)
        return wall_of(page if page.state is PageState.BLOCKED else None, status)


def total(taken: Sequence[Taken]) -> Tally:
    """Return the figures of several pages together."""
    tally = NOTHING
    for one in taken:
        tally = tally.plus(one.tally)
    return tally


def is_by_time(taken: Sequence[Taken]) -> bool:
    """Whether the mentions of several pages came newest first, each with its time."""
    times = [m.published_at for t in taken for m in t.page.mentions if not m.embedded]
    known = [time for time in times if time is not None]
    ordered = all(newer >= older for newer, older in pairwise(known))
    return bool(known) and len(known) == len(times) and ordered
