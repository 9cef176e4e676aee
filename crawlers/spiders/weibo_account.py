"""Weibo: the posts of an account, newest first after the pinned ones."""

import re
from urllib.parse import quote, urlsplit

from crawlers.frontier import PageRequest
from crawlers.spiders.follow import FollowSpider
from domain.brand import Follow, Transport

_PAGE_NUMBER = re.compile(r"[0-9]{1,6}")
"""Anything longer is a cursor."""


class WeiboAccountSpider(FollowSpider):
    """In a browser: the account's page and the replies to its `mymblog` call while scrolling. Over
    plain HTTP: that call itself; with m.weibo.cn as base_url the container that its page reads.
    """

    name = "weibo_account"
    call = "/ajax/statuses/mymblog"
    max_scrolls = 10

    def first_urls(self, follow: Follow) -> tuple[str, ...]:
        """The account's page, or the first page of its posts."""
        uid = quote(follow.key)
        if self.source.transport is Transport.BROWSER:
            return (f"{self.site}/u/{uid}",)
        if self._is_mobile():
            return (f"{self.site}/api/container/getIndex?containerid=107603{uid}",)
        return (f"{self.site}/ajax/statuses/mymblog?uid={uid}&feature=0&page=1",)

    def following(self, request: PageRequest, token: str) -> str | None:
        """The cursor of the reply, beside the page's number where the call takes both."""
        (first,) = self.first_urls(self.followed(request.series))
        cursor = "" if _PAGE_NUMBER.fullmatch(token) else f"&since_id={quote(token, safe='')}"
        if self._is_mobile():
            return f"{first}{cursor or f'&page={token}'}"
        return f"{first.rpartition('&page=')[0]}&page={request.page + 1}{cursor}"

    def _is_mobile(self) -> bool:
        return (urlsplit(self.site).hostname or "").startswith("m.")
