"""Which processes run on this machine, whose children they are, and how to end a whole family.

Read from /proc where there is one, because a small Linux image has no `ps`; asked from `ps` on
macOS, which always has it.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_STATE, _PARENT, _STARTED = 0, 1, 19
"""Fields of /proc/PID/stat behind the name of the program (proc(5): 3, 4 and 22)."""
_PR_SET_CHILD_SUBREAPER = 36
"""linux/prctl.h."""
_ROUNDS, _UNTIL_THEY_ARE_GONE = 50, 0.1
"""How often the children of a stopped process are counted again, and seconds between."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process; `started` tells it from a later one with the same id."""

    pid: int
    started: str


def descendants(pid: int) -> set[Process]:
    """Return the processes that a process started, and those they started."""
    children: dict[int, list[Process]] = {}
    for process, parent in running_processes():
        children.setdefault(parent, []).append(process)
    found: set[Process] = set()
    waiting = [pid]
    while waiting:
        born = children.get(waiting.pop(), [])
        found.update(born)
        waiting += [child.pid for child in born]
    return found


def running_processes() -> list[tuple[Process, int]]:
    """Return every process of the machine with the id of its parent; zombies are gone."""
    told = _from_proc(_PROC) if (_PROC / "self" / "stat").exists() else _from_ps()
    return [(Process(pid, started), parent) for pid, parent, state, started in told if state != "Z"]


def _from_proc(proc: Path) -> Iterator[tuple[int, int, str, str]]:
    for folder in proc.iterdir():
        if folder.name.isdecimal():
            with suppress(OSError):  # it ended meanwhile
                line = (folder / "stat").read_text(encoding="utf-8", errors="replace")
                # a program may have spaces and brackets in its name
                fields = line.rpartition(")")[2].split()
                yield int(folder.name), int(fields[_PARENT]), fields[_STATE], fields[_STARTED]


def _from_ps() -> Iterator[tuple[int, int, str, str]]:
    listing = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,stat=,lstart="],  # noqa: S607  # part of the system
        capture_output=True,
        text=True,
        check=False,
    )
    for line in listing.stdout.splitlines():
        pid, parent, state, started = line.split(maxsplit=3)
        yield int(pid), int(parent), state[:1], started


def adopt_orphans() -> None:
    """Become the parent of what our children leave behind, so that `descendants` still finds it.

    A browser starts processes that start processes; one whose parent died would otherwise belong to
    init, and nobody could tell whose it was. Linux only; elsewhere nothing changes.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_family(pid: int) -> None:
    """Kill a process and everything it started.

    It is stopped first, so that it starts nothing more while its children are being counted.
    """
    _send(pid, signal.SIGSTOP)
    for _ in range(_ROUNDS):
        found = descendants(pid)
        if not found:
            break
        for process in found:
            _send(process.pid, signal.SIGKILL)
        time.sleep(_UNTIL_THEY_ARE_GONE)
    _send(pid, signal.SIGKILL)


def end_those(processes: set[Process]) -> None:
    """Kill those of the processes that still run; a number that went to somebody else is spared."""
    for process in processes & {known for known, _ in running_processes()}:
        _send(process.pid, signal.SIGKILL)


def _send(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)
