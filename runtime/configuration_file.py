"""What the team decides, as TOML: brands, watches, sources, recipients, levels, detection.

`read_configuration` refuses with file, line, value and what is allowed, all problems at once;
`write_configuration` is its inverse. Nothing is stored here: see `workflow.watches`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from domain.brand import (
    DEFAULT_CLOCKS,
    NO_CLOCK,
    Brand,
    Configuration,
    DetectionRule,
    Follow,
    Level,
    LevelClocks,
    OwnAccount,
    Proximity,
    Recipient,
    ReportPlan,
    Sensitivity,
    Source,
    Transport,
    Watch,
    WatchRule,
)
from domain.channel import Channel, address_on, parts_of
from domain.errors import Text
from domain.follows import NotFollowable, follow_text, parse_follow, spider_for
from domain.han import fold
from domain.hosts import is_private
from domain.mention import Platform
from domain.roster import DatedShift, QuietHours, Roster, Shift, Weekday
from domain.spiders import SPIDERS, SpiderRole
from domain.work_calendar import CalendarSetting, WorkYear
from runtime.problems import (
    ConfigurationProblems,
    Problem,
    dotted,
    nearest,
    problems_of,
    refused,
    shown,
)
from runtime.toml_file import TomlFile
from runtime.toml_text import as_toml, key_text
from runtime.values import (
    ChannelName,
    ClockTime,
    Days,
    Duration,
    MailAddress,
    Slug,
    WebAddress,
    Whole,
    Word,
    at_least,
    at_most,
    clock_text,
    days_text,
    duration_text,
    parse_duration,
)

PLATFORM_CADENCE = timedelta(minutes=5)
"""A source is asked every five minutes at most, unless it lies on an address of one's own."""
LONGEST_CADENCE = timedelta(days=31)
LONGEST_BACKFILL = timedelta(days=365)
LONGEST_FIGURE = timedelta(days=366)
MOST_FOLLOWED = 50
"""Pages that one watch follows: each is asked at every turn."""
NONE = "none"
"""What stands in the file for NO_CLOCK."""

_SPIDER_NAMES = tuple(SPIDERS)


def _blank_or_duration(value: object) -> timedelta | None:
    """ "" is a figure that the company's policy leaves open (制度未填写): never a guess."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    figure = parse_duration(value)
    if figure > LONGEST_FIGURE:
        most = duration_text(LONGEST_FIGURE)
        raise refused(f"应不大于 {most}", f"must be at most {most}")
    return figure


def _figure_or_none(value: object) -> timedelta | None:
    if isinstance(value, str) and value.strip() == NONE:
        return NO_CLOCK
    return _blank_or_duration(value)


def _follow(value: object) -> Follow:
    if isinstance(value, Follow):
        return value
    try:
        return parse_follow(value if isinstance(value, str) else "")
    except NotFollowable as error:
        raise refused(error.text.zh, error.text.en) from None


FollowText = Annotated[Follow, BeforeValidator(_follow)]
PolicyFigure = Annotated[timedelta | None, BeforeValidator(_blank_or_duration)]
OptionalFigure = Annotated[timedelta | None, BeforeValidator(_figure_or_none)]
"""A figure that may also be `none`: decided, and none."""
Words = tuple[Word, ...]


class Table(BaseModel):
    """A table of the file; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class OwnAccountTable(Table):
    """An account of the company itself."""

    platform: Platform
    uid: Word
    name: str = ""


class BrandTable(Table):
    """`[[brands]]`."""

    id: Slug
    name: Word
    aliases: Words = ()
    own_accounts: tuple[OwnAccountTable, ...] = ()

    def build(self) -> Brand:
        """Return the domain object."""
        accounts = tuple(OwnAccount(a.platform, a.uid, a.name) for a in self.own_accounts)
        return Brand(self.id, self.name, self.aliases, accounts)


class ProximityTable(Table):
    """Words that must stand near each other."""

    words: Annotated[Words, Field(min_length=2)]
    distance: Annotated[Whole, Field(ge=1, le=1000)]


