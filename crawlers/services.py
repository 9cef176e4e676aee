"""What a crawl needs from the rest of the house, as the shape of what `runtime.wiring` hands out.

Tests pass their own object of this shape; nothing here names an adapter.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from domain.brand import Watch
from domain.page import FoundMention
from domain.ports import BeginWork, Clock, MentionStore, PageArchive
from workflow.platform_sessions import SessionDesk


class IngestCounts(Protocol):
    """How many mentions stood on a page, passed a watch, were new, were refused by the store, and
    wait for it on this machine.
    """

    @property
    def found(self) -> int: ...
    @property
    def matched(self) -> int: ...
    @property
    def new(self) -> int: ...
    @property
    def dead_lettered(self) -> int: ...
    @property
    def spooled(self) -> int: ...


class Ingest(Protocol):
    """The one step through which everything found reaches the store."""

    def take(
        self,
        found: Sequence[FoundMention],
        *,
        watch: Watch,
        run_id: str,
        collected_at: datetime,
    ) -> IngestCounts:
        """Store what passes the watch, or keep it (`spooled`); durable when it returns.
        StoreUnavailable: try again.
        """


class CrawlSettings(Protocol):
    """`[crawl]` of koubei.toml. `allowed_hosts` are the exact `host:port` that may be private."""

    @property
    def contact(self) -> str | None: ...
    @property
    def allowed_hosts(self) -> Sequence[str]: ...
    @property
    def wall_clock(self) -> timedelta: ...
    @property
    def delay(self) -> timedelta: ...


class BrowserSettings(Protocol):
    """`[browser]` of koubei.toml."""

    @property
    def enabled(self) -> bool: ...
    @property
    def path(self) -> Path | None: ...


class Settings(Protocol):
    """The settings that a crawl reads."""

    @property
    def data_dir(self) -> Path: ...
    @property
    def timezone(self) -> str: ...
    @property
    def crawl(self) -> CrawlSettings: ...
    @property
    def browser(self) -> BrowserSettings: ...


class Services(Protocol):
    """The open stores and the ingest step, as `runtime.wiring.open_services` returns them."""

    @property
    def store(self) -> MentionStore: ...
    @property
    def archive(self) -> PageArchive: ...
    @property
    def begin_work(self) -> BeginWork: ...
    @property
    def ingest(self) -> Ingest: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def session_desk(self) -> SessionDesk: ...
