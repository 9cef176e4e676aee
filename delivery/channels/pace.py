"""Keeping within a robot's limits: so many messages in so long a time, and rest after a breach."""

import threading
from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta

NOW = timedelta(0)


class Pace:
    """Sliding windows over the moments at which messages went out. Safe for several threads."""

    def __init__(self, limits: Sequence[tuple[int, timedelta]]) -> None:
        self._limits = tuple(limits)
        self._longest = max((span for _, span in limits), default=NOW)
        self._sent: deque[datetime] = deque()
        self._shut_until: datetime | None = None
        self._lock = threading.Lock()

    def take(self, now: datetime) -> timedelta:
        """Return how long to wait; NOW means go, and the message is counted."""
        with self._lock:
            if self._shut_until is not None and now < self._shut_until:
                return self._shut_until - now
            while self._sent and now - self._sent[0] >= self._longest:
                self._sent.popleft()
            wait = max((self._wait(now, *limit) for limit in self._limits), default=NOW)
            if wait <= NOW:
                self._sent.append(now)
            return max(wait, NOW)

    def shut(self, until: datetime) -> None:
        """Say nothing before `until`: the service has shut the robot."""
        with self._lock:
            self._shut_until = until

    def _wait(self, now: datetime, count: int, span: timedelta) -> timedelta:
        within = [at for at in self._sent if now - at < span]
        return within[-count] + span - now if len(within) >= count else NOW
