"""A day of the demo's company over the real stores: calm, crisis, ebb, and the mails of each."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from analysis.polarity.scorer import KoubeiScorer
from delivery.render import render_alert
from demo.configuration import demo_configuration
from demo.schedule import CRISIS_CURVE, Mood
from demo.world import Post, World, build_world
from domain.audit import first_broken
from domain.brand import Configuration, Level, Recipient
from domain.coverage import CoverageRow, CoverageState
from domain.mention import Platform
from domain.outbox import OutboxMail
from domain.page import FoundMention
from domain.ports import BeginWork, MentionStore, Scorer
from domain.sentiment import Probabilities, ScoreRequest, Scores
from domain.signal import Signal, SignalState
from monitoring.detect import Detector
from monitoring.ingest import Ingest
from storage.identity import KeyedMasker
from storage.sql.database import begin_work, migrate, open_database
from storage.sqlite.mentions import SqliteMentionStore
from tests.fakes import NOON, FixedClock

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

HALF_HOUR, HOUR = timedelta(minutes=30), timedelta(hours=1)
CRISIS_BEGINS = NOON + 2 * HOUR
DUTY = Recipient("duty", "值班长", "duty@example.invalid")
BOSS = Recipient("boss", "总经理", "boss@example.invalid", min_level=Level.RED)
SOURCES = {
    Platform.WEIBO: "weibo-search",
    Platform.ZHIHU: "zhihu-search",
    Platform.TIEBA: "tieba-search",
}
PROBABILITIES = {
    Mood.NEGATIVE: Probabilities(0.9, 0.07, 0.03),
    Mood.NEUTRAL: Probabilities(0.05, 0.9, 0.05),
    Mood.POSITIVE: Probabilities(0.03, 0.07, 0.9),
}


@dataclass
class TruthScorer:
    """Knows what the writers of a world mean; bare reposts are all of the crisis."""

    moods: Mapping[str, Mood]
    model_id: str = "truth-1"

    def score(self, requests: Sequence[ScoreRequest]) -> list[Scores]:
        moods = (self.moods.get(request.text, Mood.NEGATIVE) for request in requests)
        return [Scores(PROBABILITIES[mood]) for mood in moods]


def said(post: Post) -> str:
    return f"{post.title}\n{post.text}".strip()


def found(post: Post, seen_at: datetime) -> FoundMention:
    likes, comments, reposts = post.counts_at(seen_at)
    original = post.repost_of
    return FoundMention(
        id=f"{post.platform.value}:{post.native_id}",
        platform=post.platform,
        kind=post.kind,
        url=f"https://example.invalid/{post.native_id}",
        text=post.text,
        title=post.title,
        published_at=post.published_at,
        author=post.author.name,
        author_uid=post.author.uid,
        likes=likes,
        comments=comments,
        reposts=reposts,
        repost_of=f"{original.platform.value}:{original.native_id}" if original else None,
    )


def configuration() -> Configuration:
    made = demo_configuration(*(f"http://127.0.0.1:{port}" for port in range(1, 6)))
    watch = made.watches[0]
    return Configuration(
        brands=made.brands,
        watches=(watch,),
        sources=tuple(s for s in made.sources if s.id in SOURCES.values()),
        recipients=(DUTY, BOSS),
    )


def open_file(folder: Path) -> MentionStore:
    """Open the embedded store of a folder."""
    return SqliteMentionStore(folder / "mentions.sqlite")


@dataclass
class Day:
    """A folder with real stores, a clock, and how far each platform was read."""

    folder: Path
    world: World
    open_store: Callable[[Path], MentionStore] = open_file
    scorer: Scorer | None = None
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOON))
    read_until: datetime = NOON - timedelta(days=8)

    def __post_init__(self) -> None:
        moods = {said(post): post.mood for post in self.world.posts}
        self.scorer = self.scorer or TruthScorer(moods)
        self.start()
        with self.begin() as work:
            work.configuration.save(
                configuration(), expected_version=0, actor="test", at=NOON, origin="test"
            )
            work.commit()
        self.crawl(backfill=True)

    def start(self) -> None:
        self.engine = open_database(f"sqlite:///{self.folder / 'workflow.sqlite'}")
        migrate(self.engine)
        self.begin: BeginWork = begin_work(self.engine)
        self.store = self.open_store(self.folder)
        masker = KeyedMasker(b"a" * 32, b"s" * 32)
        self.ingest = Ingest(self.store, self.begin, self.scorer, masker)

    def stop(self) -> None:
        self.store.close()
        self.engine.dispose()

    def restart(self) -> None:
        self.stop()
        self.start()

    def crawl(self, *, backfill: bool = False) -> None:
        """Read every platform up to the present, as a crawl does: mentions first, then the row."""
        since, now = self.read_until, self.clock.now()
        watch = configuration().watches[0]
        for platform, source in SOURCES.items():
            run = f"{source}-{now:%d%H%M}"
            posts = [p for p in self.world.until(now, platform) if p.published_at > since]
            cards = [found(post, now) for post in posts]
            result = self.ingest.take(cards, watch=watch, run_id=run, collected_at=now)
            assert result.refused == ()
            with self.begin() as work:
                work.coverage.record(
                    CoverageRow(
                        watch.id,
                        source,
                        platform,
                        since,
                        now,
                        now,
                        CoverageState.OK if cards else CoverageState.EMPTY,
                        run,
                        found=len(cards),
                        matched=result.matched,
                        new=result.new,
                        backfill=backfill,
                    )
                )
                work.commit()
        self.read_until = now

    def evaluate(self) -> None:
        Detector(
            self.store,
            self.begin,
            self.clock,
            render=render_alert,
            zone=ZoneInfo("Asia/Shanghai"),
            public_url="https://koubei.example.org",
            model_id=self.scorer.model_id,
        ).evaluate()

    def evaluate_twice_at_once(self) -> None:
        with ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(self.evaluate) for _ in range(2)]:
                done.result()

    def pass_by(self, hours: int, evaluate: Callable[[], None], restart_every: int = 0) -> None:
        for tick in range(1, hours * 2 + 1):
            self.clock.forward(HALF_HOUR)
            self.crawl()
            if restart_every and tick % restart_every == 0:
                self.restart()
            evaluate()

    @property
    def signals(self) -> list[Signal]:
        with self.begin() as work:
            return work.signals.recent()

    @property
    def mails(self) -> list[OutboxMail]:
        with self.begin() as work:
            assert first_broken(work.audit.rows()) is None
            mails = work.outbox.recent(limit=500)
        return sorted(mails, key=lambda mail: (mail.epoch, mail.recipient))


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(7, NOON, crisis_hours_ago=-2)


@pytest.fixture(scope="module")
def day(world, tmp_path_factory):
    day = Day(tmp_path_factory.mktemp("day"), world)
    day.pass_by(24, day.evaluate)
    yield day
    day.stop()


def told(day: Day, address: str) -> list[OutboxMail]:
    return [mail for mail in day.mails if mail.recipient == address]


def test_a_crisis_is_one_signal_from_its_first_hours_to_its_ebb(day):
    (signal,) = day.signals

    assert signal.brand_id == "yunzhan"
    assert CRISIS_BEGINS < signal.opened_at <= CRISIS_BEGINS + 4 * HOUR
    assert signal.state is SignalState.CLOSED
    assert signal.peak_observed >= max(CRISIS_CURVE)
    ebbed = CRISIS_BEGINS + 11 * HOUR
    assert signal.closed_at
    assert ebbed + 6 * HOUR <= signal.closed_at <= ebbed + 9 * HOUR
    assert signal.platforms[0] is Platform.WEIBO


def test_each_mail_is_told_once_and_growth_only_at_twice_or_on_a_new_platform(day):
    mails = told(day, DUTY.address)
    stages = [mail.key.split("|")[2] for mail in mails]
    middle = [f"update-{n}" for n in range(2, len(mails))]

    assert stages == ["opening-1", *middle, f"closing-{len(mails)}"]
    assert 2 <= len(middle) <= 5
    assert {mail.thread for mail in mails[1:]} == {mails[0].key}
    assert "解除" in mails[-1].rendered.subject
    with day.begin() as work:
        acts = [row for row in work.audit.rows() if row.action.startswith("signal.")]
    heights = [json.loads(act.payload)["observed"] for act in acts[:-1]]
    spreads = ["扩散到" in mail.rendered.subject for mail in mails[1:-1]]
    for (before, after), spread in zip(pairwise(heights), spreads, strict=True):
        assert after >= 2 * before or spread
    named = [p for mail in mails[1:-1] for p in spread_to(mail.rendered.subject)]
    assert len(named) == len(set(named))


def spread_to(subject: str) -> list[str]:
    """Return the platforms that a subject says the crisis has spread to."""
    told = re.search(r"扩散到([^|]+)", subject)
    return told[1].split("、") if told else []


def test_a_growing_crisis_reaches_the_boss_and_its_end_all_who_were_told(day):
    mails, told_boss = told(day, DUTY.address), told(day, BOSS.address)

    assert 0 < len(told_boss) < len(mails)
    assert told_boss[0].key.split("|")[2].startswith("update-")
    assert "红色预警" in told_boss[0].rendered.subject
    assert any("级别由" in mail.rendered.text for mail in mails)
    last = [mail.recipient for mail in day.mails if mail.epoch == len(mails)]
    assert last == sorted([DUTY.address, BOSS.address])


def test_the_engine_that_is_shipped_sees_the_same_day(world, tmp_path):
    judged = Day(tmp_path, world, scorer=KoubeiScorer.shipped())
    judged.pass_by(24, judged.evaluate)

    (signal,) = judged.signals
    assert CRISIS_BEGINS < signal.opened_at <= CRISIS_BEGINS + 4 * HOUR
    assert (signal.level, signal.state) == (Level.RED, SignalState.CLOSED)
    assert max(CRISIS_CURVE) <= signal.peak_observed <= 1.3 * max(CRISIS_CURVE)
    first, *_, last = told(judged, DUTY.address)
    assert "橙色预警" in first.rendered.subject
    assert f"情感模型：{judged.scorer.model_id}" in first.rendered.text
    assert "解除" in last.rendered.subject
    assert "红色预警" in told(judged, BOSS.address)[0].rendered.subject
    judged.stop()


def test_restarts_and_a_second_detector_change_nothing(day, world, tmp_path):
    other = Day(tmp_path, world)
    other.pass_by(24, other.evaluate_twice_at_once, restart_every=7)

    assert [(mail.key, mail.rendered) for mail in other.mails] == [
        (mail.key, mail.rendered) for mail in day.mails
    ]
    # versions count writes: two detectors may both note newer figures
    assert [replace(signal, version=0, decided_version=0) for signal in other.signals] == [
        replace(signal, version=0, decided_version=0) for signal in day.signals
    ]
    other.stop()
