"""The report sheet: made of what is known, silent about what is not."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from delivery.case_mail import render_case
from domain.account import Account, Role
from domain.brand import DEFAULT_CLOCKS, Level
from domain.case import CaseState, UpwardReport, UpwardState
from domain.case_notice import CaseMail, NoticeKind
from domain.clocks import clocks_of, fixed_policy
from domain.fact_sheet import Claim, Evidence, FactSheet, Verdict
from domain.work_calendar import WorkCalendar
from monitoring.upward_sheet import SheetFacts, write_sheet
from tests.fakes import NOON
from tests.fixtures.case_trails import a_case, a_trail
from tests.fixtures.signals import a_signal

HOUR = timedelta(hours=1)
ZONE = ZoneInfo("Asia/Shanghai")


def facts(**changes: object) -> SheetFacts:
    case = a_case()
    trail = a_trail(case.id, [(timedelta(0), "case.opened", CaseState.NEW, Level.ORANGE)])
    now = NOON + HOUR
    found = SheetFacts(
        case=case,
        brand_name="云栈茶饮",
        signals=(a_signal(),),
        clocks=clocks_of(case, trail, fixed_policy(DEFAULT_CLOCKS), WorkCalendar(), now),
        mention_count=47,
        now=now,
        zone=ZONE,
    )
    return replace(found, **changes)  # type: ignore[arg-type]


def test_the_sheet_has_its_five_parts():
    sheet = write_sheet(facts())
    assert sheet.what == "云栈茶饮：云栈奶茶 异物（橙色，建议级别，待确认）"
    assert sheet.origin.startswith("2026-11-21 02:12 微博用户 王**：「今晚在云栈茶饮点的杨枝甘露")
    assert "最近一小时负面 47 条，平时约 7.6 条，39 位作者，峰值 47 条" in sheet.spread
    assert "工单内共 47 条提及" in sheet.spread
    assert "核实单：尚未填写" in sheet.done
    assert "已超时：认领、上报值班长、上报分管领导" in sheet.done
    assert "事实未核实前不说明原因" in sheet.advice
    assert "2026-11-20 16:00 前首次回应，或书面决定不回应" in sheet.advice


def test_what_is_not_known_is_said_to_be_unknown():
    sheet = write_sheet(facts(signals=(), clocks=(), mention_count=0))
    assert sheet.origin == "首发内容未知"
    assert sheet.spread == "暂无可用数字"
    lead = write_sheet(facts(signals=(), case=a_case(lead_ids=("L-1",))))
    assert "员工线索" in lead.origin


def test_what_was_verified_is_told_line_by_line():
    claims = (
        Claim(1, "奶茶里有塑料片", Verdict.TRUE, "", (Evidence("照片"),)),
        Claim(2, "有人住院", Verdict.UNVERIFIABLE, "联系不上"),
    )
    sheet = write_sheet(facts(case=a_case(fact_sheet=FactSheet(claims))))
    assert "2 项说法，已核实 2 项" in sheet.done
    assert "· 奶茶里有塑料片：属实" in sheet.done
    assert "· 有人住院：无法核实" in sheet.done
    assert "只可发布情况说明" in sheet.advice


def test_a_count_that_was_not_fully_seen_is_at_least():
    signal = a_signal()
    partly = replace(signal, figures=replace(signal.figures, lower_bound=True))
    assert "负面 ≥ 47 条" in write_sheet(facts(signals=(partly,))).spread


def test_the_sheet_can_be_sent_as_it_is():
    sheet = write_sheet(facts())
    upward = UpwardReport(UpwardState.SENT, sheet=sheet, sent_at=NOON)
    mail = CaseMail(
        kind=NoticeKind.UPWARD_REPORT,
        case=a_case(upward=upward),
        actor="李分析",
        comment="",
        brand_name="云栈茶饮",
        zone_name="Asia/Shanghai",
        public_url="https://koubei.example",
    )
    rendered = render_case(mail, READER)
    for said in ("什么事", "从何来", "扩散", "已做", "建议", "已阅", "峰值 47 条", "核实单"):
        assert said in rendered.text
        assert said in rendered.html


READER = Account("zhao", "zhao", "赵总", frozenset({Role.APPROVER_L2}), NOON, "zhao@example.org")


def test_what_people_typed_is_only_words():
    hostile = "<img src=x> https://evil.example \u202e\r\nBcc: x@example.org"
    sheet = write_sheet(facts(case=a_case(title=hostile, summary=hostile), brand_name="云栈"))
    assert "https://evil.example" not in sheet.what
    assert "\u202e" not in sheet.what
    assert sheet.what.count("\n") == 1
