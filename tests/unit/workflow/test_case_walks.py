"""Long random walks over cases, with crashes and stale clicks: the promises of the handbook hold.

`KOUBEI_TEST_SEQUENCES=10000` runs the long form. The walk goes through the service layer; only the
database below it is in memory. What the walk believes (`Shadow`) is kept beside the code under
test, from the commands that were accepted, so that a wrong rule cannot hide behind itself.
"""

import json
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from domain import case_moves as moves
from domain.account import Account, Role
from domain.audit import AuditRow, first_broken
from domain.brand import Level
from domain.case import Case, CaseState, FalseAlarmCategory, UpwardSheet
from domain.case_moves import CaseCommand
from domain.case_policy import CasePolicy
from domain.draft import Draft, DraftKind, Finding, text_sha256
from domain.errors import CaseChanged, NotPermitted
from domain.fact_sheet import Claim, Verdict
from tests.fakes import NOON
from tests.fixtures.cases import HOUR, a_desk, a_review, account_for, proven
from tests.fixtures.memory_work import MemoryStore
from workflow.case_routine import tick
from workflow.cases import Opening, act_in, open_case

SEQUENCES = int(os.environ.get("KOUBEI_TEST_SEQUENCES", "200"))
STEPS = 30
S = CaseState
MOST_CASES = 3
HALTS = (S.IN_REVIEW, S.APPROVED, S.RESPONDED, S.RESOLVED, S.CLOSED)

PEOPLE = (
    account_for(Role.ANALYST, Role.DUTY_LEAD, name="desk"),
    account_for(Role.VERIFIER, Role.DRAFTER, name="writer"),
    account_for(Role.DRAFTER, Role.APPROVER_L1, Role.LEGAL, name="writer-and-approver"),
    account_for(Role.APPROVER_L1, Role.APPROVER_L2, Role.APPROVER_L3, name="boss"),
    account_for(Role.LEGAL, Role.APPROVER_L3, name="lawyer"),
    account_for(Role.PUBLISHER, name="voice"),
    account_for(Role.ADMIN, Role.AUDITOR, name="admin"),
    account_for(Role.ANALYST, Role.COMPLAINT_AGENT, name="agent"),
)
TEXTS = ("正在核实，今日公布", "已查明，不属实", "向各位致歉，已整改")
UNVERIFIABLE = Claim(1, "有异物", Verdict.UNVERIFIABLE, "看过监控，看不清")
SHEETS = ((proven(),), (proven(), proven(2, Verdict.TRUE)), (UNVERIFIABLE,), (Claim(1, "有异物"),))
MENTIONS = (("weibo:1",), ("weibo:1", "weibo:2"), ("weibo:3",))
WAITS = (timedelta(0), timedelta(minutes=1), timedelta(minutes=20), HOUR, 5 * HOUR, 80 * HOUR)

seen: Counter[str] = Counter()
"""What the walks met, over all of them: a walk that never publishes would prove nothing."""


@dataclass
class Shadow:
    """What the walk itself knows of one case."""

    text: str = ""
    kind: DraftKind = DraftKind.ANSWER
    sheet: str = ""
    unverifiable: bool = False
    writers: set[str] = field(default_factory=set)
    approvals: list[tuple[str, str, str]] = field(default_factory=list)
    submitted: bool = False


