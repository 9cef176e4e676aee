"""The sources of 采集: what is wrong first and whole, what is well in a line each that unfolds."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

import streamlit as st
from markupsafe import Markup

from dashboard.data import forget
from dashboard.services import services
from dashboard.state import i_may, key, me, now, zone
from dashboard.widgets.badges import tag
from dashboard.widgets.confirm import confirm
from dashboard.widgets.coverage import coverage_strip, state_mark
from dashboard.widgets.frame import card, section
from dashboard.widgets.html import NOTHING, fill, join, show
from dashboard.widgets.notices import done, refused
from dashboard.widgets.trial import try_page
from domain.assessment import Lapse, Standing
from domain.drift import SurfaceCounts
from domain.errors import KoubeiError
from monitoring.crawl_view import CrawlView, SourceView, Trouble, worst_first
from monitoring.drift import rates
from monitoring.drift_words import drift_words, field_word
from monitoring.overview import Overview
from presentation.assessment_words import standing_words
from presentation.formats import duration, near_time
from presentation.formats import share as percent
from presentation.wording import reason, spider_word, word
from workflow.permissions import Permission
from workflow.watches import crawl_now, edit_configuration, with_source_enabled

_STRIP = "近 48 小时，一格一小时；灰色是没有看过，不等于没有人说"
_ALTHOUGH: Final[Mapping[Trouble | None, str]] = {
    Trouble.LATE: "未按时读取",
    Trouble.DRIFT: "字段读不到",
}


def source_rows(view: CrawlView, sheets: Mapping[str, Standing]) -> None:
    """Draw every source; `sheets` are their 采集影响评估 by id."""
    wrong: list[tuple[SourceView, Standing]] = []
    well: list[tuple[SourceView, Standing]] = []
    for each in worst_first(view.sources):
        sheet = sheets.get(each.standing.source.id, Standing())
        (wrong if each.trouble is not None or _is_news(sheet) else well).append((each, sheet))
    if wrong:
        with card("wrong"):
            section(f"异常 {len(wrong)}", _STRIP)
            for each, sheet in wrong:
                _wrong(each, sheet, view.overview)
    if well:
        with card("sources"):
            section(f"正常 {len(well)}", f"{'' if wrong else f'{_STRIP}；'}点一行看详情")
            for each, sheet in well:
                _well(each, sheet, view.overview)


def _is_news(sheet: Standing) -> bool:
    """Whether a sheet wants somebody: it ends, or is over without anybody having said so."""
    return sheet.is_due(now()) or sheet.lapse not in {None, Lapse.WITHDRAWN}


def _wrong(each: SourceView, sheet: Standing, view: Overview) -> None:
    watch, source = each.standing.watch, each.standing.source
    with st.container(key=key("source", watch.id, source.id)):
        left, right = st.columns([7, 3], vertical_alignment="center")
        with left:
            show(_whole(each, sheet))
        pressed = ""
        if i_may(Permission.EDIT_WATCHES):
            with right, st.container(horizontal=True, horizontal_alignment="right", gap="small"):
                pressed = _buttons(each)
        _act(pressed, each, view)


def _well(each: SourceView, sheet: Standing, view: Overview) -> None:
    watch, source = each.standing.watch, each.standing.source
    pressed = ""
    with st.container(key=key("well", watch.id, source.id), horizontal=True, gap="small"):
        show(_line(each, sheet))
        if i_may(Permission.EDIT_WATCHES):
            with st.popover("操作", type="tertiary"):
                pressed = _buttons(each)
    _act(pressed, each, view)


def _buttons(each: SourceView) -> str:
    """Draw what may be done to a source; return what was pressed, "" for nothing."""
    ids = each.standing.watch.id, each.standing.source.id
    asked = st.button("等待中" if each.due else "立即采集", key=key("now", *ids), disabled=each.due)
    tried = st.button("试读一页", key=key("try", *ids), type="tertiary")
    stopped = st.button("停用", key=key("off", *ids), type="tertiary")
    return "now" if asked else "try" if tried else "off" if stopped else ""


def _act(pressed: str, each: SourceView, view: Overview) -> None:
    """Do it outside of whatever the buttons stand in: two of the three open a dialog."""
    watch, source = each.standing.watch, each.standing.source
    if pressed == "now":
        _ask(watch.id, source.id)
    elif pressed == "try":
        try_page(watch, source)
    elif pressed == "off":
        confirm(
            f"off-{source.id}",
            "停用来源",
            f"{_loss(each)}随时可以重新启用；这一步会记入审计。",
            lambda: switch(view, source.id, enabled=False),
            yes="停用",
        )


def _loss(each: SourceView) -> str:
    source = each.standing.source
    if each.standing.supplement:
        return (
            f"停用后不再读取{word(source.platform).zh}{spider_word(source.spider).zh}，搜索照常。"
        )
    return f"停用后，{word(source.platform).zh}上的新内容不会再被看到，预警也会因此变慢或沉默。"


def _whole(each: SourceView, sheet: Standing) -> Markup:
    """A source of which something is wrong, with what mends it; its details folded."""
    return fill(
        '<div class="kb-source"><div class="kb-source-head">{name}{state}{depth}{ids}</div>'
        "{why}{drift}{news}{strip}{figures}<details><summary>详情</summary>{details}</details>"
        "</div>",
        name=_name(each),
        state=_state(each),
        depth=_depth(each),
        ids=_ids(each),
        strip=coverage_strip(each.hours, each.standing.source.platform, zone()),
        why=_why(each),
        drift=_drift(each, going=True),
        news=_sheet(each, sheet) if _is_news(sheet) else NOTHING,
        figures=_figures(each),
        details=join(
            [
                NOTHING if _is_news(sheet) else _sheet(each, sheet),
                _drift(each, going=False),
                *map(_fields, each.surfaces),
            ]
        ),
    )


def _line(each: SourceView, sheet: Standing) -> Markup:
    """A source that is well, in a line that unfolds."""
    good = each.standing.last_good_at
    return fill(
        '<details class="kb-well"><summary><span class="kb-well-name">{name}{state}{depth}'
        '<span class="kb-quiet">{id}</span></span>'
        '{strip}<span class="kb-quiet kb-num kb-well-seen">采全 {seen} · {good}</span></summary>'
        '<div class="kb-source">{ids}{figures}{sheet}{drift}{fields}</div></details>',
        name=_name(each),
        state=_state(each),
        depth=_depth(each),
        id=each.standing.source.id,
        strip=coverage_strip(each.hours, each.standing.source.platform, zone()),
        seen=percent(each.seen_share),
        good=near_time(good, now(), zone()) if good else "—",
        ids=_ids(each),
        figures=_figures(each),
        sheet=_sheet(each, sheet),
        drift=_drift(each, going=False),
        fields=join(map(_fields, each.surfaces)),
    )


def _name(each: SourceView) -> Markup:
    source = each.standing.source
    return fill(
        "<b>{platform}{kind}</b>",
        platform=word(source.platform).zh,
        kind=spider_word(source.spider).zh,
    )


def _state(each: SourceView) -> Markup:
    """How the newest look ended; what is wrong although it ended well."""
    if each.trouble in _ALTHOUGH:
        return fill(
            '<span class="kb-state kb-state-partial">{word}</span>', word=_ALTHOUGH[each.trouble]
        )
    return state_mark(each.standing.latest.state if each.standing.latest else None)


def _depth(each: SourceView) -> Markup:
    return tag("不计入覆盖") if each.standing.supplement else NOTHING


def _ids(each: SourceView) -> Markup:
    return fill(
        '<span class="kb-quiet">{source} · {watch} · 每 {every}</span>',
        source=each.standing.source.id,
        watch=each.standing.watch.name,
        every=duration(each.standing.source.every, "zh"),
    )


def _figures(each: SourceView) -> Markup:
    standing, moment = each.standing, now()
    good = standing.last_good_at
    return fill(
        '<div class="kb-quiet kb-num">采全 {seen} · 上次成功 {good} · '
        "本次读到 {found}，新增 {new} · 下次 {next}{late}</div>",
        seen=percent(each.seen_share),
        good=near_time(good, moment, zone()) if good else "—",
        found=standing.found,
        new=standing.new,
        next=near_time(each.next_at, moment, zone()) if each.next_at else "—",
        late=fill(' · <span class="kb-bad">已晚于两个周期</span>') if standing.late else NOTHING,
    )


def _why(each: SourceView) -> Markup:
    """Why the newest look left a gap, and what mends it."""
    row = each.standing.latest
    if row is not None and not row.reason:
        return NOTHING
    told = reason(row.reason if row else "never_crawled", each.standing.source.platform)
    return fill(
        '<div class="kb-why"><b>{fact}</b><span>{mend}</span></div>',
        fact=told.text.zh,
        mend=told.mend.zh,
    )


def _sheet(each: SourceView, sheet: Standing) -> Markup:
    """How a source stands with its 采集影响评估; whether its last look was made under one."""
    row = each.standing.latest
    under = "本次在评估下读取了 robots.txt 不允许的页面 · " if row and row.assessment_id else ""
    due = "，即将到期" if sheet.is_due(now()) else ""
    return fill(
        '<div class="{tone}">{under}<a href="/settings?part=sources&amp;source={id}" '
        'target="_self">采集影响评估</a>：{told}{due}</div>',
        tone="kb-bad" if sheet.lapse or due else "kb-quiet",
        under=under,
        id=quote(each.standing.source.id),
        told=standing_words(sheet, zone()).zh,
        due=due,
    )


def _drift(each: SourceView, *, going: bool) -> Markup:
    """What is not read as it used to be, and what mends it; or, quietly, what is over since."""
    told = []
    for episode in each.episodes:
        if (episode.ended_at is None) is not going:
            continue
        said = drift_words(episode, now(), zone())
        if episode.ended_at is None:
            told.append(
                fill(
                    '<div class="kb-why"><b>{fact}</b><span>{mend}</span></div>',
                    fact=said.text.zh,
                    mend=said.mend.zh,
                )
            )
        else:
            told.append(
                fill(
                    '<div class="kb-quiet">{at} 已恢复：{surface} 的「{field}」</div>',
                    at=near_time(episode.ended_at, now(), zone()),
                    surface=episode.surface,
                    field=field_word(episode.field).zh,
                )
            )
    return join(told)


def _fields(counts: SurfaceCounts) -> Markup:
    """How much of each field the newest crawl read on a surface."""
    if counts.missing:
        return NOTHING
    shown = "、".join(
        f"{field_word(name).zh} {percent(filled / of)}"
        for name, (filled, of) in rates(counts).items()
    )
    return fill(
        '<details class="kb-quiet kb-num"><summary>{surface}：最近一次 {pages} 页 {mentions} 条，'
        "读到 {number} 个字段</summary>{shown}</details>",
        surface=counts.surface,
        pages=counts.pages,
        mentions=counts.mentions,
        number=len(rates(counts)),
        shown=shown or "没有提及",
    )


def _ask(watch_id: str, source_id: str) -> None:
    try:
        asked = crawl_now(services().begin_work, me().id, watch_id, source_id, at=now())
    except KoubeiError as error:
        refused(error)
        return
    done("已加入队列，按平台的节奏开始" if asked else "已经在队列里了")


def switch(view: Overview, source_id: str, *, enabled: bool) -> None:
    """Switch a source on or off, as the configuration was seen, and draw the page anew."""
    try:
        edit_configuration(
            services().begin_work,
            me().id,
            with_source_enabled(view.configuration, source_id, enabled=enabled),
            expected_version=view.configuration_version,
            at=now(),
            reason=f"{'启用' if enabled else '停用'}来源 {source_id}",
        )
    except KoubeiError as error:
        refused(error)
        return
    forget()
    done("已启用" if enabled else "已停用")
    st.rerun()
