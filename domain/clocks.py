"""The clocks of a case, computed from its audit trail whenever somebody looks: nothing counts.

Each clock begins and ends with moves that stand in the trail, and takes its limit from the level
that held meanwhile and from the figures that were in force when it began, so an auditor gets the
same answer years later. Red and orange run day and night; yellow and blue run in working time, and
stand still while the case waits for somebody outside. The review is always in working days.

A change of level never hides anything: a limit that had run out before it stays as a reading of its
own. Graded up, a clock begins anew, but never ends later than it would have; graded down, it counts
from where it first began.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from domain.audit import AuditRow
from domain.brand import NO_CLOCK, Level, LevelClocks
from domain.case import Case, CaseKind, CaseState
from domain.work_calendar import WorkCalendar

HALF_SPENT, NEARLY_SPENT = 0.5, 0.8
_NOTHING = timedelta(0)
_ROUND_THE_CLOCK = frozenset({Level.RED, Level.ORANGE})


class ClockName(StrEnum):
    """What is waited for; each takes its limit from the field of LevelClocks of the same name."""

    ACKNOWLEDGE = "acknowledge"
    ACK_TIMEOUT = "ack_timeout"
    REPORT_LEAD = "report_lead"
    REPORT_EXECUTIVE = "report_executive"
    FACT_SHEET = "fact_sheet"
    FIRST_RESPONSE = "first_response"
    FOLLOW_UP = "follow_up"
    WATCH_WINDOW = "watch_window"
    REVIEW = "review"
    COMPLAINT_REPLY = "complaint_reply"
    COMPLAINT_UPDATE = "complaint_update"
    COMPLAINT_SOLUTION = "complaint_solution"


class ClockState(StrEnum):
    """ok → half (50 %) → near (80 %) → breached (100 %), or met in time; not_set: 制度未填写."""

    OK = "ok"
    HALF = "half"
    NEAR = "near"
    BREACHED = "breached"
    MET = "met"
    NOT_SET = "not_set"


@dataclass(frozen=True, slots=True)
class ClockReading:
    """One clock at one moment.

    `due_at` is None while it is paused, and where no limit is set. `ended_at` is when the duty was
    done, or passed on. `spent_share` is 0 to 1 of the limit, 1 once breached. `superseded`: the
    result of a level that no longer holds. `missing_years`: working time was counted over years
    whose holidays nobody has filled in.
    """

    name: ClockName
    level: Level
    started_at: datetime
    due_at: datetime | None
    ended_at: datetime | None
    spent_share: float
    state: ClockState
    superseded: bool = False
    paused: bool = False
    missing_years: tuple[int, ...] = ()

    @property
    def is_running(self) -> bool:
        """Whether the duty is still owed."""
        return self.ended_at is None and self.state is not ClockState.NOT_SET


@dataclass(frozen=True, slots=True)
class ClockPolicy:
    """The company's figures with the moments from which they held, oldest first."""

    versions: tuple[tuple[datetime, Mapping[Level, LevelClocks]], ...]

    def figure(self, name: ClockName, level: Level, at: datetime) -> timedelta | None:
        """Return the limit in force at a moment: None is 制度未填写, NO_CLOCK is none."""
        held = [clocks for since, clocks in self.versions if since <= at]
        clocks = (held[-1] if held else self.versions[0][1]).get(level, LevelClocks())
        figure: timedelta | None = getattr(clocks, name.value)
        return figure


def fixed_policy(clocks: Mapping[Level, LevelClocks]) -> ClockPolicy:
    """Return figures that always held."""
    return ClockPolicy(((datetime.min.replace(tzinfo=UTC), clocks),))


def clocks_of(
    case: Case,
    trail: Iterable[AuditRow],
    policy: ClockPolicy,
    calendar: WorkCalendar,
    now: datetime,
) -> list[ClockReading]:
    """Return every clock of a case as it reads at `now`, by name and then by start.

    `trail` is the case's audit trail in order; what happened after `now` is left out.
    """
    moves = [move for move in _moves(case, trail) if move.at <= now]
    if not moves:
        return []
    reader = _Reader(moves, policy, calendar, now)
    return [
        reading
        for name, rule in _RULES.items()
        if not rule.complaints_only or case.kind is CaseKind.COMPLAINT
        for round_ in _rounds(rule, moves)
        for reading in reader.readings(name, rule, round_)
    ]


