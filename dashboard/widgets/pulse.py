"""The parts of the first screen."""

from dataclasses import dataclass
from datetime import datetime

import streamlit as st
from markupsafe import Markup

from dashboard import data
from dashboard.pages import page
from dashboard.state import key, write_moment, zone
from dashboard.widgets.badges import level_badge
from dashboard.widgets.html import fill, join, show
from dashboard.widgets.mentions import short_list
from dashboard.widgets.tiles import Tile, Tone
from domain.sentiment import Label
from domain.signal import Signal
from monitoring.pulse import Pulse, Verdict
from monitoring.pulse_words import (
    agreement_words,
    change_of_share,
    change_of_volume,
    freshness,
    headline,
    signal_line,
    unseen,
)
from monitoring.rescoring_words import under_way as rescoring
from presentation.charts import Chart, platform_bars, timeline
from presentation.formats import share
from presentation.wording import word

MOST_BANDS = 2
_TONES = {
    Verdict.BURNING: "bad",
    Verdict.ALERTED: "warn",
    Verdict.BLIND: "blind",
    Verdict.RAISED: "plain",
    Verdict.CALM: "plain",
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """A pulse with what is drawn of it, which is the same for everybody who looks at it."""

    pulse: Pulse
    volume: Chart
    platforms: Chart
    newest: Markup
    tiles: tuple[Tile, ...]


@st.cache_resource(ttl=4 * data.FRESH, max_entries=100, show_spinner=False)
def drawn(brand_id: str, start: datetime, end: datetime, at: datetime) -> Drawn:
    """Return the screen of a brand and span, asked at a moment (see `data.this_moment`)."""
    pulse = data.pulse(brand_id, start, end, at)
    return Drawn(
        pulse,
        volume=timeline(
            pulse.bins,
            zone(),
            marks=pulse.marks,
            changes=pulse.trust.changes,
            height=168,
            clickable=True,
        ),
        platforms=platform_bars(pulse.platforms, height=228),
        newest=short_list(pulse.newest_negative, pulse.now, zone()),
        tiles=tuple(tiles_of(pulse)),
    )


def sentence(pulse: Pulse, span: str) -> None:
    """The first thing that is read: whether anything burns, and whether we can see."""
    missing = unseen(pulse)
    late = "kb-late" if pulse.late else ""
    show(
        fill(
            '<div class="kb-lead kb-lead-{tone}"><strong>{words}</strong>{missing}'
            '<span class="kb-fresh {late}">{fresh}</span></div>',
            tone=_TONES[pulse.verdict],
            words=headline(pulse, span).zh,
            missing=fill('<span class="kb-missing">{words}</span>', words=missing)
            if missing
            else "",
            late=late,
            fresh=freshness(pulse, zone()),
        )
    )


def burning(pulse: Pulse) -> None:
    """A band for the red and orange signals that are not over, the most serious first."""
    for signal in pulse.urgent[:MOST_BANDS]:
        with st.container(key=key("band", signal.id)):
            show(_band(pulse, signal))
            st.page_link(page("alerts"), label=f"处置 {signal.id}", query_params={"id": signal.id})


def _band(pulse: Pulse, signal: Signal) -> Markup:
    return fill(
        '<div class="kb-band kb-band-{level}">{badge}<b>{line}</b><span>{where}</span>'
        '<span class="kb-quiet">{id} · {state}</span><span class="kb-go">处置</span></div>',
        level=signal.level.value,
        badge=level_badge(signal.level),
        line=signal_line(pulse.brand.name, signal.figures.observed, signal.figures.multiple),
        where=" ".join(word(platform).zh for platform in signal.platforms),
        id=signal.id,
        state=word(signal.state).zh,
    )


def tiles_of(pulse: Pulse) -> list[Tile]:
    """The four headline figures."""
    tally, waiting = pulse.tally, len(pulse.waiting)
    at_least = "≥ " if pulse.gaps else ""
    negative_share = tally.negative_share
    opened, opened_before = pulse.opened
    return [
        Tile(
            "总声量",
            f"{at_least}{tally.total:,}",
            change=change_of_volume(pulse),
            note="环比",
            course=[float(b.total) if b.known else None for b in pulse.bins],
            page="feed",
            params=tuple(feed_params(pulse).items()),
        ),
        Tile(
            "负面率",
            "—" if negative_share is None else share(negative_share),
            change=change_of_share(pulse),
            note="环比",
            course=[b.negative / b.total if b.total else None for b in pulse.bins],
            page="feed",
            params=tuple(feed_params(pulse, Label.NEGATIVE).items()),
        ),
        Tile(
            "待处置预警",
            f"{waiting}",
            tone=Tone.BAD if waiting else Tone.PLAIN,
            change=f"新开 {opened}",
            note=f"上期 {opened_before}",
            page="alerts",
        ),
        Tile(
            "超时工单",
            f"{pulse.overdue}",
            tone=Tone.BAD if pulse.overdue else Tone.PLAIN,
            note="时限已过、尚未处理",
            page="cases",
            params=(("overdue", "1"), ("brand", pulse.brand.id)),
        ),
    ]


def trusted(pulse: Pulse) -> None:
    """How often people agree with the labels that the chart counts, and what waits for them."""
    under_way = rescoring(pulse.trust.run)
    show(
        fill(
            '<div class="kb-trust"><b>与人工一致</b>{parts}{under_way}</div>',
            parts=join(fill("<span>{words}</span>", words=each) for each in agreement_words(pulse)),
            under_way=fill('<span class="kb-tag">{words}</span>', words=under_way.zh)
            if under_way
            else "",
        )
    )


def feed_params(pulse: Pulse, label: Label | None = None) -> dict[str, str]:
    """The address of the mentions behind a figure of this screen."""
    params = {
        "brand": pulse.brand.id,
        "from": write_moment(pulse.period.start),
        "to": write_moment(pulse.period.end),
    }
    return params if label is None else {**params, "label": label.value}
