"""How the browser is started and what its pages may do: an ordinary Chromium, told what it is.

Nothing here hides that a program drives it: no stealth scripts, no invented fingerprint.
"""

from collections.abc import Callable, Mapping
from typing import Any

from playwright.async_api import Page, Route, WebSocketRoute

from browser.find import FoundBrowser

CONTEXT_OPTIONS: dict[str, Any] = {
    "locale": "zh-CN",
    "timezone_id": "Asia/Shanghai",
    "service_workers": "block",  # their requests would pass by the page's rules
    "accept_downloads": False,
}
NOT_NEEDED = frozenset({"media", "font"})
"""Kinds of requests that no reader looks at."""
Allows = Callable[[str, str], bool]
"""(address, kind of request) → whether a page may ask it."""


def launch_options(
    found: FoundBrowser, *, proxy: str, environment: Mapping[str, str]
) -> dict[str, Any]:
    """Return what Playwright's `launch` takes. Everything goes through the guard's proxy; WebRTC,
    which would send its packets past any proxy, may not, and names are not looked up at all. The
    browser knows no more than `environment`: it runs other people's programs.
    """
    return {
        "executable_path": found.path,
        "headless": True,
        "args": [
            *found.arguments,
            "--disable-quic",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # the proxy
            "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
            "--webrtc-ip-handling-policy=disable_non_proxied_udp",
        ],
        "proxy": {"server": proxy, "bypass": "<-loopback>"},
        "env": dict(environment),
    }


async def guard_page(page: Page, allows: Allows) -> None:
    """Stop requests and web sockets that a page, and any window it opens, may not make, before they
    leave the browser.
    """

    async def on_request(route: Route) -> None:
        kind = route.request.resource_type
        if kind in NOT_NEEDED or not allows(route.request.url, kind):
            await route.abort("blockedbyclient")
        else:
            await route.fallback()

    def on_web_socket(socket: WebSocketRoute) -> None:
        if allows(socket.url, "websocket"):
            socket.connect_to_server()

    # the page's own rules come before those of its context, which hold for windows that it opens
    for guarded in (page, page.context):
        await guarded.route("**/*", on_request)
        await guarded.route_web_socket("**/*", on_web_socket)
