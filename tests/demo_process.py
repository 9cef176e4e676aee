"""The demo world as a process of its own, for tests that crawl it or look at it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from domain.times import CHINA

ROOT = Path(__file__).resolve().parents[1]
DEMO_NOON = datetime(2026, 11, 20, 12, 0, tzinfo=CHINA)
"""The demo's time at start, unless the arguments say otherwise."""


@contextmanager
def running_demo(*arguments: str) -> Iterator[dict[str, str]]:
    """Run `python -m demo`, yield its first line (urls by site, now, born), end it at the end."""
    process = start_demo("--now", DEMO_NOON.isoformat(), *arguments)
    try:
        yield first_line(process)
    finally:
        finish_demo(process)


def start_demo(*arguments: str) -> subprocess.Popen[str]:
    """Start the process; its standard input is a pipe, so it ends when the test does."""
    command = [sys.executable, "-m", "demo", *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)


def first_line(process: subprocess.Popen[str]) -> dict[str, str]:
    """Read what the process says when it listens."""
    assert process.stdout is not None
    said: dict[str, str] = json.loads(process.stdout.readline())
    return said


def finish_demo(process: subprocess.Popen[str]) -> int:
    """Close the pipe, wait for the end, and return the exit code."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    try:
        return process.wait(10)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
