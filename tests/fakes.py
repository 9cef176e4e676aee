"""Small stand-ins for ports: a clock that stands still, and builders for domain objects."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from domain.mention import Kind, Mention, Platform, Precision

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
"""2026-11-20 12:00 in China, the moment at which tests play unless they say otherwise."""


@dataclass
class FixedClock:
    """A clock that moves only when told."""

    time: datetime = NOON

    def now(self) -> datetime:
        """Return the set time."""
        return self.time

    def forward(self, by: timedelta) -> datetime:
        """Move on and return the new time."""
        self.time += by
        return self.time


def a_mention(native_id: str = "1", **changes: object) -> Mention:
    """Return a valid Weibo post; keyword arguments replace fields."""
    fields: dict[str, object] = {
        "id": f"weibo:{native_id}",
        "platform": Platform.WEIBO,
        "kind": Kind.POST,
        "url": f"https://weibo.com/1/{native_id}",
        "text": "云栈奶茶今天排队好久",
        "published_at": NOON - timedelta(hours=1),
        "published_precision": Precision.MINUTE,
        "collected_at": NOON,
        "first_seen_at": NOON,
        "source": "run-1",
        **changes,
    }
    return Mention(**fields)  # type: ignore[arg-type]
