"""Ready sets of roles: what a person in a team of three, or of thirty, usually is.

In every team drafting and approving lie with different people, because nobody may approve what
they drafted: so a team has two accounts at least.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from domain.account import Role
from domain.errors import Text

_R = Role


class TeamSize(StrEnum):
    """How a team shares its work."""

    SMALL = "small"
    LARGE = "large"


@dataclass(frozen=True, slots=True)
class Preset:
    """A position and the roles that go with it."""

    id: str
    name: Text
    duties: Text
    roles: frozenset[Role]


_SMALL: Final = (
    Preset(
        "lead",
        Text("负责人", "lead"),
        Text("值班、定级、审批、系统管理", "on duty, grades, approves, administers"),
        frozenset({_R.DUTY_LEAD, _R.ANALYST, _R.APPROVER_L1, _R.APPROVER_L2, _R.ADMIN, _R.AUDITOR}),
    ),
    Preset(
        "handler",
        Text("处置专员", "handler"),
        Text(
            "研判、核实、拟稿、发布、客诉答复",
            "triages, verifies, drafts, publishes, answers complaints",
        ),
        frozenset(
            {_R.ANALYST, _R.VERIFIER, _R.DRAFTER, _R.PUBLISHER, _R.COMPLAINT_AGENT, _R.REGISTRAR}
        ),
    ),
    Preset(
        "reviewer",
        Text("复核与法务", "reviewer"),
        Text("值班替补、核实、法务、审批", "deputy on duty, verifies, legal, approves"),
        frozenset(
            {_R.DUTY_LEAD, _R.ANALYST, _R.VERIFIER, _R.LEGAL, _R.APPROVER_L1, _R.APPROVER_L3}
        ),
    ),
)


def _position(id: str, zh: str, en: str, duties: Text, *roles: Role) -> Preset:
    return Preset(id, Text(zh, en), duties, frozenset(roles))


_LARGE: Final = (
    _position(
        "admin",
        "管理员",
        "administrator",
        Text("账号、来源、设置；不审批", "accounts, sources, settings; approves nothing"),
        _R.ADMIN,
    ),
    _position(
        "analyst", "分析员", "analyst", Text("看流、研判、建单", "reads, triages"), _R.ANALYST
    ),
    _position(
        "duty_lead",
        "值班长",
        "duty lead",
        Text("定级、分派、静默、发送报告", "grades, assigns, silences, sends reports"),
        _R.DUTY_LEAD,
        _R.ANALYST,
    ),
    _position(
        "verifier",
        "核实员",
        "verifier",
        Text("填写事实核查表", "fills in fact sheets"),
        _R.VERIFIER,
    ),
    _position("drafter", "拟稿人", "drafter", Text("起草回应", "drafts answers"), _R.DRAFTER),
    _position("legal", "法务", "legal", Text("法务审核", "legal review"), _R.LEGAL),
    _position(
        "head",
        "部门负责人",
        "head of department",
        Text("一级审批", "approves, level 1"),
        _R.APPROVER_L1,
    ),
    _position(
        "director",
        "分管领导",
        "director",
        Text("二级审批", "approves, level 2"),
        _R.APPROVER_L2,
    ),
    _position(
        "executive", "高层", "executive", Text("三级审批", "approves, level 3"), _R.APPROVER_L3
    ),
    _position(
        "publisher",
        "发布人",
        "publisher",
        Text("发布并登记链接", "publishes, records the link"),
        _R.PUBLISHER,
    ),
    _position(
        "complaint_agent",
        "投诉专员",
        "complaint agent",
        Text("答复投诉、兑现承诺", "answers complaints, keeps promises"),
        _R.COMPLAINT_AGENT,
    ),
    _position(
        "registrar", "登记员", "registrar", Text("登记台账", "keeps registers"), _R.REGISTRAR
    ),
    _position(
        "auditor", "审计员", "auditor", Text("查阅审计轨迹", "reads the audit trail"), _R.AUDITOR
    ),
    _position(
        "ethics",
        "合规监督",
        "ethics",
        Text("只看密封模块，看不到舆情内容", "sealed modules only"),
        _R.ETHICS,
    ),
)

PRESETS: Final[Mapping[TeamSize, tuple[Preset, ...]]] = {
    TeamSize.SMALL: _SMALL,
    TeamSize.LARGE: _LARGE,
}
_FIRST: Final[Mapping[TeamSize, frozenset[Role]]] = {
    TeamSize.SMALL: _SMALL[0].roles,
    TeamSize.LARGE: frozenset({_R.ADMIN}),
}


def roles_of_first_admin(size: TeamSize) -> frozenset[Role]:
    """Return the roles of the account that the first-start wizard makes."""
    return _FIRST[size]


def preset(size: TeamSize, preset_id: str) -> Preset | None:
    """Return a position by id, None when the team has none such."""
    return next((one for one in PRESETS[size] if one.id == preset_id), None)
