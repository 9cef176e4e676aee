"""The inbox of signals: what waits, what is in hand, what is over, and what is kept silent."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st
from markupsafe import Markup

from dashboard.acting import attempt
from dashboard.services import services
from dashboard.state import key, me, my_session, now
from dashboard.widgets.badges import level_badge, platform_badge
from dashboard.widgets.html import NOTHING, fill, join, show
from domain.signal import Signal, SignalState
from monitoring.alert_view import acknowledge_clock
from monitoring.signal_view import SignalLine, SignalList, SilenceLine
from presentation.formats import at_least, decimal, duration, near_time
from presentation.wording import word
from workflow.handling import end_silence

ALERTS = "app_pages/alerts.py"


def inbox(found: SignalList, chosen: str, at: datetime, zone: ZoneInfo) -> None:
    """Show the signals under their headings."""
    _group("待确认", found.waiting, chosen, at, zone)
    _group("处理中", found.held, chosen, at, zone)
    if found.closed:
        nothing_else = not (found.waiting or found.held)
        with st.expander(f"已解除 {len(found.closed)}", expanded=nothing_else):
            _rows(found.closed, chosen, at, zone)
    if found.silences:
        with st.expander(f"生效中的静默 {len(found.silences)}"):
            for line in found.silences:
                _silence(line)


def _group(
    title: str, rows: tuple[SignalLine, ...], chosen: str, at: datetime, zone: ZoneInfo
) -> None:
    if rows:
        show(
            fill(
                '<div class="kb-section"><h2>{title}</h2><span class="kb-quiet">{n}</span></div>',
                title=title,
                n=len(rows),
            )
        )
        _rows(rows, chosen, at, zone)


def _rows(rows: Iterable[SignalLine], chosen: str, at: datetime, zone: ZoneInfo) -> None:
    for row in rows:
        link_row(row, "inbox", is_chosen=row.signal.id == chosen, at=at, zone=zone)


def link_row(row: SignalLine, place: str, *, is_chosen: bool, at: datetime, zone: ZoneInfo) -> None:
    """One line, which opens its signal; `place` tells it from the same line elsewhere."""
    signal_id = row.signal.id
    with st.container(key=key("row", place, signal_id)):
        show(_face(row, is_chosen, at, zone))
        st.page_link(ALERTS, label=f"打开预警 {signal_id}", query_params={"id": signal_id})


def _face(row: SignalLine, is_chosen: bool, at: datetime, zone: ZoneInfo) -> Markup:
    signal = row.signal
    classes = ["kb-slip"]
    classes += ["kb-slip-chosen"] if is_chosen else []
    classes += ["kb-slip-over"] if signal.state is SignalState.CLOSED else []
    return fill(
        '<div class="{classes}"><div class="kb-slip-line">{level}{platforms}{right}</div>'
        '<div class="kb-slip-title">{brand}　{title}</div>'
        '<div class="kb-slip-line kb-quiet"><span>{count}</span><span>首发 {since}</span>{holder}'
        '<span class="kb-push">{id}</span></div></div>',
        classes=" ".join(classes),
        level=level_badge(signal.level),
        platforms=join(platform_badge(p) for p in signal.alerted_platforms or signal.platforms),
        right=_right(row, at, zone),
        brand=row.brand,
        title=row.title.zh,
        count=_count(signal),
        since=near_time(signal.onset_at, at, zone),
        holder=_holder(row),
        id=signal.id,
    )


def _count(signal: Signal) -> str:
    """`峰值 38 条/小时，平时 0.41`."""
    if not signal.rule.is_counted:
        return word(signal.rule).zh
    numbers = signal.figures
    seen = at_least(f"{max(signal.peak_observed, numbers.observed):,}", numbers.lower_bound)
    usual = f"，平时 {decimal(numbers.mean)}" if numbers.mean is not None else ""
    return f"峰值 {seen} 条/小时{usual}"


def _right(row: SignalLine, at: datetime, zone: ZoneInfo) -> Markup:
    clock = acknowledge_clock(row, at)
    if row.silenced_until is not None:
        words, state = f"静默至 {near_time(row.silenced_until, at, zone)}", ""
    elif clock is None:
        words, state = how_it_stands(row.signal), ""
    else:
        words, state = clock.words, clock.state.value
    return fill(
        '<span class="kb-push kb-left kb-left-{state}">{words}</span>', state=state, words=words
    )


def _holder(row: SignalLine) -> Markup:
    words = " · ".join(part for part in (row.holder, row.signal.case_id) if part)
    return fill("<span>{words}</span>", words=words) if words else NOTHING


def how_it_stands(signal: Signal) -> str:
    """已认领, 误报, 已建工单 …"""
    if signal.false_alarm is not None:
        return "误报"
    if signal.case_id and signal.state is not SignalState.CLOSED:
        return "已建工单"
    return word(signal.state).zh


def _silence(line: SilenceLine) -> None:
    silence = line.silence
    show(
        fill(
            '<p class="kb-aside"><b>{scope}</b><br>{author}：{reason}<br>还有 {left}</p>',
            scope=line.scope.zh,
            author=line.author,
            reason=silence.reason,
            left=duration(line.left, "zh"),
        )
    )
    if st.button("结束静默", key=key("silence", "end", silence.id)):
        attempt(
            lambda: end_silence(
                services().begin_work,
                me().id,
                silence.id,
                expected_version=silence.version,
                at=now(),
                session_id=my_session(),
            ),
            "已结束静默",
        )
