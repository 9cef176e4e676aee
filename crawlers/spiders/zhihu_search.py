"""Zhihu: the site's own search page, whose script makes a signed call that only it can make."""

from typing import ClassVar
from urllib.parse import quote

from crawlers.frontier import PageRequest
from crawlers.pages import zhihu_search
from crawlers.pipelines import Read, Taken
from crawlers.plan import Outcome, Tally
from crawlers.spiders.base import SearchSpider
from domain.coverage import CoverageState


class ZhihuSearchSpider(SearchSpider):
    """In a browser: the replies to `search_v3` while scrolling. Over plain HTTP: what the search
    page shows without its script; where that is nothing, the ledger says that a browser is needed.
    """

    name = "zhihu_search"
    read: ClassVar[Read] = staticmethod(zhihu_search.parse)
    call = "/api/v4/search_v3"
    max_scrolls = 10

    def first_url(self, query: str) -> str:
        """The search page, newest first: only then does a list say how far back it reached.

        `sort=created_time` is the choice of the page's own filter bar, which it hands on to its
        call.
        """
        site = self.source.base_url.rstrip("/")
        return f"{site}/search?type=content&q={quote(query)}&sort=created_time"

    def next_step(self, request: PageRequest, taken: Taken, tally: Tally) -> PageRequest | Outcome:
        """One page is all that plain HTTP can open; the rest is behind the signed call."""
        if taken.page.next is None:
            return Outcome.seen(tally)
        return Outcome(
            CoverageState.PARTIAL,
            "browser_needed",
            tally,
            complete_since=self.frontier.plan.span(request.series)[1],
        )
