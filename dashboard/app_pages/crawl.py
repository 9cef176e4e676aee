"""采集: can the data be trusted? Every source, its gaps, what mends them."""

from urllib.parse import quote

import streamlit as st
from markupsafe import Markup

from dashboard.data import forget
from dashboard.services import services
from dashboard.state import i_may, key, me, now, require_page, zone
from dashboard.widgets import importing
from dashboard.widgets.badges import tag
from dashboard.widgets.confirm import confirm
from dashboard.widgets.coverage import coverage_strip, state_mark
from dashboard.widgets.definitions import where_from
from dashboard.widgets.frame import card, head, section
from dashboard.widgets.html import NOTHING, fill, join, show
from dashboard.widgets.logins import logins
from dashboard.widgets.notices import done, empty, refused
from dashboard.widgets.settings.sources import pacing
from dashboard.widgets.tiles import Tile, Tone, tiles
from dashboard.widgets.trial import try_page
from dashboard.widgets.waiting import refused_letters, waiting
from domain.assessment import Standing
from domain.brand import Configuration
from domain.coverage import CoverageRow
from domain.drift import SurfaceCounts
from domain.errors import KoubeiError
from monitoring.crawl_view import CrawlView, SourceView, crawl_view
from monitoring.drift import rates
from monitoring.drift_words import drift_words, field_word
from monitoring.rescoring_words import run_words
from presentation import definitions
from presentation.assessment_words import standing_words
from presentation.formats import count, duration, near_time
from presentation.formats import share as percent
from presentation.wording import reason, spider_word, word
from workflow.assessments import sheets
from workflow.permissions import Permission
from workflow.watches import crawl_now, edit_configuration, with_source_enabled


def page() -> None:
    """Draw the page."""
    require_page(Permission.READ)
    with head("采集", "数据可不可信，看这一页"):
        where_from(definitions.coverage())
    _standing()
    if i_may(Permission.EDIT_WATCHES):
        with card("import"):
            section("导入文件", "CSV、XLSX、JSONL 与 MediaCrawler 的输出；重复导入不会重复计数")
            importing.wizard()


def _history(view: CrawlView) -> None:
    """How far judging the stored history again has come, while that is under way."""
    run = view.overview.model_run
    if run is not None and run.finished_at is None:
        st.progress(run.share, text=run_words(run, zone()).zh)


@st.fragment(run_every=20)
def _standing() -> None:
    view = crawl_view(services().begin_reading, services().store, now())
    if not view.sources and not view.stopped:
        with card("none"):
            empty(
                "还没有监测方案，什么都没有在采集",
                "到「方案」新建一个，或运行 koubei apply brands.toml",
            )
        return
    waiting(view.overview)
    _history(view)
    tiles(_tiles(view))
    with card("sources"):
        section("来源", "近 48 小时，一格一小时；灰色是没有看过，不等于没有人说")
        told = sheets(services().begin_reading, pacing(), now())
        standings = {each.source.id: each.standing for each in told}
        for each in view.sources:
            _source(
                each,
                standings.get(each.standing.source.id, Standing()),
                view.overview.configuration_version,
                view.overview.configuration,
            )
    logins(view.sessions)
    refused_letters(view.letters, view.overview.dead_letters)
    if view.stopped:
        with card("stopped"):
            section("已停用", "停用期间的内容不会被看到")
            for watch, source in view.stopped:
                left, right = st.columns([6, 1], vertical_alignment="center")
                with left:
                    show(
                        fill(
                            '<div class="kb-row"><b>{source}</b>'
                            '<span class="kb-quiet">{platform} · {watch}</span></div>',
                            source=source.id,
                            platform=word(source.platform).zh,
                            watch=watch.name,
                        )
                    )
                if (
                    not source.enabled
                    and i_may(Permission.EDIT_WATCHES)
                    and right.button("启用", key=key("on", watch.id, source.id), width="stretch")
                ):
                    _switch(view.overview.configuration, view.overview.configuration_version,
                            source.id, enabled=True)  # fmt: skip


def _tiles(view: CrawlView) -> list[Tile]:
    read = [each for each in view.sources if each.standing not in view.overview.unread_sources]
    shares = [each.seen_share for each in view.sources]
    mean = sum(shares) / len(shares) if shares else 0.0
    gaps = len(view.sources) - len(read)
    store = view.overview.store
    newest = store.newest_published_at if store else None
    good = view.overview.last_good_at
    since = f"最新一条 {near_time(newest, view.overview.now, zone())}" if newest else "还没有数据"
    blind, drifting = view.overview.is_blind, len(view.overview.drifting)
    return [
        Tile(
            "在读的来源",
            f"{len(read)} / {len(view.sources)}",
            tone=Tone.BAD if gaps or drifting else Tone.PLAIN,
            note=_reading(gaps, drifting),
        ),
        Tile("近 48 小时覆盖", percent(mean), note="按来源平均"),
        Tile("库存提及", count(store.mentions, "zh"), note=since)
        if store
        else Tile("库存提及", "—", tone=Tone.BAD, note="内容库不可达"),
        Tile(
            "最近一次采全",
            near_time(good, view.overview.now, zone()) if good else "—",
            tone=Tone.BAD if blind else Tone.PLAIN,
            note="全部来源都已过时" if blind else "任一来源",
        ),
    ]


