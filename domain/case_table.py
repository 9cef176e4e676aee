"""The table of moves: which command, in which states, by whom, under which guards, to where.

This is the one truth about role × state × action. `case_decisions` reads it, docs/cases.md is
checked against it, and the matrix test holds it against the handbook.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from domain import case_changes as to_do
from domain import case_guards as guard
from domain import case_moves as moves
from domain.account import Role
from domain.case import CaseState
from domain.case_changes import Change
from domain.case_guards import ON_THE_CASE, Guard

S = CaseState

DESK = frozenset({Role.ANALYST, Role.DUTY_LEAD})
"""Analysts do the work of the desk; the duty lead may do whatever an analyst may."""

LEAD = frozenset({Role.DUTY_LEAD})
VERIFIERS = frozenset({Role.VERIFIER})
DRAFTERS = frozenset({Role.DRAFTER})
PUBLISHERS = frozenset({Role.PUBLISHER})
APPROVERS = frozenset({Role.LEGAL, Role.APPROVER_L1, Role.APPROVER_L2, Role.APPROVER_L3})
EVERYBODY = frozenset(Role)
NOBODY: frozenset[Role] = frozenset()

ACTIVE = tuple(state for state in S if state.is_active)
TAKEN = tuple(state for state in ACTIVE if state is not S.NEW)
TAKEN_BUT_APPROVED = tuple(state for state in TAKEN if state is not S.APPROVED)
UNMERGED = tuple(state for state in S if state is not S.MERGED)
EVER = tuple(S)
WORKED_ON = (
    S.TRIAGE,
    S.VERIFYING,
    S.DRAFTING,
    S.IN_REVIEW,
    S.APPROVED,
    S.RESPONDED,
    S.RESOLVED,
)
"""The states that can wait for somebody outside; OBSERVING has a review time of its own."""

STAYS: tuple[CaseState, ...] = ()


@dataclass(frozen=True, slots=True)
class Move:
    """One row. `to`: empty if the state stays, else the states it may lead to; where there are
    several, the change picks one. `machine`: done by itself too. `action` is its name in the trail,
    `clause` the company rule it carries out.
    """

    command: type
    states: tuple[CaseState, ...]
    to: tuple[CaseState, ...]
    roles: frozenset[Role]
    action: str
    clause: str
    change: Change = to_do.unchanged
    guards: tuple[Guard, ...] = ()
    machine: bool = False


# A table is read by its rows.
# fmt: off
MOVES: Final[tuple[Move, ...]] = (
    # in hand
    Move(moves.Take, (S.NEW,), (S.TRIAGE,), DESK,
         "case.taken", "001 §5.1", to_do.take, (guard.lease_is_free,)),
    Move(moves.Take, (S.TRIAGE, S.VERIFYING, S.DRAFTING, S.RESPONDED), STAYS, DESK,
         "case.lease_renewed", "001 §5.1", to_do.take, (guard.lease_is_free,)),
    Move(moves.Release, (S.TRIAGE,), (S.NEW,), DESK,
         "case.released", "001 §5.1", to_do.release, (guard.may_release,), machine=True),
    Move(moves.Assign, ACTIVE, STAYS, LEAD,
         "case.assigned", "001 §5.2", to_do.assign, (guard.assignee_can_work,)),
    Move(moves.Describe, ACTIVE, STAYS, DESK,
         "case.described", "001 §5.1", to_do.describe, (guard.title_is_given,)),
    Move(moves.Attach, ACTIVE, STAYS, DESK,
         "case.attached", "001 §5.1", to_do.attach, (guard.signals_are_free,), machine=True),
    Move(moves.Relate, ACTIVE, STAYS, DESK,
         "case.related", "001 §5.3", to_do.relate, (guard.other_exists,)),
    Move(moves.Note, ACTIVE, STAYS, ON_THE_CASE,
         "case.noted", "001 §5.2", to_do.note, (guard.note_is_given,)),
    # the grade and the report upward
    Move(moves.ConfirmGrade, (S.TRIAGE,), STAYS, DESK,
         "case.graded", "001 §5.1", to_do.confirm_grade,
         (guard.grade_is_open, guard.lowering_needs_duty_lead)),
    Move(moves.Regrade, TAKEN_BUT_APPROVED, STAYS, ON_THE_CASE,
         "case.regraded", "000 §8.1", to_do.regrade,
         (guard.grade_is_confirmed, guard.level_differs, guard.reason_is_given,
          guard.lowering_needs_duty_lead)),
    Move(moves.Regrade, (S.APPROVED,), (S.APPROVED, S.IN_REVIEW), ON_THE_CASE,
         "case.regraded", "000 §8.1", to_do.regrade,
         (guard.grade_is_confirmed, guard.level_differs, guard.reason_is_given,
          guard.lowering_needs_duty_lead)),
    Move(moves.ReportUpward, TAKEN, STAYS, DESK,
         "case.reported_upward", "001 §5.1", to_do.report_upward, (guard.report_has_readers,)),
    Move(moves.NoteReceipt, EVER, STAYS, EVERYBODY,
         "case.report_read", "001 §5.1", to_do.note_receipt, (guard.is_addressee,)),
    # triage
    Move(moves.BeginVerification, (S.TRIAGE,), (S.VERIFYING,), DESK,
         "case.verification_begun", "001 §5.2",
         guards=(guard.grade_is_confirmed, guard.report_is_out)),
    Move(moves.MarkFalseAlarm, (S.TRIAGE,), (S.FALSE_ALARM,), DESK,
         "case.false_alarm", "001 §5.1", to_do.mark_false_alarm,
         (guard.grave_needs_duty_lead, guard.category_is_explained)),
    Move(moves.DecideSilence, (S.TRIAGE, S.VERIFYING), (S.OBSERVING,), LEAD | {Role.APPROVER_L3},
         "case.silence_decided", "001 §5.2", to_do.decide_silence,
         (guard.silence_fits_level, guard.reason_is_given, guard.silence_is_short)),
    Move(moves.DecideSilence, (S.OBSERVING,), STAYS, LEAD | {Role.APPROVER_L3},
         "case.silence_decided", "001 §5.2", to_do.decide_silence,
         (guard.silence_fits_level, guard.reason_is_given, guard.silence_is_short)),
    # facts
    Move(moves.SaveFactSheet, (S.VERIFYING,), STAYS, VERIFIERS,
         "case.facts_saved", "001 §5.2", to_do.save_fact_sheet, (guard.claims_are_stated,)),
    Move(moves.SaveFactSheet, (S.DRAFTING, S.IN_REVIEW, S.APPROVED),
         (S.DRAFTING, S.VERIFYING), VERIFIERS,
         "case.facts_saved", "001 §5.2", to_do.save_fact_sheet, (guard.claims_are_stated,)),
    Move(moves.SubmitFactSheet, (S.VERIFYING,), (S.DRAFTING,), VERIFIERS,
         "case.facts_submitted", "001 §5.2", to_do.submit_fact_sheet, (guard.sheet_is_complete,)),
    # the draft and its approval
    Move(moves.SaveDraft, (S.DRAFTING, S.IN_REVIEW, S.APPROVED), (S.DRAFTING,), DRAFTERS,
         "case.draft_saved", "004 三(三)", to_do.save_draft,
         (guard.text_is_there, guard.draft_differs)),
    Move(moves.SubmitDraft, (S.DRAFTING,), (S.IN_REVIEW,), DRAFTERS,
         "case.draft_submitted", "004 三(三)", to_do.submit_draft,
         (guard.draft_exists, guard.sheet_is_complete,
          guard.unverifiable_allows_a_holding_statement_only, guard.report_is_out,
          guard.findings_are_answered)),
    Move(moves.Approve, (S.IN_REVIEW,), (S.IN_REVIEW, S.APPROVED), APPROVERS,
         "case.approval_given", "004 三(三)", to_do.approve,
         (guard.words_are_not_ones_own, guard.step_awaits_actor, guard.approves_what_stands,
          guard.sheet_is_complete, guard.unverifiable_allows_a_holding_statement_only,
          guard.rivals_are_decided)),
    Move(moves.Return, (S.IN_REVIEW,), (S.DRAFTING,), APPROVERS,
         "case.draft_returned", "004 三(三)", to_do.send_back,
         (guard.step_awaits_actor, guard.comment_is_given)),
    Move(moves.Withdraw, (S.IN_REVIEW,), (S.DRAFTING,), DRAFTERS | LEAD,
         "case.draft_withdrawn", "004 三(三)", to_do.send_back, (guard.reason_is_given,)),
    Move(moves.Withdraw, (S.APPROVED,), (S.DRAFTING,), DRAFTERS | LEAD | APPROVERS | PUBLISHERS,
         "case.draft_withdrawn", "004 三(三)", to_do.send_back, (guard.reason_is_given,)),
    Move(moves.ExpireApproval, (S.APPROVED,), (S.IN_REVIEW,), LEAD | DRAFTERS | PUBLISHERS,
         "case.approval_expired", "004 三(三)", to_do.expire_approval,
         (guard.approval_has_expired,), machine=True),
    Move(moves.GiveWay, (S.IN_REVIEW, S.APPROVED), (S.DRAFTING,), NOBODY,
         "case.gave_way", "001 §5.2", to_do.send_back, machine=True),
    # publication
    Move(moves.NamePublisher, (S.VERIFYING, S.DRAFTING, S.IN_REVIEW, S.APPROVED), STAYS, LEAD,
         "case.publisher_named", "000 §3.1", to_do.name_publisher, (guard.publisher_is_one,)),
    Move(moves.RecordPublication, (S.APPROVED,), (S.RESPONDED,), PUBLISHERS,
         "case.published", "004 三(三)4", to_do.record_publication,
         (guard.is_named_publisher, guard.approval_is_valid, guard.address_is_public,
          guard.live_text_is_the_approved)),
    # the end
    Move(moves.Resolve, (S.RESPONDED, S.OBSERVING), (S.RESOLVED,), LEAD,
         "case.resolved", "001 §5.2", to_do.resolve,
         (guard.report_is_out, guard.nothing_is_owed, guard.quiet_long_enough)),
    Move(moves.SaveReview, (S.RESPONDED, S.OBSERVING, S.RESOLVED), STAYS, DESK,
         "case.review_saved", "001 §7.3", to_do.save_review, (guard.review_says_something,)),
    Move(moves.Close, (S.RESOLVED,), (S.CLOSED,), LEAD | {Role.APPROVER_L2},
         "case.closed", "001 §7.3",
         guards=(guard.closer_fits_level, guard.report_is_out, guard.nothing_is_owed,
                 guard.review_is_written)),
    Move(moves.Reopen, (S.RESPONDED, S.OBSERVING, S.RESOLVED), (S.VERIFYING,), DESK,
         "case.reopened", "001 §5.2", to_do.reopen_to_verify,
         (guard.reason_is_given,), machine=True),
    Move(moves.Reopen, (S.CLOSED,), (S.TRIAGE,), LEAD,
         "case.reopened", "001 §5.2", to_do.reopen_to_grade, (guard.reason_is_given,)),
    Move(moves.Reopen, (S.FALSE_ALARM,), (S.TRIAGE,), DESK,
         "case.reopened", "001 §5.1", to_do.reopen_to_grade,
         (guard.grave_needs_duty_lead, guard.reason_is_given)),
    # waiting
    Move(moves.Hold, WORKED_ON, (S.ON_HOLD,), DESK,
         "case.held", "001 §5.2", to_do.hold, (guard.reason_is_given, guard.waiting_has_an_end)),
    Move(moves.Wake, (S.ON_HOLD,), WORKED_ON, DESK,
         "case.woken", "001 §5.2", to_do.wake, (guard.machine_wakes_on_time,), machine=True),
    # several cases
    Move(moves.Merge, UNMERGED, (S.MERGED,), LEAD,
         "case.merged", "001 §5.1", to_do.merge, (guard.target_takes_it,)),
    Move(moves.Unmerge, (S.MERGED,), UNMERGED, LEAD,
         "case.unmerged", "001 §5.1", to_do.unmerge,
         (guard.reason_is_given, guard.target_can_give_back)),
    # promises
    Move(moves.AddPromise, TAKEN, STAYS, DESK,
         "case.promised", "001 §5.3", to_do.add_promise, (guard.promise_is_clear,)),
    Move(moves.KeepPromise, TAKEN, STAYS, ON_THE_CASE,
         "case.promise_kept", "001 §5.3", to_do.keep_promise,
         (guard.promise_is_open, guard.promise_is_ones_own, guard.result_was_told)),
    Move(moves.DropPromise, TAKEN, STAYS, LEAD,
         "case.promise_dropped", "001 §5.3", to_do.drop_promise,
         (guard.promise_is_open, guard.reason_is_given)),
)
# fmt: on


def _by_command_and_state() -> Mapping[tuple[type, CaseState], Move]:
    rows: dict[tuple[type, CaseState], Move] = {}
    for move in MOVES:
        for state in move.states:
            if (move.command, state) in rows:
                raise ValueError(f"two rows for {move.command.__name__} in {state}")
            rows[move.command, state] = move
    return MappingProxyType(rows)


BY_COMMAND_AND_STATE: Final = _by_command_and_state()
"""The row of a command in a state; none: the command is illegal there."""
