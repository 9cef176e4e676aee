"""What a case stands on: its signals and their curve, the posts, the leads of colleagues."""

from zoneinfo import ZoneInfo

import streamlit as st
from markupsafe import Markup

from dashboard import charts
from dashboard.state import key
from dashboard.widgets.alert_inbox import ALERTS, how_it_stands
from dashboard.widgets.badges import level_badge
from dashboard.widgets.desk import posts, say
from dashboard.widgets.frame import card, section
from dashboard.widgets.html import fill, join, outside_link, show
from domain.lead import Lead
from domain.signal import Signal
from monitoring.alert_view import AlertView
from monitoring.case_view import CaseView
from monitoring.evidence import as_post
from presentation.charts import timeline
from presentation.formats import near_time
from presentation.wording import word

_SHOWN_POSTS = 5


def evidence(view: CaseView, newest: AlertView | None, zone: ZoneInfo) -> None:
    """Show the evidence; `newest` is the newest signal with its curve."""
    if view.case.summary:
        with card("case", "summary"):
            section("说明")
            show(fill('<p class="kb-text">{text}</p>', text=view.case.summary))
    if view.signals:
        with card("case", "signals"):
            section("预警", f"{len(view.signals)} 条")
            if newest is not None:
                say(newest.words.story.sentence)
                charts.draw(timeline(newest.bins, zone, marks=newest.marks, height=150))
            for signal in view.signals:
                _signal(signal, view, zone)
    if view.mentions:
        with card("case", "posts"):
            _posts(view, zone)
    if view.leads:
        with card("case", "leads"):
            section("同事报来的线索", f"{len(view.leads)} 条")
            _leads(view, zone)
    if not (view.signals or view.mentions or view.leads):
        with card("case", "nothing"):
            say("还没有证据。在「信息流」中选中内容并入本工单，或在「预警」中并入预警。")


def _signal(signal: Signal, view: CaseView, zone: ZoneInfo) -> None:
    with st.container(key=key("row", signal.id)):
        show(
            fill(
                '<div class="kb-slip"><div class="kb-slip-line">{level}<span>{id}</span>'
                '<span class="kb-quiet">峰值 {peak} 条/小时 · {since} 起</span>'
                '<span class="kb-push kb-quiet">{how}</span></div></div>',
                level=level_badge(signal.level),
                id=signal.id,
                peak=f"{signal.peak_observed:,}",
                since=near_time(signal.onset_at, view.now, zone),
                how=how_it_stands(signal) if signal.closed_at is None else "已解除",
            )
        )
        st.page_link(ALERTS, label=f"打开预警 {signal.id}", query_params={"id": signal.id})


def _posts(view: CaseView, zone: ZoneInfo) -> None:
    whole = len(view.case.mention_ids)
    found = [as_post(mention, view.case.brand_id) for mention in view.mentions]
    section("相关内容", f"{whole} 条")
    show(posts(found[:_SHOWN_POSTS], "", view.now, zone))
    if len(found) > _SHOWN_POSTS:
        with st.expander(f"其余 {len(found) - _SHOWN_POSTS} 条"):
            show(posts(found[_SHOWN_POSTS:], "", view.now, zone))
    missing = min(whole, len(view.case.mention_ids[:50])) - len(found)
    if missing > 0:
        say(f"另有 {missing} 条已不在库中（超过留存期，或已依法删除）。")


def _leads(view: CaseView, zone: ZoneInfo) -> None:
    show(
        fill(
            '<ul class="kb-points">{rows}</ul>',
            rows=join(_lead(lead, view, zone) for lead in view.leads),
        )
    )


def _lead(lead: Lead, view: CaseView, zone: ZoneInfo) -> Markup:
    return fill(
        "<li>{note}<span class='kb-aside'>{who} {when} · {place} {link}{pictures}</span></li>",
        note=lead.note or "（没有说明）",
        who=view.name(lead.reporter_id),
        when=near_time(lead.reported_at, view.now, zone),
        place=word(lead.place).zh,
        link=outside_link(lead.url, "链接") if lead.url else "",
        pictures=f" · 截图 {len(lead.screenshots)} 张" if lead.screenshots else "",
    )
