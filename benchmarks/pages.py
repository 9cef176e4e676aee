"""Page readers, in pages a second, beside a bare parse of the same bytes (orjson, lxml).

The bare parse builds a value or a tree and looks at nothing; a reader also finds out which page it
is, whether a wall stands there, and reads every mention. A third side does only what no reader in
Python can do without: our own parser over the bytes, and the mentions made of values at hand. It
tells the most that is possible, as making one mention takes as long as parsing half a kilobyte. A
page counts under the name that its reader gives it. All sides run in turn, best of several rounds,
in processor time: what other jobs do on the machine changes none.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import lxml.html  # type: ignore[import-untyped]
import orjson
import typer
from selectolax.lexbor import LexborHTMLParser

from benchmarks.goals import Finding, Verdict, at_least, show
from cli.terminal import EXIT_PARTIAL, say
from crawlers.pages.detect import read_page
from domain.errors import ConfigurationError, LayoutChanged, Text
from domain.mention import Platform
from domain.page import FoundMention
from runtime.heap import settled_heap

FIXTURES = Path(__file__).parents[1] / "tests" / "fixtures" / "pages"
GOALS = {"orjson": 0.3, "lxml": 0.5}
"""How many pages a second a reader should reach, as a share of what the bare parse does."""

_FIELDS = tuple(field.name for field in fields(FoundMention))
_AT = datetime(2026, 11, 20, 4, 0, 30, tzinfo=UTC)
_ROUNDS = 7
_QUICK_ROUNDS = 3
_ROUND_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class SavedPage:
    """A page on disk. `peer` is what parses its bytes barely."""

    platform: Platform
    body: bytes
    peer: str

    def read(self) -> str | None:
        """Return the name its reader gives it; None for a page without mentions."""
        page = read_page(self.body, platform=self.platform, fetched_at=_AT)
        return page.page if page.mentions else None

    def parse(self) -> object:
        """Parse the bytes and look at nothing."""
        return orjson.loads(self.body) if self.peer == "orjson" else lxml.html.fromstring(self.body)

    def least(self) -> Callable[[], object]:
        """Return what parses the bytes as a reader does and makes the mentions, reading nothing."""
        page = read_page(self.body, platform=self.platform, fetched_at=_AT)
        rows = [tuple(getattr(m, name) for name in _FIELDS) for m in page.mentions]
        text = self.body.decode("utf-8", "replace")

        def make() -> object:
            parsed = orjson.loads(self.body) if self.peer == "orjson" else LexborHTMLParser(text)
            return parsed, [FoundMention(*row) for row in rows]

        return make


@dataclass(slots=True)
class _Pages:
    """The pages of one name: how many, their bytes, and seconds for all of them."""

    peer: str
    count: int = 0
    size: int = 0
    own: float = 0.0
    bare: float = 0.0
    least: float = 0.0


def register(bench: typer.Typer) -> None:
    """Add `koubei bench pages`."""
    bench.command("pages")(pages)


def pages(
    folder: Annotated[
        Path,
        typer.Option(
            help="保存的页面，首层目录名以平台开头。"
            "Saved pages; the first folder's name begins with the platform."
        ),
    ] = FIXTURES,
    quick: Annotated[
        bool, typer.Option("--quick", help="少测几轮，几秒。Fewer rounds, a few seconds.")
    ] = False,
) -> None:
    """页面读取：每秒页数，与裸解析同样字节对比。Page readers against a bare parse."""
    saved = list(saved_pages(folder))
    if not saved:
        raise ConfigurationError(
            Text("没有保存的页面", "no saved pages"),
            place="--folder",
            mend=Text("指向存有页面的目录", "name a folder that holds pages"),
        )
    with settled_heap():
        measured = _measure(saved, _QUICK_ROUNDS if quick else _ROUNDS)
    findings = [_finding(name, surface) for name, surface in sorted(measured.items())]
    show(findings)
    say(
        f"{sum(surface.count for surface in measured.values())} 个页面；比值按 CPU 时间",
        f"{sum(surface.count for surface in measured.values())} pages; ratios of CPU time",
    )
    if any(finding.score.verdict is Verdict.MISSED for finding in findings):
        raise typer.Exit(EXIT_PARTIAL)


def saved_pages(folder: Path) -> Iterator[SavedPage]:
    """Yield the pages below a folder that a reader reads and the bare parser too."""
    for path in sorted(folder.rglob("*")):
        first = path.relative_to(folder).parts[0]
        platform = next((p for p in Platform if first.startswith(p.value)), None)
        is_page = path.suffix in (".html", ".json") and path.name != "expected.json"
        if platform is None or not is_page or not path.is_file():
            continue
        body = path.read_bytes()
        page = SavedPage(platform, body, "orjson" if body[:1] in (b"{", b"[") else "lxml")
        if _is_read(page):
            yield page


def _is_read(page: SavedPage) -> bool:
    try:
        return page.read() is not None
    except LayoutChanged:
        return False


def _measure(saved: list[SavedPage], rounds: int) -> dict[str, _Pages]:
    measured: dict[str, _Pages] = {}
    for page in saved:
        surface = measured.setdefault(f"{page.read()} ({page.peer})", _Pages(page.peer))
        surface.count += 1
        surface.size += len(page.body)
        own, bare, least = _seconds((page.read, page.parse, page.least()), rounds)
        surface.own += own
        surface.bare += bare
        surface.least += least
    return measured


def _seconds(sides: Sequence[Callable[[], object]], rounds: int) -> list[float]:
    """Processor time of one call of each, the least of several rounds taken in turn."""
    calls = [(call, _calls_a_round(call)) for call in sides]
    best = [float("inf")] * len(calls)
    for _ in range(rounds):
        for place, (call, times) in enumerate(calls):
            best[place] = min(best[place], _cpu(call, times) / times)
    return best


def _calls_a_round(call: Callable[[], object]) -> int:
    times = 1
    while _cpu(call, times) < _ROUND_SECONDS:
        times *= 2
    return times


def _cpu(call: Callable[[], object], times: int) -> float:
    begin = time.process_time()
    for _ in range(times):
        call()
    return time.process_time() - begin


def _finding(name: str, surface: _Pages) -> Finding:
    own, bare = surface.count / surface.own, surface.count / surface.bare
    most = surface.bare / surface.least
    return Finding(
        what=Text(name, name),
        measured=f"{own:,.0f}/s, {surface.count} × {surface.size / surface.count / 1000:,.1f} kB",
        peer=Text(
            f"{surface.peer}：{bare:,.0f}/s，至多 {most:.2g}×",
            f"{surface.peer}: {bare:,.0f}/s, at most {most:.2g}×",
        ),
        score=at_least(GOALS[surface.peer], own / bare),
    )
