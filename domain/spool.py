"""The spool (暂存): looks that wait on a machine because the mention store was away.

What was found lies in a file of the machine that found it (`ports.Spool`). That it waits, and what
the ledger will say once it is stored, stands in the workflow database, so that every machine knows:
until the last look of a crawl is stored, its hours are `partial`, never calm.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from domain.coverage import CoverageRow, CoverageState
from domain.page import FoundMention

SPOOLED: Final = "spooled"
"""The ledger's reason for hours of which something was fetched and not stored yet."""
SPOOL_LOST: Final = "spool_lost"
"""The reason for hours of which something was fetched and then lost: they are asked for again."""
DEAD_LETTERS: Final = "dead_letters"
"""The reason for hours of which the store refused too much to call them seen."""
_BEARABLE: Final = 20
"""One refused mention in so many changes no verdict; more of them, and the hours are not known."""


@dataclass(frozen=True, slots=True)
class Look:
    """What one page (or one batch of an import) showed, as ingest was given it.

    `watch_id` is the watch that asked, "" for an import.
    """

    found: tuple[FoundMention, ...]
    watch_id: str
    run_id: str
    collected_at: datetime

    @property
    def id(self) -> str:
        """The same for the same content, whichever run brings it: a page read again after a crash
        is one look.
        """
        content = repr((self.watch_id, self.collected_at, self.found))
        return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class WaitingLook:
    """What the workflow database knows of a look in a spool. `lineage` is that of its crawl, "" for
    an import; `mentions` how many are to be stored.
    """

    look_id: str
    spool: str
    run_id: str
    lineage: str
    watch_id: str
    collected_at: datetime
    spooled_at: datetime
    mentions: int


@dataclass(frozen=True, slots=True)
class SpoolStanding:
    """What waits in the spool of one machine, as every machine knows it."""

    name: str
    looks: int
    mentions: int
    oldest_at: datetime


@dataclass(frozen=True, slots=True)
class SpoolState:
    """What a machine knows of its own spool. `aside` are looks that could not be read or broke the
    program time and again, `damaged` files that were no database any more; both were set aside.
    """

    name: str
    waiting: int = 0
    mentions: int = 0
    bytes: int = 0
    largest: int = 0
    oldest_at: datetime | None = None
    tried_at: datetime | None = None
    aside: int = 0
    damaged: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunDebt:
    """What is owed to the ledger for one crawl: `rows` are true once nothing of it waits any more.

    `new` and `dead_lettered` count what its looks brought when they came out of a spool; `lost`:
    some of them never will. `run_id` and `rows` are empty while the crawl is under way.
    """

    lineage: str
    waiting: int
    new: int = 0
    dead_lettered: int = 0
    lost: bool = False
    run_id: str = ""
    rows: tuple[CoverageRow, ...] = ()


def held_back(rows: Iterable[CoverageRow]) -> tuple[CoverageRow, ...]:
    """Return the ledger's entries of a crawl of which something still waits: none is `ok`."""
    return tuple(
        replace(row, state=CoverageState.PARTIAL, reason=SPOOLED)
        if row.state is CoverageState.OK
        else row
        for row in rows
    )


def settled(rows: Sequence[CoverageRow], debt: RunDebt) -> tuple[CoverageRow, ...]:
    """Return the true entries of a crawl of which nothing waits any more.

    What came out of the spool as new counts in the first entry that has room for it. Where a look
    was lost, what it may have covered is failed, so that the next crawl asks again.
    """
    left, counted = debt.new, []
    for row in rows:
        more = min(left, max(row.matched - row.new, 0))
        left -= more
        counted.append(replace(row, new=row.new + more))
    if debt.lost:
        return tuple(_lost(row) for row in counted)
    matched = sum(row.matched for row in rows)
    return tuple(shortened(row, debt.dead_lettered, matched) for row in counted)


def shortened(row: CoverageRow, dead_lettered: int, matched: int) -> CoverageRow:
    """Return an entry that is not `ok` when the store refused more than one mention in twenty."""
    if row.state is CoverageState.OK and dead_lettered * _BEARABLE > matched:
        return replace(row, state=CoverageState.PARTIAL, reason=DEAD_LETTERS)
    return row


def _lost(row: CoverageRow) -> CoverageRow:
    if row.state in {CoverageState.OK, CoverageState.PARTIAL}:
        return replace(row, state=CoverageState.FAILED, reason=SPOOL_LOST)
    return row
