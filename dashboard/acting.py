"""Doing what a person asked for: once, upon what they saw, with a word about how it went.

A page shows an object in some version and notes it; the next click acts upon that version, however
often the script ran in between. What was typed follows the stored text until somebody types, and is
never overwritten from then on.
"""

import hashlib
from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from dashboard.data import forget
from dashboard.state import key
from dashboard.widgets.html import fill, show
from dashboard.widgets.notices import refused
from domain.audit import canonical
from domain.errors import KoubeiError, VersionConflict

T = TypeVar("T")

_TOLD = key("told")
_TYPED = "您填写的内容都在"


def attempt(
    act: Callable[[], T],
    done: str,
    *,
    kept: str = "",
    then: Callable[[T], None] | None = None,
) -> None:
    """Run a use case. Done: the page is drawn anew (or `then` leads elsewhere) and says `done`;
    refused: says why, what helps and what was kept.
    """
    try:
        result = act()
    except VersionConflict as conflict:
        forget()
        refused(conflict, kept=kept or f"没有覆盖对方的改动，{_TYPED}；核对后可再次提交")
        return
    except KoubeiError as error:
        refused(error, kept=kept or _TYPED)
        return
    tell(done)
    forget()
    if then is not None:
        then(result)
    st.rerun()


def tell(words: str) -> None:
    """Have the next run say that something was done."""
    st.session_state[_TOLD] = words


def show_told() -> None:
    """Say what the last click did, once."""
    words = st.session_state.pop(_TOLD, "")
    if words:
        show(fill('<div class="kb-done" role="status">✓ {words}</div>', words=words))


def seen(object_id: str, newest: int) -> int:
    """Return the version that the reader acts upon: the one that was drawn last."""
    return int(st.session_state.get(key("seen", object_id), newest))


def note_seen(object_id: str, version: int) -> None:
    """Note the version that the page shows now; call it when all of it is drawn."""
    st.session_state[key("seen", object_id)] = max(version, seen(object_id, version))


def action_id(account_id: str, object_id: str, version: int, act: object) -> str:
    """Return the id of one act: the same person doing the same to the same version does it once,
    so the second half of a double click is harmless.
    """
    said = canonical([account_id, object_id, version, type(act).__name__, repr(act)])
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()


def typed(field: str, stored: str) -> str:
    """Return the session key of a text field that begins with `stored`.

    While nobody has typed, the field follows what is stored; what was typed stays.
    """
    name, base = key("typed", field), key("stored", field)
    untouched = st.session_state.get(name, stored) == st.session_state.get(base, stored)
    if name not in st.session_state or untouched:
        st.session_state[name] = stored
    st.session_state[base] = stored
    return name


def is_unsaved(field: str, stored: str) -> bool:
    """Whether a field holds something that is not stored."""
    return bool(st.session_state.get(key("typed", field), stored) != stored)


def keep_typed(object_id: str, state: str) -> None:
    """Put aside what was typed into forms of an object that has come to another state since: their
    fields are not drawn any more, and what is not drawn is forgotten.
    """
    if st.session_state.get(key("state", object_id), state) != state:
        begin = key("typed", object_id)
        texts = [
            text
            for field, text in st.session_state.items()
            if str(field).startswith(begin)
            and isinstance(text, str)
            and text.strip()
            and text != st.session_state.get(str(field).replace("typed", "stored", 1))
        ]
        st.session_state[key("kept", object_id)] = tuple(dict.fromkeys(texts))
    note_state(object_id, state)


def note_state(object_id: str, state: str) -> None:
    """Note the state that an object is in for the reader; their own act brought it there."""
    st.session_state[key("state", object_id)] = state


def show_kept(object_id: str) -> None:
    """Show what was put aside, until the reader drops it."""
    name = key("kept", object_id)
    texts = st.session_state.get(name, ())
    if not texts:
        return
    with st.container(key=key("card", "kept")):
        show(
            fill(
                '<div class="kb-section"><h2>您刚才填写、尚未提交的内容</h2>'
                '<span class="kb-quiet">工单已进入另一阶段，原来的表单不再显示</span></div>'
            )
        )
        for text in texts:
            show(fill('<div class="kb-paper kb-text">{text}</div>', text=text))
        if st.button("不再需要", key=key("do", "drop-kept")):
            del st.session_state[name]
            st.rerun()
