"""What guards and changes look at: the case, the command, who gives it, when, and the facts."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from domain.account import Account, Role
from domain.case import Case, CaseKind
from domain.case_moves import CaseCommand
from domain.case_policy import CasePolicy
from domain.draft import Finding
from domain.errors import NotPermitted, Text

C = TypeVar("C", bound=CaseCommand)

STAND_INS = {
    CaseKind.COMPLAINT: Role.COMPLAINT_AGENT,
    CaseKind.DISPUTE: Role.COMPLAINT_AGENT,
    CaseKind.SECURITY: Role.ADMIN,
}
"""Who does an analyst's work on cases of a kind, beside the analysts (001 §5.3; 002 二(三)2)."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a decision needs to know beside the case; the use case looks it up in the same
    transaction.

    `findings` of the draft check; `quiet_since`: when the last trouble ended, None while there is
    some; `named`: the accounts that the command names and that exist; `other`: the case that it
    names; `rivals`: cases with a reply on its way to one of the same posts; `holders`: other
    cases that have one of the signals the command adds.
    """

    findings: tuple[Finding, ...] = ()
    quiet_since: datetime | None = None
    named: tuple[Account, ...] = ()
    other: Case | None = None
    rivals: tuple[Case, ...] = ()
    holders: tuple[Case, ...] = ()

    def account(self, account_id: str) -> Account | None:
        """Return one of the named accounts."""
        return next((account for account in self.named if account.id == account_id), None)


@dataclass(frozen=True, slots=True)
class Situation(Generic[C]):
    """One command at one moment. `account` None is the machine itself."""

    case: Case
    command: C
    account: Account | None
    at: datetime
    policy: CasePolicy
    facts: Facts = field(default_factory=Facts)

    @property
    def actor_id(self) -> str:
        """The account id, "" for the machine."""
        return self.account.id if self.account else ""

    @property
    def roles(self) -> frozenset[Role]:
        """The roles in which the actor can act now: their own, and those they are deputy of."""
        if self.account is None:
            return frozenset()
        stood_in = (r for r in Role if self.policy.is_deputy(self.account.id, r, self.at))
        return self.account.roles | frozenset(stood_in)

    @property
    def leads(self) -> bool:
        """Whether the actor is a duty lead."""
        return Role.DUTY_LEAD in self.roles


def refused(zh: str, en: str, mend_zh: str, mend_en: str) -> NotPermitted:
    """Return the refusal of a command: what is missing, and what mends it."""
    return NotPermitted(Text(zh, en), mend=Text(mend_zh, mend_en))
