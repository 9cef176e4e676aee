"""What the spiders of followed pages share: a list, newest first, read back to what is known.

    in the order of publication   a page of which all is known ends a series
    in the order of last replies  only the time of the last reply does: what is known comes up again
                                  with each reply, and hides nothing behind it

Pinned entries stand first, whatever their age, so a page counts as reached by its last entries.
"""

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import ClassVar
from urllib.parse import urljoin, urlsplit

from crawlers.browser_search import Reach, total
from crawlers.frontier import PageRequest
from crawlers.pipelines import Taken
from crawlers.plan import Outcome, Series, Tally
from crawlers.run import Step
from crawlers.spiders.base import WatchSpider
from crawlers.windows import Window
from domain.brand import Follow
from domain.coverage import CoverageState
from domain.errors import ConfigurationError, Text
from domain.follows import follow_text, followed_by, parse_follow
from domain.page import FoundMention, PageState

MAX_PAGES = 50
"""A bound of our own for a list: what lies further back is left to the ledger's `partial`."""
MOST_DETAILS = 20
"""So many pages are opened for a list at most; the next look opens others."""
_TAIL = 3
"""By so many entries at its end a page tells how far back it reached."""


class FollowSpider(WatchSpider):
    """Reads the pages of its kind that a watch follows. Subclasses say where a list begins
    (`first_urls`) and where it goes on (`following`).
    """

    gone_ends_run = False
    by_activity: ClassVar[bool] = False

    def make_series(self, windows: tuple[Window, ...]) -> tuple[Series, ...]:
        """A chain for each list of each followed page, over all windows."""
        follows = followed_by(self.watch, self.source)
        if not follows:
            raise ConfigurationError(
                Text("这个方案没有关注任何该来源能读的页面", "this watch follows nothing it reads"),
                place=f"{self.watch.id} × {self.source.id}",
                mend=Text("在方案的 follow 中写上要关注的页面", "fill `follow` of the watch"),
            )
        everything = tuple(range(len(windows)))
        return tuple(
            Series(follow_text(follow), everything, url)
            for follow in follows
            for url in self.first_urls(follow)
        )

    @property
    def site(self) -> str:
        """Where the platform is, without a slash at its end."""
        return self.source.base_url.rstrip("/")

    def followed(self, series: int) -> Follow:
        """Return what a series follows."""
        return parse_follow(self.frontier.plan.series[series].query)

    @abstractmethod
    def first_urls(self, follow: Follow) -> tuple[str, ...]:
        """Return the addresses at which the lists of a followed page begin."""

    @abstractmethod
    def following(self, request: PageRequest, token: str) -> str | None:
        """Return the address of the next page by the reader's `next`; None: it may not be asked."""

    def next_step(self, request: PageRequest, taken: Taken, tally: Tally) -> Step:
        """Go on until the windows are seen or nothing follows."""
        outcome = self._end(taken, request.series, tally, page=request.page)
        if outcome is not None:
            return outcome
        url = self.following(request, taken.page.next or "")
        if url is None:
            return self._partial("address_refused", [taken], tally)
        if request.page >= MAX_PAGES:
            return self._partial("result_ceiling", [taken], tally)
        return PageRequest(request.series, url, page=request.page + 1, tally=tally)

    # ---- in a browser ------------------------------------------------------------------------

    def reach(self) -> Reach:
        """A followed list is judged here."""
        return self

    def after_reply(self, seen: Sequence[Taken], series: int) -> Outcome | None:
        """Return how a list ended, None when there is more to scroll for."""
        return self._end(seen[-1], series, total(seen), page=len(seen))

    def cut_off(self, seen: Sequence[Taken], series: int) -> Outcome:
        """More lies further back than was scrolled for."""
        return self._partial("result_ceiling", seen[-1:], total(seen))

    # ---- how far back ------------------------------------------------------------------------

    def _end(self, taken: Taken, series: int, tally: Tally, *, page: int) -> Outcome | None:
        if taken.page.state is PageState.GONE:
            return Outcome(CoverageState.FAILED, "gone", tally)
        if taken.page.state is PageState.EMPTY or self.is_last(taken):
            return Outcome.seen(tally)
        plan = self.frontier.plan
        start, _ = plan.span(series)
        if is_reached(taken.page.mentions, start, first=page == 1):
            return Outcome.seen(tally)
        by_known = not self.by_activity or not stirrings(taken.page.mentions)
        if by_known and taken.all_known and not plan.has_history(series):
            return Outcome.seen(tally)
        return None

    def is_last(self, taken: Taken) -> bool:
        """Whether nothing follows a page."""
        return taken.page.next is None

    def _partial(self, reason: str, seen: Sequence[Taken], tally: Tally) -> Outcome:
        """What is newer than everything on the last page was seen, whatever stood out of order."""
        times = [time for taken in seen for time in stirrings(taken.page.mentions)]
        since = max(times, default=None)
        return Outcome(CoverageState.PARTIAL, reason, tally, complete_since=since)

    # ---- what a list does not tell -----------------------------------------------------------

    def details(self, taken: Taken) -> Sequence[str]:
        """The own pages of what the watch would take, where the list tells no time."""
        return own_pages(self.site, self.intake.lacking_time(taken.page))


def own_pages(site: str, mentions: Iterable[FoundMention]) -> list[str]:
    """Return the addresses of mentions as a source is asked for them, MOST_DETAILS at most."""
    paths = [urlsplit(mention.url).path for mention in mentions]
    return [f"{site}{path}" for path in dict.fromkeys(paths) if path][:MOST_DETAILS]


def stirrings(mentions: Iterable[FoundMention]) -> list[datetime]:
    """Return when each entry of a list, in its order, was last written, changed or replied to, as
    far as that is told.
    """
    found = []
    for mention in mentions:
        times = (mention.published_at, mention.edited_at, mention.stirred_at)
        known = [time for time in times if time is not None]
        if known and not mention.embedded:
            found.append(max(known))
    return found


def is_reached(mentions: Iterable[FoundMention], start: datetime, *, first: bool) -> bool:
    """Whether a page of a list reaches back to `start`. A first page of a few entries may be
    nothing but pinned ones.
    """
    times = stirrings(mentions)
    if first and len(times) <= _TAIL:
        return False
    return bool(times) and max(times[-_TAIL:]) < start


def on_the_same_site(site: str, asked: str, address: str) -> str | None:
    """Return an address that a platform named for what follows, at the site that was asked; None
    when it leads elsewhere.
    """
    try:
        target, own = urlsplit(urljoin(asked, address)), urlsplit(site)
        same = target.hostname == own.hostname and target.port in {own.port, None}
    except ValueError:
        return None
    if not same or target.scheme not in {"http", "https"} or target.username is not None:
        return None
    return target._replace(scheme=own.scheme, netloc=own.netloc, fragment="").geturl()
