"""What became of the mentions that one step of ingest was given."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.brand import Watch
from domain.mention import Mention
from domain.page import FoundMention
from domain.queries import Refused


@dataclass(frozen=True, slots=True)
class IngestResult:
    """What became of the mentions of one page. `found` counts all, `matched` those some watch took.

    `new`, `changed` and `unchanged` add up to the matched ones that were stored; `refused` names
    those that could not be (no time, not storable), each with its reason; `dead_lettered` of them
    were refused by the store and are kept as dead letters. `spooled` of the matched ones wait on
    this machine for the store to come back.
    """

    found: int = 0
    matched: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: tuple[Refused, ...] = ()
    dead_lettered: int = 0
    spooled: int = 0

    def __add__(self, other: "IngestResult") -> "IngestResult":
        return IngestResult(
            self.found + other.found,
            self.matched + other.matched,
            self.new + other.new,
            self.changed + other.changed,
            self.unchanged + other.unchanged,
            self.refused + other.refused,
            self.dead_lettered + other.dead_lettered,
            self.spooled + other.spooled,
        )


class IngestStep(Protocol):
    """The one step through which everything reaches the store, with a spool before it or not."""

    def take(
        self,
        found: Sequence[FoundMention],
        *,
        watch: Watch | None,
        run_id: str,
        collected_at: datetime,
    ) -> IngestResult:
        """Store what belongs to a watch and record what became of the rest."""

    def take_whole(self, mentions: Sequence[Mention], *, run_id: str) -> IngestResult:
        """Store mentions that are complete already."""
