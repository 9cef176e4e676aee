"""Zhihu: what an account wrote: answers, articles, videos. Its pins have no list that is known."""

from urllib.parse import quote, urlsplit

from crawlers.frontier import PageRequest
from crawlers.spiders.follow import FollowSpider, on_the_same_site
from domain.brand import Follow, Transport

_LISTS = {"answers": "answers", "articles": "posts", "zvideos": "zvideos"}
"""What the calls are named, and the tabs of the account's page that make them."""
_INCLUDE = "data[*].content,voteup_count,comment_count,created_time,updated_time"


class ZhihuAccountSpider(FollowSpider):
    """Three lists, each newest first: in a browser the replies to the calls of the account's page,
    over plain HTTP the calls themselves.
    """

    name = "zhihu_account"
    max_scrolls = 10

    def first_urls(self, follow: Follow) -> tuple[str, ...]:
        """The tabs of the account's page, or the calls that they make."""
        key = quote(follow.key)
        if self.source.transport is Transport.BROWSER:
            return tuple(f"{self.site}/people/{key}/{tab}" for tab in _LISTS.values())
        asked = f"include={quote(_INCLUDE)}&offset=0&limit=20&sort_by=created"
        return tuple(f"{self.site}/api/v4/members/{key}/{name}?{asked}" for name in _LISTS)

    def call_of(self, request: PageRequest) -> str:
        """The call that a tab makes for its list; a page of a detour makes none that is needed."""
        if request.then is not None:
            return ""
        tab = urlsplit(request.url).path.rpartition("/")[2]
        name = next(name for name, shown in _LISTS.items() if shown == tab)
        return f"/api/v4/members/{self.followed(request.series).key}/{name}"

    def following(self, request: PageRequest, token: str) -> str | None:
        """The address that Zhihu named."""
        return on_the_same_site(self.site, request.url, token)
