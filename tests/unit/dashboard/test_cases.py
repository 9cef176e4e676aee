"""工单 as a person sees it: the board, its filters, and what is done to several cases at once."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from domain import case_moves as moves
from domain.brand import Level
from domain.case import CaseState
from runtime.wiring import Services
from tests.unit.dashboard.conftest import words_of
from tests.unit.dashboard.desk_house import a_house_to_act_in, journey


@pytest.fixture
def acting(tmp_path) -> Iterator[Services]:
    with a_house_to_act_in(tmp_path) as services:
        yield services


@pytest.fixture
def three(acting):
    """Three cases: one new, one in review, one of another level that waits outside."""
    drive = journey(acting)
    new = drive.open(brand_id="yunzhan", title="新的一件")
    review = drive.in_review(brand_id="yunzhan", title="送审的一件")
    held = drive.on_hold(brand_id="yunzhan", title="等待的一件", level=Level.BLUE)
    acting.clock.time = drive.at
    return new, review, held


def found(services, case):
    with services.begin_reading() as work:
        return work.cases.get(case.id)


def test_every_case_stands_in_the_lane_of_its_stage(acting, three, visit):
    seen = visit(acting, "cases", login="duty_lead")
    said = words_of(seen)
    places = [said.index(title) for title in ("新的一件", "等待的一件", "送审的一件")]
    assert places == sorted(places)  # 研判, 核实 (where it will go on), 审批
    links = [link.proto.query_string for link in seen.get("page_link")]
    assert {f"id={case.id}" for case in three} <= set(links)


@pytest.mark.parametrize(
    ("login", "address", "titles"),
    [
        ("analyst", {"scope": "mine"}, {"送审的一件", "等待的一件"}),
        ("approver_l1", {"scope": "approve"}, {"送审的一件"}),
        ("drafter", {"scope": "approve"}, set()),
        ("analyst", {"level": "blue"}, {"等待的一件"}),
        ("analyst", {"q": "新的"}, {"新的一件"}),
        ("analyst", {"scope": "over"}, set()),
        ("analyst", {"scope": "<b>", "level": "purple"}, {"新的一件", "送审的一件", "等待的一件"}),
    ],
)
def test_the_address_narrows_the_board(acting, three, visit, login, address, titles):
    said = words_of(visit(acting, "cases", login=login, **address))
    assert {t for t in ("新的一件", "送审的一件", "等待的一件") if t in said} == titles


def test_what_is_late_is_found_and_shown_as_late(acting, three, visit):
    assert "没有超时的工单" in words_of(visit(acting, "cases", scope="late"))
    acting.clock.time += timedelta(days=3)
    said = words_of(visit(acting, "cases", scope="late"))
    assert "kb-clock-breached" in said
    assert "新的一件" in said


def tick(seen, *cases):
    for case in cases:
        seen.checkbox(key=f"koubei-tick-{case.id}").check()
    return seen.run()


def test_several_cases_are_assigned_and_given_back(acting, three, visit):
    new, review, _ = three
    before = found(acting, review).owner_id
    seen = tick(visit(acting, "cases", login="duty_lead", view="list"), new, review)
    seen.selectbox(key="koubei-bulk-who").set_value("verifier")
    seen = seen.button(key="koubei-bulk-assign").click().run()
    assert "2 个工单已指派给verifier" in words_of(seen)
    assert {found(acting, case).owner_id for case in (new, review)} == {"verifier"}
    seen = seen.button(key="koubei-bulk-undo").click().run()
    assert "批量操作已撤销" in words_of(seen)
    assert found(acting, new).owner_id == ""
    assert found(acting, review).owner_id == before


def test_several_cases_are_merged_and_what_cannot_be_is_named(acting, three, visit):
    new, review, held = three
    seen = tick(visit(acting, "cases", login="duty_lead", view="list"), new, held)
    seen.selectbox(key="koubei-bulk-into").set_value(review.id)
    seen = seen.button(key="koubei-bulk-merge").click().run()
    assert found(acting, new).state is CaseState.MERGED
    assert "个工单已并入" in words_of(seen)
    seen = seen.button(key="koubei-bulk-undo").click().run()
    assert found(acting, new).state is CaseState.NEW


def test_what_changed_meanwhile_is_left_alone_and_named(acting, three, visit):
    new, review, _ = three
    drive = journey(acting)
    drive.at = acting.clock.time
    seen = tick(visit(acting, "cases", login="duty_lead", view="list"), new, review)
    drive.do(found(acting, new), "analyst", moves.Take())
    seen.selectbox(key="koubei-bulk-who").set_value("verifier")
    seen = seen.button(key="koubei-bulk-assign").click().run()
    assert found(acting, review).owner_id == "verifier"
    assert found(acting, new).owner_id == "analyst"
    said = words_of(seen)
    assert "1 个工单已指派给verifier" in said
    assert f"{new.id}：已被analyst先行修改" in said


def test_only_the_duty_lead_is_offered_bulk_acts(acting, three, visit):
    assert not visit(acting, "cases", login="analyst", view="list").checkbox


def test_an_empty_board_says_what_to_do(bare, visit):
    assert "没有处理中的工单" in words_of(visit(bare, "cases"))
    assert "您名下没有工单" in words_of(visit(bare, "cases", scope="mine"))
