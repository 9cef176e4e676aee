"""One signal, read from top to bottom: what happened, what to do, the numbers, the proof."""

from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st
from markupsafe import Markup

from dashboard import charts
from dashboard.state import key, write_moment
from dashboard.widgets.alert_acts import CASE, acts
from dashboard.widgets.alert_inbox import ALERTS, how_it_stands
from dashboard.widgets.badges import level_badge, platform_badge
from dashboard.widgets.desk import clock_bar, facts, posts, say, trail
from dashboard.widgets.frame import card, section
from dashboard.widgets.html import NOTHING, fill, join, show
from domain.signal import SignalState
from monitoring.alert_view import Act, AlertView, Similar
from monitoring.trail_words import lines
from presentation.charts import timeline
from presentation.formats import duration, full_time, near_time
from presentation.hostile import excerpt
from presentation.wording import word

FEED = "app_pages/feed.py"


def detail(view: AlertView, possible: tuple[Act, ...], now: datetime, zone: ZoneInfo) -> None:
    """Show one signal; the act comes before the proof, as on a phone at night."""
    with card("alert", "head"):
        show(_head(view, now, zone))
        if view.case is not None:
            st.page_link(
                CASE,
                label=f"打开工单 {view.case.id}",
                query_params={"id": view.case.id},
                icon=None,
            )
        acts(view, possible)
    with card("alert", "numbers"):
        section("数字与曲线", view.words.notes.freshness)
        show(_figures(view))
        charts.draw(timeline(view.bins, zone, marks=view.marks, height=180))
        say(f"平台：{view.words.numbers.platforms}")
    with card("alert", "posts"):
        section("代表内容", f"首发起负面，按互动取前 {len(view.posts)} 条")
        first = view.signal.first_post
        show(posts(view.posts, first.mention_id if first else "", now, zone))
        if view.words.posts.terms:
            say(f"高频词：{view.words.posts.terms}")
        st.page_link(
            FEED,
            label="在信息流中查看全部",
            query_params={
                "brand": view.signal.brand_id,
                "label": "negative",
                "from": write_moment(view.signal.onset_at),
                "to": write_moment(view.signal.closed_at or view.signal.updated_at),
            },
        )
    with card("alert", "why"):
        section("为何触发")
        show(facts(_why(view)))
    if view.similar:
        with card("alert", "similar"):
            section("相似历史", "同一品牌的较早预警")
            _similar(view.similar, zone)
    with card("alert", "trail"):
        section("处理记录")
        show(trail(reversed(lines(view.trail, view.people)), zone))


def _head(view: AlertView, now: datetime, zone: ZoneInfo) -> Markup:
    signal = view.signal
    told = [f"{full_time(signal.opened_at, zone)} 触发", signal.id, view.brand_name]
    if view.holder:
        told.append(f"{view.holder} 处理中")
    if signal.silenced_until and signal.silenced_until > now:
        told.append(f"静默至 {near_time(signal.silenced_until, now, zone)}")
    return fill(
        '<div class="kb-case-title">{level}<h2>{headline}</h2>{state}</div>'
        '<div class="kb-row-line kb-quiet">{told}</div>'
        '<p class="kb-said-line kb-wrap">{sentence}</p>{clock}',
        level=level_badge(signal.level),
        headline=view.words.story.headline,
        state=_state(view),
        told=" · ".join(told),
        sentence=view.words.story.sentence,
        clock=_clock(view),
    )


def _state(view: AlertView) -> Markup:
    over = view.signal.state is SignalState.CLOSED
    words = "待确认" if view.signal.is_waiting and not over else how_it_stands(view.signal)
    return fill(
        '<span class="kb-case-state {over}">{words}</span>',
        over="kb-case-state-over" if over else "",
        words=words,
    )


def _clock(view: AlertView) -> Markup:
    if view.clock is None:
        return NOTHING
    bar = clock_bar("确认时限", view.clock.words, view.clock.share, view.clock.state.value)
    return fill('<div class="kb-clocks">{bar}</div>', bar=bar)


def _figures(view: AlertView) -> Markup:
    return fill(
        '<div class="kb-figures">{cells}</div>',
        cells=join(
            fill(
                "<div><span>{label}</span><b>{value}</b><span>{note}</span></div>",
                label=figure.label,
                value=figure.value,
                note=figure.note,
            )
            for figure in view.words.numbers.figures
        ),
    )


def _why(view: AlertView) -> list[tuple[str, str]]:
    notes = view.words.notes
    gaps = "；".join(f"{gap}（{mend}）" for gap, mend in notes.gaps)
    return [
        ("规则", notes.rule),
        ("计算", "".join(view.formula)),
        ("方案", notes.watches),
        ("覆盖", gaps or "各来源均已采全"),
        ("模型", notes.model),
        ("误报类别", word(view.signal.false_alarm).zh if view.signal.false_alarm else ""),
    ]


def _similar(found: tuple[Similar, ...], zone: ZoneInfo) -> None:
    for each in found:
        with st.container(key=key("row", "similar", each.signal.id)):
            show(
                fill(
                    '<div class="kb-row"><div class="kb-row-line">{level}{platforms}'
                    "<span>{headline}</span>"
                    '<span class="kb-push kb-quiet">{day} · {how}</span></div></div>',
                    level=level_badge(each.signal.level),
                    platforms=join(platform_badge(p) for p in each.signal.platforms),
                    headline=excerpt(each.headline, 40),
                    day=each.signal.onset_at.astimezone(zone).strftime("%Y-%m-%d"),
                    how=_ended(each),
                )
            )
            st.page_link(
                ALERTS, label=f"打开预警 {each.signal.id}", query_params={"id": each.signal.id}
            )


def _ended(each: Similar) -> str:
    told = [how_it_stands(each.signal)]
    if each.lasted is not None:
        told.append(f"历时 {duration(each.lasted, 'zh')}")
    if each.signal.case_id:
        told.append(each.signal.case_id)
    return " · ".join(told)
