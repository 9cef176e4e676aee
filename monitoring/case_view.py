"""One case as its page shows it: where it stands on the road, what comes next and for whom, its
clocks, its evidence, its trail in words. Pure of the page; the rules stay in `domain`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import groupby

from domain.account import Account, AccountState, Role
from domain.audit import AuditRow
from domain.case import PENDING_REPLY, Case, CaseQuery, CaseState
from domain.case_decisions import allowed_roles, possible
from domain.case_guards import has_expired, waiting_roles
from domain.case_moves import (
    Approve,
    BeginVerification,
    Close,
    ConfirmGrade,
    ExpireApproval,
    RecordPublication,
    ReportUpward,
    Resolve,
    SaveDraft,
    SaveFactSheet,
    SaveReview,
    SubmitDraft,
    SubmitFactSheet,
    Take,
    Wake,
)
from domain.case_policy import CasePolicy
from domain.case_table import BY_COMMAND_AND_STATE
from domain.case_words import COMMAND_WORDS, roles_listed
from domain.clocks import (
    ClockName,
    ClockReading,
    ClockState,
    most_urgent,
)
from domain.lead import Lead
from domain.mention import Mention
from domain.ports import BeginWork, MentionStore, UnitOfWork
from domain.signal import Signal
from monitoring.case_clocks import read_clocks
from monitoring.trail_words import TrailLine, lines
from presentation import formats
from presentation.wording import word

MOST_MENTIONS = 50

S = CaseState


# ---- the road ----


class Standing(StrEnum):
    """Where a stage of the road is, seen from the case."""

    DONE = "done"
    NOW = "now"
    AHEAD = "ahead"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the stepper."""

    name: str
    standing: Standing


STAGES = (
    "研判",
    "分派",
    "核实",
    "拟稿",
    "审批",
    "发布记录",
    "跟踪",
    "办结",
    "复盘",
    "归档",
)
_AT: Mapping[CaseState, str] = {
    S.NEW: "研判",
    S.VERIFYING: "核实",
    S.DRAFTING: "拟稿",
    S.IN_REVIEW: "审批",
    S.APPROVED: "发布记录",
    S.RESPONDED: "跟踪",
    S.OBSERVING: "跟踪",
    S.CLOSED: "归档",
}
_ANSWERING = frozenset({"拟稿", "审批", "发布记录"})


def stage_of(case: Case) -> str:
    """Return the stage in which a case is; one that waits or ended is where it was."""
    state = _state_on_the_road(case)
    if state is S.TRIAGE:
        return "分派" if case.grade_confirmed else "研判"
    if state is S.RESOLVED:
        return "归档" if case.review else "复盘"
    return _AT.get(state, "研判")


def road(case: Case) -> tuple[Stage, ...]:
    """Return the stages of the stepper; an answer that was decided against is skipped."""
    here = STAGES.index(stage_of(case))
    over = case.state is S.CLOSED
    unanswered = case.silence is not None and not case.publications
    return tuple(
        Stage(name, _standing(name, place, here, over=over, unanswered=unanswered))
        for place, name in enumerate(STAGES)
    )


def _standing(name: str, place: int, here: int, *, over: bool, unanswered: bool) -> Standing:
    if place > here:
        return Standing.AHEAD
    if unanswered and name in _ANSWERING and place < here:
        return Standing.SKIPPED
    if place == here and not over:
        return Standing.NOW
    return Standing.DONE


def _state_on_the_road(case: Case) -> CaseState:
    if case.state is S.ON_HOLD and case.pause is not None:
        return case.pause.back_to
    if case.state is S.MERGED and case.merged is not None:
        return case.merged.back_to
    return case.state


# ---- what comes next ----


@dataclass(frozen=True, slots=True)
class Next:
    """The one thing that moves a case on: the command, its word, who may do it, and whether the
    reader is one of them.
    """

    command: type
    words: str
    who: str
    is_mine: bool


