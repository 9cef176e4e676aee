"""采集影响评估: what one source is asked for, why and how often, and who answers for it.

A person signs the sheet of a source; only a signed sheet that still holds, and that says so, lets a
run open what the source's robots.txt forbids. The sheet lapses by itself when what was signed is no
longer what happens: time is over, it is asked more often, elsewhere or otherwise, or the platform
has changed its robots.txt. Pure.
"""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from math import ceil
from typing import Final

from domain.account import Role
from domain.brand import Configuration, Source, Transport, Watch
from domain.follows import followed_by
from domain.spiders import SPIDERS, SpiderRole
from domain.surfaces import READINGS, Reading

VALID_FOR: Final = timedelta(days=180)
TELL_BEFORE: Final = timedelta(days=14)
"""How long before its end a sheet is told to be due."""
KEPT_FOR: Final = timedelta(days=3 * 366)
"""After its end: 个人信息保护法 第五十六条 asks for three years at least."""
ROBOTS_FRESH_FOR: Final = timedelta(hours=24)
"""A signature needs a robots.txt that was read within this time."""
READER_PAGES_A_DAY: Final = 200
"""Pages that a keen reader opens on a platform in a day; our own yardstick, no measurement."""
_UNTOLD: Final = Reading((), 1)
"""Of a spider of another version: such a source can be shown, not signed for."""
_DAY: Final = timedelta(days=1)
_HOUR: Final = timedelta(hours=1)


class Lapse(StrEnum):
    """Why a signed sheet holds no longer."""

    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    FASTER = "faster"
    """It is asked more often, or at a shorter pace, than was signed."""
    MOVED = "moved"
    """`base_url` is another."""
    OTHERWISE = "otherwise"
    """Another spider, or another transport, asks."""
    ROBOTS_CHANGED = "robots_changed"


class Proof(StrEnum):
    """How the signer proved who they are, at the moment of signing: by their own password, by that
    and a code of their second factor, or by the company's login.
    """

    ALONE = "own"
    WITH_CODE = "own_and_code"
    COMPANY = "company"
    """An account without a password of ours: the session it came in with stands for it."""


@dataclass(frozen=True, slots=True)
class Rate:
    """How often a source is asked. `chains`: what the watches ask it for (queries, followed pages);
    with the pages that each takes when little is new that makes `a_day` (with robots.txt).
    `most_an_hour` is what the pace, else the platform's own page limit, allows at the very most.
    """

    every: timedelta
    pace: timedelta
    chains: int
    a_day: int
    most_an_hour: int

    @property
    def readers(self) -> float:
        """How many keen readers (READER_PAGES_A_DAY) open as many pages a day."""
        return self.a_day / READER_PAGES_A_DAY

    def exceeds(self, signed: "Rate") -> bool:
        """Whether this asks more of the platform than what was signed."""
        return self.every < signed.every or self.pace < signed.pace or self.a_day > signed.a_day


def rate_of(configuration: Configuration, source: Source, pace: timedelta) -> Rate:
    """Return how often the enabled watches ask a source; `pace` is the span between requests."""
    watches = [w for w in configuration.watches if w.enabled and source.id in w.source_ids]
    chains = sum(_chains(watch, source) for watch in watches)
    reading = READINGS.get(source.spider, _UNTOLD)
    usual = chains * reading.usual_pages
    most = ceil(_HOUR / source.every) * chains * reading.most_pages
    return Rate(
        every=source.every,
        pace=pace,
        chains=chains,
        a_day=ceil(_DAY / source.every) * usual + 1,
        most_an_hour=min(most, ceil(_HOUR / pace)) if pace else most,
    )


def _chains(watch: Watch, source: Source) -> int:
    """Return how many chains of pages one look of a watch at a source begins: its queries, what it
    follows there, else one list.
    """
    kind = SPIDERS.get(source.spider)
    role = kind.role if kind is not None else SpiderRole.SEARCH
    if role is SpiderRole.SEARCH:
        return len(watch.queries)
    return len(followed_by(watch, source)) if role is SpiderRole.FOLLOW else 1