def _reading(gaps: int, drifting: int) -> str:
    said = [f"{gaps} 个有缺口"] if gaps else []
    said += [f"{drifting} 处字段读不到"] if drifting else []
    return "，".join(said) or "全部正常"


def _source(each: SourceView, sheet: Standing, version: int, configuration: Configuration) -> None:
    watch, source = each.standing.watch, each.standing.source
    with st.container(key=key("source", watch.id, source.id)):
        left, right = st.columns([7, 3], vertical_alignment="center")
        with left:
            show(_words(each, sheet))
        if not i_may(Permission.EDIT_WATCHES):
            return
        with right, st.container(horizontal=True, horizontal_alignment="right", gap="small"):
            if st.button(
                "等待中" if each.due else "立即采集",
                key=key("now", watch.id, source.id),
                disabled=each.due,
            ):
                _ask(watch.id, source.id)
            if st.button("试读一页", key=key("try", watch.id, source.id), type="tertiary"):
                try_page(watch, source)
            if st.button("停用", key=key("off", watch.id, source.id), type="tertiary"):
                confirm(
                    f"off-{source.id}",
                    "停用来源",
                    f"{_loss(each)}随时可以重新启用；这一步会记入审计。",
                    lambda: _switch(configuration, version, source.id, enabled=False),
                    yes="停用",
                )


def _loss(each: SourceView) -> str:
    source = each.standing.source
    if each.standing.supplement:
        return (
            f"停用后不再读取{word(source.platform).zh}{spider_word(source.spider).zh}，搜索照常。"
        )
    return f"停用后，{word(source.platform).zh}上的新内容不会再被看到，预警也会因此变慢或沉默。"


def _words(each: SourceView, sheet: Standing) -> Markup:
    standing, row = each.standing, each.standing.latest
    moment = now()
    why = NOTHING
    if row is None or row.reason:
        told = reason(row.reason if row else "never_crawled", standing.source.platform)
        why = fill(
            '<div class="kb-why"><b>{fact}</b><span>{mend}</span></div>',
            fact=told.text.zh,
            mend=told.mend.zh,
        )
    good = standing.last_good_at
    return fill(
        '<div class="kb-source"><div class="kb-source-head"><b>{platform}{kind}</b>{state}{depth}'
        '<span class="kb-quiet">{source} · {watch} · 每 {every}</span></div>{strip}'
        '<div class="kb-quiet kb-num">采全 {seen} · 上次成功 {good} · '
        "本次读到 {found}，新增 {new} · 下次 {next}{late}</div>{why}{drift}{sheet}{fields}</div>",
        platform=word(standing.source.platform).zh,
        kind=spider_word(standing.source.spider).zh,
        state=state_mark(row.state if row else None),
        depth=tag("不计入覆盖") if standing.supplement else NOTHING,
        source=standing.source.id,
        watch=standing.watch.name,
        every=duration(standing.source.every, "zh"),
        strip=coverage_strip(each.hours, standing.source.platform, zone()),
        seen=percent(each.seen_share),
        good=near_time(good, moment, zone()) if good else "—",
        found=standing.found,
        new=standing.new,
        next=near_time(each.next_at, moment, zone()) if each.next_at else "—",
        late=fill(' · <span class="kb-bad">已晚于两个周期</span>') if standing.late else NOTHING,
        why=why,
        sheet=_sheet(standing.source.id, row, sheet),
        drift=_drift(each),
        fields=join(map(_fields, each.surfaces)),
    )


def _sheet(source_id: str, row: CoverageRow | None, sheet: Standing) -> Markup:
    """How a source stands with its 采集影响评估; whether its last look was made under one."""
    under = "本次在评估下读取了 robots.txt 不允许的页面 · " if row and row.assessment_id else ""
    due = "，即将到期" if sheet.is_due(now()) else ""
    return fill(
        '<div class="{tone}">{under}<a href="/settings?part=sources&amp;source={id}" '
        'target="_self">采集影响评估</a>：{told}{due}</div>',
        tone="kb-bad" if sheet.lapse or due else "kb-quiet",
        under=under,
        id=quote(source_id),
        told=standing_words(sheet, zone()).zh,
        due=due,
    )


def _drift(each: SourceView) -> Markup:
    """What is not read as it used to be, and what mends it; what is over since, quietly."""
    told = []
    for episode in each.episodes:
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


def _switch(configuration: Configuration, version: int, source_id: str, *, enabled: bool) -> None:
    try:
        edit_configuration(
            services().begin_work,
            me().id,
            with_source_enabled(configuration, source_id, enabled=enabled),
            expected_version=version,
            at=now(),
            reason=f"{'启用' if enabled else '停用'}来源 {source_id}",
        )
    except KoubeiError as error:
        refused(error)
        return
    forget()
    done("已启用" if enabled else "已停用")
    st.rerun()


page()
