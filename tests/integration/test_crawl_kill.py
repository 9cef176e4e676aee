"""kill -9 at random moments: nothing lost, nothing twice, by the server's own list.

KOUBEI_TEST_KILLS and KOUBEI_TEST_MENTIONS make the long form.
"""

import os
import random
import signal
import subprocess
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crawlers.frontier import STALE_AFTER
from domain.coverage import CoverageState, is_known, known_intervals
from domain.queries import MentionFilter
from domain.times import CHINA
from tests.integration.crawling import House
from tests.integration.replay_server import ReplayServer, Reply, Seen
from tests.integration.weibo_site import WeiboSite, posts

pytestmark = pytest.mark.integration

KILLS = int(os.environ.get("KOUBEI_TEST_KILLS", "10"))
MENTIONS = int(os.environ.get("KOUBEI_TEST_MENTIONS", "10000"))
DAYS = 25


@pytest.mark.timeout(600)
def test_kill_9_at_random_moments_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    every = timedelta(days=DAYS) / (MENTIONS + 1)
    offered = posts(MENTIONS, word="奶茶", until=now, every=every)
    chance = random.Random(7)
    with (
        ReplayServer(WeiboSite(offered)) as site,
        House(tmp_path, site.base_url, backfill=timedelta(days=DAYS)) as house,
    ):
        asked_before: list[int] = []
        for _ in range(KILLS):
            asked_before.append(len(site.pages()))
            _start_and_kill(
                house, site, pages=chance.randint(1, 2 * MENTIONS // 10 // KILLS), chance=chance
            )
        outcome = house.crawl()
        assert outcome.state is CoverageState.OK, outcome
        stored = [m.id for m in house.services.store.scan(MentionFilter(public_voice_only=False))]
        assert sorted(stored) == sorted(post.id for post in offered)
        assert house.services.store.count(MentionFilter()) == len(offered)
        known = known_intervals(house.rows())
        assert is_known(known, now - timedelta(days=DAYS - 1), now - timedelta(minutes=1))
        # what was fetched is not asked for again: at most the page in flight at each kill
        assert len(site.pages()) <= MENTIONS // 10 + 2 * DAYS + 2 * KILLS
        assert len(set(asked_before)) > KILLS // 2  # the kills struck on the way


def _start_and_kill(house: House, site: ReplayServer, *, pages: int, chance: random.Random) -> None:
    """Let a worker fetch some pages, and kill it within the next one."""
    command = [*house.command(), "--watch", "tea", "--source", "site"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    goal = len(site.pages()) + pages
    deadline = time.monotonic() + 60
    while len(site.pages()) < goal and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    time.sleep(chance.random() * 0.03)
    process.send_signal(signal.SIGKILL)
    process.wait()


@pytest.mark.timeout(300)
def test_a_day_beyond_the_ceiling_is_read_hour_by_hour_though_killed_on_the_way(
    tmp_path: Path,
) -> None:
    """The day shows 500 of its posts, and so does its fullest hour: that hour stays unknown."""
    now = datetime.now(UTC).replace(microsecond=0)
    noon = (now.astimezone(CHINA) - timedelta(days=2)).replace(hour=12, minute=0, second=0)
    full = posts(
        600, word="奶茶", until=noon + timedelta(hours=1), every=timedelta(seconds=5), first=10_000
    )
    rest = posts(300, word="奶茶", until=noon, every=timedelta(minutes=2))
    chance = random.Random(3)
    with (
        ReplayServer(WeiboSite([*full, *rest])) as site,
        House(tmp_path, site.base_url, backfill=timedelta(days=3)) as house,
    ):
        for _ in range(3):
            _start_and_kill(house, site, pages=chance.randint(15, 30), chance=chance)
        outcome = house.crawl()
        assert (outcome.state, outcome.reason) == (CoverageState.PARTIAL, "result_ceiling")
        stored = {m.id for m in house.services.store.scan(MentionFilter(public_voice_only=False))}
        assert stored >= {post.id for post in rest}
        assert len(stored) == len(rest) + 500
        known = known_intervals(house.rows())
        assert is_known(known, noon - timedelta(hours=12), noon)
        assert is_known(known, noon + timedelta(hours=1), now - timedelta(minutes=1))
        assert not is_known(known, noon, noon + timedelta(minutes=1))
        # two lists of 50 pages, a page for each empty hour or day, ten posts a page of the rest
        assert len(site.pages()) <= 50 + 50 + 24 + 4 + len(rest) // 10 + 12 + 6


def test_a_run_that_lives_is_not_taken_over(tmp_path: Path) -> None:
    assert timedelta(seconds=30) < STALE_AFTER
    asked, answer = threading.Event(), threading.Event()
    nobody = WeiboSite([])

    def waiting(seen: Seen) -> Reply:
        """Keep the first run at its page until the second one has had its try."""
        if not seen.path.startswith("/robots"):
            asked.set()
            answer.wait(30)
        return nobody(seen)

    with ReplayServer(waiting) as site, House(tmp_path, site.base_url) as house:
        first = subprocess.Popen(
            [*house.command({"DOWNLOAD_TIMEOUT": 60}), "--watch", "tea", "--source", "site"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            assert asked.wait(30)
            outcome = house.crawl()
            assert (outcome.state, outcome.reason) == (None, "already_running")
        finally:
            answer.set()
            first.wait(30)
        assert house.rows()[-1].state is CoverageState.EMPTY
