"""The outbox: a mail is a row first, written in the same transaction as what it tells about.

Promise: every mail is accepted by the mail server at least once. A double is possible only when the
line breaks, or the process dies, between the server's acceptance and our note of it; both copies
then carry the same Message-ID, which is derived from the row's key.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class OutboxState(StrEnum):
    """pending → sending → sent | retry | uncertain | dead; dropped by a person after a restore."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    RETRY = "retry"
    UNCERTAIN = "uncertain"
    DEAD = "dead"
    DROPPED = "dropped"


FIRST_RETRY = timedelta(seconds=30)
LONGEST_RETRY = timedelta(minutes=15)
ASK_AGAIN = timedelta(minutes=1)
"""How often a server that nobody answers at is asked again, by one mail for all that wait."""
GIVE_UP_AFTER = timedelta(hours=72)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message as it will be sent: subject, plain text, HTML, and pictures by content id (PNG)."""

    subject: str
    text: str
    html: str
    images: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class OutboxMail:
    """One mail to one recipient. `key` is unique: (subject of the mail, rule, epoch, recipient).

    `thread` is the key of the opening mail that later ones answer (In-Reply-To), "" for the first.
    `epoch` is that of the signal it tells of (0: of none). `may_repeat`: an earlier attempt may
    have been accepted, so the recipient may get it twice (可能重复).
    """

    key: str
    recipient: str
    rendered: Rendered
    created_at: datetime
    next_attempt_at: datetime
    kind: str = "alert"
    thread: str = ""
    signal_id: str | None = None
    state: OutboxState = OutboxState.PENDING
    attempts: int = 0
    owner: str = ""
    lease_until: datetime | None = None
    sent_at: datetime | None = None
    last_error: str = ""
    epoch: int = 0
    may_repeat: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """Whom one mail of a signal told: the mail without its words. `at` is when it was written."""

    key: str
    recipient: str
    kind: str
    epoch: int
    at: datetime
    state: OutboxState


def message_id(key: str, domain: str) -> str:
    """Return the Message-ID of the row `key`: the same for every attempt, on every machine."""
    digest = hashlib.sha256(key.encode()).hexdigest()[:32]
    return f"<{digest}@{domain}>"


MAIL_ROUTE = "mail"


def route_of(recipient: str) -> str:
    """Return by which way a recipient is reached: all mailboxes by the mail server, `scheme:name`
    (a robot, a webhook) each by its own. What fails on one way says nothing about another.
    """
    scheme, colon, _ = recipient.partition(":")
    return recipient if colon and "@" not in scheme else MAIL_ROUTE


def retry_delay(attempts: int) -> timedelta:
    """How long to wait after the given number of failed attempts: 30 s, doubling, at most 15
    min.
    """
    doublings = max(0, min(attempts, 20) - 1)
    return min(timedelta(seconds=FIRST_RETRY.total_seconds() * 2.0**doublings), LONGEST_RETRY)