class RuleTable(Table):
    """`[watches.rule]`: what a result must say."""

    all: Words = ()
    any: Words = ()
    none: Words = ()
    phrases: Words = ()
    proximities: tuple[ProximityTable, ...] = ()

    @model_validator(mode="after")
    def _can_be_met(self) -> Self:
        near = [word for proximity in self.proximities for word in proximity.words]
        for wanted in (*self.all, *self.phrases, *near):
            for unwanted in self.none:
                if fold(unwanted) in fold(wanted):
                    raise refused(
                        f"「{wanted}」必须出现，却含有被排除的「{unwanted}」，永远不会命中",
                        f"{wanted!r} must occur but holds the excluded {unwanted!r}: never met",
                    )
        return self

    def build(self) -> WatchRule:
        """Return the domain object."""
        near = tuple(Proximity(p.words, p.distance) for p in self.proximities)
        return WatchRule(self.all, self.any, self.none, self.phrases, near)


class WatchTable(Table):
    """`[[watches]]`."""

    id: Slug
    name: Word
    brands: Annotated[tuple[str, ...], Field(min_length=1)]
    queries: Words = ()
    follow: Annotated[tuple[FollowText, ...], Field(max_length=MOST_FOLLOWED)] = ()
    sources: Annotated[tuple[str, ...], Field(min_length=1)]
    rule: RuleTable = RuleTable()
    enabled: bool = True
    backfill: Annotated[Duration, at_most(LONGEST_BACKFILL)] = timedelta(days=7)

    def build(self) -> Watch:
        """Return the domain object."""
        return Watch(
            id=self.id,
            name=self.name,
            brand_ids=self.brands,
            queries=self.queries,
            source_ids=self.sources,
            rule=self.rule.build(),
            enabled=self.enabled,
            backfill=self.backfill,
            follows=tuple(dict.fromkeys(self.follow)),
        )


class SourceTable(Table):
    """`[[sources]]`: what the spider leaves open is filled from SPIDERS."""

    id: Slug
    spider: Literal[_SPIDER_NAMES]  # type: ignore[valid-type]  # the names that there are
    platform: Platform = Field(default_factory=lambda data: SPIDERS[data["spider"]].platform)
    transport: Transport = Field(default_factory=lambda data: SPIDERS[data["spider"]].transport)
    base_url: WebAddress = Field(default_factory=lambda data: SPIDERS[data["spider"]].base_url)
    every: Annotated[Duration, at_least(timedelta(seconds=10)), at_most(LONGEST_CADENCE)] = (
        timedelta(minutes=15)
    )
    enabled: bool = True

    @model_validator(mode="after")
    def _is_kind_to_the_platform(self) -> Self:
        reads = SPIDERS[self.spider].platform
        if self.platform is not reads:
            raise refused(
                f"{self.spider} 读取的平台是 {reads}，不是 {self.platform}",
                f"{self.spider} reads {reads}, not {self.platform}",
            )
        if not is_private_address(self.base_url) and self.every < PLATFORM_CADENCE:
            floor = duration_text(PLATFORM_CADENCE)
            raise refused(
                f"every = {duration_text(self.every)}，应不小于 {floor}（本机与内网 IP 除外）",
                f"every = {duration_text(self.every)}: at least {floor}, but for private addresses",
            )
        return self

    def build(self) -> Source:
        """Return the domain object."""
        return Source(
            id=self.id,
            spider=self.spider,
            platform=self.platform,
            transport=self.transport,
            base_url=self.base_url,
            every=self.every,
            enabled=self.enabled,
        )


_ADDRESSES: Mapping[bool, TypeAdapter[str]] = {
    False: TypeAdapter(MailAddress),
    True: TypeAdapter(ChannelName),
}
"""How an address is written: that of a robot is its name in `[channels]`."""


class RecipientTable(Table):
    """`[[recipients]]`: `address` is a mailbox, or the name of a robot of the settings."""

    id: Slug
    name: Word
    channel: Channel = Channel.MAIL
    address: str
    brands: tuple[str, ...] = ()
    min_level: Level = Level.BLUE

    @field_validator("address")
    @classmethod
    def _fits_the_channel(cls, address: str, info: ValidationInfo) -> str:
        channel = info.data.get("channel", Channel.MAIL)
        try:
            return _ADDRESSES[channel.is_robot].validate_python(address)
        except ValidationError as error:
            context = error.errors()[0].get("ctx", {})
            raise refused(str(context.get("zh")), str(context.get("en"))) from None

    def build(self) -> Recipient:
        """Return the domain object."""
        address = address_on(self.channel, self.address)
        return Recipient(self.id, self.name, address, self.brands, self.min_level)


