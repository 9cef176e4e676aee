"""审批与发布记录: the chain, the exact text that is approved, and where it was published."""

from zoneinfo import ZoneInfo

import streamlit as st
from markupsafe import Markup

from dashboard.acting import typed
from dashboard.services import services
from dashboard.state import key
from dashboard.widgets.case_door import choose_person, do, field, form
from dashboard.widgets.case_draft import findings
from dashboard.widgets.case_draft import read as read_draft
from dashboard.widgets.desk import say
from dashboard.widgets.html import NOTHING, fill, join, outside_link, show
from domain.account import Role
from domain.approval import ApprovalMode
from domain.case_moves import (
    Approve,
    ConflictChoice,
    ExpireApproval,
    NamePublisher,
    RecordPublication,
    Return,
    Withdraw,
)
from domain.case_words import roles_listed
from monitoring.case_view import CaseView
from presentation.formats import near_time
from presentation.wording import word


def chain(view: CaseView, zone: ZoneInfo) -> None:
    """The steps in order: who has approved, and whose turn it is."""
    case = view.case
    show(
        fill(
            '<ol class="kb-chain">{steps}</ol>',
            steps=join(_step(view, number, zone) for number in range(len(case.chain))),
        )
    )
    if case.valid_until is not None:
        say(f"批准有效至 {near_time(case.valid_until, view.now, zone)}，过期须重新送审。")


def _step(view: CaseView, number: int, zone: ZoneInfo) -> Markup:
    case = view.case
    step = case.chain[number]
    given = [a for a in case.approvals if a.step == number]
    here = case.review_step == number
    done = not step.missing(given)
    told = "；".join(
        f"{view.name(a.account_id)}{'（代）' if a.as_deputy else ''} "
        f"{near_time(a.at, view.now, zone)} 批准" + (f"：{a.comment}" if a.comment else "")
        for a in given
    )
    both = len(step.roles) > 1 and step.mode is ApprovalMode.ALL
    return fill(
        '<li class="{standing}"><span class="kb-quiet">第 {n} 步</span> {roles}{mode}'
        '<br><span class="kb-quiet">{told}</span></li>',
        standing="kb-chain-done" if done else "kb-chain-now" if here else "",
        n=number + 1,
        roles=roles_listed(step.roles).zh,
        mode="（全部）" if both else "",
        told=told or ("等待审批" if here else "尚未轮到"),
    )


def review(view: CaseView, zone: ZoneInfo, *, can_decide: bool) -> None:
    """审批: read exactly what will be said, then approve or return it."""
    case, draft = view.case, view.case.draft
    chain(view, zone)
    if draft is None:
        return
    read_draft(view, zone)
    findings(services().check_draft(draft, case))
    if case.override is not None:
        say(f"坚持使用的理由（{view.name(case.override.by)}）：{case.override.reason}")
    if not can_decide:
        return
    with form(view, "review"):
        comment = st.text_area(
            "意见",
            key=typed(field(view, "review", "comment"), ""),
            height=80,
            max_chars=1_000,
            placeholder="通过时选填；退回时必填",
        )
        conflict = _conflict(view)
        with st.container(horizontal=True, gap="small"):
            approve = st.form_submit_button("通过", type="primary", key=key("do", "approve"))
            back = st.form_submit_button("退回", key=key("do", "return"))
    if approve:
        do(
            view,
            Approve(draft.sha256, case.fact_sheet.sha256, comment or "", conflict),
            done="已批准",
        )
    if back:
        do(view, Return(comment or ""), done="已退回拟稿")


def _conflict(view: CaseView) -> ConflictChoice | None:
    """Ask what becomes of other replies to the same posts, where there are any."""
    if not view.rivals:
        return None
    told = "、".join(f"{rival.id}「{rival.title}」" for rival in view.rivals)
    say(f"同一内容另有待发的回应：{told}。通过前请选择。")
    code = st.selectbox(
        "其他回应怎么办",
        [each.value for each in ConflictChoice],
        index=None,
        format_func=lambda each: word(ConflictChoice(each)).zh,
        key=key("conflict", view.case.id),
        placeholder="请选择",
    )
    return ConflictChoice(code) if code else None


def publish(view: CaseView, zone: ZoneInfo) -> None:
    """发布记录: a person has published it; where, and what the page says now."""
    case = view.case
    chain(view, zone)
    if case.publisher_id:
        say(f"指定发布人：{view.name(case.publisher_id)}")
    say("口碑不会代为发布。请在平台上原样发布下面的文字，再登记链接。")
    read_draft(view, zone, compared=False)
    with form(view, "publish"):
        url = st.text_input(
            "发布链接",
            key=typed(field(view, "publish", "url"), ""),
            max_chars=2_000,
            placeholder="https://",
        )
        live = st.text_area(
            "页面上的文字（粘贴，用于与批准稿比对）",
            key=typed(field(view, "publish", "live"), ""),
            height=120,
            max_chars=20_000,
        )
        note = st.text_input(
            "未能比对的原因（没有粘贴时必填）",
            key=typed(field(view, "publish", "note"), ""),
            max_chars=500,
        )
        if st.form_submit_button("登记发布", type="primary", key=key("do", "publish")):
            do(
                view,
                RecordPublication(url or "", live or None, note or ""),
                done="已登记发布，进入跟踪",
            )


def expired(view: CaseView, zone: ZoneInfo) -> None:
    """The approval is too old: it has to be given again."""
    chain(view, zone)
    say("批准已过有效期，发布前须重新送审。")
    if st.button("重新送审", type="primary", key=key("do", "expire"), width="stretch"):
        do(view, ExpireApproval(), done="已重新送审")


def withdraw(view: CaseView) -> None:
    """撤回稿件."""
    with form(view, "withdraw"):
        reason = st.text_area(
            "撤回理由", key=typed(field(view, "withdraw"), ""), height=80, max_chars=1_000
        )
        if st.form_submit_button("撤回", type="primary", key=key("do", "withdraw")):
            do(view, Withdraw(reason or ""), done="已撤回到拟稿，批准作废")


def name_publisher(view: CaseView) -> None:
    """指定发布人."""
    with form(view, "publisher"):
        who = choose_person(
            "发布人",
            view,
            view.with_roles({Role.PUBLISHER}),
            "publisher",
            chosen=view.case.publisher_id,
        )
        if st.form_submit_button("指定发布人", type="primary", key=key("do", "publisher")):
            do(view, NamePublisher(who), done=f"已指定 {view.name(who)} 发布")


def publications(view: CaseView, zone: ZoneInfo) -> None:
    """The answers that were given."""
    show(
        fill(
            '<ul class="kb-points">{rows}</ul>',
            rows=join(
                fill(
                    "<li>{link}<span class='kb-aside'>{who} {when} 登记 · 第 {n} 版 · {compared}"
                    "{note}</span></li>",
                    link=outside_link(each.url, "打开发布页"),
                    who=view.name(each.by),
                    when=near_time(each.at, view.now, zone),
                    n=each.draft_number,
                    compared=word(each.comparison).zh,
                    note=fill("：{note}", note=each.note) if each.note else NOTHING,
                )
                for each in view.case.publications
            ),
        )
    )
