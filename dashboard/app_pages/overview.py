"""总览: does anything burn?"""

from datetime import timedelta

import streamlit as st

from dashboard import charts, data
from dashboard.pages import page
from dashboard.state import require_page, zone
from dashboard.widgets.brands import choose_brand, chosen_brand
from dashboard.widgets.definitions import where_from
from dashboard.widgets.frame import card, head, section
from dashboard.widgets.html import show
from dashboard.widgets.mentions import short_list
from dashboard.widgets.notices import empty
from dashboard.widgets.period import choose_period, period, period_words
from dashboard.widgets.pulse import burning, feed_params, sentence, tiles_of
from dashboard.widgets.tiles import tiles
from domain.sentiment import Label
from monitoring.pulse import Pulse
from monitoring.pulse_words import coverage_words
from presentation import definitions
from presentation.charts import platform_bars, term_bars, timeline
from workflow.permissions import Permission

REFRESH = timedelta(seconds=30)


def main() -> None:
    """Ask for brand and span; what they show keeps itself fresh."""
    require_page(Permission.READ)
    with head("总览"):
        if choose_brand() is not None:
            choose_period()
    if chosen_brand() is None:
        empty("还没有监测任何品牌", "在「方案」中添加品牌与监测方案，采集后这里显示声量与预警。")
    else:
        board()


@st.fragment(run_every=REFRESH)
def board() -> None:
    """Show the brand's pulse. A fragment of its own: a refresh touches nothing that is typed."""
    brand = chosen_brand()
    if brand is None:
        return
    span = period()
    pulse = data.pulse(brand.id, span.start, span.end, data.this_moment())
    sentence(pulse, period_words(), zone())
    burning(pulse)
    tiles(tiles_of(pulse))
    left, right = st.columns([2, 1])
    with left, card("timeline"):
        volume(pulse)
    with right, card("platforms"):
        section("平台分布")
        charts.draw(platform_bars(pulse.platforms, height=228))
    left, right = st.columns([2, 1])
    with left, card("newest"):
        newest(pulse)
    with right, card("terms"):
        section("热词变化", "与一周前相比")
        charts.draw(term_bars(pulse.terms, height=216))


def volume(pulse: Pulse) -> None:
    """Show the timeline; a click on a bar opens what was said then."""
    coverage = coverage_words(pulse, zone())
    model = "、".join(pulse.models)
    with st.container(horizontal=True, vertical_alignment="center"):
        section("声量走势", "按情感分段；蓝带为负面预期区间，虚线为预警线")
        where_from(
            definitions.volume(coverage),
            definitions.negative_share(model, coverage),
            definitions.baseline(model, coverage),
            definitions.platforms(coverage),
            definitions.terms(),
            label="这些数字怎么来的",
        )
    chart = timeline(pulse.bins, zone(), marks=pulse.marks, height=216, clickable=True)
    clicked = charts.draw_clickable(chart, "volume")
    if clicked is not None:
        params = {"brand": pulse.brand.id, "from": clicked[0], "to": clicked[1]}
        st.switch_page(page("feed"), query_params=params)


def newest(pulse: Pulse) -> None:
    """Show the newest negatives."""
    params = feed_params(pulse, Label.NEGATIVE)
    with st.container(horizontal=True, vertical_alignment="center"):
        section("最新负面", f"共 {pulse.tally.negative:,} 条")
        st.page_link(page("feed"), label="全部", query_params=params)
    if pulse.newest_negative:
        show(short_list(pulse.newest_negative, pulse.now, zone()))
    else:
        empty("所选时段没有负面内容", "放宽时间范围，或在「采集」中确认来源都在按时更新。")


main()
