"""The crawl frontier, the runs and the scheduled slots: what must survive kill -9."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from domain.coverage import CoverageState
from domain.mention import Platform


def crawl_job_name(watch_id: str, source_id: str) -> str:
    """Return the name under which a watch is looked for on a source: its slots are leased by it."""
    return f"crawl:{watch_id}:{source_id}"


class FrontierState(StrEnum):
    """waiting (to be asked) → fetched (body in the archive, not yet stored) → done."""

    WAITING = "waiting"
    FETCHED = "fetched"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class FrontierEntry:
    """One page of one crawl. `lineage` is the crawl it belongs to: a resumed run keeps its lineage.

    Unique by (lineage, fingerprint). `request` is what the spider needs to ask again (JSON values).
    A `fetched` entry has the archive's `body_sha256`, the final `url`, `status` and `fetched_at`.
    """

    lineage: str
    fingerprint: str
    request: Mapping[str, object]
    state: FrontierState = FrontierState.WAITING
    position: int = 0
    url: str = ""
    status: int = 0
    fetched_at: datetime | None = None
    body_sha256: str = ""
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class CrawlRun:
    """One process that crawled one watch on one source. `ended_at` None: running, or killed."""

    id: str
    lineage: str
    spider: str
    watch_id: str
    source_id: str
    platform: Platform
    window_start: datetime
    window_end: datetime
    started_at: datetime
    heartbeat_at: datetime
    ended_at: datetime | None = None
    state: CoverageState | None = None
    reason: str = ""
    pages: int = 0
    found: int = 0
    matched: int = 0
    new: int = 0
    backfill: bool = False


class SightingOutcome(StrEnum):
    """What ingest did with a mention that stood on a page."""

    STORED = "stored"
    NOT_MATCHED = "not_matched"
    REFUSED = "refused"
    SPOOLED = "spooled"
    GONE = "gone"


IN_DEPTH = "in_depth"
TO_THE_END = "to_the_end"
_THROUGH = "through:"


@dataclass(frozen=True, slots=True)
class Sighting:
    """A mention that was fetched, and what became of it; `koubei explain` reads these (90 days).

    `detail` says by which watches it was taken, or why not: `all_words:退款`, `no_time`, … Behind
    it may stand, each after a `;`: `through:weibo:5123…`, by the words of which other mention it
    belongs to them; `in_depth`, it was found by reading an item in depth; and for such an item
    `to_the_end`, with the page up to which what hangs under it was read: `to_the_end:7`.
    """

    mention_id: str
    url: str
    run_id: str
    seen_at: datetime
    outcome: SightingOutcome
    detail: str = ""

    @property
    def watches(self) -> str:
        """By which watches it was taken, or why not."""
        return self.detail.partition(";")[0]

    @property
    def through(self) -> str:
        """The mention by whose words it belongs, "" when its own do."""
        marks = (mark for mark in self._marks if mark.startswith(_THROUGH))
        return next(marks, "").removeprefix(_THROUGH)

    @property
    def is_in_depth(self) -> bool:
        """Whether it was found by reading an item in depth."""
        return IN_DEPTH in self._marks

    @property
    def read_to(self) -> int | None:
        """The page up to which what hangs under it was read to the end; None when it was not."""
        for mark in self._marks:
            name, _, page = mark.partition(":")
            if name == TO_THE_END and page.isdigit():
                return int(page)
        return None

    @property
    def _marks(self) -> list[str]:
        return self.detail.split(";")[1:]


def taken_by(watch_ids: Iterable[str], *, through: str = "", in_depth: bool = False) -> str:
    """Return the `detail` of a mention that watches took."""
    marks = [f"{_THROUGH}{through}"] if through else []
    return ";".join([",".join(sorted(watch_ids)), *marks, *([IN_DEPTH] if in_depth else [])])


def read_to_the_end(sighting: Sighting, page: int, at: datetime) -> Sighting:
    """Return the sighting of an item of which everything under it was read by a moment."""
    return replace(sighting, seen_at=at, detail=f"{sighting.detail};{TO_THE_END}:{page}")


class SlotState(StrEnum):
    """due → running → done | failed; a lease that runs out makes it due again."""

    DUE = "due"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Slot:
    """One piece of scheduled work, unique by (job, slot_at): it runs once, whoever holds the
    lease.
    """

    job: str
    slot_at: datetime
    state: SlotState = SlotState.DUE
    owner: str = ""
    lease_until: datetime | None = None
    attempts: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    coalesced: int = 0
    detail: Mapping[str, object] = field(default_factory=dict)
