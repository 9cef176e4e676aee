"""False alarms and bursts found of the spike rule, beside rules of thumb, on real series thinned.

Labelled 5-minute series (`timestamp,value` CSVs and `windows.json`) are thinned binomially, every
mention kept with the same chance, to the volumes of small brands. Thinning keeps the daily rhythm
and the burstiness of real talk, which a Poisson simulation has not. A false alarm is an alert
outside the labelled windows; bursts are added at random moments, growing for 90 minutes and falling
for as long.
"""

import csv
import json
import math
import random
import statistics
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from analysis.spike_score import SpikeScorer, TrailingHours
from analysis.spikes import Step, judge_series
from domain.brand import Sensitivity
from domain.signal import Outcome

RATES = (0.2, 1.0, 5.0, 20.0)
"""Mentions an hour."""

BURSTS = {"small": (6, 1), "medium": (12, 3), "large": (30, 6)}
"""Extra mentions of a burst: the first figure plus the second times the hourly rate."""

PEAK_HOURS = 1.5
FOUND_HOURS = 6.0
BIN_HOURS = 0.25
DAYS_A_MONTH = 30.44
LEARNING_HOURS = 8 * 24.0
REFRACTORY_HOURS = 6.0
THROUGHPUT_RUNS = 7

Rule = Callable[[Sequence[Step]], list[float]]
"""Times (hours) at which a rule opens an alert."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A series: the times of its mentions and its labelled windows, in hours."""

    name: str
    mentions: tuple[float, ...]
    windows: tuple[tuple[float, float], ...]
    start: float
    end: float


def load(folder: Path) -> list[Labelled]:
    """Read the labelled series of a folder."""
    windows = json.loads((folder / "windows.json").read_text(encoding="utf-8"))
    return [_load(folder / name, spans) for name, spans in sorted(windows.items())]


def thinned(series: Labelled, rate: float, chance: random.Random) -> list[float]:
    """Return the mentions that stay when the series is thinned to `rate` an hour."""
    keep = rate * (series.end - series.start) / len(series.mentions)
    return [at for at in series.mentions if chance.random() < keep]


def steps_of(mentions: Iterable[float], start: float, end: float) -> list[Step]:
    """Return the trailing hours at every quarter; the counts are negatives without a share."""
    ordered, steps = deque(sorted(mentions)), []
    window: deque[float] = deque()
    for index in range(1, int((end - start) / BIN_HOURS)):
        at = start + index * BIN_HOURS
        while ordered and ordered[0] < at:
            window.append(ordered.popleft())
        while window and window[0] < at - 1:
            window.popleft()
        steps.append(Step(at, len(window), len(window), BIN_HOURS, known=index >= 4))
    return steps


def ours(sensitivity: Sensitivity) -> Rule:
    """The rule of this product, by its openings."""

    def rule(steps: Sequence[Step]) -> list[float]:
        judged = judge_series(steps, sensitivity)
        return [j.step.at for j in judged if j.outcome is Outcome.OPENED]

    return rule


def multiple_of_week(factor: float, least: int) -> Rule:
    """A rule of thumb: the last hour is over `factor` × the mean hour of 7 days, and ≥ `least`."""

    def rule(steps: Sequence[Step]) -> list[float]:
        alerts: list[float] = []
        for step, mean, _ in _with_week(steps):
            if step.negative >= least and step.negative > factor * mean:
                _note(alerts, step.at)
        return alerts

    return rule


def deviations_of_week(factor: float, least: int) -> Rule:
    """Another: the last hour is over mean + `factor` standard deviations of 7 days' hours."""

    def rule(steps: Sequence[Step]) -> list[float]:
        alerts: list[float] = []
        for step, mean, spread in _with_week(steps):
            if step.negative >= least and step.negative > mean + factor * spread:
                _note(alerts, step.at)
        return alerts

    return rule


RULES: dict[str, Rule] = {
    "1 h > 3 x 7-day mean, >= 5": multiple_of_week(3, 5),
    "1 h > mean + 3 sd of 7 days, >= 3": deviations_of_week(3, 3),
    "koubei more": ours(Sensitivity.MORE),
    "koubei balanced": ours(Sensitivity.BALANCED),
    "koubei fewer": ours(Sensitivity.FEWER),
}


@dataclass(frozen=True, slots=True)
class Measured:
    """One rule at one volume: false alarms a brand-month, part of bursts found, median delay."""

    false_alarms: float
    found: dict[str, float]
    delay_minutes: float | None