QUARTER = timedelta(minutes=15)
DAY = timedelta(days=1)
People = Annotated[tuple[str, ...], Field(min_length=1)]


def _on_a_quarter(value: timedelta) -> timedelta:
    if value % QUARTER:
        raise refused("应为整刻，如 09:00、09:15", "must be on a quarter of an hour, as 09:15")
    return value


ShiftTime = Annotated[ClockTime, AfterValidator(_on_a_quarter)]


class ShiftTable(Table):
    """The same hours on some days of each week; an end not after the start is on the next day."""

    days: Annotated[tuple[Weekday, ...], Field(min_length=1)] = tuple(Weekday)
    start: ShiftTime = timedelta(0)
    end: ShiftTime = DAY
    people: People

    def build(self) -> Shift:
        """Return the domain object."""
        return Shift(self.days, self.start % DAY, self.end, self.people)


class DatedShiftTable(Table):
    """Other people on some dates."""

    days: Annotated[Days, Field(min_length=1)]
    start: ShiftTime = timedelta(0)
    end: ShiftTime = DAY
    people: People
    note: str = ""

    def build(self) -> DatedShift:
        """Return the domain object."""
        return DatedShift(self.days, self.people, self.start % DAY, self.end, self.note)


class RosterTable(Table):
    """`[[roster]]`: who is on duty; people, executives and groups are ids of recipients."""

    id: Slug
    brands: tuple[str, ...] = ()
    shifts: tuple[ShiftTable, ...] = ()
    exceptions: tuple[DatedShiftTable, ...] = ()
    executives: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    def build(self) -> Roster:
        """Return the domain object."""
        return Roster(
            id=self.id,
            shifts=tuple(shift.build() for shift in self.shifts),
            exceptions=tuple(exception.build() for exception in self.exceptions),
            brand_ids=self.brands,
            executives=self.executives,
            groups=self.groups,
        )


class QuietHoursTable(Table):
    """`[quiet_hours]`: when 黄 and 蓝 mail waits."""

    start: ClockTime
    end: ClockTime

    @model_validator(mode="after")
    def _ends_before_it_begins_again(self) -> Self:
        if self.start % DAY == self.end % DAY:
            raise refused("静默时段不能是全天", "quiet hours cannot be the whole day")
        return self

    def build(self) -> QuietHours:
        """Return the domain object."""
        return QuietHours(self.start % DAY, self.end)


class DetectionTable(Table):
    """`[detection]`: how readily a spike alerts, for all brands and for some."""

    sensitivity: Sensitivity = Sensitivity.BALANCED
    brands: dict[str, Sensitivity] = Field(default_factory=dict)


