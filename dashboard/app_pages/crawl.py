"""采集: can the data be trusted? Every source, its gaps, what mends them."""

import streamlit as st

from dashboard.services import services
from dashboard.state import i_may, key, now, require_page, zone
from dashboard.widgets import importing
from dashboard.widgets.definitions import where_from
from dashboard.widgets.frame import card, head, section
from dashboard.widgets.html import fill, show
from dashboard.widgets.logins import logins
from dashboard.widgets.notices import empty
from dashboard.widgets.settings.sources import pacing
from dashboard.widgets.source_rows import source_rows, switch
from dashboard.widgets.tiles import Tile, Tone, tiles
from dashboard.widgets.waiting import refused_letters, waiting
from monitoring.crawl_view import CrawlView, crawl_view
from monitoring.rescoring_words import run_words
from presentation import definitions
from presentation.formats import count, near_time
from presentation.formats import share as percent
from presentation.wording import word
from workflow.assessments import sheets
from workflow.permissions import Permission


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
    told = sheets(services().begin_reading, pacing(), now())
    source_rows(view, {each.source.id: each.standing for each in told})
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
                    switch(view.overview, source.id, enabled=True)


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


page()
