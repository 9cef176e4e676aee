"""Every role × state × action through the service layer, against a table written by hand.

Each cell is one attempt on a real database, rolled back after: nothing but a legal cell may move.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest

from domain import case_moves as moves
from domain.account import Role
from domain.brand import Level
from domain.case import Case, CaseKind, CaseState, FalseAlarmCategory, UpwardSheet
from domain.case_decisions import possible
from domain.case_moves import CaseCommand
from domain.case_table import MOVES
from domain.errors import NotPermitted
from domain.fact_sheet import Verdict
from domain.ports import BeginWork
from storage.sql.database import begin_work
from tests.fixtures.cases import (
    HOUR,
    TEXT,
    Journey,
    a_review,
    account_for,
    add_everyone,
    proven,
)
from tests.fixtures.databases import new_workflow_database
from workflow.cases import act_in

TABLE = Path(__file__).with_name("case_matrix.txt")
ACTIONS = {command.__name__: command for command in get_args(CaseCommand)}
LEVELS = (Level.YELLOW, Level.RED)
S = CaseState

Cell = tuple[Role, CaseState, str]


def expected(level: Level) -> dict[Cell, CaseState]:
    """Return the legal cells at a level and the state each leads to."""
    words: dict[str, list[str]] = {}
    cells: dict[Cell, CaseState] = {}
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if ":=" in line:
            name, _, members = line.partition(":=")
            words[name.strip()] = members.split()
        elif line.strip() and not line.startswith("#"):
            action, states, after, yellow, red = (part.strip() for part in line.split("|"))
            roles = yellow if level is Level.YELLOW or red == "=" else red
            for state in _named(states, words, CaseState):
                for role in _named(roles, words, Role):
                    cell = (Role(role), CaseState(state), action)
                    assert cell not in cells, f"{cell} is written twice"
                    cells[cell] = CaseState(state if after == "same" else after.lower())
    return cells


def _named(text: str, words: Mapping[str, list[str]], kind) -> list[str]:
    names = [name for word in text.split() for name in words.get(word, [word]) if word != "-"]
    return [kind(name.lower()) for name in names]


@dataclass
class Prepared:
    """A company with a case in every state, each as far as an action in that state needs it."""

    journey: Journey
    level: Level
    target: Case

    def case(self, state: CaseState, action: str) -> Case:
        """Return a case in a state in which nothing but role and state can refuse the action."""
        case = self._special(state, action) or getattr(self, f"_{state}", self._plain)(state)
        if action in {"KeepPromise", "DropPromise"} and state in _promising():
            promise = moves.AddPromise("退款", "verifier", self.journey.at + 900 * HOUR)
            case = self.journey.do(case, "analyst", promise)
        return case

    def moment(self, case: Case, action: str) -> datetime:
        """Return when the action is tried: after the lease, and not before its time has come."""
        waits = {"Resolve": 100 * HOUR, "ExpireApproval": 100 * HOUR}
        return case.updated_at + waits.get(action, timedelta(minutes=20))

    def _special(self, state: CaseState, action: str) -> Case | None:
        if state is S.TRIAGE and action in {"ConfirmGrade", "Release"}:
            return self.journey.triage(level=self.level)
        if state is S.VERIFYING and action == "SubmitFactSheet":
            case = self.journey.verifying(level=self.level)
            return self.journey.do(case, "verifier", moves.SaveFactSheet((proven(),)))
        return None

    def _plain(self, state: CaseState) -> Case:
        case: Case = getattr(self.journey, state.value)(level=self.level)
        return case

    def _new(self, state: CaseState) -> Case:
        return self.journey.open(level=self.level)

    def _triage(self, state: CaseState) -> Case:
        return self.journey.graded(level=self.level)

    def _drafting(self, state: CaseState) -> Case:
        return self.journey.drafted(level=self.level)

    def _resolved(self, state: CaseState) -> Case:
        return self.journey.do(self.journey.resolved(level=self.level), "analyst", a_review())

    def _merged(self, state: CaseState) -> Case:
        case = self.journey.graded(level=self.level)
        with self.journey.begin() as work:
            target = work.cases.get(self.target.id)
        assert target is not None
        return self.journey.do(case, "duty_lead", moves.Merge(target.id))

    def _false_alarm(self, state: CaseState) -> Case:
        command = moves.MarkFalseAlarm(FalseAlarmCategory.SPAM)
        return self.journey.do(self.journey.graded(level=self.level), "duty_lead", command)


def _promising() -> set[CaseState]:
    return {state for state in S if state.is_active} - {S.NEW}


def command_for(action: str, case: Case, target: Case, at: datetime) -> CaseCommand:
    """Return a command of a kind that is complete: only role and state can refuse it."""
    draft = case.draft.sha256 if case.draft else ""
    lower = Level.BLUE if case.level is Level.RED else Level.ORANGE
    made: dict[str, Callable[[], CaseCommand]] = {
        "Take": moves.Take,
        "Release": lambda: moves.Release("退还"),
        "Assign": lambda: moves.Assign("verifier"),
        "Describe": lambda: moves.Describe("标题", "摘要", CaseKind.INCIDENT),
        "Attach": lambda: moves.Attach(mention_ids=("weibo:9",)),
        "Relate": lambda: moves.Relate(target.id),
        "Note": lambda: moves.Note("备注"),
        "ConfirmGrade": lambda: moves.ConfirmGrade(case.level),
        "Regrade": lambda: moves.Regrade(lower, "情况有变"),
        "BeginVerification": moves.BeginVerification,
        "MarkFalseAlarm": lambda: moves.MarkFalseAlarm(FalseAlarmCategory.SPAM),
        "DecideSilence": lambda: moves.DecideSilence("影响小", at + 12 * HOUR),
        "SaveFactSheet": lambda: moves.SaveFactSheet((proven(), proven(2, Verdict.TRUE))),
        "SubmitFactSheet": moves.SubmitFactSheet,
        "SaveDraft": lambda: moves.SaveDraft("另一稿，今日 18 时前公布"),
        "SubmitDraft": moves.SubmitDraft,
        "Approve": lambda: moves.Approve(draft, case.fact_sheet.sha256),
        "Return": lambda: moves.Return("请补充"),
        "Withdraw": lambda: moves.Withdraw("有新情况"),
        "ExpireApproval": moves.ExpireApproval,
        "GiveWay": lambda: moves.GiveWay(target.id),
        "NamePublisher": lambda: moves.NamePublisher("publisher"),
        "RecordPublication": lambda: moves.RecordPublication("https://weibo.com/1/a", TEXT),
        "Resolve": moves.Resolve,
        "SaveReview": a_review,
        "Close": moves.Close,
        "Reopen": lambda: moves.Reopen("新情况"),
        "Hold": lambda: moves.Hold("等报告", at + 12 * HOUR),
        "Wake": lambda: moves.Wake("继续"),
        "Merge": lambda: moves.Merge(target.id),
        "Unmerge": lambda: moves.Unmerge("不是一件事"),
        "AddPromise": lambda: moves.AddPromise("退款", "verifier", at + HOUR),
        "KeepPromise": lambda: moves.KeepPromise(1, "已退"),
        "DropPromise": lambda: moves.DropPromise(1, "谢绝"),
        "ReportUpward": lambda: moves.ReportUpward(UpwardSheet("异物"), ("duty_lead",)),
        "NoteReceipt": moves.NoteReceipt,
    }
    return made[action]()


@pytest.fixture(scope="module")
def begin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BeginWork]:
    engine = new_workflow_database(tmp_path_factory.mktemp("matrix") / "workflow.db")
    begin = begin_work(engine)
    add_everyone(begin)
    yield begin
    engine.dispose()


@pytest.mark.slow
@pytest.mark.parametrize("level", LEVELS)
def test_who_may_do_what_in_which_state(begin, level, capsys):
    journey = Journey(begin)
    prepared = Prepared(journey, level, journey.triage(level=Level.RED))
    legal = expected(level)
    wrong: list[str] = []
    allowed = refused = 0
    cases: dict[tuple[CaseState, str], Case] = {}
    for state in S:
        usual = prepared.case(state, "")
        for action in ACTIONS:
            special = (state, action) in _needing_their_own()
            cases[state, action] = prepared.case(state, action) if special else usual
    for (state, action), case in cases.items():
        for role in Role:
            came_to = attempt(prepared, role, case, action)
            wanted = legal.get((role, state, action))
            if came_to is not wanted:
                wrong.append(f"{role} {state} {action}: {came_to}, the handbook says {wanted}")
            allowed, refused = allowed + (came_to is not None), refused + (came_to is None)
    with capsys.disabled():
        total = f"{len(Role)} roles x {len(S)} states x {len(ACTIONS)} actions"
        print(f"\n{level}: {total}: {refused} illegal refused, {allowed} legal allowed")  # noqa: T201
    assert wrong == []
    assert allowed == len(legal)
    assert refused == len(Role) * len(S) * len(ACTIONS) - len(legal)


def attempt(prepared: Prepared, role: Role, case: Case, action: str) -> CaseState | None:
    """Try one cell and roll it back; return the state it led to, None when it was refused."""
    at = prepared.moment(case, action)
    with prepared.journey.begin() as work:
        target = work.cases.get(prepared.target.id)
        assert target is not None
        command = command_for(action, case, target, at)
        try:
            after = act_in(
                work,
                role.value,
                case.id,
                command,
                expected_version=case.version,
                at=at,
                desk=prepared.journey.desk,
            )
        except NotPermitted as refusal:
            if not (refusal.text.zh and refusal.mend.zh):
                raise
            return None
        return after.state


def _needing_their_own() -> set[tuple[CaseState, str]]:
    own = {
        (S.TRIAGE, "ConfirmGrade"),
        (S.TRIAGE, "Release"),
        (S.VERIFYING, "SubmitFactSheet"),
    }
    promises = {(state, action) for state in S for action in ("KeepPromise", "DropPromise")}
    return own | promises


def test_the_table_names_every_action_but_the_machines_own():
    named = {action for level in LEVELS for (_, _, action) in expected(level)}
    assert set(ACTIONS) - named == {"GiveWay"}
    assert {move.command for move in MOVES} == set(ACTIONS.values())


@pytest.mark.parametrize("level", LEVELS)
def test_buttons_are_shown_for_all_that_is_legal(begin, level):
    """`possible` may show more than a guard lets pass, never less."""
    case = Journey(begin).open(level=level)
    for role, state, action in expected(level):
        shown = possible(replace(case, state=state), account_for(role))
        assert ACTIONS[action] in shown, f"{role} {state} {action}"
