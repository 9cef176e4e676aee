"""One signal, read from top to bottom: what happened, what to do, the numbers, the proof."""

from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st
from markupsafe import Markup

from dashboard import charts
from dashboard.state import key, write_moment
from dashboard.widgets.alert_acts import CASE, acts
from dashboard.widgets.alert_inbox import how_it_stands, link_row
from dashboard.widgets.badges import level_badge
from dashboard.widgets.desk import clock_bar, facts, posts, say, trail
from dashboard.widgets.frame import card, section
from dashboard.widgets.html import NOTHING, fill, join, show
from domain.signal import SignalState
from monitoring.alert_view import AlertView
from presentation.charts import timeline
from presentation.formats import full_time, near_time, short_time
from presentation.wording import word

FEED = "app_pages/feed.py"


def detail(view: AlertView, now: datetime, zone: ZoneInfo) -> None:
    """Show one signal; the act comes before the proof, as on a phone at night."""
    with card("alert", "head"):
        show(_head(view, now, zone))
        if view.detail.case is not None:
            with st.container(key=key("next")):
                st.page_link(
                    CASE,
                    label=f"打开工单 {view.detail.case.id}",
                    query_params={"id": view.detail.case.id},
                )
        acts(view)
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
            say(f"热词：{view.words.posts.terms}")
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
    if view.detail.history:
        with card("alert", "similar"):
            section("相似历史", _false_alarm_rate(view))
            for line in view.detail.history[:_SIMILAR]:
                link_row(line, "history", is_chosen=False, at=now, zone=zone)
    with card("alert", "told"):
        section("通知记录")
        _told(view, zone)
    with card("alert", "trail"):
        section("处理记录")
        show(trail(view.trail, zone))


_SIMILAR = 5


def _false_alarm_rate(view: AlertView) -> str:
    none, closed = view.detail.false_alarms
    return f"同一品牌较早的预警；{closed} 条已解除中误报 {none} 条" if closed else "同一品牌"


def _head(view: AlertView, now: datetime, zone: ZoneInfo) -> Markup:
    signal = view.signal
    told = [f"{full_time(signal.opened_at, zone)} 触发", signal.id, view.detail.line.brand]
    if view.detail.line.holder:
        told.append(f"{view.detail.line.holder} 处理中")
    if view.detail.line.silenced_until is not None:
        told.append(f"静默至 {near_time(view.detail.line.silenced_until, now, zone)}")
    return fill(
        '<div class="kb-case-title">{level}<h2>{headline}</h2>{state}</div>'
        '<div class="kb-slip-line kb-quiet">{told}</div>'
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
        ("计算", "；".join(step.zh for step in view.detail.formula) + "。"),
        ("方案", notes.watches),
        ("覆盖", gaps or "各来源均已采全"),
        ("模型", notes.model),
        ("误报类别", word(view.signal.false_alarm).zh if view.signal.false_alarm else ""),
    ]


def _told(view: AlertView, zone: ZoneInfo) -> None:
    duty = "、".join(view.detail.on_duty)
    say(f"当前值班：{duty}" if duty else "当前没有值班人，请在「设置」中排班。")
    show(
        fill(
            '<ul class="kb-points">{rows}</ul>',
            rows=join(
                fill(
                    '<li><span class="kb-quiet kb-num">{when}</span> {who} '
                    '<span class="kb-quiet">{step}{state}</span></li>',
                    when=short_time(each.at, zone),
                    who=each.who,
                    step=f"第 {each.step} 次提醒 · " if each.step else "",
                    state=word(each.state).zh,
                )
                for each in view.detail.told
            ),
        )
    )
