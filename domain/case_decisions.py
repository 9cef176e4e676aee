"""Placeholder for the pure decision; see the signature below."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from domain.account import Account, Role
from domain.case import Case
from domain.case_moves import CaseCommand
from domain.case_notice import Notice
from domain.case_policy import CasePolicy
from domain.draft import Finding


@dataclass(frozen=True, slots=True)
class Facts:
    """What a decision needs to know beside the case; the use case looks it up in the same
    transaction.

    `findings` of the draft check; `quiet_since`: when the last trouble ended, None while there is
    some; `named`: the accounts that the command names; `other`: the case that it names; `rivals`:
    cases with a reply on its way to one of the same posts.
    """

    findings: tuple[Finding, ...] = ()
    quiet_since: datetime | None = None
    named: tuple[Account, ...] = ()
    other: Case | None = None
    rivals: tuple[Case, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """What a legal command comes to: the case as it is then, other cases that change with it,
    commands that follow for other cases, who is told, and what the trail says.
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
    facts: Facts = Facts(),
) -> Step:
    """Return what a command comes to; NotPermitted says what is missing and how to mend it.

    `account` None is the machine itself (a lease that ran out, a new spike, an expired approval).
    """
    raise NotImplementedError


def possible(case: Case, account: Account) -> tuple[type, ...]:
    """Return the commands that the account's roles allow in the case's state: which buttons to
    show. A guard may still refuse one, and then says what is missing.
    """
    raise NotImplementedError
