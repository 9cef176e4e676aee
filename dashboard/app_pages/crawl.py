"""采集: can the data be trusted? Every source, its gaps, what mends them."""

import streamlit as st
from markupsafe import Markup

from dashboard.data import forget
from dashboard.services import services
from dashboard.state import i_may, key, me, now, require_page, zone
from dashboard.widgets import importing
from dashboard.widgets.confirm import confirm
from dashboard.widgets.coverage import coverage_strip, state_mark
from dashboard.widgets.definitions import where_from
from dashboard.widgets.frame import card, head, section
from dashboard.widgets.html import NOTHING, fill, show
from dashboard.widgets.notices import done, empty, refused
from dashboard.widgets.tiles import Tile, Tone, tiles
from dashboard.widgets.waiting import refused_letters, waiting
from domain.brand import Configuration
from domain.errors import KoubeiError
from monitoring.crawl_view import CrawlView, SourceView, crawl_view
from monitoring.rescoring_words import run_words
from presentation import definitions
from presentation.formats import count, duration, near_time
from presentation.formats import share as percent
from presentation.wording import reason, word
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
        for each in view.sources:
            _source(each, view.overview.configuration_version, view.overview.configuration)
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
    good = max(
        (s.standing.last_good_at for s in view.sources if s.standing.last_good_at), default=None
    )
    since = f"最新一条 {near_time(newest, view.overview.now, zone())}" if newest else "还没有数据"
    blind = view.overview.is_blind
    return [
        Tile(
            "在读的来源",
            f"{len(read)} / {len(view.sources)}",
            tone=Tone.BAD if gaps else Tone.PLAIN,
            note=f"{gaps} 个有缺口" if gaps else "全部正常",
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


def _source(each: SourceView, version: int, configuration: Configuration) -> None:
    watch, source = each.standing.watch, each.standing.source
    with st.container(key=key("source", watch.id, source.id)):
        left, right = st.columns([8, 2], vertical_alignment="center")
        with left:
            show(_words(each))
        if not i_may(Permission.EDIT_WATCHES):
            return
        with right, st.container(horizontal=True, horizontal_alignment="right", gap="small"):
            if st.button(
                "等待中" if each.due else "立即采集",
                key=key("now", watch.id, source.id),
                disabled=each.due,
            ):
                _ask(watch.id, source.id)
            if st.button("停用", key=key("off", watch.id, source.id), type="tertiary"):
                confirm(
                    f"off-{source.id}",
                    "停用来源",
                    f"停用后，{word(source.platform).zh}上的新内容不会再被看到，预警也会因此变慢或沉默。"
                    "随时可以重新启用；这一步会记入审计。",
                    lambda: _switch(configuration, version, source.id, enabled=False),
                    yes="停用",
                )


def _words(each: SourceView) -> Markup:
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
        '<div class="kb-source"><div class="kb-source-head"><b>{platform}</b>{state}'
        '<span class="kb-quiet">{source} · {watch} · 每 {every}</span></div>{strip}'
        '<div class="kb-quiet kb-num">采全 {seen} · 上次成功 {good} · '
        "本次读到 {found}，新增 {new} · 下次 {next}{late}</div>{why}</div>",
        platform=word(standing.source.platform).zh,
        state=state_mark(row.state if row else None),
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
