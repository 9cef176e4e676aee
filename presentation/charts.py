"""Every chart of the product as a plain Vega-Lite specification: pages draw it, reports print it.

Fixed colours, Chinese words, explicit time formats. Times are told in the business zone whatever
the browser's is: they go in as wall-clock times on a UTC scale. Hours that were not fully looked at
are grey, never empty. Each chart comes with the sentence that tells it to those who cannot see it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from domain.brand import Level
from domain.mention import Platform
from domain.sentiment import Label
from presentation.formats import decimal, share, short_time
from presentation.wording import word

Spec = dict[str, Any]

COLOURS: Final[Mapping[Label, str]] = {
    Label.NEGATIVE: "#c0392b",
    Label.NEUTRAL: "#95a5a6",
    Label.POSITIVE: "#27ae60",
}
LEVEL_COLOURS: Final[Mapping[Level, str]] = {
    Level.RED: "#c0392b",
    Level.ORANGE: "#d9730d",
    Level.YELLOW: "#b58900",
    Level.BLUE: "#245a86",
}
INK: Final = "#1c2733"
QUIET: Final = "#66717e"
LINE: Final = "#e1e5ea"
BLUE: Final = "#245a86"
PALE_BLUE: Final = "#9db8cf"
UNSEEN: Final = "#e6e9ee"
FONT: Final = (
    "PingFang SC, Hiragino Sans GB, Microsoft YaHei, Noto Sans CJK SC, Noto Sans SC, sans-serif"
)
WEEKDAYS: Final = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
CLICKED: Final = "clicked"
"""The selection that a click on a bar makes: of the timeline it holds `from` and `to`, of the hot
words `term`."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A specification and the same said in a sentence."""

    spec: Spec
    alt: str


