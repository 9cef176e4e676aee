"""What the team decided to watch: brands, watches, sources, people, levels. One versioned document.

A `Configuration` is immutable; changing anything makes the next version (see
ConfigurationRepository).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from domain.hosts import is_loopback
from domain.mention import Platform


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
    """A watch (监测方案): the queries typed into the platforms and the rule results must pass."""

    id: str
    name: str
    brand_ids: tuple[str, ...]
    queries: tuple[str, ...]
    source_ids: tuple[str, ...]
    rule: WatchRule = WatchRule()
    enabled: bool = True
    backfill: timedelta = timedelta(days=7)


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
    """Who gets alert mail: for `brand_ids` (empty: all) at `min_level` or more serious."""

    id: str
    name: str
    address: str
    brand_ids: tuple[str, ...] = ()
    min_level: Level = Level.BLUE


@dataclass(frozen=True, slots=True)
class LevelClocks:
    """How long a level may wait. Figures from the company's policy; None is 制度未填写."""

    acknowledge: timedelta | None = None
    first_response: timedelta | None = None


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


DEFAULT_CLOCKS: Mapping[Level, LevelClocks] = {
    Level.RED: LevelClocks(timedelta(minutes=10), timedelta(hours=4)),
    Level.ORANGE: LevelClocks(timedelta(minutes=15), timedelta(hours=4)),
    Level.YELLOW: LevelClocks(timedelta(hours=1), timedelta(hours=24)),
    Level.BLUE: LevelClocks(timedelta(hours=4), timedelta(hours=48)),
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
    for name in ("brands", "watches", "sources", "recipients"):
        changes += _diff_by_id(name, getattr(old, name), getattr(new, name))
    for name in ("detection", "clocks", "report"):
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
