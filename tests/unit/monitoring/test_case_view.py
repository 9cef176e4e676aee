"""monitoring/case_view.py: where a case stands, what comes next, what differs."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from domain import case_moves as moves
from domain.account import Role
from domain.brand import Level
from domain.case import Case, CaseState
from domain.case_policy import CasePolicy
from monitoring.case_view import (
    STAGES,
    Part,
    Standing,
    compare,
    next_step,
    read_case,
    road,
    stage_of,
)
from tests.dashboard_house import house
from tests.fixtures.cases import Journey, account_for, add_everyone

POLICY = CasePolicy()


@pytest.fixture
def services(tmp_path) -> Iterator[object]:
    with house(tmp_path, filled=False) as opened:
        add_everyone(opened.begin_work)
        yield opened


@pytest.fixture
def drive(services):
    return Journey(services.begin_work, services.desk)


ROADS = {
    "open": "研判",
    "triage": "研判",
    "graded": "分派",
    "verifying": "核实",
    "drafting": "拟稿",
    "in_review": "审批",
    "approved": "发布记录",
    "responded": "跟踪",
    "observing": "跟踪",
    "resolved": "复盘",
    "closed": "归档",
    "on_hold": "核实",
}


@pytest.mark.parametrize(("state", "stage"), ROADS.items())
def test_every_state_has_its_stage_on_the_road(drive, state, stage):
    case = getattr(drive, state)()
    assert stage_of(case) == stage
    standings = [each.standing for each in road(case)]
    here = STAGES.index(stage)
    over = case.state is CaseState.CLOSED
    assert standings[here] is (Standing.DONE if over else Standing.NOW)
    assert Standing.AHEAD not in standings[:here]
    assert set(standings[here + 1 :]) <= {Standing.AHEAD}


def test_an_answer_that_was_decided_against_is_skipped(drive):
    skipped = [s.name for s in road(drive.observing()) if s.standing is Standing.SKIPPED]
    assert skipped == ["拟稿", "审批", "发布记录"]


NEXT = {
    "open": moves.Take,
    "triage": moves.ConfirmGrade,
    "graded": moves.BeginVerification,
    "verifying": moves.SaveFactSheet,
    "drafting": moves.SaveDraft,
    "drafted": moves.SubmitDraft,
    "in_review": moves.Approve,
    "approved": moves.RecordPublication,
    "responded": moves.Resolve,
    "resolved": moves.SaveReview,
    "on_hold": moves.Wake,
}


@pytest.mark.parametrize(("state", "command"), NEXT.items())
def test_one_thing_comes_next_and_somebody_can_do_it(drive, state, command):
    case = getattr(drive, state)()
    steps = [next_step(case, account_for(role), POLICY, drive.at) for role in Role]
    assert {step.command for step in steps} == {command}
    assert any(step.is_mine for step in steps)
    assert not all(step.is_mine for step in steps)


@pytest.mark.parametrize("state", ["closed", "false_alarm", "merged"])
def test_nothing_comes_next_when_it_is_over(drive, state):
    case = getattr(drive, state)()
    assert next_step(case, account_for(Role.DUTY_LEAD), POLICY, drive.at) is None


def test_an_orange_case_is_reported_before_it_is_verified(drive):
    case = drive.triage(level=Level.ORANGE)
    case = drive.do(case, "analyst", moves.ConfirmGrade(Level.ORANGE))
    step = next_step(case, account_for(Role.ANALYST), POLICY, drive.at)
    assert step.command is moves.ReportUpward


def test_who_wrote_a_text_is_not_asked_to_approve_it(drive):
    case = drive.in_review()
    head = account_for(Role.APPROVER_L1)
    assert next_step(case, head, POLICY, drive.at).is_mine
    wrote: Case = replace(case, writers=(head.id,))
    assert not next_step(wrote, head, POLICY, drive.at).is_mine


def test_an_approval_that_is_too_old_is_asked_for_again(drive):
    case = drive.approved()
    step = next_step(case, account_for(Role.PUBLISHER), POLICY, case.valid_until)
    assert step.command is moves.ExpireApproval


def test_a_case_is_read_with_its_clocks_and_its_trail_newest_first(services, drive):
    case = drive.drafted()
    view = read_case(services.store, services.begin_reading, case.id, now=drive.at)
    assert view.trail[0].what == "保存稿件"
    assert view.trail[-1].what == "建立工单"
    assert view.urgent is not None
    assert view.names["drafter"] == "drafter"
    assert read_case(services.store, services.begin_reading, "C-1", now=drive.at) is None


def test_rival_replies_to_the_same_post_are_named(services, drive):
    first = drive.in_review(mention_ids=("weibo:1",))
    second = drive.in_review(mention_ids=("weibo:1",))
    view = read_case(services.store, services.begin_reading, second.id, now=drive.at)
    assert [rival.id for rival in view.rivals] == [first.id]


def pieces(old, new):
    return compare(old, new)


def test_a_comparison_gives_both_texts_back():
    old = "第一行\n我们诚恳道歉。\n第三行\n"
    new = "第一行\n我们深表歉意并诚恳道歉。\n第三行\n第四行"
    parts = pieces(old, new)
    assert "".join(t for p, t in parts if p is not Part.NEW) == old
    assert "".join(t for p, t in parts if p is not Part.GONE) == new
    assert (Part.NEW, "深表歉意并") in parts


def test_texts_that_are_the_same_have_nothing_gone_or_new():
    assert pieces("一样", "一样") == ((Part.SAME, "一样"),)
    assert pieces("", "") == ()


def test_very_long_texts_are_compared_by_line():
    old, new = "甲" * 5_000, "乙" * 5_000
    assert pieces(old, new) == ((Part.GONE, old), (Part.NEW, new))
