"""Baidu Tieba: the threads of a forum, in the order of their last replies, pinned ones first."""

from urllib.parse import quote

from crawlers.frontier import PageRequest
from crawlers.spiders.follow import FollowSpider
from domain.brand import Follow, Transport


class TiebaForumSpider(FollowSpider):
    """In a browser: the replies to the page's own `frs/page_pc` call while scrolling; it tells when
    a thread was replied to last, so threads that the watch takes are opened for their time. Over
    plain HTTP: the finished pages of 50 threads.
    """

    name = "tieba_forum"
    call = "/c/f/frs/page_pc"
    max_scrolls = 10
    by_activity = True

    def first_urls(self, follow: Follow) -> tuple[str, ...]:
        """The forum's page."""
        url = f"{self.site}/f?kw={quote(follow.key)}&ie=utf-8"
        return (url if self.source.transport is Transport.BROWSER else f"{url}&pn=0",)

    def call_of(self, request: PageRequest) -> str:
        """The call for threads; that of a thread's page for its posts."""
        return "/c/f/pb/page_pc" if request.then is not None else self.call

    def following(self, request: PageRequest, token: str) -> str | None:
        """The `pn` of the pager, in steps of 50."""
        return f"{request.url.rpartition('&pn=')[0]}&pn={quote(token)}"
