"""Drawing a chart of `presentation.charts` on a page."""

import streamlit as st

from dashboard.state import key
from presentation.charts import CLICKED, Chart


def draw(chart: Chart) -> None:
    """Draw a chart that is only looked at."""
    st.vega_lite_chart(chart.spec, alt=chart.alt, theme=None, width="stretch")


def draw_clickable(chart: Chart, name: str) -> tuple[str, str] | None:
    """Draw a timeline and return what was clicked as (`from`, `to`) of the address, else None."""
    state = st.vega_lite_chart(
        chart.spec,
        alt=chart.alt,
        theme=None,
        width="stretch",
        key=key("chart", name),
        on_select="rerun",
        selection_mode=[CLICKED],
    )
    rows = state["selection"].get(CLICKED) if state else None
    if not rows:
        return None
    return str(rows[0]["from"]), str(rows[0]["to"])
