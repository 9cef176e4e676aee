import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.alert import MailStage
from domain.brand import Brand, Configuration, Level, Recipient, Source, Transport, Watch
from domain.case import Case, CaseKind, CaseState, FalseAlarmCategory
from domain.coverage import CoverageRow, CoverageState
from domain.errors import VersionConflict
from domain.mention import Platform, Precision
from domain.model_run import ModelRun, Shift, shifted
from domain.outbox import Rendered
from domain.roster import QuietHours
from domain.sentiment import Label, Sentiment
from domain.signal import Outcome, Rule, SignalState
from domain.silence import Silence, SilenceScope
from monitoring.detect import Detector
from monitoring.evidence import telling_terms
from tests.fakes import NOON, FixedClock, a_mention
from tests.fixtures.signals import a_signal as fixture_signal
from tests.unit.monitoring.fakes import Database, MemoryStore

HOUR = timedelta(hours=1)
WEIBO, ZHIHU = Platform.WEIBO, Platform.ZHIHU
DAY = Precision.DAY
LEAD = Recipient("lead", "李值班", "lead@example.org")
BOSS = Recipient("boss", "王总", "boss@example.org", min_level=Level.RED)


def configuration(*platforms):
    return Configuration(
        brands=(Brand("cha", "云栈奶茶"),),
        watches=(Watch("w", "云栈", ("cha",), ("云栈",), tuple(p.value for p in platforms)),),
        sources=tuple(
            Source(p.value, f"{p.value}_search", p, Transport.HTTP, "https://example.org")
            for p in platforms
        ),
        recipients=(LEAD, BOSS),
    )


def look(platform, start, end, state=CoverageState.OK, **changes):
    return CoverageRow(
        "w", platform.value, platform, start, end, end, state, f"{platform}{end}", **changes
    )


class World:
    """A watched brand whose story a test tells: posts, looks, and evaluations as time goes by."""

    def __init__(self, *platforms, days=10, rate=2):
        self.platforms = platforms or (WEIBO,)
        self.clock = FixedClock(NOON)
        self.database = Database(configuration(*self.platforms))
        self.store = MemoryStore()
        self.chance = random.Random(5)
        self.mails = []
        self.join = None
        self.number = 0
        start = NOON - timedelta(days=days)
        for hour in range(days * 24):
            for platform in self.platforms:
                self.post(platform, start + hour * HOUR, self.chance.choice((0, 1, rate, rate)))
        self.covered_until = dict.fromkeys(self.platforms, start)
        self.look()

    def post(self, platform, at, count, *, text="售后失联", authors=None, **changes):
        """Write negative posts in the hour that begins at `at`."""
        for index in range(count):
            self.number += 1
            sentiment = {"": Sentiment(Label.NEGATIVE, -0.8, 0.9, "m")}
            author = self.number if authors is None else index % authors
            fields = {
                "platform": platform,
                "id": f"{platform}:{self.number}",
                "published_at": at + HOUR * (index + 0.5) / count,
                "brand_ids": frozenset({"cha"}),
                "author_key": f"k{author}",
                "text": text,
                "terms": ("售后",),
                "sentiment": sentiment,
            }
            self.store.mentions.append(a_mention(str(self.number), **{**fields, **changes}))

    def look(self, *platforms, state=CoverageState.OK):
        """Crawl platforms (all by default) up to the present."""
        now = self.clock.now()
        for platform in platforms or self.platforms:
            self.database.coverage.append(
                look(platform, self.covered_until[platform], now, state, reason="")
            )
            if state is CoverageState.OK:
                self.covered_until[platform] = now

    def render(self, signal, stage, context, recipient):
        self.mails.append((stage, recipient.id, signal, context))
        return Rendered(stage.value, "", "")

    def detector(self):
        return Detector(
            self.store,
            self.database.begin,
            self.clock,
            render=self.render,
            zone=ZoneInfo("Asia/Shanghai"),
            public_url="https://koubei.example.org/",
            model_id="stock",
            join=self.join,
        )

    def evaluate(self):
        return self.detector().evaluate()

    def outcome(self, platform=None):
        """The newest stored decision of a series, after an evaluation."""
        self.evaluate()
        found = [e for e in self.database.evaluations.values() if e.platform is platform]
        return max(found, key=lambda e: e.bin_end).outcome

    def pass_hour(self, **posts):
        """Let an hour go by with so many posts on each platform, and look everywhere."""
        start = self.clock.now()
        for platform, count in posts.items():
            self.post(Platform(platform), start, count)
        self.clock.forward(HOUR)
        self.look()

    @property
    def signals(self):
        return list(self.database.signals.values())

    @property
    def stages(self):
        return [mail.rendered.subject for mail in self.database.mails.values()]


