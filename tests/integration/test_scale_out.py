"""Three `koubei up` processes, each with a folder of its own, on one PostgreSQL database and one
mention store: no slot twice, the work of a killed one taken over, nothing missing.
"""

import base64
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from crawlers.processes import descendants
from domain.brand import Brand, Configuration, Source, Transport, Watch, WatchRule
from domain.coverage import CoverageRow, is_known, known_intervals
from domain.crawl import SlotState
from domain.mention import Platform
from domain.queries import MentionFilter
from scheduler.service import LEASE
from scheduler.timetable import FIXED_JOBS, Lane
from storage.sql.database import begin_work, open_database
from storage.sql.tables import slots
from storage.sqlite.mentions import SqliteMentionStore
from tests.demo_process import finish_demo, first_line, start_demo
from tests.fixtures import postgres
from tests.fixtures.postgres import PostgresServer
from tests.integration.replay_server import ReplayServer, Reply, Seen
from tests.integration.weibo_site import Post, WeiboSite, posts

postgres_server = postgres.postgres_server
postgres_template = postgres.postgres_template
pytestmark = [pytest.mark.postgres, pytest.mark.integration, pytest.mark.timeout(420)]

ROOT = Path(__file__).resolve().parents[2]
WORKERS = 3
WORDS = ("奶茶", "果茶", "奶盖", "芝士")
POSTS = 200
"""For each word, so twenty pages and some that say that there are no more."""
ANSWER_SECONDS = 0.2
SPOKEN = timedelta(hours=5)
BACKFILL = timedelta(hours=6)
EVERY = timedelta(minutes=5)


class SlowSite(WeiboSite):
    """Takes its time, so that a worker can be killed in the middle of its work."""

    def __call__(self, seen: Seen) -> Reply:
        time.sleep(ANSWER_SECONDS)
        return super().__call__(seen)


@dataclass
class Fleet:
    """The workers of one test, and what they share."""

    folder: Path
    engine: Engine
    shared: Mapping[str, str]
    workers: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str) -> None:
        """Start a worker as on a machine of its own."""
        home = self.folder / name
        home.mkdir()
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("KOUBEI_")},
            "PYTHONPATH": str(ROOT),
            "KOUBEI_DATA_DIR": str(home / "var"),
            "KOUBEI_BROWSER__ENABLED": "false",
            **self.shared,
        }
        words = ["up", "--only", "crawler", "--only", "scheduler", "--no-demo"]
        with (home / "log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "cli", *words],
                cwd=home,
                env=environment,
                stdout=log,
                stderr=log,
            )
        self.workers[process.pid] = process

    def done(self) -> Counter[tuple[str, str]]:
        """Return how often a worker says that it did a slot."""
        told: Counter[tuple[str, str]] = Counter()
        for log in self.folder.glob("*/log"):
            for line in log.read_text(encoding="utf-8").splitlines():
                event = json.loads(line) if line.startswith("{") else {}
                if event.get("event") == "job_done" and event["lease_kept"]:
                    told[event["job"], event["slot"]] += 1
        return told

    def rows(self) -> list[Any]:
        """Return every slot."""
        with self.engine.connect() as db:
            return list(db.execute(select(slots).order_by(slots.c.slot_at)))

    def running(self) -> list[Any]:
        """Return the jobs that are being done, lanes aside."""
        lanes = tuple(f"lane:{lane}" for lane in Lane)
        return [r for r in self.rows() if r.state == SlotState.RUNNING and r.job not in lanes]

    def crawls(self) -> list[Any]:
        """Return the slots of crawls."""
        return [row for row in self.rows() if row.job.startswith("crawl:")]

    def wait_for(self, wanted: Callable[[], Any], seconds: float) -> Any:
        """Return what is wanted as soon as it is there."""
        deadline = time.monotonic() + seconds
        while not (found := wanted()):
            assert time.monotonic() < deadline, self.crawls()
            assert all(process.poll() is None for process in self.workers.values()), self.said()
            time.sleep(0.1)
        return found

    def said(self) -> str:
        """Return the end of every log."""
        return "\n".join(log.read_text()[-1500:] for log in self.folder.glob("*/log"))

    def kill(self, pid: int) -> None:
        """Let a machine die: the worker with everything that it started."""
        family = [pid, *(child.pid for child in descendants(pid))]
        for one in family:
            with suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)
        self.workers.pop(pid).wait()

    def stop(self) -> None:
        """End all that are left, as a service manager does."""
        for process in self.workers.values():
            process.send_signal(signal.SIGTERM)
        assert {process.wait(60) for process in self.workers.values()} <= {0}
        self.workers.clear()


