"""The one door to a case: every move is checked, audited and told in one transaction.

Signatures; the body follows.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from domain.account import Account
from domain.brand import Level
from domain.case import Case, CaseKind
from domain.case_decisions import possible
from domain.case_moves import CaseCommand
from domain.case_notice import CaseMail
from domain.case_policy import CasePolicy
from domain.draft import Draft, Finding
from domain.outbox import Rendered
from domain.ports import BeginWork, UnitOfWork

__all__ = ["Desk", "Opening", "act", "act_in", "open_case", "open_case_in", "possible"]

RenderCaseMail = Callable[[CaseMail, Account], Rendered]
CheckDraft = Callable[[Draft, Case], Sequence[Finding]]
PolicyOf = Callable[[UnitOfWork, datetime], CasePolicy]


@dataclass(frozen=True, slots=True)
class Desk:
    """What every move is done with: the words of mails, the check of drafts, the company's figures
    (read in the transaction), and the zone whose dates number the cases.
    """

    render: RenderCaseMail
    check_draft: CheckDraft
    policy_of: PolicyOf
    zone: ZoneInfo
    public_url: str = ""


@dataclass(frozen=True, slots=True)
class Opening:
    """What a new case begins with. `level` is a suggestion until somebody confirms it."""

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


@dataclass(frozen=True, slots=True)
class BulkResult:
    """What a command did to many cases: those done, and the refusal of each of the others."""

    action_id: str
    done: tuple[Case, ...]
    refused: Mapping[str, Exception]


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
    """Open a case, or attach to the one that already has one of the signals."""
    raise NotImplementedError


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
    raise NotImplementedError


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
    """Do one command; `account_id` None is the machine itself.

    NotPermitted says what is missing, CaseChanged (a VersionConflict) who was faster. The same
    `action_id` again changes nothing and returns the case: a double click is harmless.
    """
    raise NotImplementedError


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
    raise NotImplementedError


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
    """Do one command to many cases, each in its own transaction; `undo` takes it back."""
    raise NotImplementedError


def undo(
    begin_work: BeginWork,
    account_id: str,
    action_id: str,
    *,
    at: datetime,
    desk: Desk,
    session: str = "",
) -> BulkResult:
    """Take a bulk action back by its counter-action, audited like any other move."""
    raise NotImplementedError


def tick(begin_work: BeginWork, *, at: datetime, desk: Desk) -> list[Case]:
    """Do what is due by itself: expired approvals, cases that wake, leases that ran out."""
    raise NotImplementedError
