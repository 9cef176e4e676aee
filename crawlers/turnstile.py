"""The pace of requests to one host, kept by all crawl processes of a machine together.

A file a host holds the earliest moment of its next request. Whoever wants to ask takes the next
free moment under a lock and waits for it without holding the lock. A `Retry-After` moves the
moment on for everybody.
"""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from crawlers.file_names import file_name_of
from domain.hosts import normal_host, place_of
from domain.pace import is_own

LONGEST_PAUSE = timedelta(days=1)
"""A Retry-After beyond this is taken for a day: no header may stop a source for ever."""


def gate_of(url: str, *, allowed_hosts: tuple[str, ...]) -> str:
    """Return the name of the turnstile of an address: one a host, however the host is spelled and
    whichever scheme and port; of the operator's own, each port is a server of its own.
    """
    host = normal_host(urlsplit(url))
    return place_of(url) if is_own(url, allowed_hosts) else host


class Turnstile:
    """Hands out the moments at which one host may be asked; times are seconds of the epoch."""

    def __init__(self, folder: Path, host: str, pace: timedelta, now: Callable[[], float]) -> None:
        self._file = folder / f"turn-{file_name_of(host)}"
        self._pace = pace.total_seconds()
        self._now = now

    def take(self, longest_wait: float) -> float | None:
        """Take the next free moment and return how many seconds to wait for it.

        None, with nothing taken, when that is longer than `longest_wait`.
        """
        with self._locked() as file:
            now = self._now()
            # a clock that was set back, or a torn file, must not stop the source for ever
            moment = min(max(now, _read(file)), now + LONGEST_PAUSE.total_seconds())
            if moment - now > longest_wait:
                return None
            _write(file, moment + self._pace)
            return moment - now

    def close_for(self, seconds: float) -> None:
        """Let nobody through for a while (the host said Retry-After)."""
        seconds = min(seconds, LONGEST_PAUSE.total_seconds())
        with self._locked() as file:
            _write(file, max(_read(file), self._now() + seconds))

    @contextmanager
    def _locked(self) -> Iterator[IO[str]]:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("a+", encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file


def _read(file: IO[str]) -> float:
    file.seek(0)
    try:
        return float(file.read() or 0)
    except ValueError:
        return 0.0


def _write(file: IO[str], moment: float) -> None:
    file.seek(0)
    file.truncate()
    file.write(repr(moment))
    file.flush()
