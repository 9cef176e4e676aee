"""What a page knows of its reader: who it is, which filters stand in the address, and the keys of
the session. The address is the one truth of filters: a link shows what its sender saw.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard.services import services, whose
from domain.account import Account
from workflow.permissions import Permission, may
from workflow.sessions import name_of_cookies

_KEY_PREFIX: Final = "koubei"


_reader: ContextVar[Account | None] = ContextVar("reader", default=None)


@contextmanager
def reading_as(account: Account) -> Iterator[None]:
    """Let `me` answer with an account that was read a moment ago, for the rest of this run.

    A fragment that runs again by itself is outside of it, and reads anew.
    """
    token = _reader.set(account)
    try:
        yield
    finally:
        _reader.reset(token)


def me() -> Account:
    """Return who looks at the page, read anew on every run; stops the page when it is nobody."""
    account = _reader.get() or whose(st.context.cookies.to_dict())
    if account is None:
        st.html(
            '<div class="kb-empty"><b>登录已失效</b><p>为安全起见，闲置一段时间后需要重新登录；'
            '已保存的内容都在。</p><a href="/login">重新登录</a></div>'
        )
        st.stop()
    return account


def i_may(permission: Permission) -> bool:
    """Whether to show what needs a permission. Only the use case itself decides."""
    return may(me(), permission)


def require_page(permission: Permission) -> Account:
    """Return the reader; stops the page with a word on who to ask when it may not see it."""
    account = me()
    if not may(account, permission):
        st.html(
            '<div class="kb-empty"><b>您的角色看不到这一页</b>'
            "<p>需要时请管理员在「设置 › 人员」中调整角色。</p></div>"
        )
        st.stop()
    return account


def my_session() -> str:
    """Return how the audit trail names the login that the page is read with."""
    return name_of_cookies(st.context.cookies.to_dict())


def now() -> datetime:
    """Return the present moment of the process's clock, aware, in UTC."""
    return services().clock.now()


def zone() -> ZoneInfo:
    """Return the business zone, in which times are shown and days begin."""
    return ZoneInfo(services().settings.timezone)


def key(*parts: object) -> str:
    """Return a session key that no other page uses: `key("feed", "words")`."""
    return "-".join((_KEY_PREFIX, *(str(part) for part in parts)))


def address() -> dict[str, str]:
    """Return the filters of the address: the last value of each name."""
    return {name: st.query_params[name] for name in st.query_params}


def go(params: Mapping[str, str], *, without: Iterable[str] = ()) -> None:
    """Put filters into the address; an empty value, and every name of `without`, leaves it."""
    left = {*without, *(name for name, value in params.items() if not value)}
    kept = {name: value for name, value in address().items() if name not in left}
    st.query_params.from_dict({**kept, **{n: v for n, v in params.items() if v}})


def moment_in_address(name: str) -> datetime | None:
    """Return a moment (aware, UTC) of the address; None when there is none that can be read."""
    return read_moment(address().get(name, ""))


def read_moment(text: str) -> datetime | None:
    """Return the moment that `write_moment` wrote; None for anything else."""
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def write_moment(moment: datetime) -> str:
    """Return a moment as it stands in an address: `20261121T023000Z`, cut to the second."""
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