def test_a_calm_brand_is_evaluated_and_nobody_is_told():
    world = World()

    assert world.outcome() in {Outcome.CALM, Outcome.TOO_FEW}
    assert world.signals == []
    assert world.database.mails == {}


def test_a_spike_opens_one_signal_with_one_mail_and_its_audit_row():
    world = World()
    world.pass_hour(weibo=40)

    evaluations = world.evaluate()

    (signal,) = world.signals
    opened = [e for e in evaluations if e.outcome is Outcome.OPENED]
    assert [(e.platform, e.signal_id) for e in opened] == [(None, signal.id)]
    assert signal.id == "A-20261120-01"
    assert (signal.figures.observed, signal.alerted_observed) == (40, 40)
    assert signal.figures.distinct_authors == 40
    assert signal.platforms == signal.alerted_platforms == (WEIBO,)
    assert signal.terms == (("售后", 40),)
    (mail,) = world.database.mails.values()
    assert (mail.recipient, mail.thread, mail.signal_id) == (LEAD.address, "", signal.id)
    assert [row["action"] for row in world.database.audit] == ["signal.opened"]


def test_evaluating_the_same_moment_again_changes_nothing_that_was_told():
    world = World()
    world.pass_hour(weibo=40)
    world.evaluate()
    told = {k: e for k, e in world.database.evaluations.items() if e.outcome.is_alert}

    world.evaluate()

    assert len(world.signals) == 1
    assert world.stages == ["opening"]
    assert {k: world.database.evaluations[k] for k in told} == told


def test_two_detectors_at_once_make_one_signal():
    world = World()
    world.pass_hour(weibo=40)
    other = world.detector()
    world.database.before_commit.append(lambda: other.evaluate())

    world.evaluate()

    assert len(world.signals) == 1
    assert world.stages == ["opening"]


def test_a_detector_that_always_loses_says_so():
    world = World()

    def interfere():
        world.database.version += 1
        world.database.before_commit.append(interfere)

    world.database.before_commit.append(interfere)
    with pytest.raises(VersionConflict):
        world.evaluate()


def test_growth_is_told_only_at_twice_the_height():
    world = World()
    for count in (40, 70, 85):
        world.pass_hour(weibo=count)
        world.evaluate()

    assert world.stages == ["opening", "update"]
    (signal,) = world.signals
    assert (signal.epoch, signal.alerted_observed, signal.peak_observed) == (2, 85, 85)
    opening, update = world.database.mails.values()
    assert update.thread == opening.key


def test_a_second_platform_is_told():
    world = World(WEIBO, ZHIHU)
    world.pass_hour(weibo=40, zhihu=1)
    world.evaluate()
    world.pass_hour(weibo=30, zhihu=30)
    world.evaluate()

    assert world.stages == ["opening", "update"]
    assert world.signals[0].alerted_platforms == (WEIBO, ZHIHU)


def test_a_signal_closes_after_six_quiet_hours_and_tells_all_who_knew():
    world = World()
    world.pass_hour(weibo=40)
    world.evaluate()
    world.database.configuration = replace(
        world.database.configuration, recipients=(replace(BOSS, min_level=Level.BLUE),)
    )
    for _ in range(7):
        world.pass_hour(weibo=1)
        world.evaluate()

    (signal,) = world.signals
    assert signal.state is SignalState.CLOSED
    assert world.stages == ["opening", "closing"]
    closing = list(world.database.mails.values())[-1]
    assert closing.recipient == LEAD.address
    assert world.database.audit[-1]["action"] == "signal.closed"


