"""What a legal command does to a case: one small function each. The guards have been passed.

A change never sets the state where the table names just one; it never sets `version`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from domain.account import Role
from domain.approval import Approval
from domain.brand import Level
from domain.case import (
    Case,
    CaseState,
    Comparison,
    Merged,
    Override,
    Pause,
    Promise,
    PromiseState,
    Publication,
    Receipt,
    Review,
    Silence,
    UpwardReport,
    UpwardState,
)
from domain.case_guards import approving_role, stands_approved, waiting_roles
from domain.case_moves import (
    AddPromise,
    Approve,
    Assign,
    Attach,
    CaseCommand,
    ConfirmGrade,
    ConflictChoice,
    DecideSilence,
    Describe,
    DropPromise,
    GiveWay,
    Hold,
    KeepPromise,
    MarkFalseAlarm,
    Merge,
    NamePublisher,
    Note,
    RecordPublication,
    Regrade,
    Relate,
    Reopen,
    ReportUpward,
    Return,
    SaveDraft,
    SaveFactSheet,
    SaveReview,
    SubmitDraft,
    Withdraw,
)
from domain.case_notice import Notice, NoticeKind
from domain.case_situation import Situation
from domain.draft import Draft
from domain.errors import KoubeiError, Text
from domain.fact_sheet import Claim, FactSheet


@dataclass(frozen=True, slots=True)
class Changed:
    """What a command comes to, before the table's target state is set."""

    case: Case
    others: tuple[Case, ...] = ()
    follow_ups: tuple[tuple[Case, CaseCommand], ...] = ()
    notices: tuple[Notice, ...] = ()
    details: Mapping[str, object] = field(default_factory=dict)


Change = Callable[[Situation[Any]], Changed]

PUBLISHERS = (Role.PUBLISHER,)


def unchanged(s: Situation[Any]) -> Changed:
    """Only the state moves."""
    return Changed(s.case)


# in hand


def take(s: Situation[Any]) -> Changed:
    """Own it, with a fresh lease."""
    lease_until = s.at + s.policy.lease
    return Changed(replace(s.case, owner_id=s.actor_id, lease_until=lease_until))


def release(s: Situation[Any]) -> Changed:
    """Own it no more."""
    return Changed(replace(s.case, owner_id="", lease_until=None))


def assign(s: Situation[Assign]) -> Changed:
    """Another owner, without a lease until they take it."""
    owner = s.command.account_id
    told = (Notice(NoticeKind.ASSIGNED, (owner,)),) if owner else ()
    details = {"owner_before": s.case.owner_id, "owner": owner}
    return Changed(replace(s.case, owner_id=owner, lease_until=None), notices=told, details=details)


def describe(s: Situation[Describe]) -> Changed:
    """Other words for the matter."""
    command = s.command
    kind = command.kind or s.case.kind
    told = {"title": command.title, "kind": kind}
    return Changed(
        replace(s.case, title=command.title.strip(), summary=command.summary.strip(), kind=kind),
        details=told,
    )


def attach(s: Situation[Attach]) -> Changed:
    """More signals, mentions and leads; those it has already count once."""
    case, new = s.case, s.command
    return Changed(
        replace(
            case,
            signal_ids=_joined(case.signal_ids, new.signal_ids),
            mention_ids=_joined(case.mention_ids, new.mention_ids),
            lead_ids=_joined(case.lead_ids, new.lead_ids),
        ),
        details={
            "signals": list(new.signal_ids),
            "mentions": list(new.mention_ids),
            "leads": list(new.lead_ids),
        },
    )


def relate(s: Situation[Relate]) -> Changed:
    """A link to another case."""
    other = s.command.case_id
    repeat_of = other if s.command.is_repeat else s.case.repeat_of
    related = _joined(s.case.related_ids, (other,))
    details = {"other": other, "is_repeat": s.command.is_repeat}
    return Changed(replace(s.case, related_ids=related, repeat_of=repeat_of), details=details)


def note(s: Situation[Note]) -> Changed:
    """Words for the trail, which alone keeps them."""
    return Changed(s.case, details={"text": s.command.text})


# the grade and the report upward


