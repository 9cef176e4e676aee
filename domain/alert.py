"""What an alert mail is made of, besides the signal itself: frozen facts, so that rendering is
pure.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.brand import Level, LevelClocks
from domain.mention import Platform


class MailStage(StrEnum):
    """Which mail of a signal: the opening one, a growth, the end (解除), or a reminder that nobody
    has taken it yet.
    """

    OPENING = "opening"
    UPDATE = "update"
    CLOSING = "closing"
    REMINDER = "reminder"


@dataclass(frozen=True, slots=True)
class HourCount:
    """One bar of the chart: negatives and all voices in the hour that begins at `start` (UTC).

    `known` False: the hour was not (fully) covered; it is drawn as a gap, never as zero.
    """

    start: datetime
    negative: int
    total: int
    known: bool = True


@dataclass(frozen=True, slots=True)
class CoverageNote:
    """A source that could not be read while the alarm was computed."""

    source_id: str
    platform: Platform
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class AlertContext:
    """The facts around a signal at the moment its mail is written.

    `hours` are the last 24 in order. `zone_name` is an IANA zone; only texts use it. `public_url`
    has no slash at its end. `data_until` is the end of the newest bin, `lag` the age of the newest
    crawl. `demo` makes the mail say that it tells of invented data. `told_observed`,
    `told_platforms` and `told_level` are what the mail before this one told; None and () for the
    opening one. `waits_until`: when the mail leaves, if quiet hours hold it back. Of a reminder:
    `step` is its number, `on_duty` the names of those on duty, the one who is called now first, and
    `told_before` who was told and when. `written_at`: when the mail is written, if not when the
    signal was last updated. `raised_by` and `note`: who raised it by hand, and why.
    """

    brand_name: str
    watch_names: tuple[str, ...]
    sensitivity: str
    zone_name: str
    public_url: str
    clocks: LevelClocks
    hours: tuple[HourCount, ...]
    data_until: datetime
    lag: timedelta | None = None
    coverage: tuple[CoverageNote, ...] = ()
    similar: tuple[str, ...] = ()
    model_id: str = ""
    demo: bool = False
    told_observed: int | None = None
    told_platforms: tuple[Platform, ...] = ()
    told_level: Level | None = None
    waits_until: datetime | None = None
    step: int = 0
    on_duty: tuple[str, ...] = ()
    told_before: tuple[tuple[str, datetime], ...] = ()
    written_at: datetime | None = None
    raised_by: str = ""
    note: str = ""
