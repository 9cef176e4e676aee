"""总览: does anything burn?"""

from datetime import timedelta

import streamlit as st

from analysis.agreement import ENOUGH
from dashboard import charts, data
from dashboard.pages import page
from dashboard.state import i_may, key, require_page, zone
from dashboard.widgets.attention import attention
from dashboard.widgets.brands import choose_brand, chosen_brand
from dashboard.widgets.definitions import where_from
from dashboard.widgets.filters import BETWEEN, switch
from dashboard.widgets.frame import card, head, section
from dashboard.widgets.html import show
from dashboard.widgets.notices import empty
from dashboard.widgets.period import choose_period, period, period_words
from dashboard.widgets.pulse import Drawn, burning, drawn, feed_params, sentence, trusted
from dashboard.widgets.tiles import tiles
from dashboard.widgets.waiting import store_away
from domain.errors import StoreUnavailable
from domain.sentiment import Label
from monitoring.pulse import Pulse
from monitoring.pulse_words import coverage_words, model_words, spontaneous_words
from presentation import definitions
from presentation.charts import term_bars
from presentation.wording import uncounted
from workflow.permissions import Permission

REFRESH = timedelta(seconds=30)
_HOT = {"": "全部", Label.NEGATIVE.value: "负面", Label.POSITIVE.value: "正面"}


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
    try:
        view = drawn(brand.id, span.start, span.end, data.this_moment())
    except StoreUnavailable:
        attention(data.notices(data.this_moment()))
        store_away()
        return
    sentence(view.pulse, period_words())
    attention(data.notices(data.this_moment()))
    burning(view.pulse)
    tiles(view.tiles)
    left, right = st.columns([2, 1])
    with left, card("timeline"):
        volume(view)
    with right, card("platforms"):
        section("平台分布")
        charts.draw(view.platforms)
    left, right = st.columns([2, 1])
    with left, card("newest"):
        newest(view)
    with right, card("terms"):
        hot(view)


def volume(view: Drawn) -> None:
    """Show the timeline; a click on a bar opens what was said then."""
    pulse = view.pulse
    coverage = coverage_words(pulse, zone())
    model = model_words(pulse, zone())
    with st.container(horizontal=True, vertical_alignment="center"):
        section("声量走势", "按情感分段；蓝带为负面预期区间，虚线为预警线")
        if pulse.uncounted:
            st.page_link(
                page("feed"),
                label=uncounted(pulse.uncounted).zh,
                query_params={**feed_params(pulse), "uncounted": BETWEEN.join(pulse.uncounted)},
                help="判为广告等垃圾信息、来自自有账号，或是帖下的跟帖，仍会保存；"
                "点开即在信息流中只看这些，错判的可恢复计入",
            )
        where_from(
            definitions.volume(coverage),
            definitions.negative_share(model, coverage),
            definitions.baseline(model, coverage),
            definitions.platforms(coverage),
            definitions.terms(),
            label="这些数字怎么来的",
        )
    clicked = charts.draw_clickable(view.volume, "volume")
    if clicked is not None:
        params = {"brand": pulse.brand.id, "from": clicked["from"], "to": clicked["to"]}
        st.switch_page(page("feed"), query_params=params)
    trust(pulse)


def trust(pulse: Pulse) -> None:
    """Say how far people agree with the labels, and lead to what waits for them."""
    with st.container(key=key("trust"), horizontal=True, vertical_alignment="center", gap="small"):
        trusted(pulse)
        where_from(
            definitions.agreement(model_words(pulse, zone()), ENOUGH, spontaneous_words(pulse)),
            definitions.unsure(data.review_below()),
        )
        if pulse.trust.unsure:
            waiting = {**feed_params(pulse), "unsure": "1"}
            label = f"待复核 {pulse.trust.unsure:,} 条"
            st.page_link(page("feed"), label=label, query_params=waiting)
        if i_may(Permission.CORRECT):
            drawn_from = {"brand": pulse.brand.id, "check": "1"}
            st.page_link(page("feed"), label="抽样核对", query_params=drawn_from)


def hot(view: Drawn) -> None:
    """Show the hot words, of all or of one sentiment; a click on one opens what says it."""
    pulse = view.pulse
    with st.container(horizontal=True, vertical_alignment="center"):
        section("热词变化", "与一周前相比")
        code = switch("情感", "hot", _HOT, default="")
    label = Label(code) if code else None
    words = pulse.terms if label is None else data.hot_words(pulse.brand.id, pulse.period, label)
    if not words:
        empty("没有热词", "所选时段没有这样的内容，或换一种情感看看。")
        return
    clicked = charts.draw_clickable(term_bars(words, height=196), f"terms-{code}")
    if clicked is not None:
        params = {**feed_params(pulse, label), "words": clicked["term"]}
        st.switch_page(page("feed"), query_params=params)


def newest(view: Drawn) -> None:
    """Show the newest negatives."""
    pulse = view.pulse
    params = feed_params(pulse, Label.NEGATIVE)
    with st.container(horizontal=True, vertical_alignment="center"):
        section("最新负面", f"共 {pulse.tally.negative:,} 条")
        st.page_link(page("feed"), label="全部", query_params=params)
    if pulse.newest_negative:
        show(view.newest)
    else:
        empty("所选时段没有负面内容", "放宽时间范围，或在「采集」中确认来源都在按时更新。")


main()
