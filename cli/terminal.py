"""What every command says and how: language, plain lines, tables, progress, exit codes."""

import os
import sys
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text as RichText

from domain.errors import Text
from presentation.hostile import without_commands

EXIT_DONE = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_PARTIAL = 3
EXIT_INTERRUPTED = 130
"""Ctrl-C, as shells count it."""


_SETTINGS_FILE = "koubei.toml"


def language() -> str:
    """Return `zh` or `en`: of KOUBEI_LANGUAGE, else of the settings file, else Chinese.

    The file is only peeked into, because a file that is wrong must be complained about in some
    language too; `koubei config` and every command that needs settings check it properly.
    """
    named = os.environ.get("KOUBEI_LANGUAGE")
    if named is None:
        named = _language_of(Path(os.environ.get("KOUBEI_CONFIG") or _SETTINGS_FILE).absolute())
    return "en" if named.lower().startswith("en") else "zh"


@lru_cache(maxsize=8)
def _language_of(settings_file: Path) -> str:
    try:
        value = tomllib.loads(settings_file.read_text(encoding="utf-8-sig")).get("language")
    except (OSError, ValueError):  # absent, not UTF-8, not TOML
        return ""
    return value if isinstance(value, str) else ""


def pick(zh: str, en: str) -> str:
    """Return the sentence in the language of this run."""
    return Text(zh, en).in_language(language())


class _PlainConsole(Console):
    """Prints texts as texts: neither markup nor anything that the terminal would obey."""

    def print(self, *objects: Any, **options: Any) -> None:
        """Print; a text loses its commands."""
        super().print(
            *(without_commands(o) if isinstance(o, str) else o for o in objects), **options
        )


def out() -> Console:
    """Return a console on standard output; crawled text printed through it is only text."""
    return _PlainConsole(markup=False, highlight=False, soft_wrap=True)


def err() -> Console:
    """Return a console on standard error, as harmless as `out`."""
    return _PlainConsole(stderr=True, markup=False, highlight=False, soft_wrap=True)


def say(zh: str, en: str) -> None:
    """Print one plain line to standard output."""
    out().print(pick(zh, en))


def complain(zh: str, en: str) -> None:
    """Print one plain line to standard error."""
    err().print(pick(zh, en))


def show_table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a plain table to standard output."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for header in headers:
        table.add_column(_in_one_line(header), overflow="fold")
    for row in rows:
        table.add_row(*(RichText(_in_one_line(cell)) for cell in row))
    out().print(table)


def _in_one_line(cell: str) -> str:
    return without_commands(" ".join(cell.split("\n")))


class Advance(Protocol):
    """Moves a progress bar on."""

    def __call__(self, steps: int = 1, *, total: int | None = None) -> None: ...


@contextmanager
def progress(zh: str, en: str, total: int | None) -> Iterator[Advance]:
    """Show a bar on a terminal; elsewhere print a plain line at every tenth part and at the end."""
    if sys.stderr.isatty():
        with _bar(without_commands(pick(zh, en)), total) as advance:
            yield advance
    else:
        with _lines(pick(zh, en), total) as advance:
            yield advance


_WORTH_LINES = 100
"""Smaller work is over before a line about its tenth part is read."""


@contextmanager
def _bar(label: str, total: int | None) -> Iterator[Advance]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=err()) as bar:
        task = bar.add_task(label, total=total)

        def advance(steps: int = 1, *, total: int | None = None) -> None:
            if total is not None:
                bar.update(task, total=total)
            bar.advance(task, steps)

        yield advance


@contextmanager
def _lines(label: str, total: int | None) -> Iterator[Advance]:
    done, goal, told = 0, total, 0

    def advance(steps: int = 1, *, total: int | None = None) -> None:
        nonlocal done, goal, told
        goal = total if total is not None else goal
        done += steps
        tenth = done * 10 // goal if goal else 0
        if tenth > told and goal and goal >= _WORTH_LINES:
            told = tenth
            err().print(f"{label} {done}/{goal}")

    yield advance
    err().print(f"{label} {done}" + (f"/{goal}" if goal else ""))
