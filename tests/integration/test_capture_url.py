"""`koubei capture URL`: exactly one page, under the rules of a source; nobody else's address."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from domain.brand import Transport
from tests.demo_process import ROOT, finish_demo, first_line, start_demo
from tests.integration.crawling import House

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def weibo() -> Iterator[str]:
    process = start_demo("--days", "2")
    try:
        yield first_line(process)["weibo"]
    finally:
        finish_demo(process)


def capture(home: Path, address: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cli", "capture", address, "-p", "weibo", "--out", "out"],
        cwd=home,
        env={**os.environ, "PYTHONPATH": str(ROOT), "KOUBEI_LANGUAGE": "en"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def asked(weibo: str) -> dict[str, int]:
    answer: dict[str, dict[str, int]] = httpx.get(f"{weibo}/__demo__/requests.json").json()
    return answer["by_path"]


def test_one_page_is_asked_for_and_becomes_a_fixture(tmp_path, weibo):
    with House(tmp_path, weibo, queries=("云栈",)):
        before = asked(weibo).get("/realtime", 0)
        result = capture(tmp_path, f"{weibo}/realtime?q=%E4%BA%91%E6%A0%88")
        assert result.returncode == 0, result.stderr
        assert asked(weibo)["/realtime"] == before + 1
        assert asked(weibo)["/robots.txt"] == 1
    (told,) = tmp_path.glob("out/weibo_search/*/expected.json")
    assert len(json.loads(told.read_text(encoding="utf-8"))["page"]["mentions"]) >= 10


def test_what_a_source_reads_in_a_browser_is_not_asked_for_without_one(tmp_path, weibo):
    before = asked(weibo)
    with House(tmp_path, weibo, queries=("云栈",), transport=Transport.BROWSER):
        result = capture(tmp_path, f"{weibo}/realtime?q=x")
    assert result.returncode == 2
    said = " ".join(result.stderr.split())
    assert "site: this source is read in a browser" in said
    assert "koubei capture FILE" in said
    assert asked(weibo) == before
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("path", "code", "said"),
    [("/__demo__/truth.json", 1, "robots.txt"), ("", 2, "no source may ask")],
)
def test_what_the_rules_forbid_is_not_asked_for(tmp_path, weibo, path, code, said):
    with House(tmp_path, weibo, queries=("云栈",)):
        address = f"{weibo}{path}" if path else "https://example.com/realtime?q=x"
        result = capture(tmp_path, address)
    assert result.returncode == code
    assert said in result.stderr
    assert not (tmp_path / "out").exists()