def confirm_grade(s: Situation[ConfirmGrade]) -> Changed:
    """A person stands for the level; a report that only the suggestion asked for is not owed."""
    upward = s.case.upward
    if upward.is_owed and upward.level is None:
        upward = UpwardReport()
    case = replace(s.case, grade_confirmed=True, upward=upward)
    return Changed(_graded(case, s.command.level, s.at), details=_grades(s))


def regrade(s: Situation[Regrade]) -> Changed:
    """Another level. Up: a new chain, which nothing that was approved before is part of."""
    case = _graded(s.case, s.command.level, s.at)
    rises = s.command.level.rank < s.case.level.rank
    if not rises or not case.chain or case.draft is None:
        return Changed(case, details=_grades(s))
    chain = s.policy.chain_for(case.level, case.draft)
    case = replace(case, chain=chain, approvals=(), valid_until=None)
    if case.state is CaseState.APPROVED:
        case = replace(case, state=CaseState.IN_REVIEW)
    if case.pause is not None and case.pause.back_to is CaseState.APPROVED:
        case = replace(case, pause=replace(case.pause, back_to=CaseState.IN_REVIEW))
    details = _grades(s) | {"approvals_voided": len(s.case.approvals)}
    return Changed(case, notices=_ask_for_approval(case), details=details)


def report_upward(s: Situation[ReportUpward]) -> Changed:
    """The sheet goes into the outbox: that is what the state asks for."""
    to = tuple(dict.fromkeys(s.command.to))
    report = UpwardReport(
        state=UpwardState.SENT,
        due_since=s.case.upward.due_since,
        sheet=s.command.sheet,
        level=s.case.level,
        to=to,
        sent_by=s.actor_id,
        sent_at=s.at,
    )
    told = (Notice(NoticeKind.UPWARD_REPORT, to),)
    return Changed(replace(s.case, upward=report), notices=told, details={"to": list(to)})


def note_receipt(s: Situation[Any]) -> Changed:
    """One more has read it."""
    report = s.case.upward
    state = report.state if report.is_owed else UpwardState.READ
    receipts = (*report.receipts, Receipt(s.actor_id, s.at))
    return Changed(replace(s.case, upward=replace(report, state=state, receipts=receipts)))


# false alarm, silence, waiting


def mark_false_alarm(s: Situation[MarkFalseAlarm]) -> Changed:
    """Why it was none; nothing is owed upward for it."""
    category = s.command.category
    upward = UpwardReport() if s.case.upward.is_owed else s.case.upward
    case = replace(s.case, false_alarm=category, upward=upward)
    return Changed(case, details={"category": category})


def decide_silence(s: Situation[DecideSilence]) -> Changed:
    """A decision with a reason, a decider and a time to look again."""
    silence = Silence(s.command.reason.strip(), s.command.review_at, s.actor_id, s.at)
    return Changed(
        replace(s.case, silence=silence), details={"review_at": silence.review_at.isoformat()}
    )


def hold(s: Situation[Hold]) -> Changed:
    """Remember where it comes back to."""
    pause = Pause(s.command.reason.strip(), s.command.until, s.actor_id, s.at, s.case.state)
    return Changed(replace(s.case, pause=pause), details={"until": pause.until.isoformat()})


def wake(s: Situation[Any]) -> Changed:
    """Back to where it was."""
    pause = s.case.pause
    if pause is None:
        raise _impossible(s.case, "on hold without a pause")
    told = (Notice(NoticeKind.WOKEN, _people(s.case.owner_id)),) if s.account is None else ()
    return Changed(replace(s.case, state=pause.back_to, pause=None), notices=told)


# facts and draft


def save_fact_sheet(s: Situation[SaveFactSheet]) -> Changed:
    """The next sheet; what was approved on the old one is void."""
    old = {claim.number: claim for claim in s.case.fact_sheet.claims}
    claims = tuple(_signed(claim, old.get(claim.number), s) for claim in s.command.claims)
    sheet = FactSheet(claims, s.command.accused_unit.strip())
    case = _without_approvals(replace(s.case, fact_sheet=sheet))
    if case.state is not CaseState.VERIFYING:
        state = CaseState.DRAFTING if sheet.is_complete else CaseState.VERIFYING
        case = replace(case, state=state)
    details = {"sheet_sha256": sheet.sha256, "approvals_voided": len(s.case.approvals)}
    return Changed(case, details=details)


