"""A search that only a browser can make: the replies to the page's own call, read while scrolling.

How a browser page is opened, guarded and listened to: `crawlers.browsing`.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page as BrowserPage
from scrapy import Request
from scrapy.http import Response

from browser.launch import CONTEXT_OPTIONS, guard_page
from crawlers.browsing import (
    PAGE_CLOCK,
    Replies,
    ReplyTooLarge,
    page_rules,
    scroll_again,
    scroll_down,
)
from crawlers.conduct import Conduct
from crawlers.endings import failed, outcome_of, wall_of
from crawlers.frontier import PageRequest
from crawlers.pipelines import Read, Taken, oldest
from crawlers.plan import NOTHING, Outcome, Tally
from crawlers.run import SearchRun, Step
from crawlers.sessions import RunSession
from domain.coverage import CoverageState
from domain.crawl import FrontierEntry
from domain.errors import AddressRefused, LayoutChanged, StoreError
from domain.page import Page, PageState

PATIENCE = 15.0
"""Seconds to wait for a page's own call."""
SCROLL_PAUSE = 2.5
"""Seconds between two scrolls on a site that has a pace."""
_NUDGES = 3
"""So often a page is scrolled for one reply."""


class Reach(Protocol):
    """What the replies that came so far allow to say."""

    def after_reply(self, seen: Sequence[Taken], series: int) -> Outcome | None:
        """Return how a series ended, None when there is more to scroll for."""

    def cut_off(self, seen: Sequence[Taken], series: int) -> Outcome:
        """Return how it ended when there is more than was read."""


@dataclass(frozen=True, slots=True)
class BrowserSearch:
    """Searches of one run. `call` is part of the address of the page's own call ("": the page
    itself is read), `max_scrolls` how often it is scrolled for more. `reach` judges lists that are
    no search; `page_begins`: the page itself holds the beginning of the list.
    """

    run: SearchRun
    conduct: Conduct
    session: RunSession
    read: Read
    call: str
    max_scrolls: int
    reach: Reach | None = None
    page_begins: bool = False

    def equip(self, request: Request, series: int, call: str | None = None) -> None:
        """Make a request one that opens a guarded browser page, listening from the beginning to
        `call` (by default that of the run).
        """
        rules = page_rules(self.conduct)
        replies = Replies(self.call if call is None else call)

        async def before(page: BrowserPage, _: Request) -> None:
            await guard_page(page, rules)
            if replies.call:
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
                if response.meta["replies"].call:
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
        landed = self._landed(response)
        if self.run.is_gone(None, landed[2]):
            gone = Taken(Page("", PageState.GONE), Tally(pages=1))
            self.run.goes_on(entry, self._judged([gone], request))
            return
        wall = self._wall_in(*landed)
        if wall is not None:
            self.run.halt(wall, request)
            return
        seen: list[Taken] = []
        if self.page_begins and request.then is None:
            taken = self._captured(request, 1, landed)
            if taken is None:
                return
            seen.append(taken)
        outcome = self._after_reply(seen, request) if seen else None
        replies: Replies = response.meta["replies"]
        while outcome is None:
            reply = await self._more(page, replies) if seen else await replies.next(PATIENCE)
            if reply is None:
                outcome = await self._silent(page, request, seen, replies.call)
                break
            taken = self._captured(request, len(seen) + 1, reply)
            if taken is None:
                return
            seen.append(taken)
            outcome = self._after_reply(seen, request)
        if outcome is not None:
            self.run.goes_on(entry, self._judged(seen, request, outcome))

    async def _more(self, page: BrowserPage, replies: Replies) -> tuple[bytes, str, int] | None:
        """Scroll for the next reply. A page that is still at work on the last one may miss a
        scroll, so it is scrolled a few times before its silence means anything.
        """
        for nudge in range(_NUDGES):
            if self.conduct.pace:
                await asyncio.sleep(SCROLL_PAUSE)
            await (scroll_again if nudge else scroll_down)(page)
            reply = await replies.next(PATIENCE / _NUDGES)
            if reply is not None:
                return reply
        return None

    def _judged(
        self, seen: Sequence[Taken], request: PageRequest, outcome: Outcome | None = None
    ) -> Step:
        """Return what follows a page: for one of a detour whatever comes after it."""
        tally = request.tally.plus(total(seen))
        if request.then is not None:
            return request.then.after(request.series, tally)
        end = outcome or self._after_reply(seen, request) or self._ceiling(seen, request.series)
        return self.run.detour(request.series, seen, end)

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

    def _after_reply(self, seen: Sequence[Taken], request: PageRequest) -> Outcome | None:
        """Return how the search ended, None when there is more to scroll for. A page of a detour
        tells in one reply what it was opened for.
        """
        series, last = request.series, seen[-1]
        if request.then is not None:
            return Outcome.seen(total(seen))
        if self.reach is not None:
            outcome = self.reach.after_reply(seen, series)
            is_all = outcome is not None or len(seen) <= self.max_scrolls
            return outcome if is_all else self.reach.cut_off(seen, series)
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
        if self.reach is not None:
            return self.reach.cut_off(seen, series)
        tally = total(seen)
        since = tally.oldest if is_by_time(seen) else self.run.frontier.plan.span(series)[1]
        return Outcome(CoverageState.PARTIAL, "result_ceiling", tally, complete_since=since)

    async def _silent(
        self, page: BrowserPage, request: PageRequest, seen: Sequence[Taken], call: str
    ) -> Outcome | None:
        """The page made no (further) call: return how the search ended; None, and the run is
        halted, when it made none at all: what it shows instead says why, or that robots.txt forbids
        the call.
        """
        if seen:
            return self._ceiling(seen, request.series)
        wall = self._wall_in((await page.content()).encode(), page.url, 200)
        refusal = self.conduct.refusal_of(call)
        refused = outcome_of(refusal) if refusal is not None else failed("timeout")
        self.run.halt(wall or refused, request)
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
