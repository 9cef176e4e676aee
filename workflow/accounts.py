"""People: who may come in, with which roles. Every change is audited and told to whom it concerns.

An admin starts a reset and hands over a link, but never knows a password; roles that approve, or
administer, are never given silently; the last admin can be neither disabled nor demoted.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from domain.account import Account, AccountState, Role
from domain.errors import InputRefused, NotPermitted, Text, VersionConflict
from domain.login import TICKET_LIFE, Ticket, TicketKind
from domain.outbox import OutboxMail, Rendered
from domain.ports import BeginWork, UnitOfWork
from presentation.account_mails import invitation_mail, reset_mail, roles_mail
from presentation.hostile import clean_line
from workflow.permissions import Permission, require
from workflow.sessions import hash_token, new_token

WEIGHTY: Final = frozenset({Role.APPROVER_L1, Role.APPROVER_L2, Role.APPROVER_L3, Role.ADMIN})
"""Roles whose granting is told to the other admins by mail."""

_LOGIN = re.compile(r"[\w.@+-]{2,64}")
_ADDRESS = re.compile(r"[^@\s<>\"]{1,64}@[^@\s<>\"]{1,189}")
_LONGEST_NAME = 40


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody at the machine's own command line, or a service, that may do what an admin may."""

    name: str


By = str | Operator
"""Who acts: the id of an account, which needs the permission, or an operator."""


@dataclass(frozen=True, slots=True)
class House:
    """What links and mails need to know: where people reach the pages, and in which language."""

    public_url: str
    language: str = "zh"


@dataclass(frozen=True, slots=True)
class OneTimeLink:
    """A link to hand over; shown once, kept nowhere. `account` is whom it is for."""

    account: Account
    url: str
    expires_at: datetime


def list_accounts(begin_reading: BeginWork, account_id: str) -> list[Account]:
    """Return every account, by name; NotPermitted without the permission to manage them."""
    with begin_reading() as work:
        require(work, account_id, Permission.MANAGE_ACCOUNTS)
        return work.accounts.all()


def invite(
    begin_work: BeginWork,
    by: By,
    *,
    login: str,
    name: str,
    roles: Iterable[Role],
    at: datetime,
    house: House,
    address: str = "",
) -> OneTimeLink:
    """Make an account and return the link with which its owner sets a password.

    The link is mailed too where an address is known. InputRefused for a login that is taken.
    """
    account = new_account(login=login, name=name, roles=roles, address=address, at=at)
    with begin_work() as work:
        actor = _actor(work, by)
        add_account(work, account)
        work.audit.append(
            at=at,
            actor=actor,
            action="account.invited",
            object_id=account.actor,
            reason="",
            payload={"login": account.login, "roles": _words(account.roles)},
        )
        tell_of_weighty(work, by, account, account.roles, at, house)
        link = _link(work, account, TicketKind.INVITATION, at, house)
        _mail(work, account, invitation_mail(account.name, link.url, house.language), link.url, at)
        work.commit()
    return link


def set_roles(
    begin_work: BeginWork,
    by: By,
    other_id: str,
    roles: Iterable[Role],
    *,
    expected_version: int,
    at: datetime,
    house: House,
) -> Account:
    """Replace the roles of an account; sessions go on with the new ones at once."""
    wanted = frozenset(roles)
    with begin_work() as work:
        actor = _actor(work, by)
        before = _known(work, other_id, expected_version)
        after = work.accounts.save(replace(before, roles=wanted))
        work.audit.append(
            at=at,
            actor=actor,
            action="account.roles_changed",
            object_id=after.actor,
            reason="",
            payload={
                "from": _words(before.roles),
                "to": _words(after.roles),
                "self": actor == after.actor,
            },
        )
        keep_an_admin(work)
        tell_of_weighty(work, by, after, wanted - before.roles, at, house)
        work.commit()
    return after


