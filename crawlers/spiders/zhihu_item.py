"""Zhihu: an answer, article, question, pin or video, and its comments.

The page carries its item. Comments come from a call that the site signs: in a browser the page
makes it itself (`browser_items`); over plain HTTP the addresses are asked as they are, which an
interface that wants no signature answers, and the others refuse, which the ledger then says.
"""

import re
from urllib.parse import urlsplit

from crawlers.browser_items import Panel
from crawlers.frontier import PageRequest
from crawlers.items import Item, Opened
from crawlers.pipelines import Taken
from crawlers.plan import Outcome, Tally
from crawlers.spiders.items import ItemSpider, new_only, shown_under
from domain.brand import Transport
from domain.coverage import CoverageState
from domain.mention import Kind, Mention
from domain.page import PageState

COMMENTS = "/api/v4/comment_v5"
PANEL = Panel(
    call=f"{COMMENTS}/",
    opens=re.compile(r"[0-9万,. ]+条评论|添加评论"),
    unfolds=re.compile(r"展开其中 ?[0-9]+ ?条回复"),
)
"""What the page calls its buttons (seen to August 2026)."""


class ZhihuItemSpider(ItemSpider):
    """Refresh items and read the comments on them."""

    name = "zhihu_item"
    panel = PANEL

    def address(self, mention: Mention) -> str:
        """The item's own page. Articles live on a host of their own, as long as it is Zhihu's."""
        word, native = _named(mention)
        if word == "answer":
            question = _native(mention.parent_id) if mention.parent_id else ""
            inside = f"/question/{question}" if question else ""
            return f"{self.site}{inside}/answer/{native}"
        if word == "article":
            return f"{self.site.replace('://www.zhihu.com', '://zhuanlan.zhihu.com')}/p/{native}"
        return f"{self.site}/{word}/{native}"

    def next_step(self, request: PageRequest, taken: Taken, tally: Tally) -> PageRequest | Outcome:
        """In a browser what follows the page came with it; a page that is read from the archive
        after a kill has no more to show.
        """
        in_browser = self.source.transport is Transport.BROWSER
        if in_browser and taken.page.state is PageState.OK:
            return Outcome(CoverageState.PARTIAL, "interrupted", tally)
        return super().next_step(request, taken, tally)

    def opens(self, url: str, taken: Taken, item: Item) -> Opened:
        """Item → root comments; comments → the next ones and cut replies; replies → the next."""
        path = urlsplit(url).path
        following = (taken.page.next,) if taken.page.next else ()
        if path.endswith("/child_comment"):
            return Opened(on=following)
        if path.endswith("/root_comment"):
            return Opened(on=() if taken.all_known else following, later=self._cut(taken))
        return Opened(on=(self._comments(item.mention),) if self.has_more(taken, item) else ())

    def _cut(self, taken: Taken) -> tuple[str, ...]:
        found = taken.page.mentions
        return tuple(
            f"{self.site}{COMMENTS}/comment/{_native(root.id)}/child_comment"
            "?order_by=ts&limit=20&offset="
            for root in new_only(found, taken.known)
            if (root.comments or 0) > shown_under(found, root.id)
        )

    def _comments(self, mention: Mention) -> str:
        word, native = _named(mention)
        return f"{self.site}{COMMENTS}/{word}s/{native}/root_comment?order_by=ts&limit=20&offset="


def _named(mention: Mention) -> tuple[str, str]:
    """Return Zhihu's word for the kind and the number: `zhihu:answer:123`."""
    _, word, native = mention.id.split(":", 2)
    return ("zvideo" if mention.kind is Kind.VIDEO else word), native


def _native(mention_id: str) -> str:
    return mention_id.rpartition(":")[2]
