"""The same screen in Streamlit's own parts, as its tutorials build it; see dashboard_server.py."""

from datetime import timedelta

import altair as alt
import pandas as pd  # type: ignore[import-untyped]
import streamlit as st

from benchmarks.dashboard_server import BRAND, NOW
from dashboard.services import services
from domain.sentiment import Label
from monitoring.periods import Period
from monitoring.pulse import Pulse, read_pulse

SPANS = {"24h": timedelta(days=1), "7d": timedelta(days=7)}


@st.cache_data(ttl=60)
def pulse(span: str) -> Pulse:
    """Return what the screen shows, cached as the documentation advises."""
    here = services()
    from zoneinfo import ZoneInfo

    with here.begin_reading() as work:
        _, watched = work.configuration.current()
    return read_pulse(
        here.store,
        here.begin_reading,
        brand=watched.brand(BRAND),
        configuration=watched,
        period=Period(NOW - SPANS[span], NOW),
        now=NOW,
        zone=ZoneInfo(here.settings.timezone),
    )


st.set_page_config(layout="wide")
st.title("总览")
left, right = st.columns(2)
left.selectbox("品牌", [BRAND])
named = st.query_params.get("range", "24h")
chosen = right.segmented_control("时间", list(SPANS), default=named if named in SPANS else "24h")
now = pulse(chosen or "24h")
bins = pd.DataFrame(
    [
        {"start": each.start, "label": label.value, "count": each.counts.get(label, 0)}
        for each in now.bins
        for label in Label
    ]
)
band = pd.DataFrame(
    [
        {"start": each.start, "low": each.low, "high": each.high, "threshold": each.threshold}
        for each in now.bins
    ]
)
volumes = [float(each.total) for each in now.bins]
tally = now.tally
for column, (name, value) in zip(
    st.columns(4),
    (
        ("总声量", f"{tally.total}"),
        ("负面率", f"{tally.negative_share or 0:.0%}"),
        ("待处置预警", f"{len(now.waiting)}"),
        ("超时工单", f"{now.overdue}"),
    ),
    strict=True,
):
    column.metric(name, value, delta="1%", chart_data=volumes, border=True)
wide, narrow = st.columns([2, 1])
with wide:
    bars = (
        alt.Chart(bins)
        .mark_bar()
        .encode(x="start:T", y="count:Q", color="label:N", tooltip=["start:T", "label", "count"])
    )
    expected = alt.Chart(band).mark_area(opacity=0.2).encode(x="start:T", y="low:Q", y2="high:Q")
    limit = alt.Chart(band).mark_line(strokeDash=[3, 2]).encode(x="start:T", y="threshold:Q")
    st.altair_chart(bars + expected + limit)
    st.dataframe(
        pd.DataFrame(
            [
                {"time": m.published_at, "text": m.text, "url": m.url, "likes": m.likes}
                for m in now.newest_negative
            ]
        )
    )
with narrow:
    by_platform = pd.DataFrame(
        [
            {"platform": platform.value, "label": label.value, "count": counts.get(label, 0)}
            for platform, counts in now.platforms.items()
            for label in Label
        ]
    )
    st.altair_chart(
        alt.Chart(by_platform).mark_bar().encode(y="platform:N", x="count:Q", color="label:N")
    )
    terms = pd.DataFrame([{"term": t.term, "count": t.count} for t in now.terms])
    st.altair_chart(alt.Chart(terms).mark_bar().encode(y="term:N", x="count:Q"))