@dataclass(frozen=True, slots=True)
class RobotsSnapshot:
    """robots.txt of a source as it was read. `disallowed`: the examples of its surfaces (see
    `domain.surfaces`) that it forbids us. `text` is the platform's own, hostile like any page.
    """

    url: str
    status: int
    text: str
    read_at: datetime
    disallowed: tuple[str, ...] = ()

    @property
    def sha256(self) -> str:
        """What tells one text from another."""
        return robots_digest(self.status, self.text)

    @property
    def is_readable(self) -> bool:
        """Whether it says something one can answer for: rules, or that there are none. A refusal
        (401, 403, 429), an error or silence is a no that nobody can sign away.
        """
        refusal = self.status in {401, 403, 429}
        return 200 <= self.status < 300 or (400 <= self.status < 500 and not refusal)


def robots_digest(status: int, text: str) -> str:
    """Return the digest of an answer; all answers that there are no rules have the same."""
    said = text if 200 <= status < 300 else ""
    return hashlib.sha256(said.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Assessment:
    """One signed sheet. Nothing of it changes later but `withdrawn_…`.

    `spider`, `transport`, `base_url` and `rate` are those of the source when it was signed;
    `purpose`, `effect` and `stops` the words that stood on the sheet. `allows_disallowed`: the
    signer takes it upon them that what robots.txt forbids is read.
    """

    id: str
    source_id: str
    spider: str
    transport: Transport
    base_url: str
    purpose: str
    fields_read: tuple[str, ...]
    surfaces: tuple[str, ...]
    rate: Rate
    robots: RobotsSnapshot
    terms_url: str
    terms_read_on: date
    effect: str
    stops: tuple[str, ...]
    allows_disallowed: bool
    signed_by: str
    signed_name: str
    signed_roles: tuple[Role, ...]
    proof: Proof
    signed_at: datetime
    valid_until: datetime
    withdrawn_at: datetime | None = None
    withdrawn_by: str = ""
    withdrawn_reason: str = ""
    version: int = 0

    @property
    def ended_at(self) -> datetime:
        """When it is over at the latest: withdrawn, else its time."""
        return min(self.withdrawn_at or self.valid_until, self.valid_until)


def lapse_of(
    signed: Assessment,
    source: Source,
    rate: Rate,
    now: datetime,
    *,
    robots_sha256: str | None = None,
) -> Lapse | None:
    """Return why a sheet holds no longer for a source as it is now, None when it holds.

    `robots_sha256` is the digest of the robots.txt that holds today, None where it is not known.
    """
    if signed.withdrawn_at is not None:
        return Lapse.WITHDRAWN
    if now >= signed.valid_until:
        return Lapse.EXPIRED
    if source.base_url.rstrip("/") != signed.base_url.rstrip("/"):
        return Lapse.MOVED
    if (source.spider, source.transport) != (signed.spider, signed.transport):
        return Lapse.OTHERWISE
    if rate.exceeds(signed.rate):
        return Lapse.FASTER
    if robots_sha256 is not None and robots_sha256 != signed.robots.sha256:
        return Lapse.ROBOTS_CHANGED
    return None


@dataclass(frozen=True, slots=True)
class Standing:
    """The newest sheet of a source, if any, and whether it holds."""

    signed: Assessment | None = None
    lapse: Lapse | None = None

    @property
    def holds(self) -> bool:
        """Whether there is a sheet that still holds."""
        return self.signed is not None and self.lapse is None

    @property
    def permits(self) -> bool:
        """Whether it lets a run open what robots.txt forbids."""
        return self.signed is not None and self.lapse is None and self.signed.allows_disallowed

    def is_due(self, now: datetime) -> bool:
        """Whether it still holds and ends within TELL_BEFORE."""
        return (
            self.signed is not None
            and self.lapse is None
            and self.signed.valid_until - now <= TELL_BEFORE
        )


def standing_of(
    newest: Assessment | None,
    source: Source,
    rate: Rate,
    now: datetime,
    *,
    robots_sha256: str | None = None,
) -> Standing:
    """Return how a source stands with its newest sheet."""
    if newest is None:
        return Standing()
    return Standing(newest, lapse_of(newest, source, rate, now, robots_sha256=robots_sha256))