def progress(case: Case) -> list[tuple[str, CaseCommand]]:
    """Return moves that would carry a case on from where it is, each by one who may do it."""
    approve = moves.Approve(
        case.draft.sha256 if case.draft else "",
        case.fact_sheet.sha256,
        conflict=moves.ConflictChoice.REJECT_OTHERS,
    )
    report = moves.ReportUpward(UpwardSheet("异物"), ("boss",))
    text = case.draft.text if case.draft else ""
    ways: dict[CaseState, list[tuple[str, CaseCommand]]] = {
        S.NEW: [("desk", moves.Take())],
        S.TRIAGE: [
            ("desk", moves.ConfirmGrade(case.level)),
            ("desk", report),
            ("desk", moves.BeginVerification()),
        ],
        S.VERIFYING: [
            ("writer", moves.SaveFactSheet(SHEETS[0])),
            ("writer", moves.SubmitFactSheet()),
        ],
        S.DRAFTING: [
            ("writer-and-approver", moves.SaveDraft(TEXTS[case.version % 3], platform="weibo")),
            ("writer", moves.SaveDraft(TEXTS[case.version % 3])),
            ("writer", moves.SubmitDraft()),
            ("writer", moves.SaveDraft(TEXTS[0], DraftKind.HOLDING)),
            ("writer", moves.SubmitDraft("确认")),
            ("desk", report),
        ],
        S.IN_REVIEW: [
            ("writer-and-approver", approve),
            ("boss", replace(approve, text_sha256=text_sha256("别的稿子"))),
            ("boss", approve),
            ("lawyer", approve),
        ],
        S.APPROVED: [
            ("voice", moves.RecordPublication("https://weibo.com/1/a", text + "（删改）")),
            ("voice", moves.RecordPublication("https://weibo.com/1/a", text)),
        ],
        S.RESPONDED: [
            ("agent", moves.AddPromise("退款", "boss", case.updated_at + 999 * HOUR)),
            ("desk", moves.Resolve()),
            ("desk", moves.DropPromise(len(case.promises) + 1, "谢绝")),
            ("desk", moves.Resolve()),
            ("desk", moves.Reopen("扩散")),
        ],
        S.RESOLVED: [
            ("desk", moves.Close()),
            ("boss", moves.Close()),
            ("desk", a_review()),
            ("desk", moves.Close()),
            ("boss", moves.Close()),
        ],
        S.CLOSED: [("desk", moves.Reopen("新证据"))],
        S.FALSE_ALARM: [("desk", moves.Reopen("看错了"))],
        S.MERGED: [("desk", moves.Unmerge("两件事"))],
        S.OBSERVING: [("desk", moves.Reopen("扩散")), ("desk", moves.Resolve())],
        S.ON_HOLD: [("desk", moves.Wake())],
    }
    return ways[case.state]


