"""Asking once more before something that others will see."""

from collections.abc import Callable

import streamlit as st

from dashboard.state import key


def confirm(
    name: str, title: str, words: str, act: Callable[[], None], *, yes: str = "确定"
) -> None:
    """Open a dialog; `act` runs when it is confirmed. Done, it has the page drawn anew, and the
    dialog is gone; refused, it says why, and the dialog stays to be read.

    Call it where the button that asks was pressed. `words` are ours, never crawled.
    """

    @st.dialog(title, width="small")
    def ask() -> None:
        st.text(words)
        left, right = st.columns(2)
        if left.button("取消", key=key("confirm", name, "no"), width="stretch"):
            st.rerun()
        if right.button(yes, key=key("confirm", name, "yes"), type="primary", width="stretch"):
            act()

    ask()
