"""What is usual for one series of counts: rolling hourly statistics and the age of records.

Both are causal, cost O(1) amortised a step and need no training. Only known hours go in, so a gap
in coverage neither calms a baseline nor lets a record age.
"""

import math
from collections import deque

HISTORY_HOURS = 28 * 24.0
"""How far back the baseline looks: four weeks, so that every hour of the week is in it four
times."""


class HourlyBaseline:
    """Mean and spread of the hourly counts of the last 28 days, and of the negative share.

    Times are hours on any one clock. Sums are kept, not samples re-read; with whole numbers they
    stay exact (below 2^53). `mean` and `spread` (population standard deviation) are those of the
    hourly counts, 0 without samples; they change with an hour, and are asked for at every step.
    """

    __slots__ = (
        "_hours",
        "_negatives",
        "_pairs",
        "_pairs_negative",
        "_squares",
        "_totals",
        "mean",
        "samples",
        "spread",
    )

    def __init__(self) -> None:
        self._hours: deque[tuple[float, float, float]] = deque()
        self._negatives = 0.0
        self._squares = 0.0
        self._totals = 0.0
        self._pairs = 0.0
        self._pairs_negative = 0.0
        self.samples = 0
        self.mean = 0.0
        self.spread = 0.0

    def add(self, end: float, negative: float, total: float) -> None:
        """Take in the known hour that ended at `end`; later hours must come later."""
        self._hours.append((end, negative, total))
        self._count(negative, total, 1)
        self._summarise()

    def forget(self, before: float) -> None:
        """Drop the hours that ended at or before `before`."""
        hours = self._hours
        if not hours or hours[0][0] > before:
            return
        while hours and hours[0][0] <= before:
            _, negative, total = hours.popleft()
            self._count(negative, total, -1)
        self._summarise()

    def _count(self, negative: float, total: float, sign: int) -> None:
        self._negatives += sign * negative
        self._squares += sign * negative * negative
        self._totals += sign * total
        self._pairs += sign * total * (total - 1)
        self._pairs_negative += sign * negative * (negative - 1)

    def _summarise(self) -> None:
        self.samples = count = len(self._hours)
        self.mean = mean = self._negatives / count if count else 0.0
        variance = self._squares / count - mean * mean if count else 0.0
        self.spread = math.sqrt(variance) if variance > 0 else 0.0

    @property
    def highest(self) -> float:
        """The highest hourly count. O(samples): only the first day asks."""
        return max((negative for _, negative, _ in self._hours), default=0.0)

    @property
    def usual_share(self) -> float | None:
        """Negatives among all voices over the 28 days; None while nobody said anything."""
        return self._negatives / self._totals if self._totals > 0 else None

    @property
    def share_correlation(self) -> float:
        """The intra-hour correlation ρ of a beta-binomial share, by factorial moments, 0 to 1.

        For n of N beta-binomial with mean p: E[n(n−1)] = N(N−1)(p² + ρp(1−p)) (Skellam 1948, "A
        probability distribution derived from the binomial …", J. R. Stat. Soc. B 10), summed over
        hours and solved for ρ; 0 where that is not possible.
        """
        share = self.usual_share
        if share is None or not 0 < share < 1 or self._pairs <= 0:
            return 0.0
        second = self._pairs_negative / self._pairs
        return min(max((second - share * share) / (share * (1 - share)), 0.0), 1.0)


class RecordAge:
    """How long ago a count was last as high: a stack of decreasing maxima, O(1) amortised."""

    __slots__ = ("_stack",)

    def __init__(self) -> None:
        self._stack: deque[tuple[float, float]] = deque()

    def age(self, clock: float, value: float) -> float | None:
        """Return what `see` would return, and remember nothing. O(maxima) for the rare look."""
        since = clock - HISTORY_HOURS
        found = (at for at, high in reversed(self._stack) if high >= value and at >= since)
        last = next(found, None)
        return None if last is None else clock - last

    def see(self, clock: float, value: float) -> float | None:
        """Return the age of the last value ≥ `value`, None when none is remembered; remember it.

        `clock` counts known hours, so that a gap does not make a record look older than what was
        seen. What is older than 28 known days is forgotten.
        """
        stack = self._stack
        while stack and stack[-1][1] < value:
            stack.pop()
        while stack and stack[0][0] < clock - HISTORY_HOURS:
            stack.popleft()
        age = clock - stack[-1][0] if stack else None
        if stack and stack[-1][1] == value:
            stack.pop()
        stack.append((clock, value))
        return age
