"""工单详情 as a person sees it in every stage, and what their clicks do."""

from collections.abc import Iterator

import pytest

from domain import case_moves as moves
from domain.brand import Level
from domain.case import CaseState
from domain.fact_sheet import Verdict
from runtime.wiring import Services
from tests.dashboard_house import HOSTILE
from tests.fixtures.cases import TEXT
from tests.unit.dashboard.conftest import words_of
from tests.unit.dashboard.desk_house import CASE, a_house_to_act_in, journey


@pytest.fixture
def acting(tmp_path) -> Iterator[Services]:
    with a_house_to_act_in(tmp_path) as services:
        yield services


@pytest.fixture
def drive(acting):
    """Return a journey whose time the house's clock follows."""
    return journey(acting)


def case_of(services):
    with services.begin_reading() as work:
        return work.cases.get(CASE)


def open_page(services, visit, drive, who):
    services.clock.time = drive.at
    return visit(services, "case", login=who, id=CASE)


def press(seen, name):
    return seen.button(key=f"koubei-do-{name}").click().run()


def type_into(seen, name, text):
    boxes = {box.key: box for box in (*seen.text_area, *seen.text_input)}
    boxes[f"koubei-typed-{CASE}-{name}"].input(text)


STAGES = (
    ("open", "analyst", "认领"),
    ("triage", "analyst", "确认定级"),
    ("verifying", "verifier", "保存核实单"),
    ("drafting", "drafter", "保存拟稿"),
    ("drafted", "drafter", "提交审批"),
    ("in_review", "approver_l1", "通过"),
    ("approved", "publisher", "登记发布"),
    ("responded", "duty_lead", "办结"),
    ("resolved", "analyst", "保存复盘"),
    ("on_hold", "analyst", "恢复处理"),
    ("observing", "duty_lead", "办结"),
)


@pytest.mark.parametrize(("state", "who", "button"), STAGES)
def test_each_stage_has_its_one_form_and_only_that(acting, drive, visit, state, who, button):
    getattr(drive, state)(brand_id="yunzhan")
    seen = open_page(acting, visit, drive, who)
    assert not seen.exception
    labels = [each.label for each in seen.button]
    assert button in labels
    others = {b for _, _, b in STAGES} - {button}
    first = labels[: labels.index(button) + 1]
    assert not (set(first) & others - {"保存拟稿", "保存核实单"})


@pytest.mark.parametrize("state", ["closed", "false_alarm", "merged"])
def test_what_is_over_is_only_read(acting, drive, visit, state):
    getattr(drive, state)(brand_id="yunzhan")
    with acting.begin_reading() as work:
        over = next(
            c for c in (work.cases.get(f"C-20261120-0{n}") for n in (1, 2)) if not c.state.is_active
        )
    acting.clock.time = drive.at
    seen = visit(acting, "case", login="auditor", id=over.id)
    assert not seen.exception
    assert "已结束" in words_of(seen)
    assert not [b for b in seen.button if not b.label.startswith("准备")]


def test_who_is_not_asked_reads_who_is(acting, drive, visit):
    drive.verifying(brand_id="yunzhan")
    said = words_of(open_page(acting, visit, drive, "drafter"))
    assert "由 核实人 操作" in said


def test_the_grade_is_confirmed_with_what_was_suggested(acting, drive, visit):
    drive.triage(brand_id="yunzhan", level=Level.ORANGE)
    seen = press(open_page(acting, visit, drive, "analyst"), "grade")
    assert case_of(acting).grade_confirmed
    assert "已定为橙色" in words_of(seen)
    assert "上报" in words_of(seen)


def test_claims_are_written_a_line_each_then_proven(acting, drive, visit):
    drive.verifying(brand_id="yunzhan")
    seen = open_page(acting, visit, drive, "verifier")
    type_into(seen, "facts-more-0", "杯里有虫\n\n  用了过期原料 ")
    seen = press(seen, "facts-save")
    claims = case_of(acting).fact_sheet.claims
    assert [claim.statement for claim in claims] == ["杯里有虫", "用了过期原料"]
    refused = words_of(press(seen, "facts-submit"))
    assert "2 条未核实" in refused
    for claim in claims:
        seen.get("button_group")[claim.number - 1].set_value(Verdict.FALSE.value)
        type_into(seen, f"finding-{claim.number}", "监控与留样均无")
        type_into(seen, f"evidence-{claim.number}-0", "门店监控")
    press(seen, "facts-submit")
    case = case_of(acting)
    assert case.state is CaseState.DRAFTING
    assert {claim.checked_by for claim in case.fact_sheet.claims} == {"verifier"}


