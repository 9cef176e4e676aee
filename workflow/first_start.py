"""The first start: no account exists, nobody can log in, and there is no default password.

`koubei up` makes a code, shows it to the person at the terminal, and whoever types it becomes the
first admin. The code works once and only as long as there is no account at all.
"""

import base64
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from domain.account import Account
from domain.errors import InputRefused, Text
from domain.login import TICKET_LIFE, Ticket, TicketKind
from domain.ports import BeginWork
from workflow.accounts import add_account, new_account
from workflow.login import Door, count_attempt, enter_as, known_of
from workflow.passwords import check_password
from workflow.role_presets import TeamSize, roles_of_first_admin
from workflow.sessions import hash_token

_CODE_BYTES = 10
_GROUP = 4


def needs_first_admin(begin_reading: BeginWork) -> bool:
    """Whether there is no account yet."""
    with begin_reading() as work:
        return not work.accounts.all()


def first_code(
    begin_work: BeginWork,
    at: datetime,
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
) -> str | None:
    """Return a new code for the first admin, None when there are accounts. Older codes are void."""
    code = _written(random_bytes(_CODE_BYTES))
    with begin_work() as work:
        work.logins.drop_tickets(TicketKind.FIRST_ADMIN, "")
        needed = not work.accounts.all()
        if needed:
            expires_at = at + TICKET_LIFE[TicketKind.FIRST_ADMIN]
            work.logins.add_ticket(Ticket(_hash(code), TicketKind.FIRST_ADMIN, expires_at))
        work.commit()
    return code if needed else None


def make_first_admin(
    door: Door,
    *,
    code: str,
    login: str,
    name: str,
    mail_address: str,
    password: str,
    size: TeamSize,
    address: str,
    at: datetime,
) -> tuple[Account, str]:
    """Make the first account and return it with the token of its session.

    InputRefused says what cannot be taken; the code is then still good.
    """
    count_attempt(door.begin_work, address, at)
    with door.begin_work() as work:
        if work.logins.ticket(_hash(code), TicketKind.FIRST_ADMIN, at) is None:
            raise _wrong_code()
    account = new_account(
        login=login, name=name, roles=roles_of_first_admin(size), address=mail_address, at=at
    )
    check_password(password, known=known_of(account))
    password_hash = door.passwords.hash(password)
    with door.begin_work() as work:
        taken = work.logins.take_ticket(_hash(code), TicketKind.FIRST_ADMIN, at)
        if taken is None or work.accounts.all():
            raise _wrong_code()
        account = replace(account, password_hash=password_hash)
        add_account(work, account)
        work.audit.append(
            at=at,
            actor="system:first_start",
            action="account.first_admin",
            object_id=account.actor,
            reason="",
            payload={"login": account.login, "roles": " ".join(sorted(account.roles))},
        )
        token = enter_as(work, door, account, at)
        work.commit()
    return account, token


def _wrong_code() -> InputRefused:
    return InputRefused(
        Text("初始化代码不对或已使用", "the set-up code is wrong or was used"),
        place="code",
        mend=Text("重新运行 koubei up 会给出新的代码", "koubei up gives a new one at its start"),
    )


def _written(random: bytes) -> str:
    """Return 80 bits as `ABCD-EFGH-JKLM-NPQR`, to be read and typed."""
    text = base64.b32encode(random).decode("ascii")
    return "-".join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP))


def _hash(code: str) -> str:
    return hash_token("".join(sign for sign in code.upper() if sign.isalnum()))
