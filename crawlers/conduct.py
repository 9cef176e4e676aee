"""How one run behaves towards its source: whom it may ask, how often, what robots.txt said, and
what a person signed for.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from crawlers.gate import NOTHING_SIGNED, Signed, Verdict, judge
from crawlers.guard import AddressPolicy
from crawlers.robots import RobotsAnswer, RobotsCache, robots_url
from crawlers.services import Settings
from crawlers.turnstile import Turnstile, gate_of
from domain.brand import Source, Transport
from domain.errors import RobotsRefused
from domain.pace import pace_of
from domain.ports import Clock

_REMEMBERED = 100
"""Refused addresses; a page can ask for the same thousand times."""


@dataclass(slots=True)
class Conduct:
    """The conduct of a run. `robots` holds today's answers by address of robots.txt; `under` is the
    id of the sheet (采集影响评估) under which the run has opened what robots.txt forbids, `refused`
    the first addresses that it could not open.
    """

    policy: AddressPolicy
    pace: timedelta
    allowed_hosts: tuple[str, ...]
    delay: timedelta
    folder: Path
    clock: Clock
    user_agent: str
    epoch_seconds: Callable[[], float] = time.time
    robots: dict[str, RobotsAnswer] = field(default_factory=dict)
    base_url: str = ""
    signed: Signed = lambda _: NOTHING_SIGNED
    under: str = ""
    refused: dict[str, RobotsRefused] = field(default_factory=dict)

    @classmethod
    def towards(cls, source: Source, settings: Settings, clock: Clock, signed: Signed) -> "Conduct":
        """The conduct towards a source under the settings of this installation; `signed` tells how
        it stands with its sheet.
        """
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
            base_url=source.base_url,
            signed=signed,
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

    def judge(self, url: str, answer: RobotsAnswer) -> Verdict:
        """Return whether an address may be asked for; a sheet that lets it pass is noted, and so is
        a refusal.
        """
        verdict = judge(url, answer, base_url=self.base_url, signed=self.signed)
        if verdict.under is not None:
            self.under = verdict.under.id
        if verdict.refusal is not None and len(self.refused) < _REMEMBERED:
            self.refused[url] = verdict.refusal
        return verdict

    def refusal_of(self, call: str) -> RobotsRefused | None:
        """Return why a call (a part of its address) that a page wanted to make was refused; None
        when it was not.
        """
        return next((why for url, why in self.refused.items() if call and call in url), None)

    def keep_robots(self, url: str, answer: RobotsAnswer) -> None:
        """Note what the host of an address answered."""
        self.robots[robots_url(url)] = answer
        RobotsCache(self.folder).put(url, answer, self.clock.now())
