"""Where a cluster is and who asks it; without the client, which takes long to import."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key as the cluster shows it once: base64 of `id:key`."""

    encoded: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Login:
    """A user of the cluster."""

    name: str
    password: str = field(repr=False)


Credentials = ApiKey | Login


def nobody() -> Credentials | None:
    """Ask without credentials: a cluster on this machine without security."""
    return None


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where a cluster is, which index is ours there and who asks.

    `url` is `https://host:9200`, or several with commas between them; plain http to this machine
    only. `index` is the alias; the indices behind it are `{index}-v2` and so on. Credentials are
    asked for at each `connect`, so that a changed key needs no restart. `reader`: who asks when
    nothing is written, the same where None. `replicas` None: none on one node, one on more.
    """

    url: str
    index: str = "koubei-mentions"
    ca_file: Path | None = None
    credentials: Callable[[], Credentials | None] = nobody
    reader: Callable[[], Credentials | None] | None = None
    timeout: timedelta = timedelta(seconds=10)
    shards: int = 1
    replicas: int | None = None

    @property
    def urls(self) -> list[str]:
        """The address of each node."""
        return [part.strip() for part in self.url.split(",")]

    @property
    def place(self) -> str:
        """The cluster as errors name it."""
        return f"Elasticsearch {self.url}"

    def as_reader(self) -> "Cluster":
        """Return the same cluster, asked by who may only read."""
        return self if self.reader is None else replace(self, credentials=self.reader)
