"""研判与分派: take the case, grade it, report it upward, send it on to verification."""

from datetime import timedelta

import streamlit as st

from dashboard.acting import typed
from dashboard.state import key, now
from dashboard.widgets.case_door import choose_people, choose_person, do, field, form
from dashboard.widgets.desk import facts, say
from dashboard.widgets.html import show
from delivery.alert_numbers import HARDLY_ANY
from domain.brand import Level
from domain.case import CaseState, FalseAlarmCategory, UpwardSheet
from domain.case_guards import ON_THE_CASE
from domain.case_moves import (
    Assign,
    BeginVerification,
    ConfirmGrade,
    DecideSilence,
    MarkFalseAlarm,
    Regrade,
    ReportUpward,
    Take,
)
from domain.signal import Signal
from monitoring.case_view import CaseView
from presentation.formats import multiple, share
from presentation.wording import word

_REVIEW_IN = {
    "4 小时": timedelta(hours=4),
    "12 小时": timedelta(hours=12),
    "24 小时": timedelta(hours=24),
    "3 天": timedelta(days=3),
    "7 天": timedelta(days=7),
}


def _level_word(code: str) -> str:
    return word(Level(code)).zh.removesuffix("预警")


def take(view: CaseView) -> None:
    """认领."""
    say("认领后由您研判，认领提醒停止；15 分钟内他人不能接手，期间每次操作自动续期。")
    if st.button("认领", type="primary", key=key("do", "take"), width="stretch"):
        do(view, Take(), done="已认领，请研判定级")


def grade(view: CaseView) -> None:
    """定级: the suggestion with its parts, and a person's word on it."""
    case = view.case
    show(facts(_suggestion(view)))
    with form(view, "grade"):
        level = st.segmented_control(
            "级别",
            [each.value for each in Level],
            format_func=_level_word,
            default=case.level.value,
            key=key("level", case.id),
            required=True,
        )
        reason = st.text_area(
            "理由",
            key=typed(field(view, "grade", "reason"), ""),
            height=80,
            max_chars=1_000,
            placeholder="与建议一致时选填；低于建议须由值班长写明理由",
        )
        if st.form_submit_button("确认定级", type="primary", key=key("do", "grade")):
            chosen = Level(level or case.level.value)
            do(
                view,
                ConfirmGrade(chosen, reason or ""),
                done=f"已定为{_level_word(chosen.value)}",
            )


def _suggestion(view: CaseView) -> list[tuple[str, str]]:
    case = view.case
    rows = [("系统建议", f"{_level_word(case.level.value)}。只是建议，由您确认或改定。")]
    rows += [("依据", _parts(signal)) for signal in view.signals]
    rows.append(("未计入", "发声者身份（热搜、央媒、认证账号）不在数据里，请您判断。"))
    return rows


def _parts(signal: Signal) -> str:
    """What the suggestion was made of."""
    numbers = signal.figures
    if numbers.mean is None:
        usual = "基线学习中"
    elif numbers.mean < HARDLY_ANY:
        usual = "平时几乎没有"
    else:
        usual = f"为平时的 {multiple(numbers.multiple or 0.0, 'zh')}"
    told = [
        f"{signal.id}：1 小时负面 {numbers.observed:,} 条",
        usual,
        "、".join(word(p).zh for p in signal.alerted_platforms or signal.platforms),
        f"代表内容互动 {sum(post.interactions for post in signal.top_posts):,}",
        f"近似文本 {share(numbers.near_copy_share)}" if numbers.near_copy_share else "",
    ]
    return "，".join(part for part in told if part) + "。"


