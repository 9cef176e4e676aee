"""Weibo: a post, the whole of its text, its comments, the replies to them, and its reposts.

Two interfaces answer: `weibo.com/ajax` (comments by time), and m.weibo.cn where the source names
that host (comments by heat only, so that known ones are no reason to stop).
"""

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from crawlers.items import Item, Opened, grew
from crawlers.pipelines import Taken
from crawlers.spiders.items import ItemSpider, new_only, shown_under
from domain.hosts import normal_host
from domain.mention import Mention

_UID = re.compile(r"https?://weibo\.com/([0-9]{1,19})/")
_CURSOR = re.compile(r"&max_id(?:_type)?=.*$")
_PAGE = re.compile(r"&page=[0-9]+")


@dataclass(frozen=True, slots=True)
class Interface:
    """The addresses of one interface below its host; `{id}` is a mid."""

    post: str
    comments: str
    replies: str
    reposts: str
    comments_by_time: bool


AJAX = Interface(
    post="/ajax/statuses/show?id={id}&locale=zh-CN",
    comments="/ajax/statuses/buildComments?is_reload=1&id={id}&is_show_bulletin=2&is_mix=0"
    "&count=20{uid}&fetch_level=0&flow=1",
    replies="/ajax/statuses/buildComments?is_reload=1&id={id}&is_show_bulletin=2&is_mix=1"
    "&count=20{uid}&fetch_level=1&flow=0",
    reposts="/ajax/statuses/repostTimeline?id={id}&moduleID=feed&count=10&page=1",
    comments_by_time=True,
)
MOBILE = Interface(
    post="/statuses/show?id={id}",
    comments="/comments/hotflow?id={id}&mid={id}&max_id_type=0",
    replies="/comments/hotFlowChild?cid={id}&max_id=0&max_id_type=0",
    reposts="/api/statuses/repostTimeline?id={id}&page=1",
    comments_by_time=False,
)


class WeiboItemSpider(ItemSpider):
    """Refresh posts and read what hangs under them."""

    name = "weibo_item"

    @property
    def interface(self) -> Interface:
        """Which interface the source's host has."""
        return MOBILE if normal_host(urlsplit(self.source.base_url)) == "m.weibo.cn" else AJAX

    def address(self, mention: Mention) -> str:
        """The post itself."""
        return self._url(self.interface.post, mention)

    def opens(self, url: str, taken: Taken, item: Item) -> Opened:
        """Post → its whole text, comments, reposts; comments → the next ones, cut replies."""
        path = urlsplit(url).path
        if "repostTimeline" in path:
            return self._after_reposts(url, taken)
        if "fetch_level=1" in url or "hotFlowChild" in path:
            return Opened(on=_continued(url, taken.page.next))
        if "buildComments" in path or "hotflow" in path:
            return self._after_comments(url, taken, item)
        return Opened() if "longtext" in path or "extend" in path else self._under(taken, item)

    def _under(self, taken: Taken, item: Item) -> Opened:
        own = self.refreshed(taken, item)
        whole = tuple(f"{self.site}{lead}" for lead in taken.page.leads)
        counts = (own.comments, own.reposts) if own else (None, None)
        below = [
            self._url(template, item.mention)
            for template, name, count in zip(
                (self.interface.comments, self.interface.reposts),
                ("comments", "reposts"),
                counts,
                strict=True,
            )
            if count != 0 and grew(item, count, name)
        ]
        return Opened(on=(*whole, *below))

    def _after_comments(self, url: str, taken: Taken, item: Item) -> Opened:
        found = taken.page.mentions
        cut = tuple(
            self._url(self.interface.replies, item.mention, of=root.id.partition(":")[2])
            for root in new_only(found, taken.known)
            if (root.comments or 0) > shown_under(found, root.id)
        )
        seen = self.interface.comments_by_time and taken.all_known
        return Opened(on=() if seen else _continued(url, taken.page.next), later=cut)

    def _after_reposts(self, url: str, taken: Taken) -> Opened:
        following = taken.page.next
        if taken.all_known or following is None or not following.isdigit():
            return Opened()
        return Opened(on=(_PAGE.sub(f"&page={following}", url),))

    def _url(self, template: str, mention: Mention, *, of: str = "") -> str:
        """An address for a post, or for the comment `of`; comments want the post's author, too."""
        author = _UID.match(mention.url)
        uid = f"&uid={author[1]}" if author else ""
        native = of or mention.id.partition(":")[2]
        return f"{self.site}{template.format(id=native, uid=uid)}"


def _continued(url: str, cursor: str | None) -> tuple[str, ...]:
    """The address with the platform's cursor, which may carry its kind behind it."""
    if cursor is None:
        return ()
    return (f"{_CURSOR.sub('', url)}&max_id={quote(cursor, safe='&=')}",)
