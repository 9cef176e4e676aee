"""A case (工单): one matter, from alarm to review. Frozen; `case_decisions.decide` moves it.

What runs beside the state (upward report, promises, grade) is in the case too, so that moving on
cannot skip it. Times are aware moments in UTC, people are account ids.
"""

import hashlib
import json
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime
from enum import StrEnum

from domain.approval import Approval, ChainStep, current_step
from domain.brand import Level
from domain.draft import Draft, Finding
from domain.fact_sheet import FactSheet


class CaseState(StrEnum):
    """The nine states of the road and the four beside it."""

    NEW = "new"
    TRIAGE = "triage"
    VERIFYING = "verifying"
    DRAFTING = "drafting"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    RESPONDED = "responded"
    RESOLVED = "resolved"
    CLOSED = "closed"
    FALSE_ALARM = "false_alarm"
    MERGED = "merged"
    OBSERVING = "observing"
    ON_HOLD = "on_hold"

    @property
    def is_active(self) -> bool:
        """Whether something is still to be done (an archived, false or merged case is done)."""
        return self not in {CaseState.CLOSED, CaseState.FALSE_ALARM, CaseState.MERGED}


PENDING_REPLY = frozenset({CaseState.IN_REVIEW, CaseState.APPROVED})
"""States in which words are on their way out: two such cases about one post are rivals."""


class CaseKind(StrEnum):
    """What the matter is; a complaint has promises, a security case goes to the administrator."""

    INCIDENT = "incident"
    COMPLAINT = "complaint"
    DISPUTE = "dispute"
    SECURITY = "security"


class FalseAlarmCategory(StrEnum):
    """Why an alarm was none; the rate of each is reported."""

    NOT_ABOUT_US = "not_about_us"
    OLD_NEWS = "old_news"
    MISJUDGED = "misjudged"
    SPAM = "spam"
    OWN_ACTIVITY = "own_activity"
    OTHER = "other"


class UpwardState(StrEnum):
    """Upward reporting (上报), beside the state of the case."""

    NOT_DUE = "not_due"
    DUE = "due"
    SENT = "sent"
    READ = "read"


