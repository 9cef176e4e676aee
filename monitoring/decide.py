"""What a brand's judged series mean for its signal: open, grow, close, or nothing. Pure.

The decision compares what should be (an incident that goes on) with what is (a signal). So it does
not matter whether the bin in which a spike began was evaluated when it was new: after an outage the
next evaluation opens the signal if the spike still goes on, and leaves it if it is over.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from analysis.spikes import OVER_HOURS, Judged, has_grown
from domain.mention import Platform
from domain.signal import Outcome, Rule, Signal
from monitoring.series import BIN, moment_of

OVER = timedelta(hours=OVER_HOURS)


class Move(StrEnum):
    """What is to be done with the signal of a brand."""

    NOTHING = "nothing"
    OPEN = "open"
    GROW = "grow"
    UPDATE = "update"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class Reading:
    """A series up to the bin that speaks for it: `platform` None is the sum over `platforms`.

    That is the newest known bin, or a later one that was not (fully) looked at and of which more
    was seen, enough to alert. `judged` ends with it, and is empty when there is none within reach;
    `later` are the bins after it.
    """

    platform: Platform | None
    platforms: tuple[Platform, ...]
    judged: Sequence[Judged]
    later: Sequence[Judged] = ()

    @property
    def newest(self) -> Judged | None:
        """The bin that speaks, the only one that can alert."""
        return self.judged[-1] if self.judged else None

    @property
    def end(self) -> datetime | None:
        """The end of that bin."""
        return moment_of(self.judged[-1].step.at) if self.judged else None

    @property
    def height(self) -> int:
        """The negatives of that bin, at least; 0 when there is none."""
        return self.judged[-1].step.negative if self.judged else 0

    @property
    def goes_on(self) -> bool:
        """Whether an incident is open at the newest bin and as loud as an alert must be."""
        newest = self.newest
        return newest is not None and newest.incident is not None and newest.verdict.loud

    def onset(self, after: datetime | None) -> datetime | None:
        """Return the start of the bin in which what goes on began, None when nothing does.

        Of an incident that is older than `after` only a growth since then counts.
        """
        newest = self.newest
        if newest is None or newest.incident is None or not self.goes_on:
            return None
        incident = newest.incident
        begins = (moment_of(at) - BIN for at in (incident.onset, incident.alerted_at))
        return next((start for start in begins if after is None or start >= after), None)

    def began_before(self, moment: datetime) -> bool:
        """Whether what goes on began before a moment; also true of a series in which nothing
        does.
        """
        newest = self.newest
        if newest is None or newest.incident is None or not self.goes_on:
            return True
        return moment_of(newest.incident.onset) - BIN < moment


@dataclass(frozen=True, slots=True)
class BrandReading:
    """All series of a brand at one evaluation."""

    brand_id: str
    overall: Reading
    by_platform: Mapping[Platform, Reading]

    @property
    def all(self) -> tuple[Reading, ...]:
        """The sum first, then each platform."""
        return (self.overall, *self.by_platform.values())

    @property
    def carrier(self) -> Reading | None:
        """The series whose figures tell of the spike: the sum, or else the loudest platform."""
        going = [reading for reading in self.all if reading.goes_on]
        if not going or going[0].platform is None:
            return going[0] if going else None
        return max(going, key=_loudness)

    @property
    def highest(self) -> Reading:
        """The series with the most negatives: the sum, unless its loudest platform is not in it."""
        return max(self.all, key=lambda reading: reading.height)

    @property
    def spiking_platforms(self) -> tuple[Platform, ...]:
        """The platforms that have a spike of their own."""
        return tuple(p for p, reading in self.by_platform.items() if reading.goes_on)


@dataclass(frozen=True, slots=True)
class Decision:
    """A move, the series that carries it, and for an opening its onset.

    `outcome` is what the carrier's evaluation is called where nothing is done although the rule
    would alert; None: the rule's own word holds. `again`: what opens had begun before the last
    signal was closed, and has grown since.
    """

    move: Move
    carrier: Reading
    onset: datetime | None = None
    rule: Rule = Rule.NEGATIVE_SPIKE
    outcome: Outcome | None = None
    again: bool = False


def decide(reading: BrandReading, signal: Signal | None, closed_at: datetime | None) -> Decision:
    """Return what is to be done. `closed_at`: when the brand's last signal was closed.

    What was alerted before the last signal was closed belongs to that one: who closed it has
    decided about it already. It opens a new one when it doubles once more.
    """
    if signal is not None:
        return _follow(reading, signal)
    carrier = reading.carrier
    if carrier is None or carrier.newest is None or carrier.newest.incident is None:
        return Decision(Move.NOTHING, reading.overall)
    onsets = [onset for r in reading.all if (onset := r.onset(closed_at)) is not None]
    if not onsets:
        return Decision(Move.NOTHING, carrier, outcome=Outcome.SILENCED)
    again = closed_at is not None and all(r.began_before(closed_at) for r in reading.all)
    return Decision(Move.OPEN, carrier, min(onsets), carrier.newest.incident.rule, again=again)


def _follow(reading: BrandReading, signal: Signal) -> Decision:
    overall, highest = reading.overall, reading.highest
    if has_grown(highest.height, signal.alerted_observed):
        return Decision(Move.GROW, highest)
    if overall.end is None:
        return Decision(Move.NOTHING, overall)
    if _joined(reading, signal):
        return Decision(Move.GROW, overall)
    if not set(signal.platforms) <= set(overall.platforms):
        return Decision(Move.NOTHING, overall)  # what cannot be seen may be why it looks calm
    since = quiet_since(overall, signal)
    is_over = since is not None and overall.end - since >= OVER
    return Decision(Move.CLOSE if is_over else Move.UPDATE, overall)


def _joined(reading: BrandReading, signal: Signal) -> bool:
    """Whether another platform has its own spike now, beside those that were told of."""
    told = set(signal.alerted_platforms)
    return bool(told) and bool(set(reading.spiking_platforms) - told)


def quiet_since(overall: Reading, signal: Signal) -> datetime | None:
    """Return since when a signal's series has been quiet without a gap, None while it is not.

    Only time after the opening counts. A gap in coverage breaks it: not having looked is not calm.
    """
    peak = max(signal.peak_observed, signal.alerted_observed)
    since: datetime | None = None
    for judged in reversed(overall.judged):
        end = moment_of(judged.step.at)
        if end < signal.opened_at or not judged.verdict.is_quiet(peak):
            break
        since = end
    return since


def _loudness(reading: Reading) -> float:
    newest = reading.newest
    return newest.verdict.figures.z or 0.0 if newest else 0.0
