"""`koubei parse`: what a saved page says, as one JSON document."""

import sys
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path
from typing import Annotated

import orjson
import typer

from cli.moments import moment_option
from cli.terminal import EXIT_DONE, EXIT_FAILED, EXIT_PARTIAL, complain
from domain.errors import DependencyMissing, LayoutChanged, Text
from domain.mention import Platform
from domain.page import FoundMention, Page, PageState
from presentation.hostile import without_commands
from presentation.refusals import refusal

_MOST_BYTES = 16 * 1024 * 1024 + 1
"""One byte more than is read of any page: enough to see that a file is larger."""


_ARCHIVED = ".zlib"
"""How the page archive packs a body; `data_dir/pages` is where a changed layout is looked at."""


_TOLD = tuple(each.name for each in fields(FoundMention) if each.name not in {"under", "context"})
"""What a page tells of a mention; the other two are a crawl's."""


class _Outcome(IntEnum):
    READ = 0
    LAYOUT_CHANGED = 1
    UNREADABLE = 2


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "parse",
        help="读取保存的页面（自动识别类型），每个文件输出一行 JSON。Read saved pages.",
    )(parse)


def parse(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="保存的页面。Saved pages.")],
    platform: Annotated[
        Platform, typer.Option("--platform", "-p", help="页面属于哪个平台。Whose pages they are.")
    ],
    url: Annotated[str, typer.Option(help="页面地址，可省略。Their address, if known.")] = "",
    fetched_at: Annotated[
        str | None,
        typer.Option(
            metavar="T",
            help="抓取时间，无时区为北京时间；缺省为文件修改时间。"
            "When it was fetched; else the file's own time.",
        ),
    ] = None,
) -> None:
    """Read saved pages and print one JSON document a file, in the order given.

    Each has `page`, `state`, `reason`, `mentions` and `next`. Exit code 3 when a layout was not
    understood or a file could not be read, 1 when no file could be read at all.
    """
    moment = moment_option(fetched_at)
    outcomes = [_read(file, platform, url, moment) for file in files]
    if all(outcome is _Outcome.UNREADABLE for outcome in outcomes):
        raise typer.Exit(EXIT_FAILED)
    raise typer.Exit(EXIT_PARTIAL if any(outcomes) else EXIT_DONE)


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    modified_at: datetime


def _load(path: Path) -> _File:
    with path.open("rb") as stream:
        body = stream.read(_MOST_BYTES)
    if path.suffix == _ARCHIVED:
        body = zlib.decompressobj().decompress(body, _MOST_BYTES)
    return _File(body, datetime.fromtimestamp(path.stat().st_mtime, UTC))


def _read(path: Path, platform: Platform, url: str, fetched_at: datetime | None) -> _Outcome:
    try:
        file = _load(path)
    except OSError as error:
        why = refusal(error).text
        complain(
            f"✗ {path}：读不了（{why.zh}），其余文件照常", f"✗ {path}: cannot be read ({why.en})"
        )
        return _Outcome.UNREADABLE
    except zlib.error:
        complain(f"✗ {path}：不是完整的存档页面", f"✗ {path}: is no whole page of the archive")
        return _Outcome.UNREADABLE
    page, outcome = _page(file, platform, url, fetched_at or file.modified_at)
    _print(page)
    return outcome


def _page(file: _File, platform: Platform, url: str, fetched_at: datetime) -> tuple[Page, _Outcome]:
    try:
        # here, because selectolax is part of the extra `crawl` and other commands live without it
        from crawlers.pages.detect import read_page
    except ModuleNotFoundError as error:
        raise DependencyMissing(
            Text(f"缺少 {error.name}", f"{error.name} is not installed"),
            place="koubei parse",
            mend=Text("python3 run.py setup 补齐组件", "python3 run.py setup installs it"),
        ) from error
    try:
        return (
            read_page(file.body, platform=platform, url=url, fetched_at=fetched_at),
            _Outcome.READ,
        )
    except LayoutChanged as error:
        page = Page(
            page=error.surface,
            state=PageState.LAYOUT_CHANGED,
            reason=error.text.in_language("en"),
        )
        return page, _Outcome.LAYOUT_CHANGED


def _print(page: Page) -> None:
    document = {
        "page": page.page,
        "state": page.state,
        "reason": page.reason,
        "mentions": [_told(mention) for mention in page.mentions],
        "next": page.next,
    }
    # what would command a terminal is escaped: the same JSON for whoever reads it
    line = without_commands(_json(document).decode())
    sys.stdout.buffer.write(line.encode() + b"\n")
    sys.stdout.buffer.flush()


def _told(mention: FoundMention) -> dict[str, object]:
    """Return the fields of a mention that a page tells."""
    return {name: getattr(mention, name) for name in _TOLD}


def _json(document: Mapping[str, object]) -> bytes:
    try:
        return orjson.dumps(document)
    except TypeError:  # half a character that a platform cut off
        return orjson.dumps(_whole(document))


def _whole(value: object) -> object:
    """Return a JSON value whose texts have "?" for half characters."""
    if is_dataclass(value) and not isinstance(value, type):
        return _whole(asdict(value))
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_whole(item) for item in value]
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
