"""拟稿: the text in its next version, how long it may be, what the check finds, what changed."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

import streamlit as st
from markupsafe import Markup

from analysis.draft_check import platform_length
from dashboard.acting import is_unsaved, typed
from dashboard.services import services
from dashboard.state import key
from dashboard.widgets.case_door import do, field, form
from dashboard.widgets.desk import say
from dashboard.widgets.html import NOTHING, fill, join, show
from domain.case import CaseState
from domain.case_moves import CaseCommand, SaveDraft, SubmitDraft
from domain.draft import Authorship, Draft, DraftKind, Finding, Importance
from domain.statement import LENGTHS, FindingCode, Template, Venue
from monitoring.case_view import CaseView, Part, compare
from presentation.formats import near_time
from presentation.statement_templates import template_text
from presentation.wording import word

_NO_TEMPLATE: Final = ""


def edit(view: CaseView, zone: ZoneInfo) -> None:
    """The editor: where it will stand, of which kind, the words; then save, then submit."""
    case, draft = view.case, view.case.draft
    name = field(view, "draft")
    stored = draft.text if draft else ""
    text_key = typed(name, stored)
    if case.state is not CaseState.DRAFTING:
        say("保存修改会作废已有的批准，回到拟稿重新送审。")
    elif case.fact_sheet.unverifiable_claims:
        say("核实单中有无法核实的说法：只能使用声明稿，不谈原因。")
    where, begin = st.columns(2)
    with where:
        venue = _venue(view, draft)
    if not stored:
        with begin:
            _templates(view, text_key, venue)
    with form(view, "draft"):
        left, middle, right = st.columns(3)
        kind = left.selectbox(
            "稿件类型",
            [each.value for each in DraftKind],
            index=_index(DraftKind, draft.kind if draft else _first_kind(view)),
            format_func=lambda code: word(DraftKind(code)).zh,
            key=key("draft-kind", case.id),
        )
        importance = middle.selectbox(
            "重要程度",
            [each.value for each in Importance],
            index=_index(Importance, draft.importance if draft else Importance.ROUTINE),
            format_func=lambda code: word(Importance(code)).zh,
            key=key("draft-importance", case.id),
        )
        authorship = right.selectbox(
            "起草人",
            [each.value for each in Authorship],
            index=_index(Authorship, draft.authorship if draft else Authorship.STAFF),
            format_func=lambda code: word(Authorship(code)).zh,
            key=key("draft-authorship", case.id),
        )
        text = st.text_area("正文", key=text_key, height=320, max_chars=20_000)
        reason = _override(view, draft)
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            save = st.form_submit_button("保存拟稿", key=key("do", "draft-save"))
            submit = case.state is CaseState.DRAFTING and st.form_submit_button(
                "提交审批", type="primary", key=key("do", "draft-submit")
            )
        show(_counter(text or "", venue, unsaved=is_unsaved(name, stored)))
    command = SaveDraft(
        text or "",
        DraftKind(kind),
        Importance(importance),
        Authorship(authorship),
        venue.value,
    )
    if save or submit:
        _store(view, command, reason if submit else None)
    if draft is not None:
        findings(services().check_draft(draft, case))
        if len(case.drafts) > 1:
            versions(view, zone)


def _store(view: CaseView, command: SaveDraft, reason: str | None) -> None:
    draft = view.case.draft
    same = draft is not None and command == SaveDraft(
        draft.text, draft.kind, draft.importance, draft.authorship, draft.platform
    )
    commands: list[CaseCommand] = [] if same and reason is not None else [command]
    if reason is not None:
        commands.append(SubmitDraft(reason))
    do(
        view,
        *commands,
        done="已保存" if reason is None else "已提交审批，审批人会收到通知",
        kept="拟稿已保存" if reason is not None else "",
    )


def _first_kind(view: CaseView) -> DraftKind:
    unverifiable = view.case.fact_sheet.unverifiable_claims
    return DraftKind.HOLDING if unverifiable else DraftKind.ANSWER


def _index(kind: type[StrEnum], member: StrEnum) -> int:
    return list(kind).index(member)


def _venue(view: CaseView, draft: Draft | None) -> Venue:
    codes = [each.value for each in Venue]
    known = draft.platform if draft and draft.platform in codes else Venue.WEIBO_POST.value
    code = st.selectbox(
        "发布在",
        codes,
        index=codes.index(known),
        format_func=lambda each: word(Venue(each)).zh,
        key=key("draft-venue", view.case.id),
    )
    return Venue(code)


def _templates(view: CaseView, text_key: str, venue: Venue) -> None:
    """Offer a text to begin from while there is none."""
    codes = [_NO_TEMPLATE, *(each.value for each in Template)]
    code = st.selectbox(
        "从模板开始",
        codes,
        format_func=lambda each: word(Template(each)).zh if each else "不用模板",
        key=key("draft-template", view.case.id),
    )
    used = key("draft-used", view.case.id)
    if code and st.session_state.get(used) != (code, venue):
        st.session_state[used] = (code, venue)
        st.session_state[text_key] = template_text(Template(code), venue)


def _override(view: CaseView, draft: Draft | None) -> str:
    """Ask why findings are kept, where there are any that block."""
    found = services().check_draft(draft, view.case) if draft else ()
    blocking = sum(finding.blocking for finding in found)
    if not blocking:
        return ""
    return (
        st.text_input(
            f"坚持使用的理由（检查出 {blocking} 处须改正；改正后不必填写）",
            key=typed(field(view, "override"), ""),
            max_chars=500,
        )
        or ""
    )


def _counter(text: str, venue: Venue, *, unsaved: bool) -> Markup:
    allowed, has = LENGTHS[venue], platform_length(text)
    over = has > allowed.limit
    firm = "平台上限" if allowed.firm else "建议不超过"
    told = f"{has} / {allowed.limit} 字（{word(venue).zh}{firm}）"
    if allowed.fold and has > allowed.fold:
        told += f"，超过 {allowed.fold} 字会折叠"
    return fill(
        '<span class="kb-count {over}">{told}</span>{unsaved}',
        over="kb-count-over" if over else "",
        told=told,
        unsaved=fill('<span class="kb-count">　有未保存的修改</span>') if unsaved else NOTHING,
    )


def findings(found: Sequence[Finding]) -> None:
    """What the check found in the saved version, each in its sentence."""
    items = tuple(found)
    if not items:
        say("稿件检查：没有发现问题。")
        return
    blocking = sum(item.blocking for item in items)
    say(f"稿件检查：{blocking} 处须改正或写明理由，{len(items) - blocking} 处提醒。")
    show(
        fill(
            '<div class="kb-findings">{rows}</div>',
            rows=join(_finding(item) for item in items),
        )
    )


def _finding(item: Finding) -> Markup:
    known = item.code in set(FindingCode)
    before, hit, after = item.excerpt.partition(item.detail) if item.detail else ("", "", "")
    place = (
        fill("{before}<mark>{hit}</mark>{after}", before=before, hit=hit, after=after)
        if hit
        else fill("{told}", told=item.detail or item.excerpt)
    )
    return fill(
        '<div class="kb-finding {mild}"><b>{tone}</b><span>{words}　{place}</span></div>',
        mild="" if item.blocking else "kb-finding-mild",
        tone="须改正" if item.blocking else "提醒",
        words=word(FindingCode(item.code)).zh if known else "其他问题",
        place=place,
    )


def versions(view: CaseView, zone: ZoneInfo) -> None:
    """Two versions side by side: what went, what came."""
    drafts = view.case.drafts
    with st.expander(f"版本对比（共 {len(drafts)} 版）"):
        numbers = [draft.number for draft in drafts]
        told = {d.number: _version_words(view, d, zone) for d in drafts}
        left, right = st.columns(2)
        old = left.selectbox(
            "从",
            numbers,
            index=len(numbers) - 2,
            format_func=lambda n: told[n],
            key=key("version-old", view.case.id, len(drafts)),
        )
        new = right.selectbox(
            "到",
            numbers,
            index=len(numbers) - 1,
            format_func=lambda n: told[n],
            key=key("version-new", view.case.id, len(drafts)),
        )
        show(comparison(drafts[old - 1].text, drafts[new - 1].text))


def _version_words(view: CaseView, draft: Draft, zone: ZoneInfo) -> str:
    when = near_time(draft.at, view.now, zone)
    return f"第 {draft.number} 版　{view.name(draft.by)} {when}"


def comparison(old: str, new: str) -> Markup:
    """Two texts as one, with what went struck out and what came marked."""
    marks = {Part.SAME: "{text}", Part.GONE: "<del class='kb-gone'>{text}</del>"}
    return fill(
        '<div class="kb-paper kb-text">{pieces}</div>',
        pieces=join(
            fill(marks.get(part, "<ins class='kb-new'>{text}</ins>"), text=text)
            for part, text in compare(old, new)
        ),
    )


def read(view: CaseView, zone: ZoneInfo, *, compared: bool = True) -> None:
    """The newest version as it stands, for reading."""
    draft = view.case.draft or (view.case.drafts[-1] if view.case.drafts else None)
    if draft is None:
        say("还没有拟稿。")
        return
    venue = word(Venue(draft.platform)).zh if draft.platform in set(Venue) else ""
    told = [_version_words(view, draft, zone), word(draft.kind).zh, venue]
    say(" · ".join(part for part in told if part))
    show(fill('<div class="kb-paper kb-text">{text}</div>', text=draft.text))
    show(fill('<span class="kb-hash">文字指纹 {hash}</span>', hash=draft.sha256[:16]))
    if compared and len(view.case.drafts) > 1:
        versions(view, zone)