def submit_fact_sheet(s: Situation[Any]) -> Changed:
    """The facts stand."""
    return Changed(s.case, details={"sheet_sha256": s.case.fact_sheet.sha256})


def save_draft(s: Situation[SaveDraft]) -> Changed:
    """The next version, by one more writer; what was approved before is void."""
    c = s.command
    number = len(s.case.drafts) + 1
    draft = Draft(number, c.text, s.actor_id, s.at, c.kind, c.importance, c.authorship, c.platform)
    writers = _joined(s.case.writers, (s.actor_id,))
    case = replace(s.case, drafts=(*s.case.drafts, draft), writers=writers)
    details = {
        "draft": number,
        "text_sha256": draft.sha256,
        "approvals_voided": len(s.case.approvals),
    }
    return Changed(_without_approvals(case), details=details)


def submit_draft(s: Situation[SubmitDraft]) -> Changed:
    """The chain of its level and importance begins."""
    draft = _draft_of(s.case)
    found = tuple(finding for finding in s.facts.findings if finding.blocking)
    override = Override(s.command.override_reason.strip(), s.actor_id, s.at, found)
    case = replace(
        _without_approvals(s.case),
        chain=s.policy.chain_for(s.case.level, draft),
        override=override if found else None,
    )
    details = {
        "text_sha256": draft.sha256,
        "sheet_sha256": case.fact_sheet.sha256,
        "chain": [[step.mode, *step.roles] for step in case.chain],
        "findings": [finding.code for finding in s.facts.findings],
    }
    return Changed(case, notices=_ask_for_approval(case), details=details)


def approve(s: Situation[Approve]) -> Changed:
    """One more approval; the last one starts the clock of its validity."""
    role, number = approving_role(s), s.case.review_step
    if role is None or number is None or s.account is None:
        raise _impossible(s.case, "approved without a step")
    approval = Approval(
        step=number,
        role=role,
        account_id=s.actor_id,
        at=s.at,
        text_sha256=s.command.text_sha256,
        sheet_sha256=s.command.sheet_sha256,
        level=s.case.level,
        as_deputy=role not in s.account.roles,
        comment=s.command.comment.strip(),
    )
    case = replace(s.case, approvals=(*s.case.approvals, approval))
    details: dict[str, object] = {
        "step": number,
        "approved_as": role,
        "text_sha256": approval.text_sha256,
        "sheet_sha256": approval.sheet_sha256,
    }
    if case.review_step is not None:
        return Changed(case, notices=_ask_for_approval(case), details=details)
    return _approved(s, case, details)


def _approved(s: Situation[Approve], case: Case, details: dict[str, object]) -> Changed:
    valid_until = s.at + s.policy.validity[case.level]
    case = replace(case, state=CaseState.APPROVED, valid_until=valid_until)
    rejects = s.command.conflict is ConflictChoice.REJECT_OTHERS
    rivals = s.facts.rivals if rejects else ()
    return Changed(
        case,
        follow_ups=tuple((rival, GiveWay(case.id)) for rival in rivals),
        notices=_tell_approved(case),
        details=details
        | {
            "valid_until": valid_until.isoformat(),
            "rivals": [rival.id for rival in s.facts.rivals],
            "conflict": s.command.conflict,
        },
    )


def send_back(s: Situation[Return] | Situation[Withdraw] | Situation[GiveWay]) -> Changed:
    """Back to the writers; all approvals are void."""
    told = Notice(NoticeKind.RETURNED, _people(*s.case.writers, s.case.owner_id))
    details: dict[str, object] = {"approvals_voided": len(s.case.approvals)}
    if isinstance(s.command, GiveWay):
        details["for"] = s.command.to_case_id
    if isinstance(s.command, Return):
        details["step"] = s.case.review_step
    return Changed(_without_approvals(s.case), notices=(told,), details=details)


def expire_approval(s: Situation[Any]) -> Changed:
    """The same chain from its first step."""
    case = replace(s.case, approvals=(), valid_until=None)
    late = Notice(NoticeKind.APPROVAL_EXPIRED, _people(*case.writers, case.owner_id))
    details = {"approvals_voided": len(s.case.approvals)}
    return Changed(case, notices=(late, *_ask_for_approval(case)), details=details)


def name_publisher(s: Situation[NamePublisher]) -> Changed:
    """Who publishes this answer."""
    who = s.command.account_id
    return Changed(replace(s.case, publisher_id=who), details={"publisher": who})