def test_a_blind_platform_closes_nothing():
    world = World(WEIBO, ZHIHU)
    world.pass_hour(weibo=40, zhihu=1)
    world.evaluate()
    for _ in range(10):
        world.post(ZHIHU, world.clock.now(), 1)
        world.clock.forward(HOUR)
        world.look(ZHIHU)
        world.look(WEIBO, state=CoverageState.BLOCKED)
        world.evaluate()

    assert world.signals[0].state is SignalState.OPEN
    assert world.stages == ["opening"]


def test_a_blocked_platform_does_not_blind_the_brand():
    world = World(WEIBO, ZHIHU)
    for _ in range(4):
        world.clock.forward(HOUR)
        world.look(ZHIHU)
    world.post(ZHIHU, world.clock.now(), 40)
    world.clock.forward(HOUR)
    world.look(ZHIHU)
    world.look(WEIBO, state=CoverageState.BLOCKED)

    assert world.outcome(None) is Outcome.OPENED
    assert world.outcome(WEIBO) is Outcome.COVERAGE_UNKNOWN
    context = world.mails[0][3]
    assert [(note.platform, note.state) for note in context.coverage] == [(WEIBO, "blocked")]
    assert world.signals[0].platforms == (ZHIHU,)


def test_an_unknown_hour_of_which_little_was_seen_does_not_alert():
    world = World()
    world.post(WEIBO, world.clock.now() + HOUR, 5)
    world.clock.forward(3 * HOUR)
    world.look(state=CoverageState.FAILED)

    assert world.outcome() is Outcome.COVERAGE_UNKNOWN
    assert world.signals == []


def flood(world, count, *, platform=WEIBO, others=()):
    """Let an hour go by in which a platform's search shows its newest posts only."""
    start = world.clock.now()
    world.post(platform, start, count)
    world.clock.forward(HOUR)
    if others:
        world.look(*others)
    row = look(platform, start - HOUR, start + HOUR / 2, CoverageState.PARTIAL)
    rest = look(platform, start + HOUR / 2, start + HOUR)
    world.database.coverage += [replace(row, reason="result_ceiling", observed_at=rest.observed_at)]
    world.database.coverage += [rest]


def test_a_flooded_search_alerts_on_what_was_seen_and_says_so():
    world = World()
    flood(world, 60)

    evaluations = world.evaluate()

    (signal,) = world.signals
    assert signal.figures.lower_bound
    assert signal.figures.observed == signal.alerted_observed == 60
    opened = [e for e in evaluations if e.outcome is Outcome.OPENED]
    assert [(e.figures.lower_bound, e.inputs["known"]) for e in opened] == [(True, False)]
    (mail,) = world.mails
    notes = [(note.state, note.reason) for note in mail[3].coverage]
    assert notes == [("partial", "result_ceiling")]
    assert "at least 60" in world.database.audit[0]["reason"]


def test_a_flood_grows_a_signal_and_never_calms_it():
    world = World()
    world.pass_hour(weibo=30)
    world.evaluate()
    flood(world, 70)
    world.evaluate()
    (grown,) = world.signals
    for _ in range(8):
        flood(world, 1)
        world.evaluate()
    (signal,) = world.signals

    assert world.stages == ["opening", "update"]
    assert (grown.alerted_observed, grown.figures.lower_bound) == (70, True)
    assert signal.state is SignalState.OPEN
    assert signal.quiet_since is None


def test_a_flooded_platform_beside_known_ones_grows_the_signal():
    world = World(WEIBO, ZHIHU)
    world.pass_hour(weibo=40, zhihu=1)
    world.evaluate()
    for count in (2, 2, 2, 95):
        world.post(ZHIHU, world.clock.now(), 1)
        flood(world, count, others=(ZHIHU,))
        world.evaluate()

    assert world.stages == ["opening", "update"]
    assert world.signals[0].alerted_observed >= 95
    assert WEIBO in world.signals[0].platforms


