"""What the team decided to watch: brands, watches, sources, people, levels. One versioned document.

A `Configuration` is immutable; changing anything makes the next version (see
ConfigurationRepository).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from domain.channel import Channel, channel_of
from domain.hosts import is_loopback
from domain.mention import Platform
from domain.roster import QuietHours, Roster
from domain.work_calendar import CalendarSetting


class Level(StrEnum):
    """Alarm levels, most serious first (红橙黄蓝)."""

    RED = "red"
    ORANGE = "orange"
    YELLOW = "yellow"
    BLUE = "blue"

    @property
    def rank(self) -> int:
        """0 is the most serious."""
        return list(Level).index(self)


class Sensitivity(StrEnum):
    """How readily a negative spike alerts (少 / 均衡 / 多)."""

    FEWER = "fewer"
    BALANCED = "balanced"
    MORE = "more"


class Transport(StrEnum):
    """How a source is asked: plain HTTP, or a browser because only the page can make the call."""

    HTTP = "http"
    BROWSER = "browser"


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """An account of the company itself: its posts are stored but are not public voice."""

    platform: Platform
    uid: str
    name: str = ""


class FollowKind(StrEnum):
    """What can be followed on a platform besides its search."""

    FORUM = "forum"
    QUESTION = "question"
    ACCOUNT = "account"


@dataclass(frozen=True, slots=True)
class Follow:
    """A page that is read directly: a Tieba forum (`key` is its name without 吧), a Zhihu question
    (its number), an account (its number on Weibo, its address's last part on Zhihu). `name` is for
    people.
    """

    platform: Platform
    kind: FollowKind
    key: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Brand:
    """A brand (品牌). `aliases` are further words that name it; `name` always does."""

    id: str
    name: str
    aliases: tuple[str, ...] = ()
    own_accounts: tuple[OwnAccount, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """Every word that names the brand."""
        return (self.name, *self.aliases)


@dataclass(frozen=True, slots=True)
class Proximity:
    """All `words` within a span of `distance` characters between first and last (同现距离)."""

    words: tuple[str, ...]
    distance: int


@dataclass(frozen=True, slots=True)
class WatchRule:
    """Which mentions belong to a watch; compared on `fold`ed title + text.

    Every word of `all_words`, at least one of `any_words` (when there are any), none of
    `none_words`, every phrase of `phrases` literally, and each proximity.
    """

    all_words: tuple[str, ...] = ()
    any_words: tuple[str, ...] = ()
    none_words: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    proximities: tuple[Proximity, ...] = ()


@dataclass(frozen=True, slots=True)
class Watch:
    """A watch (监测方案): the queries typed into the platforms, the pages it follows there, and
    the rule that what is found must pass.
    """

    id: str
    name: str
    brand_ids: tuple[str, ...]
    queries: tuple[str, ...]
    source_ids: tuple[str, ...]
    rule: WatchRule = WatchRule()
    enabled: bool = True
    backfill: timedelta = timedelta(days=7)
    follows: tuple[Follow, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """Where a spider asks. `base_url` is the platform's own address unless the operator says so."""

    id: str
    spider: str
    platform: Platform
    transport: Transport
    base_url: str
    every: timedelta = timedelta(minutes=15)
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who gets alert mail: for `brand_ids` (empty: all) at `min_level` or more serious.

    `address` is a mailbox, or a robot as `domain.channel` writes it (`wecom:duty-room`).
    """

    id: str
    name: str
    address: str
    brand_ids: tuple[str, ...] = ()
    min_level: Level = Level.BLUE

    @property
    def channel(self) -> Channel:
        """How the recipient is reached."""
        return channel_of(self.address)


NO_CLOCK = timedelta(0)
"""A figure that is decided to be none (不设): a weekly report does it, or nothing is to be done."""


@dataclass(frozen=True, slots=True)
class LevelClocks:
    """How long a level may wait. Figures from the company's policy; None is 制度未填写: nothing is
    guessed and no clock starts. All but the first two may be NO_CLOCK.

    `acknowledge`: until somebody takes it. `ack_timeout`: until who took it has moved it on.
    `report_lead`, `report_executive`: 上报 to the duty lead and the executive. `fact_sheet`: 核实单
    is done. `first_response`: a first public answer, or a decided silence. `follow_up`: the rhythm
    while answered. `watch_window`: watched before it may be resolved. `review`: 复盘, always in
    working days. `complaint_…`: first reply, next update and solution of a complaint.
    """

    acknowledge: timedelta | None = None
    first_response: timedelta | None = None
    ack_timeout: timedelta | None = None
    report_lead: timedelta | None = None
    report_executive: timedelta | None = None
    fact_sheet: timedelta | None = None
    follow_up: timedelta | None = None
    watch_window: timedelta | None = None
    review: timedelta | None = None
    complaint_reply: timedelta | None = None
    complaint_update: timedelta | None = None
    complaint_solution: timedelta | None = None


@dataclass(frozen=True, slots=True)
class DetectionRule:
    """The setting of the negative-spike rule for all brands, or for one (`by_brand`)."""

    sensitivity: Sensitivity = Sensitivity.BALANCED
    by_brand: Mapping[str, Sensitivity] = field(default_factory=dict)

    def for_brand(self, brand_id: str) -> Sensitivity:
        """The sensitivity that holds for a brand."""
        return self.by_brand.get(brand_id, self.sensitivity)


@dataclass(frozen=True, slots=True)
class ReportPlan:
    """When reports are made and who gets them by mail.

    A weekly report is drafted on Monday at `weekly_at` (a span after local midnight) and mailed to
    `recipients` once a person has reviewed it. A daily one is made and mailed at `daily_at` to
    `daily_recipients`, if there are any. `brand_ids` empty: of every brand that a watch names.
    `confidentiality` (密级) and `made_by` (制作) stand at the head.
    """

    weekly: bool = True
    daily: bool = True
    weekly_at: timedelta = timedelta(hours=8)
    daily_at: timedelta = timedelta(hours=8)
    recipients: tuple[str, ...] = ()
    daily_recipients: tuple[str, ...] = ()
    brand_ids: tuple[str, ...] = ()
    confidentiality: str = "内部"
    made_by: str = ""


_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

DEFAULT_CLOCKS: Mapping[Level, LevelClocks] = {
    Level.RED: LevelClocks(
        acknowledge=10 * _MINUTE,
        first_response=4 * _HOUR,
        ack_timeout=30 * _MINUTE,
        report_lead=10 * _MINUTE,
        report_executive=30 * _MINUTE,
        fact_sheet=1 * _HOUR,
        follow_up=2 * _HOUR,
        watch_window=3 * _DAY,
        review=5 * _DAY,
        complaint_reply=1 * _HOUR,
        complaint_update=4 * _HOUR,
        complaint_solution=3 * _DAY,
    ),
    Level.ORANGE: LevelClocks(
        acknowledge=15 * _MINUTE,
        first_response=4 * _HOUR,
        ack_timeout=1 * _HOUR,
        report_lead=20 * _MINUTE,
        report_executive=1 * _HOUR,
        fact_sheet=2 * _HOUR,
        follow_up=4 * _HOUR,
        watch_window=3 * _DAY,
        review=5 * _DAY,
        complaint_reply=2 * _HOUR,
        complaint_update=8 * _HOUR,
        complaint_solution=5 * _DAY,
    ),
    Level.YELLOW: LevelClocks(
        acknowledge=1 * _HOUR,
        first_response=1 * _DAY,
        ack_timeout=4 * _HOUR,
        report_lead=2 * _HOUR,
        report_executive=NO_CLOCK,  # stands in the daily sheet
        fact_sheet=8 * _HOUR,
        follow_up=1 * _DAY,
        watch_window=2 * _DAY,
        review=10 * _DAY,
        complaint_reply=1 * _DAY,
        complaint_update=2 * _DAY,
        complaint_solution=7 * _DAY,
    ),
    Level.BLUE: LevelClocks(
        acknowledge=4 * _HOUR,
        first_response=2 * _DAY,
        ack_timeout=1 * _DAY,
        report_lead=NO_CLOCK,  # stands in the weekly report
        report_executive=NO_CLOCK,
        fact_sheet=3 * _DAY,
        follow_up=NO_CLOCK,
        watch_window=1 * _DAY,
        review=NO_CLOCK,  # a sample is looked at each month
        complaint_reply=2 * _DAY,
        complaint_update=3 * _DAY,
        complaint_solution=15 * _DAY,
    ),
}


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything the team decides, in one version. Ids are unique within each tuple."""

    brands: tuple[Brand, ...] = ()
    watches: tuple[Watch, ...] = ()
    sources: tuple[Source, ...] = ()
    recipients: tuple[Recipient, ...] = ()
    detection: DetectionRule = DetectionRule()
    clocks: Mapping[Level, LevelClocks] = field(default_factory=lambda: dict(DEFAULT_CLOCKS))
    rosters: tuple[Roster, ...] = ()
    quiet_hours: QuietHours | None = None
    calendar: CalendarSetting = field(default_factory=CalendarSetting)
    report: ReportPlan = ReportPlan()

    def brand(self, brand_id: str) -> Brand:
        """Return a brand by id; KeyError when there is none."""
        return next(brand for brand in self.brands if brand.id == brand_id)

    def watch(self, watch_id: str) -> Watch | None:
        """Return a watch by id, None when there is none."""
        return next((watch for watch in self.watches if watch.id == watch_id), None)

    def source(self, source_id: str) -> Source | None:
        """Return a source by id, None when there is none."""
        return next((source for source in self.sources if source.id == source_id), None)

    def watches_of(self, brand_id: str) -> tuple[Watch, ...]:
        """The enabled watches that name a brand."""
        return tuple(w for w in self.watches if w.enabled and brand_id in w.brand_ids)

    def recipient(self, recipient_id: str) -> Recipient | None:
        """Return a recipient by id, None when there is none."""
        return next((r for r in self.recipients if r.id == recipient_id), None)

    def roster_of(self, brand_id: str) -> Roster | None:
        """Return the roster that names a brand, else the one for all brands, else None."""
        own = (r for r in self.rosters if brand_id in r.brand_ids)
        return next(own, next((r for r in self.rosters if not r.brand_ids), None))

    @property
    def is_demo(self) -> bool:
        """Whether a source asks this machine instead of a platform: the data are then invented, and
        every page and mail says so.
        """
        return any(is_loopback(urlsplit(s.base_url).hostname or "") for s in self.sources)

    def crawl_pairs(self) -> tuple[tuple[Watch, Source], ...]:
        """Every enabled watch with each of its enabled sources: what is crawled."""
        return tuple(
            (watch, source)
            for watch in self.watches
            if watch.enabled
            for source in self.sources
            if source.enabled and source.id in watch.source_ids
        )


class ChangeKind(StrEnum):
    """What happened to one part of a configuration."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a diff: `path` is `brands.cha.aliases`; values are their `repr` or ""."""

    kind: ChangeKind
    path: str
    before: str = ""
    after: str = ""


def diff(old: Configuration, new: Configuration) -> tuple[Change, ...]:
    """Return what differs between two configurations, object by object and field by field."""
    changes: list[Change] = []
    for name in ("brands", "watches", "sources", "recipients", "rosters"):
        changes += _diff_by_id(name, getattr(old, name), getattr(new, name))
    for name in ("detection", "clocks", "calendar", "quiet_hours", "report"):
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            changes.append(Change(ChangeKind.CHANGED, name, repr(before), repr(after)))
    return tuple(changes)


def _diff_by_id(name: str, old: tuple[object, ...], new: tuple[object, ...]) -> list[Change]:
    before = {_id(item): item for item in old}
    after = {_id(item): item for item in new}
    changes = [
        Change(ChangeKind.REMOVED, f"{name}.{key}", before=repr(item))
        for key, item in before.items()
        if key not in after
    ]
    for key, item in after.items():
        if key not in before:
            changes.append(Change(ChangeKind.ADDED, f"{name}.{key}", after=repr(item)))
        else:
            changes += _diff_fields(f"{name}.{key}", before[key], item)
    return changes


def _diff_fields(path: str, old: object, new: object) -> list[Change]:
    return [
        Change(ChangeKind.CHANGED, f"{path}.{f.name}", repr(before), repr(after))
        for f in fields(new)  # type: ignore[arg-type]  # every part is one of the dataclasses above
        if (before := getattr(old, f.name)) != (after := getattr(new, f.name))
    ]


def _id(item: object) -> str:
    return str(getattr(item, "id"))  # noqa: B009  # the parts share no base class but all have an id
