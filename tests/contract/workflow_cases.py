"""What every workflow database has to do for cases; a subclass gives the fixture `engine`."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from domain.account import Role
from domain.approval import Approval, ApprovalMode, ChainStep
from domain.brand import Level
from domain.case import (
    Case,
    CaseKind,
    CaseQuery,
    CaseSort,
    CaseState,
    Comparison,
    FalseAlarmCategory,
    Merged,
    Override,
    Pause,
    Promise,
    Publication,
    Receipt,
    Review,
    ReviewAction,
    Satisfaction,
    Silence,
    UpwardReport,
    UpwardSheet,
    UpwardState,
)
from domain.draft import Draft, Finding
from domain.errors import VersionConflict
from domain.fact_sheet import Claim, Evidence, FactSheet, Verdict
from storage.sql.database import begin_work
from tests.contract.workflow_store import WORKERS, at_once
from tests.fakes import NOON

HOUR = timedelta(hours=1)


def a_case(number: int = 1, **changes: object) -> Case:
    case = Case(
        id=f"C-20261120-{number:02d}",
        kind=CaseKind.INCIDENT,
        state=CaseState.NEW,
        level=Level.YELLOW,
        brand_id="cha",
        title=f"异物 {number}",
        opened_at=NOON + number * HOUR,
        updated_at=NOON + number * HOUR,
        clock_start=NOON,
    )
    return replace(case, **changes)  # type: ignore[arg-type]


def a_full_case() -> Case:
    """A case in which every part is there."""
    evidence = (Evidence("报告", "c" * 64),)
    claim = Claim(1, "有异物", Verdict.PARTLY, "见报告", evidence, "qian", NOON)
    approval = Approval(0, Role.LEGAL, "zhao", NOON, "a" * 64, "b" * 64, Level.RED, True, "好")
    return a_case(
        9,
        owner_id="li",
        lease_until=NOON,
        grade_confirmed=True,
        signal_ids=("A-1",),
        mention_ids=("weibo:1", "zhihu:2"),
        lead_ids=("L-1",),
        related_ids=("C-0",),
        repeat_of="C-0",
        fact_sheet=FactSheet((claim,), "三里屯店"),
        drafts=(Draft(1, "说明\u2028\0\"'", "sun", NOON),),
        writers=("sun",),
        override=Override("引用", "sun", NOON, (Finding("superlative", "最"),)),
        chain=(ChainStep((Role.APPROVER_L1, Role.APPROVER_L2), ApprovalMode.ALL),),
        approvals=(approval,),
        valid_until=NOON,
        publisher_id="zhou",
        publications=(
            Publication("https://a.b/", "zhou", NOON, "a", "b", 1, Comparison.SAME, (approval,)),
        ),
        upward=UpwardReport(
            UpwardState.READ,
            NOON,
            UpwardSheet("事"),
            Level.RED,
            ("wu",),
            "li",
            NOON,
            (Receipt("wu", NOON),),
        ),
        promises=(Promise(1, "退款", "li", NOON, "li", NOON, satisfaction=Satisfaction.ACCEPTED),),
        silence=Silence("小", NOON, "li", NOON),
        pause=Pause("等", NOON, "li", NOON, CaseState.TRIAGE),
        merged=Merged("C-2", "li", NOON, CaseState.NEW, ("A-1",), (), (), NOON),
        merged_ids=("C-3",),
        false_alarm=FalseAlarmCategory.SPAM,
        review=Review("因", "经过", "有效", (ReviewAction("改", "li", NOON),), "li", NOON),
        due_at=NOON,
    )


class WorkflowCasesContract:
    """The suite; each store runs all of it."""

    def test_a_case_comes_back_as_it_was(self, engine: Engine):
        begin = begin_work(engine)
        with begin() as work:
            work.cases.add(a_full_case())
            work.commit()
        with begin() as work:
            assert work.cases.get(a_full_case().id) == a_full_case()
            assert work.cases.get("C-19990101-01") is None

    def test_numbers_of_a_day_have_no_gaps_and_a_rollback_gives_one_back(self, engine: Engine):
        begin = begin_work(engine)
        with begin() as work:
            assert work.cases.next_id("20261120") == "C-20261120-01"
        with begin() as work:
            assert work.cases.next_id("20261120") == "C-20261120-01"
            assert work.cases.next_id("20261120") == "C-20261120-02"
            assert work.cases.next_id("20261121") == "C-20261121-01"

    def test_a_case_is_written_only_from_the_version_that_was_read(self, engine: Engine):
        begin = begin_work(engine)
        with begin() as work:
            work.cases.add(a_case())
            with pytest.raises(VersionConflict):
                work.cases.add(a_case())
            assert work.cases.save(a_case(title="一")).version == 1
            with pytest.raises(VersionConflict) as stale:
                work.cases.save(a_case(title="二"))
            assert (stale.value.expected, stale.value.found) == (0, 1)
            with pytest.raises(VersionConflict):
                work.cases.save(a_case(7))

    def test_one_of_many_writers_of_a_version_wins(self, engine: Engine):
        begin = begin_work(engine)
        with begin() as work:
            work.cases.add(a_case())
            work.commit()
        lost: list[int] = []

        def write(number: int) -> None:
            with begin() as work:
                try:
                    work.cases.save(a_case(title=f"{number}"))
                except VersionConflict:
                    lost.append(number)
                else:
                    work.commit()

        at_once(WORKERS, write)
        assert len(lost) == WORKERS - 1

    def test_a_key_belongs_to_who_claimed_it_first(self, engine: Engine):
        begin = begin_work(engine)
        holders: list[str] = []

        def claim(number: int) -> None:
            with begin() as work:
                holders.append(work.cases.claim_key("signal:A-1", f"C-{number}"))
                work.commit()

        at_once(WORKERS, claim)
        assert len(set(holders)) == 1

    def test_an_action_is_done_once(self, engine: Engine):
        begin = begin_work(engine)
        first: list[int] = []

        def click(number: int) -> None:
            with begin() as work:
                if work.cases.note_action("click", "C-1", "Take", NOON):
                    first.append(number)
                work.commit()

        at_once(WORKERS, click)
        assert len(first) == 1
        with begin() as work:
            assert work.cases.action("click") == ("C-1", "Take")
            assert work.cases.action("other") is None

    @pytest.mark.parametrize(
        ("wanted", "numbers"),
        [
            (CaseQuery(), [4, 3, 2, 1]),
            (CaseQuery(states=(CaseState.NEW, CaseState.CLOSED)), [4, 1]),
            (CaseQuery(kinds=(CaseKind.COMPLAINT,)), [3]),
            (CaseQuery(levels=(Level.RED,)), [2]),
            (CaseQuery(brand_id="tea"), [4]),
            (CaseQuery(owner_id="li"), [2]),
            (CaseQuery(due_before=NOON + HOUR), [2]),
            (CaseQuery(text="100% 退款"), [3]),
            (CaseQuery(text="c-20261120-02"), [2]),
            (CaseQuery(text="REFUND"), [3]),
            (CaseQuery(text="%"), [3]),
            (CaseQuery(text="_"), []),
            (CaseQuery(owner_id="li", levels=(Level.BLUE,)), []),
        ],
    )
    def test_cases_are_found_by_what_is_asked(self, engine: Engine, wanted, numbers):
        with begin_work(engine)() as work:
            _add_four(work)
            page = work.cases.search(wanted)
        assert [int(case.id[-2:]) for case in page.cases] == numbers
        assert page.total == len(numbers)

    def test_a_list_comes_in_pages_in_either_order(self, engine: Engine):
        with begin_work(engine)() as work:
            _add_four(work)
            first = work.cases.search(CaseQuery(), sort=CaseSort.DUE, limit=3)
            rest = work.cases.search(
                CaseQuery(), sort=CaseSort.DUE, limit=3, offset=first.next_offset or 0
            )
            beyond = work.cases.search(CaseQuery(), offset=99)
        assert [c.id[-2:] for c in (*first.cases, *rest.cases)] == ["02", "03", "01", "04"]
        assert (first.next_offset, rest.next_offset, first.total) == (3, None, 4)
        assert (beyond.cases, beyond.next_offset) == ((), None)

    def test_a_case_is_found_by_what_it_has_and_no_longer_by_what_it_gave_away(
        self, engine: Engine
    ):
        with begin_work(engine)() as work:
            merged = a_case(1, signal_ids=("A-1",), state=CaseState.MERGED)
            taker = a_case(2, signal_ids=("A-1",), mention_ids=("weibo:1", "weibo:2"))
            work.cases.add(merged)
            work.cases.add(taker)
            work.cases.add(a_case(3, lead_ids=("L-1",), mention_ids=("weibo:2",)))
            assert _id(work.cases.of_signal("A-1")) == taker.id
            assert _id(work.cases.of_lead("L-1")) == "C-20261120-03"
            assert work.cases.of_signal("L-1") is None
            many = [f"weibo:{number}" for number in range(2, 1500)]
            assert [c.id[-2:] for c in work.cases.with_any_mention(many)] == ["02", "03"]
            assert work.cases.with_any_mention([]) == []
            work.cases.save(replace(taker, mention_ids=("weibo:1",), signal_ids=()))
            assert [c.id[-2:] for c in work.cases.with_any_mention(many)] == ["03"]
            assert _id(work.cases.of_signal("A-1")) == merged.id

    def test_the_trail_of_one_object_is_its_own_in_order(self, engine: Engine):
        with begin_work(engine)() as work:
            for number, object_id in enumerate(("C-1", "C-2", "C-1")):
                work.audit.append(
                    at=NOON,
                    actor="account:li",
                    action=f"act-{number}",
                    object_id=object_id,
                    reason="",
                    payload={},
                )
            assert [row.action for row in work.audit.of("C-1")] == ["act-0", "act-2"]
            assert work.audit.of("C-3") == []


def _add_four(work) -> None:
    work.cases.add(a_case(1, state=CaseState.CLOSED))
    work.cases.add(a_case(2, state=CaseState.TRIAGE, level=Level.RED, owner_id="li", due_at=NOON))
    work.cases.add(
        a_case(
            3,
            state=CaseState.DRAFTING,
            kind=CaseKind.COMPLAINT,
            title="要求 100% 退款",
            summary="Refund",
            due_at=NOON + 2 * HOUR,
        )
    )
    work.cases.add(a_case(4, brand_id="tea"))


def _id(case: Case | None) -> str:
    assert case is not None
    return case.id