def disable(
    begin_work: BeginWork,
    by: By,
    other_id: str,
    *,
    expected_version: int,
    reason: str,
    at: datetime,
) -> Account:
    """Take every right from an account and end its sessions at once; its name stays in the
    trail.
    """
    with begin_work() as work:
        actor = _actor(work, by)
        before = _known(work, other_id, expected_version)
        after = work.accounts.save(replace(before, state=AccountState.DISABLED))
        ended = work.accounts.end_sessions_of(after.id, at)
        _drop_tickets(work, after.id)
        work.audit.append(
            at=at,
            actor=actor,
            action="account.disabled",
            object_id=after.actor,
            reason=clean_line(reason),
            payload={"sessions_ended": ended},
        )
        keep_an_admin(work)
        work.commit()
    return after


def enable(
    begin_work: BeginWork, by: By, other_id: str, *, expected_version: int, at: datetime
) -> Account:
    """Let a disabled account in again, with the roles it had."""
    with begin_work() as work:
        actor = _actor(work, by)
        before = _known(work, other_id, expected_version)
        after = work.accounts.save(replace(before, state=AccountState.ACTIVE))
        work.audit.append(
            at=at,
            actor=actor,
            action="account.enabled",
            object_id=after.actor,
            reason="",
            payload={"roles": _words(after.roles)},
        )
        work.commit()
    return after


def reset(
    begin_work: BeginWork, by: By, other_id: str, *, at: datetime, house: House
) -> OneTimeLink:
    """Void password, second factor and sessions of an account; return the link to begin anew."""
    with begin_work() as work:
        actor = _actor(work, by)
        before = _known(work, other_id)
        account = work.accounts.save(replace(before, password_hash=""))
        ended = work.accounts.end_sessions_of(account.id, at)
        had_factor = work.logins.drop_second_factor(account.id)
        _drop_tickets(work, account.id)
        work.audit.append(
            at=at,
            actor=actor,
            action="account.reset",
            object_id=account.actor,
            reason="",
            payload={"sessions_ended": ended, "second_factor_removed": had_factor},
        )
        link = _link(work, account, TicketKind.PASSWORD_RESET, at, house)
        _mail(work, account, reset_mail(account.name, link.url, house.language), link.url, at)
        work.commit()
    return link


def end_sessions(begin_work: BeginWork, by: By, other_id: str, *, at: datetime) -> int:
    """End every session of an account at once; return how many there were."""
    with begin_work() as work:
        actor = _actor(work, by)
        account = _known(work, other_id)
        ended = work.accounts.end_sessions_of(account.id, at)
        work.audit.append(
            at=at,
            actor=actor,
            action="account.sessions_ended",
            object_id=account.actor,
            reason="",
            payload={"sessions_ended": ended},
        )
        work.commit()
    return ended


def has_admin(work: UnitOfWork) -> bool:
    """Whether anybody can manage accounts."""
    return any(
        Role.ADMIN in account.roles and account.state is AccountState.ACTIVE
        for account in work.accounts.all()
    )


def new_account(
    *, login: str, name: str, roles: Iterable[Role], address: str, at: datetime
) -> Account:
    """Return a new account as it may be stored; InputRefused names what cannot be taken."""
    login, name, address = login.strip(), clean_line(name).strip(), address.strip()
    if not _LOGIN.fullmatch(login):
        raise InputRefused(
            Text(
                "登录名应为 2 到 64 个字母、汉字、数字或 . @ + - _",
                "a login is 2 to 64 letters, digits or . @ + - _",
            ),
            place="login",
        )
    if not 1 <= len(name) <= _LONGEST_NAME:
        raise InputRefused(
            Text(f"姓名应为 1 到 {_LONGEST_NAME} 个字", f"a name has 1 to {_LONGEST_NAME} signs"),
            place="name",
        )
    if address and not (_ADDRESS.fullmatch(address) and address.isprintable()):
        raise InputRefused(
            Text("应为邮箱地址，如 pr@example.com", "must be a mail address, as pr@example.com"),
            place="address",
        )
    return Account(
        id=new_token()[:16],
        login=login,
        name=name,
        roles=frozenset(roles),
        created_at=at,
        address=address,
    )


