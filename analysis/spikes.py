"""The negative-spike rule: counts in, verdicts out. Pure, strictly causal, O(1) amortised a step.

A step looks at the negatives of the hour that ends with a bin. It alerts when four things hold:

1. z = (c − m) / max(s, 1) ≥ Z, with m and s the mean and spread of the hourly counts of the last 28
   days: far above what is usual for this brand. On the brand's own spread, one Z means the same
   from 0.2 to 20 mentions an hour, which tails of a Poisson law do not.
2. c ≥ 5: nobody is woken for three posts.
3. T ≥ min(3 days, half of the history): days since the count was last as high. It is what makes a
   busy hour that comes every day no alarm.
4. The share of negatives is not below normal: a positive wave raises counts, not the share.

In the first day, when nothing is known yet, only the absolute rule holds: ≥ 20 negatives in an hour
and 5 times any earlier hour. An hour that was not fully looked at is missing, not zero: it is not
calm, teaches nothing and lets no record age. What was seen of it is a lower bound, though: where
that alone would alert, it does, because a search flooded to its ceiling is what a crisis looks
like.

One incident lasts from the first alert, over growth (twice the height last told), to its end: below
a third of its peak, or no longer unusual, for 6 hours. «No longer unusual» is how a brand gets used
to a new level.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import chain

from analysis.baseline import HISTORY_HOURS, HourlyBaseline, RecordAge
from analysis.share import BELOW_NORMAL, MIN_NEGATIVES, MIN_VOICES, upper_tail
from domain.brand import Sensitivity
from domain.signal import Figures, Outcome, Rule

THRESHOLD_Z = {Sensitivity.MORE: 3.0, Sensitivity.BALANCED: 5.0, Sensitivity.FEWER: 8.0}
"""Z of each sensitivity; shown to people as about 5, 2 and 0.5 false alarms a brand-month."""

MIN_COUNT = 5
MIN_SAMPLES = 12
MIN_RECORD_HOURS = 3 * 24.0
FIRST_DAY_HOURS = 24.0
FIRST_DAY_COUNT = 20
FIRST_DAY_MULTIPLE = 5
FIRST_DAY_EARLIER_HOURS = 3
USUAL_Z = 2.0
GROWTH = 2
OVER_FRACTION = 3
OVER_HOURS = 6.0
SHARE_HOURS = 6

_HOUR = 1.0
_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Step:
    """The hour that ends at `at` (in hours on any clock), seen `width` hours after the one before.

    `negative` and `total` were counted in that hour; `known` False: not all of it was looked at,
    and the counts are only what happened to be seen, which the truth may exceed.
    """

    at: float
    negative: int
    total: int
    width: float = 0.25
    known: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rule says about one step. `high`: it would open an incident."""

    at: float
    outcome: Outcome
    rule: Rule
    figures: Figures
    high: bool = False

    @property
    def known(self) -> bool:
        """Whether the hour was fully looked at."""
        return not self.figures.lower_bound

    @property
    def loud(self) -> bool:
        """Whether the count is still as unusual as an alert needs, however old the record is."""
        if self.outcome in {Outcome.COVERAGE_UNKNOWN, Outcome.SHARE_NORMAL}:
            return False
        figures = self.figures
        if figures.z is None or figures.threshold_z is None:
            return figures.observed >= FIRST_DAY_COUNT
        return figures.observed >= MIN_COUNT and figures.z >= figures.threshold_z

    def is_quiet(self, peak: int) -> bool:
        """Whether an incident of this peak is over at this step: under a third of it, or usual."""
        z = self.figures.z
        usual = z is not None and z < USUAL_Z
        return self.known and (usual or self.figures.observed * OVER_FRACTION < peak)


