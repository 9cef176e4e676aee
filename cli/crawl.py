"""`koubei crawl`: one crawl now, each watch × source in a process of its own; or one page tried."""

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from cli.actor import actor
from cli.opening import load_settings_of_a_service, open_existing
from cli.terminal import (
    EXIT_DONE,
    EXIT_FAILED,
    EXIT_PARTIAL,
    Advance,
    complain,
    language,
    pick,
    progress,
    say,
    show_table,
)
from crawlers.launch import RunOutcome, look, look_back
from crawlers.ranges import FRESH_HOURS, look_back_or_refuse, no_past, read_past
from crawlers.trying import try_page
from domain.brand import Configuration, Source, Watch
from domain.coverage import (
    CoverageState,
    Interval,
    holes,
    looked_at,
    why_unread,
)
from domain.errors import ConfigurationError, Text, UnknownSpider
from domain.mention import Platform
from domain.spiders import SPIDERS, Dates
from domain.trial import Trial
from presentation.trial_words import field_rows, next_words, reason_of, verdict_words, why_words
from presentation.wording import reason, word
from runtime.extras import require
from runtime.wiring import Services
from workflow.watches import note_trial

_LOOKED = {CoverageState.OK, CoverageState.EMPTY}
_SHOWN = 3
"""Mentions of a trial that are shown whole."""


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
        dry_run: Annotated[
            bool,
            typer.Option(
                "--dry-run",
                help="每个来源只读一页，显示读到什么，不入库。One page a source, shown, not kept.",
            ),
        ] = False,
        start: Annotated[
            str | None,
            typer.Option(
                "--from", metavar="DATE", help="补采此日起发布的内容。What was published since."
            ),
        ] = None,
        end: Annotated[
            str | None,
            typer.Option(
                "--to",
                metavar="DATE",
                help="到此日（含）为止，缺省到现在。Up to this day.",
            ),
        ] = None,
    ) -> None:
        """立即采集一次，并列出每个来源的结果。Crawl once now and list how each source went."""
        require("crawl", "analysis")
        with open_existing(load_settings_of_a_service()) as services:
            with services.begin_work() as work:
                _, configuration = work.configuration.current()
            zone = ZoneInfo(services.settings.timezone)
            past = read_past(start, end, zone=zone, now=services.clock.now())
            if past is not None and dry_run:
                raise _one_or_the_other()
            pairs = choose(configuration, spider, watch, source)
            if dry_run:
                raise typer.Exit(try_all(pairs, services))
            if past is not None:
                tell_range(past, zone)
                pairs = able_to_look_back(pairs)
            outcomes = crawl_all(pairs, services, past)
            platforms = {s.id: s.platform for s in configuration.sources}
            show(outcomes, platforms)
            if past is not None:
                show_unread(pairs, services, past, zone)
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


def tell_range(past: Interval, zone: ZoneInfo) -> None:
    """Print what is asked for."""
    span = span_text(past, zone)
    say(
        f"补采 {span}（{zone.key}）发布的内容，记为历史；最近 {FRESH_HOURS} 小时由日常采集负责",
        f"reading what was published {span} ({zone.key}), as history; "
        f"the last {FRESH_HOURS} hours are the ordinary crawl's",
    )


def able_to_look_back(pairs: list[tuple[Watch, Source]]) -> list[tuple[Watch, Source]]:
    """Return the pairs whose spider can read a range of the past, and tell of each spider how, or
    why not. ConfigurationError when none can.
    """
    told: dict[str, Text] = {}
    for _, source in pairs:
        if SPIDERS[source.spider].dates is Dates.NONE:
            told[source.spider] = no_past(source.spider)
        else:
            told[source.spider] = look_back_or_refuse(source.spider)
    able = [pair for pair in pairs if SPIDERS[pair[1].spider].dates is not Dates.NONE]
    if not able:
        look_back_or_refuse(pairs[0][1].spider)
    for name, how in told.items():
        mark = "✗" if SPIDERS[name].dates is Dates.NONE else "·"
        complain(f"{mark} {name}：{how.zh}", f"{mark} {name}: {how.en}")
    return able


def show_unread(
    pairs: list[tuple[Watch, Source]], services: Services, past: Interval, zone: ZoneInfo
) -> None:
    """Print what of a range the ledger does not know of each pair, and why."""
    with services.begin_work() as work:
        watches = {watch.id for watch, _ in pairs}
        rows = work.coverage.rows(watches, start=past.start, end=past.end)
    lines: list[tuple[str, ...]] = []
    for watch, source in pairs:
        own = [row for row in rows if (row.watch_id, row.source_id) == (watch.id, source.id)]
        for gap in holes(looked_at(own), past.start, past.end):
            why = why_unread(own, gap)
            told = reason(why, source.platform).text if why else Text("没有看过", "not looked at")
            words = told.in_language(language())
            lines.append((watch.id, source.id, span_text(gap, zone), words))
    if lines:
        headers = (
            pick("监测方案", "watch"),
            pick("来源", "source"),
            pick("没有读到的时段", "not read"),
            pick("原因", "reason"),
        )
        show_table(headers, lines)
    else:
        say("整个范围都已读到", "all of the range was read")


