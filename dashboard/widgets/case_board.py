"""The board and the list of cases, and what is done to several at once."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

import streamlit as st
from markupsafe import Markup

from dashboard.acting import attempt, seen, show_told, tell
from dashboard.data import forget
from dashboard.services import services
from dashboard.state import key, me, my_session, now
from dashboard.widgets.badges import level_badge, tag
from dashboard.widgets.desk import clock_bar, say
from dashboard.widgets.frame import card
from dashboard.widgets.html import NOTHING, fill, plain_label, show
from domain.account import Account
from domain.case import CaseState
from domain.case_guards import ON_THE_CASE
from domain.case_moves import Assign, CaseCommand, Merge
from monitoring.case_board import LANES, Board, Ticket
from monitoring.case_view import clock_words
from presentation.wording import word
from workflow.case_bulk import BulkResult, act_on_many, undo

CASE = "app_pages/case.py"
_BULK = key("bulk", "last")


def board(found: Board) -> None:
    """The stages as lanes."""
    lanes = st.columns(len(LANES), gap="small")
    for name, column in zip(LANES, lanes, strict=True):
        tickets = found.lane(name)
        with column, st.container(key=key("lane", name), gap="small"):
            show(
                fill(
                    '<div class="kb-column-head">{name}<span class="kb-quiet">{n}</span></div>',
                    name=name,
                    n=len(tickets) or "",
                )
            )
            for ticket in tickets:
                _linked(ticket, found.now)
            if not tickets:
                show(fill('<div class="kb-lane-empty">没有</div>'))


def listing(found: Board, people: Sequence[Account], *, may_lead: bool) -> None:
    """One line a case; who may, ticks several and acts on them together."""
    with st.container(key=key("list"), gap="small"):
        chosen = [t for t in found.tickets if _line(t, found.now, may_tick=may_lead)]
    if may_lead:
        _together(chosen, found, people)


def _line(ticket: Ticket, at: datetime, *, may_tick: bool) -> bool:
    """Show one case and return whether it is ticked."""
    if not may_tick or not ticket.case.state.is_active:
        _linked(ticket, at)
        return False
    tick, line = st.columns([1, 24], gap="small", vertical_alignment="center")
    picked = tick.checkbox(
        f"选中 {ticket.case.id}", key=key("tick", ticket.case.id), label_visibility="collapsed"
    )
    with line:
        _linked(ticket, at)
    return picked


def _linked(ticket: Ticket, at: datetime) -> None:
    case_id = ticket.case.id
    with st.container(key=key("ticket", case_id)):
        show(_face(ticket, at))
        st.page_link(CASE, label=f"打开工单 {case_id}", query_params={"id": case_id})


def _face(ticket: Ticket, at: datetime) -> Markup:
    case = ticket.case
    return fill(
        '<div class="kb-ticket"><div class="kb-slip-line">{level}{state}{mine}</div>'
        "<b>{title}</b>{clock}"
        '<div class="kb-slip-line kb-quiet"><span>{owner}</span>'
        '<span class="kb-push">{id}</span></div></div>',
        level=level_badge(case.level),
        state=tag(word(case.state).zh),
        mine=tag("待我审批") if ticket.waits_for_me else NOTHING,
        title=case.title,
        clock=_clock(ticket, at) or Markup("<div></div>"),
        owner=ticket.owner or "尚无负责人",
        id=case.id,
    )


def _clock(ticket: Ticket, at: datetime) -> Markup:
    reading = ticket.clock
    if reading is None:
        return NOTHING
    if ticket.case.state is CaseState.ON_HOLD and reading.paused:
        return NOTHING
    return clock_bar(
        word(reading.name).zh, clock_words(reading, at), reading.spent_share, reading.state.value
    )


# ---- several at once ----


def _together(chosen: list[Ticket], found: Board, people: Sequence[Account]) -> None:
    with card("bulk"):
        if not chosen:
            say("勾选多个工单后，可以一起指派或并案；每次批量操作都可以撤销。")
            return
        say(f"已选 {len(chosen)} 个工单")
        left, right = st.columns(2)
        with left:
            _assign(chosen, people)
        with right:
            _merge(chosen, found)


def _assign(chosen: list[Ticket], people: Sequence[Account]) -> None:
    names = {a.id: a.name for a in people if a.roles & ON_THE_CASE}
    with st.form(key("form", "bulk-assign")):
        who = st.selectbox(
            "负责人", list(names), format_func=lambda i: names[i], key=key("bulk", "who")
        )
        if st.form_submit_button("一起指派", key=key("bulk", "assign")) and who:
            _do(chosen, Assign(who), f"指派给{names[who]}")


def _merge(chosen: list[Ticket], found: Board) -> None:
    ids = {ticket.case.id for ticket in chosen}
    brands = {ticket.case.brand_id for ticket in chosen}
    targets = {
        t.case.id: t.case.title
        for t in found.tickets
        if t.case.id not in ids and {t.case.brand_id} == brands
    }
    if not targets:
        say("并案需要一个没有勾选、同一品牌的处理中工单。")
        return
    with st.form(key("form", "bulk-merge")):
        into = st.selectbox(
            "并入",
            list(targets),
            format_func=lambda i: f"{i}　{targets[i]}",
            key=key("bulk", "into"),
        )
        if st.form_submit_button("一起并案", key=key("bulk", "merge")) and into:
            _do(chosen, Merge(into), f"并入 {into}")


def _do(chosen: list[Ticket], command: CaseCommand, words: str) -> None:
    versions = {t.case.id: seen(t.case.id, t.case.version) for t in chosen}
    said = repr((me().id, sorted(versions.items()), command))
    once = sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:24]
    result = act_on_many(
        services().begin_work,
        me().id,
        versions,
        command,
        at=now(),
        desk=services().desk,
        action_id=once,
        session=my_session(),
    )
    st.session_state[_BULK] = (once, words) if result.done else None
    for ticket in chosen:
        st.session_state.pop(key("tick", ticket.case.id), None)
    tell(_told(result, words))
    forget()
    st.rerun()


def _told(result: BulkResult, words: str) -> str:
    told = f"{len(result.done)} 个工单已{words}"
    refused = [f"{case_id}：{error.text.zh}" for case_id, error in result.refused.items()]
    return told + (f"；{len(refused)} 个没有改动（{'；'.join(refused)}）" if refused else "")


def last_bulk() -> None:
    """Say what the last bulk action did, and offer to take it back."""
    show_told()
    last = st.session_state.get(_BULK)
    if not last:
        return
    once, words = last
    if st.button(plain_label(f"撤销刚才的批量操作（{words}）"), key=key("bulk", "undo")):
        attempt(lambda: _undo(once), "批量操作已撤销；之后又有改动的工单保持原样")


def _undo(once: str) -> None:
    undo(
        services().begin_work,
        me().id,
        once,
        at=now(),
        desk=services().desk,
        session=my_session(),
    )
    st.session_state[_BULK] = None
