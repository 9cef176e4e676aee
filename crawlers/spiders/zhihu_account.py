"""Zhihu: what an account wrote: answers, articles, videos and pins (想法)."""

from urllib.parse import quote, urlsplit

from crawlers.frontier import PageRequest
from crawlers.spiders.follow import FollowSpider, on_the_same_site
from domain.brand import Follow, Transport

_LISTS = {
    "answers": "/api/v4/members/{}/answers",
    "posts": "/api/v4/members/{}/articles",
    "zvideos": "/api/v4/members/{}/zvideos",
    "pins": "/api/v4/v2/pins/{}/moments",
}
"""The tabs of an account's page and the calls that they make, as public clients of 2020 to 2026
tell them; that of the pins has an interface of its own.
"""
_BEGINNING = "offset=0&limit=20"
_INCLUDE = "data[*].content,voteup_count,comment_count,created_time,updated_time"
_ORDERED = f"include={quote(_INCLUDE)}&{_BEGINNING}&sort_by=created"


class ZhihuAccountSpider(FollowSpider):
    """Four lists, each newest first: in a browser the replies to the calls of the account's page,
    over plain HTTP the calls themselves.
    """

    name = "zhihu_account"
    max_scrolls = 10

    def first_urls(self, follow: Follow) -> tuple[str, ...]:
        """The tabs of the account's page, or the calls that they make."""
        key = quote(follow.key)
        if self.source.transport is Transport.BROWSER:
            return tuple(f"{self.site}/people/{key}/{tab}" for tab in _LISTS)
        return tuple(
            f"{self.site}{call.format(key)}?{_BEGINNING if tab == 'pins' else _ORDERED}"
            for tab, call in _LISTS.items()
        )

    def call_of(self, request: PageRequest) -> str:
        """The call that a tab makes for its list; a page of a detour makes none that is needed."""
        if request.then is not None:
            return ""
        tab = urlsplit(request.url).path.rpartition("/")[2]
        return _LISTS[tab].format(self.followed(request.series).key)

    def following(self, request: PageRequest, token: str) -> str | None:
        """The address that Zhihu named."""
        return on_the_same_site(self.site, request.url, token)
