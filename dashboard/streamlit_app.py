"""The dashboard: its pages, in the order of a day's work. Streamlit runs this file on every visit
and every click.
"""

import streamlit as st

from dashboard.state import me
from dashboard.widgets import frame


def _pages() -> dict[str, list[st.Page]]:
    def page(name: str, title: str, *, default: bool = False, hidden: bool = False) -> st.Page:
        return st.Page(
            f"app_pages/{name}.py",
            title=title,
            url_path=None if default else name,
            default=default,
            visibility="hidden" if hidden else "visible",
        )

    return {
        "监测": [
            page("overview", "总览", default=True),
            page("alerts", "预警"),
            page("feed", "信息流"),
            page("spread", "传播"),
            page("compare", "竞品"),
        ],
        "处置": [
            page("cases", "工单"),
            page("case", "工单详情", hidden=True),
            page("lead", "报线索"),
        ],
        "报告": [page("reports", "报告")],
        "管理": [
            page("queries", "方案"),
            page("crawl", "采集"),
            page("settings", "设置"),
        ],
    }


st.set_page_config(page_title="口碑", page_icon=frame.ICON, layout="wide")
st.html(frame.STYLE)
st.logo(frame.LOGO, size="large")
account = me()
chosen = st.navigation(_pages(), expanded=True)
frame.who(account)
chosen.run()
