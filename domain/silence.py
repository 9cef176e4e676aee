"""A silence (静默): for a while, nobody is told of what a person expects or has in hand.

It covers what is not red. Detection goes on beneath it: each evaluation is kept, named `silenced`,
and what still goes on when the silence ends is told then.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.brand import Level
from domain.mention import Platform
from domain.signal import Rule, Signal

LONGEST_SILENCE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class SilenceScope:
    """What a silence covers: all that is set must agree, and one of them is set.

    `platform`: only what is said on that platform alone. `signal_key`: one signal.
    """

    brand_id: str = ""
    rule: Rule | None = None
    platform: Platform | None = None
    signal_key: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether it would cover everything there is."""
        return not (self.brand_id or self.rule or self.platform or self.signal_key)

    def covers(self, signal: Signal) -> bool:
        """Whether a signal lies within; a red one never does."""
        where = set(signal.alerted_platforms or signal.platforms)
        return (
            signal.level is not Level.RED
            and not self.is_empty
            and self.brand_id in {"", signal.brand_id}
            and self.rule in {None, signal.rule}
            and (self.platform is None or where == {self.platform})
            and self.signal_key in {"", signal.key}
        )


@dataclass(frozen=True, slots=True)
class Silence:
    """One decision not to be told, with its author, its reason and its end.

    `ended_at`: when somebody ended it before its time. `expiry_told`: the notice that it is over
    was written.
    """

    id: str
    scope: SilenceScope
    author_id: str
    reason: str
    starts_at: datetime
    ends_at: datetime
    ended_at: datetime | None = None
    ended_by: str = ""
    expiry_told: bool = False
    version: int = 0

    def holds(self, now: datetime) -> bool:
        """Whether it silences anything at `now`."""
        return self.starts_at <= now < (self.ended_at or self.ends_at)


def covering(silences: Iterable[Silence], signal: Signal, now: datetime) -> Silence | None:
    """Return the silence that covers a signal at `now` and ends last, None when there is none."""
    found = [s for s in silences if s.holds(now) and s.scope.covers(signal)]
    return max(found, key=lambda s: s.ends_at, default=None)