def test_a_known_hour_speaks_before_less_that_was_seen_of_a_later_one():
    world = World()
    world.pass_hour(weibo=40)
    flood(world, 30)
    world.evaluate()

    (signal,) = world.signals
    assert (signal.figures.observed, signal.figures.lower_bound) == (40, False)


def test_a_flood_of_yesterday_alerts_nobody():
    world = World()
    flood(world, 90)
    world.clock.forward(3 * HOUR)
    world.evaluate()

    assert world.signals == []


def test_catching_up_does_not_alert_on_a_burst_that_is_over():
    world = World()
    world.post(WEIBO, world.clock.now(), 90)
    world.clock.forward(24 * HOUR)
    world.look()

    evaluations = world.evaluate()

    assert world.signals == []
    assert not any(e.outcome.is_alert for e in evaluations)


def test_a_spike_that_began_in_an_outage_is_told_while_it_goes_on():
    world = World()
    for count in (60, 50, 45):
        world.post(WEIBO, world.clock.now(), count)
        world.clock.forward(HOUR)
    world.look()
    world.evaluate()

    assert world.stages == ["opening"]
    assert world.signals[0].onset_at < world.clock.now() - 2 * HOUR


def test_late_posts_are_judged_again_as_history():
    world = World()
    world.pass_hour(weibo=2)
    spiked_at = world.clock.now()
    world.evaluate()
    world.pass_hour(weibo=1)
    world.evaluate()
    world.post(WEIBO, spiked_at - HOUR, 60)

    again = world.evaluate()

    assert Outcome.HISTORY in {e.outcome for e in again}
    assert world.signals == []


def test_a_closed_signal_is_not_opened_again_by_the_same_spike():
    world = World()
    world.pass_hour(weibo=40)
    world.evaluate()
    (signal,) = world.signals
    world.clock.forward(timedelta(minutes=20))
    world.look()
    world.database.signals[signal.id] = replace(
        signal, state=SignalState.CLOSED, closed_at=world.clock.now()
    )

    assert world.outcome() is Outcome.SILENCED
    assert len(world.signals) == 1

    world.clock.forward(timedelta(minutes=70))
    world.post(WEIBO, world.clock.now() - HOUR, 95)
    world.look()
    world.evaluate()
    assert len(world.signals) == 2


def test_one_author_with_many_posts_is_no_alarm():
    world = World()
    world.post(WEIBO, world.clock.now(), 40, authors=2)
    world.clock.forward(HOUR)
    world.look()

    assert world.outcome() is Outcome.FEW_AUTHORS
    assert world.signals == []


def test_a_wave_of_one_text_is_labelled_and_shown_once():
    world = World()
    world.post(WEIBO, world.clock.now(), 40, cluster_id="weibo:1", text="同一段话 " * 40)
    world.clock.forward(HOUR)
    world.look()
    world.evaluate()

    (signal,) = world.signals
    assert signal.one_text_wave
    assert signal.top_posts[0].near_copies == 39
    assert sum(post.near_copies > 0 for post in signal.top_posts) == 1
    assert all(len(post.excerpt) <= 80 for post in signal.top_posts)


@pytest.mark.parametrize(
    ("text", "level"), [("喝完排队太久", Level.YELLOW), ("喝完食物中毒", Level.ORANGE)]
)
def test_severe_words_are_never_below_orange(text, level):
    world = World()
    world.post(WEIBO, world.clock.now(), 7, text=text)
    world.clock.forward(HOUR)
    world.look()
    world.evaluate()

    assert world.signals[0].level is level


