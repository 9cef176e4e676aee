"""The right side of a case: the form of its stage, and everything else that can be done with it.

Which form stands there follows from `next_command`, which buttons from `possible`: nothing is
decided here.
"""

from collections.abc import Callable, Mapping
from typing import Final
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard.state import key
from dashboard.widgets import (
    case_approval,
    case_beside,
    case_draft,
    case_end,
    case_facts,
    case_triage,
)
from dashboard.widgets.desk import say
from dashboard.widgets.frame import card, section
from domain import case_moves as moves
from domain.case import CaseState
from domain.case_words import COMMAND_WORDS
from monitoring.case_view import CaseView, Next

Form = Callable[[CaseView, ZoneInfo], None]

_FORMS: Final[Mapping[type, tuple[str, Form]]] = {
    moves.Take: ("认领", lambda view, _: case_triage.take(view)),
    moves.ConfirmGrade: ("定级", lambda view, _: case_triage.grade(view)),
    moves.ReportUpward: ("上报", lambda view, _: case_triage.report_upward(view)),
    moves.BeginVerification: ("分派与核实", lambda view, _: case_triage.begin_verification(view)),
    moves.SaveFactSheet: ("核实", lambda view, _: case_facts.edit(view)),
    moves.SubmitFactSheet: ("核实", lambda view, _: case_facts.edit(view)),
    moves.SaveDraft: ("拟稿", case_draft.edit),
    moves.SubmitDraft: ("拟稿", case_draft.edit),
    moves.RecordPublication: ("发布记录", case_approval.publish),
    moves.ExpireApproval: ("批准已过期", case_approval.expired),
    moves.Resolve: ("跟踪", case_end.follow),
    moves.SaveReview: ("复盘", case_end.review),
    moves.Close: ("归档", case_end.close),
    moves.Wake: ("等待外部", case_end.wake),
}
"""The form of a stage by what moves the case on."""

_READING: Final[Mapping[CaseState, Form]] = {
    CaseState.DRAFTING: case_draft.read,
    CaseState.APPROVED: lambda view, zone: case_approval.chain(view, zone),
    CaseState.RESOLVED: case_end.read_review,
}
"""What somebody reads whose turn it is not."""

_OTHERS: Final[Mapping[type, Form]] = {
    moves.Note: lambda view, _: case_end.note(view),
    moves.Assign: lambda view, _: case_triage.assign(view),
    moves.Regrade: lambda view, _: case_triage.regrade(view),
    moves.ReportUpward: lambda view, _: case_triage.report_upward(view),
    moves.AddPromise: case_beside.promise,
    moves.KeepPromise: case_beside.keep_promise,
    moves.DropPromise: case_beside.drop_promise,
    moves.SaveFactSheet: lambda view, _: case_facts.edit(view),
    moves.SaveDraft: case_draft.edit,
    moves.Withdraw: lambda view, _: case_approval.withdraw(view),
    moves.NamePublisher: lambda view, _: case_approval.name_publisher(view),
    moves.SaveReview: case_end.review,
    moves.DecideSilence: lambda view, _: case_triage.decide_silence(view),
    moves.MarkFalseAlarm: lambda view, _: case_triage.false_alarm(view),
    moves.Hold: lambda view, _: case_beside.hold(view),
    moves.Merge: lambda view, _: case_beside.merge(view),
    moves.Unmerge: lambda view, _: case_beside.unmerge(view),
    moves.Relate: lambda view, _: case_beside.relate(view),
    moves.Describe: lambda view, _: case_beside.describe(view),
    moves.Release: lambda view, _: case_beside.release(view),
    moves.Reopen: lambda view, _: case_end.reopen(view),
}
"""What else can be done, in the order in which it is offered."""

_SAME_FORM: Final[Mapping[type, frozenset[type]]] = {
    moves.SubmitFactSheet: frozenset({moves.SaveFactSheet}),
    moves.SubmitDraft: frozenset({moves.SaveDraft}),
}


def stage(view: CaseView, step: Next | None, possible: tuple[type, ...], zone: ZoneInfo) -> None:
    """Show the form of the stage; who cannot fill it in reads what is there."""
    if step is None:
        with card("case", "stage"):
            section("已结束")
            case_end.read_review(view, zone)
            _only_reading(view, zone)
        return
    if step.command is moves.Approve:
        with card("case", "stage"):
            section("审批", "" if step.is_mine else f"等待 {step.who}")
            case_approval.review(view, zone, can_decide=moves.Approve in possible)
        return
    title, form = _FORMS[step.command]
    with card("case", "stage"):
        section(title, "" if step.is_mine else f"由 {step.who} 操作")
        if step.command in possible:
            form(view, zone)
        else:
            say("您可以查看进展、添加备注；轮到您时会收到通知。")
            if (reading := _READING.get(view.case.state)) is not None:
                reading(view, zone)


def _only_reading(view: CaseView, zone: ZoneInfo) -> None:
    if view.case.drafts:
        case_draft.read(view, zone)


def others(view: CaseView, step: Next | None, possible: tuple[type, ...], zone: ZoneInfo) -> None:
    """Offer what else can be done; the form of what is chosen opens below."""
    here: frozenset[type] = frozenset()
    if step is not None and step.command in possible:
        here = frozenset({step.command}) | _SAME_FORM.get(step.command, frozenset())
    offered = {c.__name__: c for c in _OTHERS if c in possible and c not in here and _fits(view, c)}
    if not offered:
        return
    with card("case", "others"):
        section("其他操作")
        chosen = st.pills(
            "其他操作",
            list(offered),
            format_func=lambda name: COMMAND_WORDS[offered[name]].zh,
            key=key("others", view.case.id, view.case.state.value),
            label_visibility="collapsed",
        )
        if chosen is not None:
            _OTHERS[offered[chosen]](view, zone)


def _fits(view: CaseView, command: type) -> bool:
    """Whether there is anything to do it to."""
    if command in {moves.KeepPromise, moves.DropPromise}:
        return bool(view.case.open_promises)
    if command is moves.Merge:
        return bool(view.others)
    return command is not moves.Regrade or view.case.grade_confirmed
