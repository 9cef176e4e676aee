"""Who is told of what happened to a case: a notice names people or roles, a mail comes of it."""

from dataclasses import dataclass
from enum import StrEnum

from domain.account import Role
from domain.case import Case


class NoticeKind(StrEnum):
    """The mails of a case."""

    ASSIGNED = "assigned"
    PROMISED = "promised"
    WAITING_FOR_APPROVAL = "waiting_for_approval"
    RETURNED = "returned"
    APPROVED = "approved"
    APPROVAL_EXPIRED = "approval_expired"
    UPWARD_REPORT = "upward_report"
    REOPENED = "reopened"
    WOKEN = "woken"


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to be told to accounts, and to everybody with one of the roles except `but`."""

    kind: NoticeKind
    account_ids: tuple[str, ...] = ()
    roles: tuple[Role, ...] = ()
    but: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CaseMail:
    """The frozen facts of one mail about a case. `actor` is the name of who moved it, "" for the
    machine; `comment` the reason given. `zone_name` is an IANA zone, `public_url` has no slash at
    its end.
    """

    kind: NoticeKind
    case: Case
    actor: str
    comment: str
    brand_name: str
    zone_name: str
    public_url: str
    demo: bool = False
