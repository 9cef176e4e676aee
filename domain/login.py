"""What a login leaves behind: one-time tickets, counted attempts, second factors. Pure rules."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


class TicketKind(StrEnum):
    """What a ticket admits to. A ticket of one kind is worth nothing for another."""

    FIRST_ADMIN = "first_admin"
    INVITATION = "invitation"
    PASSWORD_RESET = "password_reset"  # noqa: S105  # a kind of ticket, not a password
    SECOND_FACTOR = "second_factor"
    OIDC = "oidc"


TICKET_LIFE: Mapping[TicketKind, timedelta] = {
    TicketKind.FIRST_ADMIN: timedelta(days=7),
    TicketKind.INVITATION: timedelta(days=7),
    TicketKind.PASSWORD_RESET: timedelta(hours=24),
    TicketKind.SECOND_FACTOR: timedelta(minutes=5),
    TicketKind.OIDC: timedelta(minutes=10),
}


@dataclass(frozen=True, slots=True)
class Ticket:
    """A right that can be used once. The table holds the SHA-256 of its secret, never the secret.

    `account_id` is "" where no account is meant yet; `payload` is what the kind needs later.
    """

    secret_hash: str
    kind: TicketKind
    expires_at: datetime
    account_id: str = ""
    payload: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """The TOTP secret of an account, encrypted; it counts once a first code `confirmed` it.

    `last_step` is the time step of the newest code that was accepted: none is accepted twice
    (RFC 6238 §5.2).
    """

    account_id: str
    sealed_secret: bytes
    confirmed: bool = False
    last_step: int = 0


@dataclass(frozen=True, slots=True)
class Attempts:
    """How often a login failed of late, for one account or from one address."""

    subject: str
    failures: int
    last_at: datetime


FORGET_AFTER = timedelta(hours=1)
"""A counter that rests this long begins anew."""
FREE_FOR_ACCOUNT = 5
FREE_FOR_ADDRESS = 20
"""A company's people may all come from one address."""
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=15)
"""Bounded: who fails on purpose locks the true owner out for minutes, not for good."""


def wait_until(attempts: Attempts | None, *, free: int, now: datetime) -> datetime | None:
    """Return until when the next attempt is refused, None when it may be made now.

    After `free` failures each further one doubles the wait: 30 s, 1 min … 15 min.
    """
    if attempts is None or attempts.failures < free or now - attempts.last_at >= FORGET_AFTER:
        return None
    doublings = min(attempts.failures - free, 10)
    until = attempts.last_at + min(FIRST_WAIT * 2**doublings, LONGEST_WAIT)
    return until if until > now else None


def one_more(attempts: Attempts | None, subject: str, now: datetime) -> Attempts:
    """Return the counter after another failure."""
    if attempts is None or now - attempts.last_at >= FORGET_AFTER:
        return Attempts(subject, 1, now)
    return Attempts(subject, attempts.failures + 1, now)
