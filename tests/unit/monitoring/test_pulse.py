"""monitoring/pulse.py and its words: the first screen never says calm of what was not seen."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from analysis.agreement import measure
from domain.brand import Brand, Level
from domain.correction import Act, corrected
from domain.mention import Platform
from domain.model_run import Stretch
from domain.sentiment import Label, Sentiment
from domain.signal import SignalState
from monitoring.periods import Period, Range, period_of
from monitoring.pulse import Pulse, Tally, Verdict, read_pulse
from monitoring.pulse_words import (
    agreement_words,
    change_of_share,
    change_of_volume,
    coverage_words,
    freshness,
    headline,
    model_words,
    spontaneous_words,
    unseen,
)
from monitoring.sight import Gap
from monitoring.trust import Trust
from presentation.formats import short_time
from tests.dashboard_house import NOW, furnished_house
from tests.fakes import a_mention
from tests.fixtures.signals import a_signal

CHINA = ZoneInfo("Asia/Shanghai")
HOUR = timedelta(hours=1)
PERIOD = Period(NOW - 24 * HOUR, NOW)


def a_pulse(**changes) -> Pulse:
    fields = {
        "now": NOW,
        "brand": Brand("cha", "云栈"),
        "period": PERIOD,
        "tally": Tally(total=200, negative=12),
        "before": Tally(total=100, negative=10),
        "bins": (),
        "platforms": {Platform.WEIBO: {Label.NEGATIVE: 12}},
        "marks": (),
        "terms": (),
        "newest_negative": (),
        "expected": 12.0,
        "signals": (),
        "opened": (0, 0),
        "gaps": (),
        "late": (),
        "is_blind": False,
        "data_until": NOW,
        "models": ("m-1",),
        "overdue": 0,
        "trust": Trust(None, (), (), measure([]), 0),
        **changes,
    }
    return Pulse(**fields)


GAP = Gap(Platform.TIEBA, NOW - 3 * HOUR, NOW, "login_wall")
TAKEN = a_signal(level=Level.YELLOW, state=SignalState.ACKNOWLEDGED)


@pytest.mark.parametrize(
    ("changes", "verdict", "said"),
    [
        ({}, Verdict.CALM, "平稳，过去 24 小时负面 12 条，为基线 1 倍"),
        (
            {"gaps": (GAP,)},
            Verdict.CALM,
            "已采集部分平稳，过去 24 小时负面 至少 12 条，为基线 1 倍",
        ),
        ({"is_blind": True}, Verdict.BLIND, "没有一个来源在按时采集，无法判断是否平稳"),
        ({"expected": 4.0}, Verdict.RAISED, "过去 24 小时负面 12 条，为基线 3 倍，未触发预警"),
        (
            {"signals": (a_signal(),), "tally": Tally(200, 132), "expected": 42.6},
            Verdict.BURNING,
            "过去 24 小时负面 132 条，为基线 3.1 倍，1 条预警待处置",
        ),
        (
            {"signals": (TAKEN,)},
            Verdict.ALERTED,
            "过去 24 小时负面 12 条，为基线 1 倍，1 条预警处置中",
        ),
        (
            {"signals": (a_signal(),), "is_blind": True},
            Verdict.BURNING,
            "过去 24 小时负面 12 条，为基线 1 倍，1 条预警待处置",
        ),
        ({"expected": None}, Verdict.CALM, "平稳，过去 24 小时负面 12 条，基线尚在学习"),
    ],
)
def test_the_first_sentence(changes, verdict, said):
    pulse = a_pulse(**changes)
    assert pulse.verdict is verdict
    assert headline(pulse, "过去 24 小时").zh == said


def test_a_late_source_alone_is_no_full_calm():
    pulse = a_pulse(late=(Platform.ZHIHU,))
    assert headline(pulse, "今天").zh.startswith("已采集部分平稳")
    assert unseen(pulse) == "知乎超时未更新"


def test_gaps_are_told_by_platform_and_with_their_reason():
    pulse = a_pulse(gaps=(GAP, replace(GAP, platform=Platform.ZHIHU, end=GAP.start + HOUR / 2)))
    assert unseen(pulse) == "知乎 30 分钟没有采全，贴吧 3 小时没有采全"
    assert "要求登录" in coverage_words(pulse, CHINA)


def test_nothing_is_compared_with_a_span_that_was_not_seen():
    pulse = a_pulse(before=None)
    assert change_of_volume(pulse) == "—"
    assert change_of_share(pulse) == "—"
    assert change_of_volume(a_pulse()) == "+100%"
    assert change_of_share(a_pulse()) == "-4.0 个百分点"


def test_freshness_is_the_newest_good_look():
    assert freshness(a_pulse(), CHINA) == "数据更新于 16:40"
    assert freshness(a_pulse(data_until=None), CHINA) == "所选时段没有采集"


@pytest.fixture(scope="module")
def services(tmp_path_factory):
    with furnished_house(tmp_path_factory.mktemp("house")) as services:
        yield services


@pytest.fixture(scope="module")
def read(services):
    with services.begin_reading() as work:
        _, configuration = work.configuration.current()

    def go(period):
        return read_pulse(
            services.store,
            services.begin_reading,
            brand=configuration.brand("yunzhan"),
            configuration=configuration,
            period=period,
            now=NOW,
            zone=CHINA,
        )

    return go


def test_the_bars_add_up_to_the_totals_and_to_the_platforms(read):
    pulse = read(period_of(Range.DAY, NOW, CHINA))
    assert sum(b.total for b in pulse.bins) == pulse.tally.total
    assert sum(b.negative for b in pulse.bins) == pulse.tally.negative
    assert sum(sum(c.values()) for c in pulse.platforms.values()) == pulse.tally.total


def test_the_band_is_what_the_detector_recorded(read):
    pulse = read(period_of(Range.DAY, NOW, CHINA))
    judged = [b for b in pulse.bins if b.mean is not None]
    assert len(judged) == 24
    assert {(b.mean, b.low, b.high, b.threshold) for b in judged} == {(0.5, 0.0, 1.9, 5.5)}
    assert pulse.expected == pytest.approx(0.5 * pulse.period.length / HOUR)


def test_hours_that_were_not_seen_are_no_zeros(read):
    pulse = read(period_of(Range.DAY, NOW, CHINA))
    assert [gap.platform for gap in pulse.gaps] == [Platform.TIEBA]
    assert sum(not b.known for b in pulse.bins) == 4  # three hours that begin within an hour


def test_what_burns_is_the_brands_and_urgent(read):
    pulse = read(period_of(Range.DAY, NOW, CHINA))
    assert [signal.id for signal in pulse.urgent] == ["A-20261120-01"]
    assert pulse.opened == (1, 0)
    assert [mark.signal_id for mark in pulse.marks] == ["A-20261120-01"]


def test_long_spans_have_few_bars_that_begin_at_local_hours(read):
    pulse = read(period_of(Range.MONTH, NOW, CHINA))
    assert len(pulse.bins) <= 122
    assert all(b.start.astimezone(CHINA).hour % 6 == 0 for b in pulse.bins)


def agreeing(count: int, agreed: int, **changes: object):
    """Acts of which so many agree with the model."""
    model = Sentiment(Label.NEGATIVE, -0.8, 0.9, "m")
    made = []
    for number in range(count):
        mention = a_mention(str(number), brand_ids=frozenset({"cha"}), sentiment={"": model})
        said = Label.NEGATIVE if number < agreed else Label.NEUTRAL
        made.append(corrected(mention, [], said, "cha", Act("u", NOW, "", **changes)))
    return made


def test_agreement_is_told_with_its_interval_and_few_are_no_percentage():
    def told(acts):
        pulse = a_pulse(trust=Trust(None, (), (), measure(acts), 0))
        return agreement_words(pulse), spontaneous_words(pulse)

    assert told([]) == (["微博 未抽样"], "微博 没有")
    assert told(agreeing(19, 19, sampled=True))[0] == ["微博 样本不足（19 条）"]
    assert told(agreeing(20, 15, sampled=True))[0] == ["微博 75%（53%–89%，20 条）"]
    # what people picked by themselves never becomes a percentage
    assert told(agreeing(40, 4)) == (["微博 未抽样"], "微博 40 条中一致 4 条")


def test_the_models_of_a_span_are_told_with_their_time():
    border = PERIOD.start + HOUR
    parts = (Stretch(border, None, "new"), Stretch(None, border, "old"))
    pulse = a_pulse(trust=Trust(None, parts, (border,), measure([]), 0))
    assert model_words(pulse, CHINA) == f"new（{short_time(border, CHINA)} 起）、old（此前）"
    assert model_words(a_pulse(models=("m-1",)), CHINA) == "m-1"