class SpikeRule:
    """The rule over one series (a brand on a platform, or over all that were known)."""

    def __init__(self, sensitivity: Sensitivity = Sensitivity.BALANCED) -> None:
        self._threshold = THRESHOLD_Z[sensitivity]
        self._baseline = HourlyBaseline()
        self._records = RecordAge()
        self._waiting: deque[Step] = deque()
        self._recent: deque[Step] = deque()
        self._last_sample: float | None = None
        self._known_hours = 0.0

    def step(self, step: Step) -> Verdict:
        """Judge the next step, then learn from it."""
        self._settle(step.at)
        clock = self._known_hours + step.width
        if not step.known:
            return self._judge_seen(step, self._records.age(clock, step.negative))
        verdict = self._judge(step, self._records.see(clock, step.negative))
        self._recent.append(step)
        self._known_hours = clock
        self._sample(step)
        return verdict

    @property
    def _history(self) -> float:
        return min(self._known_hours, HISTORY_HOURS)

    @property
    def _learning(self) -> bool:
        few = self._baseline.samples < MIN_SAMPLES
        return few or self._known_hours < FIRST_DAY_HOURS - _TOLERANCE

    def _settle(self, at: float) -> None:
        """Let hours into the baseline once they no longer overlap the hour that is judged."""
        waiting = self._waiting
        while waiting and waiting[0].at <= at - _HOUR + _TOLERANCE:
            hour = waiting.popleft()
            self._baseline.add(hour.at, hour.negative, hour.total)
        self._baseline.forget(at - HISTORY_HOURS)
        recent = self._recent
        while recent and recent[0].at <= at - SHARE_HOURS + _TOLERANCE:
            recent.popleft()

    def _sample(self, step: Step) -> None:
        """Keep one step an hour for the baseline: hours that do not overlap."""
        if self._last_sample is None or step.at - self._last_sample >= _HOUR - _TOLERANCE:
            self._last_sample = step.at
            self._waiting.append(step)

    def _judge_seen(self, step: Step, age: float | None) -> Verdict:
        """Judge what was seen of an hour that is not known: an alert, or no verdict at all."""
        verdict = self._judge(step, age)
        if verdict.high:
            return replace(verdict, figures=replace(verdict.figures, lower_bound=True))
        figures = Figures(
            step.negative,
            step.total,
            threshold_z=self._threshold,
            history_days=self._history / 24,
            lower_bound=True,
        )
        return replace(verdict, outcome=Outcome.COVERAGE_UNKNOWN, figures=figures)

    def _judge(self, step: Step, age: float | None) -> Verdict:
        if self._learning:
            return self._judge_first_day(step)
        baseline = self._baseline
        mean, spread = baseline.mean, baseline.spread
        z = (step.negative - mean) / max(spread, 1.0)
        record = self._history if age is None else age
        outcome, surprise = self._outcome(step, z, record)
        figures = Figures(
            step.negative,
            step.total,
            mean,
            spread,
            baseline.samples,
            z,
            self._threshold,
            record / 24,
            self._history / 24,
            step.negative / step.total if step.total else None,
            baseline.usual_share,
            surprise,
        )
        high = outcome is Outcome.OPENED
        return Verdict(step.at, outcome, Rule.NEGATIVE_SPIKE, figures, high)

    def _outcome(self, step: Step, z: float, record: float) -> tuple[Outcome, float | None]:
        if z < USUAL_Z:
            return Outcome.CALM, None
        if step.negative < MIN_COUNT:
            return Outcome.TOO_FEW, None
        surprise, share_is_low = self._share(step)
        if z < self._threshold:
            return Outcome.NOT_UNUSUAL, surprise
        if share_is_low:
            return Outcome.SHARE_NORMAL, surprise
        if record < min(MIN_RECORD_HOURS, self._history / 2):
            return Outcome.NOT_A_RECORD, surprise
        return Outcome.OPENED, surprise

    def _judge_first_day(self, step: Step) -> Verdict:
        baseline = self._baseline
        high = (
            step.negative >= FIRST_DAY_COUNT
            and baseline.samples >= FIRST_DAY_EARLIER_HOURS
            and step.negative >= FIRST_DAY_MULTIPLE * baseline.highest
        )
        figures = Figures(
            step.negative,
            step.total,
            samples=baseline.samples,
            threshold_z=self._threshold,
            history_days=self._history / 24,
            share=step.negative / step.total if step.total else None,
        )
        outcome = Outcome.OPENED if high else Outcome.LEARNING
        return Verdict(step.at, outcome, Rule.FIRST_DAY_ABSOLUTE, figures, high)

    def _share(self, step: Step) -> tuple[float | None, bool]:
        """Return P(as many negatives or more), and whether the share is below normal.

        Of the shortest of 1 to 6 hours that has enough voices; (None, False) when six hours have
        fewer than 20 voices or 5 negatives, or no share is usual yet.
        """
        usual = self._baseline.usual_share
        if usual is None:
            return None, False
        negative = total = 0
        end = step.at
        for earlier in chain((step,), reversed(self._recent)):
            if earlier.at > end + _TOLERANCE:
                continue
            negative, total = negative + earlier.negative, total + earlier.total
            if total >= MIN_VOICES and negative >= MIN_NEGATIVES:
                tail = upper_tail(negative, total, usual, self._baseline.share_correlation)
                return tail, negative / total < usual and tail > BELOW_NORMAL
            end = earlier.at - _HOUR
        return None, False