def add_account(work: UnitOfWork, account: Account) -> None:
    """Store a new account; InputRefused when its login is taken."""
    try:
        work.accounts.add(account)
    except VersionConflict:
        raise InputRefused(Text("登录名已被使用", "this login is taken"), place="login") from None


def _actor(work: UnitOfWork, by: By) -> str:
    if isinstance(by, Operator):
        return f"operator:{clean_line(by.name)}"
    return require(work, by, Permission.MANAGE_ACCOUNTS).actor


def _known(work: UnitOfWork, account_id: str, expected_version: int | None = None) -> Account:
    account = work.accounts.get(account_id)
    if account is None:
        raise InputRefused(Text("没有这个账号", "no such account"))
    if expected_version is not None and account.version != expected_version:
        raise VersionConflict(account.actor, expected=expected_version, found=account.version)
    return account


def keep_an_admin(work: UnitOfWork) -> None:
    """Refuse what would leave nobody who can manage accounts.

    Asked after the audit row was written: its number is held until the commit, so that of two
    admins who demote each other at once the second sees what the first did.
    """
    if not has_admin(work):
        raise NotPermitted(
            Text(
                "不能停用或降级最后一名管理员", "the last admin can be neither disabled nor demoted"
            ),
            mend=Text("先把管理员角色给另一个账号", "make somebody else an admin first"),
        )


def tell_of_weighty(
    work: UnitOfWork,
    by: By,
    account: Account,
    gained: frozenset[Role],
    at: datetime,
    house: House,
) -> None:
    """Mail those who watch over roles that somebody gained a weighty one.

    To the other admins; where there are none, to duty leads and auditors: who gives a role to
    himself is then still seen by somebody.
    """
    weighty = gained & WEIGHTY
    if not weighty:
        return
    giver = work.accounts.get(by) if isinstance(by, str) else None
    name = by.name if isinstance(by, Operator) else giver.name if giver else ""
    concerned = {account.id, giver.id if giver else ""}
    told = _watchers(work, {Role.ADMIN}, concerned) or _watchers(
        work, {Role.DUTY_LEAD, Role.AUDITOR}, concerned
    )
    for watcher in told:
        mail = roles_mail(
            account.name,
            name,
            weighty,
            himself=giver is not None and giver.id == account.id,
            language=house.language,
        )
        _mail(work, watcher, mail, f"{account.id}|{account.version}|{_words(weighty)}", at)


def _watchers(work: UnitOfWork, roles: set[Role], concerned: set[str]) -> list[Account]:
    return [
        one
        for one in work.accounts.all()
        if one.state is AccountState.ACTIVE and one.roles & roles and one.id not in concerned
    ]


def _link(
    work: UnitOfWork, account: Account, kind: TicketKind, at: datetime, house: House
) -> OneTimeLink:
    secret = new_token()
    expires_at = at + TICKET_LIFE[kind]
    work.logins.add_ticket(Ticket(hash_token(secret), kind, expires_at, account.id))
    return OneTimeLink(account, f"{house.public_url}/welcome?ticket={secret}", expires_at)


def _drop_tickets(work: UnitOfWork, account_id: str) -> None:
    for kind in TicketKind:
        work.logins.drop_tickets(kind, account_id)


def _mail(work: UnitOfWork, to: Account, mail: Rendered, what: str, at: datetime) -> None:
    if not to.address:
        return
    work.outbox.add(
        OutboxMail(
            key=f"account|{hash_token(what)[:32]}|{to.id}|{at.isoformat()}",
            recipient=to.address,
            rendered=mail,
            created_at=at,
            next_attempt_at=at,
            kind="account",
        )
    )


def _words(roles: Iterable[Role]) -> str:
    return " ".join(sorted(roles))
