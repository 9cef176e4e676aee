"""`python -m runtime.healthy URL|FILE`: for the health check of a container, exit code 0 or 1.

A URL (/healthz) has to answer; a file (`koubei up --alive-file`) has to be younger than a minute.
Only the standard library: it runs every few seconds.
"""

import sys
import time
from pathlib import Path
from typing import Final
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

ANSWER_SECONDS: Final = 5.0
YOUNG_SECONDS: Final = 60.0
"""Twelve turns of the timetable: a slow database is not a dead service."""


def is_healthy(place: str, *, now: float) -> bool:
    """Whether the address answers with 200, or the file was touched within a minute of `now`."""
    if not place.startswith(("http://", "https://")):
        try:
            return now - Path(place).stat().st_mtime < YOUNG_SECONDS
        except OSError:
            return False
    try:
        # this machine is not asked through a proxy that the environment names
        with build_opener(ProxyHandler({})).open(place, timeout=ANSWER_SECONDS) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


if __name__ == "__main__":
    sys.exit(0 if is_healthy(sys.argv[1], now=time.time()) else 1)
