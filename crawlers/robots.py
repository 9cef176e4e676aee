"""robots.txt, by our own rules (RFC 9309, read more strictly where it matters).

2xx             its rules hold for a day
401, 403, 429   a refusal: nothing of the host is asked
other 4xx       no rules: everything is allowed, for a day
5xx, no answer  unknown, so nothing is asked; the next run tries again (RFC 9309 §2.3.1.4)
"""

import json
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from protego import Protego

from crawlers.file_names import file_name_of

AGENT = "Koubei"
KEEP = timedelta(hours=24)
MAX_BYTES = 512 * 1024
"""RFC 9309 §2.5 asks for at least 500 KiB."""
_REFUSALS = frozenset({401, 403, 429})


@dataclass(frozen=True, slots=True)
class RobotsAnswer:
    """What a host said when asked for its robots.txt. `status` 0: it did not answer."""

    status: int
    body: str = ""

    def allows(self, url: str) -> bool:
        """Whether the answer lets us ask for an address of that host."""
        if 200 <= self.status < 300:
            return bool(Protego.parse(self.body).can_fetch(url, AGENT))
        return 400 <= self.status < 500 and self.status not in _REFUSALS

    @property
    def unread(self) -> bool:
        """Whether the host did not say: no answer, or an error of its own."""
        return self.status == 0 or self.status >= 500

    @property
    def lasts(self) -> bool:
        """Whether the answer may be kept for a day; refusals and silence are asked again."""
        return 200 <= self.status < 300 or (
            400 <= self.status < 500 and self.status not in _REFUSALS
        )


def robots_url(url: str) -> str:
    """Return the address of robots.txt for exactly the scheme, host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/robots.txt"


class RobotsCache:
    """Answers of a day, shared by the crawl processes of a machine: a file a host."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, url: str, now: datetime) -> RobotsAnswer | None:
        """Return the kept answer of the host of `url`, None when there is none of today."""
        try:
            kept = json.loads(self._file(url).read_text(encoding="utf-8"))
            age = now - datetime.fromisoformat(kept["at"])
            answer = RobotsAnswer(int(kept["status"]), str(kept["body"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return answer if timedelta(0) <= age < KEEP else None

    def put(self, url: str, answer: RobotsAnswer, now: datetime) -> None:
        """Keep an answer that lasts; others are forgotten with the process."""
        if not answer.lasts:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        file = self._file(url)
        # under a name of its own: another process may be keeping the same answer
        draft = file.with_suffix(f".{os.getpid()}.new")
        content = {"at": now.isoformat(), "status": answer.status, "body": answer.body}
        draft.write_text(json.dumps(content), encoding="utf-8")
        draft.replace(file)

    def _file(self, url: str) -> Path:
        return self._folder / f"robots-{file_name_of(robots_url(url))}.json"
