"""报告: read, complete, review and send the weekly and the daily report."""

from functools import partial
from typing import Any

import streamlit as st

from dashboard.acting import attempt, show_told
from dashboard.services import services
from dashboard.state import address, go, i_may, key, me, now, require_page, zone
from dashboard.widgets.badges import tag
from dashboard.widgets.frame import card, section, title
from dashboard.widgets.html import NOTHING, fill, join, plain_label, show
from dashboard.widgets.notices import empty, refused
from dashboard.widgets.tables import report_table
from domain.brand import Configuration
from domain.errors import KoubeiError
from domain.report import (
    Edits,
    Period,
    Proposal,
    Report,
    ReportKind,
    ReportState,
    Snapshot,
    differences,
)
from monitoring.report import brands_with_reports, build_snapshot
from monitoring.report_files import Built, build_files
from presentation.formats import MEDIA_TYPES, near_time
from presentation.hostile import excerpt
from presentation.report_view import ReportView
from presentation.wording import word
from runtime.reports import pdf_printer, report_look
from workflow.permissions import Permission
from workflow.reports import draft, edit, refresh, review, send

_PROPOSALS = 3
_NAMES = {"html": "网页", "docx": "Word", "pdf": "PDF", "xlsx": "附录 XLSX"}


def page() -> None:
    """Draw the list, and the report that the address names."""
    require_page(Permission.READ)
    with services().begin_reading() as work:
        _, configuration = work.configuration.current()
        reports = work.reports.recent(40)
    title("报告", "周报每周一自动起草，审核后发送；数字在已审时冻结")
    show_told()
    chosen = next((r for r in reports if r.id == address().get("id")), None)
    left, right = st.columns([1, 3])
    with left:
        with card("list"):
            _list(reports, chosen)
        if i_may(Permission.EDIT_REPORT):
            with card("make"):
                _make(configuration)
    with right:
        if chosen is None:
            with card("none"):
                empty(
                    "还没有报告" if not reports else "选一份报告",
                    "左侧可以立即生成；到点也会自动生成" if not reports else "左侧按时间排列",
                )
            return
        _report(chosen, configuration)


def _list(reports: list[Report], chosen: Report | None) -> None:
    section("全部报告")
    for report in reports:
        is_chosen = chosen is not None and chosen.id == report.id
        st.button(
            plain_label(
                f"{report.snapshot.period.code}　{excerpt(report.snapshot.brand_name, 12)}　"
                f"{word(report.kind).zh} · {word(report.state).zh}"
            ),
            key=key("report", report.id),
            type="secondary" if is_chosen else "tertiary",
            width="stretch",
            on_click=go,
            args=({"id": report.id},),
        )


def _make(configuration: Configuration) -> None:
    section("立即生成", "选时段内的任意一天")
    brands = {brand.id: brand.name for brand in brands_with_reports(configuration)}
    if not brands:
        empty("没有可以报告的品牌", "先在「方案」监测一个品牌")
        return
    kind = st.segmented_control(
        "种类",
        list(ReportKind),
        default=ReportKind.WEEK,
        format_func=lambda each: word(each).zh,
        key=key("make", "kind"),
        label_visibility="collapsed",
    )
    brand = st.selectbox(
        "品牌", list(brands), format_func=lambda each: brands[each], key=key("make", "brand")
    )
    today = now().astimezone(zone()).date()
    day = st.date_input("日期", today, max_value=today, key=key("make", "day"), format="YYYY-MM-DD")
    if st.button("生成草稿", key=key("make", "go"), width="stretch") and kind and day:
        period = Period.holding(kind, day, zone())
        with st.spinner("正在汇总……", show_time=True):
            attempt(partial(_draft, period, brand), "草稿已生成", then=_open)


def _draft(period: Period, brand_id: str) -> Report:
    snapshot = build_snapshot(services().store, services().begin_reading, period, brand_id, now())
    return draft(services().begin_work, snapshot, actor=me().actor, at=now())


