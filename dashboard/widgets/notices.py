"""What a page says when there is nothing to show, or when something went wrong."""

import secrets

import streamlit as st
import structlog

from dashboard.widgets.html import fill, show
from domain.errors import KoubeiError, NotPermitted, VersionConflict

_log = structlog.get_logger("dashboard")

_KEPT = "没有任何内容被改动"


def empty(fact: str, mend: str) -> None:
    """Say that there is nothing here, and what to do about it."""
    show(fill('<div class="kb-empty"><b>{fact}</b><p>{mend}</p></div>', fact=fact, mend=mend))


def refused(error: KoubeiError, *, kept: str = _KEPT) -> None:
    """Say why an action was not done, what helps, and what of the reader's work was kept.

    For use beside a button: `except KoubeiError as error: refused(error, kept="草稿已保存")`.
    """
    expected = isinstance(error, NotPermitted | VersionConflict)
    _box(error.text.zh, error.mend.zh, kept, "" if expected else _logged(error))


def on_script_error(error: Exception) -> bool:
    """Show what a page did not catch in our words; the log holds the rest under the same id.

    Handed to the ASGI app. Always True: Streamlit's own English box is not shown.
    """
    if isinstance(error, KoubeiError):
        _box(error.text.zh, error.mend.zh, _KEPT, _logged(error))
    else:
        _box(
            "这一页出错了",
            "刷新页面再试；仍然出错时，请把编号告诉管理员",
            _KEPT,
            _logged(error),
        )
    return True


def _logged(error: Exception) -> str:
    """Write the error to the log under a short id, and return the id."""
    short_id = secrets.token_hex(3).upper()
    _log.error("page_failed", error_id=short_id, exc_info=error)
    return short_id


def _box(fact: str, mend: str, kept: str, short_id: str) -> None:
    number = fill('<span class="kb-quiet">编号 {id}</span>', id=short_id) if short_id else ""
    show(
        fill(
            '<div class="kb-error" role="alert"><b>{fact}</b>{arrow}<p>{kept}。{number}</p></div>',
            fact=fact,
            arrow=fill("<p>{mend}</p>", mend=mend) if mend else "",
            kept=kept,
            number=number,
        )
    )


def done(words: str) -> None:
    """Say shortly that something was done."""
    st.toast(words)