@pytest.fixture
def engine(postgres_server: PostgresServer, postgres_template: str) -> Iterator[Engine]:
    with postgres_server.database(postgres_template) as url:
        engine = open_database(url.render_as_string(hide_password=False))
        yield engine
        engine.dispose()


@contextmanager
def a_fleet(folder: Path, engine: Engine, shared: Mapping[str, str]) -> Iterator[Fleet]:
    fleet = Fleet(folder, engine, shared)
    try:
        yield fleet
    finally:
        for pid in list(fleet.workers):
            fleet.kill(pid)


def the_configuration(weibo: str, tieba: str) -> Configuration:
    """Return a watch for each word on the slow site, and one on the demo's Tieba."""
    return Configuration(
        brands=(Brand("tea", "云栈"),),
        sources=(
            Source("site", "weibo_search", Platform.WEIBO, Transport.HTTP, weibo, EVERY),
            Source("bar", "tieba_search", Platform.TIEBA, Transport.HTTP, tieba, EVERY),
        ),
        watches=(
            *(a_watch(f"w{n}", word, "site") for n, word in enumerate(WORDS)),
            a_watch("bar", "云栈", "bar"),
        ),
    )


def a_watch(watch_id: str, word: str, source_id: str) -> Watch:
    return Watch(
        id=watch_id,
        name=word,
        brand_ids=("tea",),
        queries=(word,),
        source_ids=(source_id,),
        rule=WatchRule(any_words=(word,)),
        backfill=BACKFILL,
    )


def offered_until(now: datetime) -> list[Post]:
    every = SPOKEN / POSTS
    return [
        post
        for n, word in enumerate(WORDS)
        for post in posts(POSTS, word=word, until=now, every=every, first=n * POSTS)
    ]


def overlapping(crawls: list[Any], platform_watches: set[str]) -> list[tuple[str, str]]:
    """Return the pairs of slots of one platform that were worked on at the same time."""
    spans = sorted(
        (row.started_at, row.finished_at, row.job)
        for row in crawls
        if row.job.split(":")[1] in platform_watches
    )
    return [(a[2], b[2]) for a, b in pairwise(spans) if b[0] < a[1]]


def ledger(engine: Engine, watch_ids: list[str], now: datetime) -> list[CoverageRow]:
    with begin_work(engine)() as work:
        return work.coverage.rows(watch_ids, start=now - 2 * BACKFILL, end=now)


@pytest.fixture
def mentions(tmp_path: Path) -> tuple[dict[str, str], Callable[[], list[str]]]:
    """The settings of a shared store, and what returns the ids in it."""
    path = tmp_path / "mentions.sqlite"

    def stored() -> list[str]:
        with ExitStack() as stack:
            store = SqliteMentionStore(path)
            stack.callback(store.close)
            return [m.id for m in store.scan(MentionFilter(public_voice_only=False))]

    return {"KOUBEI_MENTION_STORE_URL": f"sqlite:///{path}"}, stored


