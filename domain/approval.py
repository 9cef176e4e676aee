"""Approvals: the chain a draft has to pass, who has approved what, and who stands in for whom."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.account import Role
from domain.brand import Level


class ApprovalMode(StrEnum):
    """Whether one of a step's roles is enough, or each of them has to approve."""

    ANY = "any"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class ChainStep:
    """One step of a chain: the roles that approve, and how many of them it takes.

    One person gives at most one approval a step, whatever their roles.
    """

    roles: tuple[Role, ...]
    mode: ApprovalMode = ApprovalMode.ANY

    def missing(self, given: Iterable["Approval"]) -> tuple[Role, ...]:
        """Return the roles that can still approve this step; () when it is met."""
        done = {approval.role for approval in given}
        if self.mode is ApprovalMode.ANY and done & set(self.roles):
            return ()
        return tuple(role for role in self.roles if role not in done)


@dataclass(frozen=True, slots=True)
class Approval:
    """One approval, bound to the exact text and fact sheet and to the level it was given at."""

    step: int
    role: Role
    account_id: str
    at: datetime
    text_sha256: str
    sheet_sha256: str
    level: Level
    as_deputy: bool = False
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Deputy:
    """Who stands in for a role for a time (代理审批)."""

    role: Role
    account_id: str
    since: datetime
    until: datetime

    def stands_in(self, account_id: str, role: Role, at: datetime) -> bool:
        """Whether this makes an account act in a role now."""
        same = self.account_id == account_id and self.role is role
        return same and self.since <= at < self.until


def current_step(chain: tuple[ChainStep, ...], given: Iterable[Approval]) -> int | None:
    """Return the number of the first step that is not met, None when the whole chain is."""
    approvals = tuple(given)
    for number, step in enumerate(chain):
        if step.missing(a for a in approvals if a.step == number):
            return number
    return None
