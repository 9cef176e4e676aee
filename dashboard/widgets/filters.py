"""Widgets whose value stands in the address of the page, by code, so that a link shows it again.

On every run the address sets the widget; a change of the widget is written to the address before
the run. What an address holds that is no choice is ignored, never an error.
"""

from collections.abc import Mapping, Sequence
from datetime import date

import streamlit as st

from dashboard.state import address, go, key

BETWEEN = "~"
"""Parts the codes of a choice of several; it is no part of any code and safe in an address."""


def choose(
    label: str, name: str, choices: Mapping[str, str], *, default: str = "", hide_label: bool = True
) -> str:
    """Return the chosen code; `choices` maps codes to words, `default` is not put into the
    address.
    """
    options = list(choices)
    now = address().get(name, default)
    st.session_state[key(name)] = now if now in choices else default
    return st.selectbox(
        label,
        options,
        format_func=lambda code: choices[code],
        key=key(name),
        on_change=_write_one,
        args=(name, default),
        placeholder=label,
        label_visibility="collapsed" if hide_label else "visible",
    )


def switch(label: str, name: str, choices: Mapping[str, str], *, default: str) -> str:
    """Return the chosen code of a few that are all shown side by side."""
    now = address().get(name, default)
    st.session_state[key(name)] = now if now in choices else default
    chosen = st.segmented_control(
        label,
        list(choices),
        format_func=lambda code: choices[code],
        key=key(name),
        required=True,
        on_change=_write_one,
        args=(name, default),
        label_visibility="collapsed",
    )
    return chosen or default


def choose_some(label: str, name: str, choices: Mapping[str, str]) -> tuple[str, ...]:
    """Return the chosen codes; none chosen means all."""
    st.session_state[key(name)] = [
        code for code in address().get(name, "").split(BETWEEN) if code in choices
    ]
    return tuple(
        st.multiselect(
            label,
            list(choices),
            format_func=lambda code: choices[code],
            key=key(name),
            on_change=_write_some,
            args=(name,),
            placeholder=label,
            label_visibility="collapsed",
        )
    )


def words(label: str, name: str, *, hint: str = "") -> tuple[str, ...]:
    """Return the words typed, parted by spaces."""
    st.session_state[key(name)] = address().get(name, "")
    typed = st.text_input(
        label,
        key=key(name),
        max_chars=100,
        on_change=_write_one,
        args=(name, ""),
        placeholder=hint or label,
        label_visibility="collapsed",
    )
    return tuple((typed or "").split())


def day(label: str, name: str, *, default: date | None = None) -> date | None:
    """Return a day (of the business zone), `default` when none is chosen."""
    now: date | None
    try:
        now = date.fromisoformat(address().get(name, ""))
    except ValueError:
        now = default
    st.session_state[key(name)] = now
    return st.date_input(
        label,
        format="YYYY-MM-DD",
        key=key(name),
        on_change=_write_one,
        args=(name, ""),
        label_visibility="collapsed",
    )


def check(label: str, name: str) -> bool:
    """Return whether the box is ticked."""
    st.session_state[key(name)] = address().get(name) == "1"
    return st.checkbox(label, key=key(name), on_change=_write_tick, args=(name,))


def _write_one(name: str, default: str) -> None:
    value = st.session_state[key(name)]
    text = "" if value is None else str(value).strip()
    go({name: "" if text == default else text}, without=_PAGE)


def _write_some(name: str) -> None:
    go({name: BETWEEN.join(st.session_state[key(name)])}, without=_PAGE)


def _write_tick(name: str) -> None:
    go({name: "1" if st.session_state[key(name)] else ""}, without=_PAGE)


_PAGE: Sequence[str] = ("page",)
"""Another filter begins at its first page."""
