"""Coming in: password, second factor, throttling, and the links that set a password.

An attempt is counted before the password is looked at, and taken back when it was right: many at
once cannot all slip through the same gap. A login that nobody has is counted like any other, takes
as long and gets the same answer.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from ipaddress import ip_address, ip_network
from typing import Final

from domain.account import Account, AccountState
from domain.errors import InputRefused, NotPermitted, Text
from domain.login import (
    FREE_FOR_ACCOUNT,
    FREE_FOR_ADDRESS,
    TICKET_LIFE,
    Attempts,
    Ticket,
    TicketKind,
    one_more,
    wait_until,
)
from domain.ports import BeginWork, UnitOfWork
from workflow.passwords import Passwords, check_password
from workflow.second_factor import Unseal, accept_code
from workflow.sessions import begin_session, hash_token, new_token

_HOUSE_WORDS: Final = ("koubei", "口碑")
_LINK_KINDS: Final = (TicketKind.INVITATION, TicketKind.PASSWORD_RESET)


def dead_link() -> InputRefused:
    """Return the refusal of a link that is worth nothing any more."""
    return InputRefused(
        Text("链接已失效或已使用", "this link is past its time or was used"),
        mend=Text("请管理员重新生成", "ask an admin for a new one"),
    )


class Entry(StrEnum):
    """How a login ended."""

    ENTERED = "entered"
    REFUSED = "refused"
    MUST_WAIT = "must_wait"
    NEEDS_CODE = "needs_code"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a login gave: a session's token, a ticket for the second step, or the end of a wait."""

    entry: Entry
    token: str = ""
    ticket: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Door:
    """What every way in needs."""

    begin_work: BeginWork
    passwords: Passwords
    new_token: Callable[[], str] = new_token


def log_in(door: Door, *, login: str, password: str, address: str, at: datetime) -> Answer:
    """Return a session for the right password, or what else comes next. `address` is the
    visitor's.
    """
    subjects = {_of_login(login): FREE_FOR_ACCOUNT, of_address(address): FREE_FOR_ADDRESS}
    until = _count(door.begin_work, subjects, at)
    if until is not None:
        return Answer(Entry.MUST_WAIT, until=until)
    with door.begin_work() as work:
        account = work.accounts.by_login(login.strip())
    is_right = door.passwords.verify(account.password_hash if account else "", password)
    if account is None or not is_right or account.state is not AccountState.ACTIVE:
        return Answer(Entry.REFUSED)
    dated = door.passwords.is_dated(account.password_hash)
    newer_hash = door.passwords.hash(password) if dated else ""
    with door.begin_work() as work:
        known = work.accounts.get(account.id)
        if known != account:  # disabled, or given another password, in this moment
            return Answer(Entry.REFUSED)
        work.logins.clear_attempts(_of_login(login))
        _take_back(work, of_address(address))
        if newer_hash:
            account = work.accounts.save(replace(account, password_hash=newer_hash))
        answer = _let_in(work, door, account, at)
        work.commit()
    return answer


def give_code(
    door: Door, *, ticket: str, code: str, unseal: Unseal, address: str, at: datetime
) -> Answer:
    """Return a session for the right code after the right password; NEEDS_CODE to try again."""
    secret_hash = hash_token(ticket)
    with door.begin_work() as work:
        pending = work.logins.ticket(secret_hash, TicketKind.SECOND_FACTOR, at)
    if pending is None:
        return Answer(Entry.REFUSED)
    subjects = {
        f"code:{pending.account_id}": FREE_FOR_ACCOUNT,
        of_address(address): FREE_FOR_ADDRESS,
    }
    until = _count(door.begin_work, subjects, at)
    if until is not None:
        return Answer(Entry.MUST_WAIT, ticket=ticket, until=until)
    with door.begin_work() as work:
        account = work.accounts.get(pending.account_id)
        if account is None or account.state is not AccountState.ACTIVE:
            return Answer(Entry.REFUSED)
        if not accept_code(work, account.id, code, unseal=unseal, at=at):
            return Answer(Entry.NEEDS_CODE, ticket=ticket)
        if work.logins.take_ticket(secret_hash, TicketKind.SECOND_FACTOR, at) is None:
            return Answer(Entry.REFUSED)
        work.logins.clear_attempts(f"code:{account.id}")
        _take_back(work, of_address(address))
        token = door.new_token()
        begin_session(work, account, at, token)
        work.commit()
    return Answer(Entry.ENTERED, token=token)


