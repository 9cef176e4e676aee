"""A search in a browser: the page makes its own calls, and their replies are read.

The replies arrive while the page scrolls. Each of them is kept in the archive and stored like any
page; the search as a whole stays `waiting` until it ended, because only a new browser page can ask
again.
"""

import asyncio
import logging
from functools import partial
from typing import Any

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page as BrowserPage
from playwright.async_api import Request as BrowserRequest
from playwright.async_api import Response as BrowserResponse
from scrapy_playwright.provider import PlaywrightBrowserProvider

from browser.find import FoundBrowser, find_browser
from browser.launch import launch_options
from browser.proxy import GuardProxy
from crawlers.conduct import Conduct
from crawlers.services import BrowserSettings
from domain.errors import AddressRefused, BrowserMissing, Text
from runtime.child_environment import child_environment

MAX_REPLY = 8 * 1024 * 1024
PAGE_CLOCK = 90.0
"""Seconds that one search may take in the browser."""
NAVIGATION_TIMEOUT = 30_000
"""Milliseconds until a page has to be there."""
_MOMENT = 0.2
"""Seconds in which a page draws itself."""
_OBEYS_ROBOTS = frozenset({"document", "xhr", "fetch", "websocket", "eventsource"})


logging.getLogger("scrapy-playwright").setLevel(logging.WARNING)  # a line a request otherwise


class ReplyTooLarge(Exception):
    """A reply went beyond MAX_REPLY."""


class GuardedBrowserProvider(PlaywrightBrowserProvider):  # type: ignore[misc]  # untyped package
    """Starts the browser that was found, behind the guard's proxy."""

    def __init__(self, config: Any, *, found: FoundBrowser, conduct: Conduct) -> None:
        super().__init__(config)
        self._found = found
        self._proxy = GuardProxy(conduct.policy.resolve)

    async def launch_browser(self) -> Any:
        """Start proxy and browser."""
        await self._proxy.__aenter__()
        self.config.launch_options = launch_options(
            self._found, proxy=self._proxy.address, environment=child_environment()
        )
        return await super().launch_browser()

    async def close(self) -> None:
        """End browser and proxy."""
        await super().close()
        await self._proxy.__aexit__(None, None, None)


def wanted_browser(wanted: BrowserSettings) -> FoundBrowser:
    """Return the browser that the settings name, else one that is found; BrowserMissing."""
    if not wanted.enabled:
        raise BrowserMissing(
            Text("浏览器已在设置中关闭", "the browser is switched off in the settings"),
            mend=Text("设 browser.enabled = true", "set browser.enabled = true"),
        )
    return find_browser(str(wanted.path) if wanted.path else None)


def browser_settings(found: FoundBrowser, conduct: Conduct) -> dict[str, object]:
    """Return the Scrapy settings of a run in a browser."""
    handler = "scrapy_playwright.handler.ScrapyPlaywrightDownloadHandler"
    return {
        "DOWNLOAD_HANDLERS": {
            "http": handler,
            "https": handler,
            "data": None,
            "file": None,
            "ftp": None,
            "s3": None,
        },
        "PLAYWRIGHT_BROWSER_PROVIDER": partial(
            GuardedBrowserProvider, found=found, conduct=conduct
        ),
        "PLAYWRIGHT_DEFAULT_NAVIGATION_TIMEOUT": NAVIGATION_TIMEOUT,
        "PLAYWRIGHT_MAX_CONTEXTS": 1,
        "PLAYWRIGHT_RESTART_DISCONNECTED_BROWSER": False,
        "PLAYWRIGHT_PROCESS_REQUEST_HEADERS": None,
    }


class Replies:
    """Collects the replies of a page to the calls whose address contains `call`; "": to none."""

    def __init__(self, call: str) -> None:
        self.call = call
        self._arrived: asyncio.Queue[BrowserResponse] = asyncio.Queue()
        self.started = 0

    def listen(self, page: BrowserPage) -> None:
        """Listen to a page; before it goes anywhere."""
        page.on("request", self._note_request)
        page.on("response", self._note_response)

    async def next(self, patience: float) -> tuple[bytes, str, int] | None:
        """Return body, address and status of the next reply, None when none came in time.

        ReplyTooLarge for a body beyond MAX_REPLY; a reply that the page itself gave up is skipped.
        """
        while True:
            try:
                async with asyncio.timeout(patience):
                    response = await self._arrived.get()
            except TimeoutError:
                return None
            try:
                declared = int((await response.all_headers()).get("content-length", "0") or 0)
                body = await response.body() if declared <= MAX_REPLY else b""
            except (PlaywrightError, ValueError):
                continue
            if max(declared, len(body)) > MAX_REPLY:
                raise ReplyTooLarge
            return body, response.url, response.status

    def _note_request(self, request: BrowserRequest) -> None:
        self.started += self.call in request.url

    def _note_response(self, response: BrowserResponse) -> None:
        if self.call in response.url:
            self._arrived.put_nowait(response)


def page_rules(conduct: Conduct) -> Any:
    """Return the rule (address, kind) → allowed for everything that a page asks by itself."""

    def allows(url: str, kind: str) -> bool:
        if url.startswith(("data:", "blob:", "about:")):
            return True
        try:
            conduct.policy.check_url(url)
        except AddressRefused:
            return False
        robots = conduct.known_robots(url) if kind in _OBEYS_ROBOTS else None
        return robots is None or robots.allows(url)

    return allows


async def scroll_down(page: BrowserPage) -> None:
    """Scroll to the end of the page, as a reader would to see more."""
    await page.evaluate("window.scrollTo(0, document.documentElement.scrollHeight)")


async def scroll_again(page: BrowserPage) -> None:
    """Go up a little and down again: a page that was at its end hears nothing of going there."""
    await page.evaluate("window.scrollBy(0, -document.documentElement.clientHeight)")
    await asyncio.sleep(_MOMENT)
    await scroll_down(page)
