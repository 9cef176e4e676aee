"""Drift (版式漂移): how much of what a page used to tell is still read from it.

Counts are kept for each run and surface, so that a field that silently turned into nothing can be
told apart from one that a platform only sometimes shows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from domain.mention import Platform
from domain.page import FoundMention

COUNTED: tuple[str, ...] = (
    "id",
    "text",
    "title",
    "published_at",
    "author",
    "author_uid",
    "bid",
    "parent_id",
    "root_id",
    "repost_of",
    "edited_at",
    "ip_location",
    "client",
    "likes",
    "comments",
    "reposts",
    "views",
    "forum",
    "topic",
)
"""The fields of a found mention that may be missing; the others have a value by construction."""

MENTIONS = "mentions"
"""Stands for a field: whether a page that says it has content holds any mention."""


class DriftKind(StrEnum):
    """What was noticed: a field is gone, or falls hard, pages bring nothing, the reader gave up."""

    VANISHED = "vanished"
    FELL = "fell"
    BARE = "bare"
    LAYOUT = "layout"


@dataclass(frozen=True, slots=True)
class SurfaceCounts:
    """What one run read on one surface (`Page.page`) of a source.

    `pages` were read, `content_pages` of them said that they have content, `bare_pages` of those
    held no mention. `mentions` stood there by themselves (not embedded), `fresh` of them on no page
    before; `filled` and `fresh_filled` say by field in how many the field had a value. `missing`
    is the field for want of which the reader gave up, "" when it did not.
    """

    run_id: str
    source_id: str
    platform: Platform
    surface: str
    at: datetime
    pages: int = 0
    content_pages: int = 0
    bare_pages: int = 0
    mentions: int = 0
    fresh: int = 0
    filled: Mapping[str, int] = field(default_factory=dict)
    fresh_filled: Mapping[str, int] = field(default_factory=dict)
    missing: str = ""

    def plus(self, other: "SurfaceCounts") -> "SurfaceCounts":
        """Return both together: two pages of one run."""
        return SurfaceCounts(
            self.run_id,
            self.source_id,
            self.platform,
            self.surface,
            max(self.at, other.at),
            self.pages + other.pages,
            self.content_pages + other.content_pages,
            self.bare_pages + other.bare_pages,
            self.mentions + other.mentions,
            self.fresh + other.fresh,
            _added(self.filled, other.filled),
            _added(self.fresh_filled, other.fresh_filled),
            self.missing or other.missing,
        )


@dataclass(frozen=True, slots=True)
class ReadPage:
    """A page of the archive that a run read, or could not read (`missing` names the field): what
    reading it again needs. Unique by run and hash.
    """

    run_id: str
    sha256: str
    watch_id: str
    source_id: str
    platform: Platform
    url: str
    status: int
    fetched_at: datetime
    surface: str
    mentions: int = 0
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Episode:
    """A time in which a surface was not read as it used to be; unique by source, surface, field and
    `since`, the end of the first crawl in it.

    `before` and `after` are (with a value, of how many) at the moment it was noticed. `told_at`:
    when people were written to. `ended_at` None: it goes on.
    """

    source_id: str
    platform: Platform
    surface: str
    field: str
    kind: DriftKind
    since: datetime
    noticed_at: datetime
    before: tuple[int, int] = (0, 0)
    after: tuple[int, int] = (0, 0)
    told_at: datetime | None = None
    ended_at: datetime | None = None


def is_filled(mention: FoundMention, name: str) -> bool:
    """Whether a field has a value; an id without its native part has none."""
    value = getattr(mention, name)
    if name == "id":
        return bool(str(value).rpartition(":")[2])
    return value is not None and value != ""


def _added(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in {**one, **other}}
