"""工单: what is mine, what is late; as a board of stages or as a list."""

import streamlit as st

from dashboard import data, desk_data
from dashboard.acting import note_seen
from dashboard.state import require_page
from dashboard.widgets import desk
from dashboard.widgets.case_board import board, last_bulk, listing
from dashboard.widgets.filters import choose, switch, words
from dashboard.widgets.frame import title
from dashboard.widgets.notices import empty
from domain.account import Role
from domain.brand import Level
from monitoring.case_board import Scope, Wanted
from presentation.wording import word
from workflow.permissions import Permission

_SCOPES = {
    Scope.ACTIVE.value: "处理中",
    Scope.MINE.value: "我的",
    Scope.TO_APPROVE.value: "待我审批",
    Scope.LATE.value: "超时",
    Scope.OVER.value: "已结束",
}
_VIEWS = {"board": "看板", "list": "列表"}
_NOTHING = {
    Scope.ACTIVE: ("没有处理中的工单", "在「预警」中建单，或在「信息流」中选中内容建单。"),
    Scope.MINE: ("您名下没有工单", "认领一个待研判的工单，或请值班长指派。"),
    Scope.TO_APPROVE: ("没有等您审批的稿件", "有稿件送审时会通知您。"),
    Scope.LATE: ("没有超时的工单", "各环节都在时限内。"),
    Scope.OVER: ("还没有结束的工单", "归档、误报和已并案的工单会列在这里。"),
}


def page() -> None:
    """Ask for what is wanted, then show it."""
    account = require_page(Permission.READ)
    desk.style()
    title("工单")
    wanted, view = _wanted()
    last_bulk()
    found = desk_data.board(wanted, account)
    if not found.tickets:
        narrowed = wanted.level or wanted.brand_id or wanted.text
        fact, mend = _NOTHING[wanted.scope]
        empty(fact, "去掉级别、品牌或关键词再看。" if narrowed else mend)
        return
    if found.found > len(found.tickets):
        desk.say(f"共 {found.found} 个，显示最新的 {len(found.tickets)} 个；请用筛选缩小范围。")
    if view == "board" and wanted.scope is not Scope.OVER:
        board(found)
    else:
        listing(found, desk_data.people(), may_lead=Role.DUTY_LEAD in account.roles)
    for ticket in found.tickets:
        note_seen(ticket.case.id, ticket.case.version)


def _wanted() -> tuple[Wanted, str]:
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        scope = switch("范围", "scope", _SCOPES, default=Scope.ACTIVE.value)
        _, watched = data.configuration()
        levels = {"": "全部级别", **{e.value: word(e).zh.removesuffix("预警") for e in Level}}
        level = choose("级别", "level", levels)
        brand = choose("品牌", "brand", {"": "全部品牌", **{b.id: b.name for b in watched.brands}})
        text = " ".join(words("关键词", "q", hint="工单号、标题"))
        view = switch("显示", "view", _VIEWS, default="board")
    return Wanted(Scope(scope), Level(level) if level else None, brand, text), view


page()
