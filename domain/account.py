"""Who works with Koubei: accounts, their roles, and the sessions they are logged in with."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Role(StrEnum):
    """What a person may be asked to do; an account has any number of them."""

    ANALYST = "analyst"
    DUTY_LEAD = "duty_lead"
    VERIFIER = "verifier"
    DRAFTER = "drafter"
    LEGAL = "legal"
    APPROVER_L1 = "approver_l1"
    APPROVER_L2 = "approver_l2"
    APPROVER_L3 = "approver_l3"
    PUBLISHER = "publisher"
    COMPLAINT_AGENT = "complaint_agent"
    REGISTRAR = "registrar"
    ETHICS = "ethics"
    AUDITOR = "auditor"
    ADMIN = "admin"


class AccountState(StrEnum):
    """A disabled account keeps its name in the trail and can do nothing."""

    ACTIVE = "active"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Account:
    """A person. `id` never changes and stands in the audit trail as `account:ID`; `login` is what
    is typed, `name` what others see. `password_hash` is argon2id, "" for one who comes by OIDC
    (`oidc_issuer` and `oidc_subject` together are that identity, never the mail address).
    """

    id: str
    login: str
    name: str
    roles: frozenset[Role]
    created_at: datetime
    address: str = ""
    state: AccountState = AccountState.ACTIVE
    password_hash: str = ""
    oidc_issuer: str = ""
    oidc_subject: str = ""
    version: int = 0

    @property
    def actor(self) -> str:
        """How the audit trail names this person."""
        return f"account:{self.id}"


IDLE_LIMIT = timedelta(minutes=30)
ABSOLUTE_LIMIT = timedelta(hours=10)
"""How long a session lives without a sign of life, and at most (OWASP ASVS 5.0, 7.3)."""


@dataclass(frozen=True, slots=True)
class Session:
    """One login. `token_hash` is the SHA-256 of the cookie's 256-bit token: the table opens
    nothing.
    """

    token_hash: str
    account_id: str
    began_at: datetime
    seen_at: datetime
    ended_at: datetime | None = None

    def is_alive(self, now: datetime) -> bool:
        """Whether the session still stands for its account."""
        return (
            self.ended_at is None
            and now - self.seen_at < IDLE_LIMIT
            and now - self.began_at < ABSOLUTE_LIMIT
        )
