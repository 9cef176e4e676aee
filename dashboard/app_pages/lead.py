"""报线索: every employee says what they saw, and sees what becomes of it."""

import streamlit as st

from dashboard import data
from dashboard.acting import attempt, show_told
from dashboard.services import services
from dashboard.state import i_may, key, me, now, require_page, zone
from dashboard.widgets import desk
from dashboard.widgets.desk import say
from dashboard.widgets.frame import card, section, title
from dashboard.widgets.html import fill, join, outside_link, show
from dashboard.widgets.lead_desk import waiting
from domain.case import CaseKind
from domain.lead import DO_NOT_ANSWER
from domain.links import Place
from presentation.formats import short_time
from presentation.wording import word
from workflow.leads import LeadReport, ReportedLead, reported_by
from workflow.permissions import Permission
from workflow.screenshots import MOST

_UNKNOWN = ""


def page() -> None:
    """Show the form and one's own reports; who handles them sees those that wait."""
    account = require_page(Permission.REPORT_LEAD)
    desk.style()
    title("报线索", "看到对公司不利的内容，在这里报给公关团队")
    show_told()
    show(fill('<div class="kb-news"><b>{words}</b></div>', words=DO_NOT_ANSWER.zh))
    if i_may(Permission.MAKE_CASE):
        waiting()
    left, right = st.columns(2, gap="small")
    with left, card("lead", "form"):
        section("报一条线索")
        _form()
    with right, card("lead", "mine"):
        with services().begin_reading() as work:
            mine = reported_by(work, account.id)
        section("我报的线索", f"{len(mine)} 条")
        _mine(mine)


def _form() -> None:
    _, watched = data.configuration()
    brands = {_UNKNOWN: "不清楚", **{brand.id: brand.name for brand in watched.brands}}
    # a number of its own for every report, so that the next one begins with empty fields
    turn = st.session_state.setdefault(key("lead", "turn"), 0)
    with st.form(key("form", "lead"), enter_to_submit=False):
        pasted = st.text_area(
            "粘贴链接",
            key=key("lead", "pasted", turn),
            height=68,
            max_chars=4_000,
            placeholder="微博、知乎、贴吧、公众号……从分享里复制的整段文字也可以",
        )
        files = st.file_uploader(
            f"截图（选填，最多 {MOST} 张；微信、QQ 群里的内容请截图）",
            type=["png", "jpg", "jpeg", "webp"],
            accept_multiple_files=True,
            key=key("lead", "files", turn),
        )
        note = st.text_area(
            "发生了什么",
            key=key("lead", "note", turn),
            height=100,
            max_chars=2_000,
            placeholder="在哪里看到、说了什么、涉及哪家门店或产品",
        )
        one, two, three = st.columns(3)
        place = one.selectbox(
            "在哪里看到",
            [each.value for each in Place],
            index=list(Place).index(Place.OTHER),
            format_func=lambda code: word(Place(code)).zh,
            key=key("lead", "place", turn),
        )
        kind = two.selectbox(
            "是什么事",
            [each.value for each in CaseKind],
            format_func=lambda code: word(CaseKind(code)).zh,
            key=key("lead", "kind", turn),
        )
        brand = three.selectbox(
            "关于哪个品牌",
            list(brands),
            format_func=lambda code: brands[code],
            key=key("lead", "brand", turn),
        )
        sent = st.form_submit_button("报给公关团队", type="primary", key=key("do", "lead"))
    if sent:
        report = LeadReport(
            pasted=pasted or "",
            note=note or "",
            screenshots=tuple(file.getvalue() for file in files or ()),
            place=Place(place),
            brand_id=brand,
            kind=CaseKind(kind),
        )
        attempt(lambda: _send(report), "已收到，谢谢。" + DO_NOT_ANSWER.zh)


def _send(report: LeadReport) -> None:
    services().lead_desk.report(me().id, report, at=now())
    st.session_state[key("lead", "turn")] += 1


def _mine(mine: list[ReportedLead]) -> None:
    if not mine:
        say("您还没有报过线索。报过之后，这里显示处理到哪一步。")
        return
    show(
        fill(
            '<ul class="kb-points">{rows}</ul>',
            rows=join(
                fill(
                    '<li><span class="kb-verdict">{progress}</span> {note}'
                    '<span class="kb-aside">{when} · {place}{link}{pictures} · {id}</span></li>',
                    progress=word(each.progress).zh,
                    note=each.lead.note or "（没有说明）",
                    when=short_time(each.lead.reported_at, zone()),
                    place=word(each.lead.place).zh,
                    link=fill(" · {a}", a=outside_link(each.lead.url, "链接"))
                    if each.lead.url
                    else "",
                    pictures=f" · 截图 {len(each.lead.screenshots)} 张"
                    if each.lead.screenshots
                    else "",
                    id=each.lead.id,
                )
                for each in mine
            ),
        )
    )


page()
