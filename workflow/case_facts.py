"""What the rules of a case need to know from elsewhere, read in the transaction of the move."""

from collections.abc import Callable, Sequence
from datetime import datetime

from domain.case import PENDING_REPLY, Case, CaseState
from domain.case_moves import (
    AddPromise,
    Approve,
    Assign,
    Attach,
    CaseCommand,
    Merge,
    NamePublisher,
    Relate,
    ReportUpward,
    Resolve,
    SaveReview,
    SubmitDraft,
    Unmerge,
)
from domain.case_situation import Facts
from domain.draft import Draft, Finding
from domain.ports import UnitOfWork
from domain.signal import SignalState

CheckDraft = Callable[[Draft, Case], Sequence[Finding]]
"""Looks a draft over: blanks that were left, superlatives, names … [] means it found nothing."""


def facts_for(work: UnitOfWork, case: Case, command: CaseCommand, check_draft: CheckDraft) -> Facts:
    """Return the facts that one command needs, and no others."""
    if isinstance(command, SubmitDraft):
        draft = case.draft
        return Facts(findings=tuple(check_draft(draft, case)) if draft else ())
    if isinstance(command, Resolve):
        return Facts(quiet_since=quiet_since(work, case))
    if isinstance(command, Approve):
        return Facts(rivals=_rivals(work, case))
    if isinstance(command, Attach):
        return Facts(holders=_holders(work, case, command.signal_ids))
    other = _named_case(case, command)
    if other:
        return Facts(other=work.cases.get(other))
    accounts = (work.accounts.get(account_id) for account_id in _named_accounts(command))
    return Facts(named=tuple(account for account in accounts if account is not None))


def quiet_since(work: UnitOfWork, case: Case) -> datetime | None:
    """Return since when nothing has stirred: the last answer (or decision not to give one), or the
    end of the last signal if that is later; None while a signal is open or nothing was decided.
    """
    answered = case.response.at if case.response else None
    decided = case.silence.at if case.silence else None
    moments = [moment for moment in (answered, decided) if moment is not None]
    for signal_id in case.signal_ids:
        signal = work.signals.get(signal_id)
        if signal is None:
            continue
        if signal.state is not SignalState.CLOSED or signal.closed_at is None:
            return None
        moments.append(signal.closed_at)
    return max(moments) if answered or decided else None


def _named_accounts(command: CaseCommand) -> tuple[str, ...]:
    match command:
        case Assign(account_id=account_id) | NamePublisher(account_id=account_id):
            return (account_id,)
        case AddPromise(owner_id=owner_id):
            return (owner_id,)
        case ReportUpward(to=to):
            return to
        case SaveReview(actions=actions):
            return tuple(action.owner_id for action in actions)
        case _:
            return ()


def _named_case(case: Case, command: CaseCommand) -> str:
    match command:
        case Merge(into=into):
            return into
        case Relate(case_id=case_id):
            return case_id
        case Unmerge():
            return case.merged.into if case.merged else ""
        case _:
            return ""


def _rivals(work: UnitOfWork, case: Case) -> tuple[Case, ...]:
    others = work.cases.with_any_mention(case.mention_ids)
    return tuple(o for o in others if o.id != case.id and o.state in PENDING_REPLY)


def _holders(work: UnitOfWork, case: Case, signal_ids: tuple[str, ...]) -> tuple[Case, ...]:
    found = (work.cases.of_signal(signal_id) for signal_id in signal_ids)
    return tuple(
        holder
        for holder in found
        if holder is not None and holder.id != case.id and holder.state is not CaseState.MERGED
    )
