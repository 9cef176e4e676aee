"""Figures, goals and the table that shows both."""

import resource
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from cli.terminal import pick, show_table
from domain.errors import Text


class Verdict(StrEnum):
    """Whether a goal was reached; `too_small`: the run has too few rows to tell."""

    MET = "✓"
    MISSED = "✗"
    TOO_SMALL = "–"


@dataclass(frozen=True, slots=True)
class Score:
    """How a ratio stands to its goal, as it is printed; empty for a figure without a goal."""

    ratio: str = ""
    goal: str = ""
    verdict: Verdict | None = None


def at_least(goal: float, ratio: float, *, judged: bool = True) -> Score:
    """Return the score of a ratio that should be high."""
    verdict = Verdict.MET if ratio >= goal else Verdict.MISSED
    return Score(
        f"{ratio:.2g}×" if ratio < 1 else f"{ratio:.1f}×",
        f"≥ {goal:g}×",
        verdict if judged else Verdict.TOO_SMALL,
    )


def met_if(met: bool, ratio: float, goal: str, *, judged: bool = True) -> Score:
    """Return the score of a goal put in words."""
    verdict = Verdict.MET if met else Verdict.MISSED
    return Score(f"{ratio:.2g}×", goal, verdict if judged else Verdict.TOO_SMALL)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the table: what was measured, beside which peer, and whether that is enough."""

    what: Text
    measured: str
    peer: Text | None = None
    score: Score = Score()


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of one kind of call: of the processor (`cpu`) and of the wall clock, a call each."""

    cpu: Sequence[float]
    wall: Sequence[float]

    @property
    def cpu_mean(self) -> float:
        """Mean processor time; what other jobs on the machine disturb least."""
        return statistics.fmean(self.cpu)

    @property
    def cpu_median(self) -> float:
        """Median processor time."""
        return statistics.median(self.cpu)

    @property
    def wall_median(self) -> float:
        """Median wall time."""
        return statistics.median(self.wall)

    @property
    def cpu_p95(self) -> float:
        """95th percentile of processor time."""
        return _p95(self.cpu)

    @property
    def wall_p95(self) -> float:
        """95th percentile of wall time."""
        return _p95(self.wall)


def _p95(seconds: Sequence[float]) -> float:
    return sorted(seconds)[min(len(seconds) - 1, int(len(seconds) * 0.95))]


def timed(calls: Iterable[Callable[[], object]]) -> Timing:
    """Run each call once and return how long each took."""
    cpu, wall = [], []
    for call in calls:
        begin_wall, begin_cpu = time.perf_counter(), time.process_time()
        call()
        cpu.append(time.process_time() - begin_cpu)
        wall.append(time.perf_counter() - begin_wall)
    return Timing(cpu, wall)


def milliseconds(seconds: float) -> str:
    """Return seconds as `12.3 ms`, with three significant figures."""
    return f"{seconds * 1000:.3g} ms"


def memory_held() -> int:
    """Return the bytes that this process holds for itself.

    On Linux without the pages of mapped files, which the system takes back when it needs them;
    elsewhere the most that it ever held.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("RssAnon"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def show(findings: Iterable[Finding]) -> None:
    """Print the findings as a table."""
    show_table(
        [
            pick("项目", "what"),
            pick("实测", "measured"),
            pick("对照", "peer"),
            pick("比值", "ratio"),
            pick("目标", "goal"),
            "",
        ],
        [
            [
                pick(finding.what.zh, finding.what.en),
                finding.measured,
                pick(finding.peer.zh, finding.peer.en) if finding.peer else "",
                finding.score.ratio,
                finding.score.goal,
                finding.score.verdict.value if finding.score.verdict else "",
            ]
            for finding in findings
        ],
    )
