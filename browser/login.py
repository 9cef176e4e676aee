"""Logging in at a platform: a person does it, in a window or with a telephone; we wait.

The browser is the ordinary one. Nothing is typed, clicked or solved here, and what the login leaves
behind is handed back as it is.
"""

import asyncio
import base64
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from playwright.async_api import Browser, BrowserContext, Page, async_playwright
from playwright.async_api import Error as PlaywrightError

from browser.find import FoundBrowser
from browser.launch import CONTEXT_OPTIONS, launch_options
from browser.proxy import GuardProxy, Resolve
from browser.qr import Code, read_code
from domain.errors import DependencyMissing, KoubeiError, Text
from domain.hosts import is_loopback
from domain.session import Door
from domain.storage_state import StorageState, storage_state_of

LOOK_EVERY: Final = 1.0
"""Seconds between two looks at the page."""
SETTLE: Final = 3.0
"""Seconds that a page is given after the login, for what it still stores."""
CODE_AGE: Final = 120.0
"""Seconds after which a code is asked for anew; the platforms let it stand for minutes."""
NO_CODE: Final = 20.0
"""Seconds without a code after which the page is loaded again."""
_OPENING: Final = 45_000
_EXPIRED: Final = re.compile(
    r"二维码.{0,4}(失效|过期)|(失效|过期).{0,6}(刷新|重新获取)|QR code.{0,8}expired"
)

