"""What may be asked of a mention store, and what it answers. The same on every adapter."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from domain.brand import Proximity
from domain.errors import Text
from domain.mention import NOT_PUBLIC_VOICE, Flag, Kind, Mention, Platform
from domain.sentiment import Label


@dataclass(frozen=True, slots=True)
class MentionFilter:
    """Which mentions are meant; every field that is set narrows, all are joined by AND.

    `brand_id`: only its mentions, and `labels` then means the label towards the brand (its own,
    else the whole text's); without a brand `labels` means the whole text's. `start` ≤ published <
    `end`; `collected_start` ≤ collected < `collected_end`. `words`: every one is a substring of
    title + text after `domain.han.fold` on both sides (a newline joins title and text); `without`
    excludes the same way. `near`: the two words of each lie within its distance of each other, in
    any order, counted in characters of the folded text between the end of the one that begins first
    and the beginning of the other, so that words that overlap are near; an empty word is never
    near. `public_voice_only` leaves out what counts nowhere, as charts and alarms do;
    `uncounted_as` keeps only what counts nowhere for one of these reasons (of domain.mention's
    UNCOUNTED; a mention has one), so that it needs `public_voice_only` to be False.
    `unsure_below`: a model judged (towards the brand, else the whole text) and was less sure than
    so many percent (`Sentiment.sure`); what a person judged is not unsure.
    """

    brand_id: str | None = None
    watch_id: str | None = None
    platforms: frozenset[Platform] = frozenset()
    kinds: frozenset[Kind] = frozenset()
    labels: frozenset[Label] = frozenset()
    start: datetime | None = None
    end: datetime | None = None
    collected_start: datetime | None = None
    collected_end: datetime | None = None
    words: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    author_key: str | None = None
    cluster_id: str | None = None
    source: str | None = None
    public_voice_only: bool = True
    near: tuple[Proximity, ...] = ()
    unsure_below: int | None = None
    uncounted_as: frozenset[Flag] = frozenset()

    def __post_init__(self) -> None:
        for proximity in self.near:
            if len(proximity.words) != 2:
                raise ValueError("near needs exactly two words")
            if proximity.distance < 0:
                raise ValueError("the distance of near must not be negative")
        if self.uncounted_as - NOT_PUBLIC_VOICE:
            raise ValueError("uncounted_as takes the flags of UNCOUNTED only")


class Sort(StrEnum):
    """Orders of a search; ties are broken by id, so that paging never repeats or skips.

    NEWEST: published, latest first. OLDEST: the reverse. REACH: likes + comments + reposts, highest
    first. MOST_NEGATIVE: polarity (towards the brand when one is given), lowest first.
    """

    NEWEST = "newest"
    OLDEST = "oldest"
    REACH = "reach"
    MOST_NEGATIVE = "most_negative"


@dataclass(frozen=True, slots=True)
class MentionPage:
    """One page of a search. `after` is the opaque token of the next page, None at the end."""

    mentions: tuple[Mention, ...]
    after: str | None


class Bucket(StrEnum):
    """Widths of timeline bins, in UTC; DAY bins begin at the offset that the query names."""

    FIVE_MINUTES = "5m"
    QUARTER_HOUR = "15m"
    HOUR = "1h"
    DAY = "1d"

    @property
    def seconds(self) -> int:
        """The width in seconds."""
        return {"5m": 300, "15m": 900, "1h": 3600, "1d": 86400}[self.value]


@dataclass(frozen=True, slots=True)
class TimelinePoint:
    """How many mentions of a label a platform had in the bin that begins at `start` (aware,
    UTC).
    """

    start: datetime
    platform: Platform
    label: Label
    count: int


@dataclass(frozen=True, slots=True)
class Summary:
    """Totals of a filter. `distinct_authors` counts author keys; `unknown_authors` had none.

    `clusters` counts near-copy clusters with more than one member; `in_clusters` their members.
    """

    count: int
    by_label: dict[Label, int] = field(default_factory=dict)
    by_platform: dict[Platform, int] = field(default_factory=dict)
    by_platform_label: dict[tuple[Platform, Label], int] = field(default_factory=dict)
    distinct_authors: int = 0
    unknown_authors: int = 0
    clusters: int = 0
    in_clusters: int = 0
    interactions: int = 0


@dataclass(frozen=True, slots=True)
class Refused:
    """A mention that a store could not take, and why (a mapping error, a value out of range)."""

    mention_id: str
    text: Text


@dataclass(frozen=True, slots=True)
class AddResult:
    """What `add` did, by id. `unchanged` were known and said nothing different."""

    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    refused: tuple[Refused, ...] = ()


@dataclass(frozen=True, slots=True)
class Near:
    """A stored mention whose fingerprint is close to the asked one; `distance` in bits."""

    fingerprint: int
    mention_id: str
    cluster_id: str | None
    published_at: datetime
    distance: int


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """What `koubei status` and /readyz show of a store."""

    adapter: str
    mentions: int
    newest_published_at: datetime | None
    bytes_on_disk: int | None
    schema_version: int


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which rows of the audit trail are meant; every field that is set narrows.

    `action` is the beginning of an action (`case.` means all of a case). `start` ≤ at < `end`.
    """

    actor: str = ""
    action: str = ""
    object_id: str = ""
    start: datetime | None = None
    end: datetime | None = None
