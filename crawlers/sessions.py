"""The operator's own login in a crawl: which one is used, where it goes, and what becomes of it.

    begin     open the sealed state of the platform, once a run
    header    plain HTTP: a Cookie header, for the host of the source alone, by the cookies' paths
    context   a browser: the state goes into each context, the browser sends it where it belongs
    close     a wall: the login ended, its owner is told; else what was renewed is sealed again

Two runs of a platform may end at once: each hands over only what *it* was given, and that is laid
over what is stored then (see `SessionDesk.renew`). No log line and no error holds any of it.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext
from playwright.async_api import Error as PlaywrightError

from crawlers.plan import Outcome
from crawlers.services import Services
from crawlers.set_cookie import read_set_cookie
from domain.brand import Source
from domain.coverage import CoverageState
from domain.errors import KoubeiError
from domain.hosts import is_loopback, normal_host
from domain.ports import Clock
from domain.session import WALLS, Door, door_of
from domain.storage_state import Cookie, StorageState, changed, storage_state_of
from workflow.platform_sessions import OpenSession, SessionDesk

log = logging.getLogger(__name__)


def session_of(services: Services, source: Source) -> StorageState | None:
    """Return the login that a source's pages may be asked with; None: they are read as a visitor
    sees them.
    """
    opened = _open(services, source)
    return opened.state if opened else None


@dataclass(slots=True)
class RunSession:
    """The login of one run. `used` None: the run is a visitor's."""

    desk: SessionDesk
    clock: Clock
    source: Source
    door: Door | None
    used: OpenSession | None
    given: dict[tuple[str, str, str], Cookie] = field(default_factory=dict, repr=False)

    @classmethod
    def begin(cls, services: Services, source: Source) -> "RunSession":
        """Open the login that a source's run uses."""
        return cls(
            services.session_desk,
            services.clock,
            source,
            door_of(source),
            _open(services, source),
        )

    @classmethod
    def of_a_visitor(cls, services: Services, source: Source) -> "RunSession":
        """Return one without a login, whatever is stored."""
        return cls(services.session_desk, services.clock, source, None, None)

    def header(self, url: str) -> str | None:
        """Return the Cookie header of a plain request; None for any host but the source's own, so
        that no redirect takes the login elsewhere.
        """
        if self.used is None or not self._is_at_home(url):
            return None
        state = self.used.state.with_cookies(self.given.values())
        return state.cookie_header(url, self._now())

    def answered(self, url: str, set_cookies: Iterable[bytes]) -> None:
        """Note the cookies that the answer to a plain request set."""
        if self.used is None or not self._is_at_home(url):
            return
        for header in set_cookies:
            cookie = read_set_cookie(header.decode("latin-1"), url=url, now=self._now())
            if cookie is not None:
                self.given[cookie.key] = cookie

    def context_options(self) -> dict[str, Any]:
        """Return what a browser context is made with so that it has the login."""
        if self.used is None:
            return {}
        state = self.used.state.with_cookies(self.given.values()).without_dead(self._now())
        return {"storage_state": state.for_browser()}

    async def leave(self, context: BrowserContext) -> None:
        """Note the cookies that a browser context got, before it is closed."""
        if self.used is None or self.door is None:
            return
        try:
            document = await context.storage_state()
            after = storage_state_of(document, "browser")
        except (PlaywrightError, KoubeiError) as error:
            log.warning("a browser kept its cookies to itself: %s", type(error).__name__)
            return
        before = self.used.state.with_cookies(self.given.values())
        for cookie in changed(before, after, now=self._now(), own=self.door.owns):
            self.given[cookie.key] = cookie

    def close(self, end: Outcome | None) -> None:
        """Say how the run ended (None: nothing stopped it), and what that says of the login."""
        now = self.clock.now()
        if end is not None and end.state is CoverageState.BLOCKED:
            if end.reason not in WALLS:
                return
            if self.used is not None:
                self.desk.end(self.used.session, end.reason, at=now)
            elif self.door is not None:
                self.desk.want(self.source.platform, end.reason, at=now)
        elif self.used is not None and self.door is not None:
            self.desk.renew(self.door, self.used.session, self.given.values(), at=now)

    def _is_at_home(self, url: str) -> bool:
        """Whether an address is the source's own host, asked safely."""
        home, there = urlsplit(self.source.base_url), urlsplit(url)
        try:
            host = normal_host(there)
            safe = there.scheme == "https" or is_loopback(host)
            return safe and host == normal_host(home)
        except ValueError:
            return False

    def _now(self) -> float:
        return self.clock.now().timestamp()


def _open(services: Services, source: Source) -> OpenSession | None:
    if door_of(source) is None:
        return None
    now = services.clock.now()
    opened = services.session_desk.open(source.platform, now)
    if opened is None or not opened.state.is_for(source.base_url, now.timestamp()):
        return None
    return opened
