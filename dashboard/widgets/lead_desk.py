"""The leads that wait for the desk: make a case of one, add it to one, or set it aside."""

import streamlit as st

from dashboard import data
from dashboard.acting import attempt
from dashboard.services import services
from dashboard.state import key, me, now, zone
from dashboard.widgets.desk import facts, say
from dashboard.widgets.frame import card, section
from dashboard.widgets.html import fill, outside_link, plain_label, show
from domain.brand import Level
from domain.case import Case, CaseQuery, CaseState
from domain.lead import Lead, LeadState
from presentation.formats import short_time
from presentation.wording import word

CASE = "app_pages/case.py"
_SHOWN = 20


def waiting() -> None:
    """Show the leads that nobody has decided about, the oldest first."""
    with services().begin_reading() as work:
        leads = work.leads.in_state(LeadState.RECEIVED)[:_SHOWN]
        names = {account.id: account.name for account in work.accounts.all()}
        active = tuple(state for state in CaseState if state.is_active)
        cases = {c.id: c for c in work.cases.search(CaseQuery(states=active), limit=100).cases}
    roots = [lead for lead in leads if not lead.same_as]
    with card("lead", "desk"):
        section("待研判的线索", f"{len(roots)} 条")
        if not roots:
            say("没有待研判的线索。")
        for lead in roots:
            title = f"{lead.id}　{names.get(lead.reporter_id, '')}　{(lead.note or lead.url)[:40]}"
            with st.expander(plain_label(title)):
                _lead(lead, names.get(lead.reporter_id, lead.reporter_id), cases)


def _lead(lead: Lead, reporter: str, cases: dict[str, Case]) -> None:
    show(
        facts(
            [
                ("说明", lead.note or "（没有说明）"),
                ("上报人", f"{reporter}　{short_time(lead.reported_at, zone())}"),
                ("在哪里", word(lead.place).zh),
                ("类型", word(lead.kind).zh),
                ("截图", f"{len(lead.screenshots)} 张" if lead.screenshots else ""),
            ]
        )
    )
    if lead.url:
        show(fill("{link}", link=outside_link(lead.url, "打开链接")))
    for number, picture in enumerate(lead.screenshots, 1):
        body = services().archive.get(picture.sha256)
        if body is not None:
            st.image(body, width=320, caption=f"截图 {number}")
    one, two, three = st.columns(3)
    with one:
        _promote(lead)
    with two:
        _attach(lead, cases)
    with three:
        _dismiss(lead)


def _promote(lead: Lead) -> None:
    _, watched = data.configuration()
    names = {brand.id: brand.name for brand in watched.brands}
    with st.form(key("form", "promote", lead.id)):
        title = st.text_input(
            "工单标题",
            value=(lead.note or lead.id)[:60],
            max_chars=120,
            key=key("promote", lead.id),
        )
        brand = st.selectbox(
            "品牌",
            list(names),
            index=list(names).index(lead.brand_id) if lead.brand_id in names else 0,
            format_func=lambda code: names[code],
            key=key("promote-brand", lead.id),
        )
        level = st.selectbox(
            "建议级别",
            [each.value for each in Level],
            index=list(Level).index(Level.YELLOW),
            format_func=lambda code: word(Level(code)).zh.removesuffix("预警"),
            key=key("promote-level", lead.id),
        )
        if st.form_submit_button("建工单", type="primary", key=key("do", "promote", lead.id)):
            attempt(
                lambda: services().lead_desk.promote(
                    me().id,
                    lead.id,
                    title=title or "",
                    level=Level(level),
                    brand_id=brand or "",
                    expected_version=lead.version,
                    at=now(),
                ),
                "已建立工单",
                then=_open,
            )


def _open(case: Case) -> None:
    st.switch_page(CASE, query_params={"id": case.id})


def _attach(lead: Lead, cases: dict[str, Case]) -> None:
    if not cases:
        say("没有处理中的工单可以并入。")
        return
    with st.form(key("form", "lead-attach", lead.id)):
        case_id = st.selectbox(
            "并入工单",
            list(cases),
            format_func=lambda each: f"{each}　{cases[each].title}",
            key=key("lead-attach", lead.id),
        )
        if st.form_submit_button("并入", key=key("do", "lead-attach", lead.id)):
            attempt(
                lambda: services().lead_desk.attach(
                    me().id, lead.id, case_id, expected_version=lead.version, at=now()
                ),
                f"已并入 {case_id}",
            )


def _dismiss(lead: Lead) -> None:
    with st.form(key("form", "dismiss", lead.id)):
        reason = st.text_input("无需处理的理由", max_chars=500, key=key("dismiss", lead.id))
        if st.form_submit_button("关闭线索", key=key("do", "dismiss", lead.id)):
            attempt(
                lambda: services().lead_desk.dismiss(
                    me().id,
                    lead.id,
                    reason=reason or "",
                    expected_version=lead.version,
                    at=now(),
                ),
                "已关闭线索，上报人会看到「已核，无需处理」",
            )
