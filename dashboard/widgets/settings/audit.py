"""审计: who did what to what, when and why; and whether the chain still holds."""

import io
from datetime import timedelta

import streamlit as st
from markupsafe import Markup

from dashboard.services import services
from dashboard.state import address, go, key, me, now, zone
from dashboard.widgets.filters import choose
from dashboard.widgets.frame import card, section
from dashboard.widgets.html import fill, join, show
from dashboard.widgets.notices import empty, refused
from domain.errors import StoreError
from domain.queries import AuditFilter
from monitoring.audit_trail import Entry, Verified, export, head_of_heartbeat, read_trail, verify
from presentation.formats import count, full_time, near_time
from presentation.hostile import excerpt
from presentation.wording import word

_SPANS = {"": "全部时间", "1": "近 24 小时", "7": "近 7 天", "30": "近 30 天"}


def show_part() -> None:
    """Draw a page of the trail; verifying reads all of it and is asked for."""
    with card("audit"):
        left, right = st.columns([5, 2], vertical_alignment="center")
        with left:
            section("审计", "只增不改，逐条以哈希相连；可以导出给审计方自行核对")
        with right, st.container(horizontal=True, horizontal_alignment="right", gap="small"):
            asked = st.button("校验", key=key("audit", "verify"))
            st.download_button(
                "导出",
                _exported,
                file_name=f"koubei-audit-{now().astimezone(zone()):%Y%m%d}.jsonl",
                mime="application/x-ndjson",
                key=key("audit", "export"),
                on_click="ignore",
            )
        if asked:
            _verified()
        _page()


def _page() -> None:
    before = address().get("before", "")
    first = read_trail(services().begin_reading, me().id, AuditFilter(), limit=1)
    people = {"": "所有人"} | {code: name.zh for code, name in first.actors}
    left, middle, _ = st.columns([2, 2, 4])
    with left:
        actor = choose("谁", "actor", people)
    with middle:
        span = choose("时间", "span", _SPANS)
    wanted = AuditFilter(actor=actor, start=now() - timedelta(days=int(span)) if span else None)
    page = read_trail(
        services().begin_reading,
        me().id,
        wanted,
        before_seq=int(before) if before.isdecimal() else None,
    )
    if not page.entries:
        empty("没有符合的记录", "放宽筛选条件")
        return
    show(
        fill(
            '<table class="kb-table"><thead><tr><th>序号</th><th>时间</th><th>人</th>'
            "<th>动作</th><th>对象</th><th>详情</th></tr></thead><tbody>{rows}</tbody></table>",
            rows=join(_row(entry) for entry in page.entries),
        )
    )
    with st.container(horizontal=True, gap="small"):
        if before:
            st.button("回到最新", key=key("audit", "newest"), on_click=go, args=({"before": ""},))
        if page.older is not None:
            st.button(
                "更早", key=key("audit", "older"), on_click=go, args=({"before": str(page.older)},)
            )


def _row(entry: Entry) -> Markup:
    details = "　".join(f"{name} {value}" for name, value in entry.details)
    told = " · ".join(part for part in (entry.reason, details) if part)
    return fill(
        '<tr title="{hash}"><td class="kb-num">{seq}</td>'
        '<td class="kb-num" title="{exact}">{when}</td><td>{who}</td><td>{action}</td>'
        '<td>{what}</td><td class="kb-quiet">{told}</td></tr>',
        hash=entry.row_hash,
        seq=entry.seq,
        exact=full_time(entry.at, zone()),
        when=near_time(entry.at, now(), zone()),
        who=entry.actor.zh,
        action=entry.action.zh,
        what=excerpt(entry.object_id, 40),
        told="内容已依法删除，链条仍可核对" if entry.erased else excerpt(told, 120),
    )


def _verified() -> None:
    try:
        remembered = head_of_heartbeat(services().settings.heartbeat.file)
    except StoreError as error:
        refused(error, kept="记录本身仍逐条核对，见下")
        remembered = None
    with st.spinner("正在逐条核对……"):
        found = verify(services().begin_reading, (remembered,) if remembered else ())
    show(
        fill(
            '<div class="{kind}"><b>{told}</b>{flaws}</div>',
            kind="kb-note" if found.is_whole else "kb-error",
            told=_verdict(found),
            flaws=join(
                fill("<p>第 {seq} 条：{flaw}</p>", seq=each.seq, flaw=word(each.flaw).zh)
                for each in found.findings[:20]
            ),
        )
    )


def _verdict(found: Verified) -> str:
    if not found.is_whole:
        return "记录不完整，请立即联系管理员并保留现场"
    with_whom = "，末尾与心跳文件所记一致" if found.heads else ""
    return f"完整：{count(found.rows, 'zh')} 条逐条相连{with_whom}"


def _exported() -> bytes:
    lines = io.StringIO()
    export(services().begin_reading, lines.write, at=now())
    return lines.getvalue().encode()