class LevelTable(Table):
    """`[levels.red]`: a figure left out is the default, "" is not filled in by the policy, and
    "none" is decided to be none.
    """

    acknowledge: PolicyFigure = None
    first_response: PolicyFigure = None
    ack_timeout: OptionalFigure = None
    report_lead: OptionalFigure = None
    report_executive: OptionalFigure = None
    fact_sheet: OptionalFigure = None
    follow_up: OptionalFigure = None
    watch_window: OptionalFigure = None
    review: OptionalFigure = None
    complaint_reply: OptionalFigure = None
    complaint_update: OptionalFigure = None
    complaint_solution: OptionalFigure = None

    def build(self, level: Level) -> LevelClocks:
        """Return the domain object."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        return replace(DEFAULT_CLOCKS[level], **given)


class LevelsTable(Table):
    """`[levels]`."""

    red: LevelTable = LevelTable()
    orange: LevelTable = LevelTable()
    yellow: LevelTable = LevelTable()
    blue: LevelTable = LevelTable()


class WorkYearTable(Table):
    """One year of `[calendar]`: the published arrangement, days as `2027-02-05..2027-02-11`."""

    year: Annotated[Whole, Field(ge=2000, le=2100)]
    notice: Word
    holidays: Days = ()
    workdays: Days = ()

    @model_validator(mode="after")
    def _is_one_year(self) -> Self:
        both = set(self.holidays) & set(self.workdays)
        strangers = [d for d in (*self.holidays, *self.workdays) if d.year != self.year]
        for day in [*strangers, *sorted(both)][:1]:
            raise refused(
                f"{day} 不属于 {self.year} 年，或同时写为放假与上班",
                f"{day} is not in {self.year}, or is both off and worked",
            )
        return self

    def build(self) -> WorkYear:
        """Return the domain object."""
        return WorkYear(self.year, self.notice, self.holidays, self.workdays)


class CalendarTable(Table):
    """`[calendar]`: working hours, years beyond the published table, the company's own days."""

    opens: ClockTime = timedelta(hours=9)
    closes: ClockTime = timedelta(hours=18)
    years: tuple[WorkYearTable, ...] = ()
    holidays: Days = ()
    workdays: Days = ()

    @model_validator(mode="after")
    def _can_be_lived(self) -> Self:
        if self.opens >= self.closes:
            raise refused(
                f"opens = {clock_text(self.opens)} 应早于 closes = {clock_text(self.closes)}",
                f"opens = {clock_text(self.opens)} must be before {clock_text(self.closes)}",
            )
        for day in sorted(set(self.holidays) & set(self.workdays))[:1]:
            raise refused(f"{day} 同时写为放假与上班", f"{day} is both off and worked")
        return self

    def build(self) -> CalendarSetting:
        """Return the domain object."""
        return CalendarSetting(
            opens=self.opens,
            closes=self.closes,
            years=tuple(year.build() for year in self.years),
            holidays=self.holidays,
            workdays=self.workdays,
        )


class ReportTable(Table):
    """`[report]`: when reports are made, and who gets them."""

    weekly: bool = True
    daily: bool = True
    weekly_at: ClockTime = timedelta(hours=8)
    daily_at: ClockTime = timedelta(hours=8)
    recipients: tuple[MailAddress, ...] = ()
    daily_recipients: tuple[MailAddress, ...] = ()
    brands: tuple[str, ...] = ()
    confidentiality: str = "内部"
    made_by: str = ""

    def build(self) -> ReportPlan:
        """Return the domain object."""
        return ReportPlan(
            weekly=self.weekly,
            daily=self.daily,
            weekly_at=self.weekly_at,
            daily_at=self.daily_at,
            recipients=self.recipients,
            daily_recipients=self.daily_recipients,
            brand_ids=self.brands,
            confidentiality=self.confidentiality,
            made_by=self.made_by,
        )


class Document(Table):
    """The whole file."""

    brands: tuple[BrandTable, ...] = ()
    sources: tuple[SourceTable, ...] = ()
    watches: tuple[WatchTable, ...] = ()
    recipients: tuple[RecipientTable, ...] = ()
    detection: DetectionTable = DetectionTable()
    levels: LevelsTable = LevelsTable()
    calendar: CalendarTable = CalendarTable()
    roster: tuple[RosterTable, ...] = ()
    quiet_hours: QuietHoursTable | None = None
    report: ReportTable = ReportTable()

    def build(self) -> Configuration:
        """Return the domain object."""
        return Configuration(
            brands=tuple(b.build() for b in self.brands),
            watches=tuple(w.build() for w in self.watches),
            sources=tuple(s.build() for s in self.sources),
            recipients=tuple(r.build() for r in self.recipients),
            detection=DetectionRule(self.detection.sensitivity, dict(self.detection.brands)),
            clocks={level: getattr(self.levels, level).build(level) for level in Level},
            calendar=self.calendar.build(),
            rosters=tuple(roster.build() for roster in self.roster),
            quiet_hours=self.quiet_hours.build() if self.quiet_hours else None,
            report=self.report.build(),
        )


def read_configuration(path: Path) -> Configuration:
    """Return what a file decides; ConfigurationError names every problem with its line."""
    return _configuration(TomlFile.read(path))


def parse_configuration(text: str, name: str) -> Configuration:
    """Return what a text decides; `name` stands for the file in problems."""
    return _configuration(TomlFile.parse(text, name))


