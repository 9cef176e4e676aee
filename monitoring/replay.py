"""What a setting would have alerted: the rule over stored history, or over rows of a file."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from analysis.spikes import Judged, Step, judge_series
from domain.brand import Sensitivity, Watch
from domain.coverage import CoverageRow
from domain.mention import Platform
from domain.ports import BeginWork, MentionStore
from domain.signal import Figures, Outcome
from monitoring.series import (
    BIN,
    HISTORY,
    HOUR,
    Coverage,
    Span,
    floor_to,
    moment_of,
    read_series,
    watched_platforms,
)

DAYS_A_MONTH = 30.44
_ALERTS = {Outcome.OPENED, Outcome.GREW, Outcome.CLOSED}


@dataclass(frozen=True, slots=True)
class ReplayedAlert:
    """One mail that the rule would have caused, at the end of its bin (aware, UTC)."""

    at: datetime
    outcome: Outcome
    figures: Figures
    peak: int


@dataclass(frozen=True, slots=True)
class Replay:
    """The alerts of one series. `known_hours` of `hours` were looked at: the rest cannot alert."""

    alerts: tuple[ReplayedAlert, ...]
    hours: float
    known_hours: float

    @property
    def openings(self) -> int:
        """How many spikes there were."""
        return sum(alert.outcome is Outcome.OPENED for alert in self.alerts)

    @property
    def openings_a_month(self) -> float | None:
        """Spikes a month of known time; None while nothing is known."""
        return self.openings / self.known_hours * 24 * DAYS_A_MONTH if self.known_hours else None


def replay_brand(
    store: MentionStore,
    begin_work: BeginWork,
    *,
    brand_id: str,
    sensitivity: Sensitivity,
    now: datetime,
    days: int,
) -> Replay:
    """Return what the rule would have alerted on a brand's platforms together in the last `days`.

    The 28 days before are judged too, as the rule would have known them, but not reported.
    """
    with begin_work() as work:
        _, configuration = work.configuration.current()
        watches = configuration.watches_of(brand_id)
        ids = [watch.id for watch in watches]
        start = now - timedelta(days=days) - HISTORY - HOUR
        coverage = work.coverage.rows(ids, start=start, end=now)
    return replay(
        store,
        coverage,
        brand_id=brand_id,
        watches=watches,
        platforms=watched_platforms(configuration, watches),
        sensitivity=sensitivity,
        now=now,
        days=days,
    )


def replay(
    store: MentionStore,
    coverage: Iterable[CoverageRow],
    *,
    brand_id: str,
    watches: Sequence[Watch],
    platforms: Sequence[Platform],
    sensitivity: Sensitivity,
    now: datetime,
    days: int,
) -> Replay:
    """Return what the rule would have alerted on the platforms together in the last `days`.

    The 28 days before them are judged too, as the rule would have known them, but not reported.
    `coverage` are the ledger rows of the watches over all of that time. A platform that was never
    read for a day is left out: it would make every hour of the others unknown.
    """
    end = floor_to(now, BIN)
    since = end - timedelta(days=days)
    cut = floor_to(since, HOUR)
    series = read_series(
        store,
        brand_id,
        tuple(platforms),
        Coverage(coverage, watches),
        Span(cut - HISTORY, cut, end),
    )
    return replay_steps(series.steps(series.with_history(platforms)), sensitivity, since=since)


def replay_steps(
    steps: Iterable[Step], sensitivity: Sensitivity, *, since: datetime | None = None
) -> Replay:
    """Return what the rule would have alerted on a series; of it all, or `since` a moment."""
    alerts: list[ReplayedAlert] = []
    hours = known = 0.0
    peak = 0
    for judged in judge_series(steps, sensitivity):
        at = moment_of(judged.step.at)
        peak = judged.incident.peak if judged.incident else peak
        if since is not None and at <= since:
            continue
        hours += judged.step.width
        known += judged.step.width if judged.step.known else 0.0
        if judged.outcome in _ALERTS:
            alerts.append(_alert(at, judged, peak))
    return Replay(tuple(alerts), hours, known)


def _alert(at: datetime, judged: Judged, peak: int) -> ReplayedAlert:
    return ReplayedAlert(at, judged.outcome, judged.verdict.figures, peak)
