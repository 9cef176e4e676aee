"""The operator's own login at a platform: who gave it, how long it lasts, how one logs in.

The secret part (`domain.storage_state`) is kept sealed and is no part of what is told here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from domain.brand import Source
from domain.hosts import is_loopback
from domain.mention import Platform
from domain.storage_state import Cookie, StorageState, is_below_any

WARN_BEFORE: Final = timedelta(days=3)
"""So long before a session expires its owner is told."""
REMOVED: Final = "removed"
EXPIRED: Final = "expired"
UNREADABLE: Final = "unreadable"
WALLS: Final = frozenset({"login_wall", "visitor"})
"""The reasons of a blocked run that say that a login is wanted."""


class SessionState(StrEnum):
    """How it stands with the login at a platform. `none`: pages are read as a visitor sees them."""

    VALID = "valid"
    EXPIRING = "expiring"
    ENDED = "ended"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class PlatformSession:
    """A login that was stored, without its secrets. `owner_id` is an account's id, or `cli:NAME`
    for a person at the machine who has none. `expires_at` None: the platform named no end.

    `ended_reason`: a wall (`login_wall`, `visitor`), `expired`, `removed` (by a person) or
    `unreadable` (the key is another one). `login` counts the logins at the platform: what one run
    learned of an earlier login says nothing about a later one.
    """

    platform: Platform
    owner_id: str
    stored_at: datetime
    expires_at: datetime | None = None
    ended_at: datetime | None = None
    ended_reason: str = ""
    login: int = 1

    def is_alive(self, now: datetime) -> bool:
        """Whether crawls may use it."""
        return self.ended_at is None and (self.expires_at is None or self.expires_at > now)


def state_of(session: PlatformSession | None, now: datetime) -> SessionState:
    """Return how it stands with a platform's session."""
    if session is None or session.ended_reason == REMOVED:
        return SessionState.NONE
    if not session.is_alive(now):
        return SessionState.ENDED
    soon = session.expires_at is not None and session.expires_at - now <= WARN_BEFORE
    return SessionState.EXPIRING if soon else SessionState.VALID


@dataclass(frozen=True, slots=True)
class Door:
    """Where one logs in at a platform, and by what a login is known.

    `hosts` (and all below them) are those whose cookies are kept. `mark` is the cookie of somebody
    who is logged in; a value that begins with one of `visitor_values` is a visitor's. `codes` are
    places of the QR code on the login page, as selectors; where none fits, the whole page is
    searched for one.
    """

    platform: Platform
    hosts: tuple[str, ...]
    login_url: str
    mark: str
    codes: tuple[str, ...] = ()
    visitor_values: tuple[str, ...] = ()

    def owns(self, cookie: Cookie) -> bool:
        """Whether a cookie is the platform's."""
        return is_below_any(cookie.host, self.hosts)

    def marks(self, state: StorageState, now: datetime) -> list[Cookie]:
        """Return the living cookies that say that somebody is logged in; none: nobody is."""
        return [
            cookie
            for cookie in state.cookies
            if cookie.name == self.mark
            and self.owns(cookie)
            and cookie.is_alive(now.timestamp())
            and cookie.value.strip('"') not in {"", "deleted"}
            and not cookie.value.startswith(self.visitor_values)
        ]

    def expires_at(self, state: StorageState, now: datetime) -> datetime | None:
        """Return when the login expires, None when its cookie names no time."""
        ends = [cookie.expires for cookie in self.marks(state, now)]
        if not ends or None in ends:
            return None
        return datetime.fromtimestamp(max(end for end in ends if end is not None), UTC)


DOORS: Final[Mapping[Platform, Door]] = {
    # A visitor has a SUB too: in public code of 2018 to 2025 it begins with _2AkM, that of
    # somebody who is logged in with _2A25.
    Platform.WEIBO: Door(
        Platform.WEIBO,
        ("weibo.com", "weibo.cn"),
        "https://passport.weibo.com/sso/signin?entry=miniblog&source=miniblog"
        "&url=https%3A%2F%2Fweibo.com%2F",
        "SUB",
        codes=("img[src*='qr.weibo.cn']", "img.w-full.h-full", ".woo-modal-main img"),
        visitor_values=("_2AkM",),
    ),
    Platform.ZHIHU: Door(
        Platform.ZHIHU,
        ("zhihu.com",),
        "https://www.zhihu.com/signin?next=%2F",
        "z_c0",
        codes=("canvas.Qrcode-qrcode", "img.Qrcode-qrcode", ".Qrcode-content img"),
    ),
    Platform.TIEBA: Door(
        Platform.TIEBA,
        ("baidu.com",),
        "https://passport.baidu.com/v2/?login&u=https%3A%2F%2Ftieba.baidu.com%2F",
        "BDUSS",
        codes=("img.tang-pass-qrcode-img", ".tang-pass-qrcode-img"),
    ),
}
"""Login pages and marks as public clients of 2023 to 2026 use them."""


def door_of(source: Source) -> Door | None:
    """Return the door of a source's platform; on this machine (the demo) the same door there. None
    for an address that is not the platform's: a login is never shown to it.
    """
    door = DOORS.get(source.platform)
    parts = urlsplit(source.base_url)
    host = (parts.hostname or "").lower()
    if door is None or is_below_any(host, door.hosts):
        return door
    if not is_loopback(host):
        return None
    path = urlsplit(door.login_url).path
    return replace(
        door, hosts=(host,), login_url=f"{parts.scheme}://{parts.netloc}{path}", codes=("img.qr",)
    )


class NewsKind(StrEnum):
    """What is told by mail: a session ended, will end soon, or a page asks for one and there is
    none.
    """

    ENDED = "ended"
    EXPIRING = "expiring"
    WANTED = "wanted"


@dataclass(frozen=True, slots=True)
class SessionNews:
    """The frozen facts of one mail. `reason` is a code of the ledger or of `ended_reason`; `owner`
    the name of whose login it is, "" for nobody's; `zone_name` an IANA zone.
    """

    kind: NewsKind
    platform: Platform
    at: datetime
    reason: str = ""
    owner: str = ""
    expires_at: datetime | None = None
    zone_name: str = "UTC"
    public_url: str = ""
    demo: bool = False
