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
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from domain.channel import Channel, channel_of
from domain.errors import DeliveryError
from domain.outbox import (
    ASK_AGAIN,
    GIVE_UP_AFTER,
    OutboxMail,
    OutboxState,
    Rendered,
    retry_delay,
    route_of,
)
from domain.ports import BeginWork, Clock, Notifier

LEASE = timedelta(minutes=2)
"""How long a claimed mail is left to its relay: longer than an attempt may last (30 s)."""

BUDGET = timedelta(minutes=1)
"""How long a round goes on claiming: behind a server that never answers each attempt takes 30 s,
and the round must end all the same."""

DIGEST_FROM = 3
"""So many messages that wait for one chat group are told as one: a burst is not read."""

_DIGESTED = frozenset({Channel.WECOM, Channel.DINGTALK, Channel.FEISHU})
_LONGEST_DIGEST = 20

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
    wait: timedelta | None = None


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
        attempt = _Attempt(OutboxState.PENDING)
        for together in _bundles([mail, *_company(begin_work, mail, now, owner, lease)]):
            if not attempt.away:  # else the way is closed, and these wait with that one
                attempt = _try(notifier, together, clock, language)
            for each in together:
                kept = _settle(begin_work, each, attempt, clock.now(), owner)
                counts[_COUNTED_AS[attempt.state] if kept else "lost"] += 1
                _log.info(
                    "mail_attempted",
                    kind=each.kind,
                    signal_id=each.signal_id,
                    attempt=each.attempts,
                    may_repeat=each.may_repeat,
                    together=len(together),
                    outcome=attempt.state.value if kept else "lost",
                )
    return RelayResult(
        counts["sent"], counts["retried"], counts["uncertain"], counts["dead"], counts["lost"]
    )


def digest(mails: Sequence[OutboxMail]) -> OutboxMail:
    """Return one message in place of several to the same group: each subject with its link, the
    newest first. Its key follows from theirs.
    """
    newest = sorted(mails, key=lambda mail: mail.created_at, reverse=True)
    lines = [line for mail in newest for line in (mail.rendered.subject, _link(mail)) if line]
    return replace(
        newest[0],
        key="digest|" + "|".join(mail.key for mail in mails),
        rendered=Rendered(
            subject=f"【{len(mails)} 条消息 / {len(mails)} messages】",
            text="\n".join(lines),
            html="",
        ),
        kind="digest",
        may_repeat=any(mail.may_repeat for mail in mails),
        attempts=max(mail.attempts for mail in mails),
    )


def _link(mail: OutboxMail) -> str:
    lines = mail.rendered.text.splitlines()
    return next((line for line in reversed(lines) if line.startswith(("http://", "https://"))), "")


def _bundles(mails: Sequence[OutboxMail]) -> list[Sequence[OutboxMail]]:
    return [mails] if len(mails) >= DIGEST_FROM else [[mail] for mail in mails]


def _company(
    begin_work: BeginWork, mail: OutboxMail, now: datetime, owner: str, lease: timedelta
) -> list[OutboxMail]:
    """Claim what else is due for the same chat group."""
    found: list[OutboxMail] = []
    while channel_of(mail.recipient) in _DIGESTED and len(found) < _LONGEST_DIGEST - 1:
        with begin_work() as work:
            other = work.outbox.claim(owner, now, lease, recipient=mail.recipient)
            work.commit()
        if other is None:
            break
        found.append(other)
    return found


def _claim(begin_work: BeginWork, now: datetime, owner: str, lease: timedelta) -> OutboxMail | None:
    with begin_work() as work:
        mail = work.outbox.claim(owner, now, lease)
        work.commit()
    return mail


def _try(notifier: Notifier, mails: Sequence[OutboxMail], clock: Clock, language: str) -> _Attempt:
    try:
        notifier.send(mails[0] if len(mails) == 1 else digest(mails))
    except DeliveryError as error:
        told = error.sentence(language)
        newest = max(mail.created_at for mail in mails)
        if not error.retry or clock.now() - newest >= GIVE_UP_AFTER:
            return _Attempt(OutboxState.DEAD, told, error.away)
        state = OutboxState.UNCERTAIN if error.uncertain else OutboxState.RETRY
        return _Attempt(state, told, error.away, error.wait)
    return _Attempt(OutboxState.SENT)


def _settle(
    begin_work: BeginWork, mail: OutboxMail, attempt: _Attempt, now: datetime, owner: str
) -> bool:
    again = attempt.state in {OutboxState.RETRY, OutboxState.UNCERTAIN}
    delay = attempt.wait or (ASK_AGAIN if attempt.away else retry_delay(mail.attempts))
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