def test_a_level_rises_only_with_a_mail_that_tells_of_it():
    world = World()
    world.pass_hour(weibo=14)
    world.evaluate()
    (before,) = world.signals
    world.post(WEIBO, world.clock.now(), 20, likes=600)
    world.clock.forward(HOUR)
    world.look()
    world.evaluate()
    (quietly,) = world.signals
    world.post(WEIBO, world.clock.now(), 40, likes=600)
    world.clock.forward(HOUR)
    world.look()
    world.evaluate()
    (told,) = world.signals

    assert (before.level, quietly.level) == (Level.ORANGE, Level.ORANGE)
    assert told.level is Level.RED
    assert [context.told_level for *_, context in world.mails] == [None, *[Level.ORANGE] * 2]
    told_of = [(stage, who) for stage, who, _, _ in world.mails]
    assert told_of == [("opening", "lead"), ("update", "lead"), ("update", "boss")]


def test_growth_is_told_even_while_another_platform_is_blind():
    world = World(WEIBO, ZHIHU)
    world.pass_hour(weibo=40, zhihu=2)
    world.evaluate()
    for count in (2, 2, 90):
        world.post(WEIBO, world.clock.now(), count)
        world.clock.forward(HOUR)
        world.look(WEIBO)
        world.look(ZHIHU, state=CoverageState.FAILED)
    world.evaluate()

    assert world.stages == ["opening", "update"]


def test_the_first_day_learns_and_says_so():
    world = World(days=0)
    for _ in range(5):
        world.pass_hour(weibo=2)

    assert world.outcome() is Outcome.LEARNING
    world.pass_hour(weibo=30)
    assert world.outcome() is Outcome.OPENED


def test_a_bin_that_is_not_yet_covered_waits_for_its_crawl():
    world = World()
    world.pass_hour(weibo=40)
    world.clock.forward(timedelta(minutes=20))

    evaluations = [e for e in world.evaluate() if e.platform is None]

    newest = max(evaluations, key=lambda e: e.bin_end)
    assert newest.outcome is Outcome.COVERAGE_UNKNOWN
    assert [e.bin_end for e in evaluations if e.outcome is Outcome.OPENED] == [NOON + HOUR]


def test_the_mail_knows_the_last_day_and_its_gaps():
    world = World()
    world.clock.forward(2 * HOUR)
    world.covered_until[WEIBO] = world.clock.now() - HOUR
    world.look()
    world.pass_hour(weibo=40)
    world.evaluate()

    stage, _, _, context = world.mails[0]
    assert stage is MailStage.OPENING
    assert len(context.hours) == 24
    assert (context.hours[-1].negative, context.hours[-1].known) == (40, True)
    assert [bar.known for bar in context.hours[-4:]] == [True, False, True, True]
    assert context.data_until == world.clock.now()
    assert context.lag == timedelta(0)
    assert context.public_url == "https://koubei.example.org"


def test_an_evaluation_takes_few_queries_however_long_the_history():
    world = World(WEIBO, ZHIHU)
    world.evaluate()
    calm = world.store.queries
    world.pass_hour(weibo=40, zhihu=1)
    world.evaluate()

    assert calm == 2
    assert world.store.queries - calm <= 7


def test_a_brand_that_nobody_watches_is_not_judged():
    world = World()
    world.database.configuration = replace(world.database.configuration, watches=())

    assert world.evaluate() == []


def test_a_new_watch_does_not_turn_history_into_the_unknown():
    world = World()
    old = world.database.configuration
    new = Watch("w2", "新方案", ("cha",), ("云栈",), (WEIBO.value,))
    world.database.configuration = replace(old, watches=(*old.watches, new))
    now = world.clock.now()
    world.database.coverage.append(replace(look(WEIBO, now - HOUR, now), watch_id="w2"))
    world.clock.forward(HOUR)
    world.post(WEIBO, now, 40)
    world.look()
    world.database.coverage.append(replace(look(WEIBO, now, now + HOUR), watch_id="w2"))

    assert world.outcome() is Outcome.OPENED


def test_evaluations_keep_their_inputs():
    world = World()
    (evaluation,) = [e for e in world.evaluate() if e.platform is None and e.bin_end == NOON]

    assert evaluation.inputs["platforms"] == ["weibo"]
    assert evaluation.inputs["sensitivity"] == "balanced"
    assert evaluation.inputs["known"] is True
    assert evaluation.configuration_version == 1
    assert evaluation.bin_end - evaluation.bin_start == timedelta(minutes=15)
    assert evaluation.evaluated_at == datetime(2026, 11, 20, 4, tzinfo=UTC)


