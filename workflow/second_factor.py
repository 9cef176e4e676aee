"""The second factor of an account: set up, confirmed by a first code, taken away again.

The secret is stored encrypted; the key lies outside of the database.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from domain.account import Account
from domain.errors import InputRefused, NotPermitted, Text
from domain.login import SecondFactor
from domain.ports import BeginWork, UnitOfWork
from workflow.permissions import nobody_may
from workflow.totp import matching_step, new_secret

Seal = Callable[[str], bytes]
Unseal = Callable[[bytes], str]


def has_second_factor(begin_reading: BeginWork, account_id: str) -> bool:
    """Whether an account needs a code at login."""
    with begin_reading() as work:
        factor = work.logins.second_factor(account_id)
    return factor is not None and factor.confirmed


def prepare_second_factor(begin_work: BeginWork, account_id: str, *, seal: Seal) -> str:
    """Store a new, unconfirmed secret and return it, to be put into an app.

    NotPermitted while a confirmed one is there: that one is taken away first, with the password.
    """
    with begin_work() as work:
        _active(work, account_id)
        known = work.logins.second_factor(account_id)
        if known is not None and known.confirmed:
            raise NotPermitted(Text("已启用动态验证码", "a second factor is in use already"))
        secret = new_secret()
        work.logins.save_second_factor(SecondFactor(account_id, seal(secret)))
        work.commit()
    return secret


def confirm_second_factor(
    begin_work: BeginWork, account_id: str, code: str, *, unseal: Unseal, at: datetime
) -> None:
    """Switch the second factor on with a first code; InputRefused when it is wrong."""
    with begin_work() as work:
        account = _active(work, account_id)
        factor = work.logins.second_factor(account_id)
        if factor is None:
            raise _wrong_code()
        step = matching_step(unseal(factor.sealed_secret), code, at)
        if step is None:
            raise _wrong_code()
        work.logins.save_second_factor(replace(factor, confirmed=True, last_step=step))
        _audit(work, account, "account.second_factor_on", at)
        work.commit()


def drop_second_factor(begin_work: BeginWork, account_id: str, *, at: datetime) -> None:
    """Switch it off; whoever calls has asked for the password."""
    with begin_work() as work:
        account = _active(work, account_id)
        if work.logins.drop_second_factor(account_id):
            _audit(work, account, "account.second_factor_off", at)
        work.commit()


def accept_code(
    work: UnitOfWork, account_id: str, code: str, *, unseal: Unseal, at: datetime
) -> bool:
    """Whether a code is right, and was not used before; it is used up by this."""
    factor = work.logins.second_factor(account_id)
    if factor is None or not factor.confirmed:
        return False
    step = matching_step(unseal(factor.sealed_secret), code, at)
    return step is not None and work.logins.use_step(account_id, step)


def _active(work: UnitOfWork, account_id: str) -> Account:
    account = work.accounts.get(account_id)
    if account is None:
        raise nobody_may()
    return account


def _audit(work: UnitOfWork, account: Account, action: str, at: datetime) -> None:
    work.audit.append(
        at=at,
        actor=account.actor,
        action=action,
        object_id=account.actor,
        reason="",
        payload={},
    )


def _wrong_code() -> InputRefused:
    return InputRefused(
        Text("验证码不对或已用过，请用下一个", "wrong or used code: take the next one"),
        place="code",
    )
