"""The one door to a case: every move is checked, audited and told in one transaction.

`domain.case_decisions` decides; here its decision is kept: the next version, the audit row, the
mails and what follows for other cases commit together or not at all.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from domain.account import Account, AccountState
from domain.brand import Level
from domain.case import Case, CaseKind, CaseState, case_sha256
from domain.case_changes import owing_report
from domain.case_decisions import Step, decide, next_due, possible
from domain.case_moves import Attach, CaseCommand
from domain.case_policy import CasePolicy
from domain.case_situation import STAND_INS, refused
from domain.case_table import MOVES
from domain.case_words import COMMAND_WORDS, STATE_WORDS
from domain.errors import CaseChanged, Text, VersionConflict
from domain.ports import BeginWork, UnitOfWork
from workflow.case_facts import CheckDraft, facts_for
from workflow.case_mails import RenderCaseMail, Told, Writer
from workflow.permissions import Permission, may, nobody_may

__all__ = [
    "MACHINE",
    "Desk",
    "Opening",
    "act",
    "act_in",
    "configured_policy",
    "open_case",
    "open_case_in",
    "possible",
]

MACHINE = "system:cases"
"""The actor of what the machine does to cases, as it stands in the audit trail."""

_ACT_WORDS = {move.action: COMMAND_WORDS[move.command] for move in MOVES}

PolicyOf = Callable[[UnitOfWork, datetime], CasePolicy]


def configured_policy(work: UnitOfWork, at: datetime) -> CasePolicy:
    """Return the handbook's figures with the clocks of the configuration that holds now."""
    _, configuration = work.configuration.current()
    return CasePolicy(clocks=configuration.clocks)


@dataclass(frozen=True, slots=True)
class Desk:
    """What every move is done with: the words of mails, the check of drafts, the company's figures
    (read in the transaction), and the zone whose dates number the cases. `public_url` has no slash
    at its end.
    """

    render: RenderCaseMail
    check_draft: CheckDraft
    zone: ZoneInfo
    public_url: str = ""
    policy_of: PolicyOf = configured_policy


@dataclass(frozen=True, slots=True)
class Opening:
    """What a new case begins with. `level` is a suggestion until somebody confirms it; `repeat_of`
    is the earlier case of the same person.
    """

    brand_id: str
    title: str
    level: Level
    kind: CaseKind = CaseKind.INCIDENT
    summary: str = ""
    signal_ids: tuple[str, ...] = ()
    mention_ids: tuple[str, ...] = ()
    lead_ids: tuple[str, ...] = ()
    repeat_of: str = ""
    reason: str = ""


def open_case(
    begin_work: BeginWork,
    account_id: str | None,
    opening: Opening,
    *,
    at: datetime,
    desk: Desk,
    action_id: str = "",
    session: str = "",
) -> Case:
    """Open a case, or attach to the active one that already has one of the signals.

    `account_id` None is the machine. Raises NotPermitted when the account may not, or when the
    case that has the signal is archived or a false alarm: it is to be reopened then.
    """
    with begin_work() as work:
        if action_id and not work.cases.note_action(action_id, "", "open", at):
            return _opened_before(work, action_id)
        case = open_case_in(work, account_id, opening, at=at, desk=desk, session=session)
        if action_id:
            work.cases.claim_key(_opened_key(action_id), case.id)
        work.commit()
    return case


def open_case_in(
    work: UnitOfWork,
    account_id: str | None,
    opening: Opening,
    *,
    at: datetime,
    desk: Desk,
    session: str = "",
) -> Case:
    """The same inside a unit of work that the caller commits."""
    account = _account(work, account_id)
    _require_opener(account, opening)
    _require_repeated(work, opening)
    known = _holder(work, opening.signal_ids)
    if known is None:
        case_id = work.cases.next_id(at.astimezone(desk.zone).strftime("%Y%m%d"))
        known = _claim(work, opening.signal_ids, case_id)
    if known is not None:
        return _attach(work, account_id, known, opening, at=at, desk=desk, session=session)
    policy = desk.policy_of(work, at)
    case = _new_case(case_id, opening, account, at, policy)
    work.cases.add(case)
    step = Step(case, "case.opened", "001 §5.1", None, opening.reason)
    _audit(work, None, case, step, account, session, Told())
    return case