def _open(report: Report) -> None:
    go({"id": report.id})


def _report(report: Report, configuration: Configuration) -> None:
    view = report_look(services().settings).view(report, configuration)
    with card("head"):
        _head(report, view)
    with card("words"):
        _words(report, view)
    with card("figures"):
        _figures(view)
    with card("files"):
        _files(report, configuration)


def _head(report: Report, view: ReportView) -> None:
    section(view.title, f"{view.verdict}")
    show(
        fill(
            '<div class="kb-row">{state}<span class="kb-quiet">{facts}</span></div>{gaps}',
            state=tag(word(report.state).zh),
            facts=" · ".join(f"{name} {value}" for name, value in view.head if value),
            gaps=join(fill('<p class="kb-bad">{gap}</p>', gap=gap) for gap in view.gaps),
        )
    )
    with st.container(horizontal=True, gap="small"):
        if report.state is ReportState.DRAFT:
            _of_draft(report)
        elif st.button("重新计算并比较", key=key("compare")):
            _compare(report)
        if report.state is ReportState.REVIEWED and i_may(Permission.SEND_REPORT):
            _of_reviewed(report)
    if report.sent_at is not None:
        told = f"{near_time(report.sent_at, now(), zone())} 发给 {len(report.recipients)} 人"
        show(fill('<span class="kb-quiet">{told}</span>', told=told))


def _of_draft(report: Report) -> None:
    may_review = i_may(Permission.REVIEW_REPORT)
    if may_review and st.button("审核通过", key=key("review"), type="primary"):
        attempt(partial(_review, report), "已审，数字已冻结")
    if i_may(Permission.EDIT_REPORT) and st.button("重新汇总数字", key=key("refresh")):
        attempt(partial(_refresh, report), "数字已更新，文字未动")


def _of_reviewed(report: Report) -> None:
    if st.button("发送", key=key("send"), type="primary"):
        attempt(partial(_send, report), "已交给发件箱")


def _review(report: Report) -> Report:
    return review(
        services().begin_work, me().id, report.id, expected_version=report.version, at=now()
    )


def _send(report: Report) -> Report:
    return send(
        services().begin_work,
        me().id,
        report.id,
        expected_version=report.version,
        at=now(),
        render=report_look(services().settings).mail,
    )


def _refresh(report: Report) -> Report:
    return refresh(
        services().begin_work,
        me().id,
        _read_anew(report),
        expected_version=report.version,
        at=now(),
    )


def _read_anew(report: Report) -> Snapshot:
    frozen = report.snapshot
    return build_snapshot(
        services().store, services().begin_reading, frozen.period, frozen.brand_id, now()
    )


def _compare(report: Report) -> None:
    try:
        found = differences(report.snapshot, _read_anew(report))
    except KoubeiError as error:
        refused(error)
        return
    show(
        fill(
            '<div class="kb-note"><b>{told}</b>{lines}</div>',
            told=f"现在重算有 {len(found)} 处不同，报告保持冻结的数字"
            if found
            else "重算结果与冻结的数字完全相同",
            lines=join(
                fill(
                    "<p><code>{path}</code> {frozen} → {now}</p>",
                    path=each.path,
                    frozen=each.frozen,
                    now=each.now,
                )
                for each in found[:30]
            ),
        )
    )