def write_configuration(configuration: Configuration) -> str:
    """Return TOML that `parse_configuration` reads as the same configuration."""
    parts: list[str] = []
    for section, content in as_document(configuration).items():
        if isinstance(content, list):
            parts += [_table_text(f"[[{section}]]", item) for item in content]
        elif section == "levels":
            parts += [_table_text(f"[levels.{level}]", item) for level, item in content.items()]
        else:
            parts.append(_table_text(f"[{section}]", content))
    return "\n\n".join(parts) + "\n"


def as_document(configuration: Configuration) -> dict[str, Any]:
    """Return a configuration with the names and values of its file."""
    return {
        "brands": [_brand(brand) for brand in configuration.brands],
        "sources": [_source(source) for source in configuration.sources],
        "watches": [_watch(watch) for watch in configuration.watches],
        "recipients": [_recipient(recipient) for recipient in configuration.recipients],
        "detection": {
            "sensitivity": configuration.detection.sensitivity.value,
            "brands": {key: value.value for key, value in configuration.detection.by_brand.items()},
        },
        "levels": {
            level.value: {
                figure.name: _figure(getattr(clocks, figure.name)) for figure in fields(LevelClocks)
            }
            for level in Level
            if (clocks := configuration.clocks.get(level, LevelClocks()))
        },
        "calendar": _calendar(configuration.calendar),
        "roster": [_roster(roster) for roster in configuration.rosters],
        **_quiet_hours(configuration.quiet_hours),
        "report": _report(configuration.report),
    }


def is_private_address(url: str) -> bool:
    """Whether a url names this machine or a private IP address."""
    return is_private(urlsplit(url).hostname or "")


def _configuration(file: TomlFile) -> Configuration:
    problems = [*_doubles(file), *_double_years(file), *_dangling(file)]
    problems += [*_strangers_on_duty(file), *_two_rosters(file), *_unread(file)]
    try:
        document = Document.model_validate(file.values)
    except ValidationError as error:
        problems += problems_of(error, Document, file.place)
        raise ConfigurationProblems(problems) from None
    if problems:
        raise ConfigurationProblems(problems)
    return document.build()


