"""Logging in at the demo's platforms in a real browser: waiting, codes, and what can go wrong."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import httpx
import pytest

from browser.find import FoundBrowser, find_browser
from browser.login import Waiting, log_in
from browser.qr import Code
from crawlers.guard import AddressPolicy
from domain.brand import Source, Transport
from domain.errors import BrowserMissing, KoubeiError
from domain.hosts import place_of
from domain.mention import Platform
from domain.session import Door, door_of
from domain.storage_state import StorageState
from runtime.child_environment import child_environment
from tests.demo_process import running_demo

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def found() -> FoundBrowser:
    try:
        return find_browser(None)
    except BrowserMissing as error:
        pytest.skip(f"{error}; mend: apt install chromium")


@pytest.fixture(scope="module")
def urls() -> Iterator[dict[str, str]]:
    with running_demo("--scanned-after", "-1") as said:
        yield said


def door_at(url: str, platform: Platform) -> Door:
    door = door_of(Source("s", f"{platform.value}_search", platform, Transport.HTTP, url))
    assert door is not None
    return door


def come_in(
    door: Door,
    found: FoundBrowser,
    *,
    show: Callable[[Code], None] | None = None,
    limit: float = 60,
    allowed: bool = True,
) -> StorageState:
    waiting = Waiting(show, limit, lambda: datetime.now(UTC), time.monotonic)
    place = place_of(door.login_url)
    policy = AddressPolicy.for_a_person([place] if allowed else ["127.0.0.1:1"])
    return asyncio.run(log_in(door, found, policy.resolve, waiting, child_environment()))


@pytest.mark.parametrize("platform", Platform)
def test_each_platforms_code_is_read_and_a_scan_lets_one_in(found, urls, platform):
    door = door_at(urls[platform.value], platform)
    codes: list[Code] = []

    def scan(code: Code) -> None:
        codes.append(code)
        httpx.post(f"{urls[platform.value]}/__demo__/login/scan").raise_for_status()

    state = come_in(door, found, show=scan)
    assert {len(code) for code in codes} == {21}
    assert door.marks(state, datetime.now(UTC))
    assert {cookie.host for cookie in state.cookies} == {"127.0.0.1"}


def test_without_anything_to_show_somebody_is_waited_for(found, urls):
    door = door_at(urls["weibo"], Platform.WEIBO)
    scan = f"{urls['weibo']}/__demo__/login/scan"

    def a_person() -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not httpx.post(scan).json()["scanned"]:
            time.sleep(0.3)

    person = threading.Thread(target=a_person)
    person.start()
    try:
        assert door.marks(come_in(door, found), datetime.now(UTC))
    finally:
        person.join()


def test_when_nobody_comes_it_says_so_in_time(found, urls):
    door = door_at(urls["zhihu"], Platform.ZHIHU)
    with pytest.raises(KoubeiError, match="within the time limit"):
        come_in(door, found, show=lambda _: None, limit=6)


def test_a_page_without_a_code_is_told_with_the_other_ways(found, urls):
    door = door_at(urls["weibo"], Platform.WEIBO)
    elsewhere = Door(door.platform, door.hosts, f"{urls['weibo']}/weibo?q=x", door.mark)
    with pytest.raises(KoubeiError, match="no QR code") as caught:
        come_in(elsewhere, found, show=lambda _: None, limit=4)
    assert "--state" in caught.value.sentence("zh")


def test_a_private_address_is_not_opened(found, urls):
    door = door_at(urls["weibo"], Platform.WEIBO)
    with pytest.raises(KoubeiError, match=r"does not open \(HTTP 403\)"):
        come_in(door, found, show=lambda _: None, limit=10, allowed=False)


def test_a_platform_that_is_not_there_is_told(found):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        door = door_at(f"http://127.0.0.1:{taken.getsockname()[1]}", Platform.WEIBO)
        with pytest.raises(KoubeiError, match=r"does not open \(HTTP 502\)") as caught:
            come_in(door, found, show=lambda _: None, limit=10)
    assert "crawl.allowed_hosts" in caught.value.sentence("zh")