def test_self_approval_is_refused_with_its_reason(acting, drive, visit):
    case = drive.drafting(brand_id="yunzhan")
    case = drive.do(case, "writes-and-approves", moves.SaveDraft(TEXT))
    drive.do(case, "drafter", moves.SubmitDraft())
    seen = press(open_page(acting, visit, drive, "writes-and-approves"), "approve")
    assert "拟稿人不能批准自己的稿件" in words_of(seen)
    assert "请另一位审批人批准" in words_of(seen)
    assert case_of(acting).state is CaseState.IN_REVIEW


def test_another_person_approves_exactly_what_is_shown(acting, drive, visit):
    drive.in_review(brand_id="yunzhan")
    seen = open_page(acting, visit, drive, "approver_l1")
    assert TEXT in words_of(seen)
    press(seen, "approve")
    (approval,) = case_of(acting).approvals
    assert approval.text_sha256 == case_of(acting).draft.sha256
    assert case_of(acting).state is CaseState.APPROVED


def test_an_approved_text_that_changes_is_approved_no_more(acting, drive, visit):
    drive.approved(brand_id="yunzhan")
    seen = open_page(acting, visit, drive, "drafter")
    seen.get("button_group")[0].set_value("SaveDraft").run()
    assert "保存修改会作废已有的批准" in words_of(seen)
    type_into(seen, "draft", TEXT + "\n感谢监督。")
    seen = press(seen, "draft-save")
    case = case_of(acting)
    assert case.state is CaseState.DRAFTING
    assert case.approvals == ()
    assert "感谢监督" in words_of(seen)  # the comparison of both versions


def test_findings_of_the_check_stand_beside_the_draft(acting, drive, visit):
    case = drive.drafting(brand_id="yunzhan")
    drive.do(case, "drafter", moves.SaveDraft("我们是全国最好的奶茶，【填：日期】前公布。"))
    said = words_of(open_page(acting, visit, drive, "drafter"))
    assert "填空未完成" in said
    assert "绝对化用语" in said
    assert "<mark>【填：日期】</mark>" in said


def test_a_text_that_differs_from_the_approved_is_not_recorded(acting, drive, visit):
    drive.approved(brand_id="yunzhan")
    seen = open_page(acting, visit, drive, "publisher")
    type_into(seen, "publish-url", "https://weibo.com/1/abc")
    type_into(seen, "publish-live", "别的文字")
    seen = press(seen, "publish")
    assert "线上文字与批准的文字不一致" in words_of(seen)
    type_into(seen, "publish-live", TEXT)
    press(seen, "publish")
    assert case_of(acting).state is CaseState.RESPONDED


def test_whoever_was_faster_is_named_and_what_was_typed_stays(acting, drive, visit):
    case = drive.drafted(brand_id="yunzhan")
    seen = open_page(acting, visit, drive, "drafter")
    type_into(seen, "draft", "我写的第二版，客服 400-000-0000")
    drive.do(case, "writes-and-approves", moves.SaveDraft("别人写的第二版，客服 400-000-0000"))
    seen = press(seen, "draft-save")
    said = words_of(seen)
    assert "writes-and-approves" in said
    assert "您填写的内容都在" in said
    assert case_of(acting).draft.text.startswith("别人写的")
    kept = {box.key: box.value for box in seen.text_area}
    assert kept[f"koubei-typed-{CASE}-draft"].startswith("我写的")
    press(seen, "draft-save")  # having seen it, the second click is meant
    assert case_of(acting).draft.text.startswith("我写的")
    assert len(case_of(acting).drafts) == 3


