"""Drawing a chart of `presentation.charts` on a page."""

from collections.abc import Mapping

import streamlit as st

from dashboard.state import key
from presentation.charts import CLICKED, Chart, Spec


def _nested(spec: Spec) -> Spec:
    """Return the same chart with its data one level down.

    Streamlit turns the data of the top level into a table by way of pandas, which took four fifths
    of a chart's time; what lies deeper goes to the browser as it is.
    """
    inner = ("data", "layer", "mark", "encoding", "transform", "params")
    return {
        **{name: value for name, value in spec.items() if name not in inner},
        "layer": [{name: spec[name] for name in inner if name in spec}],
    }


def draw(chart: Chart) -> None:
    """Draw a chart that is only looked at."""
    st.vega_lite_chart(_nested(chart.spec), alt=chart.alt, theme=None, width="stretch")


def draw_clickable(chart: Chart, name: str) -> Mapping[str, str] | None:
    """Draw a chart and return the fields of the bar that was clicked (see CLICKED), else None."""
    state = st.vega_lite_chart(
        _nested(chart.spec),
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
    return {field: str(value) for field, value in rows[0].items()}