def next_command(case: Case, policy: CasePolicy, now: datetime) -> type | None:
    """Return the command that moves a case on; None when it is over."""
    match case.state:
        case S.NEW:
            return Take
        case S.TRIAGE:
            return _next_in_triage(case)
        case S.VERIFYING:
            return SubmitFactSheet if case.fact_sheet.is_complete else SaveFactSheet
        case S.DRAFTING:
            return SubmitDraft if case.draft else SaveDraft
        case S.IN_REVIEW:
            return Approve
        case S.APPROVED:
            return ExpireApproval if has_expired(case, now) else RecordPublication
        case S.RESPONDED | S.OBSERVING:
            return ReportUpward if case.upward.is_owed else Resolve
        case S.RESOLVED:
            needs_review = case.level in policy.reviewed_levels
            return SaveReview if needs_review and not _is_reviewed(case) else Close
        case S.ON_HOLD:
            return Wake
        case _:
            return None


def _next_in_triage(case: Case) -> type:
    if not case.grade_confirmed:
        return ConfirmGrade
    return ReportUpward if case.upward.is_owed else BeginVerification


def _is_reviewed(case: Case) -> bool:
    return case.review is not None and bool(case.review.actions)


def next_step(case: Case, account: Account, policy: CasePolicy, now: datetime) -> Next | None:
    """Return what moves a case on, seen by a reader; None when it is over."""
    command = next_command(case, policy, now)
    if command is None:
        return None
    roles = allowed_roles(BY_COMMAND_AND_STATE[command, case.state], case)
    if command is Approve:
        roles = frozenset(waiting_roles(case))
    mine = command in possible(case, account) and bool(roles & account.roles)
    if command is Approve:
        mine = mine and account.id not in case.writers
    if command is RecordPublication and case.publisher_id:
        mine = mine and account.id == case.publisher_id
    return Next(command, COMMAND_WORDS[command].zh, roles_listed(roles).zh, mine)


