"""What pages read, kept for a moment: twenty people looking at the same screen ask the stores once.

Answers are frozen domain objects and shared as they are; nothing that belongs to one reader is kept
here. Whoever changes something calls `forget()`, so that the next run shows it.
"""

import streamlit as st

from dashboard.services import services
from domain.brand import Configuration

FRESH = 15
"""Seconds for which an answer is kept: less than the interval in which pages refresh themselves."""


@st.cache_resource(ttl=FRESH, show_spinner=False)
def configuration() -> tuple[int, Configuration]:
    """Return the version and what the team watches."""
    with services().begin_reading() as work:
        return work.configuration.current()


def forget() -> None:
    """Drop everything that was kept: something was changed."""
    st.cache_resource.clear()
