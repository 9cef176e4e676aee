"""A wall, a login, pages, the end of the login: the demo with its walls up, real processes."""

import json
import os
import re
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from browser.find import find_browser
from browser.qr import QUIET_ZONE
from domain.account import Account, Role
from domain.brand import Transport
from domain.coverage import CoverageState
from domain.errors import BrowserMissing
from domain.mention import Platform
from domain.session import SessionState, door_of, state_of
from domain.storage_state import read_storage_state
from storage.sql.copying import dump
from storage.sql.database import open_database
from tests.demo_process import running_demo
from tests.fakes import NOON
from tests.fixtures.demo_login import storage_state_at
from tests.integration.crawling import House

pytestmark = pytest.mark.integration

WORD = "云栈茶饮"
ROOT = Path(__file__).parents[2]
OWNER = Account("lin", "lin", "林澜", frozenset({Role.ANALYST}), NOON, address="lin@example.com")
OTHER = Account("chen", "chen", "陈栖", frozenset({Role.ADMIN}), NOON, address="chen@example.com")
CHARACTERS = re.compile(r"[█▀▄ ]{20,}")


@contextmanager
def walled_house(
    home: Path, *, spider: str, site: str, transport: Transport, scanned_after: float = 0
) -> Iterator[House]:
    with (
        running_demo("--walls", "--scanned-after", str(scanned_after)) as urls,
        House(home, urls[site], spider=spider, transport=transport, queries=(WORD,)) as house,
    ):
        with house.services.begin_work() as work:
            for account in (OWNER, OTHER):
                work.accounts.add(account)
            work.commit()
        yield house


def told(house: House) -> list[tuple[str, str]]:
    """Return whom the mails about logins went to, and what they said."""
    with house.services.begin_work() as work:
        mails = [mail for mail in work.outbox.recent() if mail.kind == "session"]
    return [(mail.recipient, mail.rendered.subject) for mail in reversed(mails)]


def token_of(house: House) -> str:
    """Return the secret itself."""
    door = door_of(house.source)
    opened = house.services.session_desk.open(house.source.platform, house.services.clock.now())
    assert door is not None
    assert opened is not None
    return next(cookie.value for cookie in opened.state.cookies if cookie.name == door.mark)


def require_nowhere(house: House, token: str, *said: str) -> None:
    """Fail when a secret lies open in a file of the house, in its pages, in what a backup holds, in
    the audit trail, or in what was said.
    """
    secret = token.encode()
    for file in house.home.rglob("*"):
        if file.is_file():
            assert secret not in file.read_bytes(), file
    engine = open_database(house.services.settings.workflow_url)
    lines: list[str] = []
    try:
        dump(engine, lines.append, lambda _: None)
    finally:
        engine.dispose()
    assert any("platform_sessions" in line for line in lines)
    assert not [line for line in lines if token in line]
    with house.services.begin_work() as work:
        rows = list(work.audit.rows())
        mails = work.outbox.recent()
    assert rows
    assert token not in repr(rows) + repr(mails) + "".join(said)
    pages = [zlib.decompress(file.read_bytes()) for file in house.home.rglob("*.zlib")]
    assert pages
    assert not [page for page in pages if secret in page]


def store(house: House, document: str) -> None:
    door = door_of(house.source)
    assert door is not None
    house.services.session_desk.store(
        door,
        read_storage_state(document, "file"),
        owner_id="lin",
        actor="cli:tester",
        at=house.services.clock.now(),
        way="file",
    )


def test_a_login_opens_the_wall_until_the_platform_ends_it(tmp_path, capfd):
    with walled_house(
        tmp_path, spider="weibo_search", site="weibo", transport=Transport.HTTP
    ) as house:
        services = house.services
        assert house.crawl().reason == "login_wall"
        assert told(house) == [("chen@example.com", "【采集】微博要求登录")], "admins hear it once"

        store(house, storage_state_at(house.source))
        with services.begin_work() as work:
            first = work.sessions.get(Platform.WEIBO)
            sealed = work.sessions.sealed_state(Platform.WEIBO)
        assert state_of(first, services.clock.now()) is SessionState.VALID
        token = token_of(house)

        # the schedule left the source alone after the wall; a login ends that
        outcome = house.crawl({"LOG_LEVEL": "DEBUG"}, scheduled=True)
        assert outcome.state in {CoverageState.OK, CoverageState.PARTIAL}, outcome
        assert outcome.new > 0
        with services.begin_work() as work:
            renewed = work.sessions.get(Platform.WEIBO)
            assert work.sessions.sealed_state(Platform.WEIBO) != sealed
        assert renewed.expires_at > first.expires_at, "the demo prolongs a login in use"

        said = capfd.readouterr()
        assert "Crawled (200)" in said.err, "the log was looked at, and says much"
        require_nowhere(house, token, *said)
        httpx.post(f"{house.source.base_url}/__demo__/login/end").raise_for_status()
        for _ in range(2):
            outcome = house.crawl()
            assert (outcome.state, outcome.reason) == (CoverageState.BLOCKED, "login_wall")
        with services.begin_work() as work:
            ended = work.sessions.get(Platform.WEIBO)
            assert work.sessions.sealed_state(Platform.WEIBO) is None
            actions = [row.action for row in work.audit.of("session:weibo")]
        assert ended.ended_reason == "login_wall"
        assert actions == ["platform_session.stored", "platform_session.ended"]
        assert told(house)[1:] == [("lin@example.com", "【采集】微博登录已失效")], "its owner, once"
        require_nowhere(house, token, *capfd.readouterr())


