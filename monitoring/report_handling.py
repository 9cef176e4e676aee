"""What was done in a period: its signals and its cases, as a report tells of them."""

from collections.abc import Sequence
from datetime import datetime

from domain.ports import UnitOfWork
from domain.report import Handling, Period, SignalLine
from domain.signal import Signal

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
    work: UnitOfWork, brand_id: str, period: Period, signals: Sequence[Signal]
) -> Handling:
    """Return the period's signals as lines."""
    return Handling(signals=tuple(_signal_line(signal) for signal in signals))


def _signal_line(signal: Signal) -> SignalLine:
    return SignalLine(
        id=signal.id,
        rule=signal.rule,
        level=signal.level,
        state=signal.state,
        opened_at=signal.opened_at,
        closed_at=signal.closed_at,
        observed=signal.peak_observed,
        mean=signal.figures.mean,
    )
