"""Rows of counts in, one score 0 to 1 a row out: the rule as a streaming detector.

`timestamp,value` rows of any regular width become trailing hours (`TrailingHours`); the score is
that of a record (`SpikeScorer`). Nothing is known of a series before it begins, no range, no end.
"""

from collections import deque
from dataclasses import dataclass

from analysis.baseline import HourlyBaseline, RecordAge
from analysis.spikes import MIN_SAMPLES, THRESHOLD_Z
from domain.brand import Sensitivity

RECORD_HOURS = 7 * 24.0
"""A record of this age scores ½. From 5 to 7½ days the scores of labelled series hardly change;
longer ones miss a second crisis a week after the first."""

HISTORY_PART = 0.8
ONSET_GATE = 1.5
ONSET_HOURS = 12.0
Z_PART = 0.65
"""The score asks for this part of the Z of the alert rule (balanced: 3.25); the record carries
it."""

_HOUR = 1.0
_TOLERANCE = 1e-6
_NEVER = float("-inf")


@dataclass(frozen=True, slots=True)
class Trailing:
    """The sums that end with a row. `width` is the known time since the row before, in hours."""

    at: float
    hour: float
    two_hours: float
    width: float
    hour_known: bool
    two_hours_known: bool


class TrailingHours:
    """Turns rows of a regular width into trailing sums over one and two hours.

    The width is the smallest distance between rows seen so far. Where rows are missing, or have no
    value, the sums that reach into the gap are not known. Rows wider than an hour count as their
    own hour.
    """

    def __init__(self) -> None:
        self._rows: deque[tuple[float, float]] = deque()
        self._first_of_hour = 0
        self._hour = self._two_hours = 0.0
        self._width: float | None = None
        self._last: float | None = None
        self._gap_end = _NEVER

    @property
    def width(self) -> float | None:
        """The width of rows in hours, None before the second row."""
        return self._width

    def see(self, at: float, value: float | None) -> Trailing:
        """Take the row that begins at `at` (hours, later than the last); None: value unknown."""
        step = self._step(at)
        if value is None:
            self._gap_end = at + step
            value = 0.0
        self._push(at, value)
        reach = at + step + _TOLERANCE - self._gap_end
        return Trailing(
            at,
            self._hour,
            self._two_hours,
            step,
            hour_known=reach >= max(_HOUR, step),
            two_hours_known=reach >= max(2 * _HOUR, step),
        )

    def _step(self, at: float) -> float:
        """Return the width of this row, and note where a gap (or the series) began."""
        if self._last is None:
            self._last = self._gap_end = at
            return 0.0
        distance, self._last = at - self._last, at
        if self._width is None or distance < self._width:
            self._width = distance
        if distance > 1.5 * self._width:
            self._gap_end = at
        return self._width

    def _push(self, at: float, value: float) -> None:
        rows = self._rows
        rows.append((at, value))
        self._hour += value
        self._two_hours += value
        while rows[0][0] <= at - 2 * _HOUR + _TOLERANCE:
            self._two_hours -= rows.popleft()[1]
            self._first_of_hour -= 1
        self._first_of_hour = max(self._first_of_hour, 0)
        while rows[self._first_of_hour][0] <= at - _HOUR + _TOLERANCE:
            self._hour -= rows[self._first_of_hour][1]
            self._first_of_hour += 1


class _Span:
    """Records and usual level of the trailing sum over one span."""

    __slots__ = ("_baseline", "_per_hour", "_records", "_sampled")

    def __init__(self, hours: float) -> None:
        self._baseline = HourlyBaseline()
        self._records = RecordAge()
        self._per_hour = 1 / hours
        self._sampled = _NEVER

    def age(self, at: float, clock: float, value: float, z_floor: float) -> float | None:
        """Return the age of the record in known hours when the level is unusual, else None."""
        baseline, rate = self._baseline, value * self._per_hour
        age = self._records.see(clock, value)
        unusual = (
            baseline.samples >= MIN_SAMPLES
            and (rate - baseline.mean) / max(baseline.spread, 1.0) >= z_floor
        )
        if at - self._sampled >= _HOUR - _TOLERANCE:
            self._sampled = at
            baseline.add(at, rate, rate)
            baseline.forget(at - 28 * 24.0)
        if not unusual:
            return None
        return clock if age is None else age


class SpikeScorer:
    """The score of a row: how old a record it is, once per onset.

    u = T / min(7 days, 0.8 × history) where z ≥ 0.65 Z, the larger of the trailing hour and the
    trailing two hours; it passes when it is over 1.5 × the highest u of the last 12 hours, and
    becomes u / (1 + u). A score of ½ is so a record of a week, and is given once per onset.
    """

    def __init__(self, sensitivity: Sensitivity = Sensitivity.BALANCED) -> None:
        self._z_floor = Z_PART * THRESHOLD_Z[sensitivity]
        self._one = _Span(1)
        self._two = _Span(2)
        self._known = 0.0
        self._highest: deque[tuple[float, float]] = deque()

    def score(self, row: Trailing) -> float:
        """Return the score of the next row, 0 where its trailing hour is not known."""
        if not row.hour_known:
            return 0.0
        self._known += row.width
        ages = [self._one.age(row.at, self._known, row.hour, self._z_floor)]
        if row.two_hours_known:
            ages.append(self._two.age(row.at, self._known, row.two_hours, self._z_floor))
        age = max((age for age in ages if age is not None), default=0.0)
        return self._gate(row.at, age / min(RECORD_HOURS, HISTORY_PART * self._known))

    def _gate(self, at: float, level: float) -> float:
        highest = self._highest
        while highest and highest[0][0] < at - ONSET_HOURS:
            highest.popleft()
        passes = level > (ONSET_GATE * highest[0][1] if highest else 0.0)
        while highest and highest[-1][1] <= level:
            highest.pop()
        highest.append((at, level))
        return level / (1 + level) if passes else 0.0
