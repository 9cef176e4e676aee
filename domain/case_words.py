"""The words of the case engine: what its refusals call states, roles and commands.

They stand here because a refusal is a sentence of the domain; pages and mails take the same words
through `presentation.wording`.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from domain import case_moves as moves
from domain.account import Role
from domain.brand import Level
from domain.case import CaseState
from domain.errors import Text

ROLE_WORDS: Mapping[StrEnum, Text] = {
    Role.ANALYST: Text("监测员", "analyst"),
    Role.DUTY_LEAD: Text("值班长", "duty lead"),
    Role.VERIFIER: Text("核实人", "verifier"),
    Role.DRAFTER: Text("拟稿人", "drafter"),
    Role.LEGAL: Text("法务", "legal"),
    Role.APPROVER_L1: Text("审批 L1（部门负责人）", "approver L1 (head of department)"),
    Role.APPROVER_L2: Text("审批 L2（分管领导）", "approver L2 (executive)"),
    Role.APPROVER_L3: Text("审批 L3（高层）", "approver L3 (top management)"),
    Role.PUBLISHER: Text("发布人", "publisher"),
    Role.COMPLAINT_AGENT: Text("客服", "complaint agent"),
    Role.REGISTRAR: Text("台账管理员", "registrar"),
    Role.ETHICS: Text("监督", "ethics"),
    Role.AUDITOR: Text("审计", "auditor"),
    Role.ADMIN: Text("系统管理员", "administrator"),
}

STATE_WORDS: Mapping[StrEnum, Text] = {
    CaseState.NEW: Text("待研判", "new"),
    CaseState.TRIAGE: Text("研判中", "in triage"),
    CaseState.VERIFYING: Text("核实中", "being verified"),
    CaseState.DRAFTING: Text("拟稿中", "being drafted"),
    CaseState.IN_REVIEW: Text("审批中", "in review"),
    CaseState.APPROVED: Text("待发布", "approved"),
    CaseState.RESPONDED: Text("已回应·跟踪", "answered, followed up"),
    CaseState.RESOLVED: Text("已办结待复盘", "resolved, to be reviewed"),
    CaseState.CLOSED: Text("已归档", "closed"),
    CaseState.FALSE_ALARM: Text("误报", "false alarm"),
    CaseState.MERGED: Text("已并案", "merged"),
    CaseState.OBSERVING: Text("观察不回应", "observed without an answer"),
    CaseState.ON_HOLD: Text("等待外部", "on hold"),
}

COMMAND_WORDS: Mapping[type, Text] = {
    moves.Take: Text("认领", "take"),
    moves.Release: Text("退还", "release"),
    moves.Assign: Text("指派", "assign"),
    moves.Describe: Text("修改说明", "describe"),
    moves.Attach: Text("并入线索", "attach"),
    moves.Relate: Text("关联工单", "relate"),
    moves.Note: Text("添加备注", "note"),
    moves.ConfirmGrade: Text("确认定级", "confirm the grade"),
    moves.Regrade: Text("调整级别", "change the grade"),
    moves.BeginVerification: Text("开始核实", "begin verification"),
    moves.MarkFalseAlarm: Text("标为误报", "mark as false alarm"),
    moves.DecideSilence: Text("决定不回应", "decide not to answer"),
    moves.SaveFactSheet: Text("填写核实单", "fill in the fact sheet"),
    moves.SubmitFactSheet: Text("提交核实单", "submit the fact sheet"),
    moves.SaveDraft: Text("保存拟稿", "save the draft"),
    moves.SubmitDraft: Text("提交审批", "submit the draft"),
    moves.Approve: Text("批准", "approve"),
    moves.Return: Text("退回", "return"),
    moves.Withdraw: Text("撤回", "withdraw"),
    moves.ExpireApproval: Text("重新送审", "ask for approval again"),
    moves.GiveWay: Text("让位于另一回应", "give way"),
    moves.NamePublisher: Text("指定发布人", "name the publisher"),
    moves.RecordPublication: Text("登记发布", "record the publication"),
    moves.Resolve: Text("办结", "resolve"),
    moves.SaveReview: Text("填写复盘", "write the review"),
    moves.Close: Text("归档", "close"),
    moves.Reopen: Text("重新打开", "reopen"),
    moves.Hold: Text("等待外部", "put on hold"),
    moves.Wake: Text("恢复处理", "go on"),
    moves.Merge: Text("并案", "merge"),
    moves.Unmerge: Text("撤销并案", "take apart"),
    moves.AddPromise: Text("登记承诺", "note a promise"),
    moves.KeepPromise: Text("兑现承诺", "keep a promise"),
    moves.DropPromise: Text("取消承诺", "drop a promise"),
    moves.ReportUpward: Text("上报", "report upward"),
    moves.NoteReceipt: Text("已阅", "note as read"),
}

LEVEL_WORDS: Mapping[Level, Text] = {
    Level.RED: Text("红", "red"),
    Level.ORANGE: Text("橙", "orange"),
    Level.YELLOW: Text("黄", "yellow"),
    Level.BLUE: Text("蓝", "blue"),
}


def listed(words: Iterable[Text]) -> Text:
    """Return several words as one: `值班长、监测员`."""
    known = tuple(words)
    return Text("、".join(w.zh for w in known), ", ".join(w.en for w in known))


def roles_listed(roles: Iterable[Role]) -> Text:
    """Return roles in the order they are always named in."""
    wanted = set(roles)
    return listed(ROLE_WORDS[role] for role in Role if role in wanted)


def states_listed(states: Iterable[CaseState]) -> Text:
    """Return states in the order of the road."""
    wanted = set(states)
    return listed(STATE_WORDS[state] for state in CaseState if state in wanted)
