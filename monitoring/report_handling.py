"""What was done in a period: its signals and its cases, as a report tells of them."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from domain.brand import Configuration
from domain.case import Case, CaseKind, CaseQuery
from domain.clocks import ClockName, ClockReading, ClockState, clocks_of, fixed_policy
from domain.ports import UnitOfWork
from domain.report import CaseLine, Handling, Period, SignalLine
from domain.signal import Signal, SignalState
from domain.work_calendar import WorkCalendar

_PAGE = 100


def signals_between(
    work: UnitOfWork, brand_id: str, start: datetime, end: datetime
) -> tuple[Signal, ...]:
    """Return the signals of a brand that opened from `start` on, before `end`, oldest first."""
    limit = _PAGE
    while True:
        newest = work.signals.recent(limit)
        if len(newest) < limit or newest[-1].opened_at < start:
            break
        limit *= 2
    inside = [s for s in newest if s.brand_id == brand_id and start <= s.opened_at < end]
    return tuple(reversed(inside))


def handling_of(
    work: UnitOfWork,
    configuration: Configuration,
    brand_id: str,
    period: Period,
    signals: Sequence[Signal],
    now: datetime,
) -> Handling:
    """Return the period's signals and cases, with their clocks as they read at its end, or `now`.

    Clocks are read by the figures that hold now.
    """
    at = min(now, period.end)
    names = {account.id: account.name for account in work.accounts.all()}
    policy = fixed_policy(configuration.clocks)
    calendar = WorkCalendar(configuration.calendar)
    lines = []
    for case in _cases_of(work, brand_id):
        ended = None if case.state.is_active else case.updated_at
        if case.opened_at >= at or (ended is not None and ended < period.start):
            continue
        readings = clocks_of(case, work.audit.of(case.id), policy, calendar, at)
        lines.append(_case_line(case, readings, names.get(case.owner_id, ""), at))
    lines.sort(key=lambda line: (line.level.rank, line.opened_at))
    return Handling(tuple(_signal_line(s, configuration, now) for s in signals), tuple(lines))


def _cases_of(work: UnitOfWork, brand_id: str) -> Iterator[Case]:
    offset: int | None = 0
    while offset is not None:
        page = work.cases.search(CaseQuery(brand_id=brand_id), limit=_PAGE, offset=offset)
        yield from (case for case in page.cases if case.kind is not CaseKind.SECURITY)
        offset = page.next_offset


def _case_line(case: Case, readings: Sequence[ClockReading], owner: str, at: datetime) -> CaseLine:
    ended = None if case.state.is_active or case.updated_at > at else case.updated_at
    counted = [r for r in readings if not r.superseded]
    return CaseLine(
        id=case.id,
        title=case.title,
        level=case.level,
        state=case.state,
        opened_at=case.opened_at,
        closed_at=ended,
        owner=owner,
        to_triage=_took(counted, ClockName.ACKNOWLEDGE),
        to_respond=min((p.at - case.clock_start for p in case.publications), default=None),
        met=sum(r.state is ClockState.MET for r in counted),
        missed=sum(r.state is ClockState.BREACHED for r in counted),
        overdue=tuple(
            dict.fromkeys(
                r.name for r in counted if r.state is ClockState.BREACHED and r.is_running
            )
        ),
        signal_ids=case.signal_ids,
        mention_ids=case.mention_ids,
    )


def _took(readings: Sequence[ClockReading], name: ClockName) -> timedelta | None:
    ended = [r.ended_at - r.started_at for r in readings if r.name is name and r.ended_at]
    return ended[0] if ended else None


def _signal_line(signal: Signal, configuration: Configuration, now: datetime) -> SignalLine:
    took = signal.acknowledged_at - signal.opened_at if signal.acknowledged_at else None
    clocks = configuration.clocks.get(signal.level)
    allowed = clocks.acknowledge if clocks else None
    waiting = signal.state is SignalState.OPEN and not signal.case_id
    so_far = took if took is not None else now - signal.opened_at if waiting else None
    return SignalLine(
        id=signal.id,
        rule=signal.rule,
        level=signal.level,
        state=signal.state,
        opened_at=signal.opened_at,
        closed_at=signal.closed_at,
        observed=signal.peak_observed,
        mean=signal.figures.mean,
        to_acknowledge=took,
        late=bool(allowed and so_far and so_far > allowed),
        false_alarm=signal.false_alarm is not None,
    )
