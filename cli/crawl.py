"""`koubei crawl`: one crawl now, each watch × source in a process of its own."""

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from typing import Annotated

import typer

from cli.opening import load_settings_of_a_service, open_existing
from cli.terminal import (
    EXIT_DONE,
    EXIT_FAILED,
    EXIT_PARTIAL,
    Advance,
    language,
    pick,
    progress,
    say,
    show_table,
)
from crawlers.launch import RunOutcome, look
from crawlers.services import Services
from domain.brand import Configuration, Source, Watch
from domain.coverage import CoverageState
from domain.errors import ConfigurationError, Text, UnknownSpider
from domain.mention import Platform
from domain.spiders import SPIDERS
from presentation.wording import reason, word
from runtime.extras import require

_LOOKED = {CoverageState.OK, CoverageState.EMPTY}


def register(app: typer.Typer) -> None:
    """Add `crawl`."""

    @app.command()
    def crawl(
        spider: Annotated[
            str, typer.Argument(help="爬虫名，或 all。A spider's name, or all.")
        ] = "all",
        watch: Annotated[
            str | None, typer.Option(help="只采集这个监测方案。Only this watch.")
        ] = None,
        source: Annotated[
            str | None, typer.Option(help="只采集这个来源。Only this source.")
        ] = None,
    ) -> None:
        """立即采集一次，并列出每个来源的结果。Crawl once now and list how each source went."""
        require("crawl", "analysis")
        with open_existing(load_settings_of_a_service()) as services:
            with services.begin_work() as work:
                _, configuration = work.configuration.current()
            pairs = choose(configuration, spider, watch, source)
            outcomes = crawl_all(pairs, services)
        show(outcomes, {s.id: s.platform for s in configuration.sources})
        raise typer.Exit(exit_code(outcomes))


def choose(
    configuration: Configuration, spider: str, watch: str | None, source: str | None
) -> list[tuple[Watch, Source]]:
    """Return the pairs that are meant.

    UnknownSpider or ConfigurationError names what there is instead.
    """
    if spider not in {"all", *SPIDERS}:
        names = "、".join(SPIDERS)
        raise UnknownSpider(
            Text(f"没有爬虫 {spider!r}", f"there is no spider {spider!r}"),
            mend=Text(f"可用：{names}、all", f"there are: {', '.join(SPIDERS)}, all"),
        )
    _known("watch", watch, [w.id for w in configuration.watches])
    _known("source", source, [s.id for s in configuration.sources])
    pairs = [
        (w, s)
        for w, s in configuration.crawl_pairs()
        if spider in {"all", s.spider} and watch in {None, w.id} and source in {None, s.id}
    ]
    if not pairs:
        raise ConfigurationError(
            Text("没有可采集的监测方案与来源", "no watch with a source to crawl"),
            mend=Text(
                "用 koubei apply 导入并启用监测方案", "import and enable watches with koubei apply"
            ),
        )
    return pairs


def crawl_all(pairs: list[tuple[Watch, Source]], services: Services) -> list[RunOutcome]:
    """Crawl the pairs: sources of one address one after the other, different ones at once."""
    by_address = sorted(pairs, key=lambda pair: pair[1].base_url)
    queues = [list(group) for _, group in groupby(by_address, key=lambda pair: pair[1].base_url)]
    with progress("采集页数", "pages", None) as advance:
        count = _counter(advance)
        with ThreadPoolExecutor(max_workers=len(queues)) as pool:
            done = pool.map(
                lambda queue: [look(p, services, progress=count) for p in queue], queues
            )
            return [outcome for outcomes in done for outcome in outcomes]


def _counter(advance: Advance) -> "_Count":
    return _Count(advance)


class _Count:
    """Moves the bar on for each page, from whichever thread hears of it."""

    def __init__(self, advance: Advance) -> None:
        self._advance = advance
        self._lock = threading.Lock()

    def __call__(self, event: Mapping[str, object]) -> None:
        if event.get("event") == "page":
            with self._lock:
                self._advance(1)


def show(outcomes: list[RunOutcome], platforms: Mapping[str, Platform]) -> None:
    """Print one line a pair, and what mends those that went wrong."""
    headers = (
        pick("监测方案", "watch"),
        pick("来源", "source"),
        pick("结果", "state"),
        pick("页数", "pages"),
        pick("看到", "found"),
        pick("匹配", "matched"),
        pick("新增", "new"),
        pick("原因与办法", "reason and mend"),
    )
    show_table(headers, [_line(outcome, platforms) for outcome in outcomes])
    looked = sum(outcome.state in _LOOKED for outcome in outcomes)
    say(f"{len(outcomes)} 项中 {looked} 项完整", f"{looked} of {len(outcomes)} complete")


def _line(outcome: RunOutcome, platforms: Mapping[str, Platform]) -> tuple[str, ...]:
    lang = language()
    state = word(outcome.state) if outcome.state else Text("未开始", "not started")
    figures = (outcome.pages, outcome.found, outcome.matched, outcome.new)
    return (
        outcome.watch_id,
        outcome.source_id,
        state.in_language(lang),
        *(str(number) for number in figures),
        _why(outcome, platforms.get(outcome.source_id)).in_language(lang),
    )


def _why(outcome: RunOutcome, platform: Platform | None) -> Text:
    """Return reason and mend in one sentence, the worker's own where it could not begin."""
    if outcome.told is not None:
        return outcome.told
    if not outcome.reason:
        return Text("", "")
    why = reason(outcome.reason, platform)
    return Text(f"{why.text.zh} → {why.mend.zh}", f"{why.text.en} → {why.mend.en}")


def exit_code(outcomes: list[RunOutcome]) -> int:
    """0 when every pair was looked at completely, 1 when none was, 3 in between."""
    looked = [outcome.state in _LOOKED for outcome in outcomes]
    if all(looked):
        return EXIT_DONE
    saw = any(outcome.state in {*_LOOKED, CoverageState.PARTIAL} for outcome in outcomes)
    return EXIT_PARTIAL if saw else EXIT_FAILED


def _known(what: str, wanted: str | None, known: list[str]) -> None:
    if wanted is not None and wanted not in known:
        raise ConfigurationError(
            Text(f"没有 {wanted!r}", f"there is no {wanted!r}"),
            place=what,
            mend=Text(f"已有：{'、'.join(known)}", f"there are: {', '.join(known)}"),
        )