class CaseWalk(RuleBasedStateMachine):
    """People, the machine and crashes, on up to three cases."""

    def __init__(self) -> None:
        super().__init__()
        self.store = MemoryStore()
        self.store.rows.accounts = {account.id: account for account in PEOPLE}
        self.desk = a_desk(check_draft=self._check)
        self.at = NOON
        self.shadows: dict[str, Shadow] = {}
        self.before = self.store.rows.copied()
        seen["sequences"] += 1

    def _check(self, draft: Draft, case: Case) -> tuple[Finding, ...]:
        return (Finding("superlative"),) if "致歉" in draft.text else ()

    @initialize(level=st.sampled_from(Level))
    def begin(self, level):
        self._open(level, MENTIONS[0])

    @rule(level=st.sampled_from(Level), mentions=st.sampled_from(MENTIONS))
    def open_another(self, level, mentions):
        if len(self.store.rows.cases) < MOST_CASES:
            self._open(level, mentions)

    @rule(data=st.data(), until=st.sampled_from((*HALTS, None)), pause=st.sampled_from(WAITS))
    def go_on(self, data, until, pause):
        self._carry(data.draw(st.sampled_from(self._cases())), until, pause)

    @rule(data=st.data(), until=st.sampled_from(HALTS[:2]), claims=st.sampled_from(SHEETS))
    def facts_change_late(self, data, until, claims):
        case = self._carry(data.draw(st.sampled_from(self._cases())), until)
        self._try(case, self._person("writer"), moves.SaveFactSheet(claims))

    @rule(data=st.data(), level=st.sampled_from(Level))
    def grade_changes_late(self, data, level):
        case = self._carry(data.draw(st.sampled_from(self._cases())), S.APPROVED)
        self._try(case, self._person("desk"), moves.Regrade(level, "变化"))
        self._carry(self.store.rows.cases[case.id], S.RESPONDED)

    @rule(data=st.data(), person=st.sampled_from(PEOPLE), text=st.sampled_from(TEXTS))
    def write(self, data, person, text):
        case = data.draw(st.sampled_from(self._cases()))
        kind = data.draw(st.sampled_from(DraftKind))
        self._try(case, person, moves.SaveDraft(text, kind))

    @rule(data=st.data(), person=st.sampled_from(PEOPLE), claims=st.sampled_from(SHEETS))
    def find_out(self, data, person, claims):
        self._try(data.draw(st.sampled_from(self._cases())), person, moves.SaveFactSheet(claims))

    @rule(data=st.data(), person=st.sampled_from((*PEOPLE, None)))
    def try_anything(self, data, person):
        case = data.draw(st.sampled_from(self._cases()))
        command = data.draw(st.sampled_from(self._anything(case)))
        self._try(case, person, command)

    @rule(data=st.data())
    def click_on_a_stale_page(self, data):
        case = data.draw(st.sampled_from(self._cases()))
        stale = replace(case, version=case.version - 1)
        who, command = data.draw(st.sampled_from(progress(case)))
        try:
            self._act(stale, self._person(who), command)
        except CaseChanged:
            seen["conflicts"] += 1
        else:
            raise AssertionError("a stale click moved a case")

    @rule(data=st.data())
    def crash_before_the_commit(self, data):
        case = data.draw(st.sampled_from(self._cases()))
        who, command = data.draw(st.sampled_from(progress(case)))
        with self.store.begin() as work:
            try:
                act_in(
                    work,
                    who,
                    case.id,
                    command,
                    expected_version=case.version,
                    at=self.at,
                    desk=self.desk,
                )
            except NotPermitted:
                return
        seen["crashes"] += 1
        assert self.store.rows.cases[case.id] == case

    @rule(by=st.sampled_from(WAITS))
    def wait(self, by):
        self.at += by

    @rule()
    def clock_jumps_back(self):
        self.at -= timedelta(minutes=10)

    @rule(data=st.data())
    def machine(self, data):
        """An approved case waits until its approval has expired, or whatever waits wakes."""
        self._carry(data.draw(st.sampled_from(self._cases())), S.APPROVED)
        self.at += 80 * HOUR
        for case in tick(self.store.begin, at=self.at, desk=self.desk):
            seen["by the machine"] += 1
            if case.state is S.IN_REVIEW:
                self.shadows[case.id].approvals.clear()

    # what is done, and what the walk then believes

    def _carry(self, case: Case, until: CaseState | None, pause: timedelta = WAITS[0]) -> Case:
        """Carry a case on by sensible moves: otherwise no walk would ever reach an approval. Beside
        each stands one that has to be refused.
        """
        for _ in range(8):
            self.at += 80 * HOUR if case.state is S.RESPONDED else pause
            for who, command in progress(case):
                if case.state is until:
                    return case
                self._try(case, self._person(who), command)
                case = self.store.rows.cases[case.id]
        return case

    def _open(self, level, mentions):
        opening = Opening("cha", "异物", level, mention_ids=mentions)
        case = open_case(self.store.begin, "desk", opening, at=self.at, desk=self.desk)
        self.shadows[case.id] = Shadow()

    def _cases(self) -> list[Case]:
        return list(self.store.rows.cases.values())

    def _person(self, name: str) -> Account:
        return self.store.rows.accounts[name]

    def _anything(self, case: Case) -> list[CaseCommand]:
        other = next((c.id for c in self._cases() if c.id != case.id), case.id)
        draft = case.draft.sha256 if case.draft else ""
        sheet = case.fact_sheet.sha256
        return [
            moves.Take(),
            moves.Release(),
            moves.Assign("agent"),
            moves.Note("x"),
            *(moves.Regrade(level, "变化") for level in Level),
            moves.MarkFalseAlarm(FalseAlarmCategory.SPAM),
            moves.DecideSilence("影响小", self.at + 10 * HOUR),
            moves.SubmitFactSheet(),
            moves.SubmitDraft(),
            moves.SubmitDraft("坚持"),
            moves.Approve(draft, sheet),
            moves.Approve(draft, sheet, conflict=moves.ConflictChoice.KEEP_OTHERS),
            moves.Approve(text_sha256(TEXTS[1]), sheet),
            moves.Return("请改"),
            moves.Withdraw("有变"),
            moves.ExpireApproval(),
            moves.GiveWay(other),
            moves.NamePublisher("voice"),
            *(moves.RecordPublication("https://weibo.com/1/a", text) for text in TEXTS),
            moves.RecordPublication("https://weibo.com/1/a", note="页面要求登录"),
            moves.Resolve(),
            a_review(),
            moves.Close(),
            moves.Reopen("变化"),
            moves.Hold("等报告", self.at + 6 * HOUR),
            moves.Wake(),
            moves.Merge(other),
            moves.Unmerge("两件事"),
            moves.AddPromise("退款", "boss", self.at + HOUR, "王**"),
            moves.DropPromise(1, "谢绝"),
            moves.NoteReceipt(),
        ]

    def _try(self, case: Case, person: Account | None, command: CaseCommand) -> None:
        try:
            after = self._act(case, person, command)
        except NotPermitted:
            seen["refused"] += 1
        else:
            seen["moves"] += 1
            self._believe(case, after, person, command)

    def _act(self, case: Case, person: Account | None, command: CaseCommand) -> Case:
        with self.store.begin() as work:
            after = act_in(
                work,
                person.id if person else None,
                case.id,
                command,
                expected_version=case.version,
                at=self.at,
                desk=self.desk,
            )
            work.commit()
        return after

    def _believe(
        self, before: Case, case: Case, person: Account | None, command: CaseCommand
    ) -> None:
        shadow, name = self.shadows[case.id], person.id if person else ""
        voids = (moves.SaveDraft, moves.SaveFactSheet, moves.Return, moves.Withdraw)
        _stands(case)
        if isinstance(command, (moves.Resolve, moves.Close)):
            assert not case.open_promises, "the end of a case that owes something"
        if isinstance(command, (*voids, moves.ExpireApproval, moves.GiveWay, moves.Reopen)):
            shadow.approvals.clear()
        if isinstance(command, moves.SaveDraft):
            shadow.text, shadow.kind = command.text, command.kind
            shadow.writers.add(name)
        elif isinstance(command, moves.SaveFactSheet):
            shadow.sheet = case.fact_sheet.sha256
            shadow.unverifiable = UNVERIFIABLE.verdict in {c.verdict for c in command.claims}
        elif isinstance(command, moves.Regrade) and case.level.rank < before.level.rank:
            shadow.approvals.clear()
        elif isinstance(command, moves.Reopen):
            shadow.text, shadow.writers = "", set()
        elif isinstance(command, moves.Approve):
            self._believe_approval(case, shadow, name, command)
        elif isinstance(command, moves.RecordPublication):
            assert command.live_text in {None, shadow.text}, "what is live was not approved"
            self._believe_publication(case, shadow)

    def _believe_approval(self, case, shadow, name, command):
        seen["approvals"] += 1
        assert name not in shadow.writers, "an approval of one's own words"
        assert command.text_sha256 == text_sha256(shadow.text)
        assert command.sheet_sha256 == shadow.sheet
        shadow.approvals.append((name, command.text_sha256, command.sheet_sha256))
        if command.conflict is moves.ConflictChoice.REJECT_OTHERS and case.state is S.APPROVED:
            for other in self._cases():
                if other.id != case.id and other.state is S.DRAFTING:
                    self.shadows[other.id].approvals.clear()

    def _believe_publication(self, case, shadow):
        seen["publications"] += 1
        assert case.response is not None
        given = case.response.approvals
        assert [(a.account_id, a.text_sha256, a.sheet_sha256) for a in given] == shadow.approvals
        assert given, "published without an approval"
        assert case.response.text_sha256 == text_sha256(shadow.text)
        assert not shadow.unverifiable or shadow.kind is DraftKind.HOLDING
        validity = CasePolicy().validity
        approved_at = max(a.at for a in given)
        gravest = min((a.level for a in given), key=lambda level: level.rank)
        assert case.response.at - approved_at < validity[gravest]
        roles = {a.role for a in given}
        if case.level is Level.RED:
            assert roles >= {Role.LEGAL, Role.APPROVER_L2, Role.APPROVER_L3}
        if case.level is Level.ORANGE:
            assert roles >= {Role.LEGAL, Role.APPROVER_L2}
        shadow.approvals.clear()

    # the promises

    @invariant()
    def nothing_was_deleted(self):
        old, new = self.before, self.store.rows
        assert new.audit[: len(old.audit)] == old.audit
        assert old.mails.keys() <= new.mails.keys()
        for case_id, case in old.cases.items():
            now = new.cases[case_id]
            assert now.drafts[: len(case.drafts)] == case.drafts
            assert now.publications[: len(case.publications)] == case.publications
            assert len(now.promises) >= len(case.promises)
            assert now.version >= case.version
            assert now.updated_at >= case.updated_at, "a clock ran backwards"

    @invariant()
    def every_version_has_its_row_and_every_mail_its_move(self):
        fresh = self.store.rows.audit[len(self.before.audit) :]
        told = {key for row in fresh for key in json.loads(row.payload)["outbox"]}
        assert told == self.store.rows.mails.keys() - self.before.mails.keys()
        written = Counter(row.object_id for row in fresh)
        for case_id, case in self.store.rows.cases.items():
            was = self.before.cases.get(case_id)
            assert written[case_id] == case.version - (was.version if was else -1)
        assert _links(self.before.audit, fresh)
        self.before = self.store.rows.copied()

    @invariant()
    def states_and_what_they_stand_on_agree(self):
        for case in self._cases():
            _stands(case)

    def teardown(self):
        assert first_broken(self.store.rows.audit) is None
        for case in self._cases():
            rows = [row for row in self.store.rows.audit if row.object_id == case.id]
            times = [row.at for row in rows]
            assert times == sorted(times)
            hashes = [json.loads(row.payload) for row in rows]
            assert [h["before"] for h in hashes[1:]] == [h["after"] for h in hashes[:-1]]