def most_urgent(readings: Iterable[ClockReading]) -> ClockReading | None:
    """Return the clock that is due first among those still running, None when none is."""
    running = [r for r in readings if r.is_running and r.due_at and not _is_window(r)]
    return min(running, key=lambda r: (r.due_at or r.started_at, r.name), default=None)


def _is_window(reading: ClockReading) -> bool:
    return _RULES[reading.name].is_window


# ---- the trail as moves ----


@dataclass(frozen=True, slots=True)
class _Move:
    """One row of the trail. A pause is no state here: a case on hold is where it will go on."""

    at: datetime
    action: str
    role: str
    after: CaseState
    level: Level
    holds: bool = False
    wakes: bool = False


def _moves(case: Case, trail: Iterable[AuditRow]) -> Iterator[_Move]:
    """Read the rows. One whose payload was erased on request keeps its time and action, and is
    taken to have changed neither state nor level.
    """
    state: CaseState | None = None
    level, holding = case.level, False
    for row in trail:
        told = json.loads(row.payload) if row.payload else {}
        target = CaseState(told["to"]) if told.get("to") else state
        if target is None:
            continue  # told of before the case was opened
        waits = target is CaseState.ON_HOLD or (holding and not told.get("to"))
        after = state if waits and state else target
        level = Level(told.get("level") or level)
        yield _Move(
            at=min(row.at, case.clock_start) if state is None else row.at,
            action=row.action,
            role=str(told.get("role") or ""),
            after=after,
            level=level,
            holds=waits and not holding,
            wakes=holding and not waits,
        )
        state, holding = after, waits


# ---- which moves begin and end a clock ----

_S = CaseState
_TO_VERIFY = frozenset({_S.NEW, _S.TRIAGE, _S.VERIFYING})
_TO_ANSWER = _TO_VERIFY | {_S.DRAFTING, _S.IN_REVIEW, _S.APPROVED}
_ANSWERED = frozenset({_S.RESPONDED, _S.OBSERVING})
_UNSOLVED = _TO_ANSWER | _ANSWERED
_SOLVED = frozenset({_S.RESOLVED, _S.CLOSED})
_DROPPED = frozenset({_S.FALSE_ALARM, _S.MERGED})

REPORTED = frozenset({"case.reported_upward"})
CONTACTED = frozenset({"case.published", "case.promised", "case.promise_kept"})
FOLLOWED_UP = CONTACTED | {"case.noted", "case.promise_dropped"}
REVIEWED = frozenset({"case.review_saved"})


@dataclass(frozen=True, slots=True)
class _Rule:
    """A clock is open while the case is in one of the `open_in` states.

    Leaving them for one of `met_in` has met it; leaving them otherwise drops it. One of the `acts`,
    or any act in a `role`, meets it too; it then begins anew if it `repeats`. `begins_with_act`:
    the first round begins with such an act, not on entering. `rises`: a graver level begins it
    again. `is_window`: not a limit but a time that has to pass.
    """

    open_in: frozenset[CaseState]
    met_in: frozenset[CaseState] = frozenset()
    acts: frozenset[str] = frozenset()
    role: str = ""
    repeats: bool = False
    begins_with_act: bool = False
    rises: bool = False
    is_window: bool = False
    complaints_only: bool = False
    in_working_days: bool = False

    def is_met_by(self, move: _Move) -> bool:
        """Whether an act meets the duty."""
        return move.action in self.acts or bool(self.role and move.role == self.role)


_RULES: Mapping[ClockName, _Rule] = {
    ClockName.ACKNOWLEDGE: _Rule(
        frozenset({_S.NEW}), frozenset(CaseState) - {_S.NEW} - {_S.ON_HOLD}
    ),
    ClockName.ACK_TIMEOUT: _Rule(
        frozenset({_S.TRIAGE}), frozenset(CaseState) - {_S.NEW, _S.TRIAGE, _S.ON_HOLD}
    ),
    ClockName.REPORT_LEAD: _Rule(_UNSOLVED, acts=REPORTED, role="duty_lead", rises=True),
    ClockName.REPORT_EXECUTIVE: _Rule(_UNSOLVED, acts=REPORTED, rises=True),
    ClockName.FACT_SHEET: _Rule(_TO_VERIFY, _TO_ANSWER - _TO_VERIFY),
    ClockName.FIRST_RESPONSE: _Rule(_TO_ANSWER, _ANSWERED | _SOLVED),
    ClockName.FOLLOW_UP: _Rule(
        frozenset({_S.RESPONDED}),
        _UNSOLVED | _SOLVED,
        acts=FOLLOWED_UP,
        repeats=True,
    ),
    ClockName.WATCH_WINDOW: _Rule(_ANSWERED, is_window=True),
    ClockName.REVIEW: _Rule(
        frozenset({_S.RESOLVED}), frozenset({_S.CLOSED}), acts=REVIEWED, in_working_days=True
    ),
    ClockName.COMPLAINT_REPLY: _Rule(_UNSOLVED, _SOLVED, acts=CONTACTED, complaints_only=True),
    ClockName.COMPLAINT_UPDATE: _Rule(
        _UNSOLVED,
        _SOLVED,
        acts=FOLLOWED_UP,
        repeats=True,
        begins_with_act=True,
        complaints_only=True,
    ),
    ClockName.COMPLAINT_SOLUTION: _Rule(_UNSOLVED, _SOLVED, complaints_only=True),
}