def measure(
    rule: Rule, series: Sequence[Labelled], rate: float, *, rounds: int, seed: int
) -> Measured:
    """Measure a rule on all series at one volume; every rule sees the same thinned mentions."""
    false, months = 0, 0.0
    hits: dict[str, list[bool]] = {size: [] for size in BURSTS}
    delays: list[float] = []
    for number in range(rounds):
        for one in series:
            chance = random.Random(f"{seed}/{number}/{one.name}/{rate}")
            kept = thinned(one, rate, chance)
            alerts = rule(steps_of(kept, one.start, one.end))
            scored = [at for at in alerts if at >= one.start + LEARNING_HOURS]
            false += sum(not _inside(at, one.windows) for at in scored)
            months += (one.end - one.start - LEARNING_HOURS) / 24 / DAYS_A_MONTH
            for size, (least, per_rate) in BURSTS.items():
                onset = chance.uniform(one.start + LEARNING_HOURS, one.end - 12)
                extra = round(least + per_rate * rate)
                burst = [onset + chance.triangular(0, 2 * PEAK_HOURS) for _ in range(extra)]
                alerts = rule(steps_of([*kept, *burst], one.start, one.end))
                first = next((a for a in alerts if onset <= a <= onset + FOUND_HOURS), None)
                hits[size].append(first is not None)
                if first is not None:
                    delays.append((first - min(burst)) * 60)
    found = {size: statistics.fmean(seen) for size, seen in hits.items()}
    return Measured(false / months, found, statistics.median(delays) if delays else None)


def throughput(series: Labelled) -> tuple[float, float]:
    """Return (rows a second of the score, steps a second of the rule): medians of CPU time."""
    rows = [(series.start + i / 12, float(i * 7919 % 23)) for i in range(20_000)]
    steps = steps_of(series.mentions, series.start, series.end)

    def score() -> None:
        trailing, scorer = TrailingHours(), SpikeScorer()
        for at, value in rows:
            scorer.score(trailing.see(at, value))

    def judge() -> None:
        deque(judge_series(steps, Sensitivity.BALANCED), maxlen=0)

    return len(rows) / _cpu_seconds(score), len(steps) / _cpu_seconds(judge)


def register(bench: typer.Typer) -> None:
    """Add `spikes` to the benchmarks."""
    bench.command("spikes", help="突增规则的误报与漏报。False alarms and bursts found.")(run)


def run(
    data: Annotated[
        Path, typer.Option(help="带标注的序列目录。Folder with CSVs and windows.json.", exists=True)
    ],
    rounds: Annotated[int, typer.Option(help="每条序列抽样次数。Thinnings a series.", min=1)] = 3,
    seed: Annotated[int, typer.Option(help="随机种子。Random seed.")] = 7,
) -> None:
    """Print every rule at every volume, then throughput."""
    series = load(data)
    print(f"{len(series)} series, {rounds} thinnings each, seed {seed}")
    print("false alarms a brand-month / bursts found % small medium large / median delay min")
    for name, rule in RULES.items():
        for rate in RATES:
            got = measure(rule, series, rate, rounds=rounds, seed=seed)
            found = " ".join(f"{100 * got.found[size]:4.0f}" for size in BURSTS)
            delay = "-" if got.delay_minutes is None else f"{got.delay_minutes:.0f}"
            print(f"{name:36s} {rate:5.1f}/h  {got.false_alarms:6.2f} / {found} / {delay}")
    scored, judged = throughput(series[0])
    print(f"score {scored:,.0f} rows/s, rule {judged:,.0f} brand-steps/s of CPU time")


def _cpu_seconds(work: Callable[[], None]) -> float:
    taken = []
    for _ in range(THROUGHPUT_RUNS):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return statistics.median(taken)


def _load(path: Path, spans: Sequence[Sequence[str]]) -> Labelled:
    mentions: list[float] = []
    times: list[float] = []
    with path.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            at = _hours(row["timestamp"])
            times.append(at)
            count = int(row["value"])
            mentions += [at + (i + 0.5) / count / 12 for i in range(count)]
    windows = tuple((_hours(start), _hours(end)) for start, end in spans)
    return Labelled(path.name, tuple(mentions), windows, times[0], times[-1])


def _hours(text: str) -> float:
    return datetime.fromisoformat(text[:19]).replace(tzinfo=UTC).timestamp() / 3600


def _with_week(steps: Sequence[Step]) -> Iterator[tuple[Step, float, float]]:
    """Yield steps with mean and deviation of the whole hours of the 7 days before, from 8 days."""
    week: deque[int] = deque(maxlen=7 * 24)
    mean = spread = 0.0
    for index, step in enumerate(steps):
        if len(week) == week.maxlen:
            yield step, mean, spread
        if index >= 4 and index % 4 == 0:
            week.append(steps[index - 4].negative)
            mean = sum(week) / len(week)
            spread = math.sqrt(max(sum(n * n for n in week) / len(week) - mean * mean, 0.0))


def _note(alerts: list[float], at: float) -> None:
    """Note an alert unless one was raised within the last six hours."""
    if not alerts or at - alerts[-1] >= REFRACTORY_HOURS:
        alerts.append(at)


def _inside(at: float, windows: Sequence[tuple[float, float]]) -> bool:
    return any(start <= at <= end for start, end in windows)