def _stands(case: Case) -> None:
    """Check that a case has what its state stands on."""
    _PROMISES.get(case.state, lambda case: None)(case)
    if case.state in {S.IN_REVIEW, S.APPROVED}:
        assert case.draft is not None
        assert case.fact_sheet.is_complete
        unsure = bool(case.fact_sheet.unverifiable_claims)
        assert not unsure or case.draft.kind is DraftKind.HOLDING, "more than is known was said"
    for approval in case.approvals:
        assert approval.account_id not in case.writers


def _links(before: tuple[AuditRow, ...], fresh: tuple[AuditRow, ...]) -> bool:
    rows = (*before[-1:], *fresh)
    return all(b.previous_hash == a.row_hash for a, b in pairwise(rows))


def _unapproved(case: Case) -> None:
    assert not case.approvals, "approvals outlived what they were given for"
    assert case.valid_until is None


def _in_review(case: Case) -> None:
    assert case.chain
    assert case.review_step is not None


def _approved(case: Case) -> None:
    assert case.chain
    assert case.review_step is None
    assert case.valid_until is not None


def _merged(case: Case) -> None:
    assert case.merged is not None


def _on_hold(case: Case) -> None:
    assert case.pause is not None


def _responded(case: Case) -> None:
    assert case.publications
    assert not case.approvals


def _closed(case: Case) -> None:
    assert not case.open_promises
    assert case.review is not None or case.level is Level.BLUE


_PROMISES: dict[CaseState, Callable[[Case], None]] = {
    S.VERIFYING: _unapproved,
    S.DRAFTING: _unapproved,
    S.RESOLVED: _unapproved,
    S.IN_REVIEW: _in_review,
    S.APPROVED: _approved,
    S.MERGED: _merged,
    S.ON_HOLD: _on_hold,
    S.RESPONDED: _responded,
    S.CLOSED: _closed,
}

CaseWalk.TestCase.settings = settings(
    max_examples=SEQUENCES,
    stateful_step_count=STEPS,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.slow
class TestCaseWalk(CaseWalk.TestCase):  # type: ignore[misc, name-defined]
    """The walks."""


@pytest.mark.slow
def test_the_walks_met_what_they_are_about(capsys):
    if not seen["sequences"]:
        TestCaseWalk().runTest()
    with capsys.disabled():
        print("\n" + ", ".join(f"{count} {what}" for what, count in sorted(seen.items())))  # noqa: T201
    for what in ("publications", "approvals", "conflicts", "crashes", "refused", "by the machine"):
        assert seen[what] > 0, f"no walk had {what}"
