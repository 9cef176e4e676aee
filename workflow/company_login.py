"""Coming in with the company's OpenID identity: issuer and subject together, never an address.

An identity that is bound to no account is refused, unless an invitation is redeemed with it or the
setting lets accounts be made. Both kinds of login end in the same session table.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from domain.account import Account, AccountState, Role
from domain.errors import InputRefused, NotPermitted, Text
from domain.login import TicketKind
from domain.ports import UnitOfWork
from presentation.hostile import clean_line
from workflow.accounts import (
    House,
    Operator,
    add_account,
    has_admin,
    new_account,
    tell_of_weighty,
)
from workflow.login import Door, dead_link, enter_as
from workflow.permissions import nobody_may
from workflow.sessions import hash_token

_PROVIDER = Operator("OIDC")
_ACTOR = "system:oidc"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is by a verified ID token."""

    issuer: str
    subject: str
    login: str = ""
    name: str = ""
    address: str = ""
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class CompanyRules:
    """What a company login may do: roles by group (none: roles are given here), new accounts."""

    roles_by_group: Mapping[str, frozenset[Role]]
    create_accounts: bool = False


def enter_by_identity(
    door: Door,
    identity: Identity,
    rules: CompanyRules,
    *,
    invitation: str = "",
    at: datetime,
    house: House,
) -> str:
    """Return the token of a new session; NotPermitted when no account goes with the identity."""
    with door.begin_work() as work:
        known = work.accounts.by_identity(identity.issuer, identity.subject)
        if invitation:
            account = _bind(work, known, identity, invitation, at)
        elif known is not None:
            account = known
        else:
            account = _make(work, identity, rules, at)
        if account.state is not AccountState.ACTIVE:
            raise nobody_may()
        account = _with_roles_of_groups(work, account, identity, rules, at, house)
        token = enter_as(work, door, account, at)
        work.commit()
    return token


def _bind(
    work: UnitOfWork, known: Account | None, identity: Identity, invitation: str, at: datetime
) -> Account:
    ticket = work.logins.take_ticket(hash_token(invitation), TicketKind.INVITATION, at)
    account = work.accounts.get(ticket.account_id) if ticket else None
    if account is None:
        raise dead_link()
    if known is not None and known.id != account.id:
        raise InputRefused(
            Text("此企业身份已属于另一个账号", "this identity belongs to another account")
        )
    bound = work.accounts.save(
        replace(account, oidc_issuer=identity.issuer, oidc_subject=identity.subject)
    )
    _audit(work, bound, bound.actor, "account.identity_bound", at, {"issuer": identity.issuer})
    return bound


def _make(work: UnitOfWork, identity: Identity, rules: CompanyRules, at: datetime) -> Account:
    if not rules.create_accounts:
        raise NotPermitted(
            Text("没有与此企业身份对应的账号", "no account goes with this identity"),
            mend=Text("请管理员发一个邀请链接", "ask an admin for an invitation"),
        )
    account = replace(
        new_account(
            login=_free_login(work, identity),
            name=clean_line(identity.name)[:40] or identity.login[:40] or "—",
            roles=(),
            address=identity.address,
            at=at,
        ),
        oidc_issuer=identity.issuer,
        oidc_subject=identity.subject,
    )
    add_account(work, account)
    _audit(work, account, _ACTOR, "account.made", at, {"issuer": identity.issuer})
    return account


def _free_login(work: UnitOfWork, identity: Identity) -> str:
    wanted = identity.login or identity.address.partition("@")[0]
    suffix = hash_token(f"{identity.issuer} {identity.subject}")[:8]
    if wanted and work.accounts.by_login(wanted) is None:
        return wanted
    return f"{wanted}-{suffix}" if wanted else f"oidc-{suffix}"


def _with_roles_of_groups(
    work: UnitOfWork,
    account: Account,
    identity: Identity,
    rules: CompanyRules,
    at: datetime,
    house: House,
) -> Account:
    """Return the account with the roles of its groups, where groups bring roles."""
    if not rules.roles_by_group:
        return account
    wanted = frozenset(
        role for group in identity.groups for role in rules.roles_by_group.get(group, ())
    )
    if wanted == account.roles:
        return account
    changed = work.accounts.save(replace(account, roles=wanted))
    if Role.ADMIN in account.roles and not has_admin(work):
        wanted |= {Role.ADMIN}  # a provider's mistake must not lock everybody out of the accounts
        changed = work.accounts.save(replace(changed, roles=wanted))
    payload = {"from": " ".join(sorted(account.roles)), "to": " ".join(sorted(wanted))}
    _audit(work, changed, _ACTOR, "account.roles_changed", at, payload)
    tell_of_weighty(work, _PROVIDER, changed, wanted - account.roles, at, house)
    return changed


def _audit(
    work: UnitOfWork,
    account: Account,
    actor: str,
    action: str,
    at: datetime,
    payload: dict[str, str],
) -> None:
    work.audit.append(
        at=at, actor=actor, action=action, object_id=account.actor, reason="", payload=payload
    )
