"""The span of time of a page, in its address: a few clicks, or two days."""

from datetime import date
from typing import Final

import streamlit as st

from dashboard.data import this_moment
from dashboard.state import address, key, zone
from dashboard.widgets.filters import day, switch
from monitoring.periods import Period, Range, period_of, period_of_days

OWN: Final = "own"
WORDS: Final = {
    Range.TODAY.value: "今天",
    Range.DAY.value: "24 小时",
    Range.WEEK.value: "7 天",
    Range.MONTH.value: "30 天",
    OWN: "自定义",
}
_IN_SENTENCE: Final = {
    Range.TODAY.value: "今天",
    Range.DAY.value: "过去 24 小时",
    Range.WEEK.value: "过去 7 天",
    Range.MONTH.value: "过去 30 天",
    OWN: "所选时段",
}


def choose_period(default: Range = Range.DAY) -> None:
    """Show the choice; `period` then says what was chosen."""
    if switch("时间范围", "range", WORDS, default=default.value) == OWN:
        with st.container(key=key("days"), horizontal=True, gap="small", width="content"):
            day("起始日", "first", default=_today())
            day("结束日", "last", default=_today())


def period(default: Range = Range.DAY) -> Period:
    """Return the span of the address, up to now."""
    chosen = _chosen(default)
    if chosen != OWN:
        return period_of(Range(chosen), this_moment(), zone())
    return period_of_days(_day("first"), _day("last"), this_moment(), zone())


def period_words(default: Range = Range.DAY) -> str:
    """Return how a sentence names the span: `过去 24 小时`."""
    return _IN_SENTENCE[_chosen(default)]


def _chosen(default: Range) -> str:
    named = address().get("range", default.value)
    return named if named in WORDS else default.value


def _today() -> date:
    return this_moment().astimezone(zone()).date()


def _day(name: str) -> date:
    try:
        return date.fromisoformat(address().get(name, ""))
    except ValueError:
        return _today()
