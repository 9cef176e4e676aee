"""竞品: our share of voice, and what is said of each brand."""

import streamlit as st
from markupsafe import Markup

from dashboard import charts, data
from dashboard.services import services
from dashboard.state import key, require_page
from dashboard.widgets.brands import choose_brand
from dashboard.widgets.definitions import where_from
from dashboard.widgets.frame import card, head, section
from dashboard.widgets.html import NOTHING, fill, join, show
from dashboard.widgets.notices import empty
from dashboard.widgets.period import choose_period, period, period_words
from domain.sentiment import Label
from monitoring.compare_view import BrandVoice, compare, shares
from monitoring.periods import Range
from presentation import definitions
from presentation.charts import platform_bars, voice_shares
from presentation.formats import count
from presentation.formats import share as percent
from presentation.wording import word
from workflow.permissions import Permission


def page() -> None:
    """Draw the page."""
    require_page(Permission.READ)
    with head("竞品"):
        own = choose_brand()
        if own is not None:
            choose_period(Range.WEEK)
    _, configuration = data.configuration()
    if own is None or len(configuration.brands) < 2:
        empty(
            "要比较，至少要有两个品牌",
            "在「设置 › 全部配置」加入竞品品牌和它的监测方案，从那时起的声量就会出现在这里",
        )
        return
    voices = compare(
        services().store,
        services().begin_reading,
        configuration=configuration,
        period=period(Range.WEEK),
        now=data.this_moment(),
    )
    _shares(voices, own.id, own.name)
    for column, voice in zip(st.columns(len(voices)), voices, strict=True):
        with column, card("brand", voice.brand.id):
            _brand(voice, voice.brand.id == own.id)


def _shares(voices: list[BrandVoice], own_id: str, own_name: str) -> None:
    part = shares(voices).get(own_id)
    with card("shares"):
        with st.container(horizontal=True, vertical_alignment="center"):
            section(
                "声量占比",
                f"{period_words(Range.WEEK)}，{own_name} 占 {percent(part)}"
                if part is not None
                else "这段时间没有任何声量",
            )
            where_from(definitions.voice_share(), definitions.terms())
        charts.draw(
            voice_shares([(v.brand.name, v.now.count) for v in voices], own=own_name, height=96)
        )


def _brand(voice: BrandVoice, is_own: bool) -> None:
    section(voice.brand.name, "本品" if is_own else "竞品")
    change = voice.change
    negative = voice.negative_share
    show(
        fill(
            '<div class="kb-tile-row"><span class="kb-tile-value">{count}</span></div>'
            '<div class="kb-tile-foot"><span class="kb-change">{change}</span>'
            '<span class="kb-quiet">负面率 {negative} · 互动 {reach}</span></div>{warning}',
            count=count(voice.now.count, "zh"),
            change="—" if change is None else f"{change:+.0%}",
            negative="—" if negative is None else percent(negative),
            reach=count(voice.now.interactions, "zh"),
            warning=NOTHING
            if voice.watched
            else fill('<p class="kb-quiet">没有方案监测它，只计与本品同时被提到的内容，偏低</p>'),
        )
    )
    if not voice.now.count:
        empty("没有声量", "换一个时间范围，或检查「采集」里有没有缺口")
        return
    show(_labels(voice))
    charts.draw(platform_bars(voice.by_platform, height=40 * max(1, len(voice.by_platform))))
    show(
        fill(
            '<div class="kb-terms">{terms}</div>',
            terms=join(
                fill(
                    '<span class="{rose}">{term} <b>{n}</b></span>',
                    rose="kb-rose" if each.rose else "",
                    term=each.term,
                    n=each.count,
                )
                for each in voice.terms
            ),
        )
    )
    st.page_link(
        "app_pages/feed.py",
        label="看这些内容",
        query_params={"brand": voice.brand.id, "range": _range()},
    )


def _labels(voice: BrandVoice) -> Markup:
    parts = join(
        fill(
            '<i class="kb-part-{code}" style="flex-grow:{n}" title="{name} {n}"></i>',
            code=label.value,
            name=word(label).zh,
            n=voice.now.by_label.get(label, 0),
        )
        for label in Label
    )
    return fill('<div class="kb-parts">{parts}</div>', parts=parts)


def _range() -> str:
    return str(st.session_state.get(key("range"), Range.WEEK.value))


page()
