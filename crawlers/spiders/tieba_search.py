"""Baidu Tieba: the replies of the 2026 search page, and the finished html before it."""

from typing import ClassVar
from urllib.parse import quote, quote_plus

from crawlers.frontier import PageRequest
from crawlers.pages import tieba_search
from crawlers.pipelines import Read, Taken, newest
from crawlers.plan import Outcome, Tally
from crawlers.spiders.base import SearchSpider
from domain.brand import Transport
from domain.coverage import CoverageState
from domain.page import PageState

MAX_PAGES = 50
"""A bound of our own: nobody wrote down how far the older pages reach."""


class TiebaSearchSpider(SearchSpider):
    """In a browser: the first 20 of the page's own `multsearch` call, all that can be relied on.
    Over plain HTTP: the older result pages, newest first.
    """

    name = "tieba_search"
    read: ClassVar[Read] = staticmethod(tieba_search.parse)
    call = "/mo/q/search/multsearch"
    max_scrolls = 0

    def first_url(self, query: str) -> str:
        """The search page."""
        base = f"{self.source.base_url.rstrip('/')}/f/search/res?ie=utf-8"
        if self.source.transport is Transport.BROWSER:
            return f"{base}&qw={quote(query)}"
        return f"{base}&qw={quote_plus(query)}&rn=20&sm=1&pn=1"

    def next_step(self, request: PageRequest, taken: Taken, tally: Tally) -> PageRequest | Outcome:
        """Go on until the windows are seen or nothing follows."""
        latest = newest(taken.page.mentions)
        start, _ = self.frontier.plan.span(request.series)
        if taken.page.state is PageState.EMPTY or taken.page.next is None:
            return Outcome.seen(tally)
        if latest is not None and latest < start:
            return Outcome.seen(tally)
        if taken.all_known and not self.frontier.plan.has_history(request.series):
            return Outcome.seen(tally)
        if request.page >= MAX_PAGES:
            return Outcome(
                CoverageState.PARTIAL, "result_ceiling", tally, complete_since=tally.oldest
            )
        number = request.page + 1
        url = f"{request.url.rpartition('&pn=')[0]}&pn={number}"
        return PageRequest(request.series, url, page=number, tally=tally)
