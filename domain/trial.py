"""试读一页: one page asked for as a crawl would, shown, and not kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.coverage import CoverageState
from domain.errors import Text

SHOWN = 10
"""How many of the mentions of a page a trial shows."""


@dataclass(frozen=True, slots=True)
class TriedMention:
    """One mention of the page: every field by its name as plain JSON values, the author masked and
    the uid left out (`True`: there is one). `why` is the clause of the watch's rule that said no,
    or what makes it unusable; "" where it would be stored.
    """

    fields: Mapping[str, object]
    why: str = ""


@dataclass(frozen=True, slots=True)
class Trial:
    """What one page showed. `state` and `reason` as the ledger would have them; `surface` is the
    page reader's name for the page, `url` and `status` where the request ended up.

    `found` stood on the page, `matched` would be stored; `mentions` are the first SHOWN. `next`
    says what a crawl would do then: an address, or "" when it would stop. `under` is the id of the
    signed sheet under which the page was opened. `told` is the worker's own sentence when it could
    not begin.
    """

    watch_id: str
    source_id: str
    state: CoverageState
    reason: str = ""
    surface: str = ""
    url: str = ""
    status: int = 0
    bytes: int = 0
    found: int = 0
    matched: int = 0
    mentions: tuple[TriedMention, ...] = ()
    next: str = ""
    under: str = ""
    told: Text | None = None

    @property
    def was_read(self) -> bool:
        """Whether the page was read, whatever stood on it."""
        return self.state in {CoverageState.OK, CoverageState.EMPTY, CoverageState.PARTIAL}

    def to_json(self) -> dict[str, object]:
        """Return the trial as JSON values."""
        return {
            "watch": self.watch_id,
            "source": self.source_id,
            "state": self.state.value,
            "reason": self.reason,
            "page": self.surface,
            "url": self.url,
            "status": self.status,
            "bytes": self.bytes,
            "found": self.found,
            "matched": self.matched,
            "mentions": [{"fields": dict(m.fields), "why": m.why} for m in self.mentions],
            "next": self.next,
            "under": self.under,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Trial":
        """Read what `to_json` wrote."""
        return cls(
            watch_id=value["watch"],
            source_id=value["source"],
            state=CoverageState(value["state"]),
            reason=value["reason"],
            surface=value["page"],
            url=value["url"],
            status=value["status"],
            bytes=value["bytes"],
            found=value["found"],
            matched=value["matched"],
            mentions=tuple(TriedMention(m["fields"], m["why"]) for m in value["mentions"]),
            next=value["next"],
            under=value["under"],
        )
