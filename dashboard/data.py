"""What pages read, kept for a moment: twenty people looking at the same screen ask the stores once.

Answers are frozen domain objects and shared as they are; nothing that belongs to one reader is kept
here. Whoever changes something calls `forget()`, so that the next run shows it.
"""

from datetime import datetime, timedelta

import streamlit as st

from dashboard.services import services
from dashboard.state import now, zone
from domain.brand import Configuration
from domain.mention import Mention
from domain.sentiment import Label
from monitoring.attention import Notice
from monitoring.attention import notices as read_notices
from monitoring.feed import (
    FeedPage,
    FeedQuery,
    FeedTotals,
    NotListed,
    read_not_listed,
    read_page,
    read_totals,
    read_waiting,
)
from monitoring.hot_words import hot_words as read_hot_words
from monitoring.periods import Period
from monitoring.pulse import Pulse, read_pulse
from presentation.charts import TermChange

FRESH = 15
"""Seconds for which an answer is kept: less than the interval in which pages refresh themselves."""


def this_moment() -> datetime:
    """Return the moment at which cached questions are asked: the same for all who ask within FRESH
    seconds, so that they share the answer.
    """
    at = now()
    return at - timedelta(seconds=at.timestamp() % FRESH)


@st.cache_resource(ttl=FRESH, show_spinner=False)
def configuration() -> tuple[int, Configuration]:
    """Return the version and what the team watches."""
    with services().begin_reading() as work:
        return work.configuration.current()


def review_below() -> int:
    """Return the percent below which the model is not sure of a label."""
    return services().settings.review.below


@st.cache_resource(ttl=4 * FRESH, max_entries=100, show_spinner=False)
def pulse(brand_id: str, start: datetime, end: datetime, at: datetime) -> Pulse:
    """Return the first screen's view of a brand."""
    _, watched = configuration()
    return read_pulse(
        services().store,
        services().begin_reading,
        brand=watched.brand(brand_id),
        configuration=watched,
        period=Period(start, end),
        now=at,
        zone=zone(),
        review_below=review_below(),
    )


@st.cache_resource(ttl=4 * FRESH, max_entries=200, show_spinner=False)
def hot_words(brand_id: str, period: Period, label: Label) -> tuple[TermChange, ...]:
    """Return the hot words of a brand's mentions of one sentiment in a span."""
    _, watched = configuration()
    return read_hot_words(
        services().store,
        services().begin_reading,
        brand=watched.brand(brand_id),
        configuration=watched,
        period=period,
        now=this_moment(),
        label=label,
    )


@st.cache_resource(ttl=FRESH, max_entries=200, show_spinner=False)
def feed_page(query: FeedQuery, number: int) -> FeedPage | None:
    """Return the page of that number, 1 the first; None beyond the end. Each page is found from the
    one before it, which is mostly still at hand.
    """
    if number <= 1:
        return read_page(services().store, query)
    before = feed_page(query, number - 1)
    if before is None or before.after is None:
        return None
    return read_page(services().store, query, before.after)


@st.cache_resource(ttl=FRESH, max_entries=200, show_spinner=False)
def feed_totals(query: FeedQuery) -> FeedTotals:
    """Return the totals of a filter."""
    return read_totals(services().store, query, review_below())


@st.cache_resource(ttl=4 * FRESH, max_entries=200, show_spinner=False)
def not_listed(query: FeedQuery) -> NotListed:
    """Return what a filter's list does not show one by one."""
    return read_not_listed(services().store, query)


@st.cache_resource(ttl=FRESH, max_entries=200, show_spinner=False)
def feed_waiting(query: FeedQuery) -> tuple[Mention, ...]:
    """Return the first of what waits for a person in a filter."""
    return read_waiting(services().store, query, review_below())


@st.cache_resource(ttl=FRESH, show_spinner=False)
def notices(at: datetime) -> tuple[Notice, ...]:
    """Return what stands in the way of waking anybody."""
    return read_notices(services().begin_reading, at, zone())


def forget() -> None:
    """Drop everything that was kept: something was changed."""
    st.cache_resource.clear()
