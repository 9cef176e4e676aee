"""The demo's time: a moment that was given, and how long the process has lived since."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True)
class DemoClock:
    """Says `begin` plus the time since the clock was made; stands still when `frozen`."""

    begin: datetime
    frozen: bool = False
    monotonic: Callable[[], float] = time.monotonic
    _started: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_started", self.monotonic())

    def now(self) -> datetime:
        """The demo's moment, aware, UTC."""
        if self.frozen:
            return self.begin
        lived = timedelta(seconds=self.monotonic() - self._started)
        return (self.begin + lived).astimezone(UTC)
