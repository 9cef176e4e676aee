"""Zhihu: its hot list (热榜)."""

from crawlers.spiders.hot import HotSpider
from domain.brand import Transport


class ZhihuHotSpider(HotSpider):
    """In a browser the page of the list, which carries it; over plain HTTP the call for it, which
    answers 401 without a session. A row that tells no time is opened for it when the watch takes
    it.
    """

    name = "zhihu_hot"

    def list_url(self) -> str:
        """The page, or the call."""
        site = self.source.base_url.rstrip("/")
        if self.source.transport is Transport.BROWSER:
            return f"{site}/hot"
        return f"{site}/api/v3/feed/topstory/hot-lists/total?limit=50"