def enter_as(work: UnitOfWork, door: Door, account: Account, at: datetime) -> str:
    """Begin a session for somebody who proved otherwise who he is; return its token."""
    token = door.new_token()
    begin_session(work, account, at, token)
    return token


def owner_of_link(begin_reading: BeginWork, ticket: str, at: datetime) -> Account | None:
    """Return whose password an invitation or reset link sets, without using it up."""
    with begin_reading() as work:
        found = _link_ticket(work, ticket, at)
        account = work.accounts.get(found.account_id) if found else None
    return account if account and account.state is AccountState.ACTIVE else None


def set_password_by_link(door: Door, *, ticket: str, password: str, at: datetime) -> str:
    """Set the password that a link is good for, end older sessions, and return a new one's token.

    InputRefused when the link is dead or the password too easily guessed; the link then lives on.
    """
    with door.begin_work() as work:
        found = _link_ticket(work, ticket, at)
        account = work.accounts.get(found.account_id) if found else None
    if found is None or account is None or account.state is not AccountState.ACTIVE:
        raise dead_link()
    check_password(password, known=known_of(account))
    password_hash = door.passwords.hash(password)
    with door.begin_work() as work:
        if work.logins.take_ticket(found.secret_hash, found.kind, at) is None:
            raise dead_link()
        account = work.accounts.save(replace(account, password_hash=password_hash))
        work.accounts.end_sessions_of(account.id, at)
        _audit(work, account, "account.password_set", at, {"by": found.kind.value})
        token = enter_as(work, door, account, at)
        work.commit()
    return token


def change_password(
    door: Door, account_id: str, *, present: str, wanted: str, address: str, at: datetime
) -> str:
    """Change one's own password, end every session, and return the token of a new one.

    InputRefused when the present one is wrong (such attempts are counted) or the new one too easy.
    """
    account = prove_password(door, account_id, present=present, address=address, at=at)
    check_password(wanted, known=known_of(account))
    password_hash = door.passwords.hash(wanted)
    with door.begin_work() as work:
        account = work.accounts.save(replace(account, password_hash=password_hash))
        work.accounts.end_sessions_of(account.id, at)
        _audit(work, account, "account.password_set", at, {"by": "owner"})
        token = enter_as(work, door, account, at)
        work.commit()
    return token


def prove_password(
    door: Door, account_id: str, *, present: str, address: str, at: datetime
) -> Account:
    """Return the account when this is its password; InputRefused, and counted, when it is not."""
    subjects = {f"owner:{account_id}": FREE_FOR_ACCOUNT, of_address(address): FREE_FOR_ADDRESS}
    until = _count(door.begin_work, subjects, at)
    if until is not None:
        raise must_wait(until, at)
    with door.begin_work() as work:
        account = work.accounts.get(account_id)
    is_right = door.passwords.verify(account.password_hash if account else "", present)
    if account is None or not is_right or account.state is not AccountState.ACTIVE:
        raise InputRefused(Text("原密码不对", "the present password is wrong"), place="password")
    with door.begin_work() as work:
        work.logins.clear_attempts(f"owner:{account_id}")
        _take_back(work, of_address(address))
        work.commit()
    return account