def regrade(view: CaseView) -> None:
    """调整级别."""
    case = view.case
    with form(view, "regrade"):
        level = st.segmented_control(
            "新的级别",
            [each.value for each in Level],
            format_func=_level_word,
            default=case.level.value,
            key=key("regrade", case.id),
            required=True,
        )
        say("升级可由任何经办人提出，会作废低级别的批准；降级须由值班长决定。")
        reason = st.text_area(
            "理由", key=typed(field(view, "regrade", "reason"), ""), height=80, max_chars=1_000
        )
        if st.form_submit_button("调整级别", type="primary", key=key("do", "regrade")):
            chosen = Level(level or case.level.value)
            do(view, Regrade(chosen, reason or ""), done=f"已调整为{_level_word(chosen.value)}")


def report_upward(view: CaseView) -> None:
    """上报单: what, from where, how far, what was done, what is advised."""
    case = view.case
    sheet = case.upward.sheet or UpwardSheet(what="")
    if case.upward.is_owed:
        say("红、橙级须上报；邮件进入发件箱即可继续，不必等待回执。")
    with form(view, "upward"):
        texts = {
            name: st.text_area(
                label,
                key=typed(field(view, "upward", name), getattr(sheet, name)),
                height=height,
                max_chars=2_000,
                placeholder=hint,
            )
            for name, label, height, hint in (
                ("what", "什么事", 80, "一两句话说清事实"),
                ("origin", "从何来", 68, "首发平台、时间"),
                ("spread", "扩散", 68, "条数、平台、互动"),
                ("done", "已做", 68, "已采取的措施"),
                ("advice", "建议", 68, "需要领导决定什么"),
            )
        }
        to = choose_people("报给谁", view, view.with_roles(ON_THE_CASE), "upward")
        if st.form_submit_button("上报", type="primary", key=key("do", "upward")):
            do(
                view,
                ReportUpward(UpwardSheet(**{n: t or "" for n, t in texts.items()}), tuple(to)),
                done="已上报，收到的人可在工单中点「已阅」",
            )


def begin_verification(view: CaseView) -> None:
    """分派: who is responsible, then on to the facts."""
    say("级别已确认。核实前不起草、不回应。")
    if st.button("开始核实", type="primary", key=key("do", "verify"), width="stretch"):
        do(view, BeginVerification(), done="已进入核实")


def assign(view: CaseView) -> None:
    """指派负责人."""
    with form(view, "assign"):
        who = choose_person(
            "负责人", view, view.with_roles(ON_THE_CASE), "assign", chosen=view.case.owner_id
        )
        if st.form_submit_button("指派", type="primary", key=key("do", "assign")):
            do(view, Assign(who), done=f"已指派给{view.name(who)}")


def false_alarm(view: CaseView) -> None:
    """标为误报."""
    with form(view, "false"):
        code = st.selectbox(
            "误报类别",
            [each.value for each in FalseAlarmCategory],
            format_func=lambda value: word(FalseAlarmCategory(value)).zh,
            key=key("false", view.case.id),
        )
        reason = st.text_area(
            "说明", key=typed(field(view, "false", "reason"), ""), height=80, max_chars=1_000
        )
        if st.form_submit_button("标为误报", type="primary", key=key("do", "false")):
            do(
                view,
                MarkFalseAlarm(FalseAlarmCategory(code), reason or ""),
                done="已标为误报，计入误报率",
            )


def decide_silence(view: CaseView) -> None:
    """观察不回应: a decision with its reason and a time to look again."""
    again = view.case.state is CaseState.OBSERVING
    with form(view, "silence"):
        say("不回应也是决定：写明理由，到时复核。红色须由三级审批人决定。")
        span = st.selectbox("多久后复核", list(_REVIEW_IN), key=key("review-in", view.case.id))
        reason = st.text_area(
            "理由", key=typed(field(view, "silence", "reason"), ""), height=80, max_chars=1_000
        )
        label = "继续观察" if again else "决定不回应"
        if st.form_submit_button(label, type="primary", key=key("do", "silence")):
            do(
                view,
                DecideSilence(reason or "", now() + _REVIEW_IN[span]),
                done=f"已决定观察不回应，{span}后复核",
            )
