"""The pure decision: case, command, person and moment in; the next case or a refusal out."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from domain.account import Account, AccountState, Role
from domain.case import Case, CaseState
from domain.case_moves import CaseCommand
from domain.case_notice import Notice
from domain.case_policy import CasePolicy
from domain.case_situation import STAND_INS, Facts, Situation, refused
from domain.case_table import BY_COMMAND_AND_STATE, MOVES, Move
from domain.case_words import COMMAND_WORDS, STATE_WORDS, roles_listed, states_listed
from domain.errors import NotPermitted

__all__ = ["Facts", "Step", "decide", "next_due", "possible"]

_REASONS = ("reason", "comment", "override_reason", "note")


@dataclass(frozen=True, slots=True)
class Step:
    """What a legal command comes to: the case as it is then, other cases that change with it,
    commands of the machine that follow for other cases, who is told, and what the trail says.

    `role` is the one in which the person acted, None for the machine.
    """

    case: Case
    action: str
    clause: str
    role: Role | None
    reason: str = ""
    others: tuple[Case, ...] = ()
    follow_ups: tuple[tuple[Case, CaseCommand], ...] = ()
    notices: tuple[Notice, ...] = ()
    details: Mapping[str, object] = field(default_factory=dict)


def decide(
    case: Case,
    command: CaseCommand,
    account: Account | None,
    at: datetime,
    policy: CasePolicy,
    facts: Facts | None = None,
) -> Step:
    """Return what a command comes to; NotPermitted says what is missing and how to mend it.

    `account` None is the machine itself (a lease that ran out, a new spike, an expired approval).
    Time never runs backwards within a case: an `at` before its last change counts as that moment.
    """
    moment = max(at, case.updated_at)
    situation = Situation(case, command, account, moment, policy, facts or Facts())
    move = _row(situation)
    role = _acting_role(move, situation)
    for guard in move.guards:
        guard(situation)
    changed = move.change(situation)
    return Step(
        case=_settled(changed.case, move, situation),
        action=move.action,
        clause=move.clause,
        role=role,
        reason=reason_of(command),
        others=tuple(_touched(other, situation) for other in changed.others),
        follow_ups=changed.follow_ups,
        notices=changed.notices,
        details=changed.details,
    )


def possible(case: Case, account: Account) -> tuple[type, ...]:
    """Return the commands that the account's own roles allow in the case's state: which buttons to
    show. A guard may still refuse one, and then says what is missing.
    """
    if account.state is not AccountState.ACTIVE:
        return ()
    commands = (move.command for move in MOVES if case.state in move.states)
    rows = ((command, BY_COMMAND_AND_STATE[command, case.state]) for command in commands)
    return tuple(command for command, row in rows if account.roles & allowed_roles(row, case))


def allowed_roles(move: Move, case: Case) -> frozenset[Role]:
    """Return who may do a row of the table on a case: for some kinds others stand in for the
    analyst.
    """
    stand_in = STAND_INS.get(case.kind)
    if stand_in is not None and Role.ANALYST in move.roles:
        return move.roles | {stand_in}
    return move.roles


def reason_of(command: CaseCommand) -> str:
    """Return the words a command gives as its reason, "" when it has none."""
    for name in _REASONS:
        words = getattr(command, name, "")
        if words:
            return str(words).strip()
    return ""


def next_due(case: Case, policy: CasePolicy) -> datetime | None:
    """Return the next moment at which something has to happen to a case, None when nothing has."""
    if not case.state.is_active:
        return None
    moments = [promise.due_at for promise in case.open_promises]
    if case.state is CaseState.ON_HOLD and case.pause is not None:
        return min([*moments, case.pause.until])
    if case.state is CaseState.OBSERVING and case.silence is not None:
        return min([*moments, case.silence.review_at])
    clocks = policy.clocks.get(case.level)
    unanswered = case.state in _UNANSWERED and not case.publications
    if clocks is not None and unanswered:
        is_new = case.state is CaseState.NEW
        allowed = clocks.acknowledge if is_new else clocks.first_response
        if allowed is not None:
            moments.append(case.clock_start + allowed)
    if case.valid_until is not None:
        moments.append(case.valid_until)
    return min(moments, default=None)


_UNANSWERED = frozenset(
    {
        CaseState.NEW,
        CaseState.TRIAGE,
        CaseState.VERIFYING,
        CaseState.DRAFTING,
        CaseState.IN_REVIEW,
        CaseState.APPROVED,
    }
)


def _row(s: Situation[CaseCommand]) -> Move:
    kind = type(s.command)
    move = BY_COMMAND_AND_STATE.get((kind, s.case.state))
    if move is None:
        fitting = [state for command, state in BY_COMMAND_AND_STATE if command is kind]
        word, state, states = COMMAND_WORDS[kind], STATE_WORDS[s.case.state], states_listed(fitting)
        raise refused(
            f"工单为「{state.zh}」，不能「{word.zh}」",
            f"the case is {state.en}: cannot {word.en}",
            f"可在以下状态操作：{states.zh}",
            f"possible when: {states.en}",
        )
    return move


def _acting_role(move: Move, s: Situation[CaseCommand]) -> Role | None:
    allowed = allowed_roles(move, s.case)
    if s.account is None:
        if not move.machine:
            raise _not_for(move, allowed)
        return None
    if s.account.state is not AccountState.ACTIVE:
        raise refused(
            "账号已停用", "the account is disabled", "请管理员启用", "an administrator enables it"
        )
    roles = s.roles & allowed
    if not roles:
        raise _not_for(move, allowed)
    return next(role for role in Role if role in roles)


def _not_for(move: Move, allowed: frozenset[Role]) -> NotPermitted:
    word, roles = COMMAND_WORDS[move.command], roles_listed(allowed)
    if not allowed:
        return refused(
            f"「{word.zh}」只由系统执行",
            f"only the system does this: {word.en}",
            "无需人工操作",
            "nothing to do",
        )
    return refused(
        f"您的角色不能「{word.zh}」",
        f"none of your roles may: {word.en}",
        f"请{roles.zh}操作",
        f"ask one who is: {roles.en}",
    )


def _settled(case: Case, move: Move, s: Situation[CaseCommand]) -> Case:
    """The case in the state that the row leads to, with what every move renews."""
    if len(move.to) == 1:
        case = replace(case, state=move.to[0])
    elif case.state not in (move.to or (s.case.state,)):
        raise ValueError(f"{move.action} led to {case.state}, which its row does not name")
    if s.actor_id and s.actor_id == case.owner_id:
        case = replace(case, lease_until=s.at + s.policy.lease)
    return _touched(case, s)


def _touched(case: Case, s: Situation[CaseCommand]) -> Case:
    case = replace(case, updated_at=max(s.at, case.updated_at))
    return replace(case, due_at=next_due(case, s.policy))
