"""`koubei crawl --from … --to …` on the demo world: what is asked, what the ledger says of it, and
that nothing of the past alarms anybody.
"""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from browser.find import find_browser
from crawlers.launch import look_back
from demo.platforms.surface import Counted, Stage, found, mention_id
from demo.platforms.weibo import weibo_app
from demo.world import World, build_uniform_world, build_world
from domain.brand import Source, Transport
from domain.coverage import CoverageState, Interval, holes, looked_at, why_unread
from domain.errors import BrowserMissing
from domain.mention import Platform
from domain.queries import MentionFilter
from domain.times import CHINA
from tests.demo_process import running_demo
from tests.integration.crawling import House
from tests.integration.item_house import ROOT, WORD, ItemHouse, SteppedClock, served

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture(scope="module")
def demo() -> Iterator[dict[str, str]]:
    """A demo whose crisis is five days old."""
    with running_demo(
        "--now", "real", "--frozen", "--days", "12", "--crisis-hours-ago", "120"
    ) as said:
        yield said


@pytest.fixture(scope="module")
def world(demo: dict[str, str]) -> World:
    born = datetime.fromisoformat(demo["born"])
    return build_world(7, born, days=12, crisis_hours_ago=120)


@pytest.fixture(scope="module")
def past(demo: dict[str, str]) -> Interval:
    """Three whole days in China, with the crisis in them."""
    now = datetime.fromisoformat(demo["now"]).astimezone(CHINA)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return Interval((midnight - 7 * DAY).astimezone(UTC), (midnight - 4 * DAY).astimezone(UTC))


def said_within(world: World, past: Interval, platform: Platform) -> set[str]:
    posts = found(world.until(datetime.now(UTC), platform), WORD)
    return {mention_id(p) for p in posts if past.start <= p.published_at < past.end}


def stored(house: House | ItemHouse, within: Interval | None = None) -> set[str]:
    everything = house.services.store.scan(MentionFilter(public_voice_only=False))
    return {
        m.id for m in everything if within is None or within.start <= m.published_at < within.end
    }


def asked(url: str) -> Counter[str]:
    told = httpx.get(f"{url}/__demo__/requests.json", timeout=10).json()
    return Counter(told["by_path"])


def read(house: House, past: Interval) -> CoverageState | None:
    outcome = look_back((house.watch, house.source), house.services, past, command=house.command())
    return outcome.state


def test_weibo_is_asked_for_the_days_of_the_range_and_for_nothing_else(
    tmp_path: Path, demo, world, past
) -> None:
    before = asked(demo["weibo"])
    with House(tmp_path, demo["weibo"], queries=(WORD,)) as house:
        assert read(house, past) is CoverageState.OK
        assert stored(house) == said_within(world, past, Platform.WEIBO)
        searched = asked(demo["weibo"]) - before
        assert searched["/weibo"] >= 3  # a list for each day
        assert searched["/realtime"] == 0
        rows = house.rows()
        assert all(row.backfill for row in rows)
        assert looked_at(rows) == (past,)
        with house.services.begin_work() as work:
            assert work.coverage.latest() == []  # of the present nothing is said
        # the ordinary crawl begins as if there had been none, and does not ask for those days again
        house.watch = replace(house.watch, backfill=8 * DAY)
        with house.services.begin_work() as work:
            version, configuration = work.configuration.current()
            work.configuration.save(
                replace(configuration, watches=(house.watch,)),
                expected_version=version, actor="test", at=datetime.now(UTC), origin="test",
            )  # fmt: skip
            work.commit()
        assert house.crawl().state is CoverageState.OK
        newer = [row for row in house.rows() if row.run_id != rows[0].run_id]
        assert any(not row.backfill for row in newer)
        assert not any(
            row.window_start < past.end - HOUR and row.window_end > past.start for row in newer
        )


