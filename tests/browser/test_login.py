"""The way in and the dashboard behind it, in a real browser: the policy that forbids scripts in
pages and every outside host must leave Streamlit whole.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from browser.find import find_browser
from domain.errors import BrowserMissing
from storage.sql.database import begin_work, open_database
from tests.fixtures.people import PASSWORD, an_account, move_in

sync_api = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.browser
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.fixtures.web_process", str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        engine = open_database(f"sqlite:///{tmp_path / 'workflow.sqlite'}")
        move_in(begin_work(engine), an_account())
        engine.dispose()
        yield told["address"]
    finally:
        process.terminate()
        process.wait(30)
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture
def context() -> Iterator[sync_api.BrowserContext]:
    try:
        found = find_browser()
    except BrowserMissing as missing:
        pytest.skip(f"needs a Chromium; mend: {missing.mend}")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=str(found.path), args=["--no-sandbox"]
        )
        yield chromium.new_context(locale="zh-CN")
        chromium.close()


def test_a_link_leads_through_the_login_to_a_page_that_is_whole(address, context):
    page = context.new_page()
    complaints: list[str] = []
    outside: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on(
        "request",
        lambda asked: (
            None if asked.url.startswith((address, "data:", "blob:")) else outside.append(asked.url)
        ),
    )
    page.goto(f"{address}/?id=A-20261121-03")
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    page.fill("[name=login]", "lin")
    page.fill("[name=password]", PASSWORD)
    page.click("button")
    page.get_by_text("query A-20261121-03").wait_for()
    page.locator(
        "[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg"
    ).first.wait_for()
    page.locator("[data-testid=stDataFrame] canvas").first.wait_for()
    page.locator("[data-testid=stFileUploader]").wait_for()
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    assert [said for said in complaints if "Content Security" in said or "CSP" in said] == []
    assert outside == []

    uploaded = page.locator("[data-testid=stFileUploader] input[type=file]")
    uploaded.set_input_files({"name": "a.txt", "mimeType": "text/plain", "buffer": b"x"})
    page.get_by_text("a.txt").wait_for()

    other = context.new_page()
    other.goto(f"{address}/logout")
    other.click("button")
    assert other.url == f"{address}/login"
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_url("**/login?next=*")
    assert page.url.endswith("/login?next=%2F%3Fid%3DA-20261121-03")
