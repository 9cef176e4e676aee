"""What the HTTP service is given: stores, clock, keys, and what its pages must know."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from domain.ports import BeginWork, Clock, Masker, MentionStore
from runtime.settings_model import Oidc
from workflow.accounts import House
from workflow.login import Door
from workflow.passwords import Passwords


@dataclass(frozen=True, slots=True)
class DashboardScript:
    """The dashboard, by the path of its script; how it looks; who is told what its pages raise.

    `first` is another name of its page at `/`, `pages` are the addresses of the others (`feed`):
    whatever else is asked for is no page. Without any the script answers to every address.
    """

    path: Path
    settings: Mapping[str, object] = field(default_factory=dict)
    on_error: Callable[[Exception], bool | None] | None = None
    first: str = ""
    pages: frozenset[str] = frozenset()


@dataclass(frozen=True)
class WebServices:
    """What the pages read. `zone_name` is the business zone; `mails_become_files`: no mail server
    is set. `dashboard` is served at `/`; without it the status page is.
    """

    begin_work: BeginWork
    begin_reading: BeginWork
    store: MentionStore
    clock: Clock
    metrics_token: str = field(repr=False)
    public_url: str
    zone_name: str
    language: str = "zh"
    mails_become_files: bool = False
    listens_on: str = "127.0.0.1"
    trusted_proxy: tuple[str, ...] = ()
    masker: Callable[[], Masker] | None = None
    passwords: Passwords = field(default_factory=Passwords)
    oidc: Oidc | None = None
    dashboard: DashboardScript | None = None

    @property
    def is_https(self) -> bool:
        """Whether people reach the pages by https."""
        return self.public_url.startswith("https:")

    @property
    def door(self) -> Door:
        """What every way in needs."""
        return Door(self.begin_work, self.passwords)

    @property
    def house(self) -> House:
        """What links and mails about accounts need."""
        return House(self.public_url, self.language)
