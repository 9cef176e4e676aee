"""How far the labels that charts count can be trusted: measured agreement with people, which model
made which days, and what waits for a person.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from analysis.agreement import Agreement, Measured, measure, of
from domain.mention import Platform
from domain.model_run import ModelRun, Stretch, stretches
from domain.ports import UnitOfWork
from monitoring.periods import Period

BACK: Final = timedelta(days=180)
"""People's words older than this tell little of what is said today."""
_JUST_NOW: Final = timedelta(minutes=1)
"""`now` is a moment that many share: what was done in it counts too."""


@dataclass(frozen=True, slots=True)
class Trust:
    """What is known about a brand's labels. `run` is the model in use, None before any is noted;
    `stretches` are those of the span, the newest first, and at `changes` within it another model's
    labels begin; `unsure` counts what waits for a person in it.
    """

    run: ModelRun | None
    stretches: tuple[Stretch, ...]
    changes: tuple[datetime, ...]
    measured: Measured
    unsure: int

    def sampled(self, brand_id: str, platform: Platform | None = None) -> Agreement:
        """Agreement with what was drawn at random and judged unseen."""
        return of(self.measured.sampled, brand_id, platform)

    def spontaneous(self, brand_id: str, platform: Platform | None = None) -> Agreement:
        """Agreement with what people judged by themselves."""
        return of(self.measured.spontaneous, brand_id, platform)


def read_trust(work: UnitOfWork, period: Period, now: datetime, *, unsure: int) -> Trust:
    """Read what is noted about models and people's words; `unsure` is what waits in the period."""
    runs = work.model_runs.all()
    current = runs[0] if runs else None
    acts = work.corrections.between(now - BACK, now + _JUST_NOW)
    seen = [
        each
        for each in stretches(runs)
        if (each.end is None or each.end > period.start)
        and (each.start is None or each.start < period.end)
    ]
    return Trust(
        run=current,
        stretches=tuple(seen),
        changes=tuple(s.start for s in seen if s.start is not None and s.start > period.start),
        measured=measure(acts, current.model_id if current else None),
        unsure=unsure,
    )
