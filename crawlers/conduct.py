"""How one run behaves towards its source: whom it may ask, how often, and what robots.txt said."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from crawlers.guard import AddressPolicy
from crawlers.robots import RobotsAnswer, RobotsCache, robots_url
from crawlers.services import Settings
from crawlers.turnstile import Turnstile, gate_of, pace_of
from domain.brand import Source, Transport
from domain.ports import Clock


@dataclass(slots=True)
class Conduct:
    """The conduct of a run. `robots` holds today's answers by address of robots.txt."""

    policy: AddressPolicy
    pace: timedelta
    allowed_hosts: tuple[str, ...]
    delay: timedelta
    folder: Path
    clock: Clock
    user_agent: str
    epoch_seconds: Callable[[], float] = time.time
    robots: dict[str, RobotsAnswer] = field(default_factory=dict)

    @classmethod
    def towards(cls, source: Source, settings: Settings, clock: Clock) -> "Conduct":
        """The conduct towards a source under the settings of this installation."""
        allowed = tuple(settings.crawl.allowed_hosts)
        contact = settings.crawl.contact
        return cls(
            policy=AddressPolicy.for_source(
                source, allowed, browser=source.transport is Transport.BROWSER
            ),
            pace=pace_of(source.base_url, delay=settings.crawl.delay, allowed_hosts=allowed),
            allowed_hosts=allowed,
            delay=settings.crawl.delay,
            folder=settings.data_dir / "politeness",
            clock=clock,
            user_agent=f"Koubei/0.1 (+{contact})" if contact else "Koubei/0.1",
        )

    def turnstile(self, url: str) -> Turnstile:
        """The turnstile in front of the host of an address."""
        pace = pace_of(url, delay=self.delay, allowed_hosts=self.allowed_hosts)
        gate = gate_of(url, allowed_hosts=self.allowed_hosts)
        return Turnstile(self.folder, gate, pace, self.epoch_seconds)

    def known_robots(self, url: str) -> RobotsAnswer | None:
        """Return the robots.txt answer of the host of an address, None when it was not asked."""
        key = robots_url(url)
        if key not in self.robots:
            kept = RobotsCache(self.folder).get(url, self.clock.now())
            if kept is not None:
                self.robots[key] = kept
        return self.robots.get(key)

    def keep_robots(self, url: str, answer: RobotsAnswer) -> None:
        """Note what the host of an address answered."""
        self.robots[robots_url(url)] = answer
        RobotsCache(self.folder).put(url, answer, self.clock.now())
