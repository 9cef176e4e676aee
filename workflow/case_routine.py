"""What cases do by themselves: approvals expire, waiting ends.

A new spike that reopens an answer comes in with its signal: `workflow.handling.join_open_case`.
"""

from collections.abc import Iterator
from datetime import datetime

from domain.case import Case, CaseQuery, CaseState
from domain.case_guards import has_expired
from domain.case_moves import CaseCommand, ExpireApproval, Wake
from domain.errors import VersionConflict
from domain.ports import BeginWork, UnitOfWork
from workflow.cases import Desk, act

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