def act(
    begin_work: BeginWork,
    account_id: str | None,
    case_id: str,
    command: CaseCommand,
    *,
    expected_version: int,
    at: datetime,
    desk: Desk,
    action_id: str = "",
    session: str = "",
) -> Case:
    """Do one command and return the case as it is then; `account_id` None is the machine itself.

    NotPermitted says what is missing, CaseChanged (a VersionConflict) who was faster. The same
    `action_id` again changes nothing and returns the case: a double click is harmless.
    """
    with begin_work() as work:
        name = type(command).__name__
        if action_id and not work.cases.note_action(action_id, case_id, name, at):
            _require_same_action(work, action_id, case_id, name)
            return _get(work, case_id)
        case = act_in(
            work,
            account_id,
            case_id,
            command,
            expected_version=expected_version,
            at=at,
            desk=desk,
            session=session,
        )
        work.commit()
    return case


def act_in(
    work: UnitOfWork,
    account_id: str | None,
    case_id: str,
    command: CaseCommand,
    *,
    expected_version: int,
    at: datetime,
    desk: Desk,
    session: str = "",
) -> Case:
    """The same inside a unit of work that the caller commits."""
    account = _account(work, account_id)
    case = _get(work, case_id)
    if case.version != expected_version:
        raise _changed(work, case, expected_version)
    policy = desk.policy_of(work, at)
    facts = facts_for(work, case, command, desk.check_draft)
    step = decide(case, command, account, at, policy, facts)
    saved = _save(work, case, step.case)
    if isinstance(command, Attach):
        for signal_id in command.signal_ids:
            work.cases.claim_key(_signal_key(signal_id), saved.id)
    writer = Writer(
        work, desk.render, policy, str(desk.zone), desk.public_url, step.case.updated_at
    )
    told = writer.tell(step.notices, saved, account, step.reason)
    _audit(work, case, saved, step, account, session, told)
    _keep_others(work, saved, step, account, session)
    for rival, consequence in step.follow_ups:
        act_in(work, None, rival.id, consequence, expected_version=rival.version, at=at, desk=desk)
    return saved


# opening


def _new_case(
    case_id: str, opening: Opening, account: Account | None, at: datetime, policy: CasePolicy
) -> Case:
    case = Case(
        id=case_id,
        kind=opening.kind,
        state=CaseState.NEW,
        level=opening.level,
        brand_id=opening.brand_id,
        title=opening.title.strip(),
        opened_at=at,
        updated_at=at,
        clock_start=at,
        opened_by=account.id if account else "",
        summary=opening.summary.strip(),
        signal_ids=tuple(dict.fromkeys(opening.signal_ids)),
        mention_ids=tuple(dict.fromkeys(opening.mention_ids)),
        lead_ids=tuple(dict.fromkeys(opening.lead_ids)),
        related_ids=(opening.repeat_of,) if opening.repeat_of else (),
        repeat_of=opening.repeat_of,
    )
    case = owing_report(case, at)
    return replace(case, due_at=next_due(case, policy))


def _require_opener(account: Account | None, opening: Opening) -> None:
    """The machine, the desk, who stands in for it on such cases, and anybody who brings a lead."""
    if not opening.title.strip():
        raise refused("未填写标题", "the title is missing", "请填写标题", "fill it in")
    if account is None or may(account, Permission.MAKE_CASE):
        return
    stand_in = STAND_INS.get(opening.kind)
    brings_lead = bool(opening.lead_ids) and may(account, Permission.REPORT_LEAD)
    if not brings_lead and (stand_in is None or stand_in not in account.roles):
        raise refused(
            "您的角色不能新建工单",
            "none of your roles may open a case",
            "请用「报线索」，或请监测员操作",
            "report a lead, or ask an analyst",
        )


def _require_repeated(work: UnitOfWork, opening: Opening) -> None:
    if opening.repeat_of:
        _get(work, opening.repeat_of)


def _holder(work: UnitOfWork, signal_ids: tuple[str, ...]) -> Case | None:
    found = (work.cases.of_signal(signal_id) for signal_id in signal_ids)
    return next((case for case in found if case is not None), None)


