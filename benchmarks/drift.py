"""False alarms and delay of the drift guard on simulated histories: `python -m benchmarks.drift`.

A page shows the ten newest posts; between two crawls new ones push old ones out. Each world says
how likely a new post is to have a field, so also worlds for which the guard's model does not hold:
posts of one crawl alike (clumps), a share that swings with the hour, a share that drifts for weeks.
Half way the field is taken away (or to a third) and the crawls until it is told are counted.
"""

import argparse
import math
import random
import statistics
import sys
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from domain.drift import Episode, SurfaceCounts
from domain.mention import Platform
from monitoring.drift import judge

_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
_EVERY = timedelta(minutes=15)
_SHOWN = 10
_KEPT = 400
_FIELD = "ip_location"
_A_DAY = 96

Chance = Callable[[random.Random, int], float]
"""How likely a post that is new in a crawl has the field."""


def _steady(share: float) -> Chance:
    return lambda dice, crawl: share


def _clumps(share: float, rho: float) -> Chance:
    scale = (1 - rho) / rho
    return lambda dice, crawl: dice.betavariate(share * scale, (1 - share) * scale)


def _daily(low: float, high: float) -> Chance:
    def chance(dice: random.Random, crawl: int) -> float:
        return low + (high - low) * (1 + math.sin(2 * math.pi * crawl / _A_DAY)) / 2

    return chance


def _weeks(first: float, last: float) -> Chance:
    return lambda dice, crawl: first + (last - first) * min(crawl / (28 * _A_DAY), 1)


WORLDS: dict[str, Chance] = {
    "always": _steady(1.0),
    "98 %": _steady(0.98),
    "90 %": _steady(0.9),
    "half": _steady(0.5),
    "20 %": _steady(0.2),
    "5 %": _steady(0.05),
    "half, in clumps (rho 0.3)": _clumps(0.5, 0.3),
    "20 %, in clumps (rho 0.3)": _clumps(0.2, 0.3),
    "90 %, in clumps (rho 0.3)": _clumps(0.9, 0.3),
    "10 % to 60 % by the hour": _daily(0.1, 0.6),
    "80 % falling to 20 % in 4 weeks": _weeks(0.8, 0.2),
}


@dataclass(frozen=True, slots=True)
class Measured:
    """What one world showed; `delays` in crawls, None where it was never told."""

    crawls: int
    false_alarms: int
    delays: tuple[int | None, ...]


def simulate(
    chance: Chance, *, seed: int, crawls: int, posts: float, left: float | None
) -> Iterator[SurfaceCounts]:
    """Yield the counts of each crawl. `posts` new ones come a crawl on average; from half way on
    only `left` of the field is shown (None: nothing changes).
    """
    dice = random.Random(seed)
    shown: deque[bool] = deque(maxlen=_SHOWN)
    for crawl in range(crawls):
        share = chance(dice, crawl)
        # the first crawl finds a whole page
        fresh = _SHOWN if crawl == 0 else min(_poisson(dice, posts), _SHOWN)
        new = [dice.random() < share for _ in range(fresh)]
        shown.extend(new)
        broken = left is not None and crawl >= crawls // 2
        told = [has and (not broken or dice.random() < (left or 0)) for has in shown]
        of_new = sum(told[len(told) - fresh :])
        yield SurfaceCounts(
            f"run-{crawl}",
            "source",
            Platform.WEIBO,
            "surface",
            _BEGIN + crawl * _EVERY,
            pages=1,
            content_pages=1,
            mentions=len(told),
            fresh=fresh,
            filled={_FIELD: sum(told), **_whole(len(told))},
            fresh_filled={_FIELD: of_new, **_whole(fresh)},
        )


def _whole(number: int) -> dict[str, int]:
    return dict.fromkeys(("id", "text", "published_at", "author"), number)


def _poisson(dice: random.Random, mean: float) -> int:
    limit, product, count = math.exp(-mean), dice.random(), 0
    while product > limit:
        product *= dice.random()
        count += 1
    return count


def alarms(history: Iterator[SurfaceCounts]) -> Iterator[int]:
    """Yield the crawl of each episode that begins."""
    seen: deque[SurfaceCounts] = deque(maxlen=_KEPT)
    episodes: dict[tuple[str, datetime], Episode] = {}
    for number, counts in enumerate(history):
        seen.append(counts)
        for each in judge(list(seen), list(episodes.values())):
            key = (each.field, each.since)
            if key not in episodes:
                yield number
            episodes[key] = each


def measure(chance: Chance, *, posts: float, runs: int, crawls: int, left: float) -> Measured:
    """Simulate a world without any change, and as often with one half way."""
    false_alarms = 0
    delays: list[int | None] = []
    for seed in range(runs):
        calm = simulate(chance, seed=seed, crawls=crawls, posts=posts, left=None)
        false_alarms += sum(1 for _ in alarms(calm))
        broken = simulate(chance, seed=1000 + seed, crawls=crawls, posts=posts, left=left)
        first = next((n for n in alarms(broken) if n >= crawls // 2), None)
        delays.append(None if first is None else first - crawls // 2 + 1)
    return Measured(runs * crawls, false_alarms, tuple(delays))


def main() -> int:
    """Print a line a world."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks.drift")
    parser.add_argument("--runs", type=int, default=10, help="histories a world")
    parser.add_argument("--crawls", type=int, default=1000, help="crawls a history")
    parser.add_argument("--posts", type=float, default=1.5, help="new posts a crawl")
    parser.add_argument("--left", type=float, default=0.0, help="what is left of the field, 0 to 1")
    parser.add_argument("--world", default="", help="only worlds whose name holds this")
    wanted = parser.parse_args()
    sys.stdout.write(f"{'a new post has the field':34}{'false alarms':>14}{'delay, crawls':>26}\n")
    sys.stdout.write(f"{'':34}{'a 1,000 crawls':>14}{'median / 90 % / missed':>26}\n")
    for name, chance in WORLDS.items():
        if wanted.world not in name:
            continue
        found = measure(
            chance,
            posts=wanted.posts,
            runs=wanted.runs,
            crawls=wanted.crawls,
            left=wanted.left,
        )
        rate = 1000 * found.false_alarms / found.crawls
        sys.stdout.write(f"{name:34}{rate:>14.2f}{_delays(found.delays):>26}\n")
        sys.stdout.flush()
    return 0


def _delays(delays: tuple[int | None, ...]) -> str:
    told = sorted(delay for delay in delays if delay is not None)
    if not told:
        return f"— / — / {len(delays)}"
    late = told[min(len(told) - 1, math.ceil(0.9 * len(told)) - 1)]
    return f"{statistics.median(told):g} / {late} / {len(delays) - len(told)}"


if __name__ == "__main__":
    sys.exit(main())