@dataclass(frozen=True, slots=True)
class Bin:
    """One bar of the timeline: what was counted from `start` to `end`.

    `known` False: not all of it was looked at. `mean`, `low`, `high` and `threshold` are what the
    detector expected of the hour's negatives, None where it did not judge it.
    """

    start: datetime
    end: datetime
    counts: Mapping[Label, int]
    known: bool = True
    mean: float | None = None
    low: float | None = None
    high: float | None = None
    threshold: float | None = None

    @property
    def negative(self) -> int:
        """Its negatives."""
        return self.counts.get(Label.NEGATIVE, 0)

    @property
    def total(self) -> int:
        """All that was counted."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class SpikeMark:
    """Where a signal began."""

    at: datetime
    signal_id: str
    level: Level


@dataclass(frozen=True, slots=True)
class TermChange:
    """A keyword with its counts now and in the time it is compared with (None: nothing known), and
    whether it rose more than chance explains.
    """

    term: str
    count: int
    before: int | None
    rose: bool = False

    @property
    def change(self) -> str:
        """`+120%`, `-40%`, `持平`, `新出现`, `—`."""
        if self.before is None:
            return "—"
        if self.before == 0:
            return "新出现"
        by = self.count / self.before - 1
        return "持平" if abs(by) < 0.005 else f"{by:+.0%}"


def bin_width(span: timedelta) -> timedelta:
    """Return how wide a bar is: an hour up to a week, six hours up to 30 days, else a day.

    So no chart has more than 168 bars but one of several years, and a browser draws it at once.
    """
    if span <= 7 * DAY + HOUR:
        return HOUR
    return 6 * HOUR if span <= 30 * DAY + 6 * HOUR else DAY


def timeline(
    bins: Sequence[Bin],
    zone: ZoneInfo,
    *,
    marks: Sequence[SpikeMark] = (),
    changes: Sequence[datetime] = (),
    height: int = 200,
    clickable: bool = False,
) -> Chart:
    """Return bars of volume by sentiment, with the expected band and the alarm threshold of the
    negatives, which stand at the bottom so that both can be compared; spikes are marked, and where
    another sentiment model's labels begin.
    """
    values = [_bin_row(each, zone) for each in bins]
    top = max([1.0, *(float(b.total) for b in bins), *(b.threshold or 0.0 for b in bins)])
    layers: list[Spec] = [_gaps(), _bars()]
    if any(b.mean is not None for b in bins):
        layers += _expected()
    layers.append(_hover(clickable))
    if marks:
        layers += _marks(marks, bins, zone, top * 1.08)
    if changes:
        layers += _model_changes(changes, zone)
    spec = _whole(
        {
            "data": {"values": values},
            "height": height,
            "encoding": {"x": _time_axis(bins, zone)},
            "layer": layers,
        }
    )
    return Chart(spec, _timeline_alt(bins, marks, changes, zone))


def platform_bars(counts: Mapping[Platform, Mapping[Label, int]], *, height: int = 120) -> Chart:
    """Return a bar a platform, parted by sentiment, with its total at the end."""
    totals = {platform: sum(by_label.values()) for platform, by_label in counts.items()}
    order = sorted(totals, key=lambda platform: -totals[platform])
    values = [
        {
            "platform": word(platform).zh,
            "label": word(label).zh,
            "place": place,
            "count": counts[platform].get(label, 0),
            "total": totals[platform],
            "negative": share(counts[platform].get(Label.NEGATIVE, 0) / totals[platform])
            if totals[platform]
            else "—",
        }
        for platform in order
        for place, label in enumerate(Label)
    ]
    y = {
        "field": "platform",
        "type": "nominal",
        "sort": [word(platform).zh for platform in order],
        "axis": {"title": None, "domain": False, "ticks": False, "labelPadding": 8},
        "scale": {"paddingInner": 0.45, "paddingOuter": 0.2},
    }
    tooltip = [
        _tip("platform", "平台"),
        _tip("label", "情感"),
        _tip("count", "条数", ",d"),
        _tip("negative", "负面率"),
    ]
    bars = {
        "mark": {"type": "bar", "cornerRadius": 1},
        "encoding": {
            "x": {
                "field": "count",
                "type": "quantitative",
                "stack": "zero",
                "axis": None,
                "scale": {"domainMax": max([1, *totals.values()]) * 1.3},
            },
            "color": _label_colour(),
            "order": {"field": "place", "type": "ordinal"},
            "tooltip": tooltip,
        },
    }
    ends = _at_the_end(
        "total", "format(datum.total, ',d') + '  负面 ' + datum.negative", only="datum.place == 0"
    )
    told = "；".join(
        f"{word(p).zh} {totals[p]} 条，负面 {counts[p].get(Label.NEGATIVE, 0)} 条" for p in order
    )
    spec = _whole(
        {
            "data": {"values": values},
            "height": height,
            "encoding": {"y": y},
            "layer": [bars, ends],
        }
    )
    return Chart(spec, f"平台分布：{told or '没有数据'}。")


def term_bars(terms: Sequence[TermChange], *, height: int = 200) -> Chart:
    """Return a bar a keyword with its change; what rose is dark. A click on one selects it."""
    values = [
        {
            "term": each.term,
            "count": each.count,
            "before": each.before,
            "change": each.change,
            "rose": each.rose,
        }
        for each in terms
    ]
    shared: Spec = {
        "y": {
            "field": "term",
            "type": "nominal",
            "sort": None,
            "axis": {"title": None, "domain": False, "ticks": False, "labelLimit": 90},
            "scale": {"paddingInner": 0.35, "paddingOuter": 0.1},
        }
    }
    bars = {
        "mark": {"type": "bar", "cornerRadius": 1, "cursor": "pointer"},
        "params": [
            {"name": CLICKED, "select": {"type": "point", "fields": ["term"], "on": "click"}}
        ],
        "encoding": {
            "x": {
                "field": "count",
                "type": "quantitative",
                "axis": None,
                "scale": {"domainMax": max([1, *(each.count for each in terms)]) * 1.45},
            },
            "color": {
                "condition": {"test": "datum.rose", "value": BLUE},
                "value": PALE_BLUE,
            },
            "tooltip": [
                _tip("term", "热词"),
                _tip("count", "本期条数", ",d"),
                _tip("before", "一周前条数", ",d"),
                _tip("change", "变化"),
            ],
        },
    }
    ends = _at_the_end("count", "format(datum.count, ',d') + '  ' + datum.change")
    spec = _whole(
        {
            "data": {"values": values},
            "height": height,
            "encoding": shared,
            "layer": [bars, ends],
        }
    )
    told = "；".join(f"{each.term} {each.count} 条（{each.change}）" for each in terms)
    return Chart(spec, f"热词与一周前相比：{told or '没有数据'}。")


def voice_shares(counts: Sequence[tuple[str, int]], *, own: str, height: int = 120) -> Chart:
    """Return 声量占比: a bar a brand with its part of all; `own` is the brand that is ours."""
    total = sum(count for _, count in counts)
    values = [
        {
            "brand": brand,
            "count": count,
            "own": brand == own,
            "share": share(count / total) if total else "—",
        }
        for brand, count in sorted(counts, key=lambda pair: -pair[1])
    ]
    bars = {
        "mark": {"type": "bar", "cornerRadius": 1},
        "encoding": {
            "x": {
                "field": "count",
                "type": "quantitative",
                "axis": None,
                "scale": {"domainMax": max([1, *(count for _, count in counts)]) * 1.25},
            },
            "color": {"condition": {"test": "datum.own", "value": BLUE}, "value": PALE_BLUE},
            "tooltip": [
                _tip("brand", "品牌"),
                _tip("count", "条数", ",d"),
                _tip("share", "占比"),
            ],
        },
    }
    ends = _at_the_end("count", "datum.share + '  ' + format(datum.count, ',d')")
    y = {
        "field": "brand",
        "type": "nominal",
        "sort": None,
        "axis": {"title": None, "domain": False, "ticks": False, "labelLimit": 120},
        "scale": {"paddingInner": 0.45, "paddingOuter": 0.2},
    }
    told = "；".join(f"{row['brand']} {row['share']}" for row in values)
    spec = _whole(
        {
            "data": {"values": values},
            "height": height,
            "encoding": {"y": y},
            "layer": [bars, ends],
        }
    )
    return Chart(spec, f"声量占比：{told or '没有数据'}。")


def week_heat(
    counts: Mapping[tuple[int, int], int | None], *, what: str = "条数", height: int = 180
) -> Chart:
    """Return 星期×小时: `counts` by weekday (0 is Monday) and hour, None where nothing was seen."""
    values = [
        {
            "weekday": WEEKDAYS[weekday],
            "hour": hour,
            "count": counts.get((weekday, hour)),
            "told": _seen(counts.get((weekday, hour))),
        }
        for weekday in range(7)
        for hour in range(24)
    ]
    spec = _whole(
        {
            "data": {"values": values},
            "height": height,
            "mark": {"type": "rect", "stroke": "#ffffff", "strokeWidth": 1},
            "encoding": {
                "x": {
                    "field": "hour",
                    "type": "ordinal",
                    "axis": {
                        "title": None,
                        "labelAngle": 0,
                        "domain": False,
                        "ticks": False,
                        "labelExpr": "datum.value % 3 == 0 ? datum.value + '时' : ''",
                    },
                },
                "y": {
                    "field": "weekday",
                    "type": "ordinal",
                    "sort": list(WEEKDAYS),
                    "axis": {"title": None, "domain": False, "ticks": False},
                },
                "color": {
                    "condition": {"test": "datum.count === null", "value": UNSEEN},
                    "field": "count",
                    "type": "quantitative",
                    "scale": {"range": ["#eef3f7", BLUE], "domainMin": 0},
                    "legend": None,
                },
                "tooltip": [
                    _tip("weekday", "星期"),
                    _tip("hour", "小时"),
                    _tip("told", what),
                ],
            },
        }
    )
    known = {cell: count for cell, count in counts.items() if count is not None}
    if not known:
        return Chart(spec, f"星期与小时的{what}：没有数据。")
    weekday, hour = max(known, key=lambda cell: known[cell])
    alt = f"星期与小时的{what}：最高在{WEEKDAYS[weekday]} {hour} 时，{known[weekday, hour]}。"
    return Chart(spec, alt)


def _seen(count: int | None) -> str:
    return "未采集" if count is None else f"{count:,}"


def _wall(moment: datetime, zone: ZoneInfo) -> str:
    """The local wall-clock time, written as if it were UTC (see the module)."""
    return _wall_moment(moment, zone).strftime("%Y-%m-%dT%H:%M:%SZ")


def _bin_row(each: Bin, zone: ZoneInfo) -> Spec:
    row: Spec = {
        "start": _wall(each.start, zone),
        "end": _wall(each.end, zone),
        "from": each.start.strftime("%Y%m%dT%H%M%SZ"),
        "to": each.end.strftime("%Y%m%dT%H%M%SZ"),
        "when": _span_words(each, zone),
        "total": each.total,
        **{label.value: each.counts.get(label, 0) for label in Label},
    }
    row |= {"coverage": "已采全", "usual": "未判断", "limit": "未判断"}
    if not each.known:
        row |= {"unseen": True, "coverage": "未采全，实际可能更多"}
    if each.mean is not None:
        row |= {
            "limit": "—" if each.threshold is None else decimal(each.threshold),
            "mean": round(each.mean, 2),
            "low": each.low,
            "high": each.high,
            "threshold": each.threshold,
            "usual": f"{decimal(each.mean)}（{_range(each)}）",
        }
    return row


def _range(each: Bin) -> str:
    return (
        "—"
        if each.low is None or each.high is None
        else (f"{decimal(each.low)}–{decimal(each.high)}")
    )


def _span_words(each: Bin, zone: ZoneInfo) -> str:
    start, end = each.start.astimezone(zone), each.end.astimezone(zone)
    if each.end - each.start >= DAY:
        return start.strftime("%Y-%m-%d")
    return f"{start:%m-%d %H:%M}–{end:%H:%M}"


def _time_axis(bins: Sequence[Bin], zone: ZoneInfo) -> Spec:
    ticks = _ticks(bins, zone)
    label = (
        "utchours(datum.value) == 0 ? utcFormat(datum.value, '%m-%d') "
        ": utcFormat(datum.value, '%H时')"
    )
    return {
        "field": "start",
        "type": "temporal",
        "scale": {"type": "utc", "nice": False},
        "axis": {
            "title": None,
            "grid": False,
            "values": ticks,
            "labelExpr": label,
            "labelOverlap": True,
            "domainColor": LINE,
            "tickColor": LINE,
        },
    }


def _ticks(bins: Sequence[Bin], zone: ZoneInfo) -> list[Spec]:
    """Where the axis is labelled: every three hours up to two days, else ten or so midnights."""
    if not bins:
        return []
    first, last = (_wall_moment(moment, zone) for moment in (bins[0].start, bins[-1].end))
    days = (last - first) / DAY
    step = 3 * HOUR if days <= 2 else DAY * max(1, round(days / 10))
    seconds = int(step.total_seconds())
    at = -(-int(first.timestamp()) // seconds) * seconds if days <= 2 else _midnight(first)
    return [_tick(tick) for tick in range(at, int(last.timestamp()) + 1, seconds)]


def _tick(seconds: int) -> Spec:
    at = datetime.fromtimestamp(seconds, UTC)
    return {"utc": True, "year": at.year, "month": at.month, "date": at.day, "hours": at.hour}


def _midnight(moment: datetime) -> int:
    day = int(DAY.total_seconds())
    return -(-int(moment.timestamp()) // day) * day


def _wall_moment(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=UTC)


def _gaps() -> Spec:
    return {
        "transform": [{"filter": "isValid(datum.unseen)"}],
        "mark": {"type": "rect", "color": UNSEEN},
        "encoding": {"x2": {"field": "end"}},
    }


def _bars() -> Spec:
    names = {label.value: word(label).zh for label in Label}
    return {
        "transform": [
            {"fold": list(names), "as": ["code", "count"]},
            {"calculate": f"{names!r}[datum.code]", "as": "label"},
            {"calculate": f"indexof({list(names)!r}, datum.code)", "as": "place"},
        ],
        "mark": {"type": "bar", "orient": "vertical", "binSpacing": 1},
        "encoding": {
            "x2": {"field": "end"},
            "y": {
                "field": "count",
                "type": "quantitative",
                "stack": "zero",
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
            "color": _label_colour(),
            "order": {"field": "place", "type": "ordinal"},
        },
    }


def _expected() -> list[Spec]:
    known = {"filter": "isValid(datum.mean)"}
    return [
        {
            "transform": [known],
            "mark": {"type": "rect", "color": BLUE, "opacity": 0.28},
            "encoding": {
                "x2": {"field": "end"},
                "y": {"field": "low", "type": "quantitative"},
                "y2": {"field": "high"},
            },
        },
        {
            "transform": [known],
            "mark": {"type": "rule", "color": INK, "strokeWidth": 1, "strokeDash": [3, 2]},
            "encoding": {
                "x2": {"field": "end"},
                "y": {"field": "threshold", "type": "quantitative"},
            },
        },
    ]


def _hover(clickable: bool) -> Spec:
    layer: Spec = {
        "mark": {"type": "rect", "color": INK, "cursor": "pointer" if clickable else "default"},
        "encoding": {
            "x2": {"field": "end"},
            "opacity": {
                "condition": {"param": "hovered", "value": 0.07, "empty": False},
                "value": 0,
            },
            "tooltip": [
                _tip("when", "时间"),
                _tip("negative", "负面", ",d"),
                _tip("neutral", "中性", ",d"),
                _tip("positive", "正面", ",d"),
                _tip("usual", "负面预期"),
                _tip("limit", "预警线"),
                _tip("coverage", "覆盖"),
            ],
        },
        "params": [
            {
                "name": "hovered",
                "select": {"type": "point", "on": "pointerover", "clear": "pointerout"},
            }
        ],
    }
    if clickable:
        layer["params"].append(
            {"name": CLICKED, "select": {"type": "point", "fields": ["from", "to"], "on": "click"}}
        )
    return layer


def _marks(
    marks: Iterable[SpikeMark], bins: Sequence[Bin], zone: ZoneInfo, height: float
) -> list[Spec]:
    late = bins[0].start + 0.7 * (bins[-1].end - bins[0].start) if bins else None
    values = [
        {
            "start": _wall(mark.at, zone),
            "y": height,
            "id": mark.signal_id,
            "level": word(mark.level).zh,
            "colour": LEVEL_COLOURS[mark.level],
            "late": late is not None and mark.at > late,
        }
        for mark in marks
    ]
    shared: Spec = {
        "y": {"field": "y", "type": "quantitative"},
        "color": {"field": "colour", "type": "nominal", "scale": None},
        "tooltip": [_tip("level", "预警"), _tip("id", "编号")],
    }
    return [
        {
            "data": {"values": values},
            "mark": {"type": "rule", "strokeWidth": 1, "strokeDash": [2, 2], "opacity": 0.7},
            "encoding": {key: value for key, value in shared.items() if key != "y"},
        },
        {
            "data": {"values": values},
            "mark": {
                "type": "point",
                "shape": "triangle-down",
                "filled": True,
                "size": 70,
                "opacity": 1,
            },
            "encoding": shared,
        },
        _mark_words(values, shared, is_late=False),
        _mark_words(values, shared, is_late=True),
    ]


def _mark_words(values: list[Spec], shared: Spec, *, is_late: bool) -> Spec:
    """The id beside its mark, at the side where there is room."""
    align, away = ("right", -8) if is_late else ("left", 8)
    return {
        "data": {"values": [row for row in values if row["late"] is is_late]},
        "mark": {"type": "text", "align": align, "dx": away, "fontSize": 11},
        "encoding": {**shared, "text": {"field": "id", "type": "nominal"}},
    }


def _label_colour() -> Spec:
    return {
        "field": "label",
        "type": "nominal",
        "scale": {
            "domain": [word(label).zh for label in Label],
            "range": [COLOURS[label] for label in Label],
        },
        "legend": None,
    }


def _at_the_end(x: str, told: str, *, only: str = "") -> dict[str, Any]:
    """What stands in words behind each bar: `told` is an expression, `x` where the bar ends."""
    kept = [{"filter": only}] if only else []
    return {
        "transform": [*kept, {"calculate": told, "as": "told"}],
        "mark": {"type": "text", "align": "left", "dx": 6, "color": QUIET, "fontSize": 12},
        "encoding": {
            "x": {"field": x, "type": "quantitative"},
            "text": {"field": "told", "type": "nominal"},
        },
    }


def _tip(field: str, title: str, form: str = "") -> Spec:
    kind = "quantitative" if form else "nominal"
    return {"field": field, "type": kind, "title": title, **({"format": form} if form else {})}


def _whole(spec: Spec) -> Spec:
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": "container",
        "autosize": {"type": "fit", "contains": "padding"},
        "padding": 0,
        "background": "transparent",
        "usermeta": {"embedOptions": {"actions": False}},
        "config": {
            "font": FONT,
            "view": {"stroke": None},
            "axis": {"labelColor": QUIET, "labelFontSize": 12, "labelFont": FONT},
            "text": {"font": FONT},
        },
        **spec,
    }


def _model_changes(changes: Iterable[datetime], zone: ZoneInfo) -> list[Spec]:
    """A line where the labels of another model begin; counts at its two sides do not compare."""
    values = [{"start": _wall(at, zone), "when": short_time(at, zone)} for at in changes]
    tooltip = [_tip("when", "情感模型更换")]
    return [
        {
            "data": {"values": values},
            "mark": {"type": "rule", "color": QUIET, "strokeWidth": 1, "strokeDash": [6, 3]},
            "encoding": {"tooltip": tooltip},
        },
        {
            "data": {"values": values},
            "mark": {
                "type": "text",
                "text": "换模型",
                "align": "left",
                "baseline": "top",
                "dx": 4,
                "color": QUIET,
                "fontSize": 11,
            },
            "encoding": {"y": {"value": 16}, "tooltip": tooltip},
        },
    ]


def _timeline_alt(
    bins: Sequence[Bin],
    marks: Sequence[SpikeMark],
    changes: Sequence[datetime],
    zone: ZoneInfo,
) -> str:
    if not bins:
        return "声量走势：没有数据。"
    negatives, total = sum(b.negative for b in bins), sum(b.total for b in bins)
    top = max(bins, key=lambda b: b.negative)
    gaps = sum(not b.known for b in bins)
    parts = [
        f"声量走势，{short_time(bins[0].start, zone)} 至 {short_time(bins[-1].end, zone)}："
        f"共 {total} 条，负面 {negatives} 条",
        f"负面最高在 {_span_words(top, zone)}，{top.negative} 条" if top.negative else "",
        f"{gaps} 个时段没有采全" if gaps else "",
        f"预警 {'、'.join(mark.signal_id for mark in marks)}" if marks else "",
        f"{'、'.join(short_time(at, zone) for at in changes)} 起为另一情感模型" if changes else "",
    ]
    return "；".join(part for part in parts if part) + "。"
