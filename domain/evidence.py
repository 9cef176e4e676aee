"""Which page of the archive a mention was read from: what evidence needs after the crawl."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SeenPage:
    """A page in the archive: the hash of its bytes, where it was fetched, and when."""

    sha256: str
    url: str
    fetched_at: datetime
