"""The picture of an alert mail: all voices of the last hours, with the negatives and their band."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from domain.alert import HourCount
from domain.errors import Text
from domain.sentiment import Label
from domain.signal import Figures
from presentation.charts import BLUE, COLOURS, FONT, INK, LINE, QUIET, UNSEEN, Chart, Spec

_HEIGHT = 150
_HOUR = timedelta(hours=1)


def hours_chart(
    hours: Sequence[HourCount],
    figures: Figures,
    onset: datetime,
    zone: ZoneInfo,
    language: str = "zh",
) -> Chart:
    """Return a bar an hour: negatives in red, other voices in grey above them; the band within
    which the negatives mostly lie in blue; hours that were not fully read on grey.
    """
    bad, rest = Text("负面", "negative"), Text("其他声量", "other voices")
    names = [bad.in_language(language), rest.in_language(language)]
    rows = [
        {
            "hour": place,
            "label": name,
            "count": count,
            "place": names.index(name),
            "name": f"{hour.start.astimezone(zone):%H}",
        }
        for place, hour in enumerate(hours)
        if hour.known
        for name, count in zip(
            names, (hour.negative, max(0, hour.total - hour.negative)), strict=True
        )
    ]
    gaps = [{"hour": place} for place, hour in enumerate(hours) if not hour.known]
    began = [place for place, hour in enumerate(hours) if hour.start <= onset < hour.start + _HOUR]
    clock = Text("时", ":00").in_language(language)
    labels = [f"{hour.start.astimezone(zone):%H}{clock}" for hour in hours]
    highest = max([1, *(hour.total for hour in hours if hour.known)]) * 1.25
    x: Spec = {
        "field": "hour",
        "type": "ordinal",
        "scale": {"domain": list(range(len(hours))), "paddingInner": 0.0, "paddingOuter": 0.0},
        "axis": {
            "title": None,
            "labelAngle": 0,
            "labelExpr": f"datum.value % 3 == 0 ? {labels!r}[datum.value] : ''",
            "domainColor": LINE,
            "ticks": False,
        },
    }
    layers: list[Spec] = [_gaps(gaps), *_band(figures), _bars(rows, names, highest)]
    if began:
        layers.append(_onset(began[0], language))
    spec: Spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": 544,
        "height": _HEIGHT,
        "encoding": {"x": x},
        "layer": layers,
        "config": {
            "font": FONT,
            "view": {"stroke": None},
            "axis": {"labelColor": QUIET, "labelFontSize": 11, "labelFont": FONT},
            "legend": {"labelColor": QUIET, "labelFontSize": 11, "labelFont": FONT},
            "text": {"font": FONT},
        },
    }
    return Chart(spec, _told(hours, figures, zone).in_language(language))


def _gaps(gaps: Sequence[Spec]) -> Spec:
    return {
        "data": {"values": list(gaps)},
        "mark": {"type": "bar", "color": UNSEEN, "width": {"band": 1}},
        "encoding": {"y": {"value": 0}, "y2": {"value": _HEIGHT}},
    }


def _band(figures: Figures) -> list[Spec]:
    band = figures.expected_band
    if band is None:
        return []
    low, high = band
    return [
        {
            "data": {"values": [{"low": low, "high": high}]},
            "mark": {"type": "rect", "color": BLUE, "opacity": 0.16},
            "encoding": {
                "x": {"value": 0},
                "x2": {"value": "width"},
                "y": {"field": "low", "type": "quantitative"},
                "y2": {"field": "high"},
            },
        }
    ]


def _bars(rows: Sequence[Spec], names: Sequence[str], highest: float) -> Spec:
    return {
        "data": {"values": list(rows)},
        "mark": {"type": "bar", "width": {"band": 0.72}},
        "encoding": {
            "y": {
                "field": "count",
                "type": "quantitative",
                "stack": "zero",
                "scale": {"domainMax": highest},
                "axis": {
                    "title": None,
                    "tickCount": 4,
                    "tickMinStep": 1,
                    "format": ",d",
                    "domain": False,
                    "ticks": False,
                    "gridColor": "#eef1f4",
                },
            },
            "color": {
                "field": "label",
                "type": "nominal",
                "scale": {
                    "domain": list(names),
                    "range": [COLOURS[Label.NEGATIVE], "#c4cad0"],
                },
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


def _onset(place: int, language: str) -> Spec:
    told = Text("▼ 开始", "▼ onset").in_language(language)
    return {
        "data": {"values": [{"hour": place, "told": told}]},
        "mark": {"type": "text", "fontSize": 11, "color": INK, "baseline": "top"},
        "encoding": {"y": {"value": 0}, "text": {"field": "told", "type": "nominal"}},
    }


def _told(hours: Sequence[HourCount], figures: Figures, zone: ZoneInfo) -> Text:
    known = [hour for hour in hours if hour.known]
    if not known:
        return Text("近 24 小时均未完整采集", "no hour of the last 24 was fully read")
    top = max(known, key=lambda hour: hour.negative)
    at, total = f"{top.start.astimezone(zone):%H}", sum(hour.total for hour in known)
    bad = sum(hour.negative for hour in known)
    gaps = len(hours) - len(known)
    usual = "" if figures.mean is None else f"{figures.mean:.1f}"
    return Text(
        f"近 24 小时共 {total} 条，负面 {bad} 条，最高 {at} 时 {top.negative} 条"
        + (f"（平时每小时 {usual} 条）" if usual else "")
        + (f"；{gaps} 个小时未完整采集" if gaps else ""),
        f"{total} voices in 24 hours, {bad} negative, at most {top.negative} at {at}:00"
        + (f" (usual {usual} an hour)" if usual else "")
        + (f"; {gaps} hours not fully read" if gaps else ""),
    )