MIDNIGHT = datetime(2026, 11, 19, 16, tzinfo=UTC)
"""The beginning of the day in China on which the tests play."""


def pile(world, count, midnight=MIDNIGHT, **changes):
    """Write posts of which the platform told the day alone."""
    for _ in range(count):
        world.post(
            WEIBO, midnight, 1, published_at=midnight, **{"published_precision": DAY, **changes}
        )


def test_posts_with_a_day_and_no_hour_are_no_spike_at_midnight():
    world = World()
    world.clock.forward(MIDNIGHT + timedelta(hours=25) - NOON)
    world.look()
    pile(world, 80, MIDNIGHT + timedelta(days=1))

    assert world.outcome() in {Outcome.CALM, Outcome.TOO_FEW}
    assert world.signals == []

    pile(world, 80, MIDNIGHT + timedelta(days=1), published_precision=Precision.MINUTE)
    assert world.outcome() is Outcome.OPENED
    assert world.signals[0].figures.observed < 90


def test_piles_at_midnight_raise_neither_what_is_usual_nor_the_record():
    calm, piled = World(), World()
    for days in range(9):
        pile(piled, 30, MIDNIGHT - timedelta(days=days))
    for world in (calm, piled):
        world.pass_hour(weibo=12)

    assert calm.outcome() is Outcome.OPENED
    assert piled.outcome() is Outcome.OPENED
    assert calm.signals[0].figures == piled.signals[0].figures


def test_only_midnights_with_a_pile_cost_a_query():
    world = World()
    pile(world, 30)
    world.evaluate()

    assert world.store.queries == 2 + 1


def test_the_brands_own_name_is_no_topic_of_its_crisis():
    brand = Brand("tea", "云栈", ("云栈奶茶",))
    counted = [("云栈", 58), ("虫子", 35), ("奶茶", 20), ("退款", 3)]
    assert telling_terms(counted, brand) == (("虫子", 35), ("退款", 3))


