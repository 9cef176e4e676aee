"""What runs beside the stages: promises, waiting, merging, relating, describing."""

from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st
from markupsafe import Markup

from dashboard.acting import typed
from dashboard.state import key, now
from dashboard.widgets.case_door import choose_person, do, field, form
from dashboard.widgets.case_end import LATER
from dashboard.widgets.desk import facts, say
from dashboard.widgets.html import fill, join, show
from domain.case import CaseKind, Promise, PromiseState, Satisfaction, UpwardState
from domain.case_moves import (
    AddPromise,
    Describe,
    DropPromise,
    Hold,
    KeepPromise,
    Merge,
    NoteReceipt,
    Relate,
    Release,
    Unmerge,
)
from monitoring.case_view import CaseView
from presentation.formats import full_time, near_time
from presentation.wording import word


def describe(view: CaseView) -> None:
    """修改标题与说明."""
    case = view.case
    with form(view, "describe"):
        title = st.text_input(
            "标题", key=typed(field(view, "describe", "title"), case.title), max_chars=120
        )
        summary = st.text_area(
            "说明",
            key=typed(field(view, "describe", "summary"), case.summary),
            height=96,
            max_chars=2_000,
        )
        kind = st.selectbox(
            "类型",
            [each.value for each in CaseKind],
            index=list(CaseKind).index(case.kind),
            format_func=lambda code: word(CaseKind(code)).zh,
            key=key("kind", case.id),
        )
        if st.form_submit_button("保存说明", type="primary", key=key("do", "describe")):
            do(view, Describe(title or "", summary or "", CaseKind(kind)), done="已修改说明")


def release(view: CaseView) -> None:
    """退还."""
    with form(view, "release"):
        reason = st.text_input("理由（选填）", key=typed(field(view, "release"), ""), max_chars=500)
        if st.form_submit_button("退还", type="primary", key=key("do", "release")):
            do(view, Release(reason or ""), done="已退回待研判")


def hold(view: CaseView) -> None:
    """等待外部."""
    with form(view, "hold"):
        say("红、橙级的时限不会因等待而停止。")
        later = st.selectbox("何时恢复", list(LATER), key=key("hold", view.case.id))
        reason = st.text_area(
            "等谁、等什么", key=typed(field(view, "hold"), ""), height=80, max_chars=1_000
        )
        if st.form_submit_button("转入等待", type="primary", key=key("do", "hold")):
            do(view, Hold(reason or "", now() + LATER[later]), done=f"已转入等待，{later}恢复")


def merge(view: CaseView) -> None:
    """并案: nothing is deleted, and it can be taken apart again."""
    if not view.others:
        say("这个品牌没有其他处理中的工单。")
        return
    cases = {case.id: case for case in view.others}
    with form(view, "merge"):
        say("本工单的预警、内容与线索并入另一工单；两份记录都保留，可以撤销。")
        into = st.selectbox(
            "并入",
            list(cases),
            format_func=lambda case_id: f"{case_id}　{cases[case_id].title}",
            key=key("merge", view.case.id),
        )
        reason = st.text_input("理由（选填）", key=typed(field(view, "merge"), ""), max_chars=500)
        if st.form_submit_button("并案", type="primary", key=key("do", "merge")):
            do(view, Merge(into, reason or ""), done=f"已并入 {into}")


def unmerge(view: CaseView) -> None:
    """撤销并案."""
    with form(view, "unmerge"):
        reason = st.text_area(
            "理由", key=typed(field(view, "unmerge"), ""), height=80, max_chars=1_000
        )
        if st.form_submit_button("撤销并案", type="primary", key=key("do", "unmerge")):
            do(view, Unmerge(reason or ""), done="已撤销并案，恢复到并案前的状态")


def relate(view: CaseView) -> None:
    """关联工单."""
    with form(view, "relate"):
        case_id = st.text_input(
            "工单号",
            key=typed(field(view, "relate"), ""),
            max_chars=20,
            placeholder="C-20261121-01",
        )
        again = st.checkbox("同一人再次投诉", key=key("relate-again", view.case.id))
        if st.form_submit_button("关联", type="primary", key=key("do", "relate")):
            do(view, Relate((case_id or "").strip(), again), done=f"已关联 {case_id}")


def receipt(view: CaseView, zone: ZoneInfo) -> None:
    """已阅: the report upward, and the word that it was read."""
    sheet_of(view, zone)
    if st.button("已阅", key=key("do", "receipt"), width="stretch"):
        do(view, NoteReceipt(), done="已确认已阅")


