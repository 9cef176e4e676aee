"""Weibo: the result pages of s.weibo.com."""

from datetime import datetime, timedelta
from typing import ClassVar
from urllib.parse import quote, urlsplit

from crawlers.frontier import PageRequest
from crawlers.pages import weibo_search
from crawlers.pipelines import Read, Taken, newest
from crawlers.plan import Outcome, Part, Series, Split, Tally
from crawlers.run import Step
from crawlers.spiders.base import SearchSpider
from crawlers.windows import Window, by_day, by_hour
from domain.coverage import CoverageState
from domain.page import PageState
from domain.times import CHINA

MAX_PAGES = 50
"""The platform shows no more pages of a search, whatever it found."""
CEILING = 46
"""A list that ends here or later was cut off, as an established client found (dataabc/weibo-search,
FURTHER_THRESHOLD, seen in June 2026): the platform drops some results and shows fewer than 50."""


class WeiboSearchSpider(SearchSpider):
    """The newest posts from `/realtime`, history a day at a time from `/weibo?timescope=…`; what
    has more than MAX_PAGES is asked for hour by hour.
    """

    name = "weibo_search"
    read: ClassVar[Read] = staticmethod(weibo_search.parse)

    def windows(self, planned: tuple[Window, ...]) -> tuple[Window, ...]:
        """The newest window as it is, history cut by day."""
        parts = (by_day(window) if window.backfill else (window,) for window in planned)
        return tuple(part for each in parts for part in each)

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
        return self._history_url(query, window) if window.backfill else self.first_url(query)

    def _history_url(self, query: str, window: Window) -> str:
        scope = (
            f"custom:{_hour(window.start)}:{_hour(window.end + timedelta(minutes=59, seconds=59))}"
        )
        asked = f"q={quote(query)}&typeall=1&suball=1&timescope={scope}&Refer=g&page=1"
        return f"{self.source.base_url.rstrip('/')}/weibo?{asked}"

    def next_step(self, request: PageRequest, taken: Taken, tally: Tally) -> Step:
        """Go on until the window is seen, nothing new comes, or the platform shows no more."""
        newest_first = urlsplit(request.url).path.endswith("/realtime")
        page = taken.page
        latest = newest(page.mentions)
        start, _ = self.frontier.plan.span(request.series)
        ends = page.state is PageState.EMPTY or not page.mentions or page.next is None
        if newest_first and (taken.all_known or (latest is not None and latest < start)):
            return Outcome.seen(tally)
        if request.page >= (CEILING if ends else MAX_PAGES):
            # a ranked list says nothing of how far back it reached, a list by time does
            return self._ceiling(request.series, tally, tally.oldest if newest_first else None)
        if ends:
            return Outcome.seen(tally)
        number = request.page + 1
        url = f"{request.url.rpartition('&page=')[0]}&page={number}"
        return PageRequest(request.series, url, page=number, tally=tally)

    def _ceiling(self, series: int, tally: Tally, since: datetime | None) -> Step:
        """Ask hour by hour for what was not seen; an hour by itself cannot be cut any further."""
        start, end = self.frontier.plan.span(series)
        if since is not None:
            # of the oldest minute some posts may have fallen off the end of the list
            since = min(since.replace(second=0, microsecond=0) + timedelta(minutes=1), end)
        hours = list(by_hour(Window(start, since or end)))
        if since is None and len(hours) < 2:
            return Outcome(CoverageState.PARTIAL, "result_ceiling", tally)
        if not hours:
            return Outcome.seen(tally)
        query = self.frontier.plan.series[series].query
        parts = (Part(h.start, h.end, self._history_url(query, h)) for h in hours)
        return Split(tuple(parts), tally, seen_since=since)


def _hour(time: datetime) -> str:
    """Return a moment as the search takes it: whole hours of China."""
    local = time.astimezone(CHINA)
    return f"{local:%Y-%m-%d}-{local.hour}"