class Terminal:
    """`koubei login … --qr` as a process, with what it has said so far."""

    def __init__(self, house: House, platform: str) -> None:
        house.services.session_desk.masker()  # makes the keys
        environment = {
            **os.environ,
            "KOUBEI_CONFIG": str(house.home / "koubei.toml"),
            "PYTHONPATH": str(ROOT),
        }
        command = [sys.executable, "-m", "cli", "login", platform, "--qr", "--owner", "lin"]
        self.process = subprocess.Popen(
            [*command, "--minutes", "2"],
            cwd=house.home,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.said: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line.rstrip("\n"))

    def codes(self) -> list[str]:
        """Return the codes that were drawn whole so far."""
        found, lines = [], list(self.said)
        height = (21 + 2 * QUIET_ZONE + 1) // 2
        for n in range(len(lines) - height + 1):
            block = lines[n : n + height]
            whole = all(CHARACTERS.fullmatch(line) for line in block)
            if whole and (n == 0 or not CHARACTERS.fullmatch(lines[n - 1])):
                found.append("\n".join(block))
        return found

    def wait_for_codes(self, number: int, within: float = 60) -> list[str]:
        deadline = time.monotonic() + within
        while len(self.codes()) < number:
            assert time.monotonic() < deadline, self.said
            assert self.process.poll() is None, self.said
            time.sleep(0.2)
        return self.codes()

    def end(self) -> int:
        try:
            return self.process.wait(90)
        finally:
            self.process.kill()
            self.process.wait()
            self._reader.join(5)
            assert self.process.stdout is not None
            self.process.stdout.close()


@pytest.mark.browser
def test_a_code_in_the_terminal_opens_the_wall_for_the_browser_too(tmp_path, capfd):
    try:
        find_browser(None)
    except BrowserMissing as error:
        pytest.skip(f"{error}; mend: apt install chromium")
    with walled_house(
        tmp_path,
        spider="zhihu_search",
        site="zhihu",
        transport=Transport.BROWSER,
        scanned_after=-1,
    ) as house:
        site = f"{house.source.base_url}/__demo__/login"
        assert house.crawl().reason == "login_wall"
        terminal = Terminal(house, "zhihu")
        try:
            terminal.wait_for_codes(1)
            httpx.post(f"{site}/expire").raise_for_status()
            deadline = time.monotonic() + 60
            while httpx.post(f"{site}/scan").json()["scanned"] == 0:
                assert time.monotonic() < deadline, "no new code took the place of the old"
                time.sleep(0.3)
        finally:
            assert terminal.end() == 0, terminal.said
        assert any("已保存知乎登录" in line for line in terminal.said)
        token = token_of(house)

        outcome = house.crawl({"LOG_LEVEL": "DEBUG"})
        assert outcome.state in {CoverageState.OK, CoverageState.PARTIAL}, outcome
        assert outcome.new > 0
        httpx.post(f"{site}/end").raise_for_status()
        for _ in range(2):
            assert house.crawl().reason == "login_wall"
        assert told(house)[1:] == [("lin@example.com", "【采集】知乎登录已失效")]
        with house.services.begin_work() as work:
            rows = work.audit.of("session:zhihu")
        assert json.loads(rows[0].payload)["way"] == "qr"
        assert rows[0].actor.startswith("cli:")
        require_nowhere(house, token, *terminal.said, *capfd.readouterr())


@pytest.mark.browser
def test_a_tieba_that_asks_for_itself_is_read_with_a_login_from_a_file(tmp_path):
    try:
        find_browser(None)
    except BrowserMissing as error:
        pytest.skip(f"{error}; mend: apt install chromium")
    with walled_house(
        tmp_path, spider="tieba_search", site="tieba_app", transport=Transport.BROWSER
    ) as house:
        assert house.crawl().reason == "login_wall"
        store(house, storage_state_at(house.source))
        assert house.crawl().new > 0
