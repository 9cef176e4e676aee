"""What surrounds every page: the head with its title, the navigation's foot, the styles."""

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import streamlit as st

from dashboard.data import configuration
from dashboard.services import services
from dashboard.state import key
from dashboard.widgets.html import NOTHING, fill, show
from domain.account import Account
from presentation.wording import word

_HERE: Final = Path(__file__).resolve().parents[1]


def _inline(name: str) -> str:
    """A bundled picture as an address of its own."""
    return f"data:image/png;base64,{b64encode((_HERE / name).read_bytes()).decode()}"


ICON: Final = _inline("icon.png")
LOGO: Final = _inline("logo.png")
STYLE: Final = f"<style>{(_HERE / 'koubei.css').read_text(encoding='utf-8')}</style>"
"""Read once: Streamlit would read, hash and store a file on every run."""

_DEMO: Final = fill('<span class="kb-tag">{words}</span>', words="演示数据 · 虚构公司")


_PLAIN: Final = fill(
    '<p class="kb-insecure">未加密的连接：同一网络中的人可能看到内容与会话，请在前面加 TLS 代理</p>'
)


@contextmanager
def head(title: str, note: str = "") -> Iterator[None]:
    """Show the page's title; what is drawn inside stands at its right (filters)."""
    with st.container(key=key("head"), horizontal=True, vertical_alignment="center", gap="small"):
        show(
            fill(
                '<div class="kb-head"><h1>{title}</h1><span class="kb-quiet">{note}</span>'
                "{demo}</div>",
                title=title,
                note=note,
                demo=_DEMO if configuration()[1].is_demo else NOTHING,
            )
        )
        yield


def title(words: str, note: str = "") -> None:
    """Show the title of a page that has nothing at its right."""
    with head(words, note):
        return


def section(title: str, note: str = "") -> None:
    """Show the title of a card."""
    show(
        fill(
            '<div class="kb-section"><h2>{title}</h2><span class="kb-quiet">{note}</span></div>',
            title=title,
            note=note,
        )
    )


@contextmanager
def card(*name: object, height: int | None = None) -> Iterator[None]:
    """A white field with a thin line around it; `name` is unique on the page."""
    container = (
        st.container(key=key("card", *name), gap="small")
        if height is None
        else st.container(key=key("card", *name), gap="small", height=height, border=False)
    )
    with container:
        yield


def who(account: Account) -> None:
    """Show who is logged in, at the foot of the navigation."""
    roles = "、".join(word(role).zh for role in sorted(account.roles))
    with st.sidebar, st.container(key=key("who")):
        show(
            fill(
                '<div class="kb-who"><b>{name}</b><span class="kb-quiet">{roles}</span>'
                '<span><a href="/account" target="_self">我的账号</a><br>'
                '<a href="/logout" target="_self">退出登录</a></span>{warning}</div>',
                name=account.name,
                roles=roles or "未分配角色",
                warning=_PLAIN if services().settings.is_plain_lan else NOTHING,
            )
        )