def _claim(work: UnitOfWork, signal_ids: tuple[str, ...], case_id: str) -> Case | None:
    """Make the signals this case's; return the case that got one of them first."""
    for signal_id in signal_ids:
        holder = work.cases.claim_key(_signal_key(signal_id), case_id)
        if holder != case_id:
            return _get(work, holder)
    return None


def _attach(
    work: UnitOfWork,
    account_id: str | None,
    case: Case,
    opening: Opening,
    *,
    at: datetime,
    desk: Desk,
    session: str,
) -> Case:
    while case.merged is not None:
        case = _get(work, case.merged.into)
    if not case.state.is_active:
        state = STATE_WORDS[case.state]
        raise refused(
            f"该预警的工单 {case.id} {state.zh}",
            f"the case of this signal, {case.id}, is {state.en}",
            "请重新打开该工单",
            "reopen it",
        )
    command = Attach(opening.signal_ids, opening.mention_ids, opening.lead_ids, opening.reason)
    brings_only_a_lead = not (opening.signal_ids or opening.mention_ids)
    return act_in(
        work,
        None if brings_only_a_lead else account_id,
        case.id,
        command,
        expected_version=case.version,
        at=at,
        desk=desk,
        session=session,
    )


def _opened_before(work: UnitOfWork, action_id: str) -> Case:
    return _get(work, work.cases.claim_key(_opened_key(action_id), ""))


def _signal_key(signal_id: str) -> str:
    return f"signal:{signal_id}"


def _opened_key(action_id: str) -> str:
    return f"opened:{action_id}"


# keeping


def _account(work: UnitOfWork, account_id: str | None) -> Account | None:
    """The account as it stands in this transaction; None for the machine."""
    if account_id is None:
        return None
    account = work.accounts.get(account_id)
    if account is None or account.state is not AccountState.ACTIVE:
        raise nobody_may()
    return account


def _get(work: UnitOfWork, case_id: str) -> Case:
    case = work.cases.get(case_id)
    if case is None:
        raise refused("没有这个工单", "there is no such case", "检查工单号", "check its number")
    return case


def _save(work: UnitOfWork, before: Case, after: Case) -> Case:
    try:
        return work.cases.save(after)
    except VersionConflict as conflict:
        current = work.cases.get(before.id)
        if current is None:
            raise
        raise _changed(work, current, before.version) from conflict


def _changed(work: UnitOfWork, case: Case, expected: int) -> CaseChanged:
    """The conflict with who was faster: the newest row of the case's trail."""
    by, word = Text("系统", "the system"), Text("修改", "changed it")
    for row in work.audit.of(case.id)[-1:]:
        account = work.accounts.get(row.actor.removeprefix("account:"))
        by = Text(account.name, account.name) if account else by
        word = _ACT_WORDS.get(row.action, word)
    return CaseChanged(case.id, expected=expected, found=case.version, by=by, act=word)


def _keep_others(
    work: UnitOfWork, case: Case, step: Step, account: Account | None, session: str
) -> None:
    """The other cases that changed with this one, each with a row of its own in the trail."""
    for other in step.others:
        before = _get(work, other.id)
        saved = _save(work, before, other)
        echo = replace(step, action=f"{step.action}_other", details={"case": case.id})
        _audit(work, before, saved, echo, account, session, Told())


def _audit(
    work: UnitOfWork,
    before: Case | None,
    after: Case,
    step: Step,
    account: Account | None,
    session: str,
    told: Told,
) -> None:
    work.audit.append(
        at=after.updated_at,
        actor=account.actor if account else MACHINE,
        action=step.action,
        object_id=after.id,
        reason=step.reason,
        payload={
            **step.details,
            "from": before.state if before else None,
            "to": after.state,
            "level": after.level,
            "version": after.version,
            "role": step.role,
            "session": session,
            "clause": step.clause,
            "before": case_sha256(before) if before else None,
            "after": case_sha256(after),
            "outbox": list(told.keys),
            "unreached": list(told.unreached),
        },
    )


def _require_same_action(work: UnitOfWork, action_id: str, case_id: str, name: str) -> None:
    if work.cases.action(action_id) != (case_id, name):
        raise refused(
            "操作编号已用于另一操作",
            "this action id was used for another act",
            "刷新页面后再试",
            "reload the page and try again",
        )
