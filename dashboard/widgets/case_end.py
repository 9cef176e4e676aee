"""跟踪、办结、复盘、归档, and back again."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard.acting import typed
from dashboard.state import key
from dashboard.widgets.case_door import do, field, form
from dashboard.widgets.desk import facts, say
from dashboard.widgets.html import fill, join, show
from domain.case import Review, ReviewAction
from domain.case_moves import Close, Note, Reopen, Resolve, SaveReview, Wake
from domain.clocks import ClockName
from monitoring.case_view import CaseView, clock_words
from presentation.formats import full_time

_WORTH = 3
"""How many empty lines for actions a review sheet begins with."""


def follow(view: CaseView, zone: ZoneInfo) -> None:
    """跟踪: what still runs, what is owed, and the word that it is over."""
    case = view.case
    rows = []
    if case.silence is not None and not case.publications:
        rows.append(("不回应", f"{view.name(case.silence.by)}：{case.silence.reason}"))
        rows.append(("复核", full_time(case.silence.review_at, zone)))
    for reading in view.running:
        if reading.name in {ClockName.WATCH_WINDOW, ClockName.FOLLOW_UP}:
            name = "观察期" if reading.name is ClockName.WATCH_WINDOW else "下次跟进"
            rows.append((name, clock_words(reading, view.now)))
    going = [s.id for s in view.signals if s.closed_at is None]
    rows.append(("预警", f"{'、'.join(going)} 尚未解除" if going else "相关预警均已解除"))
    owed = len(case.open_promises)
    rows.append(("承诺与任务", f"{owed} 项未完成" if owed else "全部完成"))
    show(facts(rows))
    say("观察期满、预警解除、承诺兑现后由值班长办结。")
    if st.button("办结", type="primary", key=key("do", "resolve"), width="stretch"):
        do(view, Resolve(), done="已办结，请复盘")


def review(view: CaseView, zone: ZoneInfo) -> None:
    """复盘四问: cause, timeline, what worked, what changes and who does it."""
    sheet = view.case.review or Review("", "", "")
    with form(view, "review-sheet"):
        texts = {
            name: st.text_area(
                label,
                key=typed(field(view, "review-sheet", name), getattr(sheet, name)),
                height=96,
                max_chars=4_000,
                placeholder=hint,
            )
            for name, label, hint in (
                ("cause", "一、原因是什么", "事实与根源，不写猜测"),
                ("timeline", "二、经过如何", "何时发现、何时回应、何时平息"),
                ("what_worked", "三、哪些做法有效", "也写哪些没有用"),
            )
        }
        actions = _actions(view, sheet, zone)
        if st.form_submit_button("保存复盘", type="primary", key=key("do", "review-sheet")):
            said = {name: text or "" for name, text in texts.items()}
            do(view, SaveReview(**said, actions=actions), done="复盘已保存")


def _actions(view: CaseView, sheet: Review, zone: ZoneInfo) -> tuple[ReviewAction, ...]:
    show(
        fill(
            '<div class="kb-section"><h2>四、改进项</h2><span class="kb-quiet">{n}</span></div>',
            n="写明内容、负责人和期限；留空的行不保存",
        )
    )
    ids = list(view.people)
    rows: list[ReviewAction] = []
    for number in range(max(_WORTH, len(sheet.actions) + 1)):
        old = sheet.actions[number] if number < len(sheet.actions) else ReviewAction("", "")
        what, who, until = st.columns([5, 3, 3])
        action = what.text_input(
            f"改进项 {number + 1}",
            key=typed(field(view, "review-action", number), old.action),
            max_chars=300,
            label_visibility="collapsed",
            placeholder=f"改进项 {number + 1}",
        )
        owner = who.selectbox(
            f"负责人 {number + 1}",
            ids,
            index=ids.index(old.owner_id) if old.owner_id in ids else None,
            format_func=view.name,
            key=key("review-owner", view.case.id, number),
            placeholder="负责人",
            label_visibility="collapsed",
        )
        day = until.date_input(
            f"期限 {number + 1}",
            value=old.due_at.astimezone(zone).date() if old.due_at else None,
            format="YYYY-MM-DD",
            key=key("review-until", view.case.id, number),
            label_visibility="collapsed",
        )
        if (action or "").strip():
            due = datetime(day.year, day.month, day.day, 18, tzinfo=zone) if day else None
            rows.append(ReviewAction((action or "").strip(), owner or "", due))
    return tuple(rows)


def close(view: CaseView, zone: ZoneInfo) -> None:
    """归档."""
    if view.case.review is not None:
        read_review(view, zone)
    say("红、橙级须由二级审批归档，其余由值班长归档。归档后仍可重新打开。")
    if st.button("归档", type="primary", key=key("do", "close"), width="stretch"):
        do(view, Close(), done="已归档")


def read_review(view: CaseView, zone: ZoneInfo) -> None:
    """The review sheet, for reading."""
    sheet = view.case.review
    if sheet is None:
        return
    show(
        facts(
            [
                ("原因", sheet.cause),
                ("经过", sheet.timeline),
                ("有效做法", sheet.what_worked),
            ]
        )
    )
    show(
        fill(
            '<ul class="kb-points">{rows}</ul>',
            rows=join(
                fill(
                    "<li>{action}<span class='kb-aside'>{who}{due}</span></li>",
                    action=each.action,
                    who=view.name(each.owner_id),
                    due=f" · {each.due_at.astimezone(zone):%Y-%m-%d} 前" if each.due_at else "",
                )
                for each in sheet.actions
            ),
        )
    )


def wake(view: CaseView, zone: ZoneInfo) -> None:
    """等待外部: why, until when, and going on before that."""
    pause = view.case.pause
    if pause is not None:
        show(facts([("等待", pause.reason), ("恢复时间", full_time(pause.until, zone))]))
    if st.button("恢复处理", type="primary", key=key("do", "wake"), width="stretch"):
        do(view, Wake(), done="已恢复处理")


def reopen(view: CaseView) -> None:
    """重新打开."""
    with form(view, "reopen"):
        reason = st.text_area(
            "理由", key=typed(field(view, "reopen"), ""), height=80, max_chars=1_000
        )
        if st.form_submit_button("重新打开", type="primary", key=key("do", "reopen")):
            do(view, Reopen(reason or ""), done="已重新打开")


def note(view: CaseView) -> None:
    """添加备注, which is also how a follow-up is noted."""
    with form(view, "note"):
        text = st.text_area(
            "备注或跟进情况",
            key=typed(field(view, "note", len(view.rows)), ""),
            height=96,
            max_chars=2_000,
        )
        if st.form_submit_button("添加备注", type="primary", key=key("do", "note")):
            do(view, Note(text or ""), done="已记入处理记录")


LATER = {
    "4 小时后": timedelta(hours=4),
    "1 天后": timedelta(days=1),
    "3 天后": timedelta(days=3),
    "7 天后": timedelta(days=7),
    "30 天后": timedelta(days=30),
}