def _items(values: Mapping[str, Any], section: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the tables of a section, whatever else may be wrong with them."""
    content = values.get(section)
    for index, item in enumerate(content if isinstance(content, list) else []):
        if isinstance(item, dict):
            yield index, item


def _ids(values: Mapping[str, Any], section: str) -> list[str]:
    return [item["id"] for _, item in _items(values, section) if isinstance(item.get("id"), str)]


def _doubles(file: TomlFile) -> Iterator[Problem]:
    for section in ("brands", "sources", "watches", "recipients", "roster"):
        first: dict[object, int] = {}
        for index, item in _items(file.values, section):
            key = item.get("id")
            if not isinstance(key, str):
                continue
            if key in first:
                earlier = file.place((section, first[key], "id"))
                yield Problem(
                    file.place((section, index, "id")),
                    Text(
                        f"{section} 的 id {shown(key)} 重复，已用于 {earlier}",
                        f"id {shown(key)} of {section} is already used at {earlier}",
                    ),
                )
            first.setdefault(key, index)


def _double_years(file: TomlFile) -> Iterator[Problem]:
    calendar = file.values.get("calendar")
    seen: set[object] = set()
    for index, item in _items(calendar if isinstance(calendar, dict) else {}, "years"):
        year = item.get("year")
        if isinstance(year, int) and year in seen:
            yield Problem(
                file.place(("calendar", "years", index, "year")),
                Text(f"calendar 的 {year} 年重复", f"year {year} of calendar is there twice"),
            )
        seen.add(year)


def _dangling(file: TomlFile) -> Iterator[Problem]:
    """Names of brands and sources that do not exist."""
    brands, sources = _ids(file.values, "brands"), _ids(file.values, "sources")
    for section, key, known in (
        ("watches", "brands", brands),
        ("watches", "sources", sources),
        ("recipients", "brands", brands),
        ("roster", "brands", brands),
    ):
        for index, item in _items(file.values, section):
            names = item.get(key)
            for position, name in enumerate(names if isinstance(names, list) else []):
                if name not in known:
                    yield _unknown(file, (section, index, key, position), name, known)
    detection = file.values.get("detection")
    chosen = detection.get("brands") if isinstance(detection, dict) else None
    for name in chosen if isinstance(chosen, dict) else {}:
        if name not in brands:
            yield _unknown(file, ("detection", "brands", name), name, brands)
    report = file.values.get("report")
    reported = report.get("brands") if isinstance(report, dict) else None
    for position, name in enumerate(reported if isinstance(reported, list) else []):
        if name not in brands:
            yield _unknown(file, ("report", "brands", position), name, brands)


def _unread(file: TomlFile) -> Iterator[Problem]:
    """What a watch follows without a source that reads it, and sources that it gives nothing to
    do.
    """
    spiders: dict[str, str] = {
        item["id"]: item["spider"]
        for _, item in _items(file.values, "sources")
        if isinstance(item.get("id"), str) and isinstance(item.get("spider"), str)
    }
    for index, watch in _items(file.values, "watches"):
        names, follows = watch.get("sources"), watch.get("follow")
        if not isinstance(names, list):
            continue
        chosen = {
            name: spiders[name]
            for name in names
            if isinstance(name, str) and spiders.get(name) in SPIDERS
        }
        wanted: dict[str, int] = {}
        for position, text in enumerate(follows if isinstance(follows, list) else []):
            with suppress(NotFollowable):  # told with its place by the table itself
                follow = parse_follow(text if isinstance(text, str) else "")
                wanted.setdefault(spider_for(follow), position)
        for spider, position in wanted.items():
            if spider not in chosen.values():
                yield _without_source(file, ("watches", index, "follow", position), spider)
        for name, reader in chosen.items():
            role = SPIDERS[reader].role
            place = ("watches", index, "sources", names.index(name))
            if role is SpiderRole.FOLLOW and reader not in wanted:
                yield _with_nothing_to_do(file, place, name, "follow")
            if role is SpiderRole.SEARCH and not watch.get("queries"):
                yield _with_nothing_to_do(file, place, name, "queries")


def _without_source(file: TomlFile, path: tuple[str | int, ...], spider: str) -> Problem:
    return Problem(
        file.place(path),
        Text(
            f"{dotted(path)}：该方案没有读取它的来源；"
            f'加一个 [[sources]]，spider = "{spider}"，并把它的 id 写进这个方案的 sources',
            f"{dotted(path)}: no source of this watch reads it; add [[sources]] with spider = "
            f'"{spider}" and name its id in the sources of this watch',
        ),
    )


def _with_nothing_to_do(
    file: TomlFile, path: tuple[str | int, ...], name: str, key: str
) -> Problem:
    return Problem(
        file.place(path),
        Text(
            f"来源 {shown(name)} 在这个方案里无事可做；在 {key} 中写上要看的内容，或去掉这个来源",
            f"source {shown(name)} has nothing to do in this watch; fill {key}, or leave it out",
        ),
    )


def _strangers_on_duty(file: TomlFile) -> Iterator[Problem]:
    """People of a roster who are no recipients."""
    known = _ids(file.values, "recipients")
    for index, roster in _items(file.values, "roster"):
        for key in ("executives", "groups"):
            yield from _strangers(file, ("roster", index, key), roster.get(key), known)
        for key in ("shifts", "exceptions"):
            for place, shift in _items(roster, key):
                path = ("roster", index, key, place, "people")
                yield from _strangers(file, path, shift.get("people"), known)


def _strangers(
    file: TomlFile, path: tuple[str | int, ...], names: object, known: Iterable[str]
) -> Iterator[Problem]:
    for position, name in enumerate(names if isinstance(names, list) else []):
        if name not in known:
            yield _unknown(file, (*path, position), name, known)


def _two_rosters(file: TomlFile) -> Iterator[Problem]:
    """A brand has one roster, and there is one for the brands that have none of their own."""
    taken: dict[object, int] = {}
    for index, roster in _items(file.values, "roster"):
        brands = roster.get("brands")
        for brand in brands if isinstance(brands, list) and brands else [""]:
            if brand in taken:
                earlier = file.place(("roster", taken[brand], "id"))
                whose = shown(brand) if brand else "brands = []"
                yield Problem(
                    file.place(("roster", index, "id")),
                    Text(
                        f"{whose} 已有值班表，见 {earlier}",
                        f"{whose} has a roster already, see {earlier}",
                    ),
                )
            taken.setdefault(brand, index)


def _unknown(
    file: TomlFile, path: tuple[str | int, ...], name: object, known: Iterable[str]
) -> Problem:
    known = list(dict.fromkeys(known))
    zh, en = nearest(str(name), known)
    what = f"{dotted(path)} = {shown(name)}"
    return Problem(
        file.place(path),
        Text(
            f"{what}，没有这个 id{zh}（已有：{'、'.join(known) or '无'}）",
            f"{what}: no such id{en} (there are: {', '.join(known) or 'none'})",
        ),
    )


def _brand(brand: Brand) -> dict[str, Any]:
    accounts = [
        {"platform": account.platform.value, "uid": account.uid, "name": account.name}
        for account in brand.own_accounts
    ]
    return {
        "id": brand.id,
        "name": brand.name,
        "aliases": list(brand.aliases),
        "own_accounts": accounts,
    }


def _source(source: Source) -> dict[str, Any]:
    return {
        "id": source.id,
        "spider": source.spider,
        "platform": source.platform.value,
        "transport": source.transport.value,
        "base_url": source.base_url,
        "every": duration_text(source.every),
        "enabled": source.enabled,
    }


def _watch(watch: Watch) -> dict[str, Any]:
    rule = watch.rule
    near = [{"words": list(p.words), "distance": p.distance} for p in rule.proximities]
    return {
        "id": watch.id,
        "name": watch.name,
        "brands": list(watch.brand_ids),
        "queries": list(watch.queries),
        "follow": [follow_text(follow) for follow in watch.follows],
        "sources": list(watch.source_ids),
        "enabled": watch.enabled,
        "backfill": duration_text(watch.backfill),
        "rule": {
            "all": list(rule.all_words),
            "any": list(rule.any_words),
            "none": list(rule.none_words),
            "phrases": list(rule.phrases),
            "proximities": near,
        },
    }


def _roster(roster: Roster) -> dict[str, Any]:
    def hours(of: Shift | DatedShift) -> dict[str, Any]:
        times = {"start": clock_text(of.start), "end": clock_text(of.end)}
        return {**times, "people": list(of.people)}

    return {
        "id": roster.id,
        "brands": list(roster.brand_ids),
        "executives": list(roster.executives),
        "groups": list(roster.groups),
        "shifts": [{"days": [d.value for d in s.days], **hours(s)} for s in roster.shifts],
        "exceptions": [
            {"days": days_text(e.days), **hours(e), "note": e.note} for e in roster.exceptions
        ],
    }


def _quiet_hours(quiet: QuietHours | None) -> dict[str, Any]:
    if quiet is None:
        return {}
    return {"quiet_hours": {"start": clock_text(quiet.start), "end": clock_text(quiet.end)}}


def _recipient(recipient: Recipient) -> dict[str, Any]:
    channel, address = parts_of(recipient.address)
    return {
        "id": recipient.id,
        "name": recipient.name,
        "channel": channel.value,
        "address": address,
        "brands": list(recipient.brand_ids),
        "min_level": recipient.min_level.value,
    }


def _calendar(calendar: CalendarSetting) -> dict[str, Any]:
    def days(of: CalendarSetting | WorkYear) -> dict[str, Sequence[str]]:
        return {"holidays": days_text(of.holidays), "workdays": days_text(of.workdays)}

    years = [{"year": y.year, "notice": y.notice, **days(y)} for y in calendar.years]
    return {
        "opens": clock_text(calendar.opens),
        "closes": clock_text(calendar.closes),
        "years": years,
        **days(calendar),
    }


def _report(plan: ReportPlan) -> dict[str, Any]:
    return {
        "weekly": plan.weekly,
        "daily": plan.daily,
        "weekly_at": clock_text(plan.weekly_at),
        "daily_at": clock_text(plan.daily_at),
        "recipients": list(plan.recipients),
        "daily_recipients": list(plan.daily_recipients),
        "brands": list(plan.brand_ids),
        "confidentiality": plan.confidentiality,
        "made_by": plan.made_by,
    }


def _figure(figure: timedelta | None) -> str:
    if figure == NO_CLOCK:
        return NONE
    return "" if figure is None else duration_text(figure)


def _table_text(header: str, content: Mapping[str, Any]) -> str:
    lines = [f"{key_text(key)} = {as_toml(value)}" for key, value in content.items()]
    return "\n".join([header, *lines])
