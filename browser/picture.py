"""A picture of an archived page: drawn without scripts and without any network, so that it shows
what was fetched and nothing that came later.
"""

from collections.abc import Mapping

from playwright.sync_api import Error, Route, sync_playwright

from browser.find import FoundBrowser
from domain.errors import DependencyMissing, Text

_ADDRESS = "https://page.invalid/"
_WIDTH, _HEIGHT = 1280, 800
_MILLISECONDS = 20_000


def picture_of(body: bytes, browser: FoundBrowser, environment: Mapping[str, str]) -> bytes:
    """Return a page as PNG, as far down as Chromium draws (16,384 pixels).

    Pictures and styles that lie on other addresses are missing from it. Raises DependencyMissing
    when the browser fails at it.
    """

    def answer(route: Route) -> None:
        if route.request.url == _ADDRESS:
            # the page says itself how it is encoded, as it did to whoever fetched it
            route.fulfill(body=body, headers={"Content-Type": "text/html"})
        else:
            # "aborted" leaves the page as it is where others would show an error in its place
            route.abort("aborted")

    try:
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(
                executable_path=browser.path,
                headless=True,
                args=[
                    *browser.arguments,
                    "--disable-quic",
                    "--host-resolver-rules=MAP * ~NOTFOUND",
                ],
                env=dict(environment),
            )
            try:
                context = chromium.new_context(
                    java_script_enabled=False,
                    accept_downloads=False,
                    service_workers="block",
                    viewport={"width": _WIDTH, "height": _HEIGHT},
                    locale="zh-CN",
                    timezone_id="Asia/Shanghai",
                )
                page = context.new_page()
                page.set_default_timeout(_MILLISECONDS)
                context.route("**/*", answer)
                page.goto(_ADDRESS, wait_until="domcontentloaded")
                return page.screenshot(full_page=True, animations="disabled")
            finally:
                chromium.close()
    except Error as error:
        raise DependencyMissing(
            Text("浏览器没有画出页面", f"the browser drew no page ({type(error).__name__})"),
            place=browser.path,
            mend=Text("用 koubei doctor 检查浏览器", "check the browser with koubei doctor"),
        ) from error
