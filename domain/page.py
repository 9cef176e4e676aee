"""What a page reader says about one page: `parse(body, *, url, status, fetched_at) -> Page`."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.mention import Kind, Platform, Precision


class PageState(StrEnum):
    """What a page is. `layout_changed` is raised by readers (LayoutChanged) and shown by the
    CLI.
    """

    OK = "ok"
    EMPTY = "empty"
    BLOCKED = "blocked"
    GONE = "gone"
    NOT_CONTENT = "not_content"
    LAYOUT_CHANGED = "layout_changed"


class BlockKind(StrEnum):
    """Which wall stands in the way; each pauses its source and names the one step that mends it."""

    LOGIN_WALL = "login_wall"
    CAPTCHA = "captcha"
    RATE_LIMITED = "rate_limited"
    REFUSED = "refused"
    BROWSER_CHECK = "browser_check"
    VISITOR = "visitor"


@dataclass(frozen=True, slots=True)
class FoundMention:
    """A mention as a page shows it, before ingest: real author name and platform uid still on it.

    `id` is `platform:native`; `bid` is the platform's second id for the same: Weibo's short id, the
    opening post of a Tieba thread. `text` is plain, as a person reads it, with emoticons as
    `[doge]` and line breaks kept. Unknown is None (or "" for text), never 0. `stirred_at`: where a
    list is in the order of last replies, the end of the minute or day of that reply.
    """

    id: str
    platform: Platform
    kind: Kind
    url: str
    text: str
    published_at: datetime | None
    published_precision: Precision = Precision.SECOND
    bid: str | None = None
    title: str = ""
    author: str = ""
    author_uid: str | None = None
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
    embedded: bool = False
    stirred_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page, read. `page` names its surface (`weibo_search`), `next` is the platform's own token
    or page number for what follows, None at the end. `reason` is a BlockKind for blocked pages,
    otherwise a short English phrase or "". `block_kind` is set exactly when `state` is blocked.
    """

    page: str
    state: PageState
    mentions: tuple[FoundMention, ...] = ()
    next: str | None = None
    reason: str = ""
    block_kind: BlockKind | None = None

    @classmethod
    def blocked(cls, page: str, kind: BlockKind) -> "Page":
        """A wall of `kind`."""
        return cls(page=page, state=PageState.BLOCKED, reason=kind.value, block_kind=kind)

    @classmethod
    def empty(cls, page: str, reason: str = "no results") -> "Page":
        """The platform itself said that there is nothing."""
        return cls(page=page, state=PageState.EMPTY, reason=reason)
