"""The pictures of a report: its days, and the hours of its week."""

from dataclasses import replace

from domain.report import Snapshot
from domain.sentiment import Label
from presentation.charts import (
    COLOURS,
    FONT,
    INK,
    LEVEL_COLOURS,
    QUIET,
    UNSEEN,
    Chart,
    Spec,
    week_heat,
)
from presentation.report_words import ReportWords
from presentation.wording import word

_HEIGHT = 210


def days_chart(snapshot: Snapshot, language: str = "zh") -> Chart:
    """Return a bar a day, parted by sentiment, negatives at the bottom, its total on top.

    A day that was not read as a whole stands on grey; a day to come has no bar. Signals are marked
    on the day they began.
    """
    say = ReportWords(snapshot, language)
    names = {day.start: say.day(day.start) for day in snapshot.days}
    days = [
        {
            "day": names[day.start],
            "total": day.tally.total,
            "told": f"{day.tally.total:,}" if day.watched.hours or day.tally.total else "",
            "gap": day.watched.has_gap,
        }
        for day in snapshot.days
    ]
    parts = [
        {
            "day": names[day.start],
            "label": say.label(label),
            "place": place,
            "count": day.tally.of(label),
        }
        for day in snapshot.days
        for place, label in enumerate(Label)
    ]
    marks = [
        {
            "day": names[day.start],
            "total": day.tally.total,
            "id": mark.signal_id,
            "colour": LEVEL_COLOURS[mark.level],
        }
        for day in snapshot.days
        for mark in [m for m in snapshot.marks if day.start <= m.at < day.end][:1]
    ]
    top = max([1, *(day.tally.total for day in snapshot.days)]) * 1.28
    order = [names[day.start] for day in snapshot.days]
    spec: Spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": 640,
        "height": _HEIGHT,
        "encoding": {"x": _day_axis(order)},
        "layer": [
            _grey(days),
            _stacked(parts, [say.label(label) for label in Label], top),
            _totals(days),
            *([_marked(marks)] if marks else []),
        ],
        "config": {
            "font": FONT,
            "view": {"stroke": None},
            "axis": {"labelColor": QUIET, "labelFontSize": 12, "labelFont": FONT},
            "legend": {"labelColor": QUIET, "labelFontSize": 12, "labelFont": FONT},
            "text": {"font": FONT},
        },
    }
    return Chart(spec, _told(snapshot, say))


def heat_chart(snapshot: Snapshot) -> Chart:
    """Return 星期×小时; an hour that was not looked at everywhere is grey."""
    counts = {(c.weekday, c.hour): c.count if c.known else None for c in snapshot.heat}
    chart = week_heat(counts, height=180)
    # a renderer leaves out marks without a count unless told to draw them in their grey
    mark = {**chart.spec["mark"], "invalid": None}
    return replace(chart, spec={**chart.spec, "mark": mark})


def _day_axis(order: list[str]) -> Spec:
    return {
        "field": "day",
        "type": "ordinal",
        "axis": {
            "title": None,
            "labelAngle": 0,
            "labelExpr": "split(datum.label, ' ')",
            "domainColor": "#c9d0d8",
            "ticks": False,
        },
        "scale": {"domain": order, "paddingInner": 0.0, "paddingOuter": 0.0},
    }


def _grey(days: list[Spec]) -> Spec:
    return {
        "data": {"values": [day for day in days if day["gap"]]},
        "mark": {"type": "bar", "color": UNSEEN, "width": {"band": 1}},
        "encoding": {"y": {"value": 0}, "y2": {"value": _HEIGHT}},
    }


def _stacked(parts: list[Spec], names: list[str], top: float) -> Spec:
    return {
        "data": {"values": parts},
        "mark": {"type": "bar", "width": {"band": 0.56}},
        "encoding": {
            "y": {
                "field": "count",
                "type": "quantitative",
                "stack": "zero",
                "scale": {"domainMax": top},
                "axis": {
                    "title": None,
                    "tickCount": 4,
                    "format": ",d",
                    "tickMinStep": 1,
                    "domain": False,
                    "ticks": False,
                    "gridColor": "#eef1f4",
                },
            },
            "color": {
                "field": "label",
                "type": "nominal",
                "scale": {"domain": names, "range": [COLOURS[label] for label in Label]},
                "legend": {
                    "title": None,
                    "orient": "top",
                    "direction": "horizontal",
                    "symbolType": "square",
                    "offset": 2,
                },
            },
            "order": {"field": "place", "type": "ordinal"},
        },
    }


def _totals(days: list[Spec]) -> Spec:
    return {
        "data": {"values": days},
        "mark": {"type": "text", "dy": -8, "color": INK, "fontSize": 12},
        "encoding": {
            "y": {"field": "total", "type": "quantitative"},
            "text": {"field": "told", "type": "nominal"},
        },
    }


def _marked(marks: list[Spec]) -> Spec:
    return {
        "data": {"values": marks},
        "mark": {"type": "text", "dy": -24, "fontSize": 11},
        "transform": [{"calculate": "'▼ ' + datum.id", "as": "told"}],
        "encoding": {
            "y": {"field": "total", "type": "quantitative"},
            "text": {"field": "told", "type": "nominal"},
            "color": {"field": "colour", "type": "nominal", "scale": None},
        },
    }


def _told(snapshot: Snapshot, say: ReportWords) -> str:
    counts = say.t("，", ", ").join(
        f"{say.day(day.start)} {day.tally.total:,}" for day in snapshot.days if day.tally.total
    )
    gaps = len(snapshot.days_with_gap)
    missing = say.t(f"；{gaps} 天没有采全", f"; {gaps} days not fully read") if gaps else ""
    negative = word(Label.NEGATIVE).in_language(say.language)
    total = f"{snapshot.tally.negative:,}"
    return say.t(
        f"每日声量：{counts or '没有数据'}；{negative}共 {total} 条{missing}。",
        f"Posts a day: {counts or 'no data'}; {total} {negative}{missing}.",
    )
