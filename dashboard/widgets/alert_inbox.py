"""The inbox of signals: what waits, what is in hand, what is over."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st
from markupsafe import Markup

from dashboard.state import key
from dashboard.widgets.badges import level_badge, platform_badge
from dashboard.widgets.html import NOTHING, fill, join, show
from domain.signal import Signal, SignalState
from monitoring.alert_view import Inbox, InboxRow
from presentation.formats import near_time
from presentation.wording import word

ALERTS = "app_pages/alerts.py"


def inbox(found: Inbox, chosen: str, now: datetime, zone: ZoneInfo) -> None:
    """Show the signals under their three headings."""
    _group("待确认", found.waiting, chosen, now, zone)
    _group("处理中", found.held, chosen, now, zone)
    if found.closed:
        with st.expander(f"已解除 {len(found.closed)}", expanded=not found.first):
            _rows(found.closed, chosen, now, zone)


def _group(
    title: str, rows: tuple[InboxRow, ...], chosen: str, now: datetime, zone: ZoneInfo
) -> None:
    if rows:
        show(
            fill(
                '<div class="kb-section"><h2>{title}</h2><span class="kb-quiet">{n}</span></div>',
                title=title,
                n=len(rows),
            )
        )
        _rows(rows, chosen, now, zone)


def _rows(rows: Iterable[InboxRow], chosen: str, now: datetime, zone: ZoneInfo) -> None:
    for row in rows:
        with st.container(key=key("row", row.signal.id)):
            show(_face(row, row.signal.id == chosen, now, zone))
            st.page_link(
                ALERTS, label=f"打开预警 {row.signal.id}", query_params={"id": row.signal.id}
            )


def _face(row: InboxRow, is_chosen: bool, now: datetime, zone: ZoneInfo) -> Markup:
    signal = row.signal
    classes = ["kb-row"]
    classes += ["kb-row-chosen"] if is_chosen else []
    classes += ["kb-row-over"] if signal.state is SignalState.CLOSED else []
    return fill(
        '<div class="{classes}"><div class="kb-row-line">{level}{platforms}{right}</div>'
        '<div class="kb-row-title">{headline}</div>'
        '<div class="kb-row-line kb-quiet"><span>首发 {since}</span>{holder}'
        '<span class="kb-push">{id}</span></div></div>',
        classes=" ".join(classes),
        level=level_badge(signal.level),
        platforms=join(platform_badge(p) for p in signal.alerted_platforms or signal.platforms),
        right=_right(row),
        headline=row.headline,
        since=near_time(signal.onset_at, now, zone),
        holder=_holder(row),
        id=signal.id,
    )


def _right(row: InboxRow) -> Markup:
    if row.clock is None:
        return fill('<span class="kb-push kb-left">{words}</span>', words=how_it_stands(row.signal))
    return fill(
        '<span class="kb-push kb-left kb-left-{state}">{words}</span>',
        state=row.clock.state.value,
        words=row.clock.words,
    )


def _holder(row: InboxRow) -> Markup:
    told = [row.holder, row.signal.case_id]
    words = " · ".join(part for part in told if part)
    return fill("<span>{words}</span>", words=words) if words else NOTHING


def how_it_stands(signal: Signal) -> str:
    """已认领, 误报, 已归入工单 …"""
    if signal.false_alarm is not None:
        return "误报"
    if signal.case_id and signal.state is not SignalState.CLOSED:
        return "已建工单"
    return word(signal.state).zh
