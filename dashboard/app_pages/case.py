"""工单详情: what happened, how grave, who holds it, how long still, and the one next thing."""

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO

import streamlit as st

from dashboard import desk_data
from dashboard.acting import attempt, keep_typed, note_seen, seen, show_kept, show_told
from dashboard.services import services
from dashboard.state import address, i_may, key, me, now, require_page, zone
from dashboard.widgets import case_beside, case_draft, case_facts, case_head, desk
from dashboard.widgets.case_approval import publications
from dashboard.widgets.case_evidence import evidence
from dashboard.widgets.case_stage import others, stage
from dashboard.widgets.desk import others_did
from dashboard.widgets.frame import card, head, section
from dashboard.widgets.html import show
from dashboard.widgets.notices import empty
from domain import case_moves as moves
from domain.account import Account
from domain.case import CaseState
from domain.case_decisions import possible
from domain.case_policy import CasePolicy
from monitoring.case_export import export_trail
from monitoring.case_view import CaseView, next_step
from runtime.evidence import evidence_room
from workflow.permissions import Permission

CASES = "app_pages/cases.py"
REFRESH = timedelta(seconds=30)
_SHOWN_ACTS = 12


def page() -> None:
    """Show one case: its head, its evidence on the left, its stage on the right, its trail."""
    account = require_page(Permission.READ)
    desk.style()
    case_id = address().get("id", "")
    view = desk_data.case(case_id) if case_id else None
    with head("工单详情"):
        st.page_link(CASES, label="‹ 全部工单")
    show_told()
    if view is None:
        empty("没有这个工单", "链接可能不完整；从「工单」中选择，或请发给您链接的人核对编号。")
        return
    policy = services().desk.policy_of
    with services().begin_reading() as work:
        figures = policy(work, now())
    _moved(view)
    _head(view.case.id, account, figures)
    _body(view, account, figures)
    _trail(view)
    note_seen(view.case.id, view.case.version)


@st.fragment(run_every=REFRESH)
def _head(case_id: str, account: Account, policy: CasePolicy) -> None:
    """The head keeps itself fresh; it never touches a form."""
    view = desk_data.case(case_id)
    if view is None:
        return
    with card("case", "head"):
        case_head.title(view, zone())
        case_head.clocks(view, now())
        case_head.stepper(view.case)
        case_head.what_next(view, account, policy)
    others_did(view.trail, seen(case_id, view.case.version), account.id, zone())


def _moved(view: CaseView) -> None:
    """Keep what was typed when somebody else moved the case on meanwhile."""
    keep_typed(view.case.id, view.case.state.value)
    show_kept(view.case.id)


def _body(view: CaseView, account: Account, policy: CasePolicy) -> None:
    can = possible(view.case, account)
    step = next_step(view.case, account, policy, now())
    left, right = st.columns([9, 11], gap="small")
    with right, st.container(key=key("stage"), gap="small"):
        if moves.NoteReceipt in can and _is_owed_receipt(view, account):
            with card("case", "receipt"):
                section("上报给您")
                case_beside.receipt(view, zone())
        stage(view, step, can, zone())
        others(view, step, can, zone())
    with left, st.container(key=key("evidence"), gap="small"):
        newest = desk_data.alert(view.signals[-1].id) if view.signals else None
        evidence(view, newest, zone())
        _papers(view, account)


def _is_owed_receipt(view: CaseView, account: Account) -> bool:
    report = view.case.upward
    read = {each.account_id for each in report.receipts}
    return account.id in report.to and account.id not in read


def _papers(view: CaseView, account: Account) -> None:
    """What was written so far, for reading."""
    case = view.case
    if case.fact_sheet.claims and case.state is not CaseState.VERIFYING:
        with card("case", "facts"):
            section("核实单")
            case_facts.read(view, zone())
    if case.publications:
        with card("case", "publications"):
            section("发布记录")
            publications(view, zone())
            if case.state in {CaseState.RESPONDED, CaseState.RESOLVED}:
                case_draft.read(view, zone(), compared=False)
    if case.promises:
        with card("case", "promises"):
            section("承诺与任务")
            case_beside.promises(view, zone())
    if case.upward.sheet is not None and not _is_owed_receipt(view, account):
        with card("case", "upward"):
            section("上报单")
            case_beside.sheet_of(view, zone())


def _trail(view: CaseView) -> None:
    with card("case", "trail"):
        section("处理记录", f"{len(view.rows)} 条，只增不改")
        lines = view.trail
        show(desk.trail(lines[:_SHOWN_ACTS], zone()))
        if len(lines) > _SHOWN_ACTS:
            with st.expander(f"更早的 {len(lines) - _SHOWN_ACTS} 条"):
                show(desk.trail(lines[_SHOWN_ACTS:], zone()))
        with st.container(key=key("exports"), horizontal=True, gap="small"):
            if i_may(Permission.EXPORT):
                _download(view, "证据包", "evidence.zip", "application/zip", _pack)
            if i_may(Permission.READ_AUDIT):
                _download(view, "处理记录", "audit.jsonl", "application/jsonl", _trail_file)


def _download(
    view: CaseView, what: str, ending: str, mime: str, make: Callable[[CaseView], bytes]
) -> None:
    """Two steps: make it, which is noted in the trail, then take it."""
    made = key("made", view.case.id, ending)
    if made in st.session_state:
        st.download_button(
            f"下载{what}",
            st.session_state.pop(made),
            file_name=f"{view.case.id}-{ending}",
            mime=mime,
            key=key("download", ending),
            on_click="ignore",
        )
    elif st.button(f"准备{what}", key=key("do", ending)):
        attempt(
            lambda: st.session_state.__setitem__(made, make(view)),
            f"{what}已备好，可以下载；导出已记入处理记录",
        )


def _trail_file(view: CaseView) -> bytes:
    it = services()
    return export_trail(it.begin_work, it.begin_reading, me().id, view.case.id, at=now())


def _pack(view: CaseView) -> bytes:
    out = BytesIO()
    evidence_room(services()).export(me().id, view.case.id, out, at=now())
    return out.getvalue()


page()
