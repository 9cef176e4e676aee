"""The relay: takes mails out of the outbox and hands them to the mail server.

Three steps a mail, and the middle one outside any transaction: claim (committed), send, settle
(committed). A process that dies between them leaves the mail leased; when the lease runs out the
mail is claimed again, as one that may repeat. A mail is never given up silently: `dead` keeps its
last error, and `koubei mail list` shows it.

A server that is away is asked by one mail a minute, and the others of its route wait with that one:
trying each of them would take hours of timeouts, and all would have backed off far by the time it
is there again. So whatever waited leaves within minutes of its return.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from domain.errors import DeliveryError
from domain.outbox import (
    ASK_AGAIN,
    GIVE_UP_AFTER,
    OutboxMail,
    OutboxState,
    retry_delay,
    route_of,
)
from domain.ports import BeginWork, Clock, Notifier

LEASE = timedelta(minutes=2)
"""How long a claimed mail is left to its relay: longer than an attempt may last (30 s)."""

BUDGET = timedelta(minutes=1)
"""How long a round goes on claiming: behind a server that never answers each attempt takes 30 s,
and the round must end all the same."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RelayResult:
    """What one round did, in mails.

    `retried` were refused for now, `uncertain` may or may not have been accepted, `dead` were given
    up, `lost` were settled by another relay because the lease had run out. `held`: nothing may
    leave until a person releases the outbox.
    """

    sent: int = 0
    retried: int = 0
    uncertain: int = 0
    dead: int = 0
    lost: int = 0
    held: bool = False

    @property
    def attempted(self) -> int:
        """How many mails were claimed."""
        return self.sent + self.retried + self.uncertain + self.dead + self.lost


@dataclass(frozen=True, slots=True)
class _Attempt:
    state: OutboxState
    error: str = ""
    away: bool = False


_COUNTED_AS = {
    OutboxState.SENT: "sent",
    OutboxState.RETRY: "retried",
    OutboxState.UNCERTAIN: "uncertain",
    OutboxState.DEAD: "dead",
}


def relay(
    begin_work: BeginWork,
    notifier: Notifier,
    clock: Clock,
    owner: str,
    *,
    lease: timedelta = LEASE,
    limit: int = 500,
    budget: timedelta = BUDGET,
    language: str = "zh",
) -> RelayResult:
    """Send what is due, each mail on its own, and return what came of it.

    A round ends when nothing is due, after `limit` mails, or when `budget` is over. A mail that
    fails waits by `retry_delay` and holds up nothing but later mails of its own thread to the same
    recipient. `language` is that of the error kept with a mail.
    """
    with begin_work() as work:
        if work.notes.outbox_hold() is not None:
            return RelayResult(held=True)
    counts: Counter[str] = Counter()
    end = clock.now() + budget
    for _ in range(limit):
        now = clock.now()
        mail = _claim(begin_work, now, owner, lease) if now < end else None
        if mail is None:
            break
        attempt = _try(notifier, mail, clock, language)
        kept = _settle(begin_work, mail, attempt, clock.now(), owner)
        counts[_COUNTED_AS[attempt.state] if kept else "lost"] += 1
        _log.info(
            "mail_attempted",
            kind=mail.kind,
            signal_id=mail.signal_id,
            attempt=mail.attempts,
            may_repeat=mail.may_repeat,
            outcome=attempt.state.value if kept else "lost",
        )
    return RelayResult(
        counts["sent"], counts["retried"], counts["uncertain"], counts["dead"], counts["lost"]
    )


def _claim(begin_work: BeginWork, now: datetime, owner: str, lease: timedelta) -> OutboxMail | None:
    with begin_work() as work:
        mail = work.outbox.claim(owner, now, lease)
        work.commit()
    return mail


def _try(notifier: Notifier, mail: OutboxMail, clock: Clock, language: str) -> _Attempt:
    try:
        notifier.send(mail)
    except DeliveryError as error:
        told = error.sentence(language)
        if not error.retry or clock.now() - mail.created_at >= GIVE_UP_AFTER:
            return _Attempt(OutboxState.DEAD, told, error.away)
        state = OutboxState.UNCERTAIN if error.uncertain else OutboxState.RETRY
        return _Attempt(state, told, error.away)
    return _Attempt(OutboxState.SENT)


def _settle(
    begin_work: BeginWork, mail: OutboxMail, attempt: _Attempt, now: datetime, owner: str
) -> bool:
    again = attempt.state in {OutboxState.RETRY, OutboxState.UNCERTAIN}
    delay = ASK_AGAIN if attempt.away else retry_delay(mail.attempts)
    with begin_work() as work:
        kept = work.outbox.settle(
            mail.key,
            owner,
            attempt.state,
            at=now,
            next_attempt_at=now + delay if again else None,
            error=attempt.error,
        )
        if attempt.away:
            work.outbox.postpone(route_of(mail.recipient), now + ASK_AGAIN)
        work.commit()
    return kept