def record_publication(s: Situation[RecordPublication]) -> Changed:
    """The answer with its address, the approvals it stood on and what the comparison gave."""
    draft, command = _draft_of(s.case), s.command
    if not stands_approved(s.case):
        raise _impossible(s.case, "published without approval")
    read = command.live_text is not None
    publication = Publication(
        url=command.url.strip(),
        by=s.actor_id,
        at=s.at,
        text_sha256=draft.sha256,
        sheet_sha256=s.case.fact_sheet.sha256,
        draft_number=draft.number,
        comparison=Comparison.SAME if read else Comparison.NOT_READABLE,
        approvals=s.case.approvals,
        note=command.note.strip(),
    )
    answered = replace(s.case, publications=(*s.case.publications, publication))
    return Changed(
        _without_approvals(answered),  # they are in the publication now
        details={
            "url": publication.url,
            "text_sha256": publication.text_sha256,
            "comparison": publication.comparison,
        },
    )


# the end, and back again


def resolve(s: Situation[Any]) -> Changed:
    """Quiet and nothing owed."""
    quiet = s.facts.quiet_since
    return Changed(s.case, details={"quiet_since": quiet.isoformat() if quiet else None})


def save_review(s: Situation[SaveReview]) -> Changed:
    """The review sheet."""
    c = s.command
    review = Review(c.cause, c.timeline, c.what_worked, c.actions, s.actor_id, s.at)
    return Changed(replace(s.case, review=review), details={"actions": len(c.actions)})


def reopen_to_verify(s: Situation[Reopen]) -> Changed:
    """Verified anew: the next answer begins from nothing, the earlier ones stay."""
    return Changed(_begun_anew(s.case), notices=_tell_reopened(s.case))


def reopen_to_grade(s: Situation[Reopen]) -> Changed:
    """Graded anew."""
    case = replace(_begun_anew(s.case), grade_confirmed=False, false_alarm=None)
    return Changed(owing_report(case, s.at), notices=_tell_reopened(s.case))


# several cases


def merge(s: Situation[Merge]) -> Changed:
    """The other case takes what it has not; this one remembers what that was."""
    case, other = s.case, s.facts.other
    if other is None:
        raise _impossible(case, "merged into nothing")
    merged = Merged(
        into=other.id,
        by=s.actor_id,
        at=s.at,
        back_to=case.state,
        signal_ids=_missing(case.signal_ids, other.signal_ids),
        mention_ids=_missing(case.mention_ids, other.mention_ids),
        lead_ids=_missing(case.lead_ids, other.lead_ids),
        clock_start_was=other.clock_start,
    )
    taker = replace(
        other,
        signal_ids=(*other.signal_ids, *merged.signal_ids),
        mention_ids=(*other.mention_ids, *merged.mention_ids),
        lead_ids=(*other.lead_ids, *merged.lead_ids),
        merged_ids=_joined(other.merged_ids, (case.id,)),
        clock_start=min(other.clock_start, case.clock_start),
    )
    return Changed(replace(case, merged=merged), others=(taker,), details={"into": other.id})


def unmerge(s: Situation[Any]) -> Changed:
    """Back to the state it had; the other case gives back what came from it."""
    case, merged, other = s.case, s.case.merged, s.facts.other
    if merged is None:
        raise _impossible(case, "merged without a target")
    back = replace(case, state=merged.back_to, merged=None)
    details = {"from_case": merged.into}
    if other is None:
        return Changed(back, details=details)
    start = other.clock_start
    if merged.clock_start_was is not None and start == case.clock_start:
        start = merged.clock_start_was
    giver = replace(
        other,
        signal_ids=_missing(other.signal_ids, merged.signal_ids),
        mention_ids=_missing(other.mention_ids, merged.mention_ids),
        lead_ids=_missing(other.lead_ids, merged.lead_ids),
        merged_ids=_missing(other.merged_ids, (case.id,)),
        clock_start=start,
    )
    return Changed(back, others=(giver,), details=details)


# promises