@dataclass(frozen=True, slots=True)
class _Round:
    """One run of a clock; `met` None while it runs, False when the duty fell away."""

    started_at: datetime
    ended_at: datetime | None = None
    met: bool | None = None


def _rounds(rule: _Rule, moves: Sequence[_Move]) -> Iterator[_Round]:
    """Yield the runs of a clock, oldest first."""
    running: _Round | None = None
    inside, level = False, moves[0].level
    for move in moves:
        entered = move.after in rule.open_in and not inside
        acted = inside and rule.is_met_by(move)
        rose = rule.rises and inside and move.level.rank < level.rank
        inside, level = move.after in rule.open_in, move.level
        if running and not inside:
            yield replace(running, ended_at=move.at, met=acted or move.after in rule.met_in)
            running = None
        elif running and acted:
            yield replace(running, ended_at=move.at, met=True)
            running = _Round(move.at) if rule.repeats else None
        elif running is None and inside:
            begins = (entered and not rule.begins_with_act) or rose
            if begins or (acted and rule.begins_with_act):
                running = _Round(move.at)
    if running:
        yield running


# ---- what a clock reads ----


@dataclass(frozen=True, slots=True)
class _Pace:
    """How time passes for a clock: all of it, or working time; pauses stand still."""

    calendar: WorkCalendar | None
    pauses: tuple[tuple[datetime, datetime | None], ...] = ()

    def amount(self, figure: timedelta) -> timedelta:
        """The time that a limit gives."""
        return self.calendar.allowance(figure) if self.calendar else figure

    def due(self, start: datetime, amount: timedelta) -> datetime | None:
        """When `amount` has passed since `start`; None when a pause without end comes first."""
        for begins, ends in self.pauses:
            if ends is not None and ends <= start:
                continue
            before = self._between(start, begins)
            if before >= amount:
                break
            if ends is None:
                return None
            amount, start = amount - before, ends
        return self.calendar.add_working(start, amount) if self.calendar else start + amount

    def spent(self, start: datetime, end: datetime) -> timedelta:
        """The time that passed between two moments."""
        stood_still = (
            self._between(max(begins, start), min(ends or end, end)) for begins, ends in self.pauses
        )
        return self._between(start, end) - sum(stood_still, _NOTHING)

    def _between(self, start: datetime, end: datetime) -> timedelta:
        if self.calendar:
            return self.calendar.working_between(start, end)
        return max(_NOTHING, end - start)


@dataclass(frozen=True, slots=True)
class _Limit:
    """A limit that runs from `started_at` (None: not set; `due_at` None: paused)."""

    started_at: datetime
    amount: timedelta | None
    due_at: datetime | None