class TestWhatPeopleDecided:
    """Silences, false alarms, cases and hand-raised signals beneath the detector."""

    def spike(self, count=30, **more):
        world = World(**more)
        world.pass_hour(weibo=count)
        return world

    def flare_up(self, world):
        """An hour that nobody would call anything but red."""
        world.post(WEIBO, world.clock.now(), 300, likes=1000)
        world.pass_hour()

    def silence(self, world, **scope):
        now = world.clock.now()
        world.database.silences.append(
            Silence("S-1", SilenceScope(**scope), "lead", "活动", now, now + timedelta(days=2))
        )

    def test_a_silenced_brand_opens_nothing_and_the_decision_is_kept(self):
        world = self.spike()
        self.silence(world, brand_id="cha")
        assert world.outcome() is Outcome.SILENCED
        assert (world.signals, world.database.mails) == ([], {})

    def test_what_still_goes_on_is_told_when_the_silence_ends(self):
        world = self.spike()
        self.silence(world, brand_id="cha")
        world.evaluate()
        world.database.silences.clear()
        world.pass_hour(weibo=30)
        assert world.outcome() is Outcome.OPENED

    def test_another_brand_s_silence_covers_nothing(self):
        world = self.spike()
        self.silence(world, brand_id="other")
        assert world.outcome() is Outcome.OPENED

    def test_growth_of_a_silenced_signal_is_not_told_and_its_level_stays(self):
        world = self.spike()
        world.evaluate()
        before = world.signals[0]
        self.silence(world, signal_key=before.key)
        world.pass_hour(weibo=70)
        assert world.outcome() is Outcome.SILENCED
        [signal] = world.signals
        assert (signal.level, signal.alerted_observed) == (before.level, before.alerted_observed)
        assert signal.peak_observed > before.peak_observed
        assert world.stages == ["opening"]

    def test_what_rises_to_red_breaks_through(self):
        world = self.spike()
        world.evaluate()
        self.silence(world, brand_id="cha")
        self.flare_up(world)
        assert world.outcome() is Outcome.GREW
        [signal] = world.signals
        assert signal.level is Level.RED
        assert signal.silenced_until is None
        assert "update" in world.stages

    def deny(self, world):
        """A person calls the signal none."""
        now = world.clock.now()
        for key, signal in world.database.signals.items():
            world.database.signals[key] = replace(
                signal,
                state=SignalState.CLOSED,
                closed_at=now,
                false_alarm=FalseAlarmCategory.SPAM,
                closed_by="lead",
            )

    def test_a_false_alarm_does_not_open_again_within_the_same_onset(self):
        world = self.spike()
        world.evaluate()
        self.deny(world)
        world.pass_hour(weibo=70)  # doubles: an ordinary closed signal would open again
        assert world.outcome() is Outcome.SILENCED
        assert len(world.signals) == 1

    def test_without_a_person_s_word_the_same_growth_opens_a_new_one(self):
        world = self.spike()
        world.evaluate()
        self.deny(world)
        for key, signal in world.database.signals.items():
            world.database.signals[key] = replace(signal, false_alarm=None)
        world.pass_hour(weibo=70)
        assert world.outcome() is Outcome.OPENED

    def test_a_false_alarm_that_rises_to_red_is_another_matter(self):
        world = self.spike()
        world.evaluate()
        assert world.signals[0].level is not Level.RED
        self.deny(world)
        self.flare_up(world)
        assert world.outcome() is Outcome.OPENED

    def test_what_was_raised_by_hand_is_neither_followed_nor_in_the_way(self):
        world = self.spike()
        by_hand = fixture_signal(
            id="A-20261120-01", key="by hand", brand_id="cha", rule=Rule.HAND_RAISED
        )
        world.database.signals[by_hand.id] = by_hand
        assert world.outcome() is Outcome.OPENED
        assert world.database.signals[by_hand.id] == by_hand

    def test_a_signal_that_joins_a_graver_case_is_kept_and_not_mailed(self):
        world = self.spike()
        world.database.cases["C-1"] = a_case()
        world.join = lambda work, signal, now: replace(
            signal, state=SignalState.ACKNOWLEDGED, case_id="C-1", level=Level.YELLOW
        )
        assert world.outcome() is Outcome.OPENED
        assert world.signals[0].case_id == "C-1"
        assert world.database.mails == {}
        world.pass_hour(weibo=70)
        world.join = None
        world.evaluate()
        mailed = bool(world.database.mails)
        assert mailed == (world.signals[0].level.rank <= Level.ORANGE.rank)

    def test_quiet_hours_keep_yellow_and_blue_until_they_end(self):
        world = self.spike()
        quiet = QuietHours(timedelta(hours=12), timedelta(hours=20))
        world.database.configuration = replace(world.database.configuration, quiet_hours=quiet)
        world.evaluate()
        [signal] = world.signals
        [mail] = world.database.mails.values()
        waits = mail.next_attempt_at > mail.created_at
        assert waits == (signal.level in {Level.YELLOW, Level.BLUE})


def a_case():
    return Case(
        id="C-1",
        kind=CaseKind.INCIDENT,
        state=CaseState.VERIFYING,
        level=Level.RED,
        brand_id="cha",
        title="t",
        opened_at=NOON,
        updated_at=NOON,
        clock_start=NOON,
    )


# --- another model comes into use


def judged_anew(world, newest_first, run, page=40):
    """Walk the history as `monitoring.rescoring` does, with a model that finds three times the
    negatives, and evaluate after each page; yield the outcomes.
    """
    for first in range(0, len(newest_first), page):
        part = newest_first[first : first + page]
        pairs = [(m, replace(m, sentiment={"": replace(BAD, model="new")})) for m in part]
        after = {m.id: m for _, m in pairs}
        world.store.mentions = [after.get(m.id, m) for m in world.store.mentions]
        run = replace(
            run, reached=part[-1].published_at, shifts=shifted(run.shifts, pairs), seen=first
        )
        world.database.model_run = run
        yield from (each.outcome for each in world.evaluate())