def _words(report: Report, view: ReportView) -> None:
    section("概述与研判", "系统起草概述；研判与建议由人填写，空着就一直是草稿")
    sealed = report.state is ReportState.SENT or not i_may(Permission.EDIT_REPORT)
    own = (report.id, report.version)
    if sealed:
        show(
            fill(
                '<div class="kb-prose">{lines}</div>',
                lines=join(fill("<p>{t}</p>", t=t) for t in (*view.overview, *view.assessment)),
            )
        )
        return
    overview = st.text_area(
        "概述（留空使用系统起草的文字）",
        report.edits.overview,
        placeholder="\n".join(view.overview),
        height=120,
        key=key("overview", *own),
    )
    assessment = st.text_area(
        "研判", report.edits.assessment, height=120, key=key("assessment", *own),
        placeholder="下周的风险、需要决定的事",
    )  # fmt: skip
    proposals = [_proposal(report, number, own) for number in range(_PROPOSALS)]
    if st.button("保存", key=key("save", *own)):
        edits = Edits(
            overview=overview or "",
            assessment=assessment or "",
            proposals=tuple(each for each in proposals if each.text.strip()),
        )
        attempt(
            partial(
                edit,
                services().begin_work,
                me().id,
                report.id,
                edits,
                expected_version=report.version,
                at=now(),
            ),
            "已保存",
        )


def _proposal(report: Report, number: int, own: tuple[object, ...]) -> Proposal:
    known = report.edits.proposals
    before = known[number] if number < len(known) else Proposal("")
    first, second, third = st.columns([4, 1, 1])

    def typed(column: Any, name: str, before: str, hint: str) -> str:
        text: str = column.text_input(
            name,
            before,
            key=key(name, number, *own),
            label_visibility="visible" if number == 0 else "collapsed",
            placeholder=hint,
        )
        return text

    return Proposal(
        typed(first, "建议", before.text, "一条建议"),
        typed(second, "负责人", before.owner, "谁"),
        typed(third, "期限", before.due, "何时"),
    )


def _figures(view: ReportView) -> None:
    section("数字", "每个数字都能点开背后的内容；灰色的日子没有采全")
    show(
        fill(
            '<div class="kb-report-tiles">{tiles}</div>',
            tiles=join(
                fill(
                    '<div><span class="kb-quiet">{label}</span><b class="kb-num">{value}</b>'
                    '<span class="kb-quiet">{note}</span></div>',
                    label=tile.label,
                    value=tile.value,
                    note=tile.note,
                )
                for tile in view.tiles
            ),
        )
    )
    parts = (
        ("总体声量", view.volume),
        ("情感", view.sentiment),
        ("平台", view.platforms),
        ("逐日", view.days),
        ("预警", view.signals),
        ("工单", view.cases),
    )
    for name, table in parts:
        if table.rows:
            with st.expander(name, expanded=name == "总体声量"):
                show(report_table(table))
    with st.expander("负面 TOP10"):
        show(
            fill(
                '<div class="kb-lines">{lines}</div>',
                lines=join(
                    fill(
                        '<div><b>{head}</b> {text} <span class="kb-quiet">{facts}</span></div>',
                        head=each.head,
                        text=each.text,
                        facts=each.facts,
                    )
                    for each in view.negatives
                )
                or fill('<span class="kb-quiet">没有负面</span>'),
            )
        )


def _files(report: Report, configuration: Configuration) -> None:
    section("文件", "Word 可用公司模板；PDF 需要本机有浏览器")
    stored = key("files", report.id, report.version)
    if st.button("准备下载", key=key("prepare", report.id)):
        with st.spinner("正在生成……", show_time=True):
            try:
                st.session_state[stored] = build_files(
                    report,
                    configuration,
                    services().store,
                    report_look(services().settings),
                    pdf_printer(services().settings),
                )
            except KoubeiError as error:
                refused(error)
    built: Built | None = st.session_state.get(stored)
    if built is None:
        return
    with st.container(horizontal=True, gap="small"):
        for name, content in built.files.items():
            ending = name.rpartition(".")[2]
            st.download_button(
                _NAMES[ending],
                content,
                file_name=name,
                mime=MEDIA_TYPES[ending],
                key=key("download", name),
                on_click="ignore",
            )
    show(
        join(
            fill('<p class="kb-quiet">没有 {what}：{why}</p>', what=what.upper(), why=why.zh)
            for what, why in built.left_out
        )
        or NOTHING
    )


page()