def test_what_was_typed_is_kept_when_its_form_is_gone(acting, drive, visit):
    case = drive.drafted(brand_id="yunzhan")
    seen = open_page(acting, visit, drive, "drafter")
    type_into(seen, "draft", "还没有保存的一段话，客服 400-000-0000")
    drive.do(case, "writes-and-approves", moves.SubmitDraft())
    said = words_of(press(seen, "draft-save"))
    assert "已被 writes-and-approves 于" in said
    assert case_of(acting).state is CaseState.IN_REVIEW
    assert "您刚才填写、尚未提交的内容" in said
    assert "还没有保存的一段话" in said


def test_a_field_nobody_typed_into_follows_what_is_stored(acting, drive, visit):
    case = drive.drafted(brand_id="yunzhan")
    seen = open_page(acting, visit, drive, "drafter")
    drive.do(case, "writes-and-approves", moves.SaveDraft("别人写的第二版，客服 400-000-0000"))
    seen.run()
    kept = {box.key: box.value for box in seen.text_area}
    assert kept[f"koubei-typed-{CASE}-draft"].startswith("别人写的")


def test_a_double_click_is_one_act(acting, drive, visit):
    drive.triage(brand_id="yunzhan")
    seen = open_page(acting, visit, drive, "analyst")
    seen.get("button_group")[-1].set_value("Note").run()
    type_into(seen, "note-2", "已电话联系门店")
    seen = press(seen, "note")
    with acting.begin_reading() as work:
        rows = work.audit.of(CASE)
    assert [row.action for row in rows].count("case.noted") == 1
    assert "已电话联系门店" in words_of(seen)


def test_the_clocks_and_the_road_are_shown(acting, drive, visit):
    drive.drafting(brand_id="yunzhan")
    said = words_of(open_page(acting, visit, drive, "drafter"))
    assert "首次回应" in said
    assert '<li class="kb-now-stage" aria-current="step">拟稿</li>' in said
    assert '<li class="kb-done-stage">核实</li>' in said


def test_an_upward_report_is_noted_as_read_by_its_reader(acting, drive, visit):
    drive.graded(brand_id="yunzhan", level=Level.ORANGE)
    seen = open_page(acting, visit, drive, "duty_lead")
    assert "上报给您" in words_of(seen)
    seen = press(seen, "receipt")
    assert [each.account_id for each in case_of(acting).upward.receipts] == ["duty_lead"]
    assert "上报给您" not in words_of(seen)


def test_a_trail_is_handed_out_to_who_may_read_it_and_that_is_noted(acting, drive, visit):
    drive.triage(brand_id="yunzhan")
    seen = press(open_page(acting, visit, drive, "auditor"), "audit.jsonl")
    assert "处理记录已备好" in words_of(seen)
    with acting.begin_reading() as work:
        assert work.audit.of(CASE)[-1].action == "audit.exported"
    labels = [b.label for b in open_page(acting, visit, drive, "drafter").button]
    assert "准备处理记录" not in labels


def test_the_evidence_is_packed_and_that_is_noted(acting, drive, visit):
    drive.triage(brand_id="yunzhan")
    seen = press(open_page(acting, visit, drive, "analyst"), "evidence.zip")
    assert "证据包已备好" in words_of(seen)
    assert not seen.exception
    with acting.begin_reading() as work:
        assert work.audit.of(CASE)[-1].action == "case.evidence_exported"


def test_hostile_texts_are_only_text(acting, drive, visit):
    for number, text in enumerate(HOSTILE):
        case = drive.open(brand_id="yunzhan", title=text[:100], summary=text)
        case = drive.do(case, "analyst", moves.Take())
        drive.do(case, "analyst", moves.Note(text))
        acting.clock.time = drive.at
        seen = visit(acting, "case", login="analyst", id=case.id)
        said = words_of(seen)
        assert not seen.exception, number
        for live in ("<script>document", "<img src=x", "<style>*{", 'href="javascript'):
            assert live not in said


def test_an_unknown_number_says_what_to_do(furnished, visit):
    assert "没有这个工单" in words_of(visit(furnished, "case", id="C-1"))
    assert "没有这个工单" in words_of(visit(furnished, "case"))