def add_promise(s: Situation[AddPromise]) -> Changed:
    """One more thing that is owed."""
    c = s.command
    promise = Promise(
        number=len(s.case.promises) + 1,
        action=c.action.strip(),
        owner_id=c.owner_id,
        due_at=c.due_at,
        made_by=s.actor_id,
        made_at=s.at,
        made_to=c.made_to.strip(),
    )
    told = (Notice(NoticeKind.PROMISED, (c.owner_id,)),)
    case = replace(s.case, promises=(*s.case.promises, promise))
    return Changed(case, notices=told, details={"promise": promise.number, "owner": c.owner_id})


def keep_promise(s: Situation[KeepPromise]) -> Changed:
    """Done and told."""
    return _ended(s, PromiseState.KEPT, s.command.result.strip())


def drop_promise(s: Situation[DropPromise]) -> Changed:
    """Not to be kept, and why."""
    return _ended(s, PromiseState.DROPPED, s.command.reason.strip())


def _ended(
    s: Situation[KeepPromise] | Situation[DropPromise], state: PromiseState, result: str
) -> Changed:
    satisfaction = s.command.satisfaction if isinstance(s.command, KeepPromise) else None
    promises = tuple(
        replace(
            promise,
            state=state,
            ended_by=s.actor_id,
            ended_at=s.at,
            result=result,
            satisfaction=satisfaction,
        )
        if promise.number == s.command.number
        else promise
        for promise in s.case.promises
    )
    details = {"promise": s.command.number, "satisfaction": satisfaction}
    return Changed(replace(s.case, promises=promises), details=details)


# what several changes share


def _graded(case: Case, level: Level, at: datetime) -> Case:
    return owing_report(replace(case, level=level), at)


def owing_report(case: Case, at: datetime) -> Case:
    """Return the case with the report it owes: a red or orange one does, and a report that was sent
    at a lower level does not settle it.
    """
    report = case.upward
    settled = report.level is not None and report.level.rank <= case.level.rank
    if not case.is_grave or report.is_owed or settled:
        return case
    return replace(case, upward=replace(report, state=UpwardState.DUE, due_since=at))


def _grades(s: Situation[ConfirmGrade] | Situation[Regrade]) -> dict[str, object]:
    return {"level_before": s.case.level, "level": s.command.level}


def _signed(claim: Claim, before: Claim | None, s: Situation[Any]) -> Claim:
    """A line with who checked it: now and by this person where it says something new."""
    if claim.verdict is None:
        return replace(claim, checked_by="", checked_at=None)
    signature = (before.checked_by, before.checked_at) if before else ("", None)
    same = before is not None and before == replace(
        claim, checked_by=signature[0], checked_at=signature[1]
    )
    by, at = signature if same else (s.actor_id, s.at)
    return replace(claim, checked_by=by, checked_at=at)


def _without_approvals(case: Case) -> Case:
    return replace(case, chain=(), approvals=(), valid_until=None, override=None)


def _begun_anew(case: Case) -> Case:
    return replace(_without_approvals(case), writers=(), silence=None)


def _draft_of(case: Case) -> Draft:
    if case.draft is None:
        raise _impossible(case, "no draft")
    return case.draft


def _ask_for_approval(case: Case) -> tuple[Notice, ...]:
    roles = waiting_roles(case)
    asked = Notice(NoticeKind.WAITING_FOR_APPROVAL, roles=roles, but=case.writers)
    return (asked,) if roles else ()


def _tell_approved(case: Case) -> tuple[Notice, ...]:
    if case.publisher_id:
        return (Notice(NoticeKind.APPROVED, _people(case.publisher_id, *case.writers)),)
    return (Notice(NoticeKind.APPROVED, case.writers, roles=PUBLISHERS),)


def _tell_reopened(case: Case) -> tuple[Notice, ...]:
    owners = _people(case.owner_id)
    return (Notice(NoticeKind.REOPENED, owners),) if owners else ()


def _people(*account_ids: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(account_id for account_id in account_ids if account_id))


def _joined(have: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*have, *more)))


def _missing(of: tuple[str, ...], known: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(item for item in of if item not in known)


def _impossible(case: Case, what: str) -> KoubeiError:
    """A case that no command makes: a stored row was tampered with, or a guard is missing."""
    return KoubeiError(
        Text(f"工单 {case.id} 的数据不一致", f"{case.id} contradicts itself: {what}"),
        mend=Text("运行 koubei audit verify 检查", "check with koubei audit verify"),
    )