@dataclass(frozen=True, slots=True)
class UpwardSheet:
    """The report sheet (上报单): 什么事、从何来、扩散、已做、建议."""

    what: str
    origin: str = ""
    spread: str = ""
    done: str = ""
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Somebody has read the report (已阅)."""

    account_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class UpwardReport:
    """Whether this has to be reported upward, was, and who has read it. `level` is the one that it
    was sent at: a graver one makes it due again.
    """

    state: UpwardState = UpwardState.NOT_DUE
    due_since: datetime | None = None
    sheet: UpwardSheet | None = None
    level: Level | None = None
    to: tuple[str, ...] = ()
    sent_by: str = ""
    sent_at: datetime | None = None
    receipts: tuple[Receipt, ...] = ()

    @property
    def is_owed(self) -> bool:
        """Whether it is due and nobody has sent it."""
        return self.state is UpwardState.DUE


class Comparison(StrEnum):
    """What comparing the published text with the approved one gave."""

    SAME = "same"
    NOT_READABLE = "not_readable"


@dataclass(frozen=True, slots=True)
class Publication:
    """An answer that was given in public: where, by whom, and the text that was approved.

    `approvals` are those it stood on. `comparison` NOT_READABLE says that the page could not be
    read, `note` then why.
    """

    url: str
    by: str
    at: datetime
    text_sha256: str
    sheet_sha256: str
    draft_number: int
    comparison: Comparison
    approvals: tuple[Approval, ...] = ()
    note: str = ""


class Satisfaction(StrEnum):
    """How the person took the result (001 §5.3)."""

    SATISFIED = "satisfied"
    ACCEPTED = "accepted"
    DISSATISFIED = "dissatisfied"
    NOT_KNOWN = "not_known"


class PromiseState(StrEnum):
    """A promise is open until it is kept and told, or dropped by the duty lead with a reason."""

    OPEN = "open"
    KEPT = "kept"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Promise:
    """What was promised, and to whom; `made_to` "" is a task that we set ourselves.

    While one is open the case can neither be resolved nor closed.
    """

    number: int
    action: str
    owner_id: str
    due_at: datetime
    made_by: str
    made_at: datetime
    made_to: str = ""
    state: PromiseState = PromiseState.OPEN
    ended_by: str = ""
    ended_at: datetime | None = None
    result: str = ""
    satisfaction: Satisfaction | None = None


@dataclass(frozen=True, slots=True)
class ReviewAction:
    """What will be done differently, by whom, until when."""

    action: str
    owner_id: str
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """The review sheet (复盘): cause, timeline, what worked, actions with owners."""

    cause: str
    timeline: str
    what_worked: str
    actions: tuple[ReviewAction, ...] = ()
    by: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """Why a case waits, until when, and the state it comes back to (等待外部)."""

    reason: str
    until: datetime
    by: str
    since: datetime
    back_to: CaseState


@dataclass(frozen=True, slots=True)
class Silence:
    """The decision not to answer (观察不回应): a decision too, with its reason and review time."""

    reason: str
    review_at: datetime
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Merged:
    """Where a merged case went, the state it had, and what the other one got from it: enough to
    take it apart again.
    """

    into: str
    by: str
    at: datetime
    back_to: CaseState
    signal_ids: tuple[str, ...] = ()
    mention_ids: tuple[str, ...] = ()
    lead_ids: tuple[str, ...] = ()
    clock_start_was: datetime | None = None


@dataclass(frozen=True, slots=True)
class Override:
    """A draft was submitted although a check found something: what, and why."""

    reason: str
    by: str
    at: datetime
    findings: tuple[Finding, ...]


def case_sha256(case: "Case") -> str:
    """Return the hash of everything a case holds, as the trail notes it before and after a move."""
    whole = json.dumps(case, sort_keys=True, ensure_ascii=False, default=_plain)
    return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()


def _plain(value: object) -> object:
    """A part of a case as JSON holds it (asdict would copy every part, five times as slow)."""
    if is_dataclass(value):
        return {part.name: getattr(value, part.name) for part in fields(value)}
    return str(value)


@dataclass(frozen=True, slots=True)
class Case:
    """One matter. `id` is `C-20261121-01` (business date, number of the day).

    `level` is suggested until `grade_confirmed`; `clock_start` is where its clocks begin (earlier
    than `opened_at` after a merge). `lease_until`: until then it is `owner_id`'s. `drafts` are all
    versions, `writers` whoever wrote one since the last answer; `chain` and `approvals` belong to
    the draft that is under review. `due_at` is the next moment at which something has to happen.
    """

    id: str
    kind: CaseKind
    state: CaseState
    level: Level
    brand_id: str
    title: str
    opened_at: datetime
    updated_at: datetime
    clock_start: datetime
    version: int = 0
    opened_by: str = ""
    summary: str = ""
    grade_confirmed: bool = False
    owner_id: str = ""
    lease_until: datetime | None = None
    signal_ids: tuple[str, ...] = ()
    mention_ids: tuple[str, ...] = ()
    lead_ids: tuple[str, ...] = ()
    related_ids: tuple[str, ...] = ()
    repeat_of: str = ""
    fact_sheet: FactSheet = field(default_factory=FactSheet)
    drafts: tuple[Draft, ...] = ()
    writers: tuple[str, ...] = ()
    override: Override | None = None
    chain: tuple[ChainStep, ...] = ()
    approvals: tuple[Approval, ...] = ()
    valid_until: datetime | None = None
    publisher_id: str = ""
    publications: tuple[Publication, ...] = ()
    upward: UpwardReport = UpwardReport()
    promises: tuple[Promise, ...] = ()
    silence: Silence | None = None
    pause: Pause | None = None
    merged: Merged | None = None
    merged_ids: tuple[str, ...] = ()
    false_alarm: FalseAlarmCategory | None = None
    review: Review | None = None
    due_at: datetime | None = None

    @property
    def draft(self) -> Draft | None:
        """The newest version of the text, None before the first and after a reopening."""
        return self.drafts[-1] if self.drafts and self.writers else None

    @property
    def response(self) -> Publication | None:
        """The newest answer that was given in public."""
        return self.publications[-1] if self.publications else None

    @property
    def open_promises(self) -> tuple[Promise, ...]:
        """Promises and tasks that are still owed."""
        return tuple(p for p in self.promises if p.state is PromiseState.OPEN)

    @property
    def review_step(self) -> int | None:
        """The number of the step that is to approve next; None when the chain is met or empty."""
        return current_step(self.chain, self.approvals) if self.chain else None

    @property
    def is_grave(self) -> bool:
        """Red or orange: what needs the duty lead, the report upward and the second signature."""
        return self.level.rank <= Level.ORANGE.rank

    def promise(self, number: int) -> Promise | None:
        """Return a promise by number."""
        return next((p for p in self.promises if p.number == number), None)


class CaseSort(StrEnum):
    """The order of a list of cases: newest first, or what is due next first."""

    NEWEST = "newest"
    DUE = "due"


@dataclass(frozen=True, slots=True)
class CaseQuery:
    """Which cases are wanted; every condition that is set has to hold. `text` is looked for in id,
    title and summary; `due_before` finds what is overdue at that moment.
    """

    states: tuple[CaseState, ...] = ()
    kinds: tuple[CaseKind, ...] = ()
    levels: tuple[Level, ...] = ()
    brand_id: str = ""
    owner_id: str = ""
    due_before: datetime | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class CasePage:
    """One page of a search, how many there are in all, and where the next page begins."""

    cases: tuple[Case, ...]
    total: int
    next_offset: int | None = None
