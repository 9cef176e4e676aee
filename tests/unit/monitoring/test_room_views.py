"""What the pages 采集, 方案 and 竞品 show."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.brand import Brand, Configuration, Source, Transport, Watch, WatchRule
from domain.coverage import CoverageRow, CoverageState
from domain.drift import DriftKind, Episode
from domain.mention import Flag, Platform
from domain.sentiment import Judge, Label, Sentiment
from monitoring.compare_view import compare, shares
from monitoring.crawl_view import SourceView, Trouble, seen_hours, worst_first
from monitoring.overview import SourceStanding
from monitoring.periods import Period
from monitoring.watch_view import try_rule, watches_view
from storage.sqlite.mentions import SqliteMentionStore
from tests.fakes import NOON, a_mention

HOUR = timedelta(hours=1)
ZONE = ZoneInfo("Asia/Shanghai")
NEGATIVE = Sentiment(Label.NEGATIVE, -0.8, 0.9, "m", Judge.MODEL)


@pytest.fixture
def store(tmp_path):
    store = SqliteMentionStore(tmp_path / "mentions.sqlite")
    yield store
    store.close()


def look(start, end, state=CoverageState.OK, reason=""):
    """A look at a span, in hours before NOON."""
    return CoverageRow(
        "w",
        "s",
        Platform.WEIBO,
        NOON - start * HOUR,
        NOON - end * HOUR,
        NOON - end * HOUR,
        state,
        f"run-{start}-{end}",
        reason=reason,
    )


class TestSeenHours:
    def states(self, *rows, hours=4, now=NOON):
        seen = seen_hours(rows, NOON - hours * HOUR, now, hours)
        return [(hour.state, hour.reason) for hour in seen]

    def test_no_look_is_no_state(self):
        assert self.states() == [(None, "")] * 4

    def test_an_hour_is_read_only_when_looks_cover_all_of_it(self):
        assert self.states(look(4, 2), look(2, 0.5)) == [
            (CoverageState.OK, ""),
            (CoverageState.OK, ""),
            (CoverageState.OK, ""),
            (CoverageState.OK, ""),  # up to where the newest look ended
        ]
        assert self.states(look(4, 2.5), look(2, 0))[1] == (CoverageState.PARTIAL, "")

    def test_what_went_wrong_is_told_with_its_reason(self):
        walled = look(3, 2, CoverageState.BLOCKED, "login_wall")
        assert self.states(look(4, 3), walled, look(2, 0))[1] == (
            CoverageState.BLOCKED,
            "login_wall",
        )

    def test_a_later_look_mends_an_hour(self):
        walled = look(3, 2, CoverageState.BLOCKED, "login_wall")
        assert self.states(walled, look(4, 0))[1] == (CoverageState.OK, "")

    def test_a_supplement_shows_how_it_was_read_itself(self):
        assert self.states(replace(look(3, 0), supplement=True)) == self.states(look(3, 0))
        assert (CoverageState.OK, "") in self.states(look(3, 0))

    def test_nobody_said_anything_is_not_the_same_as_read(self):
        assert self.states(look(4, 0, CoverageState.EMPTY)) == [(CoverageState.EMPTY, "")] * 4


class TestTrial:
    def test_it_counts_what_a_rule_would_take_and_what_it_would_lose(self, store):
        store.add(
            [
                a_mention("1", text="云栈奶茶喝出虫子", watch_ids=frozenset({"w"})),
                a_mention("2", text="云栈古道真好走", watch_ids=frozenset({"w"})),
                a_mention("3", text="半山茶事"),
            ]
        )
        rule = WatchRule(any_words=("云栈",), none_words=("古道",))
        trial = try_rule(store, rule, NOON, watch_id="w")
        assert (trial.looked_at, trial.taken, trial.lost) == (3, 1, 1)
        assert [m.id for m in trial.sample] == ["weibo:1"]
        assert [m.id for m in trial.lost_sample] == ["weibo:2"]
        assert not trial.cut

    def test_an_empty_store_takes_nothing(self, store):
        trial = try_rule(store, WatchRule(), NOON)
        assert (trial.looked_at, trial.taken, trial.sample) == (0, 0, ())


def test_a_watch_shows_its_days_and_its_noise(store, begin):
    with begin() as work:
        version, configuration = work.configuration.current()
    days = [0, 0, 1, 5]
    store.add(
        a_mention(
            str(number),
            published_at=NOON - timedelta(days=day),
            watch_ids=frozenset({"tea"}),
            flags=frozenset({Flag.SPAM}) if number == 0 else frozenset(),
            sentiment={"": NEGATIVE},
        )
        for number, day in enumerate(days)
    )
    view = watches_view(begin, store, NOON, ZONE)
    [standing] = view.watches
    assert view.version == version
    assert standing.watch == configuration.watches[0]
    assert standing.by_day[-6:] == (1, 0, 0, 0, 1, 2)
    assert standing.noise == pytest.approx(0.25)


def test_brands_are_compared_over_the_same_span(store, begin):
    store.add(
        a_mention(
            str(number),
            brand_ids=frozenset({brand}),
            published_at=NOON - hours * HOUR,
            sentiment={"": NEGATIVE},
        )
        for number, (brand, hours) in enumerate([("tea", 1), ("tea", 2), ("tea", 30), ("rival", 3)])
    )
    watched = Configuration(
        brands=(Brand("rival", "半山"), Brand("tea", "云栈")),
        watches=(Watch("w", "云栈", ("tea",), ("云栈",), ("s",)),),
    )

    def compared(period):
        return compare(store, begin, configuration=watched, period=period, now=NOON)

    voices = compared(Period(NOON - 24 * HOUR, NOON))
    assert [(v.brand.id, v.now.count, v.before.count, v.watched) for v in voices] == [
        ("tea", 2, 1, True),
        ("rival", 1, 0, False),
    ]
    assert voices[0].change == pytest.approx(1.0)
    assert voices[1].change is None
    assert voices[0].negative_share == 1.0
    assert shares(voices) == {"tea": pytest.approx(2 / 3), "rival": pytest.approx(1 / 3)}
    assert shares(compared(Period(NOON, NOON + HOUR))) == {}


class TestTrouble:
    """What of a source somebody has to look at, and in which order."""

    def view(self, name="s", state=CoverageState.OK, *, late=False, supplement=False, episodes=()):
        watch = Watch("w", "方案", ("b",), ("云栈",), (name,))
        source = Source(name, "weibo_search", Platform.WEIBO, Transport.HTTP, "https://x.example")
        row = CoverageRow(
            "w", name, Platform.WEIBO, NOON - HOUR, NOON, NOON, state, "run"
        ) if state else None  # fmt: skip
        standing = SourceStanding(watch, source, row, NOON, None, late, supplement=supplement)
        return SourceView(standing, (), None, None, due=False, episodes=episodes)

    def episode(self, ended=None):
        return Episode(
            "s", Platform.WEIBO, "weibo_search", "likes", DriftKind.VANISHED, NOON, NOON,
            ended_at=ended,
        )  # fmt: skip

    @pytest.mark.parametrize(
        ("state", "late", "expected"),
        [
            (CoverageState.OK, False, None),
            (CoverageState.EMPTY, False, None),
            (CoverageState.BLOCKED, False, Trouble.UNREAD),
            (CoverageState.FAILED, True, Trouble.UNREAD),
            (None, True, Trouble.NEVER),
            (CoverageState.PARTIAL, False, Trouble.PARTIAL),
            (CoverageState.OK, True, Trouble.LATE),
        ],
    )
    def test_how_a_source_was_read_says_what_is_wrong_with_it(self, state, late, expected):
        assert self.view(state=state, late=late).trouble is expected

    def test_a_field_that_is_not_read_any_more_is_trouble_until_it_is_again(self):
        assert self.view(episodes=(self.episode(),)).trouble is Trouble.DRIFT
        assert self.view(episodes=(self.episode(ended=NOON),)).trouble is None

    def test_what_carries_a_platform_comes_before_what_adds_depth_the_worst_first(self):
        views = [
            self.view("well"),
            self.view("deep", CoverageState.FAILED, supplement=True),
            self.view("late", late=True),
            self.view("blocked", CoverageState.BLOCKED),
            self.view("deep-and-well", supplement=True),
        ]
        order = [each.standing.source.id for each in worst_first(views)]
        assert order == ["blocked", "late", "deep", "well", "deep-and-well"]
