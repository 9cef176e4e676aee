"""The first three minutes: `koubei up` with nothing configured, as a newcomer runs it."""

import email
import email.policy
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from browser.find import find_browser
from domain.errors import BrowserMissing
from tests.fixtures.browsing import Browser
from tests.fixtures.people import PASSWORD

ROOT = Path(__file__).resolve().parents[2]
DEADLINE_SECONDS = 180
pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]


class House:
    """A folder in which `koubei up` runs, and what can be asked of it."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        # PYTHONPATH leads to this tree, also where another one is installed
        self.environment = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
        self.log = (folder / "service.log").open("w+", encoding="utf-8")
        self.said = folder / "said.txt"
        self.output = self.said.open("w", encoding="utf-8")
        self.up = subprocess.Popen(
            [sys.executable, "-m", "cli", "up"],
            cwd=folder,
            env=self.environment,
            stdout=self.output,
            stderr=self.log,
        )

    def koubei(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "cli", *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def status(self) -> dict:
        return json.loads(self.koubei("status", "--json").stdout)

    def wait_for(self, wanted) -> dict:
        began = time.monotonic()
        while time.monotonic() - began < DEADLINE_SECONDS:
            assert self.up.poll() is None, self.said.read_text(encoding="utf-8")
            if (self.folder / "var/demo/workflow.sqlite").exists():
                status = self.status()
                if wanted(status):
                    return status
            time.sleep(3)
        raise AssertionError(f"not in {DEADLINE_SECONDS} s: {self.status()}")

    def mails(self) -> list[email.message.EmailMessage]:
        return [
            email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            for path in sorted((self.folder / "var/demo/outbox").glob("*.eml"))
        ]

    def secret(self, name: str) -> str:
        secret = (self.folder / "var/demo/secrets" / name).read_text(encoding="ascii").strip()
        assert secret not in self.said.read_text(encoding="utf-8"), "a journal is no place for it"
        return secret

    def address(self) -> str:
        found = re.search(r"http://[\d.:]+", self.said.read_text(encoding="utf-8"))
        assert found
        return found[0]

    def stop(self) -> int:
        if self.up.poll() is None:
            self.up.send_signal(signal.SIGTERM)
        return self.up.wait(60)


@pytest.fixture
def house(tmp_path, request) -> Iterator[House]:
    house = House(tmp_path, request.param)
    yield house
    if house.up.poll() is None:
        house.up.kill()
        house.up.wait()
    house.log.close()
    house.output.close()


def all_looked_and_mailed(status: dict) -> bool:
    looked = all(source["state"] for source in status["sources"])
    return looked and bool(status["open_signals"]) and status["mails"]["sent"] >= 1


def states(status: dict) -> dict[str, tuple[str, str]]:
    return {s["source"]: (s["state"], s["reason"]) for s in status["sources"]}


@pytest.mark.parametrize("house", [{"KOUBEI_BROWSER__ENABLED": "false"}], indirect=True)
def test_without_a_browser_one_alarm_one_mail_and_every_gap_named(house):
    status = house.wait_for(all_looked_and_mailed)
    by_source = states(status)
    assert by_source["weibo-search"] == ("ok", "")
    assert by_source["tieba-search"] == ("ok", "")
    assert by_source["weibo-hot"] == ("blocked", "login_wall")
    assert by_source["zhihu-search"] == ("failed", "browser_missing")
    assert by_source["tieba-app"] == ("failed", "browser_missing")
    assert status["demo"] is True

    assert [s["brand"] for s in status["open_signals"]] == ["yunzhan"], "none for the wave"
    opening = [m for m in house.mails() if not m["In-Reply-To"]]
    assert len(opening) == 1
    assert "云栈" in opening[0]["Subject"]
    assert "演示数据" in opening[0].get_body(("plain",)).get_content()
    assert opening[0]["Auto-Submitted"] == "auto-generated"

    base = house.address()
    with httpx.Client() as client:
        browser = Browser(base=base, client=client)
        assert browser.get("/healthz").json() == {"status": "ok"}
        assert browser.get("/metrics").status_code == 401
        assert browser.get("/", host="evil.example").status_code == 400
        bearer = f"Bearer {house.secret('metrics_token')}"
        assert "koubei_mentions" in browser.get("/metrics", authorization=bearer).text
        assert browser.get("/").headers["location"] == "/setup", "nobody is there yet"
        entered = browser.submit(
            browser.get("/setup"),
            "/setup",
            code=house.secret("first_code"),
            login="lin",
            name="林澜",
            password=PASSWORD,
            again=PASSWORD,
        )
        assert entered.headers["location"].startswith("/setup/team")
        alert = f"/alerts?id={status['open_signals'][0]['id']}"
        assert browser.get(alert).status_code == 200
        browser.submit(browser.get("/logout"), "/logout")
        asked = browser.get(alert)
        assert asked.headers["location"].startswith("/login?next=%2Falerts")
        assert browser.log_in(place=alert).headers["location"] == alert
        shown = browser.get(alert)
        assert '<html lang="zh-CN">' in shown.text
        assert shown.headers["content-security-policy"].startswith("default-src 'none'")

    plain = house.koubei("status")
    assert plain.returncode == 3, "gaps are an exit code too"
    for word in ("被拦截", "失败", "Chromium", "橙色" if "橙色" in plain.stdout else "预警"):
        assert word in plain.stdout

    assert house.stop() == 0
    assert "已停止" in house.said.read_text(encoding="utf-8")
    for line in (house.folder / "service.log").read_text(encoding="utf-8").splitlines():
        json.loads(line)


def _has_browser() -> bool:
    try:
        find_browser()
    except BrowserMissing:
        return False
    return True


@pytest.mark.browser
@pytest.mark.skipif(
    not _has_browser(),
    reason="needs a Chromium; mend: apt install chromium, or python3 run.py test --system",
)
@pytest.mark.parametrize("house", [{}], indirect=True)
def test_with_a_browser_every_source_but_the_walled_one_is_read(house):
    status = house.wait_for(all_looked_and_mailed)
    by_source = states(status)
    assert by_source["weibo-hot"] == ("blocked", "login_wall")
    read = {"ok", "partial"}
    assert by_source["zhihu-search"][0] in read
    assert by_source["tieba-app"][0] in read
    assert house.stop() == 0