@dataclass(frozen=True, slots=True)
class Incident:
    """One spike while it lasts. `alerted` is the height last told, `alerted_at` when; in hours."""

    onset: float
    peak: int
    alerted: int
    alerted_at: float
    rule: Rule
    quiet_since: float | None = None


def has_grown(observed: int, alerted: int) -> bool:
    """Whether a count is worth a second mail: twice the height that the last one told."""
    return observed >= GROWTH * alerted


def advance(incident: Incident | None, verdict: Verdict) -> tuple[Incident | None, Outcome]:
    """Return the incident after a verdict, None when there is none, and what became of it.

    The outcome is OPENED, GREW, STILL_OPEN or CLOSED for an incident, else the verdict's own. An
    unknown hour neither ends an incident nor counts towards its end; what was seen of it may open
    one or let it grow.
    """
    if incident is None:
        return _open(verdict)
    if not (verdict.known or verdict.high):
        return replace(incident, quiet_since=None), Outcome.COVERAGE_UNKNOWN
    observed = verdict.figures.observed
    incident = replace(incident, peak=max(incident.peak, observed))
    if has_grown(observed, incident.alerted):
        grown = replace(incident, alerted=observed, alerted_at=verdict.at, quiet_since=None)
        return grown, Outcome.GREW
    if not verdict.is_quiet(incident.peak):
        return replace(incident, quiet_since=None), Outcome.STILL_OPEN
    since = verdict.at if incident.quiet_since is None else incident.quiet_since
    if verdict.at - since >= OVER_HOURS - _TOLERANCE:
        return None, Outcome.CLOSED
    return replace(incident, quiet_since=since), Outcome.STILL_OPEN


def _open(verdict: Verdict) -> tuple[Incident | None, Outcome]:
    if not verdict.high:
        return None, verdict.outcome
    observed = verdict.figures.observed
    return Incident(verdict.at, observed, observed, verdict.at, verdict.rule), Outcome.OPENED


@dataclass(frozen=True, slots=True)
class Judged:
    """One step of a series with its verdict, what became of the incident, and the incident."""

    step: Step
    verdict: Verdict
    outcome: Outcome
    incident: Incident | None


def judge_series(steps: Iterable[Step], sensitivity: Sensitivity) -> Iterable[Judged]:
    """Yield every step of a series, in order, with what the rule and the incident made of it."""
    rule = SpikeRule(sensitivity)
    incident: Incident | None = None
    for step in steps:
        verdict = rule.step(step)
        incident, outcome = advance(incident, verdict)
        yield Judged(step, verdict, outcome, incident)
