"""A wall pauses its source: the schedule leaves it alone for a while, longer each time.

A person who runs `koubei crawl` is not held back, and a login ends the pause of what asked for one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.coverage import CoverageRow, CoverageState
from domain.session import WALLS

FIRST = timedelta(minutes=30)
LONGEST = timedelta(hours=24)
PAUSED_RUN = "paused-"
"""How the id of a ledger entry begins that was written without asking."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Why a source is left alone, and until when."""

    reason: str
    until: datetime


def is_opened(row: CoverageRow, logged_in_at: datetime | None) -> bool:
    """Whether a ledger entry tells of a wall that a login came after; None: nobody logged in."""
    wall = row.state is CoverageState.BLOCKED and row.reason in WALLS
    return wall and logged_in_at is not None and row.observed_at < logged_in_at


def pause_of(rows: Iterable[CoverageRow], source_id: str) -> Pause | None:
    """Return the pause of a source from the ledger's entries of all watches; None without one.

    FIRST after the first wall, twice as long after each further one in a row, at most LONGEST.
    """
    runs: dict[str, CoverageRow] = {}
    for row in rows:
        if row.source_id == source_id and not row.run_id.startswith(PAUSED_RUN):
            known = runs.get(row.run_id)
            if known is None or row.state is CoverageState.BLOCKED:
                runs[row.run_id] = row
    walls = 0
    newest: CoverageRow | None = None
    for row in sorted(runs.values(), key=lambda r: r.observed_at, reverse=True):
        if row.state is not CoverageState.BLOCKED:
            break
        walls += 1
        newest = newest or row
    if newest is None:
        return None
    length = min(FIRST * 2 ** min(walls - 1, 10), LONGEST)
    return Pause(newest.reason, newest.observed_at + length)
