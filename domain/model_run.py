"""Runs of the sentiment model: each time another model comes into use, a run begins, and the stored
history is judged again, the newest first. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from domain.mention import Mention, Platform
from domain.sentiment import Label

RESCORING: Final = "rescore"
"""The job that judges history again; who holds its lease is the only one at it."""

_SMOOTH: Final = 5.0
"""Negatives that are added to both sides of a factor, so that a handful cannot swing it."""
_WIDEST: Final = 5.0


@dataclass(frozen=True, slots=True)
class Shift:
    """How many negatives about a brand on a platform there were in what was judged again, and how
    many there are.
    """

    brand_id: str
    platform: Platform
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class ModelRun:
    """A model (`model_id`) and the way in which terms and fingerprints are made (`method`), in use
    since `began_at`.

    What was published since `reached` shows this run's judgements (None: nothing older than
    `began_at` yet); no history before `since` is judged again. Of `total` mentions of history
    `seen` were looked at, `changed` got another label and `left` could not be judged, because the
    post that they repeat is not stored. `rederives`: terms and fingerprints are made again too.
    `swept_at`: what arrived until then was looked at again.
    """

    run: int
    model_id: str
    method: str
    began_at: datetime
    since: datetime | None = None
    reached: datetime | None = None
    total: int = 0
    seen: int = 0
    changed: int = 0
    left: int = 0
    shifts: tuple[Shift, ...] = ()
    finished_at: datetime | None = None
    swept_at: datetime | None = None
    rederives: bool = False

    @property
    def share(self) -> float:
        """How much of the history was looked at, 0 to 1."""
        if self.finished_at is not None:
            return 1.0
        return min(self.seen / self.total, 0.99) if self.total else 0.0

    def factor(self, brand_id: str, platform: Platform | None = None) -> float:
        """Return how many negatives there are for one that there was before: 1 where nothing is
        known, between a fifth and five. Without a platform: over all of them.
        """
        of = [
            shift
            for shift in self.shifts
            if shift.brand_id == brand_id and platform in (None, shift.platform)
        ]
        before = sum(shift.before for shift in of) + _SMOOTH
        after = sum(shift.after for shift in of) + _SMOOTH
        return min(max(after / before, 1 / _WIDEST), _WIDEST)

    @property
    def border(self) -> datetime | None:
        """What was published since shows this run's judgements, None: everything does."""
        return self.since if self.finished_at is not None else self.reached or self.began_at


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `start` (None: the beginning) to `end` (None: now) one model judged what was said."""

    start: datetime | None
    end: datetime | None
    model_id: str


def stretches(runs: Sequence[ModelRun]) -> tuple[Stretch, ...]:
    """Return which model made which part of the history, the newest first.

    Nobody knows who judged what lies before every run: no stretch tells of it.
    """
    found: list[Stretch] = []
    end: datetime | None = None
    for run in sorted(runs, key=lambda each: -each.run):
        border = run.border
        if border is None or end is None or border < end:
            if found and found[-1].model_id == run.model_id:
                found[-1] = replace(found[-1], start=border)
            else:
                found.append(Stretch(border, end, run.model_id))
            end = border
        if border is None:
            break
    return tuple(found)


def shifted(shifts: Sequence[Shift], pairs: Sequence[tuple[Mention, Mention]]) -> tuple[Shift, ...]:
    """Return the counts with (before, after) pairs of mentions that were judged again."""
    counts = {(each.brand_id, each.platform): (each.before, each.after) for each in shifts}
    for before, after in pairs:
        if not after.is_public_voice:
            continue
        for brand_id in after.brand_ids:
            key = (brand_id, after.platform)
            was, became = counts.get(key, (0, 0))
            counts[key] = (
                was + (before.label_towards(brand_id) is Label.NEGATIVE),
                became + (after.label_towards(brand_id) is Label.NEGATIVE),
            )
    return tuple(Shift(*key, *both) for key, both in sorted(counts.items()))