def sheet_of(view: CaseView, zone: ZoneInfo) -> None:
    """The report upward, to whom it went and who has read it."""
    report = view.case.upward
    if report.sheet is None:
        if report.state is UpwardState.DUE and report.due_since is not None:
            say(f"{near_time(report.due_since, view.now, zone)} 起应上报，尚未发出。")
        return
    read = "、".join(
        f"{view.name(each.account_id)} {near_time(each.at, view.now, zone)}"
        for each in report.receipts
    )
    sent = near_time(report.sent_at, view.now, zone) if report.sent_at else ""
    show(
        facts(
            [
                ("什么事", report.sheet.what),
                ("从何来", report.sheet.origin),
                ("扩散", report.sheet.spread),
                ("已做", report.sheet.done),
                ("建议", report.sheet.advice),
                ("报给", "、".join(view.name(each) for each in report.to)),
                ("发出", f"{view.name(report.sent_by)} {sent}"),
                ("已阅", read or "尚无回执"),
            ]
        )
    )


def promise(view: CaseView, zone: ZoneInfo) -> None:
    """登记承诺: what was promised, or a task of our own."""
    place = len(view.case.promises)
    with form(view, "promise"):
        action = st.text_input(
            "承诺或任务",
            key=typed(field(view, "promise", "action", place), ""),
            max_chars=300,
            placeholder="例：三天内给出检测结果",
        )
        made_to = st.text_input(
            "对谁承诺（自己的任务留空）",
            key=typed(field(view, "promise", "to", place), ""),
            max_chars=100,
        )
        left, right = st.columns(2)
        with left:
            owner = choose_person("负责人", view, list(view.people.values()), f"promise-{place}")
        day = right.date_input(
            "期限（当日 18:00）",
            value=now().astimezone(zone).date(),
            format="YYYY-MM-DD",
            key=key("promise-day", view.case.id, place),
        )
        if st.form_submit_button("登记承诺", type="primary", key=key("do", "promise")):
            due = datetime(day.year, day.month, day.day, 18, tzinfo=zone)
            do(
                view,
                AddPromise(action or "", owner, due, made_to or ""),
                done="已登记，未完成前工单不能办结",
            )


def keep_promise(view: CaseView, zone: ZoneInfo) -> None:
    """兑现承诺."""
    number = _which(view, zone, "keep")
    if number is None:
        return
    with form(view, "keep"):
        result = st.text_area(
            "办理结果（已告知对方）",
            key=typed(field(view, "keep", number), ""),
            height=80,
            max_chars=1_000,
        )
        code = st.selectbox(
            "对方是否满意（自己的任务不必选）",
            [each.value for each in Satisfaction],
            index=None,
            format_func=lambda each: word(Satisfaction(each)).zh,
            key=key("satisfaction", view.case.id, number),
            placeholder="未选择",
        )
        if st.form_submit_button("兑现承诺", type="primary", key=key("do", "keep")):
            told = Satisfaction(code) if code else None
            do(view, KeepPromise(number, result or "", told), done="已登记结果")


def drop_promise(view: CaseView, zone: ZoneInfo) -> None:
    """取消承诺."""
    number = _which(view, zone, "drop")
    if number is None:
        return
    with form(view, "drop"):
        reason = st.text_area(
            "取消理由", key=typed(field(view, "drop", number), ""), height=80, max_chars=1_000
        )
        if st.form_submit_button("取消承诺", type="primary", key=key("do", "drop")):
            do(view, DropPromise(number, reason or ""), done="已取消承诺")


def _which(view: CaseView, zone: ZoneInfo, name: str) -> int | None:
    owed = {each.number: each for each in view.case.open_promises}
    if not owed:
        say("没有未完成的承诺或任务。")
        return None
    return st.selectbox(
        "哪一项",
        list(owed),
        format_func=lambda number: f"{number}. {owed[number].action}",
        key=key("which", view.case.id, name),
    )


def promises(view: CaseView, zone: ZoneInfo) -> None:
    """What was promised and what became of it."""
    show(
        fill(
            '<ul class="kb-points">{rows}</ul>',
            rows=join(_promise(view, each, zone) for each in view.case.promises),
        )
    )


def _promise(view: CaseView, each: Promise, zone: ZoneInfo) -> Markup:
    late = each.state is PromiseState.OPEN and each.due_at < view.now
    told = [
        f"对 {each.made_to}" if each.made_to else "自己的任务",
        view.name(each.owner_id),
        f"{full_time(each.due_at, zone)} 前",
    ]
    if each.result:
        told.append(each.result)
    if each.satisfaction is not None:
        told.append(word(each.satisfaction).zh)
    return fill(
        '<li><span class="kb-verdict {tone}">{state}</span> {action}'
        '<span class="kb-aside">{told}</span></li>',
        tone="kb-verdict-true" if late else "",
        state="已逾期" if late else word(each.state).zh,
        action=each.action,
        told=" · ".join(told),
    )