def span_text(span: Interval, zone: ZoneInfo) -> str:
    """Return a span as a person writes it, in a zone."""
    start, end = (moment.astimezone(zone) for moment in (span.start, span.end))
    return f"{start:%Y-%m-%d %H:%M} – {end:%Y-%m-%d %H:%M}"


def _one_or_the_other() -> ConfigurationError:
    return ConfigurationError(
        Text("试读一页不看日期", "one page is tried, whatever its dates"),
        place="--dry-run --from",
        mend=Text("两者只用其一", "give one of the two"),
    )


def crawl_all(
    pairs: list[tuple[Watch, Source]], services: Services, past: Interval | None = None
) -> list[RunOutcome]:
    """Crawl the pairs: sources of one address one after the other, different ones at once. `past`:
    this span instead of the present.
    """
    by_address = sorted(pairs, key=lambda pair: pair[1].base_url)
    queues = [list(group) for _, group in groupby(by_address, key=lambda pair: pair[1].base_url)]
    with progress("采集页数", "pages", None) as advance:
        count = _counter(advance)
        with ThreadPoolExecutor(max_workers=len(queues)) as pool:
            done = pool.map(lambda queue: [_look(p, services, past, count) for p in queue], queues)
            return [outcome for outcomes in done for outcome in outcomes]


def _look(
    pair: tuple[Watch, Source], services: Services, past: Interval | None, count: "_Count"
) -> RunOutcome:
    if past is None:
        return look(pair, services, progress=count)
    return look_back(pair, services, past, progress=count)


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
    for outcome in outcomes:
        if outcome.skipped:
            say(
                f"{outcome.watch_id} × {outcome.source_id}：上次中断以来有 {outcome.skipped} 条"
                "内容已被删除，已跳过",
                f"{outcome.watch_id} × {outcome.source_id}: {outcome.skipped} posts were erased "
                "since the run was cut off and are left out",
            )
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
    return _code([outcome.state for outcome in outcomes])


def _code(states: list[CoverageState | None]) -> int:
    if all(state in _LOOKED for state in states):
        return EXIT_DONE
    saw = any(state in {*_LOOKED, CoverageState.PARTIAL} for state in states)
    return EXIT_PARTIAL if saw else EXIT_FAILED


def try_all(pairs: list[tuple[Watch, Source]], services: Services) -> int:
    """Try one page of each pair, one after the other, show it, and return the exit code: as of a
    crawl.
    """
    states: list[CoverageState | None] = []
    zone = ZoneInfo(services.settings.timezone)
    for pair in pairs:
        watch, source = pair
        at = services.clock.now()
        note_trial(services.begin_work, watch.id, source.id, actor=actor(), at=at)
        trial = try_page(pair)
        show_trial(trial, source.platform, zone)
        states.append(trial.state)
    return _code(states)


def show_trial(trial: Trial, platform: Platform, zone: ZoneInfo) -> None:
    """Print how a page answered, what stood on it, and what would follow."""
    lang = language()
    say(
        f"{word(platform).zh}　{trial.watch_id} × {trial.source_id}　试读一页，不入库",
        f"{word(platform).en}: {trial.watch_id} × {trial.source_id}, one page, not kept",
    )
    verdict = verdict_words(trial, platform)
    say(f"→ {verdict.zh}", f"→ {verdict.en}")
    if trial.reason:
        mend = reason_of(trial, platform).mend
        say(f"→ {mend.zh}", f"→ {mend.en}")
    if trial.url:
        size = f"{trial.status}, {trial.bytes} B"
        say(f"页面：{trial.url}（{size}）", f"page: {trial.url} ({size})")
    if trial.under:
        say(
            f"robots.txt 不允许，在采集影响评估 {trial.under} 下读取",
            f"robots.txt forbids it; read under assessment {trial.under}",
        )
    for number, mention in enumerate(trial.mentions[:_SHOWN], start=1):
        why = why_words(mention.why).in_language(lang)
        headers = (pick(f"第 {number} 条", f"no. {number}"), why)
        rows = [(name.in_language(lang), value) for name, value in field_rows(mention, zone)]
        show_table(headers, rows)
    following = next_words(trial)
    say(following.zh, following.en)


def _known(what: str, wanted: str | None, known: list[str]) -> None:
    if wanted is not None and wanted not in known:
        raise ConfigurationError(
            Text(f"没有 {wanted!r}", f"there is no {wanted!r}"),
            place=what,
            mend=Text(f"已有：{'、'.join(known)}", f"there are: {', '.join(known)}"),
        )
