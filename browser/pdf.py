"""Printing a page of our own to PDF. The page runs no script and reaches no network."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from playwright.async_api import Error, async_playwright

from browser.find import MEND, FoundBrowser
from browser.launch import CONTEXT_OPTIONS, launch_options
from domain.errors import BrowserMissing, Text

_NOWHERE = "http://127.0.0.1:9"
"""A proxy that nobody runs (the discard port): the second lock behind `offline`."""
_MILLISECONDS = 60_000


def print_pdf(html: str, found: FoundBrowser, environment: Mapping[str, str]) -> bytes:
    """Return the PDF of a page that holds all it needs; its own `@page` says size and margins.

    Raises BrowserMissing when the browser does not start or does not print.
    """
    # a thread of its own: the caller may be inside an event loop already
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(_print(html, found, environment))).result()


async def _print(html: str, found: FoundBrowser, environment: Mapping[str, str]) -> bytes:
    options = launch_options(found, proxy=_NOWHERE, environment=environment)
    try:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(**options)
            try:
                context = await browser.new_context(
                    **CONTEXT_OPTIONS, java_script_enabled=False, offline=True
                )
                page = await context.new_page()
                await page.set_content(html, timeout=_MILLISECONDS)
                return await page.pdf(prefer_css_page_size=True, print_background=True, tagged=True)
            finally:
                await browser.close()
    except Error as error:
        raise BrowserMissing(
            Text("浏览器未能打印 PDF", "the browser did not print the PDF"), mend=MEND
        ) from error
