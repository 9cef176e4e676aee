"""The audit trail in words: who did what, when, in which role, from where to where, and why."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from domain.account import Role
from domain.audit import AuditRow
from domain.brand import Level
from domain.case import CaseState, FalseAlarmCategory
from domain.case_table import MOVES
from domain.case_words import COMMAND_WORDS
from domain.signal import SignalState
from presentation.wording import word

_PERSON: Final = "account:"
_SYSTEM: Final = "系统"

_SAID: Final[Mapping[str, str]] = {
    "case.opened": "建立工单",
    "case.lease_renewed": "继续处理",
    "case.approval_given": "批准",
    "case.draft_returned": "退回稿件",
    "case.draft_withdrawn": "撤回稿件",
    "case.draft_saved": "保存稿件",
    "case.draft_submitted": "提交审批",
    "case.facts_saved": "填写核实单",
    "case.facts_submitted": "提交核实单",
    "case.evidence_exported": "导出证据包",
    "audit.exported": "导出处理记录",
    "case.undone": "撤销批量操作",
    "signal.opened": "触发预警",
    "signal.grew": "预警扩大",
    "signal.closed": "预警解除",
    "signal.acknowledged": "确认收到",
    "signal.unacknowledged": "取消确认",
    "signal.returned": "无人处理，退回待确认",
    "signal.in_case": "归入工单",
    "signal.false_alarm": "标为误报",
    "signal.silenced": "静默",
    "signal.unsilenced": "结束静默",
    "signal.raised": "人工提出预警",
    "signal.reminded": "再次提醒",
    "signal.escalated": "升级提醒",
    "silence.begun": "开始静默",
    "silence.ended": "结束静默",
    "silence.expired": "静默到期",
    "lead.reported": "报线索",
    "lead.attached": "线索归入工单",
    "lead.reported_again": "再次报来同一线索",
    "lead.promoted": "由线索建立工单",
    "lead.dismissed": "关闭线索",
    "lead.taken_up_again": "重新处理线索",
    "lead.closed": "线索办结",
    "case.in_bulk": "批量操作",
}
_OF_COMMANDS: Final[Mapping[str, str]] = {
    move.action: COMMAND_WORDS[move.command].zh for move in reversed(MOVES)
}
_OTHER = "_other"


@dataclass(frozen=True, slots=True)
class TrailLine:
    """One act. `change` is `研判中 → 核实中` or "", `role` the one acted in, `details` what else is
    worth a word, `clause` the company rule behind it. `account_id` is "" for the machine, `version`
    what the act made of its object, -1 where that is not told.
    """

    seq: int
    at: datetime
    who: str
    what: str
    role: str = ""
    change: str = ""
    reason: str = ""
    details: tuple[str, ...] = ()
    clause: str = ""
    account_id: str = ""
    version: int = -1


def lines(rows: Iterable[AuditRow], people: Mapping[str, str]) -> tuple[TrailLine, ...]:
    """Return a trail in words, oldest first; `people` maps account ids to names.

    A row whose payload was erased on request says so.
    """
    return tuple(_line(row, people) for row in rows)


def news(trail: Iterable[TrailLine], version: int, reader_id: str) -> tuple[TrailLine, ...]:
    """Return what others did after a version that the reader saw, oldest first."""
    newer = (line for line in trail if line.version > version and line.account_id != reader_id)
    return tuple(sorted(newer, key=lambda line: line.seq))


def act_words(action: str) -> str:
    """Return what an action of the trail is called."""
    plain = action.removesuffix(_OTHER)
    told = _SAID.get(plain) or _OF_COMMANDS.get(plain) or "其他操作"
    return f"{told}（随另一工单）" if action.endswith(_OTHER) else told


def actor_name(actor: str, people: Mapping[str, str]) -> str:
    """Return who an actor of the trail is: a name, else the account's id, else the system."""
    if not actor.startswith(_PERSON):
        return _SYSTEM
    account_id = actor.removeprefix(_PERSON)
    return people.get(account_id, account_id)


def _line(row: AuditRow, people: Mapping[str, str]) -> TrailLine:
    told: dict[str, Any] = json.loads(row.payload) if row.payload else {}
    details = tuple(_details(row.action, told, people)) if row.payload else ("内容已依法删除",)
    return TrailLine(
        seq=row.seq,
        at=row.at,
        who=actor_name(row.actor, people),
        what=act_words(row.action),
        role=_role(told.get("role")),
        change=_change(row.action, told),
        reason="" if _is_machine_talk(row) else row.reason,
        details=details,
        clause=str(told.get("clause") or ""),
        account_id=row.actor.removeprefix(_PERSON) if row.actor.startswith(_PERSON) else "",
        version=int(told.get("version", -1)),
    )


def _is_machine_talk(row: AuditRow) -> bool:
    """The detector writes its reasons for the log, in English; the figures say the same."""
    return row.action.startswith("signal.") and not row.actor.startswith(_PERSON)


def _role(code: object) -> str:
    return word(Role(str(code))).zh if code in set(Role) else ""


def _change(action: str, told: Mapping[str, Any]) -> str:
    """Which state it left and which it came to, where that is a change."""
    kind = SignalState if action.startswith("signal.") else CaseState
    states = {member.value: word(member).zh for member in kind}
    before, after = states.get(str(told.get("from"))), states.get(str(told.get("to")))
    return f"{before} → {after}" if before and after and before != after else ""


def _details(action: str, told: Mapping[str, Any], people: Mapping[str, str]) -> Iterable[str]:
    if action in {"case.graded", "case.regraded"} and told.get("level") in set(Level):
        was, now = str(told.get("level_before")), Level(told["level"])
        is_change = was in set(Level) and was != now
        before = f"{word(Level(str(was))).zh.removesuffix('预警')} → " if is_change else ""
        yield before + word(now).zh.removesuffix("预警")
    if action == "case.noted" and told.get("text"):
        yield str(told["text"])
    if told.get("draft"):
        yield f"第 {told['draft']} 版"
    if told.get("approvals_voided"):
        yield f"作废 {told['approvals_voided']} 项批准"
    if told.get("category") in set(FalseAlarmCategory):
        yield word(FalseAlarmCategory(told["category"])).zh
    for name in ("owner", "publisher"):
        if told.get(name):
            yield people.get(str(told[name]), str(told[name]))
    for name in ("case", "into", "from_case", "for"):
        if told.get(name):
            yield str(told[name])
    if told.get("outbox"):
        yield f"发出 {len(told['outbox'])} 封通知"
    if told.get("unreached"):
        names = "、".join(people.get(str(each), str(each)) for each in told["unreached"])
        yield f"未留邮箱、没有通知到：{names}"
