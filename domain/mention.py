"""A mention (提及): one thing that somebody said in public, as Koubei stores it."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from domain.sentiment import WHOLE_TEXT, Label, Sentiment

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""NUL and half characters (lone surrogates), which no store and no mail can hold."""


class Platform(StrEnum):
    """The platforms that are read."""

    WEIBO = "weibo"
    ZHIHU = "zhihu"
    TIEBA = "tieba"


class Kind(StrEnum):
    """What a mention is on its platform."""

    POST = "post"
    COMMENT = "comment"
    ANSWER = "answer"
    ARTICLE = "article"
    QUESTION = "question"
    PIN = "pin"
    VIDEO = "video"
    THREAD = "thread"
    FLOOR = "floor"
    REPLY = "reply"


class Precision(StrEnum):
    """How finely the platform told the time (docs/decisions: why `hour` exists)."""

    SECOND = "second"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"

    @property
    def rank(self) -> int:
        """0 is the finest."""
        return list(Precision).index(self)


class Flag(StrEnum):
    """What is known about a mention besides its text. `cleared`: a person said that it is no spam;
    a mention never has both.
    """

    SPAM = "spam"
    OWN_ACCOUNT = "own_account"
    SENSITIVE_PERSONAL_DATA = "sensitive_personal_data"
    DELETED_UPSTREAM = "deleted_upstream"
    IN_DEPTH = "in_depth"
    CLEARED = "cleared"


UNCOUNTED = (Flag.OWN_ACCOUNT, Flag.SPAM, Flag.IN_DEPTH)
"""A mention with one of these flags is stored and findable, but counts in no chart and no alarm:
for the first of them that it has. What was found only by reading some posts in depth (their
comments and reposts) says how deep we looked, not how much was said.
"""

NOT_PUBLIC_VOICE = frozenset(UNCOUNTED)


def uncounted_as(flags: Collection[str]) -> Flag | None:
    """Return why a mention with these flags counts nowhere, None where it counts."""
    return next((flag for flag in UNCOUNTED if flag in flags), None)


@dataclass(frozen=True, slots=True)
class Revision:
    """What a mention said and counted at an earlier look; `collected_at` is aware, UTC."""

    collected_at: datetime
    title: str
    text: str
    edited_at: datetime | None
    likes: int | None
    comments: int | None
    reposts: int | None
    views: int | None


@dataclass(frozen=True, slots=True)
class Mention:
    """One mention. Times are aware and UTC; a count is None when unknown, never 0.

    `id` is `platform:native`. `author` is the masked display name (王**); the full name is sealed
    elsewhere. `author_key` is a keyed hash of the platform's user id, or None where the page shows
    none. `sentiment` maps a target to a judgement: `""` is the whole text, other keys are brand
    ids. `fingerprint` is a 64-bit near-copy hash (unsigned), None for texts too short to compare.
    `collected_at` is the newest look, `first_seen_at` the earliest. `embedded`: seen only inside
    another item (a reposted original, a quoted question). `source` is a crawl run or import id.
    """

    id: str
    platform: Platform
    kind: Kind
    url: str
    text: str
    published_at: datetime
    published_precision: Precision
    collected_at: datetime
    first_seen_at: datetime
    source: str
    title: str = ""
    author: str = ""
    author_key: str | None = None
    parent_id: str | None = None
    root_id: str | None = None
    repost_of: str | None = None
    edited_at: datetime | None = None
    ip_location: str | None = None
    client: str | None = None
    likes: int | None = None
    comments: int | None = None
    reposts: int | None = None
    views: int | None = None
    forum: str | None = None
    topic: str | None = None
    watch_ids: frozenset[str] = frozenset()
    brand_ids: frozenset[str] = frozenset()
    terms: tuple[str, ...] = ()
    cluster_id: str | None = None
    fingerprint: int | None = None
    sentiment: Mapping[str, Sentiment] = field(default_factory=dict)
    flags: frozenset[Flag] = frozenset()
    embedded: bool = False
    revisions: tuple[Revision, ...] = ()

    @property
    def uncounted_as(self) -> Flag | None:
        """Why it counts in no chart and no alarm, None where it counts."""
        return uncounted_as(self.flags)

    @property
    def is_public_voice(self) -> bool:
        """Whether the mention counts in charts and alarms."""
        return not (self.flags & NOT_PUBLIC_VOICE)

    @property
    def interactions(self) -> int:
        """Likes + comments + reposts, unknown ones left out (传播力)."""
        return (self.likes or 0) + (self.comments or 0) + (self.reposts or 0)

    def sentiment_towards(self, brand_id: str) -> Sentiment | None:
        """The judgement about a brand: its own where there is one, else the whole text's."""
        return self.sentiment.get(brand_id) or self.sentiment.get(WHOLE_TEXT)

    def label_towards(self, brand_id: str) -> Label | None:
        """The label that rollups, charts and detection of a brand use; None when unscored."""
        judgement = self.sentiment_towards(brand_id)
        return judgement.label if judgement else None

    def as_revision(self) -> Revision:
        """What this look saw, as it is kept when a newer look replaces it."""
        return Revision(
            collected_at=self.collected_at,
            title=self.title,
            text=self.text,
            edited_at=self.edited_at,
            likes=self.likes,
            comments=self.comments,
            reposts=self.reposts,
            views=self.views,
        )
