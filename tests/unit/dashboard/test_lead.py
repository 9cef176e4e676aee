"""报线索 as any employee sees it, and as the desk does."""

from collections.abc import Iterator

import pytest

from domain.lead import LeadState
from runtime.wiring import Services
from tests.dashboard_house import HOSTILE
from tests.unit.dashboard.conftest import words_of
from tests.unit.dashboard.desk_house import a_house_to_act_in

DO_NOT = "请勿自行回应"


@pytest.fixture
def acting(tmp_path) -> Iterator[Services]:
    with a_house_to_act_in(tmp_path) as services:
        yield services


def report(seen, note, pasted="https://weibo.com/1/Habc12345"):
    seen.text_area(key="koubei-lead-note-0").input(note)
    seen.text_area(key="koubei-lead-pasted-0").input(pasted)
    return seen.button(key="koubei-do-lead").click().run()


def leads(services):
    with services.begin_reading() as work:
        return [*work.leads.in_state(LeadState.RECEIVED), *work.leads.in_state(LeadState.IN_CASE)]


def test_an_employee_reports_and_is_told_not_to_answer(acting, visit):
    seen = visit(acting, "lead", login="registrar")
    assert DO_NOT in words_of(seen)
    seen = report(seen, "同事群里在传的帖子")
    said = words_of(seen)
    assert "已收到，谢谢" in said
    assert "同事群里在传的帖子" in said
    assert "已收到" in said
    (lead,) = leads(acting)
    assert lead.reporter_id == "registrar"
    assert seen.text_area(key="koubei-lead-note-1").value == ""


def test_nothing_is_refused_with_what_to_do_and_nothing_is_lost(acting, visit):
    seen = visit(acting, "lead", login="registrar")
    seen = report(seen, "", pasted="")
    assert "请粘贴链接或上传截图" in words_of(seen)
    assert not leads(acting)


def test_an_employee_sees_only_their_own_leads_and_no_desk(acting, visit):
    report(visit(acting, "lead", login="registrar"), "这是登记员报的")
    said = words_of(visit(acting, "lead", login="ethics"))
    assert "这是登记员报的" not in said
    assert "待研判的线索" not in said
    assert "您还没有报过线索" in said


def test_the_desk_makes_a_case_of_a_lead_and_the_reporter_sees_it(acting, visit):
    report(visit(acting, "lead", login="registrar"), "门店排队打架的视频")
    (lead,) = leads(acting)
    seen = visit(acting, "lead", login="analyst")
    seen.button(key=f"koubei-do-promote-{lead.id}").click().run()
    (lead,) = leads(acting)
    assert lead.case_id
    said = words_of(visit(acting, "lead", login="registrar"))
    assert "处理中" in said


def test_setting_a_lead_aside_needs_a_reason(acting, visit):
    report(visit(acting, "lead", login="registrar"), "无关的帖子")
    (lead,) = leads(acting)
    seen = visit(acting, "lead", login="analyst")
    seen = seen.button(key=f"koubei-do-dismiss-{lead.id}").click().run()
    assert "未填写理由" in words_of(seen)
    seen.text_input(key=f"koubei-dismiss-{lead.id}").input("说的是另一家公司")
    seen.button(key=f"koubei-do-dismiss-{lead.id}").click().run()
    assert not leads(acting)
    assert "已核，无需处理" in words_of(visit(acting, "lead", login="registrar"))


def test_hostile_texts_are_only_text(acting, visit):
    for text in HOSTILE:
        report(visit(acting, "lead", login="registrar"), text[:1_900], pasted="")
    seen = visit(acting, "lead", login="analyst")
    said = words_of(seen) + words_of(visit(acting, "lead", login="registrar"))
    for live in ("<script>document", "<img src=x", "<style>*{", 'href="javascript'):
        assert live not in said
    labels = "".join(expander.label for expander in seen.expander)
    assert "![图](" not in labels
    assert ":material/warning:" not in labels
