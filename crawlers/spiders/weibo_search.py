"""Weibo: the result pages of s.weibo.com."""

from datetime import datetime, timedelta
from typing import ClassVar
from urllib.parse import quote, urlsplit

from crawlers.frontier import PageRequest
from crawlers.pages import weibo_search
from crawlers.pipelines import Read, Taken, newest
from crawlers.plan import Outcome, Series, Tally
from crawlers.spiders.base import SearchSpider
from crawlers.windows import Window, by_day
from domain.coverage import CoverageState
from domain.page import PageState
from domain.times import CHINA

MAX_PAGES = 50
"""The platform shows no more pages of a search, whatever it found."""


class WeiboSearchSpider(SearchSpider):
    """The newest posts from `/realtime`, history a day at a time from `/weibo?timescope=…`."""

    name = "weibo_search"
    read: ClassVar[Read] = staticmethod(weibo_search.parse)

    def windows(self, planned: tuple[Window, ...]) -> tuple[Window, ...]:
        """The newest window as it is, history cut by day."""
        history = (day for window in planned[1:] for day in by_day(window))
        return (planned[0], *history)

    def make_series(self, windows: tuple[Window, ...]) -> tuple[Series, ...]:
        """A chain for each query and window."""
        return tuple(
            Series(query, (number,), self._url(query, window))
            for number, window in enumerate(windows)
            for query in self.watch.queries
        )

    def first_url(self, query: str) -> str:
        """The newest posts."""
        asked = f"q={quote(query)}&rd=realtime&tw=realtime&Refer=weibo_realtime&page=1"
        return f"{self.source.base_url.rstrip('/')}/realtime?{asked}"

    def _url(self, query: str, window: Window) -> str:
        if not window.backfill:
            return self.first_url(query)
        scope = (
            f"custom:{_hour(window.start)}:{_hour(window.end + timedelta(minutes=59, seconds=59))}"
        )
        asked = f"q={quote(query)}&typeall=1&suball=1&timescope={scope}&Refer=g&page=1"
        return f"{self.source.base_url.rstrip('/')}/weibo?{asked}"

    def next_step(self, request: PageRequest, taken: Taken, tally: Tally) -> PageRequest | Outcome:
        """Go on until the window is seen, nothing new comes, or the platform shows no more."""
        newest_first = urlsplit(request.url).path.endswith("/realtime")
        page = taken.page
        latest = newest(page.mentions)
        start, _ = self.frontier.plan.span(request.series)
        if page.state is PageState.EMPTY or not page.mentions:
            return Outcome.seen(tally)
        if newest_first and (taken.all_known or (latest is not None and latest < start)):
            return Outcome.seen(tally)
        if request.page >= MAX_PAGES:
            # a ranked list says nothing of how far back it reached, a list by time does
            since = tally.oldest if newest_first else None
            return Outcome(CoverageState.PARTIAL, "result_ceiling", tally, complete_since=since)
        if page.next is None:
            return Outcome.seen(tally)
        number = request.page + 1
        url = f"{request.url.rpartition('&page=')[0]}&page={number}"
        return PageRequest(request.series, url, page=number, tally=tally)


def _hour(time: datetime) -> str:
    """Return a moment as the search takes it: whole hours of China."""
    local = time.astimezone(CHINA)
    return f"{local:%Y-%m-%d}-{local.hour}"