def test_three_workers_share_all_work_and_take_over_a_dead_one_s(
    tmp_path, engine, mentions, capsys
):
    store_settings, stored = mentions
    now = datetime.now(UTC).replace(microsecond=0)
    offered = offered_until(now)
    demo = start_demo("--seed", "7")
    with ReplayServer(SlowSite(offered)) as site, ExitStack() as stack:
        stack.callback(finish_demo, demo)
        tieba = first_line(demo)["tieba"]
        with begin_work(engine)() as work:
            work.configuration.save(
                the_configuration(site.base_url, tieba),
                expected_version=0,
                actor="test",
                at=now,
                origin="test",
            )
            work.commit()
        hosts = ",".join(url.removeprefix("http://") for url in (site.base_url, tieba))
        shared = {
            "KOUBEI_WORKFLOW_URL": engine.url.render_as_string(hide_password=False),
            "KOUBEI_AUTHOR_KEY": base64.urlsafe_b64encode(b"a" * 32).decode(),
            "KOUBEI_SEAL_KEY": base64.urlsafe_b64encode(b"s" * 32).decode(),
            "KOUBEI_CRAWL__CONTACT": "ops@example.com",
            "KOUBEI_CRAWL__ALLOWED_HOSTS": hosts,
            **store_settings,
        }
        fleet = stack.enter_context(a_fleet(tmp_path, engine, shared))
        began = time.monotonic()
        for n in range(WORKERS):
            fleet.start(f"machine-{n}")

        def in_the_middle() -> Any:
            """Return the crawl of the slow site when it has fetched some pages and not all."""
            busy = [row for row in fleet.running() if row.job.startswith("crawl:w")]
            return busy if len(site.pages()) in range(8, 16) else None

        victim = fleet.wait_for(in_the_middle, 60)[0]
        fleet.kill(int(victim.owner.split(":")[1]))
        killed_at = time.monotonic()
        left = [row for row in fleet.running() if row.owner == victim.owner]

        def taken_over() -> bool:
            now = {(row.job, row.slot_at): row.owner for row in fleet.rows()}
            return all(now[row.job, row.slot_at] != victim.owner for row in left)

        fleet.wait_for(taken_over, LEASE.total_seconds() + 30)
        after = time.monotonic() - killed_at
        watch_ids = [watch.id for watch in the_configuration("", "").watches]

        def everything_read() -> bool:
            rows = ledger(engine, watch_ids, datetime.now(UTC))
            return all(
                is_known(known_intervals(r for r in rows if r.watch_id == one), now - SPOKEN, now)
                for one in watch_ids
            )

        fleet.wait_for(everything_read, 150)
        took = time.monotonic() - began
        fleet.stop()

    told = fleet.done()
    assert set(told.values()) == {1}, "no slot twice"
    assert {job for job, _ in told} >= {job.name for job in FIXED_JOBS}
    assert victim.job in {row.job for row in left}
    ended = {(row.job, row.slot_at): row for row in fleet.rows()}
    for row in left:
        again = ended[row.job, row.slot_at]
        assert (again.state, again.owner != victim.owner) == (SlotState.DONE, True)
    crawls = [row for row in fleet.crawls() if row.state == SlotState.DONE]
    assert overlapping(crawls, {f"w{n}" for n in range(len(WORDS))}) == [], "one session a platform"
    wanted = sorted(post.id for post in offered)
    assert sorted(set(stored()) & set(wanted)) == wanted
    asked, needed = len(site.pages()), len({str(seen.query) for seen in site.pages()})
    assert asked - needed <= 2, "the page in flight, and nothing else that was read before"
    workers = len({row.owner for row in fleet.rows()} - {victim.owner, ""})
    with capsys.disabled():
        sys.stdout.write(
            f"\n{WORKERS} workers: {len(told)} slots, each done once; of the one killed, "
            f"{len(left)} jobs were taken over after {after:.0f} s by the {workers} others; "
            f"{len(wanted)} of {len(wanted)} posts, {asked} requests for {needed} pages; "
            f"everything known after {took:.0f} s\n"
        )