class _Reader:
    """Reads rounds against levels, figures, pauses and the time."""

    def __init__(
        self, moves: Sequence[_Move], policy: ClockPolicy, calendar: WorkCalendar, now: datetime
    ) -> None:
        self._moves = moves
        self._policy = policy
        self._calendar = calendar
        self._now = now
        self._pauses = tuple(_pauses(moves))

    def readings(self, name: ClockName, rule: _Rule, round_: _Round) -> Iterator[ClockReading]:
        """Yield the result of each earlier level that ran out, and the reading of the last one."""
        spans = list(self._levels(round_))
        before: _Limit | None = None
        graver_than: Level | None = None
        for (since, level), until in zip(spans, [s for s, _ in spans[1:]] + [None], strict=True):
            pace = self._pace(rule, level)
            rises = graver_than is not None and level.rank < graver_than.rank
            limit = self._limit(name, level, pace, since if rises else round_.started_at)
            if rises:
                limit = _no_later(limit, before, since)
            before, graver_than = limit, level
            if limit.amount == NO_CLOCK:
                continue
            if until is None:
                yield from self._last(name, rule, round_, level, limit, pace)
            elif limit.due_at is not None and limit.due_at <= until and not rule.is_window:
                yield self._breached(name, level, limit, until)

    def _last(
        self,
        name: ClockName,
        rule: _Rule,
        round_: _Round,
        level: Level,
        limit: _Limit,
        pace: _Pace,
    ) -> Iterator[ClockReading]:
        end = round_.ended_at or self._now
        if limit.amount is None:
            if round_.met is not False:
                yield ClockReading(
                    name, level, limit.started_at, None, round_.ended_at, 0.0, ClockState.NOT_SET
                )
            return
        late = limit.due_at is not None and (
            end > limit.due_at or (round_.ended_at is None and end == limit.due_at)
        )
        if round_.met is False and (rule.is_window or not late):
            return
        share = 1.0 if late else self._share(limit, pace, end)
        if rule.is_window:
            state = ClockState.MET if late else ClockState.OK
        else:
            state = _state(share, late=late, met=bool(round_.met))
        yield ClockReading(
            name,
            level,
            limit.started_at,
            limit.due_at,
            round_.ended_at,
            share,
            state,
            paused=limit.due_at is None,
            missing_years=self._missing_years(pace, limit, end),
        )

    def _breached(
        self, name: ClockName, level: Level, limit: _Limit, until: datetime
    ) -> ClockReading:
        return ClockReading(
            name,
            level,
            limit.started_at,
            limit.due_at,
            until,
            1.0,
            ClockState.BREACHED,
            superseded=True,
        )

    def _levels(self, round_: _Round) -> Iterator[tuple[datetime, Level]]:
        """Yield (since, level) for the levels that held in a round, the first from its start."""
        end = round_.ended_at or self._now
        held = [move for move in self._moves if move.at <= round_.started_at][-1].level
        yield round_.started_at, held
        for move in self._moves:
            if round_.started_at < move.at < end and move.level is not held:
                held = move.level
                yield move.at, held

    def _pace(self, rule: _Rule, level: Level) -> _Pace:
        if rule.in_working_days:
            return _Pace(self._calendar)
        if level in _ROUND_THE_CLOCK:
            return _Pace(None)
        return _Pace(self._calendar, self._pauses)

    def _limit(self, name: ClockName, level: Level, pace: _Pace, start: datetime) -> _Limit:
        figure = self._policy.figure(name, level, start)
        if figure is None or figure == NO_CLOCK:
            return _Limit(start, figure, None)
        amount = pace.amount(figure)
        return _Limit(start, amount, pace.due(start, amount))

    def _share(self, limit: _Limit, pace: _Pace, end: datetime) -> float:
        whole = limit.amount or _NOTHING
        if limit.due_at is not None:
            whole = min(whole, pace.spent(limit.started_at, limit.due_at))
        spent = pace.spent(limit.started_at, end)
        return min(1.0, spent / whole) if whole else 0.0

    def _missing_years(self, pace: _Pace, limit: _Limit, end: datetime) -> tuple[int, ...]:
        if pace.calendar is None:
            return ()
        return pace.calendar.missing_years(limit.started_at, limit.due_at or end)


def _no_later(limit: _Limit, before: _Limit | None, since: datetime) -> _Limit:
    """A graver level begins anew, but a limit that still ran then does not end later for it."""
    if before is None or before.due_at is None or before.due_at <= since:
        return limit
    if limit.due_at is None or limit.due_at <= before.due_at:
        return limit
    return replace(limit, due_at=before.due_at)


def _state(share: float, *, late: bool, met: bool) -> ClockState:
    if late:
        return ClockState.BREACHED
    if met:
        return ClockState.MET
    if share >= NEARLY_SPENT:
        return ClockState.NEAR
    return ClockState.HALF if share >= HALF_SPENT else ClockState.OK


def _pauses(moves: Sequence[_Move]) -> Iterator[tuple[datetime, datetime | None]]:
    """Yield when the case waited for somebody outside; the end is None while it still does."""
    since: datetime | None = None
    for move in moves:
        if move.holds:
            since = move.at
        elif since is not None and (move.wakes or move.after in _DROPPED):
            yield since, move.at
            since = None
    if since is not None:
        yield since, None