def prove_code(
    door: Door, account_id: str, *, code: str, unseal: Unseal, address: str, at: datetime
) -> None:
    """Use up a code of the account's second factor; InputRefused, and counted, when it is wrong."""
    subjects = {f"code:{account_id}": FREE_FOR_ACCOUNT, of_address(address): FREE_FOR_ADDRESS}
    until = _count(door.begin_work, subjects, at)
    if until is not None:
        raise must_wait(until, at)
    with door.begin_work() as work:
        if not accept_code(work, account_id, code, unseal=unseal, at=at):
            raise InputRefused(
                Text("动态验证码不对或已用过", "the code is wrong or was used before"), place="code"
            )
        work.logins.clear_attempts(f"code:{account_id}")
        _take_back(work, of_address(address))
        work.commit()


def count_attempt(begin_work: BeginWork, address: str, at: datetime) -> None:
    """Count a try of a one-time code from an address; NotPermitted while it has to wait."""
    until = _count(begin_work, {of_address(address): FREE_FOR_ADDRESS}, at)
    if until is not None:
        raise must_wait(until, at)


def must_wait(until: datetime, now: datetime) -> NotPermitted:
    """Return the refusal that says how long to wait."""
    seconds = max(1, round((until - now).total_seconds()))
    return NotPermitted(
        Text(
            f"尝试次数过多，请在 {seconds} 秒后再试",
            f"too many attempts: try again in {seconds} seconds",
        )
    )


def of_address(address: str) -> str:
    """Return the counter of a visitor's address; an IPv6 household is one visitor (/64)."""
    try:
        ip = ip_address(address)
    except ValueError:
        return "address:unknown"
    if ip.version == 6 and ip.ipv4_mapped is None:
        return f"address:{ip_network((ip, 64), strict=False).network_address}"
    return f"address:{ip}"


def known_of(account: Account) -> tuple[str, ...]:
    """Return the words that a guesser knows of a person."""
    mailbox = account.address.partition("@")[0]
    return (*_HOUSE_WORDS, account.login, account.name, mailbox)


def _of_login(login: str) -> str:
    # hashed: people type passwords into the field of the login
    return (
        "login:" + hashlib.sha256(login.strip().casefold().encode("utf-8", "replace")).hexdigest()
    )


def _count(begin_work: BeginWork, subjects: dict[str, int], at: datetime) -> datetime | None:
    """Count an attempt for each subject; return until when it is refused, then nothing counts."""
    with begin_work() as work:
        counters = {subject: work.logins.attempts(subject) for subject in sorted(subjects)}
        waits = [
            wait_until(counter, free=subjects[subject], now=at)
            for subject, counter in counters.items()
        ]
        until = max((wait for wait in waits if wait), default=None)
        if until is not None:
            return until
        for subject, counter in counters.items():
            work.logins.save_attempts(one_more(counter, subject, at))
        work.commit()
    return None


def _take_back(work: UnitOfWork, subject: str) -> None:
    counter = work.logins.attempts(subject)
    if counter is not None:
        work.logins.save_attempts(Attempts(subject, max(0, counter.failures - 1), counter.last_at))


def _let_in(work: UnitOfWork, door: Door, account: Account, at: datetime) -> Answer:
    factor = work.logins.second_factor(account.id)
    if factor is None or not factor.confirmed:
        return Answer(Entry.ENTERED, token=enter_as(work, door, account, at))
    ticket = door.new_token()
    work.logins.drop_tickets(TicketKind.SECOND_FACTOR, account.id)
    expires_at = at + TICKET_LIFE[TicketKind.SECOND_FACTOR]
    work.logins.add_ticket(
        Ticket(hash_token(ticket), TicketKind.SECOND_FACTOR, expires_at, account.id)
    )
    return Answer(Entry.NEEDS_CODE, ticket=ticket)


def _link_ticket(work: UnitOfWork, ticket: str, at: datetime) -> Ticket | None:
    found = (work.logins.ticket(hash_token(ticket), kind, at) for kind in _LINK_KINDS)
    return next((one for one in found if one), None)


def _audit(
    work: UnitOfWork, account: Account, action: str, at: datetime, payload: dict[str, str]
) -> None:
    work.audit.append(
        at=at,
        actor=account.actor,
        action=action,
        object_id=account.actor,
        reason="",
        payload=payload,
    )
