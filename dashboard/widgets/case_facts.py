"""核实: the fact sheet, a claim a line, each with a verdict and what it rests on."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import streamlit as st
from markupsafe import Markup

from dashboard.acting import typed
from dashboard.services import services
from dashboard.state import key
from dashboard.widgets.case_door import do, field, form
from dashboard.widgets.desk import say
from dashboard.widgets.html import NOTHING, fill, join, outside_link, show
from domain.case_moves import CaseCommand, SaveFactSheet, SubmitFactSheet
from domain.fact_sheet import Claim, Evidence, FactSheet, Verdict
from monitoring.case_view import CaseView
from presentation.formats import near_time
from presentation.wording import word

_HASH_SIGNS = 12


def edit(view: CaseView) -> None:
    """The form of the whole sheet: the lines that are there, more lines, and the accused unit."""
    sheet = view.case.fact_sheet
    with form(view, "facts"):
        if not sheet.claims:
            say("先把对方的说法逐条写下，每行一条；保存后逐条给出结论和证据。")
        claims = [_claim(view, claim) for claim in sheet.claims]
        more = st.text_area(
            "再添加说法（每行一条）" if sheet.claims else "说法（每行一条）",
            key=typed(field(view, "facts", "more", len(sheet.claims)), ""),
            height=80 if sheet.claims else 140,
            max_chars=5_000,
            placeholder="例：星汇店的饮品中有异物",
        )
        unit = st.text_input(
            "被指部门（选填，不能只由它自己核实）",
            key=typed(field(view, "facts", "unit"), sheet.accused_unit),
            max_chars=60,
        )
        with st.container(horizontal=True, gap="small"):
            save = st.form_submit_button("保存核实单", key=key("do", "facts-save"))
            submit = sheet.claims and st.form_submit_button(
                "提交核实单", type="primary", key=key("do", "facts-submit")
            )
    if save or submit:
        _store(view, claims, more or "", unit or "", submit=bool(submit))


def _store(view: CaseView, claims: list[Claim], more: str, unit: str, *, submit: bool) -> None:
    kept = [claim for claim in claims if claim.statement.strip()]
    number = max((claim.number for claim in view.case.fact_sheet.claims), default=0)
    new = [line.strip() for line in more.splitlines() if line.strip()]
    written = (*kept, *(Claim(number + n, line) for n, line in enumerate(new, 1)))
    changed = FactSheet(written, unit.strip()).sha256 != view.case.fact_sheet.sha256
    commands: list[CaseCommand] = [SaveFactSheet(written, unit)] if changed or not submit else []
    if submit:
        commands.append(SubmitFactSheet())
    do(
        view,
        *commands,
        done="核实单已提交，可以拟稿" if submit else "核实单已保存",
        kept="核实单已保存" if submit and changed else "",
    )


def _claim(view: CaseView, claim: Claim) -> Claim:
    """One line of the form; an emptied one is taken out."""
    with st.container(key=key("claim", view.case.id, claim.number), gap="small"):
        show(
            fill(
                '<div class="kb-section"><h2>说法 {n}</h2>'
                '<span class="kb-quiet">清空文字即删除这一条</span></div>',
                n=claim.number,
            )
        )
        statement = st.text_area(
            f"说法 {claim.number}",
            key=typed(field(view, "claim", claim.number), claim.statement),
            height=68,
            max_chars=1_000,
            label_visibility="collapsed",
        )
        code = st.segmented_control(
            f"结论 {claim.number}",
            [each.value for each in Verdict],
            format_func=lambda value: word(Verdict(value)).zh,
            default=claim.verdict.value if claim.verdict else None,
            key=key("verdict", view.case.id, claim.number),
            label_visibility="collapsed",
        )
        finding = st.text_area(
            f"查明的情况 {claim.number}",
            key=typed(field(view, "finding", claim.number), claim.finding),
            height=68,
            max_chars=2_000,
            placeholder="查明了什么；无法核实的写明查了什么",
            label_visibility="collapsed",
        )
        evidence = [*claim.evidence, *_new_evidence(view, claim)]
        if claim.evidence:
            show(_evidence_list(claim))
    return replace(
        claim,
        statement=statement or "",
        verdict=Verdict(code) if code else None,
        finding=finding or "",
        evidence=tuple(evidence),
    )


def _new_evidence(view: CaseView, claim: Claim) -> list[Evidence]:
    """What is added as evidence: words, an address, a file; nothing of it, no evidence."""
    place = (claim.number, len(claim.evidence))
    what = st.text_input(
        f"证据说明 {claim.number}",
        key=typed(field(view, "evidence", *place), ""),
        max_chars=300,
        placeholder="添加证据：例如 门店监控 11-20 13:00–14:00；批次检测报告",
        label_visibility="collapsed",
    )
    with st.expander("证据的链接、部门、附件（选填）"):
        left, right = st.columns(2)
        url = left.text_input(
            f"链接 {claim.number}",
            key=typed(field(view, "evidence-url", *place), ""),
            max_chars=2_000,
            placeholder="https://",
        )
        unit = right.text_input(
            f"提供部门 {claim.number}",
            key=typed(field(view, "evidence-unit", *place), ""),
            max_chars=60,
        )
        file = st.file_uploader(
            f"附件 {claim.number}（存入档案并记录文件指纹）",
            key=key("file", view.case.id, *place),
        )
    if not (what or file):
        return []
    digest = services().archive.put(file.getvalue()) if file else ""
    told = (what or "").strip() or (file.name if file else "")
    return [Evidence(told, sha256=digest, url=(url or "").strip(), unit=(unit or "").strip())]


def read(view: CaseView, zone: ZoneInfo) -> None:
    """The sheet as it stands, for reading."""
    sheet = view.case.fact_sheet
    if not sheet.claims:
        say("还没有核实单。")
        return
    show(
        fill(
            '<ol class="kb-points">{rows}</ol>',
            rows=join(_line(view, claim, zone) for claim in sheet.claims),
        )
    )
    if sheet.accused_unit:
        say(f"被指部门：{sheet.accused_unit}")


def _line(view: CaseView, claim: Claim, zone: ZoneInfo) -> Markup:
    signed = (
        f"{view.name(claim.checked_by)} {near_time(claim.checked_at, view.now, zone)}"
        if claim.checked_at
        else ""
    )
    return fill(
        "<li>{verdict} {statement}{finding}{evidence}{signed}</li>",
        verdict=verdict_badge(claim.verdict),
        statement=claim.statement,
        finding=fill('<span class="kb-aside">{text}</span>', text=claim.finding)
        if claim.finding
        else NOTHING,
        evidence=_evidence_list(claim) if claim.evidence else NOTHING,
        signed=fill('<span class="kb-aside">核实：{who}</span>', who=signed) if signed else NOTHING,
    )


def verdict_badge(verdict: Verdict | None) -> Markup:
    """属实 / 部分属实 / 不实 / 无法核实 / 未核实."""
    return fill(
        '<span class="kb-verdict kb-verdict-{code}">{words}</span>',
        code=verdict.value if verdict else "open",
        words=word(verdict).zh if verdict else "未核实",
    )


def _evidence_list(claim: Claim) -> Markup:
    return join(
        fill(
            '<span class="kb-aside">证据：{what}{unit}{link}{digest}</span>',
            what=item.what,
            unit=f"（{item.unit}）" if item.unit else "",
            link=fill(" {link}", link=outside_link(item.url, "链接")) if item.url else NOTHING,
            digest=fill(
                ' <span class="kb-hash" title="{whole}">文件指纹 {short}</span>',
                whole=item.sha256,
                short=item.sha256[:_HASH_SIGNS],
            )
            if item.sha256
            else NOTHING,
        )
        for item in claim.evidence
    )
