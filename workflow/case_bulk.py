"""One command to many cases, and back again by counter-actions; both are audited like any move.

Each case is a transaction of its own: one that somebody else changed does not hold up the others.
Beside each act stands a row under the bulk action's own name, from which it can be undone later.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.case import Case, CaseState
from domain.case_moves import (
    Assign,
    CaseCommand,
    Hold,
    MarkFalseAlarm,
    Merge,
    Release,
    Reopen,
    Take,
    Unmerge,
    Wake,
)
from domain.case_situation import refused
from domain.errors import NotPermitted, VersionConflict
from domain.ports import BeginWork, UnitOfWork
from workflow.cases import Desk, act_in

UNDOABLE = (Take, Assign, MarkFalseAlarm, Hold, Merge)
"""What may be done to many cases at once: each of these has a counter-action."""


@dataclass(frozen=True, slots=True)
class BulkResult:
    """The cases that were moved, and the refusal of each of the others by case id."""

    action_id: str
    done: tuple[Case, ...]
    refused: Mapping[str, NotPermitted | VersionConflict]


def act_on_many(
    begin_work: BeginWork,
    account_id: str,
    expected_versions: Mapping[str, int],
    command: CaseCommand,
    *,
    at: datetime,
    desk: Desk,
    action_id: str,
    session: str = "",
) -> BulkResult:
    """Do one command to cases by id and expected version; `undo(action_id)` takes it back.

    NotPermitted for a command that has no counter-action.
    """
    if not isinstance(command, UNDOABLE):
        raise refused(
            "此操作不能批量执行",
            "this is not done to many cases at once",
            "请逐个工单操作",
            "do it case by case",
        )
    return _each(
        begin_work,
        account_id,
        {case_id: (command, version) for case_id, version in expected_versions.items()},
        at=at,
        desk=desk,
        action_id=action_id,
        session=session,
    )


def undo(
    begin_work: BeginWork,
    account_id: str,
    action_id: str,
    *,
    at: datetime,
    desk: Desk,
    session: str = "",
) -> BulkResult:
    """Take a bulk action back. A case that was moved since is left alone and named in `refused`."""
    with begin_work() as work:
        rows = [json.loads(row.payload) for row in work.audit.of(_bulk(action_id))]
    if not rows:
        raise refused(
            "没有这次批量操作",
            "there was no such bulk action",
            "刷新后查看操作记录",
            "look at the trail",
        )
    reason = f"撤销批量操作 {action_id}"
    return _each(
        begin_work,
        account_id,
        {row["case"]: (_counter(row, reason), row["version"]) for row in rows},
        at=at,
        desk=desk,
        action_id=f"undo:{action_id}",
        session=session,
    )


def _each(
    begin_work: BeginWork,
    account_id: str,
    commands: Mapping[str, tuple[CaseCommand, int]],
    *,
    at: datetime,
    desk: Desk,
    action_id: str,
    session: str,
) -> BulkResult:
    done: list[Case] = []
    not_done: dict[str, NotPermitted | VersionConflict] = {}
    for case_id, (command, version) in commands.items():
        try:
            with begin_work() as work:
                once = f"{action_id}:{case_id}"
                before = work.cases.get(case_id)
                if not work.cases.note_action(once, case_id, type(command).__name__, at):
                    done += [before] if before else []
                    continue
                after = act_in(
                    work,
                    account_id,
                    case_id,
                    command,
                    expected_version=version,
                    at=at,
                    desk=desk,
                    session=session,
                )
                _note(work, action_id, command, before, after, account_id)
                work.commit()
                done.append(after)
        except (NotPermitted, VersionConflict) as refusal:
            not_done[case_id] = refusal
    return BulkResult(action_id, tuple(done), not_done)


def _note(
    work: UnitOfWork,
    action_id: str,
    command: CaseCommand,
    before: Case | None,
    after: Case,
    account_id: str,
) -> None:
    work.audit.append(
        at=after.updated_at,
        actor=f"account:{account_id}",
        action="case.in_bulk",
        object_id=_bulk(action_id),
        reason="",
        payload={
            "case": after.id,
            "version": after.version,
            "command": type(command).__name__,
            "owner_before": before.owner_id if before else "",
            "state_before": before.state if before else None,
        },
    )


def _counter(row: Mapping[str, str], reason: str) -> CaseCommand:
    """Return what takes one act of a bulk action back."""
    match row["command"]:
        case "Take" if row["state_before"] == CaseState.NEW:
            return Release(reason)
        case "Take" | "Assign":
            return Assign(row["owner_before"])
        case "MarkFalseAlarm":
            return Reopen(reason)
        case "Hold":
            return Wake(reason)
        case "Merge":
            return Unmerge(reason)
        case _:
            raise refused(
                "这次操作不能再撤销",
                "this cannot be undone",
                "请逐个工单处理",
                "go case by case",
            )


def _bulk(action_id: str) -> str:
    return f"bulk:{action_id}"
