"""Weibo: the words of its hot list (热搜)."""

from crawlers.spiders.hot import HotSpider
from domain.brand import Transport


class WeiboHotSpider(HotSpider):
    """Over plain HTTP the call `side/hotSearch`, which answers anybody; in a browser the reply to
    it that the page of the list gets.
    """

    name = "weibo_hot"
    call = "/ajax/side/hotSearch"

    def list_url(self) -> str:
        """The call, or the page that makes it."""
        site = self.source.base_url.rstrip("/")
        in_browser = self.source.transport is Transport.BROWSER
        return f"{site}/hot/search" if in_browser else f"{site}{self.call}"
