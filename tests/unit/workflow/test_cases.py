"""workflow/cases.py: every move checked, audited and told in one transaction."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import Engine

from domain import case_moves as moves
from domain.account import AccountState, Role
from domain.approval import ApprovalMode, Deputy
from domain.audit import first_broken
from domain.brand import Level
from domain.case import (
    CaseKind,
    CaseQuery,
    CaseState,
    FalseAlarmCategory,
    Satisfaction,
    UpwardSheet,
    UpwardState,
)
from domain.case_policy import CasePolicy
from domain.draft import Authorship, DraftKind, Finding, Importance
from domain.errors import CaseChanged, NotPermitted
from domain.fact_sheet import Claim, Evidence, Verdict
from domain.ports import BeginWork
from domain.signal import SignalState
from storage.sql.database import begin_work, open_database
from tests.contract.workflow_store import a_signal
from tests.fakes import NOON
from tests.fixtures.cases import (
    HOUR,
    TEXT,
    Journey,
    a_desk,
    account_for,
    add_everyone,
    approval_of,
    proven,
)
from tests.fixtures.databases import new_workflow_database
from workflow.case_bulk import act_on_many, undo
from workflow.case_routine import tick
from workflow.cases import Opening, act, open_case, possible
from workflow.handling import join_open_case

S = CaseState


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cases") / "template.db"
    engine = new_workflow_database(path)
    add_everyone(begin_work(engine))
    engine.dispose()  # the last one out folds the write-ahead log into the file
    return path


@pytest.fixture
def engine(template: Path, tmp_path: Path) -> Iterator[Engine]:
    path = tmp_path / "workflow.db"
    path.write_bytes(template.read_bytes())
    engine = open_database(f"sqlite:///{path}")
    yield engine
    engine.dispose()


@pytest.fixture
def begin(engine: Engine) -> BeginWork:
    return begin_work(engine)


@pytest.fixture
def journey(begin: BeginWork) -> Journey:
    return Journey(begin)


def refusal(journey: Journey, case, who, command) -> str:
    """Return the Chinese sentence with which a command is refused; nothing may have changed."""
    with pytest.raises(NotPermitted) as refused:
        journey.do(case, who, command)
    with journey.begin() as work:
        assert work.cases.get(case.id) == case
    assert refused.value.mend.zh
    assert refused.value.mend.en.isascii()
    return refused.value.text.zh


def test_a_case_goes_from_the_alarm_to_the_archive(journey):
    case = journey.closed(level=Level.ORANGE)
    assert case.state is S.CLOSED
    assert case.response is not None
    assert [a.role for a in case.response.approvals] == [Role.LEGAL, Role.APPROVER_L2]
    with journey.begin() as work:
        trail = work.audit.of(case.id)
        assert first_broken(work.audit.rows()) is None
    states = [json.loads(row.payload)["to"] for row in trail]
    assert list(dict.fromkeys(states)) == [
        "new", "triage", "verifying", "drafting", "in_review", "approved", "responded",
        "resolved", "closed",
    ]  # fmt: skip
    for earlier, later in pairwise(trail):
        before, after = json.loads(earlier.payload), json.loads(later.payload)
        assert before["after"] == after["before"]
        assert before["version"] + 1 == after["version"]
        assert after["clause"]
        assert after["role"]


# opening


def test_two_people_who_open_a_case_of_one_signal_get_the_same_case(journey):
    first = journey.open(signal_ids=("A-1",))
    second = journey.open(signal_ids=("A-1",), mention_ids=("weibo:1",))
    assert (second.id, second.mention_ids) == (first.id, ("weibo:1",))


def test_a_signal_whose_case_is_archived_asks_for_reopening(journey):
    case = journey.closed(signal_ids=())
    case = journey.do(case, "duty_lead", moves.Reopen("新线索"))
    case = journey.do(case, "analyst", moves.Attach(signal_ids=("A-7",)))
    case = journey.do(case, "duty_lead", moves.MarkFalseAlarm(FalseAlarmCategory.OTHER, "另一品牌"))
    with pytest.raises(NotPermitted, match="reopen"):
        journey.open(signal_ids=("A-7",))


def test_a_double_click_opens_one_case(begin):
    opening = Opening("cha", "异物", Level.BLUE)
    cases = [
        open_case(begin, "analyst", opening, at=NOON, desk=a_desk(), action_id="click-1")
        for _ in range(2)
    ]
    assert cases[0] == cases[1]


def test_only_the_desk_opens_cases_but_everybody_brings_leads(begin):
    opening = Opening("cha", "异物", Level.BLUE)
    with pytest.raises(NotPermitted):
        open_case(begin, "publisher", opening, at=NOON, desk=a_desk())
    lead = replace(opening, lead_ids=("L-1",))
    assert open_case(begin, "publisher", lead, at=NOON, desk=a_desk()).lead_ids == ("L-1",)
    complaint = replace(opening, kind=CaseKind.COMPLAINT)
    assert open_case(begin, "complaint_agent", complaint, at=NOON, desk=a_desk()).id


def test_a_grave_suggestion_owes_a_report_at_once(journey):
    case = journey.open(level=Level.RED)
    assert case.upward.state is UpwardState.DUE
    assert case.due_at == NOON + timedelta(minutes=10)


# in hand


def test_a_lease_holds_fifteen_minutes_and_its_owner_renews_it(journey, begin):
    case = journey.triage()
    assert case.lease_until == journey.at + timedelta(minutes=15)
    assert "正由他人处理" in refusal(journey, case, "duty_lead", moves.Take())
    case = journey.do(case, "analyst", moves.Take())
    journey.at += timedelta(minutes=20)
    case = journey.do(case, "duty_lead", moves.Take())
    assert case.owner_id == "duty_lead"


def test_what_was_taken_and_not_worked_on_goes_back(journey):
    case = journey.triage()
    assert "尚未到期" in refusal(journey, case, None, moves.Release())
    journey.at += timedelta(minutes=15)
    case = journey.do(case, None, moves.Release("认领超时"))
    assert (case.state, case.owner_id) == (S.NEW, "")
    assert "不能退回" in refusal(journey, journey.graded(), "analyst", moves.Release())


def test_an_assignment_is_told_by_mail_and_only_to_who_can_work_on_it(journey, begin):
    case = journey.open()
    assert "没有所需角色" in refusal(journey, case, "duty_lead", moves.Assign("auditor"))
    case = journey.do(case, "duty_lead", moves.Assign("verifier"))
    with begin() as work:
        mails = work.outbox.recent()
    assert [(mail.recipient, mail.kind) for mail in mails] == [("verifier@example.com", "case")]


# grade and report


def test_a_grade_falls_only_by_the_duty_lead_with_a_reason(journey):
    case = journey.triage(level=Level.ORANGE)
    assert "值班长" in refusal(journey, case, "analyst", moves.ConfirmGrade(Level.BLUE, "小"))
    assert "降级理由" in refusal(journey, case, "duty_lead", moves.ConfirmGrade(Level.BLUE))
    case = journey.do(case, "duty_lead", moves.ConfirmGrade(Level.BLUE, "旧闻翻炒"))
    assert case.upward.state is UpwardState.NOT_DUE


def test_red_and_orange_are_reported_before_anything_goes_on(journey, begin):
    case = journey.triage(level=Level.RED)
    case = journey.do(case, "analyst", moves.ConfirmGrade(Level.RED))
    assert "上报单尚未发出" in refusal(journey, case, "analyst", moves.BeginVerification())
    report = moves.ReportUpward(UpwardSheet("异物"), ("duty_lead", "approver_l3"))
    case = journey.do(case, "analyst", report)
    with begin() as work:
        told = {mail.recipient for mail in work.outbox.recent()}
        trail = work.audit.of(case.id)
    assert told == {"duty_lead@example.com", "approver_l3@example.com"}
    assert len(json.loads(trail[-1].payload)["outbox"]) == 2
    assert "没有发给您" in refusal(journey, case, "approver_l2", moves.NoteReceipt())
    case = journey.do(case, "approver_l3", moves.NoteReceipt())
    assert case.upward.state is UpwardState.READ
    assert case.upward.receipts[0].account_id == "approver_l3"
    assert journey.do(case, "analyst", moves.BeginVerification()).state is S.VERIFYING


def test_a_graver_level_owes_a_new_report_and_voids_approvals(journey):
    case = journey.approved(level=Level.YELLOW)
    case = journey.do(case, "publisher", moves.Regrade(Level.ORANGE, "上了热搜"))
    assert (case.state, case.approvals) == (S.IN_REVIEW, ())
    assert [step.roles for step in case.chain] == [(Role.LEGAL,), (Role.APPROVER_L2,)]
    assert case.upward.state is UpwardState.DUE


def test_a_lower_level_keeps_the_stricter_approvals(journey):
    case = journey.approved(level=Level.ORANGE)
    lower = journey.do(case, "duty_lead", moves.Regrade(Level.BLUE, "热度很低"))
    assert (lower.state, lower.approvals, lower.valid_until) == (
        S.APPROVED,
        case.approvals,
        case.valid_until,
    )


def test_a_grade_that_falls_and_rises_again_is_approved_again(journey):
    case = journey.approved(level=Level.RED)
    case = journey.do(case, "duty_lead", moves.Regrade(Level.BLUE, "看错了"))
    case = journey.do(case, "analyst", moves.Regrade(Level.RED, "没看错"))
    assert (case.state, case.review_step, case.approvals) == (S.IN_REVIEW, 0, ())


# facts


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ((), "核实单还是空的"),
        ((proven(1), Claim(2, "店员辱骂顾客"), Claim(3, "拒绝退款")), "还有 2 条未核实"),
        ((Claim(1, "有异物", Verdict.TRUE),), "1 条结论没有依据"),
        ((Claim(1, "有异物", Verdict.UNVERIFIABLE),), "1 条结论没有依据"),
    ],
)
def test_an_incomplete_fact_sheet_says_what_is_missing(journey, claims, told):
    case = journey.verifying()
    if claims:
        case = journey.do(case, "verifier", moves.SaveFactSheet(claims))
    assert told in refusal(journey, case, "verifier", moves.SubmitFactSheet())


def test_the_accused_unit_does_not_verify_alone(journey):
    own = Claim(1, "有异物", Verdict.FALSE, "没有", (Evidence("店长说明", unit="三里屯店"),))
    case = journey.verifying()
    case = journey.do(case, "verifier", moves.SaveFactSheet((own,), "三里屯店"))
    assert "被指部门" in refusal(journey, case, "verifier", moves.SubmitFactSheet())
    other = replace(own, evidence=(*own.evidence, Evidence("质检报告", unit="质检部")))
    case = journey.do(case, "verifier", moves.SaveFactSheet((other,), "三里屯店"))
    assert journey.do(case, "verifier", moves.SubmitFactSheet()).state is S.DRAFTING


def test_who_checked_a_line_is_not_for_the_filler_to_say(journey):
    forged = replace(proven(), checked_by="approver_l3", checked_at=NOON - HOUR)
    case = journey.do(journey.verifying(), "verifier", moves.SaveFactSheet((forged,)))
    claim = case.fact_sheet.claims[0]
    assert (claim.checked_by, claim.checked_at) == ("verifier", journey.at)
    again = journey.do(case, "verifier", moves.SaveFactSheet((claim, proven(2))))
    assert again.fact_sheet.claims[0] == claim


def test_an_unverifiable_claim_allows_only_a_holding_statement(journey):
    case = journey.drafting(Claim(1, "有异物", Verdict.UNVERIFIABLE, "调了监控，看不清"))
    case = journey.do(case, "drafter", moves.SaveDraft(TEXT))
    assert "只能使用声明稿" in refusal(journey, case, "drafter", moves.SubmitDraft())
    case = journey.do(case, "drafter", moves.SaveDraft(TEXT, DraftKind.HOLDING))
    assert journey.do(case, "drafter", moves.SubmitDraft()).state is S.IN_REVIEW


# drafts and approval


def test_findings_are_mended_or_overridden_with_a_reason(begin):
    journey = Journey(begin, a_desk(check_draft=lambda d, c: (Finding("superlative", "最"),)))
    case = journey.drafted()
    assert "1 处问题" in refusal(journey, case, "drafter", moves.SubmitDraft())
    case = journey.do(case, "drafter", moves.SubmitDraft("引用网友原话"))
    assert case.override is not None
    assert case.override.findings[0].code == "superlative"


def test_nobody_approves_their_own_words_not_even_a_comma_of_them(journey):
    case = journey.drafted()
    case = journey.do(case, "writes-and-approves", moves.SaveDraft(TEXT + "。"))
    case = journey.do(case, "drafter", moves.SaveDraft(TEXT))
    case = journey.do(case, "drafter", moves.SubmitDraft())
    assert "自己的稿件" in refusal(journey, case, "writes-and-approves", approval_of(case))
    assert journey.approve(case).state is S.APPROVED


def test_an_approval_is_of_exactly_what_was_read(journey):
    case = journey.in_review()
    other = moves.Approve("0" * 64, case.fact_sheet.sha256)
    assert "有改动" in refusal(journey, case, "approver_l1", other)


def test_editing_the_text_or_the_sheet_voids_all_approvals(journey):
    case = journey.approved()
    edited = journey.do(case, "drafter", moves.SaveDraft(TEXT + "！"))
    assert (edited.state, edited.approvals, edited.chain) == (S.DRAFTING, (), ())
    case = journey.approved()
    sheet = moves.SaveFactSheet((proven(), proven(2, Verdict.TRUE)))
    edited = journey.do(case, "verifier", sheet)
    assert (edited.state, edited.approvals) == (S.DRAFTING, ())
    case = journey.approved()
    open_line = moves.SaveFactSheet((proven(), Claim(2, "还有一只虫")))
    assert journey.do(case, "verifier", open_line).state is S.VERIFYING


def test_saving_the_same_text_does_not_void_anything(journey):
    case = journey.approved()
    assert "没有变化" in refusal(journey, case, "drafter", moves.SaveDraft(TEXT))


def test_a_return_needs_a_comment_and_goes_to_the_writers(journey, begin):
    case = journey.in_review()
    assert "退回意见" in refusal(journey, case, "approver_l1", moves.Return(" "))
    assert "这一步等待" in refusal(journey, case, "approver_l2", moves.Return("改"))
    case = journey.do(case, "approver_l1", moves.Return("请写明核查时间"))
    assert case.state is S.DRAFTING
    with begin() as work:
        last = work.outbox.recent(20)
    returned = [m for m in last if m.rendered.subject.startswith("returned")]
    assert {m.recipient for m in returned} == {"drafter@example.com", "analyst@example.com"}
    assert returned[0].rendered.text == "请写明核查时间"


@pytest.mark.parametrize(
    ("level", "hours"),
    [(Level.RED, 2), (Level.ORANGE, 4), (Level.YELLOW, 24), (Level.BLUE, 72)],
)
def test_an_approval_grows_old_by_its_level(journey, begin, level, hours):
    case = journey.approved(level=level)
    publish = moves.RecordPublication("https://weibo.com/1/a", TEXT)
    assert case.valid_until == journey.at + hours * HOUR
    early = journey.at + hours * HOUR - timedelta(seconds=1)
    assert tick(begin, at=early, desk=journey.desk) == []
    journey.at += hours * HOUR
    assert "批准已过期" in refusal(journey, case, "publisher", publish)
    (late,) = tick(begin, at=journey.at, desk=journey.desk)
    assert (late.state, late.approvals) == (S.IN_REVIEW, ())


def test_an_outside_writer_passes_both_heads_two_persons(journey):
    command = moves.SaveDraft(TEXT, authorship=Authorship.EXTERNAL)
    case = journey.do(journey.drafting(), "drafter", command)
    case = journey.do(case, "drafter", moves.SubmitDraft())
    assert case.chain[0].mode is ApprovalMode.ALL
    case = journey.approve(case, "approver_l1")
    assert case.state is S.IN_REVIEW
    assert "已批准这一步" in refusal(journey, case, "approver_l1", approval_of(case))
    assert journey.approve(case, "approver_l2").state is S.APPROVED


def test_sensitive_words_go_to_the_top_and_an_emergency_sends_all_there(journey, begin):
    command = moves.SaveDraft(TEXT, importance=Importance.SENSITIVE)
    case = journey.do(journey.drafting(), "drafter", command)
    case = journey.do(case, "drafter", moves.SubmitDraft())
    assert [step.roles[0] for step in case.chain] == [Role.APPROVER_L1, Role.APPROVER_L3]
    policy = CasePolicy(emergency=True)
    urgent = Journey(begin, a_desk(policy_of=lambda work, at: policy))
    chain = urgent.in_review(level=Level.BLUE).chain
    assert [step.roles[0] for step in chain] == [Role.APPROVER_L1, Role.APPROVER_L3]


def test_a_deputy_approves_for_a_time_and_the_trail_says_so(begin):
    deputy = Deputy(Role.APPROVER_L1, "publisher", NOON, NOON + HOUR)
    policy = CasePolicy(deputies=(deputy,))
    journey = Journey(begin, a_desk(policy_of=lambda work, at: policy))
    case = journey.in_review()
    approved = journey.approve(case, "publisher")
    assert approved.approvals[0].as_deputy
    journey.at = NOON + 2 * HOUR
    case = journey.in_review()
    assert "您的角色不能" in refusal(journey, case, "publisher", approval_of(case))


def test_rival_replies_to_one_post_need_a_choice(journey, begin):
    first = journey.in_review(mention_ids=("weibo:1",))
    second = journey.in_review(mention_ids=("weibo:1", "weibo:2"))
    assert first.id in refusal(journey, second, "approver_l1", approval_of(second))
    chosen = replace(approval_of(second), conflict=moves.ConflictChoice.REJECT_OTHERS)
    assert journey.do(second, "approver_l1", chosen).state is S.APPROVED
    with begin() as work:
        rejected = work.cases.get(first.id)
        last = work.audit.of(first.id)[-1]
    assert rejected is not None
    assert rejected.state is S.DRAFTING
    assert (last.action, last.actor) == ("case.gave_way", "system:cases")


def test_rival_replies_may_stand_side_by_side(journey, begin):
    first = journey.in_review(mention_ids=("weibo:1",))
    second = journey.in_review(mention_ids=("weibo:1",))
    chosen = replace(approval_of(second), conflict=moves.ConflictChoice.KEEP_OTHERS)
    assert journey.do(second, "approver_l1", chosen).state is S.APPROVED
    with begin() as work:
        assert work.cases.get(first.id) == first


# publication and after


def test_what_is_published_is_what_was_approved(journey):
    case = journey.approved()
    url = "https://weibo.com/1/a"
    wrong = moves.RecordPublication(url, TEXT.replace("18", "20"))
    assert "不一致" in refusal(journey, case, "publisher", wrong)
    unread = moves.RecordPublication(url)
    assert "未能比对的原因" in refusal(journey, case, "publisher", unread)
    for bad in ("javascript:alert(1)", "weibo.com/1", "https://内 网/", "http://[::1", ""):
        assert "http(s)" in refusal(journey, case, "publisher", moves.RecordPublication(bad, TEXT))
    spaced = moves.RecordPublication(url, f"\r\n{TEXT}  \r\n")
    case = journey.do(case, "publisher", spaced)
    assert case.response is not None
    assert case.drafts[case.response.draft_number - 1].sha256 == case.response.text_sha256


def test_a_named_publisher_is_the_only_one(journey):
    case = journey.approved()
    case = journey.do(case, "duty_lead", moves.NamePublisher("publisher"))
    assert (
        journey.do(case, "publisher", moves.RecordPublication("https://weibo.com/1/a", TEXT)).state
        is S.RESPONDED
    )
    case = journey.approved()
    assert "角色" in refusal(journey, case, "duty_lead", moves.NamePublisher("drafter"))


def test_a_case_is_resolved_only_after_a_quiet_watch(journey, begin):
    signal = a_signal(1, state=SignalState.OPEN)
    with begin() as work:
        work.signals.add(signal)
        work.commit()
    case = journey.responded(signal_ids=(signal.id,))
    journey.at += 1000 * HOUR
    assert "观察期未满" in refusal(journey, case, "duty_lead", moves.Resolve())
    with begin() as work:
        work.signals.save(replace(signal, state=SignalState.CLOSED, closed_at=journey.at))
        work.commit()
    journey.at += 40 * HOUR
    assert "48 小时" in refusal(journey, case, "duty_lead", moves.Resolve())
    journey.at += 8 * HOUR
    assert journey.do(case, "duty_lead", moves.Resolve()).state is S.RESOLVED


def test_an_open_promise_blocks_resolving_and_closing(journey):
    case = journey.responded(kind=CaseKind.COMPLAINT)
    due = journey.at + 500 * HOUR
    promise = moves.AddPromise("全额退款并道歉", "analyst", due, made_to="王**")
    case = journey.do(case, "complaint_agent", promise)
    journey.at += 100 * HOUR
    assert "1 项承诺" in refusal(journey, case, "duty_lead", moves.Resolve())
    kept = moves.KeepPromise(1, "已退款")
    assert "是否满意" in refusal(journey, case, "complaint_agent", kept)
    case = journey.do(case, "complaint_agent", replace(kept, satisfaction=Satisfaction.SATISFIED))
    case = journey.do(case, "duty_lead", moves.Resolve())
    case = journey.do(case, "analyst", moves.AddPromise("回访", "analyst", journey.at + HOUR))
    assert "1 项承诺" in refusal(journey, case, "duty_lead", moves.Close())
    case = journey.do(case, "duty_lead", moves.DropPromise(1 + 1, "顾客谢绝"))
    assert "复盘单未完成" in refusal(journey, case, "duty_lead", moves.Close())


def test_a_blue_case_closes_without_a_review_and_a_red_one_by_the_executive(journey):
    case = journey.resolved(level=Level.BLUE)
    assert journey.do(case, "duty_lead", moves.Close()).state is S.CLOSED
    case = journey.resolved(level=Level.RED)
    assert "L2" in refusal(journey, case, "duty_lead", moves.Close())


def test_a_new_spike_of_the_same_rule_reopens_the_answer(journey, begin):
    old, new = a_signal(1, state=SignalState.CLOSED, closed_at=NOON), a_signal(2)
    with begin() as work:
        work.signals.add(old)
        work.commit()
    case = journey.responded(signal_ids=(old.id,))
    with begin() as work:
        joined = join_open_case(work, new, at=journey.at, desk=journey.desk)
        work.commit()
    assert joined is not None
    with begin() as work:
        reopened = work.cases.get(case.id)
    assert (joined.case_id, reopened.state, reopened.draft) == (case.id, S.VERIFYING, None)
    assert new.id in reopened.signal_ids
    assert len(reopened.publications) == 1


def test_archived_and_false_cases_are_taken_up_again(journey):
    case = journey.do(journey.closed(), "duty_lead", moves.Reopen("出现新证据"))
    assert (case.state, case.grade_confirmed) == (S.TRIAGE, False)
    case = journey.do(journey.false_alarm(), "analyst", moves.Reopen("不是旧闻"))
    assert (case.state, case.false_alarm) == (S.TRIAGE, None)
    grave = journey.false_alarm(level=Level.RED)
    assert "值班长" in refusal(journey, grave, "analyst", moves.Reopen("不是旧闻"))


def test_a_false_alarm_says_what_it_was(journey):
    case = journey.triage()
    other = moves.MarkFalseAlarm(FalseAlarmCategory.OTHER)
    assert "误报说明" in refusal(journey, case, "analyst", other)


def test_silence_is_decided_by_level_for_a_limited_time(journey):
    red = journey.graded(level=Level.RED)
    silence = moves.DecideSilence("等监管通报", journey.at + 20 * HOUR)
    assert "L3" in refusal(journey, red, "duty_lead", silence)
    red = journey.do(red, "approver_l3", silence)
    assert (red.state, red.due_at) == (S.OBSERVING, silence.review_at)
    late = moves.DecideSilence("再等等", journey.at + 25 * HOUR)
    assert "24 小时" in refusal(journey, red, "approver_l3", late)
    again = moves.DecideSilence("再等等", journey.at + 23 * HOUR)
    assert journey.do(red, "approver_l3", again).silence.reason == "再等等"
    assert journey.do(journey.observing(), "analyst", moves.Reopen("扩散")).state is S.VERIFYING


def test_a_case_on_hold_comes_back_where_it_was_and_on_time(journey, begin):
    case = journey.on_hold()
    assert tick(begin, at=journey.at, desk=journey.desk) == []
    assert "未到" in refusal(journey, case, None, moves.Wake())
    (woken,) = tick(begin, at=journey.at + 48 * HOUR, desk=journey.desk)
    assert (woken.state, woken.pause) == (S.VERIFYING, None)


def test_a_hold_does_not_keep_an_approval_alive(journey, begin):
    case = journey.approved(level=Level.RED)
    case = journey.do(case, "analyst", moves.Hold("平台维护", journey.at + 5 * HOUR))
    journey.at += 6 * HOUR
    tick(begin, at=journey.at, desk=journey.desk)
    (expired,) = tick(begin, at=journey.at, desk=journey.desk)
    assert expired.state is S.IN_REVIEW


# several cases


def test_merging_keeps_both_records_and_can_be_taken_back(journey, begin):
    early = journey.triage(mention_ids=("weibo:1", "weibo:2"))
    journey.at += HOUR
    late = journey.open(mention_ids=("weibo:2", "weibo:3"))
    journey.do(early, "duty_lead", moves.Merge(late.id, "同一事件"))
    with begin() as work:
        source, target = work.cases.get(early.id), work.cases.get(late.id)
        assert [row.action for row in work.audit.of(late.id)] == [
            "case.opened",
            "case.merged_other",
        ]
    assert source is not None
    assert target is not None
    assert (source.state, source.mention_ids) == (S.MERGED, early.mention_ids)
    assert target.mention_ids == ("weibo:2", "weibo:3", "weibo:1")
    assert target.clock_start == early.clock_start
    for command in (moves.Take(), moves.Note("x"), moves.Describe("x"), moves.Hold("x", NOON)):
        with pytest.raises(NotPermitted):
            journey.do(source, "duty_lead", command)
    back = journey.do(source, "duty_lead", moves.Unmerge("不是一件事"))
    assert (back.state, back.merged) == (S.TRIAGE, None)
    with begin() as work:
        again = work.cases.get(late.id)
    assert again is not None
    assert (again.mention_ids, again.clock_start) == (late.mention_ids, late.clock_start)


def test_a_graver_case_does_not_vanish_in_a_lesser_one(journey):
    target = journey.open(level=Level.BLUE)
    case = journey.open(level=Level.RED)
    assert "级别低于" in refusal(journey, case, "duty_lead", moves.Merge(target.id))
    assert "没有这个工单" in refusal(journey, case, "duty_lead", moves.Merge(case.id))
    gone = journey.false_alarm(level=Level.RED)
    assert "不能并入" in refusal(journey, case, "duty_lead", moves.Merge(gone.id))


def test_a_repeated_complaint_names_the_earlier_one(journey):
    first, second = journey.open(kind=CaseKind.COMPLAINT), journey.open(kind=CaseKind.COMPLAINT)
    second = journey.do(second, "complaint_agent", moves.Relate(first.id, is_repeat=True))
    assert (second.repeat_of, second.related_ids) == (first.id, (first.id,))


def test_every_bulk_action_is_taken_back_by_an_audited_one(journey, begin):
    cases = [journey.triage() for _ in range(3)]
    versions = {case.id: case.version for case in cases}
    marked = act_on_many(
        begin,
        "analyst",
        versions,
        moves.MarkFalseAlarm(FalseAlarmCategory.SPAM),
        at=journey.at,
        desk=journey.desk,
        action_id="bulk-1",
    )
    assert [case.state for case in marked.done] == [S.FALSE_ALARM] * 3
    touched = journey.do(marked.done[0], "analyst", moves.Reopen("不是水军"))
    taken_back = undo(begin, "analyst", "bulk-1", at=journey.at, desk=journey.desk)
    assert [case.state for case in taken_back.done] == [S.TRIAGE] * 2
    assert isinstance(taken_back.refused[touched.id], CaseChanged)
    with begin() as work:
        last = work.audit.of(cases[1].id)[-1]
        assert first_broken(work.audit.rows()) is None
    assert (last.action, last.reason) == ("case.reopened", "撤销批量操作 bulk-1")


@pytest.mark.parametrize(
    ("command", "who"),
    [
        (moves.Take(), "analyst"),
        (moves.Assign("verifier"), "duty_lead"),
        (moves.Hold("等报告", NOON + 90 * HOUR), "analyst"),
    ],
)
def test_a_bulk_action_undone_leaves_state_and_owner_as_they_were(journey, begin, command, who):
    case = journey.open() if isinstance(command, moves.Take) else journey.triage()
    wanted = {case.id: case.version}
    ways = {"at": journey.at, "desk": journey.desk}
    done = act_on_many(begin, who, wanted, command, action_id="b", **ways).done[0]
    assert (done.state, done.owner_id) != (case.state, case.owner_id)
    (back,) = undo(begin, who, "b", **ways).done
    assert (back.state, back.owner_id) == (case.state, case.owner_id)


def test_what_cannot_be_undone_is_not_done_in_bulk(journey, begin):
    with pytest.raises(NotPermitted, match="many cases"):
        act_on_many(
            begin,
            "duty_lead",
            {journey.open().id: 0},
            moves.Close(),
            at=NOON,
            desk=journey.desk,
            action_id="b",
        )


# versions, clicks, accounts


def test_a_stale_move_says_who_was_faster_and_with_what(journey):
    case = journey.triage()
    journey.do(case, "duty_lead", moves.ConfirmGrade(Level.BLUE, "很小"))
    with pytest.raises(CaseChanged) as conflict:
        journey.do(case, "analyst", moves.ConfirmGrade(Level.YELLOW))
    assert "duty_lead先行修改（确认定级" in conflict.value.text.zh
    assert (conflict.value.expected, conflict.value.found) == (1, 2)


def test_a_double_click_is_harmless_and_its_number_is_for_one_act(journey, begin):
    case = journey.open()
    ways = {"expected_version": 0, "at": journey.at, "desk": journey.desk, "action_id": "click"}
    first = act(begin, "analyst", case.id, moves.Take(), **ways)
    second = act(begin, "analyst", case.id, moves.Take(), **ways)
    assert first == second
    with pytest.raises(NotPermitted, match="another act"):
        act(begin, "analyst", case.id, moves.Describe("x"), **ways)


def test_a_refused_click_may_be_repeated(journey, begin):
    case = journey.open()
    ways = {"expected_version": 0, "at": journey.at, "desk": journey.desk, "action_id": "click"}
    with pytest.raises(NotPermitted):
        act(begin, "publisher", case.id, moves.Take(), **ways)
    assert act(begin, "analyst", case.id, moves.Take(), **ways).state is S.TRIAGE


def test_a_disabled_account_can_do_nothing(journey, begin):
    case = journey.open()
    with begin() as work:
        account = work.accounts.get("analyst")
        assert account is not None
        disabled = replace(account, state=AccountState.DISABLED)
        work.accounts.save(disabled)
        work.commit()
    with pytest.raises(NotPermitted, match="disabled"):
        journey.do(case, "analyst", moves.Take())
    assert possible(case, disabled) == ()


def test_somebody_without_an_address_is_named_in_the_trail(journey, begin):
    with begin() as work:
        account = work.accounts.get("verifier")
        assert account is not None
        work.accounts.save(replace(account, address=""))
        work.commit()
    case = journey.do(journey.open(), "duty_lead", moves.Assign("verifier"))
    with begin() as work:
        payload = json.loads(work.audit.of(case.id)[-1].payload)
    assert (payload["outbox"], payload["unreached"]) == ([], ["verifier"])


def test_time_does_not_run_backwards_within_a_case(journey):
    case = journey.triage()
    journey.at -= 5 * HOUR
    assert journey.do(case, "analyst", moves.Note("x")).updated_at == case.updated_at


def test_the_stand_ins_work_on_their_kind_only(journey):
    assert moves.Take in possible(journey.open(kind=CaseKind.SECURITY), account_for(Role.ADMIN))
    assert moves.Take not in possible(journey.open(), account_for(Role.ADMIN))
    agent = account_for(Role.COMPLAINT_AGENT)
    assert moves.Take in possible(journey.open(kind=CaseKind.DISPUTE), agent)
    assert possible(journey.open(), agent) == (moves.NoteReceipt,)


def test_text_with_broken_characters_can_be_drafted_approved_and_published(journey):
    text = "说明\ud800\0结束"
    case = journey.in_review(text=text)
    case = journey.approve(case)
    live = case.draft.text
    done = journey.do(case, "publisher", moves.RecordPublication("https://weibo.com/1/a", live))
    assert done.state is S.RESPONDED


def test_overdue_cases_are_found(journey, begin):
    case = journey.open(level=Level.RED)
    with begin() as work:
        overdue = work.cases.search(CaseQuery(due_before=NOON + timedelta(minutes=11)))
    assert [found.id for found in overdue.cases] == [case.id]


def test_a_watch_window_that_nobody_set_is_asked_for_not_guessed(begin):
    journey = Journey(begin, a_desk(policy_of=lambda work, at: CasePolicy(clocks={})))
    assert "制度未填写" in refusal(journey, journey.responded(), "duty_lead", moves.Resolve())
