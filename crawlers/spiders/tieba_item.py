"""Baidu Tieba: a thread with its floors and the replies to them; of a floor that the search found,
the floor and the replies to it.

Floors come oldest first, so a later look begins at the page where the last one ended. In a browser
the page of 2026 calls for its floors while it is scrolled; the replies to one floor come as a
fragment of html that still answers.
"""

import re
from urllib.parse import parse_qs, urlsplit

from crawlers.browser_items import Panel
from crawlers.frontier import PageRequest
from crawlers.items import Item, Opened, grew
from crawlers.pipelines import Taken
from crawlers.spiders.items import ItemSpider
from domain.mention import Kind, Mention

PANEL = Panel(call="/c/f/pb/page_pc")
_THREAD = re.compile(r"/p/[0-9]+")
LISTED = 10
"""Replies to a floor that stand in the reply for its whole page, and on a page of its own."""


class TiebaItemSpider(ItemSpider):
    """Refresh threads and floors and read what hangs under them."""

    name = "tieba_item"
    panel = PANEL

    def address(self, mention: Mention) -> str:
        """The thread, for a floor at the page where that stands."""
        if mention.kind is Kind.FLOOR and mention.root_id:
            return f"{self.site}/p/{_native(mention.root_id)}?pid={_native(mention.id)}"
        return f"{self.site}/p/{_native(mention.id)}"

    def opens(self, url: str, taken: Taken, item: Item) -> Opened:
        """Thread → replies of the page's floors, next page; replies → the next ones of a floor."""
        path = urlsplit(url).path
        if path == "/p/totalComment":
            return Opened(later=self._rest_of_floors(taken, item))
        if path == "/p/comment":
            return Opened(on=self._next_replies(url, taken))
        if item.mention.kind is Kind.FLOOR:
            return Opened(on=self._of_floor(taken, item))
        own = self.refreshed(taken, item)
        count = own.comments if own else None
        if _page_of(url) == 1 and not grew(item, count, "comments"):
            return Opened()
        leads = tuple(f"{self.site}{lead}" for lead in taken.page.leads)
        return Opened(on=(*leads, *self._next_floors(url, taken, item)), later=self._cut(taken))

    def reached(self, request: PageRequest) -> int:
        """The last page of the thread that was asked: floors are added at the end."""
        return max(map(_page_of, self.frontier.asked(request.series)), default=1)

    def _next_floors(self, url: str, taken: Taken, item: Item) -> tuple[str, ...]:
        """The next page; from the first one straight to where the last look ended."""
        following = taken.page.next
        if following is None or not following.isdigit():
            return ()
        number = int(following)
        if _page_of(url) == 1:
            number = max(number, item.read_to)
        return (f"{self.site}/p/{_native(item.mention.id)}?pn={number}",)

    def _of_floor(self, taken: Taken, item: Item) -> tuple[str, ...]:
        own = self.refreshed(taken, item)
        if own is None or own.comments == 0 or not grew(item, own.comments, "comments"):
            return ()
        return (self._replies(_native(item.mention.root_id or ""), _native(item.mention.id)),)

    def _rest_of_floors(self, taken: Taken, item: Item) -> tuple[str, ...]:
        """The floors of which a reply for a whole page shows as many replies as it can."""
        shown: dict[str, int] = {}
        for found in taken.page.mentions:
            if found.kind is Kind.REPLY and found.parent_id:
                shown[found.parent_id] = shown.get(found.parent_id, 0) + 1
        tid = _native(item.mention.id)
        return tuple(
            self._replies(tid, _native(pid), page=2)
            for pid, count in shown.items()
            if count >= LISTED
        )

    def _cut(self, taken: Taken) -> tuple[str, ...]:
        """The floors of which a page of 2026 shows fewer replies than it counts."""
        if taken.page.leads:
            return ()
        found = taken.page.mentions
        return tuple(
            self._replies(_native(floor.root_id), _native(floor.id))
            for floor in found
            if floor.kind is Kind.FLOOR
            and floor.root_id
            and (floor.comments or 0) > sum(one.parent_id == floor.id for one in found)
        )

    def _next_replies(self, url: str, taken: Taken) -> tuple[str, ...]:
        following = taken.page.next
        if following is None or not following.isdigit():
            return ()
        asked = parse_qs(urlsplit(url).query)
        return (self._replies(asked["tid"][0], asked["pid"][0], page=int(following)),)

    def _replies(self, tid: str, pid: str, page: int = 1) -> str:
        return f"{self.site}/p/comment?tid={tid}&pid={pid}&pn={page}"


def _page_of(url: str) -> int:
    """Which page of a thread an address asks for; 1 for anything else."""
    parts = urlsplit(url)
    number = parse_qs(parts.query).get("pn", ["1"])[0]
    return int(number) if _THREAD.fullmatch(parts.path) and number.isdigit() else 1


def _native(mention_id: str) -> str:
    return mention_id.rpartition(":")[2]