# A picture becomes rows of dark (1) and light (0) in the browser that drew it, so that no picture
# library is needed. The page is our own empty one.
_DARK_AND_LIGHT: Final = """async (png) => {
  const bytes = await (await fetch("data:image/png;base64," + png)).blob();
  const image = await createImageBitmap(bytes);
  const canvas = new OffscreenCanvas(image.width, image.height);
  const ink = canvas.getContext("2d");
  ink.fillStyle = "#fff";
  ink.fillRect(0, 0, image.width, image.height);
  ink.drawImage(image, 0, 0);
  const data = ink.getImageData(0, 0, image.width, image.height).data;
  const rows = [];
  for (let y = 0; y < image.height; y++) {
    let row = "";
    for (let x = 0; x < image.width; x++) {
      const at = 4 * (y * image.width + x);
      row += data[at] * 0.299 + data[at + 1] * 0.587 + data[at + 2] * 0.114 < 128 ? "1" : "0";
    }
    rows.push(row);
  }
  return rows;
}"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """How a login is waited for: in a `window`, or by showing each new code (`show`). `limit` in
    seconds; `pause` waits, `seconds` and `now` tell the time.
    """

    show: Callable[[Code], None] | None
    limit: float
    now: Callable[[], datetime]
    seconds: Callable[[], float]
    window: bool = False
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep


async def log_in(
    door: Door,
    found: FoundBrowser,
    resolve: Resolve,
    waiting: Waiting,
    environment: Mapping[str, str],
) -> StorageState:
    """Open a platform's login page and return what the browser holds when somebody has logged in.

    KoubeiError when nobody did in time or the window was closed, DependencyMissing when the
    browser fails.
    """
    async with GuardProxy(resolve) as proxy, async_playwright() as playwright:
        options = launch_options(found, proxy=proxy.address, environment=environment)
        try:
            browser = await playwright.chromium.launch(
                **{**options, "headless": not waiting.window}
            )
        except PlaywrightError as error:
            raise _no_browser(found, error) from error
        try:
            return await _at_door(browser, door, waiting)
        except PlaywrightError as error:
            if waiting.window and not browser.is_connected():
                raise _closed(door) from None
            raise _no_page(door, _told_by(error)) from error
        finally:
            await browser.close()


async def _at_door(browser: Browser, door: Door, waiting: Waiting) -> StorageState:
    options: dict[str, Any] = {**CONTEXT_OPTIONS}
    options |= {"no_viewport": True} if waiting.window else {"device_scale_factor": 2}
    context = await browser.new_context(**options)
    page = await context.new_page()
    answer = await page.goto(door.login_url, wait_until="domcontentloaded", timeout=_OPENING)
    if answer is not None and answer.status >= 400:
        raise _no_page(door, f"HTTP {answer.status}")
    codes = None
    if waiting.show is not None:
        blank = await (await browser.new_context(service_workers="block")).new_page()
        codes = _Codes(page, blank, door, waiting.show, waiting.seconds)
    deadline = waiting.seconds() + waiting.limit
    while waiting.seconds() < deadline:
        if door.marks(await _state(context), waiting.now()):
            await waiting.pause(SETTLE)
            return await _state(context)
        if codes is None and not context.pages:
            raise _closed(door)
        if codes is not None:
            await codes.look()
        await waiting.pause(LOOK_EVERY)
    raise _too_late(door, shown=codes is None or codes.shown is not None)


async def _state(context: BrowserContext) -> StorageState:
    return storage_state_of(await context.storage_state(), "browser")


class _Codes:
    """Watches the code on a login page, shows each new one, and asks for another when it is old."""

    def __init__(
        self,
        page: Page,
        blank: Page,
        door: Door,
        show: Callable[[Code], None],
        seconds: Callable[[], float],
    ) -> None:
        self._page = page
        self._blank = blank
        self._door = door
        self._show = show
        self._seconds = seconds
        self._since = self._seen = seconds()
        self.shown: Code | None = None

    async def look(self) -> None:
        """Look at the page once."""
        now = self._seconds()
        try:
            code = await self._code()
            expired = code is None and await self._says_expired()
        except PlaywrightError:  # it goes elsewhere just now, as after a login
            return
        if code is not None:
            self._seen = now
            if code != self.shown:
                self.shown, self._since = code, now
                self._show(code)
        # a code that vanished was scanned, or has not been drawn yet: both take a while
        too_old = code is not None and now - self._since > CODE_AGE
        if expired or too_old or now - self._seen > NO_CODE:
            self._since = self._seen = now
            await self._page.goto(
                self._door.login_url, wait_until="domcontentloaded", timeout=_OPENING
            )

    async def _code(self) -> Code | None:
        for selector in self._door.codes:
            place = self._page.locator(selector).first
            if await place.count() and await place.is_visible():
                code = await self._read(await place.screenshot(animations="disabled"))
                if code is not None:
                    return code
        return await self._read(await self._page.screenshot(animations="disabled"))

    async def _read(self, picture: bytes) -> Code | None:
        png = base64.b64encode(picture).decode("ascii")
        return read_code(await self._blank.evaluate(_DARK_AND_LIGHT, png))

    async def _says_expired(self) -> bool:
        return bool(_EXPIRED.search(await self._page.inner_text("body")))


def _too_late(door: Door, *, shown: bool) -> KoubeiError:
    name = door.platform.value
    if not shown:
        return KoubeiError(
            Text("登录页上没有找到二维码", "no QR code was found on the login page"),
            place=name,
            mend=Text(
                f"在有显示器的机器上运行 koubei login {name}，或用 --state 文件",
                f"run koubei login {name} where there is a display, or use --state FILE",
            ),
        )
    return KoubeiError(
        Text("在时限内没有登录", "nobody logged in within the time limit"),
        place=name,
        mend=Text(
            f"再运行一次 koubei login {name}，--minutes 可延长时限",
            f"run koubei login {name} again; --minutes gives more time",
        ),
    )


def _closed(door: Door) -> KoubeiError:
    return KoubeiError(
        Text("窗口已关闭，没有登录", "the window was closed before anybody logged in"),
        place=door.platform.value,
        mend=Text("再运行一次，登录后窗口会自行关闭", "run it again; it closes by itself"),
    )


def _told_by(error: PlaywrightError) -> str:
    """Return what kind of error it was; its text may hold what the page says."""
    code = re.search(r"net::(ERR_[A-Z_]+)", error.message)
    if code:
        return code[1]
    return "timeout" if "Timeout" in error.message else type(error).__name__


def _no_page(door: Door, why: str) -> KoubeiError:
    return KoubeiError(
        Text(f"登录页打不开（{why}）", f"the login page does not open ({why})"),
        place=door.platform.value,
        mend=Text(
            "检查演示是否在运行，其地址是否写入 crawl.allowed_hosts",
            "check that the demo runs and that crawl.allowed_hosts names its address",
        )
        if is_loopback(door.hosts[0])
        else Text("检查本机网络后重试", "check this machine's network, then try again"),
    )


def _no_browser(found: FoundBrowser, error: PlaywrightError) -> DependencyMissing:
    return DependencyMissing(
        Text("浏览器启动不了", f"the browser does not start ({type(error).__name__})"),
        place=found.path,
        mend=Text("用 koubei doctor 检查浏览器", "check the browser with koubei doctor"),
    )
