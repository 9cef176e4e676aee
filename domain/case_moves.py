"""Everything that can be done to a case: one frozen command each. `case_table` says who may, when.

A command carries only what a person decides; who and when come from outside, so that nobody can
sign for another. Reasons and comments are plain text.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.brand import Level
from domain.case import (
    CaseKind,
    FalseAlarmCategory,
    ReviewAction,
    Satisfaction,
    UpwardSheet,
)
from domain.draft import Authorship, DraftKind, Importance
from domain.fact_sheet import Claim


class ConflictChoice(StrEnum):
    """What becomes of other replies on their way to the same post."""

    KEEP_OTHERS = "keep_others"
    REJECT_OTHERS = "reject_others"


@dataclass(frozen=True, slots=True)
class Take:
    """Take a case in hand (认领), renew the lease, or take over from a lease that ran out."""


@dataclass(frozen=True, slots=True)
class Release:
    """Give a case back that was taken and not worked on."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Assign:
    """Give a case to somebody; `account_id` "" leaves it without an owner."""

    account_id: str


@dataclass(frozen=True, slots=True)
class Describe:
    """Say what the matter is."""

    title: str
    summary: str = ""
    kind: CaseKind | None = None


@dataclass(frozen=True, slots=True)
class Attach:
    """Add signals, mentions and leads to a case."""

    signal_ids: tuple[str, ...] = ()
    mention_ids: tuple[str, ...] = ()
    lead_ids: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Relate:
    """Link another case; `is_repeat`: this is the same person's complaint again."""

    case_id: str
    is_repeat: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """Write something into the trail."""

    text: str


@dataclass(frozen=True, slots=True)
class ConfirmGrade:
    """Confirm the suggested level, or give another; a lower one needs the duty lead."""

    level: Level
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Regrade:
    """Change a confirmed level: up by anyone on the case, down by the duty lead."""

    level: Level
    reason: str


@dataclass(frozen=True, slots=True)
class BeginVerification:
    """The grade stands and the report is out: find out what is true."""


@dataclass(frozen=True, slots=True)
class MarkFalseAlarm:
    """It was none (误报)."""

    category: FalseAlarmCategory
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DecideSilence:
    """Decide not to answer (观察不回应), or look again at such a decision."""

    reason: str
    review_at: datetime


@dataclass(frozen=True, slots=True)
class SaveFactSheet:
    """Write the fact sheet. Who checked a line, and when, is filled in by the rules."""

    claims: tuple[Claim, ...]
    accused_unit: str = ""


@dataclass(frozen=True, slots=True)
class SubmitFactSheet:
    """The fact sheet is complete: the draft may begin."""


@dataclass(frozen=True, slots=True)
class SaveDraft:
    """Write the next version of the text; takes a draft under review back and voids approvals."""

    text: str
    kind: DraftKind = DraftKind.ANSWER
    importance: Importance = Importance.ROUTINE
    authorship: Authorship = Authorship.STAFF
    platform: str = ""


@dataclass(frozen=True, slots=True)
class SubmitDraft:
    """Send the draft for approval; `override_reason` is needed when a check found something."""

    override_reason: str = ""


@dataclass(frozen=True, slots=True)
class Approve:
    """Approve exactly the text and the fact sheet with these hashes."""

    text_sha256: str
    sheet_sha256: str
    comment: str = ""
    conflict: ConflictChoice | None = None


@dataclass(frozen=True, slots=True)
class Return:
    """Send the draft back with a comment (退回)."""

    comment: str


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Take the draft back from review, or an approved one from publication."""

    reason: str


@dataclass(frozen=True, slots=True)
class ExpireApproval:
    """The approval is older than its level allows: it has to be given again."""


@dataclass(frozen=True, slots=True)
class GiveWay:
    """Another reply to the same post was approved and this one rejected for it."""

    to_case_id: str


@dataclass(frozen=True, slots=True)
class NamePublisher:
    """Name the one person who may publish this answer; "" means any publisher."""

    account_id: str


@dataclass(frozen=True, slots=True)
class RecordPublication:
    """Record that a person has published the approved text, and what the page says now.

    `live_text` is the text as read from the page, None when it cannot be read; `note` then says
    why.
    """

    url: str
    live_text: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Resolve:
    """It is quiet and nothing is owed (办结)."""


@dataclass(frozen=True, slots=True)
class SaveReview:
    """Write the review sheet (复盘)."""

    cause: str
    timeline: str
    what_worked: str
    actions: tuple[ReviewAction, ...] = ()


@dataclass(frozen=True, slots=True)
class Close:
    """Archive the case (归档)."""


@dataclass(frozen=True, slots=True)
class Reopen:
    """Take a case up again: answered ones are verified anew, archived and false ones graded
    anew.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class Hold:
    """Wait for somebody outside, until a set time."""

    reason: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Wake:
    """Go on with a case that waited."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Merge:
    """Make this case part of another one; nothing is deleted."""

    into: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Unmerge:
    """Take a merged case out again."""

    reason: str


@dataclass(frozen=True, slots=True)
class AddPromise:
    """Note what was promised (`made_to`), or a task of our own (`made_to` "")."""

    action: str
    owner_id: str
    due_at: datetime
    made_to: str = ""


@dataclass(frozen=True, slots=True)
class KeepPromise:
    """The promised thing is done and the person was told."""

    number: int
    result: str
    satisfaction: Satisfaction | None = None


@dataclass(frozen=True, slots=True)
class DropPromise:
    """The promise will not be kept, or was noted by mistake."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class ReportUpward:
    """Send the report sheet (上报) to these accounts."""

    sheet: UpwardSheet
    to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NoteReceipt:
    """I have read the report (已阅)."""


CaseCommand = (
    Take
    | Release
    | Assign
    | Describe
    | Attach
    | Relate
    | Note
    | ConfirmGrade
    | Regrade
    | BeginVerification
    | MarkFalseAlarm
    | DecideSilence
    | SaveFactSheet
    | SubmitFactSheet
    | SaveDraft
    | SubmitDraft
    | Approve
    | Return
    | Withdraw
    | ExpireApproval
    | GiveWay
    | NamePublisher
    | RecordPublication
    | Resolve
    | SaveReview
    | Close
    | Reopen
    | Hold
    | Wake
    | Merge
    | Unmerge
    | AddPromise
    | KeepPromise
    | DropPromise
    | ReportUpward
    | NoteReceipt
)