def test_a_day_beyond_the_ceiling_is_asked_for_hour_by_hour(tmp_path: Path) -> None:
    """700 posts on a day, of which the platform shows 500."""
    now = datetime.now(UTC)
    world = build_uniform_world(7, now, days=3, count=2100)
    stage = Stage(world, SteppedClock(now), Platform.WEIBO)  # type: ignore[arg-type]
    site = Counted(weibo_app(stage))
    midnight = now.astimezone(CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
    day = Interval((midnight - DAY).astimezone(UTC), midnight.astimezone(UTC))
    with served({"weibo": site}) as urls, House(tmp_path, urls["weibo"], queries=(WORD,)) as house:
        assert read(house, day) is CoverageState.OK
        within = said_within(world, day, Platform.WEIBO)
        assert len(within) > 600
        assert stored(house) == within
        assert site.by_path["/weibo"] >= 50 + 24
        assert looked_at(house.rows()) == (day,)


def test_tieba_is_read_back_from_the_newest_until_the_range_is_passed(
    tmp_path: Path, demo, world, past
) -> None:
    before = asked(demo["tieba"])
    with House(tmp_path, demo["tieba"], spider="tieba_search", queries=(WORD,)) as house:
        assert read(house, past) is CoverageState.OK
        assert stored(house, past) == said_within(world, past, Platform.TIEBA)
        first = asked(demo["tieba"]) - before
        assert looked_at(house.rows()) == (past,)
        # what is known already is no reason to stop before the range is passed
        assert read(house, past) is CoverageState.OK
        assert asked(demo["tieba"]) - before == first + first - Counter({"/robots.txt": 1})


@pytest.fixture
def _browser() -> None:
    try:
        find_browser(None)
    except BrowserMissing as error:
        pytest.skip(f"{error}; mend: apt install chromium")


@pytest.mark.browser
@pytest.mark.usefixtures("_browser")
def test_what_lies_behind_a_platforms_ceiling_is_not_said_to_be_seen(
    tmp_path: Path, demo, world, past
) -> None:
    past = Interval(past.start - 4 * DAY, past.end)  # the older, the further behind newer posts
    with House(
        tmp_path,
        demo["zhihu"],
        spider="zhihu_search",
        queries=(WORD,),
        transport=Transport.BROWSER,
    ) as house:
        assert read(house, past) is CoverageState.PARTIAL
        rows = house.rows()
        assert {row.reason for row in rows if row.state is CoverageState.PARTIAL} == {
            "result_ceiling"
        }
        assert all(row.backfill for row in rows)
        unread = list(holes(looked_at(rows), past.start, past.end))
        assert unread
        assert all(why_unread(rows, hole) == "result_ceiling" for hole in unread)
        behind = said_within(world, past, Platform.ZHIHU) - stored(house)
        assert behind, "the ceiling hid nothing, so nothing was tried"
        hidden = [
            p for p in world.until(datetime.now(UTC), Platform.ZHIHU) if mention_id(p) in behind
        ]
        assert all(any(h.start <= p.published_at < h.end for h in unread) for p in hidden)


def test_a_range_that_was_killed_goes_on_and_hinders_no_look_at_the_present(
    tmp_path: Path, demo, world, past
) -> None:
    before = asked(demo["weibo"])["/weibo"]
    with House(tmp_path, demo["weibo"], queries=(WORD,)) as house:
        span = ["--from", past.start.isoformat(), "--to", past.end.isoformat()]
        command = [*house.command(), "--watch", "tea", "--source", "site", *span]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while asked(demo["weibo"])["/weibo"] < before + 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert looked_at(house.rows()) == ()
        present = house.crawl()
        assert (present.state, present.resumed) == (CoverageState.OK, False)
        outcome = look_back(
            (house.watch, house.source), house.services, past, command=house.command()
        )
        assert (outcome.state, outcome.resumed) == (CoverageState.OK, True)
        assert stored(house, past) == said_within(world, past, Platform.WEIBO)


# ---- the command ---------------------------------------------------------------------------------


def koubei(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "220"}
    return subprocess.run(
        [sys.executable, "-m", "cli", "crawl", *words],
        cwd=home, env=environment, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip


class RangeHouse(ItemHouse):
    """The real ingest and detector, with a search, a hot list and a Tieba that shows its first
    replies only.
    """

    def __init__(self, home: Path, demo: dict[str, str]) -> None:
        super().__init__(home, "weibo_search", demo["weibo"])
        hosts = ", ".join(f'"{demo[site].removeprefix("http://")}"' for site in ("weibo", "zhihu"))
        toml = f'[crawl]\ncontact = "ops@example.com"\nallowed_hosts = [{hosts}]\n'
        (home / "koubei.toml").write_text(toml, encoding="utf-8")
        transport = self.source.transport
        others = (
            Source("hot", "weibo_hot", Platform.WEIBO, transport, demo["weibo"]),
            Source("zhihu", "zhihu_search", Platform.ZHIHU, transport, demo["zhihu"]),
        )
        self.watch = replace(self.watch, source_ids=("items", "hot", "zhihu"))
        self.configuration = replace(
            self.configuration, watches=(self.watch,), sources=(self.source, *others)
        )


def test_the_command_tells_who_can_look_back_and_what_was_not_reached(
    tmp_path: Path, demo, world, past
) -> None:
    first, last = past.start.astimezone(CHINA), past.end.astimezone(CHINA) - DAY
    dates = ("--from", f"{first:%Y-%m-%d}", "--to", f"{last:%Y-%m-%d}")
    with RangeHouse(tmp_path, demo) as house:
        done = koubei(tmp_path, *dates)
        assert done.returncode == 3, done.stderr
        assert "✗ weibo_hot：不支持日期范围" in done.stderr
        assert "· weibo_search：按日期向平台查询" in done.stderr
        assert "· zhihu_search：平台不能按日期查询" in done.stderr
        span = f"{first:%Y-%m-%d} 00:00 – {last + DAY:%Y-%m-%d} 00:00"
        assert f"补采 {span}（Asia/Shanghai）" in done.stdout
        (unread,) = [
            line for line in done.stdout.splitlines() if span in line and "补采" not in line
        ]
        assert unread.startswith("tea")
        assert "zhihu" in unread
        # the crisis of five days ago is stored, and wakes nobody
        assert len(stored(house, past)) > 30
        assert not any(each.outcome.is_alert for each in house.services.detector.evaluate())
        with house.services.begin_work() as work:
            assert work.signals.recent(5) == []
        alone = koubei(tmp_path, "weibo_hot", *dates)
        assert alone.returncode == 2
        assert "不支持日期范围：热榜没有过去" in alone.stderr
        wrong = koubei(tmp_path, "--from", "2030-01-01")
        assert wrong.returncode == 2
        assert "--from 2030-01-01：在未来 → 写今天或更早的日期" in wrong.stderr
