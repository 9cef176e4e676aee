"""What became of the mentions that one step of ingest was given."""

from dataclasses import dataclass

from domain.queries import Refused


@dataclass(frozen=True, slots=True)
class IngestResult:
    """What became of the mentions of one page. `found` counts all, `matched` those some watch took.

    `new`, `changed` and `unchanged` add up to the matched ones that were stored; `refused` names
    those that could not be (no time, not storable), each with its reason.
    """

    found: int = 0
    matched: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: tuple[Refused, ...] = ()

    @property
    def nothing_new(self) -> bool:
        """Whether the page held mentions that matched and all of them were known already."""
        return self.matched > 0 and self.new == 0

    def __add__(self, other: "IngestResult") -> "IngestResult":
        return IngestResult(
            self.found + other.found,
            self.matched + other.matched,
            self.new + other.new,
            self.changed + other.changed,
            self.unchanged + other.unchanged,
            self.refused + other.refused,
        )