BAD = Sentiment(Label.NEGATIVE, -0.8, 0.9, "old")


def a_mild_history(world, each_hour=9):
    """Nine posts an hour of which the old model called three negative."""
    world.store.mentions = []
    start = NOON - timedelta(days=10)
    mild = {"": Sentiment(Label.NEUTRAL, 0.0, 0.9, "old")}
    for hour in range(10 * 24):
        at = start + hour * HOUR
        world.post(WEIBO, at, 3)
        world.post(WEIBO, at, each_hour - 3, sentiment=mild)
    return sorted(world.store.mentions, key=lambda m: m.published_at, reverse=True)


def test_a_history_that_is_judged_again_never_alerts():
    world = World()
    newest_first = a_mild_history(world)
    run = ModelRun(2, "new", "m", NOON, total=len(newest_first))
    outcomes = set(judged_anew(world, newest_first, run))
    assert not {o for o in outcomes if o.is_alert}
    assert world.mails == []
    world.database.model_run = replace(world.database.model_run, finished_at=NOON)
    assert not any(each.outcome.is_alert for each in world.evaluate())


def test_without_evening_out_the_same_history_would_alert(monkeypatch):
    monkeypatch.setattr("monitoring.detect.even_out", lambda series, *_: series)
    world = World()
    newest_first = a_mild_history(world)
    run = ModelRun(2, "new", "m", NOON, total=len(newest_first))
    assert any(o.is_alert for o in judged_anew(world, newest_first, run))


def test_a_real_spike_is_seen_while_history_is_judged_again():
    world = World()
    newest_first = a_mild_history(world)
    run = ModelRun(2, "new", "m", NOON, total=len(newest_first))
    assert not any(o.is_alert for o in judged_anew(world, newest_first[:400], run))
    world.post(WEIBO, NOON - HOUR, 60)
    assert any(each.outcome is Outcome.OPENED for each in world.evaluate())


def test_what_was_decided_about_past_hours_stays_as_the_model_of_then_made_it():
    world = World()
    newest_first = a_mild_history(world)
    world.database.model_run = ModelRun(1, "old", "m", NOON - timedelta(days=9), finished_at=NOON)
    world.evaluate()
    before = {key: each for key, each in world.database.evaluations.items() if each.bin_end < NOON}
    assert before
    run = ModelRun(2, "new", "m", NOON, total=len(newest_first))
    list(judged_anew(world, newest_first, run))
    assert {key: world.database.evaluations[key] for key in before} == before


def test_an_incident_does_not_grow_because_another_model_measures_it():
    world = World()
    newest_first = a_mild_history(world)
    mild = {"": Sentiment(Label.NEUTRAL, 0.0, 0.9, "old")}
    world.post(WEIBO, NOON - HOUR, 40)
    world.post(WEIBO, NOON - HOUR, 60, sentiment=mild)
    assert Outcome.OPENED in {each.outcome for each in world.evaluate()}
    newest_first = sorted(world.store.mentions, key=lambda m: m.published_at, reverse=True)
    run = ModelRun(2, "new", "m", NOON + timedelta(minutes=1), total=len(newest_first))
    outcomes = list(judged_anew(world, newest_first, run))
    assert Outcome.GREW not in outcomes
    assert Shift("cha", WEIBO, 0, 0) not in world.database.model_run.shifts


def test_history_that_is_never_judged_again_is_evened_out_for_good():
    world = World()
    newest_first = a_mild_history(world)
    week = NOON - timedelta(days=2)
    recent = [m for m in newest_first if m.published_at >= week]
    run = ModelRun(2, "new", "m", NOON, since=week, total=len(recent))
    assert not any(o.is_alert for o in judged_anew(world, recent, run))
    world.database.model_run = replace(world.database.model_run, finished_at=NOON)
    assert not any(each.outcome.is_alert for each in world.evaluate())
