"""presentation/charts.py: fixed colours, Chinese times, gaps that are seen, sentences for all."""

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.brand import Level
from domain.mention import Platform
from domain.sentiment import Label
from presentation.charts import (
    COLOURS,
    Bin,
    SpikeMark,
    TermChange,
    bin_width,
    platform_bars,
    term_bars,
    timeline,
    voice_shares,
    week_heat,
)
from presentation.formats import short_time

CHINA = ZoneInfo("Asia/Shanghai")
START = datetime(2026, 11, 19, 16, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def bins(count, **last):
    made = [
        Bin(START + n * HOUR, START + (n + 1) * HOUR, {Label.NEGATIVE: n, Label.POSITIVE: 2})
        for n in range(count - 1)
    ]
    start = START + (count - 1) * HOUR
    return [*made, Bin(start, start + HOUR, {Label.NEGATIVE: 9}, **last)]


def layers(spec):
    return [str(layer["mark"]) for layer in spec["layer"]]


@pytest.mark.parametrize(
    ("span", "width"),
    [
        (DAY, HOUR),
        (7 * DAY, HOUR),
        (7 * DAY + 40 * timedelta(minutes=1), HOUR),
        (8 * DAY, 6 * HOUR),
        (30 * DAY, 6 * HOUR),
        (31 * DAY, DAY),
        (366 * DAY, DAY),
    ],
    ids=str,
)
def test_the_width_of_a_bar_follows_the_span(span, width):
    assert bin_width(span) == width
    assert span / width * 3 <= 1_200  # three labels a bar


def test_labels_keep_their_colours():
    assert COLOURS == {
        Label.NEGATIVE: "#c0392b",
        Label.NEUTRAL: "#95a5a6",
        Label.POSITIVE: "#27ae60",
    }
    text = json.dumps(timeline(bins(3), CHINA).spec)
    assert all(colour in text for colour in COLOURS.values())


def test_times_are_those_of_the_business_zone():
    row = timeline(bins(1), CHINA).spec["data"]["values"][0]
    assert row["start"] == "2026-11-20T00:00:00Z"  # midnight in China, written as a wall clock
    assert row["when"] == "11-20 00:00–01:00"
    assert row["from"] == "20261119T160000Z"  # what a click asks for is the real moment


def test_an_hour_that_was_not_seen_says_so():
    rows = timeline(bins(2, known=False), CHINA).spec["data"]["values"]
    assert "unseen" not in rows[0]
    assert rows[1]["unseen"]


def test_the_band_is_drawn_only_where_the_detector_judged():
    plain = layers(timeline(bins(3), CHINA).spec)
    judged = layers(timeline(bins(3, mean=2.0, low=0.0, high=4.0, threshold=7.0), CHINA).spec)
    assert len(judged) == len(plain) + 2


def test_the_negatives_stand_at_the_bottom_where_the_band_is():
    order = timeline(bins(2), CHINA).spec["layer"][1]["transform"][2]["calculate"]
    assert order.startswith("indexof(['negative'")


def test_spikes_are_marked_with_their_id():
    mark = SpikeMark(START + HOUR, "A-20261120-01", Level.ORANGE)
    chart = timeline(bins(3), CHINA, marks=[mark])
    assert "A-20261120-01" in json.dumps(chart.spec)
    assert "A-20261120-01" in chart.alt


def test_every_chart_says_in_a_sentence_what_it_shows():
    assert timeline(bins(3, known=False), CHINA).alt == (
        "声量走势，11-20 00:00 至 11-20 03:00：共 14 条，负面 10 条；"
        "负面最高在 11-20 02:00–03:00，9 条；1 个时段没有采全。"
    )
    platforms = platform_bars({Platform.WEIBO: {Label.NEGATIVE: 2, Label.POSITIVE: 3}})
    assert platforms.alt == "平台分布：微博 5 条，负面 2 条。"
    assert "虫子 4 条（+100%）" in term_bars([TermChange("虫子", 4, 2)]).alt
    assert (
        voice_shares([("云栈", 3), ("半山", 1)], own="云栈").alt == "声量占比：云栈 75%；半山 25%。"
    )
    assert week_heat({(4, 14): 9, (0, 0): None}).alt == "星期与小时的条数：最高在周五 14 时，9。"


def test_nothing_to_draw_is_said_and_breaks_nothing():
    for chart in (
        timeline([], CHINA),
        platform_bars({}),
        term_bars([]),
        voice_shares([], own=""),
        week_heat({}),
    ):
        assert "没有数据" in chart.alt
        json.dumps(chart.spec)


@pytest.mark.parametrize(
    ("now", "before", "told"),
    [
        (4, 2, "+100%"),
        (1, 2, "-50%"),
        (2, 2, "持平"),
        (3, 0, "新出现"),
        (3, None, "—"),
    ],
)
def test_a_change_is_never_guessed(now, before, told):
    assert TermChange("词", now, before).change == told


def test_a_cell_that_was_not_seen_is_no_zero():
    rows = week_heat({(0, 0): None, (0, 1): 0}).spec["data"]["values"]
    assert rows[0]["told"] == "未采集"
    assert rows[1]["told"] == "0"


def test_hostile_words_stay_values():
    bad = "</script><script>alert(1)</script>"
    spec = term_bars([TermChange(bad, 1, 0)]).spec
    assert spec["data"]["values"][0]["term"] == bad
    assert bad not in json.dumps({key: spec[key] for key in spec if key != "data"})


def test_a_tooltip_has_a_word_for_everything_in_every_row():
    spec = timeline(bins(2, mean=1.0, low=0.0, high=2.0, threshold=6.0), CHINA).spec
    hover = next(layer for layer in spec["layer"] if "tooltip" in layer["encoding"])
    asked = {tip["field"] for tip in hover["encoding"]["tooltip"]}
    assert all(asked <= row.keys() for row in spec["data"]["values"])


def test_where_another_model_judged_is_marked_and_said():
    border = bins(3)[1].start
    chart = timeline(bins(3), CHINA, changes=[border])
    assert "换模型" in json.dumps(chart.spec, ensure_ascii=False)
    assert f"{short_time(border, CHINA)} 起为另一情感模型" in chart.alt
    assert "换模型" not in json.dumps(timeline(bins(3), CHINA).spec, ensure_ascii=False)
