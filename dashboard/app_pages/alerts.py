"""预警: the inbox of signals, most urgent on top, and the one that was chosen in full."""

import streamlit as st

from dashboard import desk_data
from dashboard.acting import note_seen, seen, show_told
from dashboard.state import address, key, me, now, require_page, zone
from dashboard.widgets import desk
from dashboard.widgets.alert_detail import detail
from dashboard.widgets.alert_inbox import ALERTS, inbox
from dashboard.widgets.desk import others_did
from dashboard.widgets.frame import title
from dashboard.widgets.notices import empty
from monitoring.signal_view import SignalList
from workflow.permissions import Permission


def page() -> None:
    """Show the inbox beside the chosen signal; on a phone the signal alone."""
    require_page(Permission.READ)
    desk.style()
    found = desk_data.inbox()
    title("预警", _counts(found))
    show_told()
    chosen = address().get("id", "")
    first = next(iter((*found.waiting, *found.held)), None)
    shown = chosen or (first.signal.id if first else "")
    if not shown and not found.closed:
        empty("没有预警", "负面出现突增时会在这里提醒，并发邮件给值班的人；平时看「总览」即可。")
        return
    left, right = st.columns([3, 7], gap="small")
    with left, st.container(key=key("inbox", "behind" if chosen else "first"), gap="small"):
        inbox(found, shown, now(), zone())
    with right:
        _chosen(shown, is_asked_for=bool(chosen))


def _chosen(signal_id: str, *, is_asked_for: bool) -> None:
    if not signal_id:
        empty("没有待处理的预警", "左侧可查看已解除的预警。")
        return
    view = desk_data.alert(signal_id)
    if view is None:
        empty("没有这个预警", "链接可能不完整；从列表中选择，或请发给您链接的人核对编号。")
        return
    if is_asked_for:
        with st.container(key=key("back")):
            st.page_link(ALERTS, label="‹ 全部预警")
    others_did(view.trail, seen(signal_id, view.signal.version), me().id, zone())
    detail(view, now(), zone())
    note_seen(view.signal.id, view.signal.version)


def _counts(found: SignalList) -> str:
    told = [f"{found.unread} 条待确认", f"{len(found.held)} 条处理中"]
    if found.late:
        told.insert(1, f"其中 {found.late} 条已超时")
    return "，".join(told)


page()
