"""What cases do by themselves: approvals expire, waiting ends, a new spike reopens an answer."""

from collections.abc import Iterator
from datetime import datetime

from domain.case import Case, CaseQuery, CaseState
from domain.case_guards import has_expired
from domain.case_moves import Attach, CaseCommand, ExpireApproval, Reopen, Wake
from domain.errors import VersionConflict
from domain.ports import BeginWork, UnitOfWork
from domain.signal import Signal
from workflow.cases import Desk, act, act_in

_PAGE = 200


def tick(begin_work: BeginWork, *, at: datetime, desk: Desk) -> list[Case]:
    """Do what is due by itself and return the cases that moved. A case that a person moved in the
    same moment is left to them.
    """
    with begin_work() as work:
        due = list(_due(work, at))
    moved = []
    for case, command in due:
        try:
            moved.append(
                act(
                    begin_work,
                    None,
                    case.id,
                    command,
                    expected_version=case.version,
                    at=at,
                    desk=desk,
                )
            )
        except VersionConflict:
            continue
    return moved


def take_up_spike(work: UnitOfWork, signal: Signal, *, at: datetime, desk: Desk) -> Case | None:
    """Attach a new spike to the answered or observed case of the same brand and rule, and reopen
    it; None when there is no such case. Of several the newest is chosen.
    """
    wanted = CaseQuery(
        states=(CaseState.RESPONDED, CaseState.OBSERVING, CaseState.RESOLVED),
        brand_id=signal.brand_id,
    )
    for case in _all(work, wanted):
        known = (work.signals.get(signal_id) for signal_id in case.signal_ids)
        if any(one is not None and one.rule is signal.rule for one in known):
            return _reopen_for(work, case, signal, at, desk)
    return None


def _reopen_for(work: UnitOfWork, case: Case, signal: Signal, at: datetime, desk: Desk) -> Case:
    reason = f"新的负面突增 {signal.id}"
    for command in (Attach(signal_ids=(signal.id,), reason=reason), Reopen(reason)):
        case = act_in(work, None, case.id, command, expected_version=case.version, at=at, desk=desk)
    return case


def _due(work: UnitOfWork, at: datetime) -> Iterator[tuple[Case, CaseCommand]]:
    for case in _all(work, CaseQuery(states=(CaseState.APPROVED,))):
        if has_expired(case, at):
            yield case, ExpireApproval()
    for case in _all(work, CaseQuery(states=(CaseState.ON_HOLD,))):
        if case.pause is not None and case.pause.until <= at:
            yield case, Wake()


def _all(work: UnitOfWork, wanted: CaseQuery) -> Iterator[Case]:
    offset: int | None = 0
    while offset is not None:
        page = work.cases.search(wanted, limit=_PAGE, offset=offset)
        yield from page.cases
        offset = page.next_offset
