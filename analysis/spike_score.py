"""Rows of counts in, one score 0 to 1 a row out: the rule as a streaming detector.

`timestamp,value` rows of any regular width become trailing hours (`TrailingHours`); the score is
that of a record (`SpikeScorer`). Nothing is known of a series before it begins, no range, no end.
"""

from collections import deque
from dataclasses import dataclass

from analysis.baseline import HourlyBaseline, RecordAge
from analysis.spikes import MIN_SAMPLES, THRESHOLD_Z
from domain.brand import Sensitivity

SPANS = (1.0, 2.0, 4.0)
"""Hours that are summed: a burst stands out in one, a climb in four."""

RECORD_HOURS = 7 * 24.0
"""A record of this age scores ½. From 5 to 7½ days the scores of labelled series hardly change;
longer ones miss a second crisis a week after the first."""

HISTORY_PART = 0.8
"""0.6 to 0.95 score alike."""

ONSET_GATE = 1.5
"""1.1 to 1.75 score alike; without a gate every row of a climb is told."""

ONSET_HOURS = 10.0
"""6 to 11 score alike; from 24 on, the second spike of a day is lost."""

Z_PART = 0.65
"""The score asks for this part of the Z of the alert rule (balanced: 3.25; 3 to 3.5 score alike);
the record carries it."""

_HOUR = 1.0
_TOLERANCE = 1e-6
_NEVER = float("-inf")


@dataclass(frozen=True, slots=True)
class Trailing:
    """The sums over each of SPANS that end with a row, and which of them are known.

    `width` is the known time since the row before, in hours.
    """

    at: float
    sums: tuple[float, ...]
    known: tuple[bool, ...]
    width: float

    @property
    def hour(self) -> float:
        """The sum over the last hour."""
        return self.sums[0]

    @property
    def hour_known(self) -> bool:
        """Whether all of the last hour is known."""
        return self.known[0]


class TrailingHours:
    """Turns rows of a regular width into trailing sums over each of SPANS.

    The width is the smallest distance between rows seen so far. Where rows are missing, or have no
    value, the sums that reach into the gap are not known. Rows wider than an hour count as their
    own hour.
    """

    def __init__(self) -> None:
        self._sums = tuple(_Sum(span) for span in SPANS)
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
        reach = at + step + _TOLERANCE - self._gap_end
        return Trailing(
            at,
            tuple([each.add(at, value) for each in self._sums]),
            tuple([reach >= span and reach >= step for span in SPANS]),
            step,
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


class _Sum:
    """A trailing sum over one span; a row wider than it stands alone."""

    __slots__ = ("_hours", "_rows", "_sum")

    def __init__(self, hours: float) -> None:
        self._hours = hours
        self._rows: deque[tuple[float, float]] = deque()
        self._sum = 0.0

    def add(self, at: float, value: float) -> float:
        """Take a row and return the sum that ends with it."""
        rows = self._rows
        rows.append((at, value))
        self._sum += value
        oldest = at - self._hours + _TOLERANCE
        while rows[0][0] <= oldest:
            self._sum -= rows.popleft()[1]
        return self._sum


class _Span:
    """Records and usual level of the trailing sum over one span."""

    __slots__ = ("_baseline", "_per_hour", "_records", "_sampled")

    def __init__(self, hours: float) -> None:
        self._baseline = HourlyBaseline()
        self._records = RecordAge()
        self._per_hour = 1 / hours
        self._sampled = _NEVER

    def age(self, at: float, clock: float, value: float, z_floor: float) -> float:
        """Return the age of the record in known hours when the level is unusual, else 0."""
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
            return 0.0
        return clock if age is None else age


class SpikeScorer:
    """The score of a row: how old a record it is, once per onset.

    u = T / min(7 days, 0.8 × history) where z ≥ 0.65 Z, the largest of the trailing one, two and
    four hours; it passes when it is over 1.5 × the highest u of the last 10 hours, and becomes
    u / (1 + u). A score of ½ is so a record of a week, and is given once per onset.
    """

    def __init__(self, sensitivity: Sensitivity = Sensitivity.BALANCED) -> None:
        self._z_floor = Z_PART * THRESHOLD_Z[sensitivity]
        self._spans = tuple(_Span(hours) for hours in SPANS)
        self._known = 0.0
        self._highest: deque[tuple[float, float]] = deque()

    def score(self, row: Trailing) -> float:
        """Return the score of the next row, 0 where its trailing hour is not known."""
        if not row.hour_known:
            return 0.0
        self._known += row.width
        oldest = 0.0
        for span, value, known in zip(self._spans, row.sums, row.known, strict=True):
            if known:
                oldest = max(oldest, span.age(row.at, self._known, value, self._z_floor))
        return self._gate(row.at, oldest / min(RECORD_HOURS, HISTORY_PART * self._known))

    def _gate(self, at: float, level: float) -> float:
        highest = self._highest
        while highest and highest[0][0] < at - ONSET_HOURS:
            highest.popleft()
        passes = level > (ONSET_GATE * highest[0][1] if highest else 0.0)
        while highest and highest[-1][1] <= level:
            highest.pop()
        highest.append((at, level))
        return level / (1 + level) if passes else 0.0