# ---- the whole view ----


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case with all that its page shows. `people` are the accounts by id, `others` the active
    cases of its brand, `rivals` those with another reply to the same posts on its way, `clocks` all
    that were ever started, `rows` its audit trail.
    """

    case: Case
    brand_name: str
    signals: tuple[Signal, ...]
    mentions: tuple[Mention, ...]
    clocks: tuple[ClockReading, ...]
    rows: tuple[AuditRow, ...]
    people: Mapping[str, Account]
    others: tuple[Case, ...]
    leads: tuple[Lead, ...]
    rivals: tuple[Case, ...]
    now: datetime

    @property
    def names(self) -> Mapping[str, str]:
        """Account ids to names."""
        return {account_id: account.name for account_id, account in self.people.items()}

    def name(self, account_id: str) -> str:
        """Return what an account is called; "" of nobody."""
        return self.names.get(account_id, account_id)

    @property
    def trail(self) -> tuple[TrailLine, ...]:
        """The audit trail in words, newest first."""
        return tuple(reversed(lines(self.rows, self.names)))

    @property
    def running(self) -> tuple[ClockReading, ...]:
        """The clocks that run, what is due first first; a watch window is no duty and comes
        last.
        """
        going = [c for c in self.clocks if c.is_running]
        return tuple(sorted(going, key=_by_urgency))

    @property
    def breached(self) -> tuple[ClockReading, ...]:
        """The clocks that ran out before they were answered: a regrade hides none of them."""
        return tuple(c for c in self.clocks if c.state is ClockState.BREACHED and not c.is_running)

    @property
    def urgent(self) -> ClockReading | None:
        """The clock that is due first."""
        return most_urgent(self.clocks)

    def with_roles(self, roles: Iterable[Role]) -> tuple[Account, ...]:
        """Return the active accounts that have one of the roles, by name."""
        wanted = frozenset(roles)
        return tuple(
            account
            for account in self.people.values()
            if account.state is AccountState.ACTIVE and account.roles & wanted
        )


def _by_urgency(reading: ClockReading) -> tuple[bool, datetime]:
    window = reading.name is ClockName.WATCH_WINDOW
    return window, reading.due_at or datetime.max.replace(tzinfo=reading.started_at.tzinfo)


def read_case(
    store: MentionStore, begin_reading: BeginWork, case_id: str, *, now: datetime
) -> CaseView | None:
    """Read a case; None when there is none of that id."""
    with begin_reading() as work:
        case = work.cases.get(case_id)
        if case is None:
            return None
        _, configuration = work.configuration.current()
        rows = tuple(work.audit.of(case_id))
        signals = tuple(s for i in case.signal_ids if (s := work.signals.get(i)) is not None)
        people = {account.id: account for account in work.accounts.all()}
        others = _others(work, case)
        rivals = _rivals(work, case)
        clocks = tuple(read_clocks(work, case, now))
        leads = tuple(lead for i in case.lead_ids if (lead := work.leads.get(i)) is not None)
    ids = case.mention_ids[:MOST_MENTIONS]
    found = store.get(ids) if ids else {}
    brands = {brand.id: brand.name for brand in configuration.brands}
    return CaseView(
        case=case,
        brand_name=brands.get(case.brand_id, case.brand_id),
        signals=signals,
        mentions=tuple(found[i] for i in ids if i in found),
        clocks=clocks,
        rows=rows,
        people=people,
        others=others,
        leads=leads,
        rivals=rivals,
        now=now,
    )


def _others(work: UnitOfWork, case: Case) -> tuple[Case, ...]:
    active = tuple(state for state in CaseState if state.is_active)
    page = work.cases.search(CaseQuery(states=active, brand_id=case.brand_id), limit=50)
    return tuple(other for other in page.cases if other.id != case.id)


def _rivals(work: UnitOfWork, case: Case) -> tuple[Case, ...]:
    """Other cases with words on their way to one of the same posts."""
    if case.state not in PENDING_REPLY or not case.mention_ids:
        return ()
    found = work.cases.with_any_mention(case.mention_ids)
    return tuple(other for other in found if other.id != case.id and other.state in PENDING_REPLY)


# ---- clocks in words ----


def clock_words(reading: ClockReading, now: datetime) -> str:
    """Return how a clock stands: `剩余 1 小时`, `超时 20 分钟`, `已暂停`, `制度未填写`."""
    if reading.state is ClockState.NOT_SET:
        return word(ClockState.NOT_SET).zh
    if reading.paused or reading.due_at is None:
        return "已暂停"
    end = reading.ended_at or now
    late = end - reading.due_at
    if reading.state is ClockState.BREACHED:
        return f"超时 {formats.duration(max(late, timedelta(0)), 'zh')}"
    if reading.ended_at is not None or reading.state is ClockState.MET:
        return "观察期已满" if reading.name is ClockName.WATCH_WINDOW else "按时"
    return f"剩余 {formats.duration(-late, 'zh')}"


# ---- what differs between two versions of a text ----


class Part(StrEnum):
    """A piece of a comparison."""

    SAME = "same"
    GONE = "gone"
    NEW = "new"


def compare(old: str, new: str) -> tuple[tuple[Part, str], ...]:
    """Return the pieces of two texts in order: what stayed, what went, what came.

    Compared line by line, and sign by sign within lines that changed; very long ones by line only.
    """
    pieces: list[tuple[Part, str]] = []
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    for tag, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        gone, came = "".join(before[a:b]), "".join(after[c:d])
        if tag == "equal":
            pieces.append((Part.SAME, came))
        elif gone and came and len(gone) + len(came) <= _BY_SIGN:
            pieces += _by_sign(gone, came)
        else:
            pieces += [(Part.GONE, gone), (Part.NEW, came)]
    return tuple(_joined(piece for piece in pieces if piece[1]))


_BY_SIGN = 2_000


def _by_sign(old: str, new: str) -> Iterator[tuple[Part, str]]:
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield Part.SAME, new[c:d]
        else:
            yield Part.GONE, old[a:b]
            yield Part.NEW, new[c:d]


def _joined(pieces: Iterable[tuple[Part, str]]) -> Iterator[tuple[Part, str]]:
    for part, group in groupby(pieces, key=lambda piece: piece[0]):
        yield part, "".join(text for _, text in group)
